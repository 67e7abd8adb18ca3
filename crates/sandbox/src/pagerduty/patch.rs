//! What `PUT /incidents` and `PUT /incidents/{id}` change.

use jiff::Timestamp;
use serde_json::Value;

use super::incidents::urgency;
use super::model::{Actor, IncidentIx, PolicyIx, PriorityIx, Status, Urgency, UserIx};
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
        })
    }

    /// Refuses what cannot be done to the incident as it is.
    pub(crate) fn check(&self, state: &State) -> Result<(), Refusal> {
        let current = state.incident(self.ix).status;
        let reassigns = self.policy.is_some() || self.assignees.is_some() || self.level.is_some();
        match (current, self.status) {
            (Status::Resolved, Some(Status::Resolved)) => Err(Refusal::new(400, 1001, "Incident Already Resolved")),
            (Status::Resolved, None) if reassigns => Err(Refusal::new(400, 1001, "Incident Already Resolved")),
            (Status::Acknowledged, Some(Status::Acknowledged)) if state.config.repeated_acknowledge_refused => {
                Err(Refusal::new(400, 1002, "Incident Already Acknowledged"))
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
        self.apply_status(state, by, now);
        if !state.incident(ix).is_open() {
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

    fn apply_status(&self, state: &mut State, by: Actor, now: Timestamp) {
        let ix = self.ix;
        match (state.incident(ix).status, self.status) {
            (Status::Resolved, Some(Status::Triggered)) => state.reopen(ix, by, now),
            (Status::Resolved, Some(Status::Acknowledged)) => {
                state.reopen(ix, by, now);
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
