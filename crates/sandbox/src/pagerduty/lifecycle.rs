//! What can happen to an incident, whoever asks for it: each step changes it, logs it and tells the subscribers.
//!
//! The callers have checked that the step is allowed; these functions do it. What happens by itself is in `timers`.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::model::{
    Actor, Alert, ChannelKind, Client, ConferenceBridge, FieldChange, Incident, IncidentIx, LogEntry, LogKind, Note,
    PolicyIx, PriorityIx, ServiceIx, Status, Timers, Urgency, UserIx,
};
use super::state::State;

/// An incident holds no more alerts than this.
pub(crate) const ALERTS_MAX: usize = 1_000;
/// A service holds no more open incidents than this.
const OPEN_MAX: usize = 100_000;

/// The type of an incident that was not given another.
pub(crate) const INCIDENT_TYPE: &str = "incident_default";

/// What a new incident starts with.
#[derive(Debug)]
pub(crate) struct Opening {
    pub(crate) title: String,
    pub(crate) details: Option<String>,
    pub(crate) key: Option<String>,
    pub(crate) service: ServiceIx,
    pub(crate) policy: PolicyIx,
    pub(crate) urgency: Urgency,
    pub(crate) priority: Option<PriorityIx>,
    /// A user chosen instead of the policy's first level.
    pub(crate) assignee: Option<UserIx>,
    pub(crate) client: Option<Client>,
    pub(crate) incident_type: String,
    pub(crate) conference_bridge: Option<ConferenceBridge>,
    pub(crate) alert: Option<Alert>,
}

/// Whom a reopened or moved incident is given to.
#[derive(Debug, Clone)]
pub(crate) enum Assignment {
    Users(Vec<UserIx>),
    Policy(PolicyIx),
}

impl State {
    pub(crate) fn open_incident(&mut self, opening: Opening, by: Actor, now: Timestamp) -> IncidentIx {
        let assignee = opening.assignee;
        let path = self.path_of(opening.policy);
        let incident = Incident {
            id: self.random.long_id("Q"),
            title: opening.title,
            details: opening.details,
            key: opening.key,
            service: opening.service,
            policy: opening.policy,
            path,
            level: 0,
            urgency: opening.urgency,
            priority: opening.priority,
            status: Status::Triggered,
            created_at: now,
            updated_at: now,
            status_at: now,
            status_by: by,
            assignments: assignee.iter().map(|user| (now, *user)).collect(),
            direct: assignee.is_some(),
            acknowledgements: Vec::new(),
            resolved_at: None,
            reopened_at: None,
            merged_into: None,
            snoozed_until: None,
            timers: Timers::default(),
            notices: Vec::new(),
            client: opening.client,
            incident_type: opening.incident_type,
            conference_bridge: opening.conference_bridge,
            alerts: opening.alert.into_iter().collect(),
            notes: Vec::new(),
            log: Vec::new(),
            responder_requests: Vec::new(),
            status_updates: Vec::new(),
            subscribers: Vec::new(),
            custom_fields: BTreeMap::new(),
        };
        let ix = self.file(incident);
        self.services[opening.service].last_incident_at = Some(now);
        if assignee.is_none() {
            self.assign_level(ix, 0, now);
        }
        self.log(ix, LogKind::Trigger, by, now);
        self.start_timers(ix, now);
        let own = assignee.is_some_and(|user| by == Actor::User(user));
        self.page(ix, by, own, now);
        self.tell(ix, "incident.triggered", by, now);
        if own {
            // Somebody who opens an incident for themself needs no page.
            self.acknowledge(ix, by, now);
        }
        self.arm(ix);
        ix
    }

    /// Logs whom a triggered incident is assigned to, starts its level and notifies, unless it is quiet.
    fn page(&mut self, ix: IncidentIx, by: Actor, quiet: bool, now: Timestamp) {
        let by = if self.incident(ix).direct { by } else { Actor::Automation };
        if !self.incident(ix).assignments.is_empty() {
            self.log(ix, LogKind::Assign, by, now);
        }
        self.start_level(ix, now);
        if !quiet {
            self.notify_assignees(ix, now);
        }
    }

