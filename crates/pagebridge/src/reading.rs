//! The commands that read: incidents, journal, deliveries, dead letters.

mod audit;
mod dead_letters;
mod incidents;

use crate::api::Api;
use crate::cli::{DeliveriesArgs, JournalArgs};
use crate::exit::{CliError, Exit};
use crate::output::{self, Times, brief};
use pagebridge_server::view::{DeliveryPage, EntryPage, EntryView};
use serde::de::DeserializeOwned;
use serde_json::Value;

pub(crate) use audit::{AuditArgs, audit};
pub(crate) use dead_letters::dead_letters;
pub(crate) use incidents::incidents;

/// Longest text in a column of a list.
const COLUMN: usize = 60;

/// Reads an answer; one that is not understood comes from another version.
fn understand<T: DeserializeOwned>(answer: Value) -> Result<T, CliError> {
    serde_json::from_value(answer).map_err(|error| {
        let message = format!("the server's answer is not understood: {error}");
        CliError::new(Exit::Failed, message, "use a command of the server's version, or --json")
    })
}

fn with<T: ToString>(query: &mut Vec<(&'static str, String)>, key: &'static str, value: Option<T>) {
    query.extend(value.map(|value| (key, value.to_string())));
}

pub(crate) async fn journal(api: &Api, args: &JournalArgs, json: bool) -> Result<(), CliError> {
    let mut query = vec![("limit", args.limit.to_string())];
    with(&mut query, "incident", args.incident);
    with(&mut query, "after", args.after);
    with(&mut query, "since", args.since.as_ref());
    with(&mut query, "until", args.until.as_ref());
    let answer = api.get("journal", &query).await?;
    if json {
        output::say_json(&answer);
        return Ok(());
    }
    let page: EntryPage = understand(answer)?;
    show_entries(&page.entries, &Times::new(args.from.utc));
    Ok(())
}

fn show_entries(entries: &[EntryView], times: &Times) {
    let mut table = output::table(&["seq", &times.head("time"), "incident", "from", "by", "what"]);
    for entry in entries {
        let (system, actor) = (entry.system.as_deref().unwrap_or("-"), entry.actor.as_deref().unwrap_or("-"));
        let head =
            [entry.seq.to_string(), times.show(&entry.at), entry.incident.to_string(), system.into(), actor.into()];
        table.add_row(head.into_iter().chain([entry.summary.join("\n")]));
    }
    output::say_table(&table, "nothing has happened yet");
}

pub(crate) async fn deliveries(api: &Api, args: &DeliveriesArgs, json: bool) -> Result<(), CliError> {
    let mut query = vec![("limit", args.limit.to_string())];
    with(&mut query, "system", args.system.as_ref());
    with(&mut query, "incident", args.incident);
    with(&mut query, "class", args.class.as_ref());
    let answer = api.get("deliveries", &query).await?;
    if json {
        output::say_json(&answer);
        return Ok(());
    }
    let page: DeliveryPage = understand(answer)?;
    let times = Times::new(args.from.utc);
    let mut table = output::table(&["delivery", "class", "state", &times.head("due"), "failed", "what", "incident"]);
    for row in page.deliveries {
        let due = times.show(&row.due);
        table.add_row([
            row.name,
            row.class,
            row.state,
            due,
            row.attempts.to_string(),
            row.what,
            brief(&row.title, COLUMN),
        ]);
    }
    output::say_table(&table, "nothing waits");
    Ok(())
}
