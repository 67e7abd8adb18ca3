//! Opsgenie's words to ours and back.

use super::wire::{Alert, AlertNote, Hook, HookAlert, Scalar};
use crate::text::{is_blank, storable};
use pagebridge_core::{
    Actor, Content, InputId, News, NoteNews, Opening, ReadingNote, Status, SystemName, Timestamp, Urgency, hash_text,
};
use serde_json::{Map, Value};
use std::fmt::Write;

/// Most bodies fit, so that most are written without growing.
const BODY_SIZE_BYTES_USUAL: usize = 512;

/// By what our own writes are known when they come back.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ours<'a> {
    pub(super) user: &'a str,
    pub(super) source: &'a str,
    pub(super) partners: &'a [String],
}

impl Ours<'_> {
    fn is_user(&self, name: &str) -> bool {
        name == self.user || name == self.source || self.partners.iter().any(|label| is_named_there(name, label))
    }

    /// The person or program with this name; `None` for an empty one, and for Opsgenie itself.
    pub(super) fn actor(&self, name: Option<&str>, source: Option<&str>) -> Option<Actor> {
        let ours = source.is_some_and(|s| s == self.source);
        let name = name.filter(|n| !is_blank(n) && *n != "System").or(ours.then_some(self.user))?;
        Some(Actor { name: storable(name.to_owned()), ours: ours || self.is_user(name) })
    }
}

/// Whether a name is written as our writes name people of another system: `Ann (PagerDuty)`. The end may have been cut
/// off from a long name, which errs on the side of taking it for a person's.
fn is_named_there(name: &str, label: &str) -> bool {
    name.strip_suffix(')').and_then(|n| n.strip_suffix(label)).is_some_and(|n| n.ends_with(" ("))
}

/// What an action tells; `None` when it means nothing to us.
///
/// Taking, assigning and snoozing may or may not acknowledge, which no source settles: the alert itself is asked. The
/// end of a snooze changes nothing that others see. Custom actions carry their own names, so the set is open.
pub(super) fn news(hook: &Hook) -> Option<News> {
    Some(match hook.action.as_str() {
        "Create" => News::Opened(Opening { content: content_of_hook(&hook.alert), status: None }),
        "Acknowledge" => News::Status(Status::Acknowledged),
        "UnAcknowledge" => News::Status(Status::Triggered),
        "Close" | "Delete" => News::Status(Status::Resolved),
        "AddNote" => News::Note(note_news(hook)),
        "AssignOwnership" | "TakeOwnership" | "Snooze" => News::Hint,
        _ => return None,
    })
}

/// Without a text the alert's notes are read.
fn note_news(hook: &Hook) -> NoteNews {
    let author = hook.alert.username.clone().map(storable).unwrap_or_default();
    match note_text(hook) {
        Some(text) => NoteNews { key: note_key(&text), author, text: Some(text) },
        None => NoteNews { key: 0, author, text: None },
    }
}

/// The text is in the alert; the old proxy's own examples have it beside the alert.
fn note_text(hook: &Hook) -> Option<String> {
    let texts = [&hook.alert.note, &hook.note];
    texts.into_iter().flatten().find(|text| !is_blank(text)).cloned().map(storable)
}

/// Notes have no id here, so the text makes them the same on both channels. The author is left out: whether a webhook's
/// `username` and the list's `owner` are spelt alike is not settled by any source, and if they were not, every note
/// would be mirrored twice. Equal texts of two people are counted, so none of them is lost.
fn note_key(text: &str) -> i64 {
    NoteNews::key_of_text("", text.trim())
}

/// The notes of a list that runs from newest to oldest, oldest first.
pub(super) fn reading_notes(newest_first: Vec<AlertNote>) -> Vec<ReadingNote> {
    let notes = newest_first.into_iter().rev().filter_map(|note| {
        let text = storable(note.note.filter(|text| !is_blank(text))?);
        let author = storable(note.owner.unwrap_or_default());
        Some(ReadingNote { remote_id: None, key: note_key(&text), author, text })
    });
    notes.collect()
}

fn content_of_hook(alert: &HookAlert) -> Content {
    let id = || match &alert.tiny_id {
        Some(tiny) => format!("#{tiny}"),
        None => alert.alert_id.clone(),
    };
    content(alert.message.as_deref(), id, alert.description.as_deref(), &alert.details, alert.priority.as_ref())
}

pub(super) fn content_of_alert(alert: &Alert) -> Content {
    let (message, description) = (alert.message.as_deref(), alert.description.as_deref());
    content(message, || alert.id.clone(), description, &alert.details, alert.priority.as_ref())
}

