//! `change`: tells of a deploy, with what the CI system's environment says of it. Unless asked to, it never fails the pipeline.

mod ci;
mod event;
mod git;
mod table;
mod warn;
mod web;

use crate::env::Env;
use crate::exit::{CliError, Exit};
use crate::output;
use crate::send::post::{Letter, Way};
use crate::send::spool::Spool;
use crate::send::{self, Place, PlaceArgs, detail};
use ci::Ci;
use clap::Args;
use serde_json::{Map, Value, json};
use std::time::Duration;

/// How long sending may take when nobody says so, in seconds: a deploy waits for it.
const TIMEOUT_S: u64 = 20;

#[derive(Debug, Args)]
pub(crate) struct ChangeArgs {
    /// What was deployed [default: the repository's name]
    #[arg(long, value_name = "NAME")]
    pub(crate) service: Option<String>,
    /// Which version [default: the tag, else the commit]
    #[arg(long, value_name = "VERSION")]
    pub(crate) version: Option<String>,
    /// To where [default: what the CI system calls it, if it does]
    #[arg(long, value_name = "NAME")]
    pub(crate) environment: Option<String>,
    /// How it ended: success, failure or cancelled, or in the CI system's own word [default: what the CI system says, else success]
    #[arg(long, value_name = "STATE")]
    pub(crate) state: Option<String>,
    /// What to say instead of `Deployed api-service v2.5.0 to production`
    #[arg(long, value_name = "TEXT")]
    pub(crate) summary: Option<String>,
    /// Where it was changed [default: the CI system, such as github-actions]
    #[arg(long, value_name = "TEXT")]
    pub(crate) source: Option<String>,
    /// A further detail; numbers, true, false, null, lists and objects are taken as JSON, all else as text; may be repeated
    #[arg(long = "detail", value_name = "NAME=VALUE", value_parser = detail)]
    pub(crate) detail: Vec<(String, Value)>,
    /// Further details as a JSON object; @FILE reads a file, `-` standard input
    #[arg(long, value_name = "JSON")]
    pub(crate) details: Option<String>,
    /// A further link, or several on lines of their own; may be repeated
    #[arg(long = "link", value_name = "[TEXT=]URL")]
    pub(crate) links: Vec<String>,
    #[command(flatten)]
    pub(crate) place: PlaceArgs,
    /// When it failed, trigger an alert besides, and resolve it when it succeeds again; needs a routing key of events
    #[arg(long)]
    pub(crate) alert_on_failure: bool,
    /// Print the change event instead of sending it
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Fail when it cannot be told, instead of warning
    #[arg(long)]
    pub(crate) strict: bool,
    /// Keep what cannot be delivered on disk, as `send` does, and deliver what waits there
    #[arg(long)]
    pub(crate) spool: bool,
    /// How long sending may take at most, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = TIMEOUT_S, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(crate) timeout: u64,
}

/// Runs the command. Trouble is a warning, unless `--strict` is given.
pub(crate) async fn run(args: ChangeArgs, env: &Env, as_json: bool) -> Result<(), CliError> {
    let ci = Ci::find(env);
    match told(&args, &ci, env, as_json).await {
        Ok(()) => Ok(()),
        Err(error) if args.strict => Err(error),
        Err(error) => {
            let hint = if error.hint.is_empty() { String::new() } else { format!(" ({})", error.hint) };
            output::complain(&warn::line(ci.name, &format!("the change was not told: {error}{hint}")));
            if as_json {
                output::say_json(&json!({"status": "not_told", "reason": error.to_string()}));
            }
            Ok(())
        }
    }
}

async fn told(args: &ChangeArgs, ci: &Ci, env: &Env, as_json: bool) -> Result<(), CliError> {
    let facts = if ci.is_known() { ci.facts(env) } else { git::facts() };
    let change = event::Change::new(args, ci, facts)?;
    let body = change.body(&send::now());
    if args.dry_run {
        output::say(&warn::harmless(&Value::Object(body).to_string()));
        return Ok(());
    }
    let profile = send::profile(&args.place, env)?;
    let place = Place::find(&args.place, &profile, env)?;
    let given = args.place.key()?;
    let change_key = match &given {
        Some(key) => key.clone(),
        None => profile.needed_change_key()?.clone(),
    };
    let keyed = |body: Map<String, Value>, key: &pagerduty::Secret| {
        let mut body = body;
        body.insert("routing_key".to_owned(), json!(key.expose()));
        body
    };
    let mut letters = vec![Letter::new(Way::Change, &place, keyed(body, &change_key))];
    if let Some(alert) = change.alert(args) {
        let key = given.as_ref().or(profile.routing_key.as_ref()).unwrap_or(&change_key);
        letters.push(Letter::new(Way::Alert, &place, keyed(alert, key)));
    }
    let spool = args.spool.then(|| Spool::open(env));
    let told = send::deliver(letters, spool, &place, Duration::from_secs(args.timeout)).await;
    report(&told, &place, as_json)
}

/// Says where it went, and nothing of what was told: a title may hold words that a CI system would obey.
fn report(told: &send::Told, place: &Place, as_json: bool) -> Result<(), CliError> {
    if let Some(error) = send::worst(&told.events) {
        return Err(error);
    }
    if as_json {
        let alert = told
            .events
            .get(1)
            .map(|(letter, _)| json!({"event_action": letter.asks(), "dedup_key": letter.text("dedup_key")}));
        output::say_json(&json!({"status": "delivered", "to": place.url, "alert": alert}));
    } else {
        output::say(&format!("change event delivered to {} ({})", place.url, place.because));
        if let Some((letter, _)) = told.events.get(1) {
            output::say(&format!("alert: {} delivered", letter.asks()));
        }
    }
    Ok(())
}

/// A command line that is well formed, but has something wrong.
fn wrong(message: impl Into<String>) -> CliError {
    CliError::new(Exit::Usage, message, "`pagebridge change --help` tells every option")
}
