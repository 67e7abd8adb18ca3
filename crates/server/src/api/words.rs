//! Journal changes in words, for people.

use pagebridge_core::{Change, Doubt};

/// Says in one line what changed.
#[must_use]
pub fn change(change: &Change) -> String {
    match change {
        Change::Heard { bridge, origin, record, .. } => format!("heard of {} in {origin}, bridge {bridge}", record.id),
        Change::Opened { content } => format!("opened: {}", content.title),
        Change::Retold { content } => format!("told again: {}", content.title),
        Change::Recurred { content } => format!("begins again: {}", content.title),
        Change::Discarded { reason } => format!("given up: {reason}"),
        Change::RecordFound { system, record } => format!("{system}: its record is {}", record.id),
        Change::Known { system, status, .. } => format!("{system}: holds {status}"),
        Change::Wanted { system, status: Some(status), by } => {
            format!("{system}: should hold {status}{}", by.as_ref().map(|by| format!(", by {by}")).unwrap_or_default())
        }
        Change::Wanted { system, status: None, .. } => format!("{system}: may hold what it does"),
        Change::Status { status } => format!("is {status}"),
        Change::NoteSeen { system, .. } => format!("{system}: a note was seen"),
        Change::NoteAdded { note, to } => {
            let to: Vec<&str> = to.iter().map(|s| s.as_str()).collect();
            format!("note {} for {}: {}", note.id.0, to.join(", "), note.text)
        }
        other => delivery(other),
    }
}

fn delivery(change: &Change) -> String {
    match change {
        Change::Delivered { system, what, .. } => format!("{system}: delivered ({what})"),
        Change::Deferred { system, attempt, in_doubt, reason, .. } => {
            let doubt = in_doubt.map(doubt).unwrap_or_default();
            format!("{system}: attempt {attempt} failed, will be repeated: {reason}{doubt}")
        }
        Change::Superseded { system, what, .. } => format!("{system}: no longer needed ({what})"),
        Change::DeadLettered { system, what, park, .. } => {
            format!("{system}: waits for an operator ({what}): {}; {}", park.reason, park.remedy)
        }
        Change::Skipped { system, what, park, .. } => {
            format!("{system}: waits for an operator, and the rest goes on ({what}): {}; {}", park.reason, park.remedy)
        }
        Change::Released { system } => format!("{system}: released by an operator"),
        Change::PollWanted { system } => format!("{system}: to be read"),
        Change::Polled { system } => format!("{system}: was read"),
        Change::PollMissed { system, misses, .. } => format!("{system}: has no such record (time {misses})"),
        Change::PollStopped { system, reason } => format!("{system}: is not read any more: {reason}"),
        Change::NotMade { system } => format!("{system}: asked, and the record was not made"),
        Change::Renewed { system } => format!("{system}: its record is to be made anew"),
        Change::RefreshWanted { system } => format!("{system}: to be told again"),
        Change::MarkWanted { system, record } => format!("{system}: to say that it belongs to {}", record.id),
        Change::Expected { system, not_before: Some(_) } => format!("{system}: an incident is to appear there"),
        Change::Expected { system, not_before: None } => format!("{system}: no incident is looked for any more"),
        Change::Watched { system, reason, .. } => format!("{system}: to be told, unless this changes: {reason}"),
        Change::Quarantined { reason } => format!("set aside: {reason}"),
        Change::Held { .. } => "an input is kept for later".to_owned(),
        Change::Unquarantined => "goes on".to_owned(),
        Change::Remark { text } => text.clone(),
        _ => "changed".to_owned(),
    }
}

fn doubt(doubt: Doubt) -> String {
    let what = match doubt {
        Doubt::Create => "the record was perhaps made".to_owned(),
        Doubt::Status(status) => format!("{status} was perhaps set"),
        Doubt::Note(note) => format!("note {} was perhaps written", note.0),
        Doubt::Anything => "something was perhaps done".to_owned(),
    };
    format!(" ({what})")
}
