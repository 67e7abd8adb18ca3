//! The envelope of a delivery.

use serde::Deserialize;
use serde_json::Value;

use super::data::{IncidentData, NoteData};
use super::more_data::{
    ActionInvocationData, ConferenceBridgeData, FieldValuesData, ResponderData, RoleAssignmentData, ServiceData,
    StatusUpdateData, TaskData, WorkflowData, read,
};
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
        /// A status update was sent.
        IncidentStatusUpdatePublished = "incident.status_update_published",
        /// Somebody was asked to help.
        IncidentResponderAdded = "incident.responder.added",
        /// Somebody who was asked answered.
        IncidentResponderReplied = "incident.responder.replied",
        /// Where people talk about it was set.
        IncidentConferenceBridgeUpdated = "incident.conference_bridge.updated",
        /// Its custom fields were set.
        IncidentCustomFieldValuesUpdated = "incident.custom_field_values.updated",
        /// Who has which role was changed.
        IncidentRoleAssigned = "incident.role.assigned",
        /// A task was made.
        IncidentTaskCreated = "incident.task.created",
        /// A task was changed.
        IncidentTaskUpdated = "incident.task.updated",
        /// A task was finished.
        IncidentTaskCompleted = "incident.task.completed",
        /// An action was invoked.
        IncidentActionInvocationCreated = "incident.action_invocation.created",
        /// An action got on.
        IncidentActionInvocationUpdated = "incident.action_invocation.updated",
        /// An action ended.
        IncidentActionInvocationTerminated = "incident.action_invocation.terminated",
        /// A workflow began.
        IncidentWorkflowStarted = "incident.workflow.started",
        /// A workflow ended.
        IncidentWorkflowCompleted = "incident.workflow.completed",
        /// A service was made.
        ServiceCreated = "service.created",
        /// A service was changed.
        ServiceUpdated = "service.updated",
        /// A service was deleted.
        ServiceDeleted = "service.deleted",
        /// The custom fields of a service were set.
        ServiceCustomFieldValuesUpdated = "service.custom_field_values.updated",
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
    /// A status update that was sent.
    StatusUpdate(StatusUpdateData),
    /// Somebody who was asked to help, or answered.
    Responder(ResponderData),
    /// Where people talk about the incident.
    ConferenceBridge(ConferenceBridgeData),
    /// Custom fields of an incident or a service.
    FieldValues(FieldValuesData),
    /// Who has which role.
    RoleAssignments(RoleAssignmentData),
    /// A task.
    Task(TaskData),
    /// A run of a workflow.
    Workflow(WorkflowData),
    /// An action that was invoked.
    ActionInvocation(ActionInvocationData),
    /// A service.
    Service(Box<ServiceData>),
    /// Anything else.
    Other {
        /// The type as it was written, e.g. `incident.something.new`.
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
            EventData::Ping { .. } | EventData::Service(_) => None,
            EventData::Other { incident_id, .. } => incident_id.as_ref(),
            EventData::StatusUpdate(StatusUpdateData { incident, .. })
            | EventData::Responder(ResponderData { incident, .. })
            | EventData::ConferenceBridge(ConferenceBridgeData { incident, .. })
            | EventData::FieldValues(FieldValuesData { incident, .. })
            | EventData::Task(TaskData { incident, .. })
            | EventData::Workflow(WorkflowData { incident, .. })
            | EventData::ActionInvocation(ActionInvocationData { incident, .. }) => {
                incident.as_ref().map(|incident| &incident.id)
            }
            EventData::RoleAssignments(data) => data.incident().map(|incident| &incident.id),
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
        // A new type, or one whose data is no incident, may come with it in a new shape, which must not be an error.
        (event_type, Some("incident")) if !is_about_the_incident(event_type) => {
            Ok(incident(data).unwrap_or_else(|_| other(event_type, data)))
        }
        (event_type, _) if is_about_the_incident(event_type) => {
            incident(data).map_err(|source| ParseError::Data { kind: "an incident", source })
        }
        (event_type, kind) => Ok(by_kind(kind.unwrap_or_default(), data).unwrap_or_else(|| other(event_type, data))),
    }
}

/// Tells whether the data must be the incident itself.
fn is_about_the_incident(event_type: &EventType) -> bool {
    use EventType as E;
    matches!(
        event_type,
        E::IncidentTriggered
            | E::IncidentAcknowledged
            | E::IncidentUnacknowledged
            | E::IncidentResolved
            | E::IncidentReopened
            | E::IncidentEscalated
            | E::IncidentDelegated
            | E::IncidentReassigned
            | E::IncidentPriorityUpdated
            | E::IncidentServiceUpdated
            | E::IncidentTypeChanged
    )
}

/// Reads data by the type written in it, which new events share with old ones.
fn by_kind(kind: &str, data: &Value) -> Option<EventData> {
    Some(match kind {
        "incident_status_update" => EventData::StatusUpdate(read(data)?),
        "incident_responder" => EventData::Responder(read(data)?),
        "incident_conference_bridge" => EventData::ConferenceBridge(read(data)?),
        "incident_field_values" | "service_field_values" => EventData::FieldValues(read(data)?),
        "incident_role_assignment" => EventData::RoleAssignments(read(data)?),
        "incident_task" => EventData::Task(read(data)?),
        "incident_workflow_instance" => EventData::Workflow(read(data)?),
        "incident_action_invocation" => EventData::ActionInvocation(read(data)?),
        "service" => EventData::Service(Box::new(read(data)?)),
        _ => return None,
    })
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
