//! What an event is about, for the kinds that carry it.

use serde::Deserialize;
use serde_json::Value;

use crate::ids::{EscalationPolicyId, IncidentId, NoteId, PriorityId, ServiceId, TeamId, UserId};
use crate::lenient;
use crate::rest::incidents::{ConferenceBridge, IncidentStatus, IncidentTypeName, Urgency};
use crate::rest::{Reference, ResolveReason};

/// The incident at the time of the event. Not the shape of REST: fewer fields, and some have other names.
#[derive(Clone, Debug, Deserialize)]
pub struct IncidentData {
    /// Id.
    pub id: IncidentId,
    /// The short number people use.
    #[serde(default, deserialize_with = "lenient::option")]
    pub number: Option<u64>,
    /// Title.
    #[serde(default, deserialize_with = "lenient::text")]
    pub title: String,
    /// Status after the event.
    #[serde(default, deserialize_with = "lenient::option")]
    pub status: Option<IncidentStatus>,
    /// Urgency.
    #[serde(default, deserialize_with = "lenient::option")]
    pub urgency: Option<Urgency>,
    /// The caller's key, for incidents made by REST; null for those made from events.
    #[serde(default, deserialize_with = "lenient::option")]
    pub incident_key: Option<String>,
    /// Address in the API.
    #[serde(rename = "self", default, deserialize_with = "lenient::option")]
    pub self_url: Option<String>,
    /// Address for people.
    #[serde(default, deserialize_with = "lenient::option")]
    pub html_url: Option<String>,
    /// When it was opened, ISO 8601.
    #[serde(default, deserialize_with = "lenient::option")]
    pub created_at: Option<String>,
    /// When it was reopened, if it was.
    #[serde(default, deserialize_with = "lenient::option")]
    pub reopened_at: Option<String>,
    /// Service it is on.
    #[serde(default, deserialize_with = "lenient::option")]
    pub service: Option<Reference<ServiceId>>,
    /// Who it is assigned to; empty once resolved.
    #[serde(default, deserialize_with = "lenient::list")]
    pub assignees: Vec<Reference<UserId>>,
    /// Escalation policy.
    #[serde(default, deserialize_with = "lenient::option")]
    pub escalation_policy: Option<Reference<EscalationPolicyId>>,
    /// Teams it belongs to.
    #[serde(default, deserialize_with = "lenient::list")]
    pub teams: Vec<Reference<TeamId>>,
    /// Priority, if one is set.
    #[serde(default, deserialize_with = "lenient::option")]
    pub priority: Option<Reference<PriorityId>>,
    /// Its type, by name.
    #[serde(default, deserialize_with = "lenient::option")]
    pub incident_type: Option<IncidentTypeName>,
    /// Where people talk about it.
    #[serde(default, deserialize_with = "lenient::option")]
    pub conference_bridge: Option<ConferenceBridge>,
    /// Why it is resolved, when it was merged.
    #[serde(default, deserialize_with = "lenient::option")]
    pub resolve_reason: Option<ResolveReason>,
}

/// A note that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteData {
    /// Id of the note; the old document's shape may lack it.
    pub id: Option<NoteId>,
    /// Text; cut if `trimmed`.
    pub content: String,
    /// Whether the text is cut; the notes of the incident in REST have all of it.
    pub trimmed: bool,
    /// The incident it is on.
    pub incident_id: IncidentId,
    /// The incident's name; not in every delivery.
    pub incident_summary: Option<String>,
    /// The incident's address for people.
    pub incident_html_url: Option<String>,
    /// The incident's key; only the old document's shape has it.
    pub incident_key: Option<String>,
}

#[derive(Deserialize)]
struct NoteWire {
    #[serde(default, deserialize_with = "lenient::option")]
    id: Option<NoteId>,
    #[serde(default, deserialize_with = "lenient::text")]
    content: String,
    #[serde(default, deserialize_with = "lenient::flag")]
    trimmed: bool,
}

/// What both shapes say about the incident: a reference, or the incident itself.
#[derive(Deserialize)]
struct NotedIncident {
    id: IncidentId,
    #[serde(default, deserialize_with = "lenient::option")]
    summary: Option<String>,
    #[serde(default, deserialize_with = "lenient::option")]
    title: Option<String>,
    #[serde(default, deserialize_with = "lenient::option")]
    html_url: Option<String>,
    #[serde(default, deserialize_with = "lenient::option")]
    incident_key: Option<String>,
}

impl NoteData {
    /// Reads the real shape (the note in `data`, a reference to the incident inside it) or that of an old document (the note
    /// beside `data`, the incident in `data`).
    pub(super) fn read(event: &Value) -> Result<Self, serde_json::Error> {
        let data = &event["data"];
        let (note, incident) = match &event["note"] {
            note @ Value::Object(_) if data["type"] != "incident_note" => (note, data),
            _ => (data, &data["incident"]),
        };
        let note = NoteWire::deserialize(note)?;
        let incident = NotedIncident::deserialize(incident)?;
        Ok(Self {
            id: note.id,
            content: note.content,
            trimmed: note.trimmed,
            incident_id: incident.id,
            incident_summary: incident.summary.or(incident.title),
            incident_html_url: incident.html_url,
            incident_key: incident.incident_key,
        })
    }
}
