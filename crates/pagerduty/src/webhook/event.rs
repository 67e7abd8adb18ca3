//! The envelope of a delivery.

use serde::Deserialize;
use serde_json::Value;

use super::data::{IncidentData, NoteData};
use crate::ids::IncidentId;
use crate::lenient;
use crate::open_enum::open_enum;
use crate::time;

open_enum! {
    /// What happened. New types may appear at any time and come as `Other`.
    EventType {
        /// An incident was opened.
        IncidentTriggered = "incident.triggered",
        /// Somebody took it.
        IncidentAcknowledged = "incident.acknowledged",
        /// Nobody has it any more: by hand, or time ran out.
        IncidentUnacknowledged = "incident.unacknowledged",
        /// It is over, or was merged.
        IncidentResolved = "incident.resolved",
        /// It is not over after all.
        IncidentReopened = "incident.reopened",
        /// It went to the next level.
        IncidentEscalated = "incident.escalated",
        /// It went to another escalation policy.
        IncidentDelegated = "incident.delegated",
        /// It went to other users.
        IncidentReassigned = "incident.reassigned",
        /// Its priority changed.
        IncidentPriorityUpdated = "incident.priority_updated",
        /// It moved to another service.
        IncidentServiceUpdated = "incident.service_updated",
        /// Its type changed.
        IncidentTypeChanged = "incident.incident_type.changed",
        /// A note was written.
        IncidentAnnotated = "incident.annotated",
        /// Test delivery.
        Ping = "pagey.ping",
    }
}

/// One delivery.
#[derive(Clone, Debug)]
pub struct Event {
    /// Id of the event, the same on every attempt.
    pub id: Option<String>,
    /// What happened.
    pub event_type: EventType,
    /// First part of the type, usually.
    pub resource_type: Option<String>,
    /// When, as it was written.
    pub occurred_at: Option<String>,
    /// When, in Unix milliseconds, if it can be read.
    pub occurred_at_ms: Option<i64>,
    /// Who did it; `None` for rules, time-outs and many integrations.
    pub agent: Option<Agent>,
    /// The program whose event opened the incident.
    pub client: Option<Source>,
    /// What it is about.
    pub data: EventData,
}

/// Who did something.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Agent {
    /// Id of a user or an integration.
    #[serde(default, deserialize_with = "lenient::option")]
    pub id: Option<String>,
    /// `user_reference`, `inbound_integration_reference`, ...
    #[serde(rename = "type", default, deserialize_with = "lenient::text")]
    pub kind: String,
    /// Name.
    #[serde(default, deserialize_with = "lenient::option")]
    pub summary: Option<String>,
    /// Address for people.
    #[serde(default, deserialize_with = "lenient::option")]
    pub html_url: Option<String>,
}

/// The program whose event opened an incident.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Source {
    /// Name.
    #[serde(default, deserialize_with = "lenient::option")]
    pub name: Option<String>,
    /// Where to see the problem in it.
    #[serde(default, deserialize_with = "lenient::option")]
    pub url: Option<String>,
}

/// What an event is about.
#[derive(Clone, Debug)]
pub enum EventData {
    /// The incident as it is now; of every type whose data is an incident, known or not.
    Incident(Box<IncidentData>),
    /// A note.
    Note(NoteData),
    /// Test delivery: answer 2xx and do nothing.
    Ping {
        /// A greeting.
        message: Option<String>,
    },
    /// Anything else.
    Other {
        /// The type as it was written, e.g. `incident.responder.added`.
        event_type: String,
        /// The incident it belongs to, if any.
        incident_id: Option<IncidentId>,
        /// The data as it came.
        data: Value,
    },
}

impl Event {
    /// Gives the incident the event belongs to, if any.
    pub fn incident_id(&self) -> Option<&IncidentId> {
        match &self.data {
            EventData::Incident(incident) => Some(&incident.id),
            EventData::Note(note) => Some(&note.incident_id),
            EventData::Ping { .. } => None,
            EventData::Other { incident_id, .. } => incident_id.as_ref(),
        }
    }
}

/// Reads a delivery. Check its [signature](super::verify) first.
///
/// # Errors
/// [`ParseError`] if it is no event, or is an incident's or a note's without the incident's id. Unknown types and unknown, missing or null
/// fields are no errors.
pub fn parse(raw: &[u8]) -> Result<Event, ParseError> {
    let mut root: Value = serde_json::from_slice(raw).map_err(ParseError::NotJson)?;
    let event = match root.get_mut("event") {
        Some(event @ Value::Object(_)) => event.take(),
        _ => return Err(ParseError::Missing("event")),
    };
    let event_type = event["event_type"].as_str().map(EventType::from).ok_or(ParseError::Missing("event_type"))?;
    let occurred_at = text(&event, "occurred_at");
    Ok(Event {
        data: data(&event_type, &event)?,
        id: text(&event, "id"),
        resource_type: text(&event, "resource_type"),
        occurred_at_ms: occurred_at.as_deref().and_then(time::unix_ms),
        occurred_at,
        agent: Agent::deserialize(&event["agent"]).ok(),
        client: Source::deserialize(&event["client"]).ok(),
        event_type,
    })
}

fn data(event_type: &EventType, event: &Value) -> Result<EventData, ParseError> {
    let data = &event["data"];
    match (event_type, data["type"].as_str()) {
        (EventType::IncidentAnnotated, _) | (_, Some("incident_note")) => {
            NoteData::read(event).map(EventData::Note).map_err(|source| ParseError::Data { kind: "a note", source })
        }
        (EventType::Ping, _) | (_, Some("ping")) => Ok(EventData::Ping { message: text(data, "message") }),
        // A new type may come with the incident in a new shape, which must not be an error.
        (EventType::Other(_), Some("incident")) => Ok(incident(data).unwrap_or_else(|_| other(event_type, data))),
        (EventType::Other(_), _) => Ok(other(event_type, data)),
        _ => incident(data).map_err(|source| ParseError::Data { kind: "an incident", source }),
    }
}

fn incident(data: &Value) -> Result<EventData, serde_json::Error> {
    IncidentData::deserialize(data).map(|incident| EventData::Incident(Box::new(incident)))
}

fn other(event_type: &EventType, data: &Value) -> EventData {
    // Role assignments carry a list; they are all on one incident.
    let incident = match &data["incident"] {
        Value::Null => &data["incident_role_assignments"][0]["incident"],
        incident => incident,
    };
    EventData::Other {
        event_type: event_type.as_str().to_owned(),
        incident_id: incident["id"].as_str().map(IncidentId::from),
        data: data.clone(),
    }
}

fn text(object: &Value, name: &str) -> Option<String> {
    object[name].as_str().map(str::to_owned)
}

/// Why a delivery could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ParseError {
    /// Not JSON.
    #[error("the webhook is not JSON")]
    NotJson(#[source] serde_json::Error),
    /// Not a webhook of version 3.
    #[error("the webhook has no `{0}`, check that the subscription is of version 3")]
    Missing(&'static str),
    /// The data is not what its type says.
    #[error("the webhook's data is not {kind}")]
    Data {
        /// What it should be.
        kind: &'static str,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}
