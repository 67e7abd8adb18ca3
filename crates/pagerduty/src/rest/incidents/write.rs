//! What to create and what to change.

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use super::{ConferenceBridge, IncidentStatus, Urgency};
use crate::ids::{EscalationPolicyId, PriorityId, ServiceId, UserId};
use crate::rest::reference::RefBody;
use crate::text::{SUMMARY_CHARS_MAX, cut, shorten_key};

/// An incident to open.
#[derive(Clone, Debug)]
pub struct NewIncident {
    title: String,
    service: ServiceId,
    urgency: Option<Urgency>,
    incident_key: Option<String>,
    body: Option<String>,
    priority: Option<PriorityId>,
    assigned_to: Option<AssignedTo>,
    incident_type: Option<String>,
    conference_bridge: Option<ConferenceBridge>,
}

/// The API takes one or the other.
#[derive(Clone, Debug)]
enum AssignedTo {
    Policy(EscalationPolicyId),
    User(UserId),
}

impl NewIncident {
    /// Starts an incident; a long title is cut, a blank one sent as `(no title)`.
    pub fn new(title: impl Into<String>, service: impl Into<ServiceId>) -> Self {
        Self {
            title: title.into(),
            service: service.into(),
            urgency: None,
            incident_key: None,
            body: None,
            priority: None,
            assigned_to: None,
            incident_type: None,
            conference_bridge: None,
        }
    }

    /// Sets the urgency; the service's rule decides otherwise.
    #[must_use]
    pub fn with_urgency(mut self, urgency: Urgency) -> Self {
        self.urgency = Some(urgency);
        self
    }

    /// Sets the key by which no second open incident is made; see [`shorten_key`] for long ones.
    #[must_use]
    pub fn with_incident_key(mut self, key: impl Into<String>) -> Self {
        self.incident_key = Some(key.into());
        self
    }

    /// Sets the details, plain text.
    #[must_use]
    pub fn with_body(mut self, details: impl Into<String>) -> Self {
        self.body = Some(details.into());
        self
    }

    /// Sets the priority.
    #[must_use]
    pub fn with_priority(mut self, priority: impl Into<PriorityId>) -> Self {
        self.priority = Some(priority.into());
        self
    }

    /// Escalates by this policy instead of the service's; replaces an assignee.
    #[must_use]
    pub fn with_escalation_policy(mut self, policy: impl Into<EscalationPolicyId>) -> Self {
        self.assigned_to = Some(AssignedTo::Policy(policy.into()));
        self
    }

    /// Assigns to one user; replaces an escalation policy. Assigned to whoever opens it, it is acknowledged from the start.
    #[must_use]
    pub fn with_assignee(mut self, user: impl Into<UserId>) -> Self {
        self.assigned_to = Some(AssignedTo::User(user.into()));
        self
    }

    /// Sets the type by name; `incident_default` otherwise.
    #[must_use]
    pub fn with_incident_type(mut self, name: impl Into<String>) -> Self {
        self.incident_type = Some(name.into());
        self
    }

    /// Says where people talk.
    #[must_use]
    pub fn with_conference_bridge(mut self, bridge: ConferenceBridge) -> Self {
        self.conference_bridge = Some(bridge);
        self
    }
}

#[derive(Serialize)]
struct TypeBody<'a> {
    name: &'a str,
}

#[derive(Serialize)]
struct Body<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    details: &'a str,
}

#[derive(Serialize)]
struct AssignmentBody<'a> {
    assignee: RefBody<'a>,
}

impl<'a> AssignmentBody<'a> {
    fn new(user: &'a UserId) -> Self {
        Self { assignee: RefBody::new(user.as_str(), "user_reference") }
    }
}

fn policy_body(id: &EscalationPolicyId) -> RefBody<'_> {
    RefBody::new(id.as_str(), "escalation_policy_reference")
}

fn priority_body(id: &PriorityId) -> RefBody<'_> {
    RefBody::new(id.as_str(), "priority_reference")
}

/// Leaves `None` out: absent means "as it is", null would mean "none".
fn put<S: SerializeStruct>(object: &mut S, name: &'static str, value: Option<impl Serialize>) -> Result<(), S::Error> {
    match value {
        Some(value) => object.serialize_field(name, &value),
        None => Ok(()),
    }
}

