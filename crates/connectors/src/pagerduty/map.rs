//! PagerDuty's words to ours and back.

use super::Opens;
use crate::text::{is_blank, storable};
use ::pagerduty::rest::incidents::{Incident, IncidentStatus, Urgency as TheirUrgency};
use ::pagerduty::rest::notes::Note;
use ::pagerduty::rest::{Reference, ResolveReason};
use ::pagerduty::webhook::{Agent, Event, EventData, EventType, IncidentData, NoteData};
use ::pagerduty::{IncidentId, ObjectId};
use pagebridge_core::{
    Actor, BridgeName, Content, Input, InputId, Key, KeyKind, News, NoteNews, ReadingNote, RecordRef, Status,
    SystemName, Timestamp, Urgency, What, hash_text,
};

/// By what our own changes are known when they come back.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ours<'a> {
    pub(super) user_id: Option<&'a str>,
    pub(super) user_name: Option<&'a str>,
}

impl Ours<'_> {
    /// The id decides where both sides have one, since a person may bear the same name.
    fn is(&self, id: Option<&str>, name: Option<&str>) -> bool {
        match (self.user_id, id) {
            (Some(ours), Some(id)) => ours == id,
            _ => self.user_name.is_some() && self.user_name == name,
        }
    }
}

/// An event that means nothing to us, with one word for why.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Nothing {
    pub(super) reason: &'static str,
    pub(super) detail: String,
}

/// What an event tells.
///
/// `webhook_id` is the header that is the same on every attempt of one delivery. The event's own id comes first: it is
/// as constant, it is in the signed body, and two subscriptions that both cover the service send it twice under
/// different headers. Without either, an event is judged by what it says.
pub(super) fn input(
    system: &SystemName,
    event: &Event,
    webhook_id: Option<&str>,
    ours: Ours<'_>,
    opens: &Opens,
    posts: Option<&BridgeName>,
) -> Result<Input, Nothing> {
    let id = [event.id.as_deref(), webhook_id].into_iter().flatten().find(|id| !is_blank(id));
    let id = id.map_or_else(InputId::default, |id| InputId::from_parts(&[system.as_str(), id]));
    let (mut asks, mut bridge) = (false, None);
    let (news, keys, url, reason) = match &event.data {
        EventData::Incident(incident) => {
            let keys = keys(&incident.id, incident.incident_key.as_deref());
            let service = incident.service.as_ref().map(|service| service.id.as_str());
            let covered = opens.covers(service);
            asks = event.event_type == EventType::IncidentTriggered && (covered || posts.is_some());
            bridge = posts.filter(|_| !covered).cloned();
            (incident_news(event, incident)?, keys, incident.html_url.clone(), incident.resolve_reason.as_ref())
        }
        EventData::Note(note) => {
            let keys = keys(&note.incident_id, note.incident_key.as_deref());
            (note_news(event, note), keys, note.incident_html_url.clone(), None)
        }
        EventData::Ping { .. } => {
            return Err(Nothing { reason: "ping", detail: "a test delivery arrived and was verified".to_owned() });
        }
        _ => return Err(no_effect(event.event_type.as_str())),
    };
    Ok(Input {
        id,
        keys,
        actor: actor(event.agent.as_ref(), reason, ours),
        occurred_at: event.occurred_at_ms.map(Timestamp),
        asks,
        bridge,
        url,
        ..Input::about(system.clone(), What::News(news))
    })
}

fn no_effect(event_type: &str) -> Nothing {
    let event_type = ::pagerduty::text::cut(event_type, 80);
    Nothing { reason: "event_type", detail: format!("the event type `{event_type}` changes nothing elsewhere") }
}

/// An incident's own id first; its key finds it when the answer to its making has not come yet.
pub(super) fn keys(id: &IncidentId, incident_key: Option<&str>) -> Vec<Key> {
    let key = |kind, value: &str| Key { kind, value: value.to_owned() };
    let record = Some(id.as_str()).filter(|id| !is_blank(id)).map(|id| key(KeyKind::Record, id));
    let create = incident_key.filter(|k| !is_blank(k)).map(|k| key(KeyKind::CreateKey, k));
    record.into_iter().chain(create).collect()
}

/// `incident.triggered` only says that the incident exists: it is often late, and an incident that was acknowledged
/// meanwhile must not be set back by it. After a reassignment the incident itself is asked, since a reassignment may or
/// may not have un-acknowledged it.
fn incident_news(event: &Event, incident: &IncidentData) -> Result<News, Nothing> {
    Ok(match &event.event_type {
        EventType::IncidentTriggered => News::Exists,
        EventType::IncidentAcknowledged => News::Status(Status::Acknowledged),
        EventType::IncidentUnacknowledged => News::Status(Status::Triggered),
        EventType::IncidentResolved => News::Status(Status::Resolved),
        EventType::IncidentReopened => News::Status(reopened(incident.status.as_ref())),
        EventType::IncidentReassigned | EventType::IncidentDelegated | EventType::IncidentEscalated => News::Hint,
        other => return Err(no_effect(other.as_str())),
    })
}

