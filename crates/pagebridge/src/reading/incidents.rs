//! `incidents`.

use super::{COLUMN, show_entries, understand, with};
use crate::api::Api;
use crate::cli::{IncidentList, IncidentsArgs, IncidentsCommand};
use crate::exit::CliError;
use crate::output::{self, Times, bold, brief};
use pagebridge_server::view::{EntryPage, IncidentPage, IncidentView, LinkView};
use serde_json::json;

pub(crate) async fn incidents(api: &Api, args: &IncidentsArgs, json: bool) -> Result<(), CliError> {
    match &args.command {
        Some(IncidentsCommand::Show { number, from }) => show(api, *number, &Times::new(from.utc), json).await,
        Some(IncidentsCommand::List(args)) => list(api, args, json).await,
        None => list(api, &args.list, json).await,
    }
}

async fn list(api: &Api, args: &IncidentList, json: bool) -> Result<(), CliError> {
    let mut query = vec![("limit", args.limit.to_string())];
    with(&mut query, "open", (args.open || args.closed).then_some(args.open));
    with(&mut query, "dead_letters", args.dead_letters.then_some(true));
    with(&mut query, "quarantined", args.quarantined.then_some(true));
    with(&mut query, "not_paged", args.not_paged.then_some(true));
    with(&mut query, "before", args.before);
    let answer = api.get("incidents", &query).await?;
    if json {
        output::say_json(&answer);
        return Ok(());
    }
    let page: IncidentPage = understand(answer)?;
    let times = Times::new(args.from.utc);
    let mut table = output::table(&["number", "status", "urgency", &times.head("changed"), "title", "trouble"]);
    for row in &page.incidents {
        let (status, changed) = (row.status.clone(), times.show(&row.changed_at));
        let title = brief(&row.title, COLUMN);
        table.add_row([row.id.to_string(), status, row.urgency.clone(), changed, title, trouble(row)]);
    }
    output::say_table(&table, "no incidents");
    if let Some(next) = page.next {
        output::complain(&format!("there may be more: --before {next}"));
    }
    Ok(())
}

fn trouble(row: &IncidentView) -> String {
    if let Some(reason) = &row.alarm {
        return output::red(&format!("ALARM: {reason}"));
    }
    match (row.quarantined.is_some(), row.dead_letters) {
        (true, _) => "set aside".to_owned(),
        (false, 0) => String::new(),
        (false, 1) => "1 dead letter".to_owned(),
        (false, n) => format!("{n} dead letters"),
    }
}

async fn show(api: &Api, number: i64, times: &Times, json: bool) -> Result<(), CliError> {
    let incident = api.get(&format!("incidents/{number}"), &[]).await?;
    let query = [("incident", number.to_string()), ("after", "0".to_owned()), ("limit", "500".to_owned())];
    let journal = api.get("journal", &query).await?;
    if json {
        output::say_json(&json!({"incident": incident, "journal": journal["entries"]}));
        return Ok(());
    }
    let (row, journal): (IncidentView, EntryPage) = (understand(incident)?, understand(journal)?);
    output::say(&bold(&format!("incident {}: {}", row.id, row.title)));
    let open = if row.open { "open" } else { "closed" };
    let priority = row.priority.as_ref().map(|p| format!(", priority {p}")).unwrap_or_default();
    output::say(&format!("{}, {open}, {} urgency{priority}, bridge {}", row.status, row.urgency, row.bridge));
    output::say(&format!("heard of {}, changed {}", times.show(&row.created_at), times.show(&row.changed_at)));
    if let Some(reason) = &row.quarantined {
        output::say(&format!("{}: {reason}", output::red("set aside")));
    }
    if let Some(reason) = &row.discarded {
        output::say(&format!("{}: {reason}", output::yellow("given up")));
    }
    if let Some(body) = row.body.as_ref().filter(|b| !b.is_empty()) {
        output::say(&format!("\n{body}"));
    }
    output::say("");
    show_links(&row.links);
    if let Some(notes) = row.notes.filter(|n| !n.is_empty()) {
        output::say("");
        let mut table = output::table(&["note", "from", "text"]);
        for note in notes {
            table.add_row([note.id.to_string(), note.from, note.text]);
        }
        output::say_table(&table, "");
    }
    output::say("");
    show_entries(&journal.entries, times);
    Ok(())
}

fn show_links(links: &[LinkView]) {
    let mut table = output::table(&["system", "record", "holds", "wants", "next", "where"]);
    for link in links {
        let next = match (&link.stopped, &link.next) {
            (Some(stop), _) => format!("waits for an operator: {}; {}", stop.reason, stop.remedy),
            (None, Some(next)) if link.attempts > 0 => format!("{next} ({} failed)", link.attempts),
            (None, Some(next)) => next.clone(),
            (None, None) => "in step".to_owned(),
        };
        let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
        table.add_row([
            link.system.clone(),
            text(&link.record),
            text(&link.holds),
            text(&link.wants),
            next,
            text(&link.url),
        ]);
    }
    output::say_table(&table, "no records");
}
