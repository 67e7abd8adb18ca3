//! The incident as REST shows it.

use serde::{Deserialize, Deserializer};

use crate::ids::{EscalationPolicyId, IncidentId, ObjectId, PriorityId, ServiceId, TeamId, UserId};
use crate::lenient;
use crate::open_enum::open_enum;
use crate::rest::{Reference, ResolveReason};

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
    /// The details it was made with; only with [`Include::Body`](super::Include::Body).
    #[serde(default, deserialize_with = "body_details")]
    pub body: Option<String>,
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
    /// `escalate`, `unacknowledge`, `resolve`, `urgency_change`.
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
