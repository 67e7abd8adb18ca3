//! `operator test`: whether people are really told.

use crate::config::Config;
use crate::exit::{CliError, Exit};
use crate::{doctor, wiring};
use pagebridge_ports::{Clock, SystemClock};

/// Sends a test message by every channel.
pub(crate) async fn test(config: &Config, json: bool) -> Result<(), CliError> {
    let told = wiring::operator(config)?.test(SystemClock.now()).await;
    if told.is_empty() {
        let hint = "add [operator.smtp] or [[operator.webhooks]]; docs/guide.md shows them";
        return Err(CliError::new(Exit::Failed, "there is no channel: nobody is told elsewhere than in the log", hint));
    }
    doctor::report(&told, json)
}