/// It may have been reopened by acknowledging it.
fn reopened(told: Option<&IncidentStatus>) -> Status {
    match told.and_then(status) {
        Some(Status::Acknowledged) => Status::Acknowledged,
        _ => Status::Triggered,
    }
}

/// A cut or empty text means that the incident's notes must be read.
fn note_news(event: &Event, note: &NoteData) -> News {
    let author = event.agent.as_ref().and_then(|a| a.summary.clone()).map(storable).unwrap_or_default();
    let text = Some(note.content.clone()).filter(|text| !note.trimmed && !is_blank(text)).map(storable);
    let key = match &note.id {
        Some(id) => hash_text(id.as_str()),
        // Only the old proxy's own examples have no id.
        None => NoteNews::key_of_text(&author, &note.content),
    };
    News::Note(NoteNews { key, author, text })
}

/// Who did it. A merge is not an ordinary resolving, and never ours.
fn actor(agent: Option<&Agent>, reason: Option<&ResolveReason>, ours: Ours<'_>) -> Option<Actor> {
    let (id, name) = (agent.and_then(|a| a.id.as_deref()), agent.and_then(|a| a.summary.as_deref()));
    named(id, name, reason, ours)
}

fn named(id: Option<&str>, name: Option<&str>, reason: Option<&ResolveReason>, ours: Ours<'_>) -> Option<Actor> {
    let name = name.filter(|n| !is_blank(n));
    let shown = name.or(id.filter(|id| !is_blank(id)));
    if let Some(ResolveReason::Merged { into }) = reason {
        let merge = format!("merge into {}", into.as_ref().map_or_else(|| "another incident".to_owned(), number_of));
        let name = shown.map_or_else(|| merge.clone(), |shown| format!("{shown} ({merge})"));
        return Some(Actor { name: storable(name), ours: false });
    }
    Some(Actor { name: storable(shown?.to_owned()), ours: ours.is(id, name) })
}

/// The number that people use, from PagerDuty's `[#42] Disk full`, or else the id.
fn number_of(incident: &Reference<IncidentId>) -> String {
    let summary = incident.summary.as_deref().unwrap_or_default();
    let number = summary.strip_prefix('[').and_then(|s| s.split_once(']')).map(|(number, _)| number);
    match number.filter(|n| n.starts_with('#')) {
        Some(number) => number.to_owned(),
        None => incident.id.to_string(),
    }
}

/// PagerDuty's word for a status as ours; `None` for one that is not known.
pub(super) fn status(status: &IncidentStatus) -> Option<Status> {
    match status {
        IncidentStatus::Triggered => Some(Status::Triggered),
        IncidentStatus::Acknowledged => Some(Status::Acknowledged),
        IncidentStatus::Resolved => Some(Status::Resolved),
        IncidentStatus::Other(_) => None,
    }
}

/// The record as links keep it.
pub(super) fn record(incident: &Incident) -> RecordRef {
    RecordRef { url: incident.html_url.clone(), ..RecordRef::id(incident.id.as_str()) }
}

/// Who brought an incident where it stands; `None` when it was a service, as for time-outs and rules.
pub(super) fn changed_by(incident: &Incident, ours: Ours<'_>) -> Option<Actor> {
    let by = incident.last_status_change_by.as_ref();
    let by = by.filter(|by: &&Reference<ObjectId>| !by.kind.starts_with("service"));
    let (id, name) = (by.map(|b| b.id.as_str()), by.and_then(|b| b.summary.as_deref()));
    named(id, name, incident.resolve_reason.as_ref(), ours)
}

/// What an incident is about.
pub(super) fn content(incident: &Incident) -> Content {
    let title =
        if is_blank(&incident.title) { format!("PagerDuty incident {}", incident.id) } else { incident.title.clone() };
    Content {
        title: storable(title),
        body: incident.body.clone().map(storable).unwrap_or_default(),
        urgency: match incident.urgency {
            Some(TheirUrgency::Low) => Urgency::Low,
            _ => Urgency::High,
        },
        priority: incident.priority.as_ref().and_then(|p| p.summary.clone()),
        service: incident.service.as_ref().map(|service| service.id.to_string()),
        service_name: incident.service.as_ref().and_then(|service| service.summary.clone()).map(storable),
        assignees: incident.assignments.iter().filter_map(|one| one.assignee.summary.clone()).map(storable).collect(),
        event: None,
    }
}

/// Notes as they are counted: each is known by its id.
pub(super) fn reading_notes(notes: Vec<Note>) -> Vec<ReadingNote> {
    let mut notes = notes;
    // The order of the list is not documented; a mirrored conversation should read from top to bottom.
    notes.sort_by_key(|note| note.created_at.as_deref().and_then(::pagerduty::time::unix_ms));
    let notes = notes.into_iter().map(|note| ReadingNote {
        key: hash_text(note.id.as_str()),
        author: note.user.and_then(|user| user.summary).map(storable).unwrap_or_default(),
        text: storable(note.content),
        remote_id: Some(note.id.to_string()),
    });
    notes.collect()
}
