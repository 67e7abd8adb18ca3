//! What followed, as text.

use crate::words::BEGIN;
use pagebridge_core::{
    Change, Class, Content, Disposition, Doubt, Entry, IgnoreReason, Incident, IncidentId, Lane, LaneChange, LaneState,
    Link, Note, Record, Step, SystemName, Timestamp, Work,
};

/// Lines are broken after this many characters, between facts.
const LINE_CHARS: usize = 108;

/// What became of an input, with the entry that it left.
pub(crate) fn disposition(id: IncidentId, disposition: Disposition, entry: Option<&Entry>) -> Vec<String> {
    let word = match disposition {
        Disposition::Opened => format!("incident {id} opened"),
        Disposition::Applied => format!("incident {id}"),
        Disposition::Repeated => "repeated".into(),
        Disposition::Unchanged if entry.is_some() => "unchanged, and remembered".into(),
        Disposition::Unchanged => "unchanged".into(),
        Disposition::Held => format!("incident {id} held"),
        Disposition::Ignored(IgnoreReason::UnknownRecord) => "ignored: the record is not known".into(),
        Disposition::Ignored(IgnoreReason::NoBridge) => "ignored: no bridge opens from there".into(),
    };
    let facts: Vec<String> = entry.iter().flat_map(|e| &e.changes).map(change).collect();
    match facts.is_empty() {
        true => vec![word],
        false => wrapped(&format!("{word}: "), &facts),
    }
}

fn wrapped(head: &str, facts: &[String]) -> Vec<String> {
    let mut lines = vec![head.to_owned()];
    for (n, fact) in facts.iter().enumerate() {
        let last = lines.last_mut().expect("there is a first line");
        let empty = last.trim().is_empty() || n == 0;
        if !empty && last.chars().count() + fact.chars().count() + 3 > LINE_CHARS {
            lines.push(format!("  | {fact}"));
        } else {
            if !empty {
                last.push_str(" | ");
            }
            last.push_str(fact);
        }
    }
    lines
}

/// Rows of the outbox that move.
pub(crate) fn lanes(changes: &[LaneChange]) -> Option<String> {
    let words = changes.iter().map(|change| match change {
        LaneChange::Put { system, class, due } => format!("lane {system} {} {}", class.as_str(), time(*due)),
        LaneChange::Remove { system } => format!("lane {system} rests"),
    });
    (!changes.is_empty()).then(|| words.collect::<Vec<_>>().join(", "))
}

/// What the holder of a lease is to do.
pub(crate) fn work(work: &Work, class: Class) -> String {
    let class = class.as_str();
    let delivery = match work {
        Work::Poll { incident, system, record, .. } => {
            return format!("{class} {incident}.{system}: read {}", record.id);
        }
        Work::Deliver(delivery) => delivery,
    };
    let by = delivery.by.as_ref().map(|by| format!(" for {by}")).unwrap_or_default();
    let what = match &delivery.step {
        Step::Create => format!("create {} with key {}", about(&delivery.content), delivery.create_key),
        Step::Find => format!("find what has key {}", delivery.create_key),
        Step::SetStatus { from, to } => {
            format!("set status {to} where {} is held{by}", from.map_or("any", |s| s.as_str()))
        }
        Step::Update { .. } => format!("tell again {}{by}", about(&delivery.content)),
        Step::Mark => {
            let other = delivery.belongs_to.as_ref().map_or("nothing", |r| r.id.0.as_str());
            format!("write down that it belongs to {other}")
        }
        Step::AddNote(_) => format!("write \"{}\" {}", delivery.note, delivery.mark),
    };
    let again = if delivery.attempts > 0 { format!(", attempt {}", delivery.attempts + 1) } else { String::new() };
    let doubt = if delivery.uncertain { ", reading back first" } else { "" };
    format!("{class} {}: {what}{again}{doubt}", delivery.name())
}

/// Where an incident stands.
pub(crate) fn state(incident: &Incident, lanes: &[Lane]) -> Vec<String> {
    let open = match (&incident.quarantined, &incident.discarded, incident.is_open()) {
        (Some(_), ..) => "quarantined",
        (None, Some(_), _) => "discarded",
        (None, None, true) => "open",
        (None, None, false) => "over",
    };
    let mut lines = vec![format!("incident {} is {open}, {}", incident.id, incident.status)];
    for link in &incident.links {
        let lane = lanes.iter().find(|l| l.system == link.system);
        lines.push(format!("{}; {}", link_state(link), lane.map_or("no lane".into(), lane_state)));
    }
    lines
}

fn link_state(link: &Link) -> String {
    let record = match &link.record {
        Record::Absent => "no record".to_owned(),
        Record::Present { id, .. } => id.to_string(),
    };
    let word = |status: Option<pagebridge_core::Status>| status.map_or("nothing", |s| s.as_str());
    let mut text = format!("{} {record}: known {}, wanted {}", link.system, word(link.known), word(link.want));
    for (count, what) in
        [(link.notes_written.len(), "written"), (link.notes_due.len(), "due"), (link.notes_parked.len(), "parked")]
    {
        if count > 0 {
            text.push_str(&format!(", {count} notes {what}"));
        }
    }
    for (is, what) in [
        (link.park.is_some(), "parked"),
        (link.expected, "expected"),
        (link.renew, "to be made anew"),
        (link.refresh, "to be told again"),
        (link.aside.is_some(), "a description set aside"),
        (link.mark.is_some() && !link.marked, "to be marked"),
    ] {
        if is {
            text.push_str(&format!(", {what}"));
        }
    }
    text
}