    /// Acknowledges, or adds an acknowledger to what is acknowledged already.
    pub(crate) fn acknowledge(&mut self, ix: IncidentIx, by: Actor, now: Timestamp) {
        let incident = self.incident_mut(ix);
        let again = incident.status == Status::Acknowledged;
        if again && incident.acknowledgements.iter().any(|(_, who)| *who == by) {
            return;
        }
        incident.acknowledgements.push((now, by));
        self.enter(ix, Status::Acknowledged, by, now);
        self.start_acknowledgement(ix, now);
        let until = self.incident(ix).timers.unacknowledge_at;
        self.log(ix, LogKind::Acknowledge, by, now).until = until;
        self.tell(ix, "incident.acknowledged", by, now);
        self.arm(ix);
    }

    /// Takes an acknowledged incident back to triggered: it pages and escalates again from where it was.
    pub(crate) fn unacknowledge(&mut self, ix: IncidentIx, by: Actor, now: Timestamp) {
        self.release(ix, by, now);
        self.start_level(ix, now);
        self.notify_assignees(ix, now);
        self.arm(ix);
    }

    pub(crate) fn resolve(&mut self, ix: IncidentIx, by: Actor, resolution: Option<&str>, now: Timestamp) {
        let incident = self.incident_mut(ix);
        incident.alerts.iter_mut().for_each(|alert| alert.open = false);
        incident.assignments.clear();
        incident.resolved_at = Some(now);
        self.enter(ix, Status::Resolved, by, now);
        let timers = &mut self.incident_mut(ix).timers;
        *timers = Timers { armed_at: timers.armed_at, ..Timers::default() };
        self.arm(ix);
        let resolution = resolution.filter(|text| !text.is_empty());
        self.log(ix, LogKind::Resolve, by, now).note = resolution.map(str::to_owned);
        self.tell(ix, "incident.resolved", by, now);
        if let (Some(text), Actor::User(user)) = (resolution, by) {
            self.annotate(ix, user, format!("Resolution Note: {text}"), now);
        }
    }

    /// Resolves an open incident of which every alert is resolved; one without alerts stays as it is.
    pub(crate) fn resolve_if_quiet(&mut self, ix: IncidentIx, by: Actor, now: Timestamp) {
        let incident = self.incident_mut(ix);
        incident.updated_at = now;
        let quiet = !incident.alerts.is_empty() && incident.alerts.iter().all(|alert| !alert.open);
        if quiet && incident.is_open() {
            self.resolve(ix, by, None, now);
        }
    }

    /// Takes a resolved incident back to triggered and assigns it: as told, else by its service's policy.
    pub(crate) fn reopen(&mut self, ix: IncidentIx, to: Option<Assignment>, by: Actor, now: Timestamp) {
        let policy = self.service(self.incident(ix).service).policy;
        self.assign(ix, &to.unwrap_or(Assignment::Policy(policy)), now);
        let incident = self.incident_mut(ix);
        incident.resolved_at = None;
        incident.reopened_at = Some(now);
        incident.merged_into = None;
        self.enter(ix, Status::Triggered, by, now);
        self.log(ix, LogKind::Trigger, by, now);
        self.start_timers(ix, now);
        self.page(ix, by, false, now);
        self.tell(ix, "incident.reopened", by, now);
        self.arm(ix);
    }

    fn assign(&mut self, ix: IncidentIx, to: &Assignment, now: Timestamp) {
        match to {
            Assignment::Users(users) => {
                let incident = self.incident_mut(ix);
                incident.assignments = users.iter().map(|user| (now, *user)).collect();
                incident.direct = true;
            }
            Assignment::Policy(policy) => {
                let path = self.path_of(*policy);
                let incident = self.incident_mut(ix);
                incident.policy = *policy;
                incident.path = path;
                self.assign_level(ix, 0, now);
            }
        }
    }

