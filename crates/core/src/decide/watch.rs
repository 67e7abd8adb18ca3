//! Whether a page is known to exist, and when operators are told that it is not.

use super::Decider;
use crate::{Change, Incident, Link, Record, Role, Status, SystemName, Timestamp, Urgency, Watch};

/// How long after an event was taken its incident is first looked for, in milliseconds: making it takes the far side a
/// moment.
const CONFIRM_AFTER_MS: i64 = 5_000;

impl Incident {
    /// Whether it must page and is not known to have done so.
    #[must_use]
    pub fn is_unpaged(&self) -> bool {
        let pages = self.content.as_ref().is_some_and(|c| c.urgency == Urgency::High);
        pages
            && self.status == Status::Triggered
            && self.discarded.is_none()
            && self.quarantined.is_none()
            && self.links.iter().skip(1).any(|l| !self.confirms(l))
    }

    /// Whether nothing is left to be known of this link for a page to exist.
    fn confirms(&self, link: &Link) -> bool {
        let absent = matches!(link.record, Record::Absent);
        match link.role {
            Role::Source | Role::Operator | Role::Post => true,
            Role::Confirm => !absent,
            // Where something confirms what events make, that alone counts.
            Role::Events if self.links.iter().any(|l| l.role == Role::Confirm) => true,
            Role::Events => !absent && !link.renew,
            Role::Record => !absent || link.want.is_none_or(|want| want == Status::Resolved),
        }
    }

    /// When operators are to be told of it, and why; `None` when there is nothing to tell.
    fn alarm(&self, watch: &Watch, now: Timestamp) -> Option<(Timestamp, String)> {
        let parked = self.links.iter().find(|l| l.role != Role::Operator && l.park.is_some());
        if let Some((link, park)) = parked.and_then(|l| l.park.as_ref().map(|park| (l, park))) {
            return Some((now, format!("a delivery to {} waits for you: {}", link.system, park.reason)));
        }
        let within_s = watch.within_ms / 1_000;
        let reason = || format!("no page is known to exist {within_s} s after it was accepted");
        (within_s > 0 && self.is_unpaged()).then(|| (self.opened_at.plus_ms(watch.within_ms), reason()))
    }
}

impl Decider<'_> {
    /// Has the incident looked for that the far side makes of an event, for as long as it is not known to exist.
    pub(super) fn expect(&mut self) {
        let Some(link) = self.incident.links.iter().find(|l| l.role == Role::Confirm) else { return };
        let (system, expected) = (link.system.clone(), link.expected);
        if !matches!(link.record, Record::Absent) {
            return;
        }
        let sent = |l: &Link| l.role == Role::Events && matches!(l.record, Record::Present { .. }) && !l.renew;
        let wanted = self.incident.is_unpaged() && self.incident.links.iter().any(sent);
        if wanted != expected {
            let not_before = wanted.then(|| self.now.plus_ms(CONFIRM_AFTER_MS));
            self.push(Change::Expected { system, not_before });
        }
    }

    /// Has operators told when it is time.
    pub(super) fn watch(&mut self) {
        let Some(watch) = self.bridge().and_then(|b| b.watch.as_ref()) else { return };
        let Some(link) = self.link(&watch.operator) else { return };
        let system = watch.operator.clone();
        let (wanted, told) = (link.want == Some(Status::Triggered), link.known == Some(Status::Triggered));
        match self.incident.alarm(watch, self.now) {
            None if wanted => self.push(calm(system, &self.incident)),
            None => {}
            Some((until, reason)) if !wanted => self.push(Change::Watched { system, until, reason }),
            Some((_, reason)) if told && !link.refresh => {
                self.push(Change::Watched { system, until: self.now.plus_ms(watch.remind_ms), reason });
            }
            // A dead letter does not wait for the deadline.
            Some((until, reason)) if !told && link.attempts == 0 && until < link.not_before => {
                self.push(Change::Watched { system, until, reason });
            }
            Some(_) => {}
        }
    }
}

fn calm(system: SystemName, incident: &Incident) -> Change {
    let pages = incident.content.as_ref().is_some_and(|c| c.urgency == Urgency::High);
    let by = match incident.status {
        Status::Triggered if pages => "the page is known to exist now",
        Status::Triggered => "no delivery waits for you any more",
        Status::Acknowledged => "somebody has taken it",
        Status::Resolved => "it is over",
    };
    Change::Wanted { system, status: Some(Status::Resolved), by: Some(by.to_owned()) }
}
