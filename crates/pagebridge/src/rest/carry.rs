//! Having an action done: whose account, whether it is meant, and how it ended.

use super::profile::Profile;
use super::{How, show};
use crate::env::Env;
use crate::exit::{CliError, Exit};
use crate::output;
use pagebridge_actions::{Action, ActionError, Catalogue, Effect, ErrorKind, Progress, run};
use serde_json::Value;
use std::io::{BufRead, IsTerminal, Write};

/// Runs `action`, and tells what came of it.
pub(super) async fn out(
    action: &'static Action,
    input: Value,
    how: &How,
    env: &Env,
    json: bool,
) -> Result<(), CliError> {
    let profile = Profile::find(&how.account, env)?;
    check_credentials(action, &input, &profile)?;
    if action.effect == Effect::Destructive && !how.yes && !how.dry_run {
        confirm(action, &input)?;
    }
    let mut caller = profile.caller()?;
    caller.dry_run = how.dry_run;
    let counts = std::io::stderr().is_terminal();
    caller.progress = counts.then(|| Progress::new(count));
    let outcome = run(&Catalogue::new(), action.name, input, &caller).await;
    if counts {
        count(0, 0);
    }
    if json {
        output::say_json(&outcome);
    } else {
        show::outcome(action, &outcome, &how.show);
    }
    match &outcome.error {
        // Of each it was told before what became of it.
        Some(error) if error.kind == ErrorKind::Partial && !json => {
            let message = error.message.split(',').next().unwrap_or_default();
            Err(CliError::new(Exit::Partial, message, ""))
        }
        Some(error) => Err(failed(error, &profile)),
        None => Ok(()),
    }
}

/// Shows on standard error how a long run gets on, and takes it away again at the end.
fn count(done: usize, all: usize) {
    let text = if done == 0 || done >= all { String::new() } else { format!("{done} of {all} at most") };
    let _ = write!(std::io::stderr(), "\r\x1b[K{text}");
    let _ = std::io::stderr().flush();
}

/// Nothing is sent that would be refused for want of a credential.
fn check_credentials(action: &Action, input: &Value, profile: &Profile) -> Result<(), CliError> {
    let given = |name: &str| input.get(name).is_some_and(|value| !value.is_null());
    if !action.sends_event() {
        profile.needed_token().map(drop)
    } else if given("routing_key") || given("service_key") {
        Ok(())
    } else if action.name.starts_with("change_event.") {
        profile.needed_change_key().map(drop)
    } else if profile.service_key.is_some() && action.params.iter().any(|param| param.name == "service_key") {
        Ok(())
    } else {
        profile.needed_routing_key().map(drop)
    }
}

/// Asks whether it is meant, if there is somebody to ask.
fn confirm(action: &Action, input: &Value) -> Result<(), CliError> {
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return Ok(());
    }
    let about = match super::grammar::subject(action).and_then(|subject| input.get(subject.name)) {
        Some(Value::String(id)) => format!(": {id}"),
        Some(Value::Array(ids)) => format!(": {}", ids.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")),
        _ => String::new(),
    };
    let _ = write!(std::io::stderr(), "{}{about}. It cannot be had back. Do it? [y/N] ", action.title);
    let mut answer = String::new();
    let _ = std::io::stdin().lock().read_line(&mut answer);
    if ["y", "yes"].contains(&answer.trim().to_ascii_lowercase().as_str()) {
        return Ok(());
    }
    Err(CliError::new(Exit::Failed, "not done", "--yes does it without asking"))
}

fn failed(error: &ActionError, profile: &Profile) -> CliError {
    let exit = match error.kind {
        ErrorKind::UnknownAction | ErrorKind::InvalidInput => Exit::Usage,
        ErrorKind::NotOneIncident | ErrorKind::NotFound | ErrorKind::Refused => Exit::Failed,
        ErrorKind::Partial => Exit::Partial,
        ErrorKind::Unknown => Exit::Unknown,
        ErrorKind::Unreachable
        | ErrorKind::RateLimited
        | ErrorKind::Unavailable
        | ErrorKind::CapReached
        | ErrorKind::InProgress => Exit::Unreachable,
        ErrorKind::Unauthorized | ErrorKind::Forbidden | ErrorKind::UnknownRequester | ErrorKind::NotAllowed => {
            Exit::Refused
        }
    };
    let hint = match error.kind {
        ErrorKind::Unreachable => {
            format!("{} is asked at {}; see whether that is reached from here", profile.origin, profile.api_url)
        }
        ErrorKind::RateLimited | ErrorKind::Unavailable => "try it again later".to_owned(),
        ErrorKind::Unauthorized => format!("it is that of {}", profile.origin),
        ErrorKind::Forbidden => "use a key that may do it, or ask the account's owner".to_owned(),
        ErrorKind::UnknownRequester => "give --from or PAGERDUTY_FROM".to_owned(),
        ErrorKind::UnknownAction => "`pagebridge action list` has all".to_owned(),
        ErrorKind::NotFound => format!("the account is that of {}", profile.origin),
        _ => String::new(),
    };
    let mut message = error
        .message
        .replace("give the e-mail address of a user of the account as `from_email`", "no user of the account is named");
    // What is wrong with an input is in the message already.
    for further in error.errors.iter().filter(|further| !error.message.contains(further.as_str())) {
        message += &format!("; {further}");
    }
    CliError::new(exit, message, hint)
}
