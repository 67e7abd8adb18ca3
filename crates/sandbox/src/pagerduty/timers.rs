//! What happens to incidents by itself: escalations, time-outs, ends of snoozes, urgency, notifications.
//!
//! Everything that is due happens before anybody sees or changes the state, each thing at its own time, in order: it makes
//! no difference whether the clock ran or was advanced by a day at once.

use jiff::{SignedDuration, Timestamp, ToSpan};
use serde_json::Value;

use super::model::{Actor, Incident, IncidentIx, LogKind, Service, SupportHours, Urgency};
use super::state::State;
use crate::clock::after;

/// Support hours repeat every week; an eighth day finds the boundary that was just passed.
const DAYS_AHEAD: i64 = 8;
const SECOND_MS: u64 = 1_000;
const MINUTE_MS: u64 = 60_000;

impl Incident {
    /// Tells when the next thing happens to it by itself.
    fn next_due(&self) -> Option<Timestamp> {
        let timers = &self.timers;
        let fixed =
            [self.snoozed_until, timers.escalate_at, timers.unacknowledge_at, timers.resolve_at, timers.urgent_at];
        let notices = self.notices.iter().map(|notice| notice.at);
        fixed.into_iter().flatten().chain(notices).min()
    }
}

impl State {
    /// Tells when something is next due.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        self.due.first().map(|(at, _)| *at)
    }

    /// Lets everything happen that is due by now.
    pub(crate) fn run_due(&mut self, now: Timestamp) {
        while let Some((at, ix)) = self.due.first().copied().filter(|(at, _)| *at <= now) {
            self.now = at;
            self.fire(ix, at);
            self.arm(ix);
        }
        self.now = now;
    }

    /// Files an incident under the time at which something next happens to it.
    pub(crate) fn arm(&mut self, ix: IncidentIx) {
        let incident = &mut self.incidents[ix.0];
        let next = incident.next_due();
        if incident.timers.armed_at == next {
            return;
        }
        let before = std::mem::replace(&mut incident.timers.armed_at, next);
        if let Some(at) = before {
            self.due.remove(&(at, ix));
        }
        if let Some(at) = next {
            self.due.insert((at, ix));
        }
    }

    /// Does the one thing that is due; each branch clears or moves its timer.
    fn fire(&mut self, ix: IncidentIx, at: Timestamp) {
        let incident = self.incident(ix);
        let is_due = |timer: Option<Timestamp>| timer.is_some_and(|due| due <= at);
        let timers = incident.timers;
        if is_due(timers.resolve_at) {
            self.resolve(ix, Actor::Automation, None, at);
        } else if is_due(incident.snoozed_until) || is_due(timers.unacknowledge_at) {
            self.unacknowledge(ix, Actor::Automation, at);
        } else if is_due(timers.escalate_at) {
            self.escalate_by_itself(ix, at);
        } else if is_due(timers.urgent_at) {
            self.incident_mut(ix).timers.urgent_at = None;
            self.become_urgent(ix, at);
        } else {
            self.notify_due(ix, at);
        }
    }

    /// Starts the time-outs of an incident that was opened or reopened.
    pub(crate) fn start_timers(&mut self, ix: IncidentIx, now: Timestamp) {
        let service = self.service(self.incident(ix).service);
        let resolve_at = service.auto_resolve_seconds.map(|seconds| after(now, u64::from(seconds) * SECOND_MS));
        let urgent_at = (self.incident(ix).urgency == Urgency::Low).then(|| urgent_at(service, now)).flatten();
        let timers = &mut self.incident_mut(ix).timers;
        timers.resolve_at = resolve_at;
        timers.urgent_at = urgent_at;
    }

    /// Starts the time after which an acknowledgement is taken back.
    pub(crate) fn start_acknowledgement(&mut self, ix: IncidentIx, now: Timestamp) {
        let seconds = self.service(self.incident(ix).service).acknowledgement_seconds;
        let until = seconds.map(|seconds| after(now, u64::from(seconds) * SECOND_MS));
        self.incident_mut(ix).timers.unacknowledge_at = until;
    }

    /// Starts the delay of the level that the incident is at; what was given to users directly does not escalate.
    pub(crate) fn start_level(&mut self, ix: IncidentIx, now: Timestamp) {
        let incident = self.incident_mut(ix);
        let rule = incident.path.rules.get(incident.level).filter(|_| !incident.direct);
        incident.timers.escalate_at = rule.map(|rule| after(now, u64::from(rule.delay_minutes) * MINUTE_MS));
    }

    fn become_urgent(&mut self, ix: IncidentIx, at: Timestamp) {
        let incident = self.incident_mut(ix);
        incident.urgency = Urgency::High;
        incident.updated_at = at;
        self.log(ix, LogKind::UrgencyChange, Actor::Automation, at);
        if self.incident(ix).is_triggered() {
            self.notify_assignees(ix, at);
        }
    }
}

/// Tells when open incidents of low urgency become urgent by the service's scheduled actions.
fn urgent_at(service: &Service, now: Timestamp) -> Option<Timestamp> {
    let hours = service.support_hours.as_ref()?;
    let raises = |action: &&Value| action["type"] == "urgency_change" && action["to_urgency"] == "high";
    let boundaries =
        service.scheduled_actions.iter().filter(raises).filter_map(|action| match action["at"]["name"].as_str() {
            Some("support_hours_start") => next_boundary(hours, Boundary::Start, now),
            Some("support_hours_end") => next_boundary(hours, Boundary::End, now),
            _ => None,
        });
    boundaries.min()
}

#[derive(Clone, Copy)]
enum Boundary {
    Start,
    End,
}

/// Finds the first start or end of the support hours after a time.
fn next_boundary(hours: &SupportHours, boundary: Boundary, now: Timestamp) -> Option<Timestamp> {
    let local = now.to_zoned(hours.zone());
    let time = match boundary {
        Boundary::Start => hours.start,
        Boundary::End => hours.end,
    };
    let on_day = |days: i64| {
        let date = local.date().checked_add(days.days()).ok()?;
        let works = hours.days.contains(&date.weekday().to_monday_one_offset());
        let at = date.to_datetime(time).to_zoned(hours.zone()).ok()?.timestamp();
        (works && at.duration_since(now) > SignedDuration::ZERO).then_some(at)
    };
    (0..=DAYS_AHEAD).find_map(on_day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a literal")
    }

    #[test]
    fn support_hours_begin_and_end_by_the_wall_clock() {
        let hours = SupportHours {
            time_zone: "Europe/Berlin".to_owned(),
            days: vec![1, 2, 3, 4, 5],
            start: jiff::civil::time(9, 0, 0, 0),
            end: jiff::civil::time(17, 0, 0, 0),
        };
        // Friday before the change to summer time.
        let next = |boundary, from| next_boundary(&hours, boundary, at(from)).map(|at| at.to_string());
        assert_eq!(next(Boundary::Start, "2026-03-27T07:59:59Z").as_deref(), Some("2026-03-27T08:00:00Z"));
        assert_eq!(next(Boundary::Start, "2026-03-27T08:00:00Z").as_deref(), Some("2026-03-30T07:00:00Z"));
        assert_eq!(next(Boundary::End, "2026-03-27T08:00:00Z").as_deref(), Some("2026-03-27T16:00:00Z"));
    }
}
