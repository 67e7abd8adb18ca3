//! What a person orders about a record that is also read: its other records follow at once, whatever the rules say, and
//! its own is left as it is.

use super::Decider;
use crate::{Change, Event, EventAction, Opening, Record, RecordId, RecordRef, Role, Status, SystemName};

impl Decider<'_> {
    pub(super) fn hear_order(&mut self, system: &SystemName, event: &Event) {
        let alerts: Vec<SystemName> =
            self.incident.links.iter().filter(|l| l.role == Role::Events).map(|l| l.system.clone()).collect();
        if self.incident.content.is_none() {
            self.open(system, &Opening { content: event.content.clone(), status: None }, None);
        } else if event.action == EventAction::Trigger && self.incident.status == Status::Resolved {
            self.push(Change::Recurred { content: event.content.clone() });
            self.push(Change::Status { status: Status::Triggered });
            self.renew(alerts);
            return;
        } else if event.action == EventAction::Trigger {
            self.push(Change::Retold { content: event.content.clone() });
        }
        let status = match event.action {
            EventAction::Trigger => None,
            EventAction::Acknowledge => Some(Status::Acknowledged),
            EventAction::Resolve => Some(Status::Resolved),
        };
        if let Some(status) = status.filter(|status| self.incident.status != *status) {
            self.push(Change::Status { status });
        }
        for alert in alerts {
            self.order(alert, status);
        }
    }

    /// Tells one alert again, or brings it to `status`, which may be an alert that was sent before we knew of it.
    fn order(&mut self, system: SystemName, status: Option<Status>) {
        let Some(link) = self.link(&system) else { return };
        let (absent, want, known) = (matches!(link.record, Record::Absent), link.want, link.known);
        let Some(status) = status else {
            if absent && want.is_none() {
                self.push(Change::Wanted { system, status: Some(Status::Triggered), by: None });
            } else if !absent && !link.refresh {
                self.push(Change::RefreshWanted { system });
            }
            return;
        };
        if absent {
            let record = RecordRef { id: RecordId(link.create_key.clone()), url: None };
            self.push(Change::RecordFound { system: system.clone(), record });
        }
        // Said once more, it is sent once more: the person may know better than we do.
        if known == Some(status) {
            self.push(Change::Known { system: system.clone(), status: Status::Triggered, remote_at: None });
        }
        if want != Some(status) {
            self.push(Change::Wanted { system, status: Some(status), by: None });
        }
    }
}
