//! Who is asked next, and how they are notified.

use jiff::Timestamp;
use serde_json::json;

use super::model::{
    Actor, Channel, ChannelKind, ContactKind, ContactMethod, IncidentIx, LogKind, Notice, Notification,
    NotificationKind, Path, PolicyIx, UserIx,
};
use super::state::State;
use crate::clock::after;

const MINUTE_MS: u64 = 60_000;

impl State {
    /// Copies an escalation policy for an incident: later changes of the policy do not reach it.
    pub(crate) fn path_of(&self, policy: PolicyIx) -> Path {
        let policy = self.policy(policy);
        Path { rules: policy.rules.clone(), loops_left: policy.num_loops }
    }

    /// Tells whether a policy has anybody to ask at any level.
    pub(crate) fn is_staffed(&self, policy: PolicyIx, now: Timestamp) -> bool {
        self.on_call_from(&self.policy(policy).rules, 0, now).is_some()
    }

    /// Gives an incident to whoever is on call at a level of its path, or at the next level with anybody; returns
    /// whether there is anybody.
    pub(crate) fn assign_level(&mut self, ix: IncidentIx, level: usize, now: Timestamp) -> bool {
        let found = self.on_call_from(&self.incident(ix).path.rules, level, now);
        let Some((level, users)) = found else {
            return false;
        };
        let incident = self.incident_mut(ix);
        incident.level = level;
        incident.direct = false;
        incident.assignments = users.into_iter().map(|user| (now, user)).collect();
        true
    }

    /// Escalates when the delay of a level is over: to the next level, else to the first while there are loops left.
    pub(crate) fn escalate_by_itself(&mut self, ix: IncidentIx, at: Timestamp) {
        let incident = self.incident_mut(ix);
        incident.timers.escalate_at = None;
        let next = incident.level + 1;
        if self.assign_level(ix, next, at) {
            self.escalated(ix, Actor::Automation, at);
            return;
        }
        if self.incident(ix).path.loops_left == 0 {
            self.log(ix, LogKind::ExhaustEscalationPath, Actor::Automation, at);
            return;
        }
        self.incident_mut(ix).path.loops_left -= 1;
        self.log(ix, LogKind::RepeatEscalationPath, Actor::Automation, at);
        if self.assign_level(ix, 0, at) {
            self.escalated(ix, Actor::Automation, at);
        }
    }

    /// Logs and tells that an incident is at another level now, and starts the level's delay.
    pub(crate) fn escalated(&mut self, ix: IncidentIx, by: Actor, now: Timestamp) {
        self.incident_mut(ix).updated_at = now;
        self.log(ix, LogKind::Escalate, by, now);
        self.start_level(ix, now);
        self.notify_assignees(ix, now);
        self.tell(ix, "incident.escalated", by, now);
    }

    /// Tells whether an escalation to come has somewhere to go, as its path says now.
    pub(crate) fn has_next_level(&self, ix: IncidentIx) -> bool {
        let incident = self.incident(ix);
        incident.path.loops_left > 0 || incident.level + 1 < incident.path.rules.len()
    }

    /// Notifies the assignees by their own rules, in place of whatever notifications were still to come.
    pub(crate) fn notify_assignees(&mut self, ix: IncidentIx, now: Timestamp) {
        let incident = self.incident(ix);
        let mut notices = Vec::new();
        for (_, user) in &incident.assignments {
            let rules = self.user(*user).notification_rules.iter().filter(|rule| rule.urgency == incident.urgency);
            notices.extend(rules.map(|rule| Notice {
                at: after(now, u64::from(rule.delay_minutes) * MINUTE_MS),
                user: *user,
                contact_method: rule.contact_method.clone(),
            }));
        }
        self.incident_mut(ix).notices = notices;
        self.notify_due(ix, now);
    }

    /// Sends the notifications whose time has come.
    pub(crate) fn notify_due(&mut self, ix: IncidentIx, at: Timestamp) {
        let notices = std::mem::take(&mut self.incident_mut(ix).notices);
        let (due, later) = notices.into_iter().partition(|notice| notice.at <= at);
        self.incident_mut(ix).notices = later;
        let due: Vec<Notice> = due;
        for notice in due {
            self.notify(ix, &notice, at);
        }
    }

    fn notify(&mut self, ix: IncidentIx, notice: &Notice, at: Timestamp) {
        let methods = &self.user(notice.user).contact_methods;
        // The contact method may have been removed since the incident was assigned, or was never verified.
        let reaches = |method: &&ContactMethod| method.enabled && !method.blacklisted;
        let Some(method) = methods.iter().find(|method| method.id == notice.contact_method).filter(reaches) else {
            return;
        };
        let (kind, channel, word) = way_of(method.kind);
        let address = method.address.clone();
        let details = json!({"notification": {"type": word, "address": address, "status": "success"}});
        let id = self.random.short_id();
        self.notifications.push(Notification { id, kind, at, address, user: notice.user, incident: ix });
        let entry = self.log(ix, LogKind::Notify, Actor::Automation, at);
        entry.user = Some(notice.user);
        entry.channel = Channel { kind: channel, details };
    }

    /// Lists whom an incident is assigned to.
    pub(crate) fn assignees(&self, ix: IncidentIx) -> Vec<UserIx> {
        self.incident(ix).assignments.iter().map(|(_, user)| *user).collect()
    }
}

fn way_of(kind: ContactKind) -> (NotificationKind, ChannelKind, &'static str) {
    match kind {
        ContactKind::Email => (NotificationKind::Email, ChannelKind::Email, "email"),
        ContactKind::Phone => (NotificationKind::Phone, ChannelKind::Phone, "phone"),
        // A WhatsApp message has no kind of its own among the notifications.
        ContactKind::Sms | ContactKind::WhatsApp => (NotificationKind::Sms, ChannelKind::Sms, "sms"),
        ContactKind::Push => (NotificationKind::Push, ChannelKind::Mobile, "push_notification"),
    }
}
