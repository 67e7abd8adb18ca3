//! What is stored is read for ever: entries of the first version decode, mean the same, and are written the same.

use pagebridge_core::{
    Change, Entry, Incident, IncidentId, Input, InputId, KeyKind, News, Role, Status, What, hash_text,
};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Entries as they were written by the first version. Lines are added to this file, never changed.
const ENTRIES_V1: &str = include_str!("entries-v1.json");

/// Entries of an alert that came by events, likewise.
const EVENT_ENTRIES_V1: &str = include_str!("entries-v1-events.json");

/// Entries of a record that is followed by listings, likewise.
const RECORD_ENTRIES_V1: &str = include_str!("entries-v1-records.json");

/// The name of a change in the journal. A new variant does not compile until it is named here; then it is added to
/// `CHANGES` and to the file.
fn name(change: &Change) -> &'static str {
    match change {
        Change::Heard { .. } => "heard",
        Change::Opened { .. } => "opened",
        Change::Discarded { .. } => "discarded",
        Change::RecordFound { .. } => "record_found",
        Change::Known { .. } => "known",
        Change::Wanted { .. } => "wanted",
        Change::Status { .. } => "status",
        Change::NoteSeen { .. } => "note_seen",
        Change::NoteAdded { .. } => "note_added",
        Change::Delivered { .. } => "delivered",
        Change::Deferred { .. } => "deferred",
        Change::Superseded { .. } => "superseded",
        Change::DeadLettered { .. } => "dead_lettered",
        Change::Released { .. } => "released",
        Change::PollWanted { .. } => "poll_wanted",
        Change::Polled { .. } => "polled",
        Change::PollMissed { .. } => "poll_missed",
        Change::PollStopped { .. } => "poll_stopped",
        Change::NotMade { .. } => "not_made",
        Change::Retold { .. } => "retold",
        Change::Recurred { .. } => "recurred",
        Change::Renewed { .. } => "renewed",
        Change::RefreshWanted { .. } => "refresh_wanted",
        Change::MarkWanted { .. } => "mark_wanted",
        Change::Skipped { .. } => "skipped",
        Change::Expected { .. } => "expected",
        Change::Watched { .. } => "watched",
        Change::Quarantined { .. } => "quarantined",
        Change::Held { .. } => "held",
        Change::Unquarantined => "unquarantined",
        Change::Remark { .. } => "remark",
    }
}

const CHANGES: [&str; 31] = [
    "heard",
    "opened",
    "discarded",
    "record_found",
    "known",
    "wanted",
    "status",
    "note_seen",
    "note_added",
    "delivered",
    "deferred",
    "superseded",
    "dead_lettered",
    "released",
    "poll_wanted",
    "polled",
    "poll_missed",
    "poll_stopped",
    "not_made",
    "retold",
    "recurred",
    "renewed",
    "refresh_wanted",
    "mark_wanted",
    "skipped",
    "expected",
    "watched",
    "quarantined",
    "held",
    "unquarantined",
    "remark",
];

fn entries() -> Vec<Entry> {
    serde_json::from_str(ENTRIES_V1).expect("entries of the first version decode")
}

fn event_entries() -> Vec<Entry> {
    serde_json::from_str(EVENT_ENTRIES_V1).expect("entries of events decode")
}

fn record_entries() -> Vec<Entry> {
    serde_json::from_str(RECORD_ENTRIES_V1).expect("entries of records decode")
}

#[test]
fn stored_entries_are_written_as_they_were() {
    let files = [(ENTRIES_V1, entries()), (EVENT_ENTRIES_V1, event_entries()), (RECORD_ENTRIES_V1, record_entries())];
    for (file, entries) in files {
        let stored: Value = serde_json::from_str(file).expect("the file is JSON");
        let written = serde_json::to_value(entries).expect("entries are plain data");
        for (stored, written) in stored.as_array().into_iter().flatten().zip(written.as_array().into_iter().flatten()) {
            assert_eq!(stored, written);
        }
        assert_eq!(stored, written);
    }
}

#[test]
fn the_file_has_every_change() {
    let mut entries = entries();
    entries.extend(event_entries());
    entries.extend(record_entries());
    let changes: Vec<&Change> = entries.iter().flat_map(|e| &e.changes).collect();
    let found: BTreeSet<&str> = changes.iter().map(|c| name(c)).collect();
    assert_eq!(found, BTreeSet::from(CHANGES));
    for change in changes {
        let json = serde_json::to_value(change).expect("changes are plain data");
        let tag = json.as_str().map(str::to_owned).or_else(|| json.as_object()?.keys().next().cloned());
        assert_eq!(tag.as_deref(), Some(name(change)));
    }
}

