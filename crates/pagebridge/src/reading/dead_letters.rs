//! `dead-letters`.

use super::{show_entries, understand};
use crate::api::Api;
use crate::cli::{DeadLettersArgs, DeadLettersCommand};
use crate::exit::{CliError, Exit};
use crate::output::{self, Times};
use pagebridge_server::view::{DeadLetterPage, EntryPage};
use serde_json::{Value, json};
use std::collections::BTreeSet;

pub(crate) async fn dead_letters(api: &Api, args: &DeadLettersArgs, json: bool) -> Result<(), CliError> {
    match &args.command {
        None => list(api, args.list.limit, json).await,
        Some(DeadLettersCommand::List(args)) => list(api, args.limit, json).await,
        Some(DeadLettersCommand::Show { incident, from }) => show(api, *incident, &Times::new(from.utc), json).await,
        Some(DeadLettersCommand::Release { incident, system, .. }) => {
            release(api, *incident, system.as_deref(), json).await
        }
    }
}

async fn fetch(api: &Api, limit: usize) -> Result<Value, CliError> {
    api.get("dead-letters", &[("limit", limit.to_string())]).await
}

async fn list(api: &Api, limit: usize, json: bool) -> Result<(), CliError> {
    let answer = fetch(api, limit).await?;
    if json {
        output::say_json(&answer);
        return Ok(());
    }
    let page: DeadLetterPage = understand(answer)?;
    show_page(&page);
    if !page.dead_letters.is_empty() || !page.quarantined.is_empty() {
        output::complain("after the remedy: pagebridge dead-letters release INCIDENT SYSTEM");
    }
    Ok(())
}

fn show_page(page: &DeadLetterPage) {
    let mut table = output::table(&["incident", "system", "what", "reason", "remedy"]);
    for letter in &page.dead_letters {
        let number = letter.incident.to_string();
        table.add_row([&number, &letter.system, &letter.what, &letter.reason, &letter.remedy]);
    }
    for aside in &page.quarantined {
        let what = format!("everything ({} inputs wait)", aside.held);
        let remedy = "report the reason with the incident's journal; a newer version may get past it";
        table.add_row([&aside.incident.to_string(), "(set aside)", what.as_str(), aside.reason.as_str(), remedy]);
    }
    output::say_table(&table, "nothing waits for an operator");
}

async fn show(api: &Api, incident: i64, times: &Times, json: bool) -> Result<(), CliError> {
    let mut page: DeadLetterPage = understand(fetch(api, 500).await?)?;
    page.dead_letters.retain(|l| l.incident == incident);
    page.quarantined.retain(|q| q.incident == incident);
    if page.dead_letters.is_empty() && page.quarantined.is_empty() {
        let message = format!("nothing of incident {incident} waits for an operator");
        return Err(CliError::new(Exit::Failed, message, "`pagebridge dead-letters` lists what does"));
    }
    let query = [("incident", incident.to_string()), ("limit", "100".to_owned())];
    let journal = api.get("journal", &query).await?;
    if json {
        output::say_json(&json!({"waiting": page, "journal": journal["entries"]}));
        return Ok(());
    }
    show_page(&page);
    output::say("");
    let journal: EntryPage = understand(journal)?;
    show_entries(&journal.entries, times);
    Ok(())
}

async fn release(api: &Api, incident: Option<i64>, system: Option<&str>, json: bool) -> Result<(), CliError> {
    let wanted: BTreeSet<(i64, String)> = match (incident, system) {
        (Some(incident), Some(system)) => BTreeSet::from([(incident, system.to_owned())]),
        _ => {
            let page: DeadLetterPage = understand(fetch(api, 500).await?)?;
            let letters = page.dead_letters.into_iter().map(|l| (l.incident, l.system));
            let aside = page.quarantined.into_iter().map(|q| (q.incident, q.system));
            letters.chain(aside).filter(|(number, _)| incident.is_none_or(|i| i == *number)).collect()
        }
    };
    let mut released = Vec::new();
    for (number, system) in wanted {
        let answer = api.post(&format!("dead-letters/{number}/{system}/release")).await?;
        if !json {
            let status = answer["status"].as_str().unwrap_or_default();
            let words = if status == "released" { "released; it is tried again now" } else { "nothing waits there" };
            output::say(&format!("incident {number}, {system}: {words}"));
        }
        released.push(answer);
    }
    if json {
        output::say_json(&json!({ "released": released }));
    } else if released.is_empty() {
        output::say("nothing waits for an operator");
    }
    Ok(())
}