fn lane_state(lane: &Lane) -> String {
    match lane.state {
        LaneState::Waiting => format!("lane {} {}", lane.class.as_str(), time(lane.due)),
        LaneState::Leased { until, .. } => format!("lane {} leased until {}", lane.class.as_str(), time(until)),
    }
}

fn change(change: &Change) -> String {
    match change {
        Change::Heard { origin, record, others, roles, .. } => {
            let others: Vec<String> = others.iter().map(|(system, key)| format!("{system} (key {key})")).collect();
            let roles: Vec<String> = roles.iter().map(|(system, role)| format!(", {system} is {role:?}")).collect();
            format!("heard of {origin} {}, for {}{}", record.id, others.join(", "), roles.concat())
        }
        Change::Opened { content } => format!("opened {}", about(content)),
        Change::Retold { content } => format!("told again {}", about(content)),
        Change::Recurred { content } => format!("begins again {}", about(content)),
        Change::Discarded { reason } => format!("discarded: {reason}"),
        Change::Status { status } => format!("incident {status}"),
        Change::NoteAdded { note: Note { id, text, .. }, to } => {
            let to: Vec<&str> = to.iter().map(SystemName::as_str).collect();
            format!("note {} \"{text}\" for {}", id.0, to.join(", "))
        }
        Change::Quarantined { reason } => format!("quarantined: {reason}"),
        Change::Held { .. } => "input held".into(),
        Change::Unquarantined => "quarantine over".into(),
        Change::Remark { text } => format!("remark: {text}"),
        _ => of_link(change),
    }
}

fn of_link(change: &Change) -> String {
    match change {
        Change::RecordFound { system, record } => format!("{system} has {}", record.id),
        Change::Known { system, status, remote_at } => {
            let since = remote_at.map(|at| format!(" since {}", time(at))).unwrap_or_default();
            format!("{system} known {status}{since}")
        }
        Change::Wanted { system, status: Some(status), by } => {
            let by = by.as_ref().map(|by| format!(" for {by}")).unwrap_or_default();
            format!("{system} wanted {status}{by}")
        }
        Change::Wanted { system, status: None, .. } => format!("{system} wanted nothing"),
        Change::NoteSeen { system, told, read, .. } => format!("{system} note seen (told {told}, read {read})"),
        Change::Released { system } => format!("{system} released"),
        Change::PollWanted { system } => format!("{system} to be read"),
        Change::Polled { system } => format!("{system} reading done"),
        Change::PollMissed { system, misses, not_before } => {
            format!("{system} missed {misses} in a row, not before {}", time(*not_before))
        }
        Change::PollStopped { system, reason } => format!("{system} not read any more: {reason}"),
        Change::NotMade { system } => format!("{system} has none"),
        Change::Renewed { system } => format!("{system} to be made anew"),
        Change::RefreshWanted { system } => format!("{system} to be told again"),
        Change::MarkWanted { system, record } => format!("{system} to be marked with {}", record.id),
        Change::Expected { system, not_before: Some(at) } => {
            format!("{system} expected, looked for from {}", time(*at))
        }
        Change::Expected { system, not_before: None } => format!("{system} not expected any more"),
        Change::Watched { system, until, reason } => format!("{system} to be told at {}: {reason}", time(*until)),
        _ => end_of_step(change),
    }
}

fn end_of_step(change: &Change) -> String {
    match change {
        Change::Delivered { system, step, what, .. } => format!("{system}.{step} delivered: {what}"),
        Change::Superseded { system, step, what, tried } => {
            let tried = if tried.is_some() { ", perhaps done" } else { "" };
            format!("{system}.{step} superseded: {what}{tried}")
        }
        Change::DeadLettered { system, step, what, park, .. } => {
            format!("{system}.{step} dead letter: {what}: {} ({})", park.reason, park.remedy)
        }
        Change::Skipped { system, step, what, park } => {
            format!("{system}.{step} set aside: {what}: {} ({})", park.reason, park.remedy)
        }
        Change::Deferred { system, step, attempt, not_before, in_doubt, doubt_until, reason } => {
            let until = time(*doubt_until);
            let doubt = in_doubt.map(|doubt| format!(", in doubt until {until}: {}", doubt_words(doubt)));
            let doubt = doubt.unwrap_or_default();
            let after = format!("{system}.{step} deferred after attempt {attempt}");
            format!("{after}, not before {}: {reason}{doubt}", time(*not_before))
        }
        other => format!("{other:?}"),
    }
}

fn doubt_words(doubt: Doubt) -> String {
    match doubt {
        Doubt::Create => "the record".into(),
        Doubt::Status(status) => status.to_string(),
        Doubt::Note(id) => format!("note {}", id.0),
        Doubt::Anything => "whatever was due".into(),
    }
}

fn about(content: &Content) -> String {
    format!("\"{}\" {}", content.title, content.urgency.as_str())
}

/// A time, as minutes and seconds since the scenario began.
fn time(at: Timestamp) -> String {
    if at.0 == 0 {
        return "now".into();
    }
    let ms = at.ms_since(BEGIN);
    let (minutes, seconds, ms) = (ms / 60_000, ms / 1_000 % 60, ms % 1_000);
    if ms == 0 { format!("{minutes:02}:{seconds:02}") } else { format!("{minutes:02}:{seconds:02}.{ms:03}") }
}