/// Of the fields that may be left out, an old entry may lack any.
#[test]
fn an_entry_without_what_was_added_later_decodes() {
    let bare = json!({ "at": 5, "changes": [
        { "deferred": { "system": "rt", "step": 1, "attempt": 1, "not_before": 6, "reason": "503" } },
        { "delivered": { "system": "rt", "step": 1, "what": "create the record" } },
        { "known": { "system": "rt", "status": "resolved" } },
    ] });
    let entry: Entry = serde_json::from_value(bare).expect("an old entry decodes");
    assert_eq!(entry.changes.len(), 3);
}

/// What the stored entries lead to. When this changes, old journals would be read differently.
#[test]
fn stored_entries_fold_to_the_same_state() {
    let incident = Incident::replay(IncidentId(1), &entries());
    assert_eq!((incident.version, incident.status), (9, Status::Acknowledged));
    let pagerduty = incident.link("pagerduty").expect("it was heard of");
    assert_eq!((pagerduty.step, pagerduty.want, pagerduty.known), (6, None, Some(Status::Triggered)));
    assert_eq!(pagerduty.record_id().map(ToString::to_string).as_deref(), Some("P1"));
    assert!(pagerduty.notes_due.is_empty() && pagerduty.notes_written.len() == 1);
    assert!([Status::Acknowledged, Status::Resolved].into_iter().all(|s| pagerduty.tried.contains(s)));
    let opsgenie = incident.link("opsgenie").expect("it is the origin");
    assert_eq!((opsgenie.step, opsgenie.park.is_some(), opsgenie.poll_stopped.is_some()), (2, false, true));
    assert!(incident.discarded.is_some() && incident.quarantined.is_none() && incident.held.is_empty());
    assert_eq!(incident.seen.len(), 3);
}

#[test]
fn stored_entries_of_events_fold_to_the_same_state() {
    let incident = Incident::replay(IncidentId(1), &event_entries());
    assert_eq!((incident.status, incident.retold, incident.title()), (Status::Triggered, 2, "disk full again"));
    assert_eq!(incident.opened_at.0, 1_800_000_003_000);
    let prod = incident.link("prod").expect("it was heard of");
    assert_eq!((prod.role, prod.renew, prod.refresh, prod.want), (Role::Events, true, false, Some(Status::Triggered)));
    let pagerduty = incident.link("pagerduty").expect("it was heard of");
    assert_eq!((pagerduty.role, pagerduty.expected), (Role::Confirm, false));
    let operator = incident.link("operator").expect("it was heard of");
    assert_eq!((operator.role, operator.want), (Role::Operator, Some(Status::Resolved)));
}

#[test]
fn stored_entries_of_records_fold_to_the_same_state() {
    let incident = Incident::replay(IncidentId(1), &record_entries());
    assert_eq!((incident.title(), incident.retold), ("[example.com #7] Disk fuller", 1));
    let rt = incident.link("rt").expect("it is the origin");
    assert_eq!((rt.mark.as_ref().map(|m| m.id.0.as_str()), rt.marked, rt.step), (Some("Q1"), true, 2));
    let pagerduty = incident.link("pagerduty").expect("it was heard of");
    assert_eq!((pagerduty.refresh, pagerduty.aside.is_some(), pagerduty.step), (true, true, 2));
}

#[test]
fn held_inputs_decode() {
    let entries = entries();
    let held = entries.iter().flat_map(|e| &e.changes).find_map(|c| match c {
        Change::Held { input } => Some(input),
        _ => None,
    });
    let input: Input = serde_json::from_str(held.expect("one is held")).expect("a held input decodes");
    assert_eq!((input.id, input.keys[0].kind), (InputId(18), KeyKind::Record));
    assert_eq!(input.what, What::News(News::Status(Status::Acknowledged)));
}

/// Stores index by these hashes and journals hold these identities, so both are the same for ever.
#[test]
fn hashes_do_not_change() {
    assert_eq!(hash_text("a-1"), 3_427_210_979_881_267_741);
    assert_eq!(InputId::from_parts(&["opsgenie", "a-1", "Create"]), InputId(8_839_798_521_126_507_818));
    assert_ne!(InputId::from_parts(&["ab", "c"]), InputId::from_parts(&["a", "bc"]));
}