    pub(crate) fn annotate(&mut self, ix: IncidentIx, by: UserIx, content: String, now: Timestamp) -> Note {
        let note = Note { id: self.random.long_id("N"), by, content, created_at: now, updated_at: now };
        let incident = self.incident_mut(ix);
        incident.notes.push(note.clone());
        incident.updated_at = now;
        self.log(ix, LogKind::Annotate, Actor::User(by), now).note = Some(note.content.clone());
        self.tell_note(ix, &note, now);
        note
    }

    /// Gives an open incident to users; what was acknowledged is triggered again.
    pub(crate) fn reassign(&mut self, ix: IncidentIx, users: &[UserIx], by: Actor, now: Timestamp) {
        self.move_to(ix, &Assignment::Users(users.to_vec()), LogKind::Assign, by, now);
        self.tell(ix, "incident.reassigned", by, now);
    }

    /// Gives an open incident to a policy from its first level; what was acknowledged is triggered again.
    pub(crate) fn delegate(&mut self, ix: IncidentIx, policy: PolicyIx, by: Actor, now: Timestamp) {
        let moved = self.incident(ix).policy != policy;
        let kind = if moved { LogKind::Delegate } else { LogKind::Assign };
        self.move_to(ix, &Assignment::Policy(policy), kind, by, now);
        self.tell(ix, if moved { "incident.delegated" } else { "incident.reassigned" }, by, now);
    }

    fn move_to(&mut self, ix: IncidentIx, to: &Assignment, kind: LogKind, by: Actor, now: Timestamp) {
        self.release(ix, by, now);
        self.assign(ix, to, now);
        self.incident_mut(ix).updated_at = now;
        self.log(ix, kind, by, now);
        self.start_level(ix, now);
        self.notify_assignees(ix, now);
        self.arm(ix);
    }

    /// Moves an open incident to a level of its policy, or to the next one with anybody on call.
    pub(crate) fn escalate(&mut self, ix: IncidentIx, level: usize, by: Actor, now: Timestamp) {
        self.release(ix, by, now);
        self.assign_level(ix, level, now);
        self.escalated(ix, by, now);
        self.arm(ix);
    }

    /// Moves an incident to another service; its policy and assignees stay.
    pub(crate) fn set_service_of(&mut self, ix: IncidentIx, service: ServiceIx, by: Actor, now: Timestamp) {
        if self.incident(ix).service == service {
            return;
        }
        self.incident_mut(ix).service = service;
        self.note_change(ix, "service", self.service(service).id.clone(), by, now);
        self.tell(ix, "incident.service_updated", by, now);
    }

    pub(crate) fn set_type(&mut self, ix: IncidentIx, name: &str, by: Actor, now: Timestamp) {
        if self.incident(ix).incident_type == name {
            return;
        }
        self.incident_mut(ix).incident_type = name.to_owned();
        self.note_change(ix, "incident_type", name.to_owned(), by, now);
        self.tell(ix, "incident.incident_type.changed", by, now);
    }

    pub(crate) fn set_conference_bridge(
        &mut self,
        ix: IncidentIx,
        bridge: ConferenceBridge,
        by: Actor,
        now: Timestamp,
    ) {
        if self.incident(ix).conference_bridge.as_ref() == Some(&bridge) {
            return;
        }
        let url = bridge.url.clone().unwrap_or_default();
        self.incident_mut(ix).conference_bridge = Some(bridge);
        self.note_change(ix, "conference_bridge", url, by, now);
        self.tell_bridge(ix, by, now);
    }

    fn note_change(&mut self, ix: IncidentIx, field: &str, value: String, by: Actor, now: Timestamp) {
        self.incident_mut(ix).updated_at = now;
        let change = FieldChange { field: field.to_owned(), value: value.into() };
        self.log(ix, LogKind::FieldValueChange, by, now).change = Some(change);
    }

    pub(crate) fn set_priority(&mut self, ix: IncidentIx, priority: PriorityIx, by: Actor, now: Timestamp) {
        let incident = self.incident_mut(ix);
        if incident.priority == Some(priority) {
            return;
        }
        incident.priority = Some(priority);
        self.note_change(ix, "priority", self.priorities[priority].name.clone(), by, now);
        self.tell(ix, "incident.priority_updated", by, now);
    }

