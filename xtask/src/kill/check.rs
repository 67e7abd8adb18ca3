//! What must be true once everything is quiet.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use serde_json::Value;

use super::story::{Alert, Taken, World};
use crate::http;

/// Problems told of one check, at most.
const SHOWN_MAX: usize = 5;

/// One thing that was looked at.
pub(super) struct Check {
    pub(super) name: String,
    pub(super) problem: Option<String>,
}

impl Check {
    fn new(name: &str, problems: Vec<String>) -> Self {
        let problem = (!problems.is_empty()).then(|| {
            let shown: Vec<&str> = problems.iter().take(SHOWN_MAX).map(String::as_str).collect();
            format!("{} problems: {}", problems.len(), shown.join("; "))
        });
        Self { name: name.to_owned(), problem }
    }
}

/// The far sides, by the alert's id.
struct FarSides<'s> {
    incidents: BTreeMap<&'s str, &'s Value>,
    alerts: BTreeMap<&'s str, &'s Value>,
}

/// All checks after the last round.
pub(super) fn all(world: &World, state: &Value, port: u16) -> Result<Vec<Check>> {
    let far = FarSides {
        incidents: by(&state["pagerduty"]["incidents"], "incident_key")?,
        alerts: by(&state["opsgenie"]["alerts"], "id")?,
    };
    let alerts = world.alerts();
    let each = |name: &str, find: fn(&Alert, &Value, &Value) -> Vec<String>| {
        let problems = alerts.iter().flat_map(|alert| match far.of(alert) {
            Some((incident, shown)) => find(alert, incident, shown),
            None => Vec::new(),
        });
        Check::new(name, problems.collect())
    };
    let mut checks = vec![
        Check::new("every story was told", untold(world, &alerts)),
        Check::new("every accepted alert has its incident", missing(&alerts, &far)),
        Check::new("no incident was made twice", made_twice(state)?),
        each("every note of Opsgenie is in PagerDuty once", opsgenie_notes),
        each("every note of PagerDuty is in Opsgenie once", pagerduty_notes),
        each("what was taken in Opsgenie is taken in PagerDuty, and said once", taken_there),
        each("what was taken in PagerDuty is taken in Opsgenie", taken_here),
        each("what ended is said once, and ends nothing elsewhere", ended),
        each("no note is there that nobody wrote", no_more_notes),
    ];
    checks.push(Check::new("nothing waits for an operator", waiting(port)?));
    checks.push(Check::new("the journal tells the same", journal(&alerts, port)?));
    Ok(checks)
}

impl<'s> FarSides<'s> {
    fn of(&self, alert: &Alert) -> Option<(&'s Value, &'s Value)> {
        Some((self.incidents.get(alert.id.as_str())?, self.alerts.get(alert.id.as_str())?))
    }
}

fn by<'s>(records: &'s Value, key: &str) -> Result<BTreeMap<&'s str, &'s Value>> {
    let records = records.as_array().context("the sandbox shows its records")?;
    Ok(records.iter().filter_map(|record| Some((record[key].as_str()?, record))).collect())
}

fn untold(world: &World, alerts: &[Alert]) -> Vec<String> {
    let (told, all) = (alerts.len(), world.stories.len());
    if told == all { Vec::new() } else { vec![format!("{told} of {all} alerts were accepted")] }
}

fn missing(alerts: &[Alert], far: &FarSides<'_>) -> Vec<String> {
    alerts.iter().filter(|alert| far.of(alert).is_none()).map(|alert| format!("none for {}", alert.id)).collect()
}

fn made_twice(state: &Value) -> Result<Vec<String>> {
    let created = state["pagerduty"]["creates_per_key"].as_object().context("the sandbox counts what was made")?;
    let twice = created.iter().filter(|(_, count)| count.as_u64() != Some(1));
    Ok(twice.map(|(key, count)| format!("{key} was made {count} times")).collect())
}

fn texts<'v>(record: &'v Value, field: &'static str) -> impl Iterator<Item = &'v str> {
    record["notes"].as_array().into_iter().flatten().filter_map(move |note| note[field].as_str())
}

/// Says so if a text is not there exactly once.
fn once(record: &Value, field: &'static str, text: &str) -> Option<String> {
    let count = texts(record, field).filter(|note| note.contains(text)).count();
    (count != 1).then(|| format!("`{text}` is there {count} times"))
}

fn opsgenie_notes(alert: &Alert, incident: &Value, _: &Value) -> Vec<String> {
    let notes = (0..alert.story.notes).map(|index| alert.story.note(index));
    notes.filter_map(|text| once(incident, "content", &text)).collect()
}

fn pagerduty_notes(alert: &Alert, _: &Value, shown: &Value) -> Vec<String> {
    let notes = (0..alert.story.answers).map(|index| alert.story.answer(index));
    notes.filter_map(|text| once(shown, "text", &text)).collect()
}

