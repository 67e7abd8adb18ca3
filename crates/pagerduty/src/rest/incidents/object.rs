//! The incident as REST shows it.

use serde::{Deserialize, Deserializer, Serialize};

use crate::ids::{EscalationPolicyId, IncidentId, LogEntryId, ObjectId, PriorityId, ServiceId, TeamId, UserId};
use crate::lenient;
use crate::open_enum::open_enum;
use crate::rest::custom_fields::FieldValue;
use crate::rest::responder_requests::IncidentResponder;
use crate::rest::{Identified, Reference, ResolveReason};

open_enum! {
    /// Where an incident is in its life.
    IncidentStatus {
        /// Nobody has taken it.
        Triggered = "triggered",
        /// A person has taken it.
        Acknowledged = "acknowledged",
        /// Over.
        Resolved = "resolved",
    }
}

open_enum! {
    /// Whether people are woken up.
    Urgency {
        /// They are.
        High = "high",
        /// They are not.
        Low = "low",
    }
}

/// An incident. Only the id is certain to be there.
#[derive(Clone, Debug, Deserialize)]
pub struct Incident {
    /// Id.
    pub id: IncidentId,
    /// The short number people use.
    #[serde(rename = "incident_number", default, deserialize_with = "lenient::option")]
    pub number: Option<u64>,
    /// Title.
    #[serde(default, deserialize_with = "lenient::text")]
    pub title: String,
    /// Number and title, made by PagerDuty.
    #[serde(default, deserialize_with = "lenient::option")]
    pub summary: Option<String>,
    /// Status.
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
    /// When it was opened, ISO 8601 like the times below.
    #[serde(default, deserialize_with = "lenient::option")]
    pub created_at: Option<String>,
    /// When anything about it changed last.
    #[serde(default, deserialize_with = "lenient::option")]
    pub updated_at: Option<String>,
    /// When it was resolved.
    #[serde(default, deserialize_with = "lenient::option")]
    pub resolved_at: Option<String>,
    /// When its status changed last.
    #[serde(default, deserialize_with = "lenient::option")]
    pub last_status_change_at: Option<String>,
    /// Who or what changed the status last: a user, a service, an integration.
    #[serde(default, deserialize_with = "lenient::option")]
    pub last_status_change_by: Option<Reference<ObjectId>>,
    /// Service it is on.
    #[serde(default, deserialize_with = "lenient::option")]
    pub service: Option<Reference<ServiceId>>,
    /// Escalation policy in force.
    #[serde(default, deserialize_with = "lenient::option")]
    pub escalation_policy: Option<Reference<EscalationPolicyId>>,
    /// Teams it belongs to.
    #[serde(default, deserialize_with = "lenient::list")]
    pub teams: Vec<Reference<TeamId>>,
    /// Who it is assigned to; empty once resolved.
    #[serde(default, deserialize_with = "lenient::list")]
    pub assignments: Vec<Assignment>,
    /// Who has taken it; empty unless acknowledged.
    #[serde(default, deserialize_with = "lenient::list")]
    pub acknowledgements: Vec<Acknowledgement>,
    /// Priority, if one is set.
    #[serde(default, deserialize_with = "lenient::option")]
    pub priority: Option<Reference<PriorityId>>,
    /// Why it is resolved, when it was merged.
    #[serde(default, deserialize_with = "lenient::option")]
    pub resolve_reason: Option<ResolveReason>,
    /// How many alerts it holds.
    #[serde(default, deserialize_with = "lenient::option")]
    pub alert_counts: Option<AlertCounts>,
    /// What will happen to it by itself.
    #[serde(default, deserialize_with = "lenient::list")]
    pub pending_actions: Vec<PendingAction>,
    /// How it came to who has it: `escalation_policy` or `direct_assignment`; the latter does not escalate.
    #[serde(default, deserialize_with = "lenient::option")]
    pub assigned_via: Option<String>,
    /// Its type, by name.
    #[serde(default, deserialize_with = "lenient::option")]
    pub incident_type: Option<IncidentTypeName>,
    /// Whether it can be merged into another.
    #[serde(default, deserialize_with = "lenient::option")]
    pub is_mergeable: Option<bool>,
    /// The log entry of its first trigger.
    #[serde(default, deserialize_with = "lenient::option")]
    pub first_trigger_log_entry: Option<Reference<LogEntryId>>,
    /// Who was asked to help.
    #[serde(default, deserialize_with = "lenient::list")]
    pub incidents_responders: Vec<IncidentResponder>,
    /// Where people talk; only with [`Include::ConferenceBridge`](super::Include::ConferenceBridge).
    #[serde(default, deserialize_with = "lenient::option")]
    pub conference_bridge: Option<ConferenceBridge>,
    /// Values of custom fields; only with [`Include::CustomFields`](super::Include::CustomFields).
    #[serde(default, deserialize_with = "lenient::list")]
    pub custom_fields: Vec<FieldValue>,
    /// The details it was made with; only with [`Include::Body`](super::Include::Body).
    #[serde(default, deserialize_with = "body_details")]
    pub body: Option<String>,
}

impl Identified for Incident {
    fn id(&self) -> &str {
        self.id.as_str()
    }
}

/// The type of an incident.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct IncidentTypeName {
    /// Name, e.g. `incident_default`.
    #[serde(default, deserialize_with = "lenient::text")]
    pub name: String,
}

/// Where people talk about an incident.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct ConferenceBridge {
    /// Number to call.
    #[serde(default, deserialize_with = "lenient::option", skip_serializing_if = "Option::is_none")]
    pub conference_number: Option<String>,
    /// Address to open.
    #[serde(default, deserialize_with = "lenient::option", skip_serializing_if = "Option::is_none")]
    pub conference_url: Option<String>,
}

/// Who an incident is assigned to.
#[derive(Clone, Debug, Deserialize)]
pub struct Assignment {
    /// Since when.
    #[serde(default, deserialize_with = "lenient::option")]
    pub at: Option<String>,
    /// The user.
    pub assignee: Reference<UserId>,
}

/// Who has taken an incident.
#[derive(Clone, Debug, Deserialize)]
pub struct Acknowledgement {
    /// When.
    #[serde(default, deserialize_with = "lenient::option")]
    pub at: Option<String>,
    /// A user, or the integration whose event it was.
    pub acknowledger: Reference<ObjectId>,
}

/// How many alerts an incident holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct AlertCounts {
    /// All of them.
    #[serde(default)]
    pub all: u64,
    /// Those still open.
    #[serde(default)]
    pub triggered: u64,
    /// Those that are over.
    #[serde(default)]
    pub resolved: u64,
}

/// What will happen to an incident by itself.
#[derive(Clone, Debug, Deserialize)]
pub struct PendingAction {
    /// `escalate`, `unacknowledge`, `resolve`, `urgency_change` (to high).
    #[serde(rename = "type", default, deserialize_with = "lenient::text")]
    pub kind: String,
    /// When.
    #[serde(default, deserialize_with = "lenient::option")]
    pub at: Option<String>,
}

/// Reads `{"type": "incident_body", "details": ...}`; details that are not text come as JSON.
fn body_details<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    struct Body {
        #[serde(default, deserialize_with = "lenient::text")]
        details: String,
    }
    let body: Option<Body> = lenient::option(deserializer)?;
    Ok(body.map(|body| body.details).filter(|details| !details.is_empty()))
}