    /// Keeps an acknowledged incident quiet until a time, past the acknowledgement time-out.
    pub(crate) fn snooze(&mut self, ix: IncidentIx, until: Timestamp, by: Actor, now: Timestamp) {
        let incident = self.incident_mut(ix);
        incident.snoozed_until = Some(until);
        incident.timers.unacknowledge_at = None;
        incident.updated_at = now;
        self.log(ix, LogKind::Snooze, by, now).until = Some(until);
        self.arm(ix);
    }

    /// Tells whether the target has room for the sources' alerts.
    pub(crate) fn can_merge(&self, target: IncidentIx, sources: &[IncidentIx]) -> bool {
        let alerts = |ix: &IncidentIx| self.incident(*ix).alerts.len();
        sources.iter().map(alerts).sum::<usize>() + alerts(&target) <= ALERTS_MAX
    }

    /// Moves the sources' alerts to the target and resolves the sources with that reason.
    pub(crate) fn merge(&mut self, target: IncidentIx, sources: &[IncidentIx], by: Actor, now: Timestamp) {
        for &source in sources {
            let alerts = std::mem::take(&mut self.incident_mut(source).alerts);
            for alert in alerts {
                let route = (alert.integration, alert.key.clone());
                // A newer incident may have the key by now: later events are still its.
                if self.by_alert.get(&route) == Some(&source) {
                    self.by_alert.insert(route, target);
                }
                self.file_key(&alert.key, target);
                self.incident_mut(target).alerts.push(alert);
            }
            self.incident_mut(source).merged_into = Some(target);
            if self.incident(source).is_open() {
                self.resolve(source, by, None, now);
            }
        }
        self.incident_mut(target).updated_at = now;
    }

    /// Tells whether a service has as many open incidents as it can hold.
    pub(crate) fn is_full(&self, service: ServiceIx) -> bool {
        self.open.len() >= OPEN_MAX
            && self.open.iter().filter(|ix| self.incident(**ix).service == service).count() >= OPEN_MAX
    }

    /// Takes an acknowledgement back, without a page.
    fn release(&mut self, ix: IncidentIx, by: Actor, now: Timestamp) {
        if self.incident(ix).status != Status::Acknowledged {
            return;
        }
        self.enter(ix, Status::Triggered, by, now);
        self.log(ix, LogKind::Unacknowledge, by, now);
        self.tell(ix, "incident.unacknowledged", by, now);
    }

    /// Changes the status; what was to happen because of the former one no longer does.
    fn enter(&mut self, ix: IncidentIx, status: Status, by: Actor, now: Timestamp) {
        let incident = self.incident_mut(ix);
        if status != Status::Acknowledged {
            incident.acknowledgements.clear();
        }
        incident.snoozed_until = None;
        incident.timers.escalate_at = None;
        incident.timers.unacknowledge_at = None;
        incident.notices.clear();
        incident.status = status;
        incident.status_at = now;
        incident.status_by = by;
        incident.updated_at = now;
        if status == Status::Resolved {
            self.open.remove(&ix);
        } else {
            self.open.insert(ix);
        }
    }

    /// Adds an entry to an incident's log, and shows it to be completed.
    pub(crate) fn log(&mut self, ix: IncidentIx, kind: LogKind, by: Actor, now: Timestamp) -> &mut LogEntry {
        let channel = match (kind, by) {
            (LogKind::Annotate, _) => ChannelKind::Note,
            (LogKind::Escalate | LogKind::Unacknowledge, Actor::Automation) => ChannelKind::Timeout,
            (_, Actor::Automation) => ChannelKind::Auto,
            _ => ChannelKind::Api,
        };
        let assignees = match kind {
            LogKind::Assign | LogKind::Escalate | LogKind::Delegate => self.assignees(ix),
            _ => Vec::new(),
        };
        let entry = LogEntry {
            id: self.random.long_id("R"),
            at: now,
            kind,
            by,
            channel: channel.into(),
            note: None,
            assignees,
            user: None,
            until: None,
            change: None,
        };
        let log = &mut self.incident_mut(ix).log;
        log.push(entry);
        log.last_mut().expect("it was just added")
    }
}