fn taken_there(alert: &Alert, incident: &Value, _: &Value) -> Vec<String> {
    if alert.story.taken != Taken::InOpsgenie {
        return Vec::new();
    }
    let said = once(incident, "content", &format!("Acknowledged by {} in Opsgenie", alert.story.customer()));
    let status = &incident["status"];
    let held = (status != "acknowledged").then(|| format!("incident of {} is {status}", alert.id));
    said.into_iter().chain(held).collect()
}

fn taken_here(alert: &Alert, incident: &Value, shown: &Value) -> Vec<String> {
    match alert.story.taken {
        Taken::InPagerDuty if shown["acknowledged"] != true => vec![format!("alert {} is not", alert.id)],
        Taken::Nobody if shown["acknowledged"] == true || incident["status"] != "triggered" => {
            vec![format!("nobody took {}, but it is taken", alert.id)]
        }
        _ => Vec::new(),
    }
}

fn ended(alert: &Alert, incident: &Value, shown: &Value) -> Vec<String> {
    let story = &alert.story;
    let closed = shown["state"] == "closed";
    match (story.taken, story.ended) {
        (Taken::InOpsgenie, true) => {
            let text = format!("Resolved by {} in Opsgenie", story.customer());
            let stands = (incident["status"] == "resolved").then(|| format!("incident of {} is resolved", alert.id));
            once(incident, "content", &text).into_iter().chain(stands).collect()
        }
        (Taken::InPagerDuty, true) => {
            let text = format!("Resolved by {} in PagerDuty", story.engineer());
            once(shown, "text", &text)
                .into_iter()
                .chain(closed.then(|| format!("alert {} is closed", alert.id)))
                .collect()
        }
        _ if closed || incident["status"] == "resolved" => vec![format!("nobody ended {}, but it is over", alert.id)],
        _ => Vec::new(),
    }
}

/// How many notes the story leaves behind in PagerDuty and in Opsgenie, people's own included.
fn wanted_notes(alert: &Alert) -> (usize, usize) {
    let story = &alert.story;
    let both = story.notes + story.answers;
    let (in_opsgenie, in_pagerduty) = (story.taken == Taken::InOpsgenie, story.taken == Taken::InPagerDuty);
    (
        both + usize::from(in_opsgenie) + usize::from(in_opsgenie && story.ended),
        both + usize::from(in_pagerduty && story.ended),
    )
}

fn no_more_notes(alert: &Alert, incident: &Value, shown: &Value) -> Vec<String> {
    let found = (texts(incident, "content").count(), texts(shown, "text").count());
    let wanted = wanted_notes(alert);
    if found == wanted { Vec::new() } else { vec![format!("{}: {found:?} notes, not {wanted:?}", alert.id)] }
}

fn waiting(port: u16) -> Result<Vec<String>> {
    let page = http::get(port, "/api/v1/dead-letters?limit=500")?;
    let all = ["dead_letters", "quarantined"].iter().flat_map(|key| page[*key].as_array().into_iter().flatten());
    Ok(all.map(ToString::to_string).collect())
}

/// Compares what was journalled with the stories: every alert opened once, every mirrored note added and written once.
fn journal(alerts: &[Alert], port: u16) -> Result<Vec<String>> {
    let mirrored: usize = alerts
        .iter()
        .map(|alert| {
            let (there, here) = wanted_notes(alert);
            there + here - alert.story.notes - alert.story.answers
        })
        .sum();
    let mut found: BTreeMap<&str, usize> = BTreeMap::new();
    // Our own webhook may tell of a note before the answer does; both are journalled, and it is one note.
    let mut written: BTreeSet<String> = BTreeSet::new();
    let mut after = 0;
    loop {
        let page = http::get(port, &format!("/api/v1/journal?limit=500&after={after}"))?;
        let Some(next) = page["next"].as_i64() else { break };
        after = next;
        let entries = page["entries"].as_array().context("a page of the journal has entries")?;
        for entry in entries {
            for change in entry["changes"].as_array().into_iter().flatten() {
                *found.entry("opened").or_default() += usize::from(change["opened"].is_object());
                *found.entry("notes added").or_default() += usize::from(change["note_added"].is_object());
                let delivered = &change["delivered"];
                if delivered["note"].is_array() {
                    written.insert(format!("{} {} {}", entry["incident"], delivered["system"], delivered["note"][0]));
                }
            }
        }
    }
    found.insert("notes written", written.len());
    let wanted = [("opened", alerts.len()), ("notes added", mirrored), ("notes written", mirrored)];
    let differs = |(kind, wanted): &(&str, usize)| found.get(kind).copied().unwrap_or_default() != *wanted;
    let told = |(kind, wanted): (&str, usize)| format!("{kind}: {:?}, not {wanted}", found.get(kind));
    Ok(wanted.into_iter().filter(differs).map(told).collect())
}
