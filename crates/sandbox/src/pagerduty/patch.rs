//! What `PUT /incidents` and `PUT /incidents/{id}` change.

use jiff::Timestamp;
use serde_json::Value;

use super::incidents::urgency;
use super::lifecycle::Assignment;
use super::model::{Actor, ConferenceBridge, IncidentIx, PolicyIx, PriorityIx, ServiceIx, Status, Urgency, UserIx};
use super::refusal::Refusal;
use super::state::State;

/// The wanted changes to one incident.
#[derive(Debug)]
pub(crate) struct Patch {
    pub(crate) ix: IncidentIx,
    status: Option<Status>,
    resolution: Option<String>,
    title: Option<String>,
    urgency: Option<Urgency>,
    priority: Option<PriorityIx>,
    policy: Option<PolicyIx>,
    assignees: Option<Vec<UserIx>>,
    level: Option<usize>,
    service: Option<ServiceIx>,
    incident_type: Option<String>,
    conference_bridge: Option<ConferenceBridge>,
}

impl Patch {
    pub(crate) fn parse(state: &State, ix: IncidentIx, given: &Value) -> Result<Patch, Refusal> {
        if !matches!(given["type"].as_str(), Some("incident" | "incident_reference")) {
            return Err(Refusal::invalid("Type must be one of: incident, incident_reference"));
        }
        let status = match &given["status"] {
            Value::Null => None,
            Value::String(text) => {
                let status = Status::parse(text);
                Some(status.ok_or_else(|| Refusal::new(400, 1003, "Invalid Status Provided"))?)
            }
            _ => return Err(Refusal::new(400, 1003, "Invalid Status Provided")),
        };
        let policy = match &given["escalation_policy"] {
            Value::Null => None,
            reference => Some(state.policy_of(reference)?),
        };
        let level = given["escalation_level"].as_u64().and_then(|level| usize::try_from(level).ok());
        Ok(Patch {
            ix,
            status,
            resolution: given["resolution"].as_str().map(str::to_owned),
            title: given["title"].as_str().map(str::to_owned),
            urgency: urgency(&given["urgency"])?,
            priority: state.priority_of(&given["priority"])?,
            policy,
            assignees: state.assignees_of(&given["assignments"])?,
            level: level.filter(|level| *level > 0).map(|level| level - 1),
            service: service_of(state, &given["service"])?,
            incident_type: given["incident_type"]["name"].as_str().map(str::to_owned),
            conference_bridge: given["conference_bridge"].as_object().map(|bridge| ConferenceBridge {
                number: bridge.get("conference_number").and_then(Value::as_str).map(str::to_owned),
                url: bridge.get("conference_url").and_then(Value::as_str).map(str::to_owned),
            }),
        })
    }

    /// Refuses what cannot be done to the incident as it is.
    pub(crate) fn check(&self, state: &State) -> Result<(), Refusal> {
        let incident = state.incident(self.ix);
        let current = incident.status;
        let nobody = |policy: PolicyIx| !state.is_staffed(policy, state.now);
        let reassigns = self.policy.is_some() || self.assignees.is_some() || self.level.is_some();
        match (current, self.status) {
            (Status::Resolved, Some(Status::Resolved)) => Err(Refusal::new(400, 1001, "Incident Already Resolved")),
            (Status::Resolved, None) if reassigns => Err(Refusal::new(400, 1001, "Incident Already Resolved")),
            (Status::Acknowledged, Some(Status::Acknowledged)) if state.config.repeated_acknowledge_refused => {
                Err(Refusal::new(400, 1002, "Incident Already Acknowledged"))
            }
            _ if self.level.is_some_and(|level| level >= incident.path.rules.len()) => {
                Err(Refusal::new(400, 1006, "Cannot Escalate"))
            }
            _ if self.policy.is_some_and(nobody) => {
                Err(Refusal::new(400, 1015, "Escalation Policy Has No User On Call"))
            }
            _ if self.resolution.is_some() && self.status != Some(Status::Resolved) => {
                Err(Refusal::invalid("Resolution can only be given with status resolved"))
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn apply(&self, state: &mut State, by: Actor, now: Timestamp) {
        let ix = self.ix;
        let incident = state.incident_mut(ix);
        if let Some(title) = &self.title {
            incident.title.clone_from(title);
        }
        if let Some(urgency) = self.urgency {
            incident.urgency = urgency;
        }
        incident.updated_at = now;
        if let Some(priority) = self.priority {
            state.set_priority(ix, priority, by, now);
        }
        if let Some(service) = self.service {
            state.set_service_of(ix, service, by, now);
        }
        if let Some(name) = &self.incident_type {
            state.set_type(ix, name, by, now);
        }
        if let Some(bridge) = &self.conference_bridge {
            state.set_conference_bridge(ix, bridge.clone(), by, now);
        }
        let reopens = !state.incident(ix).is_open();
        self.apply_status(state, by, now);
        if reopens || !state.incident(ix).is_open() {
            // What is reopened was assigned with that.
            return;
        }
        if let Some(users) = &self.assignees {
            state.reassign(ix, users, by, now);
        } else if let Some(policy) = self.policy {
            state.delegate(ix, policy, by, now);
        } else if let Some(level) = self.level {
            state.escalate(ix, level, by, now);
        }
    }

    fn assignment(&self) -> Option<Assignment> {
        let users = self.assignees.clone().map(Assignment::Users);
        users.or(self.policy.map(Assignment::Policy))
    }

    fn apply_status(&self, state: &mut State, by: Actor, now: Timestamp) {
        let ix = self.ix;
        match (state.incident(ix).status, self.status) {
            (Status::Resolved, Some(Status::Triggered)) => state.reopen(ix, self.assignment(), by, now),
            (Status::Resolved, Some(Status::Acknowledged)) => {
                state.reopen(ix, self.assignment(), by, now);
                state.acknowledge(ix, by, now);
            }
            (_, Some(Status::Acknowledged)) => state.acknowledge(ix, by, now),
            (Status::Triggered | Status::Acknowledged, Some(Status::Resolved)) => {
                state.resolve(ix, by, self.resolution.as_deref(), now);
            }
            // There is no documented way to un-acknowledge: `triggered` changes nothing on an open incident.
            _ => {}
        }
    }
}

fn service_of(state: &State, given: &Value) -> Result<Option<ServiceIx>, Refusal> {
    if given.is_null() {
        return Ok(None);
    }
    let found = given["id"].as_str().and_then(|id| state.service_by_id(id));
    found.map(Some).ok_or_else(|| Refusal::new(400, 5002, "Service Not Found"))
}
