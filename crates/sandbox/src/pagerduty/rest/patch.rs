//! What `PUT /incidents` and `PUT /incidents/{id}` change.

use jiff::Timestamp;
use serde_json::Value;

use super::ask::{Ask, Given};
use super::incidents::{conference_bridge, incident_type, urgency};
use crate::pagerduty::lifecycle::Assignment;
use crate::pagerduty::model::{
    Actor, ConferenceBridge, IncidentIx, LogKind, PolicyIx, PriorityIx, ServiceIx, Status, Urgency, UserIx,
};
use crate::pagerduty::refusal::Refusal;
use crate::pagerduty::state::State;

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
    bridge: Option<ConferenceBridge>,
}

impl Patch {
    pub(crate) fn parse(state: &State, ask: &Ask<'_>, ix: IncidentIx, given: &Given) -> Result<Patch, Refusal> {
        if !matches!(given.get("type").as_str(), Some("incident" | "incident_reference")) {
            return Err(Refusal::invalid("Type must be one of: incident, incident_reference"));
        }
        let status = match given.get("status") {
            Value::Null => None,
            Value::String(text) => {
                let status = Status::parse(text);
                Some(status.ok_or_else(|| Refusal::new(400, 1003, "Invalid Status Provided"))?)
            }
            _ => return Err(Refusal::new(400, 1003, "Invalid Status Provided")),
        };
        let policy = match given.get("escalation_policy") {
            Value::Null => None,
            reference => Some(state.policy_of(reference)?),
        };
        if let Some(policy) = policy {
            state.check_staffed(ask, policy)?;
        }
        let levels = match policy {
            Some(policy) => state.policy(policy).rules.len(),
            None => state.incident(ix).path.rules.len(),
        };
        let level = given.whole("escalation_level", 1..=u32::MAX)?.map(|level| level as usize);
        if level.is_some_and(|level| level > levels) {
            return Err(Refusal::new(400, 1006, "Cannot Escalate"));
        }
        Ok(Patch {
            ix,
            status,
            resolution: given.text("resolution")?.map(str::to_owned),
            title: if given.has("title") { Some(given.needed("title")?.to_owned()) } else { None },
            urgency: urgency(given.get("urgency"))?,
            priority: state.priority_of(given.get("priority"))?,
            policy,
            assignees: state.assignees_of(given.get("assignments"))?,
            level: level.map(|level| level - 1),
            service: given.reference("service", &state.services)?,
            incident_type: incident_type(given.get("incident_type"))?,
            bridge: conference_bridge(given.get("conference_bridge"))?,
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
        incident.updated_at = now;
        if let Some(urgency) = self.urgency.filter(|urgency| *urgency != incident.urgency) {
            incident.urgency = urgency;
            state.log(ix, LogKind::UrgencyChange, by, now);
        }
        if let Some(service) = self.service {
            state.set_service_of(ix, service, by, now);
        }
        if let Some(name) = &self.incident_type {
            state.set_type(ix, name, by, now);
        }
        if let Some(bridge) = &self.bridge {
            state.set_conference_bridge(ix, bridge.clone(), by, now);
        }
        if let Some(priority) = self.priority {
            state.set_priority(ix, priority, by, now);
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