impl Serialize for NewIncident {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let title = if self.title.trim().is_empty() { "(no title)" } else { &self.title };
        let key = self.incident_key.as_deref().filter(|key| !key.trim().is_empty());
        let body = self.body.as_deref().map(|details| Body { kind: "incident_body", details });
        let mut object = serializer.serialize_struct("Incident", 10)?;
        object.serialize_field("type", "incident")?;
        object.serialize_field("title", &cut(title, SUMMARY_CHARS_MAX))?;
        let service = RefBody::new(self.service.as_str(), "service_reference");
        object.serialize_field("service", &service)?;
        put(&mut object, "urgency", self.urgency.as_ref())?;
        put(&mut object, "incident_key", key.map(shorten_key))?;
        put(&mut object, "body", body)?;
        put(&mut object, "priority", self.priority.as_ref().map(priority_body))?;
        match &self.assigned_to {
            Some(AssignedTo::Policy(policy)) => {
                object.serialize_field("escalation_policy", &policy_body(policy))?;
            }
            Some(AssignedTo::User(user)) => {
                object.serialize_field("assignments", &[AssignmentBody::new(user)])?;
            }
            None => {}
        }
        put(&mut object, "incident_type", self.incident_type.as_deref().map(|name| TypeBody { name }))?;
        put(&mut object, "conference_bridge", self.conference_bridge.as_ref())?;
        object.end()
    }
}

/// What to change about an incident; what is `None` or empty stays.
#[derive(Clone, Debug, Default)]
pub struct IncidentUpdate {
    /// New status.
    pub status: Option<IncidentStatus>,
    /// Why it is resolved; only together with [`IncidentStatus::Resolved`]. Shows as a note.
    pub resolution: Option<String>,
    /// New title.
    pub title: Option<String>,
    /// New urgency.
    pub urgency: Option<Urgency>,
    /// New priority.
    pub priority: Option<PriorityId>,
    /// Level of the escalation policy to go to, from 1.
    pub escalation_level: Option<u32>,
    /// Hands it to this policy, which starts at its first level. The nearest there is to un-acknowledging.
    pub escalation_policy: Option<EscalationPolicyId>,
    /// Hands it to these users; it no longer escalates then.
    pub assignees: Vec<UserId>,
    /// Moves it to this service.
    pub service: Option<ServiceId>,
    /// New type, by name.
    pub incident_type: Option<String>,
    /// Where people talk.
    pub conference_bridge: Option<ConferenceBridge>,
}

impl IncidentUpdate {
    /// Acknowledges.
    pub fn acknowledge() -> Self {
        Self { status: Some(IncidentStatus::Acknowledged), ..Self::default() }
    }

    /// Resolves.
    pub fn resolve() -> Self {
        Self { status: Some(IncidentStatus::Resolved), ..Self::default() }
    }

    /// Resolves and says why.
    pub fn resolve_because(resolution: impl Into<String>) -> Self {
        Self { resolution: Some(resolution.into()), ..Self::resolve() }
    }

    /// Reopens a resolved incident.
    pub fn reopen() -> Self {
        Self { status: Some(IncidentStatus::Triggered), ..Self::default() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.status.is_none()
            && self.resolution.is_none()
            && self.title.is_none()
            && self.urgency.is_none()
            && self.priority.is_none()
            && self.escalation_level.is_none()
            && self.escalation_policy.is_none()
            && self.assignees.is_empty()
            && self.service.is_none()
            && self.incident_type.is_none()
            && self.conference_bridge.is_none()
    }
}

impl Serialize for IncidentUpdate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let assignments: Vec<AssignmentBody<'_>> = self.assignees.iter().map(AssignmentBody::new).collect();
        let mut object = serializer.serialize_struct("Incident", 12)?;
        object.serialize_field("type", "incident_reference")?;
        put(&mut object, "status", self.status.as_ref())?;
        put(&mut object, "resolution", self.resolution.as_ref())?;
        put(&mut object, "title", self.title.as_deref().map(|title| cut(title, SUMMARY_CHARS_MAX)))?;
        put(&mut object, "urgency", self.urgency.as_ref())?;
        put(&mut object, "priority", self.priority.as_ref().map(priority_body))?;
        put(&mut object, "escalation_level", self.escalation_level)?;
        put(&mut object, "escalation_policy", self.escalation_policy.as_ref().map(policy_body))?;
        let service = self.service.as_ref().map(|id| RefBody::new(id.as_str(), "service_reference"));
        put(&mut object, "service", service)?;
        put(&mut object, "incident_type", self.incident_type.as_deref().map(|name| TypeBody { name }))?;
        put(&mut object, "conference_bridge", self.conference_bridge.as_ref())?;
        put(&mut object, "assignments", (!assignments.is_empty()).then_some(assignments))?;
        object.end()
    }
}
