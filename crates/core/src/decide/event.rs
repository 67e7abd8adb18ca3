//! Events about an alert that its sender names by a key.
//!
//! | event | alert not known | open | over |
//! | --- | --- | --- | --- |
//! | trigger | opens an incident | is told again | begins again |
//! | acknowledge, resolve | passed on as it is: the sender may have spoken to the far side directly before | followed | nothing |

use super::Decider;
use crate::{
    Actor, Change, ChangeKind, Content, Event, EventAction, Opening, RecordId, RecordRef, Role, Status, SystemName,
};

impl Decider<'_> {
    pub(super) fn hear_event(&mut self, system: &SystemName, event: &Event, actor: Option<&Actor>) {
        if self.link(system).is_some_and(|l| l.role == Role::Record) {
            self.hear_order(system, event);
            return;
        }
        let known = self.incident.content.is_some();
        match (event.action, known, self.incident.status) {
            (EventAction::Trigger, false, _) => {
                let opening = Opening { content: event.content.clone(), status: None };
                self.open(system, &opening, None);
            }
            (EventAction::Trigger, true, Status::Resolved) => self.begin_again(system, &event.content),
            (EventAction::Trigger, true, _) => self.tell_again(system, &event.content),
            (EventAction::Acknowledge, false, _) => self.adopt(system, &event.content, Status::Acknowledged),
            (EventAction::Resolve, false, _) => self.adopt(system, &event.content, Status::Resolved),
            (EventAction::Acknowledge, true, Status::Triggered) => self.move_to(system, Status::Acknowledged, actor),
            (EventAction::Resolve, true, Status::Triggered | Status::Acknowledged) => {
                self.move_to(system, Status::Resolved, actor);
            }
            (EventAction::Acknowledge | EventAction::Resolve, true, _) => {}
        }
    }

    /// The sender itself says where its alert stands, so that counts whatever its link was known to hold.
    fn move_to(&mut self, system: &SystemName, status: Status, actor: Option<&Actor>) {
        let from = self.incident.status;
        self.hold(system, status);
        self.propagate(system, from, status, actor);
    }

    fn hold(&mut self, system: &SystemName, status: Status) {
        let Some(link) = self.link(system) else { return };
        let (known, want) = (link.known, link.want);
        if known != Some(status) {
            self.push(Change::Known { system: system.clone(), status, remote_at: None });
        }
        if want != Some(status) {
            self.push(Change::Wanted { system: system.clone(), status: Some(status), by: None });
        }
    }

    pub(super) fn tell_again(&mut self, system: &SystemName, content: &Content) {
        self.push(Change::Retold { content: content.clone() });
        for other in self.others_with(system, ChangeKind::Updated) {
            if self.link(&other).is_some_and(|l| !l.refresh) {
                self.push(Change::RefreshWanted { system: other });
            }
        }
    }

    fn begin_again(&mut self, system: &SystemName, content: &Content) {
        self.push(Change::Recurred { content: content.clone() });
        self.push(Change::Status { status: Status::Triggered });
        self.hold(system, Status::Triggered);
        let others = self.others_with(system, ChangeKind::Created);
        self.renew(others);
    }

    /// Has these alerts made anew, the incidents looked for that confirm them, and those shown by messages of their own.
    pub(super) fn renew(&mut self, others: Vec<SystemName>) {
        for other in others {
            self.push(Change::Renewed { system: other });
        }
        let confirms = |l: &&crate::Link| matches!(l.role, Role::Confirm | Role::Post);
        let confirming: Vec<_> = self.incident.links.iter().filter(confirms).map(|l| l.system.clone()).collect();
        for other in confirming {
            self.push(Change::Renewed { system: other });
        }
    }

    /// The alert is one that the far side has and we have not seen: what is wanted of it is passed on all the same.
    fn adopt(&mut self, system: &SystemName, content: &Content, status: Status) {
        self.push(Change::Opened { content: content.clone() });
        self.hold(system, status);
        self.push(Change::Status { status });
        for other in self.others_with(system, ChangeKind::Created) {
            let Some(link) = self.link(&other) else { continue };
            let record = RecordRef { id: RecordId(link.create_key.clone()), url: None };
            self.push(Change::RecordFound { system: other.clone(), record });
            self.push(Change::Wanted { system: other, status: Some(status), by: None });
        }
    }

    pub(super) fn others_with(&self, system: &SystemName, kind: ChangeKind) -> Vec<SystemName> {
        let Some(bridge) = self.bridge() else { return Vec::new() };
        self.others(system).into_iter().filter(|other| bridge.cell(system, other, kind).status).collect()
    }
}
