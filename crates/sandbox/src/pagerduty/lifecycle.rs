//! What can happen to an incident, whoever asks for it: each step changes it, logs it and tells the subscribers.
//!
//! The callers have checked that the step is allowed; these functions do it.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::model::{
    Actor, Alert, ChannelKind, Client, ConferenceBridge, Incident, IncidentIx, LogEntry, LogKind, Note, PolicyIx,
    PriorityIx, ServiceIx, Status, Urgency, UserIx,
};
use super::state::State;

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

impl State {
    pub(crate) fn open_incident(&mut self, opening: Opening, by: Actor, now: Timestamp) -> IncidentIx {
        let assignments = match opening.assignee {
            Some(user) => vec![(now, user)],
            None => self.assigned(opening.policy, 0, now),
        };
        let incident = Incident {
            id: self.random.long_id("Q"),
            title: opening.title,
            details: opening.details,
            key: opening.key,
            service: opening.service,
            policy: opening.policy,
            level: 0,
            urgency: opening.urgency,
            priority: opening.priority,
            status: Status::Triggered,
            created_at: now,
            updated_at: now,
            status_at: now,
            status_by: by,
            assignments,
            direct: opening.assignee.is_some(),
            acknowledgements: Vec::new(),
            resolved_at: None,
            reopened_at: None,
            merged_into: None,
            snoozed_until: None,
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
        self.log(ix, LogKind::Trigger, by, now);
        self.tell(ix, "incident.triggered", by, now);
        if let (Some(assignee), Actor::User(user)) = (opening.assignee, by)
            && assignee == user
        {
            // Somebody who opens an incident for themself needs no page.
            self.acknowledge(ix, by, now);
        }
        ix
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
        self.log(ix, LogKind::Acknowledge, by, now);
        self.tell(ix, "incident.acknowledged", by, now);
    }

    /// Takes an acknowledged incident back to triggered.
    pub(crate) fn unacknowledge(&mut self, ix: IncidentIx, by: Actor, now: Timestamp) {
        self.enter(ix, Status::Triggered, by, now);
        self.log(ix, LogKind::Unacknowledge, by, now);
        self.tell(ix, "incident.unacknowledged", by, now);
    }

    pub(crate) fn resolve(&mut self, ix: IncidentIx, by: Actor, resolution: Option<&str>, now: Timestamp) {
        let incident = self.incident_mut(ix);
        incident.alerts.iter_mut().for_each(|alert| alert.open = false);
        incident.assignments.clear();
        incident.resolved_at = Some(now);
        self.enter(ix, Status::Resolved, by, now);
        self.log(ix, LogKind::Resolve, by, now);
        let resolution = resolution.filter(|text| !text.is_empty());
        if let Some(entry) = self.incident_mut(ix).log.last_mut() {
            entry.note = resolution.map(str::to_owned);
        }
        self.tell(ix, "incident.resolved", by, now);
        if let (Some(text), Actor::User(user)) = (resolution, by) {
            self.annotate(ix, user, format!("Resolution Note: {text}"), now);
        }
    }

    /// Takes a resolved incident back to triggered and assigns it by its policy.
    pub(crate) fn reopen(&mut self, ix: IncidentIx, by: Actor, now: Timestamp) {
        let policy = self.incident(ix).policy;
        let assignments = self.assigned(policy, 0, now);
        let incident = self.incident_mut(ix);
        incident.assignments = assignments;
        incident.level = 0;
        incident.direct = false;
        incident.resolved_at = None;
        incident.reopened_at = Some(now);
        incident.merged_into = None;
        self.enter(ix, Status::Triggered, by, now);
        self.log(ix, LogKind::Trigger, by, now);
        self.tell(ix, "incident.reopened", by, now);
    }

    pub(crate) fn annotate(&mut self, ix: IncidentIx, by: UserIx, content: String, now: Timestamp) -> Note {
        let note = Note { id: self.random.long_id("N"), by, content, created_at: now, updated_at: now };
        let incident = self.incident_mut(ix);
        incident.notes.push(note.clone());
        incident.updated_at = now;
        self.log(ix, LogKind::Annotate, Actor::User(by), now);
        if let Some(entry) = self.incident_mut(ix).log.last_mut() {
            entry.note = Some(note.content.clone());
        }
        self.tell_note(ix, &note, now);
        note
    }

    /// Gives an open incident to users; what was acknowledged is triggered again.
    pub(crate) fn reassign(&mut self, ix: IncidentIx, users: &[UserIx], by: Actor, now: Timestamp) {
        self.release(ix, by, now);
        let incident = self.incident_mut(ix);
        incident.assignments = users.iter().map(|user| (now, *user)).collect();
        incident.direct = true;
        incident.updated_at = now;
        self.log(ix, LogKind::Assign, by, now);
        self.tell(ix, "incident.reassigned", by, now);
    }

    /// Gives an open incident to a policy from its first level; what was acknowledged is triggered again.
    pub(crate) fn delegate(&mut self, ix: IncidentIx, policy: PolicyIx, by: Actor, now: Timestamp) {
        self.release(ix, by, now);
        let assignments = self.assigned(policy, 0, now);
        let incident = self.incident_mut(ix);
        let moved = incident.policy != policy;
        incident.policy = policy;
        incident.level = 0;
        incident.assignments = assignments;
        incident.direct = false;
        incident.updated_at = now;
        self.log(ix, if moved { LogKind::Delegate } else { LogKind::Assign }, by, now);
        self.tell(ix, if moved { "incident.delegated" } else { "incident.reassigned" }, by, now);
    }

    /// Moves an open incident to a level of its policy.
    pub(crate) fn escalate(&mut self, ix: IncidentIx, level: usize, by: Actor, now: Timestamp) {
        self.release(ix, by, now);
        let policy = self.incident(ix).policy;
        let assignments = self.assigned(policy, level, now);
        let incident = self.incident_mut(ix);
        incident.level = level;
        incident.assignments = assignments;
        incident.direct = false;
        incident.updated_at = now;
        self.log(ix, LogKind::Escalate, by, now);
        self.tell(ix, "incident.escalated", by, now);
    }

    pub(crate) fn set_priority(&mut self, ix: IncidentIx, priority: PriorityIx, by: Actor, now: Timestamp) {
        let incident = self.incident_mut(ix);
        if incident.priority == Some(priority) {
            return;
        }
        incident.priority = Some(priority);
        incident.updated_at = now;
        self.log(ix, LogKind::FieldValueChange, by, now);
        self.tell(ix, "incident.priority_updated", by, now);
    }

    /// Keeps an acknowledged incident quiet until a time.
    pub(crate) fn snooze(&mut self, ix: IncidentIx, until: Timestamp, by: Actor, now: Timestamp) {
        let incident = self.incident_mut(ix);
        incident.snoozed_until = Some(until);
        incident.updated_at = now;
        self.snoozed.insert(ix);
        self.log(ix, LogKind::Snooze, by, now);
    }

    /// Moves the sources' alerts to the target and resolves the sources with that reason.
    pub(crate) fn merge(&mut self, target: IncidentIx, sources: &[IncidentIx], by: Actor, now: Timestamp) {
        for &source in sources {
            let alerts = std::mem::take(&mut self.incident_mut(source).alerts);
            for alert in &alerts {
                self.file_key(&alert.key, target);
                self.move_alert(source, target, &alert.key);
            }
            self.incident_mut(target).alerts.extend(alerts);
            self.incident_mut(source).merged_into = Some(target);
            if self.incident(source).is_open() {
                self.resolve(source, by, None, now);
            }
        }
        self.incident_mut(target).updated_at = now;
    }

    /// Wakes the snoozed incidents whose time has come.
    pub(crate) fn wake_snoozed(&mut self, now: Timestamp) {
        let due: Vec<IncidentIx> = self.snoozed.iter().copied().filter(|ix| self.snooze_over(*ix, now)).collect();
        for ix in due {
            self.unacknowledge(ix, Actor::Automation, now);
        }
    }

    fn snooze_over(&self, ix: IncidentIx, now: Timestamp) -> bool {
        self.incident(ix).snoozed_until.is_some_and(|until| until <= now)
    }

    /// Tells when `wake_snoozed` next has something to do.
    pub(crate) fn next_wake(&self) -> Option<Timestamp> {
        self.snoozed.iter().filter_map(|ix| self.incident(*ix).snoozed_until).min()
    }

    fn release(&mut self, ix: IncidentIx, by: Actor, now: Timestamp) {
        if self.incident(ix).status == Status::Acknowledged {
            self.unacknowledge(ix, by, now);
        }
    }

    fn enter(&mut self, ix: IncidentIx, status: Status, by: Actor, now: Timestamp) {
        let incident = self.incident_mut(ix);
        if status != Status::Acknowledged {
            incident.acknowledgements.clear();
        }
        incident.snoozed_until = None;
        incident.status = status;
        incident.status_at = now;
        incident.status_by = by;
        incident.updated_at = now;
        self.snoozed.remove(&ix);
        if status == Status::Resolved {
            self.open.remove(&ix);
        } else {
            self.open.insert(ix);
        }
    }

    /// Lists whom a level of a policy gives an incident to: whoever is on call there, or at the next level with anybody.
    fn assigned(&self, policy: PolicyIx, level: usize, now: Timestamp) -> Vec<(Timestamp, UserIx)> {
        let rules = &self.policy(policy).rules;
        let level = level.min(rules.len().saturating_sub(1));
        let (_, users) = self.on_call_from(rules, level, now).unwrap_or_default();
        users.into_iter().map(|user| (now, user)).collect()
    }

    fn move_alert(&mut self, from: IncidentIx, to: IncidentIx, key: &str) {
        let routes = self.by_alert.iter_mut().filter(|((_, dedup), ix)| dedup == key && **ix == from);
        routes.for_each(|(_, ix)| *ix = to);
    }

    pub(crate) fn log(&mut self, ix: IncidentIx, kind: LogKind, by: Actor, now: Timestamp) {
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
        self.incident_mut(ix).log.push(entry);
    }

    fn assignees(&self, ix: IncidentIx) -> Vec<UserIx> {
        self.incident(ix).assignments.iter().map(|(_, user)| *user).collect()
    }
}
