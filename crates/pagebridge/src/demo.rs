//! `demo`: the whole bridge at work in one process, against look-alikes, with an outage and a crash in the middle.

mod stage;
mod story;
mod tally;

use crate::cli::DemoArgs;
use crate::exit::{CliError, Exit};
use crate::output;
use crate::serve::Signals;
use serde_json::json;
use stage::Stage;

pub(crate) use stage::{failed, temporary_directory};

pub(crate) async fn run(args: &DemoArgs, as_json: bool) -> Result<(), CliError> {
    let mut signals = Signals::new()?;
    let mut stage = Stage::set(as_json).await?;
    if as_json {
        let sandbox = stage.sandbox.ready_json();
        output::say_json(&json!({"listen": stage.url(), "sandbox": sandbox}));
    }
    stage.tell_addresses();
    let told = tokio::select! {
        told = story::tell(&mut stage) => told,
        () = signals.next() => {
            stage.strike().await;
            return Err(CliError::new(Exit::Failed, "interrupted before the story was over", ""));
        }
    };
    let tally = tally::take(&stage).await;
    stage.say_table(&tally);
    let result = told.and_then(|()| tally.verdict());
    if !args.exit {
        stage.say("");
        stage.say("Everything stays up; look around, then end with Ctrl-C.");
        stage.tell_addresses();
        signals.next().await;
    }
    stage.strike().await;
    result
}