/// An alert without a message still pages, under its id.
fn content(
    message: Option<&str>,
    id: impl FnOnce() -> String,
    description: Option<&str>,
    details: &Map<String, Value>,
    priority: Option<&Scalar>,
) -> Content {
    let title = match message.filter(|m| !is_blank(m)) {
        Some(message) => message.to_owned(),
        None => format!("Opsgenie alert {}", id()),
    };
    let priority = priority.and_then(priority_word);
    Content {
        title: storable(title),
        body: storable(body(description, details)),
        urgency: urgency(priority.as_deref()),
        priority,
        ..Content::default()
    }
}

fn body(description: Option<&str>, details: &Map<String, Value>) -> String {
    let mut body = String::with_capacity(BODY_SIZE_BYTES_USUAL);
    body.push_str(description.filter(|d| !is_blank(d)).unwrap_or_default());
    for (n, (name, value)) in details.iter().enumerate() {
        let gap = match n {
            0 if body.is_empty() => "",
            0 => "\n\n",
            _ => "\n",
        };
        let line = match value {
            Value::String(text) => write!(body, "{gap}{name}: {text}"),
            other => write!(body, "{gap}{name}: {other}"),
        };
        line.expect("a string grows");
    }
    body.shrink_to_fit();
    body
}

/// `P1` to `P5`, from `"P2"`, `"2"` or 2; anything else says nothing.
fn priority_word(priority: &Scalar) -> Option<String> {
    let text = priority.to_string();
    let digit = text.trim().trim_start_matches(['P', 'p']);
    matches!(digit, "1" | "2" | "3" | "4" | "5").then(|| format!("P{digit}"))
}

/// An alert that does not say how bad it is pages loudly.
fn urgency(priority: Option<&str>) -> Urgency {
    match priority {
        Some("P3" | "P4" | "P5") => Urgency::Low,
        _ => Urgency::High,
    }
}

/// The priority for an incident from elsewhere.
pub(super) fn priority(content: &Content) -> &'static str {
    let given = content.priority.as_deref();
    let known = ["P1", "P2", "P3", "P4", "P5"].into_iter().find(|p| Some(*p) == given);
    known.unwrap_or(match content.urgency {
        Urgency::High => "P2",
        Urgency::Low => "P4",
    })
}

/// Above this a time has six more digits than milliseconds.
const MILLISECONDS_MAX: i64 = 1_000_000_000_000_000;

/// When the action happened.
pub(super) fn occurred_at(alert: &HookAlert) -> Option<Timestamp> {
    let ms = alert.updated_at.filter(|ms| *ms > 0)?;
    Some(Timestamp(if ms > MILLISECONDS_MAX { ms / 1_000_000 } else { ms }))
}

/// The identity of a webhook, which carries none of its own: alert, action and time of the change, and for a note its
/// text.
///
/// * An alert is created once, so its time does not count: each added team's integration repeats the message.
/// * Without a time two notes of the same words are taken for one that was repeated; if there are two, reading the
///   alert shows it, and the second is mirrored then.
/// * Without a time nothing tells a repeated acknowledgement from a second one, and taking a second one for a repeat
///   would lose it, while a repeat changes nothing: these have no identity and are judged by what they say.
pub(super) fn input_id(system: &SystemName, hook: &Hook, news: &News) -> InputId {
    let (id, action) = (hook.alert.alert_id.as_str(), hook.action.as_str());
    let time = hook.alert.updated_at.map(|t| t.to_string());
    match (news, time) {
        (News::Opened(_), _) => InputId::from_parts(&[system.as_str(), id, action]),
        (News::Note(_), time) => {
            let author = hook.alert.username.as_deref().unwrap_or_default();
            let text = note_text(hook).unwrap_or_default();
            let hash = hash_text(&text).to_string();
            InputId::from_parts(&[system.as_str(), id, action, time.as_deref().unwrap_or_default(), author, &hash])
        }
        (_, Some(time)) => InputId::from_parts(&[system.as_str(), id, action, &time]),
        (_, None) => InputId::default(),
    }
}

/// Where an alert stands; `None` for a word that is not known.
pub(super) fn status(alert: &Alert) -> Option<Status> {
    match (alert.status.as_str(), alert.acknowledged.unwrap_or(false)) {
        ("closed", _) => Some(Status::Resolved),
        ("open", true) => Some(Status::Acknowledged),
        ("open", false) => Some(Status::Triggered),
        _ => None,
    }
}

/// Who brought an alert where it stands.
pub(super) fn changed_by(alert: &Alert, status: Status, ours: Ours<'_>) -> Option<Actor> {
    let report = alert.report.as_ref()?;
    let name = match status {
        Status::Triggered => None,
        Status::Acknowledged => report.acknowledged_by.as_deref(),
        Status::Resolved => report.closed_by.as_deref(),
    };
    ours.actor(name, None)
}
