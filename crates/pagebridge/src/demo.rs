//! `demo`: the whole bridge at work in one process.

use crate::cli::DemoArgs;
use crate::exit::{CliError, Exit};

pub(crate) async fn run(_args: &DemoArgs, _json: bool) -> Result<(), CliError> {
    Err(CliError::new(
        Exit::Failed,
        "the demo is not there yet",
        "start `pagebridge sandbox` and `pagebridge serve` by hand",
    ))
}
