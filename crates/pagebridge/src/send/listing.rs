//! `send --spooled`: what waits, and what was refused for good.

use super::spool::Spool;
use crate::exit::CliError;
use crate::output::{self, Times};
use serde_json::{Value, json};

pub(crate) fn run(spool: &Spool, as_json: bool) -> Result<(), CliError> {
    let mut waiting = Vec::new();
    for name in spool.list()? {
        match spool.read(&name) {
            Some(Ok(letter)) => waiting.push(json!({
                "name": name.as_str(), "at": time(letter.at_ms), "to": letter.to, "action": letter.asks(),
                "dedup_key": letter.text("dedup_key"), "summary": letter.summary(),
            })),
            Some(Err(why)) => waiting.push(json!({"name": name.as_str(), "damaged": why})),
            None => {}
        }
    }
    let refused: Vec<Value> = spool.refused()?.iter().map(|(name, kept)| shown_refused(name.as_str(), kept)).collect();
    let dir = spool.dir().display().to_string();
    if as_json {
        output::say_json(&json!({"spool": dir, "waiting": waiting, "refused": refused}));
        return Ok(());
    }
    tell(&waiting, "to", "nothing waits");
    if !refused.is_empty() {
        output::say("");
        output::say(&format!("Refused for good, kept in {dir}/refused until you remove it:"));
        tell(&refused, "refused", "");
    }
    Ok(())
}

/// Never the routing key.
fn shown_refused(name: &str, kept: &Value) -> Value {
    let action = if kept["way"] == "change" { json!("change") } else { kept["body"]["event_action"].clone() };
    json!({
        "name": name, "at": kept["at_ms"].as_i64().map(time), "to": kept["to"], "action": action,
        "dedup_key": kept["body"]["dedup_key"], "summary": kept["body"]["payload"]["summary"], "refused": kept["refused"],
    })
}

fn tell(events: &[Value], last: &str, empty: &str) {
    let times = Times::new(false);
    let mut table =
        output::table(&["since", "action", "dedup key", "summary", if last == "to" { "to" } else { "why" }]);
    let text = |event: &Value, name: &str| event[name].as_str().unwrap_or_default().to_owned();
    for event in events {
        let damaged = event["damaged"].as_str();
        table.add_row([
            times.show(&text(event, "at")),
            damaged.map_or_else(|| text(event, "action"), |_| "damaged".to_owned()),
            output::brief(&text(event, "dedup_key"), 40),
            output::brief(damaged.unwrap_or(&text(event, "summary")), 60),
            output::brief(&text(event, last), 200),
        ]);
    }
    output::say_table(&table, empty);
}

fn time(at_ms: i64) -> String {
    jiff::Timestamp::from_millisecond(at_ms).unwrap_or_default().to_string()
}
