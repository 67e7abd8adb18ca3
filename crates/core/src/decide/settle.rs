//! What follows from the end of an attempt.

use super::{Decider, MISSES_MAX};
use crate::plan::{plan, same_aim};
use crate::{
    Change, Doubt, Link, NoteId, Outcome, Park, Record, RecordRef, Role, Scope, Status, Step, SystemName, Timestamp,
};

/// How often a far side may agree to a status without taking it, before a person is asked.
const AGREED_MAX: u32 = 8;

/// Whether an alert that is told by events was ended at the far side by somebody else.
fn ended_by_somebody(link: &Link) -> bool {
    link.role == Role::Events && link.known == Some(Status::Resolved) && !link.renew
}

/// The answer of a far side that holds what we wanted.
struct Held<'o> {
    record: Option<&'o RecordRef>,
    status: Option<Status>,
    status_at: Option<Timestamp>,
    note: Option<&'o str>,
}

impl Decider<'_> {
    pub(super) fn settle(
        &mut self,
        system: &SystemName,
        number: u32,
        step: Option<&Step>,
        started_at: Timestamp,
        outcome: &Outcome,
    ) {
        let Some(link) = self.link(system) else {
            return;
        };
        if link.role == Role::Confirm && started_at <= self.incident.opened_at {
            // It began before the incident began again, so what it found may be the record of the life before. If one is
            // looked for, it is looked for once more.
            return;
        }
        match (outcome, step) {
            (Outcome::Read(reading), _) => self.read(system, reading, started_at),
            (Outcome::Delivered { record, status, status_at, note }, Some(step)) => {
                let held =
                    Held { record: record.as_ref(), status: *status, status_at: *status_at, note: note.as_deref() };
                self.delivered(system, number, step, started_at, &held);
            }
            (Outcome::NotApplied { wait_ms, scope, reason }, Some(step)) => {
                // While a whole system is away or asks for a pause, its breaker holds everything back. Were the deliveries
                // that happened to be tried then to wait by themselves as well, those that were not would overtake them:
                // a page behind a storm.
                let wait_ms = if *scope == Scope::System { Some(0) } else { *wait_ms };
                self.defer(system, number, Some(step), wait_ms, None, reason);
            }
            (Outcome::Unknown { reason }, Some(step)) => {
                let is_event = self.link(system).is_some_and(|l| l.role == Role::Events);
                if self.link(system).is_some_and(ended_by_somebody) {
                    self.doubt_the_end(system);
                }
                let doubt = match step {
                    Step::Create => Some(Doubt::Create),
                    // A trigger begins a new alert when somebody has resolved the one before.
                    Step::Update { .. } if is_event => Some(Doubt::Create),
                    Step::Find | Step::Update { .. } | Step::Mark => None,
                    Step::SetStatus { to, .. } => Some(Doubt::Status(*to)),
                    Step::AddNote(id) => Some(Doubt::Note(*id)),
                };
                self.defer(system, number, Some(step), None, doubt, reason);
                self.show_again(system);
            }
            (Outcome::Rejected { reason, remedy }, Some(step)) => {
                self.dead_letter(system, number, step, Park { reason: reason.clone(), remedy: remedy.clone() });
            }
            (Outcome::Missing, Some(step @ Step::Find)) if self.link(system).is_some_and(|l| l.expected) => {
                self.defer(system, number, Some(step), None, None, "there is no incident for it yet");
            }
            (Outcome::Missing, Some(Step::Find)) => self.push(Change::NotMade { system: system.clone() }),
            (Outcome::Missing, Some(step)) => {
                let park = Park {
                    reason: "the record does not exist any more".into(),
                    remedy: "nothing, if it was deleted on purpose; otherwise restore it and release".into(),
                };
                self.dead_letter(system, number, step, park);
            }
            (Outcome::Missing, None) => self.poll_missed(system, "it has no such record"),
            (Outcome::Rejected { reason, .. }, None) => self.poll_missed(system, reason),
            // A reading that failed is simply made again when it is next due; nothing was lost, so nothing is written.
            (_, None) => {}
        }
    }

    /// Somebody has resolved the alert while a trigger was under way, which may have begun a new one: what was resolved is
    /// to be over, so its end is told.
    fn doubt_the_end(&mut self, system: &SystemName) {
        self.push(Change::Known { system: system.clone(), status: Status::Triggered, remote_at: None });
    }

    fn delivered(&mut self, system: &SystemName, number: u32, step: &Step, started_at: Timestamp, held: &Held<'_>) {
        let Some(link) = self.link(system) else {
            return;
        };
        let current = link.step == number;
        let absent = matches!(link.record, Record::Absent);
        let ended = ended_by_somebody(link);
        // A webhook has told of another record meanwhile: what this one holds says nothing about that one.
        let another = link.record_id().zip(held.record).is_some_and(|(ours, found)| *ours != found.id);
        let overtaken = link.known.is_some() && link.known_at > started_at;
        if let Some(record) = held.record.filter(|_| absent) {
            self.push(Change::RecordFound { system: system.clone(), record: record.clone() });
            self.want_as_before(system);
        }
        let (status, note) = match step {
            Step::Create | Step::Find => (Some(held.status.unwrap_or(Status::Triggered)), None),
            Step::SetStatus { to, .. } => (Some(held.status.unwrap_or(*to)), None),
            Step::Update { .. } | Step::Mark => (None, None),
            Step::AddNote(id) => (None, Some(*id)),
        };
        if let (Step::SetStatus { to, .. }, Some(status)) = (step, held.status)
            && *to != status
        {
            self.not_as_asked(system, number, step, status);
            return;
        }
        // What a message shows is nobody's wish.
        let is_post = self.link(system).is_some_and(|l| l.role == Role::Post);
        match (step, status) {
            // What was made may have been taken, or ended, by someone before the answer came.
            (Step::Create | Step::Find, Some(status)) if !another && !is_post => {
                self.observe(system, status, None, held.status_at, Some(started_at));
            }
            (_, Some(status)) if !another => self.learn(system, status, held.status_at, overtaken),
            _ => {}
        }
        if ended && matches!(step, Step::Create | Step::Update { .. }) {
            self.doubt_the_end(system);
        }
        let set = match step {
            Step::SetStatus { to, .. } => Some(*to),
            _ => None,
        };
        // What was told while the attempt was under way is not in it.
        let told = match step {
            Step::Create => self.incident.told_at < started_at,
            Step::Update { retold } => *retold == self.incident.retold,
            Step::SetStatus { .. } | Step::Mark if is_post => self.incident.told_at < started_at,
            _ => false,
        };
        // A message is always written as a whole, which is as it should be unless something happened meanwhile.
        let is_whole = matches!(step, Step::Create | Step::SetStatus { .. } | Step::Update { .. });
        let named = is_post && is_whole && self.incident.changed_at <= started_at;
        if current || self.note_is_due(system, note) {
            self.push(Change::Delivered {
                system: system.clone(),
                step: number,
                what: step.describe(),
                note: note.map(|id| (id, held.note.map(str::to_owned))),
                status: set,
                told: told && self.link(system).is_some_and(|l| l.refresh),
                marked: *step == Step::Mark || named,
            });
        }
    }

    /// The far side answered well, and holds something else than it was asked to.
    fn not_as_asked(&mut self, system: &SystemName, number: u32, step: &Step, status: Status) {
        self.observe(system, status, None, None, None);
        let reason = format!("the far side agreed and holds {status} all the same");
        let Some(link) = self.link(system) else { return };
        if plan(link, false).is_none_or(|next| !same_aim(&next, step)) {
            return;
        }
        if link.attempts < AGREED_MAX {
            self.defer(system, number, Some(step), None, None, &reason);
        } else {
            let remedy = "set it by hand, or change the rule that wants it; then release".into();
            self.dead_letter(system, number, step, Park { reason, remedy });
        }
    }

    /// Takes the status that an attempt left behind, unless something newer is known; then the record is read.
    fn learn(&mut self, system: &SystemName, status: Status, remote_at: Option<Timestamp>, overtaken: bool) {
        let Some(link) = self.link(system) else {
            return;
        };
        if link.known == Some(status) {
            return;
        }
        if overtaken {
            self.push(Change::PollWanted { system: system.clone() });
        } else {
            self.push(Change::Known { system: system.clone(), status, remote_at });
        }
    }

    fn note_is_due(&self, system: &SystemName, note: Option<NoteId>) -> bool {
        note.is_some_and(|id| self.link(system).is_some_and(|l| l.notes_due.contains(&id)))
    }

    fn defer(
        &mut self,
        system: &SystemName,
        number: u32,
        step: Option<&Step>,
        wait_ms: Option<i64>,
        in_doubt: Option<Doubt>,
        reason: &str,
    ) {
        let Some(link) = self.link(system) else { return };
        // The attempt may be one at a step that something else has overtaken meanwhile: it says nothing about the
        // waits of what is due now, but what it may have left behind counts.
        let next = plan(link, false);
        let overtaken = step.zip(next.as_ref()).is_some_and(|(tried, next)| !same_aim(tried, next));
        let current = link.step == number && !overtaken;
        let attempt = if current { link.attempts + 1 } else { link.attempts };
        let wait = wait_ms.unwrap_or_else(|| self.bridges.backoff.wait_ms(attempt.max(1), self.seed(link)));
        let not_before = if current { self.now.plus_ms(wait) } else { link.not_before };
        let lands_ms = in_doubt.map_or(0, |_| self.bridges.backoff.unanswered_ms);
        self.push(Change::Deferred {
            system: system.clone(),
            step: number,
            attempt,
            not_before,
            in_doubt,
            doubt_until: if lands_ms > 0 { self.now.plus_ms(lands_ms) } else { Timestamp(0) },
            reason: reason.to_owned(),
        });
    }

    pub(super) fn lease_lost(&mut self, system: &SystemName) {
        let Some(link) = self.link(system) else {
            return;
        };
        let number = link.step;
        if ended_by_somebody(link) {
            self.doubt_the_end(system);
        }
        self.defer(system, number, None, None, Some(Doubt::Anything), "the worker did not come back");
        self.show_again(system);
    }

    /// A message that may show something else than we know is written anew, since nobody asks it.
    fn show_again(&mut self, system: &SystemName) {
        let is_there = |l: &Link| l.role == Role::Post && matches!(l.record, Record::Present { .. }) && !l.refresh;
        if self.link(system).is_some_and(is_there) {
            self.push(Change::RefreshWanted { system: system.clone() });
        }
    }

    fn dead_letter(&mut self, system: &SystemName, number: u32, step: &Step, park: Park) {
        if self.link(system).is_none_or(|l| l.step != number) {
            return;
        }
        let (system, what) = (system.clone(), step.describe());
        let is_described = self.link(&system).is_some_and(|l| l.role.is_described());
        let note = match step {
            // Statuses and notes do not wait for what only describes the record.
            Step::Mark | Step::Update { .. } if is_described => {
                self.push(Change::Skipped { system, step: number, what, park });
                return;
            }
            Step::AddNote(id) => Some(*id),
            _ => None,
        };
        self.push(Change::DeadLettered { system, step: number, what, note, park });
    }

    /// A record that is not there, or cannot be asked for, is given up after a few readings.
    fn poll_missed(&mut self, system: &SystemName, answer: &str) {
        let Some(link) = self.link(system) else {
            return;
        };
        let misses = link.poll_misses + 1;
        if misses < MISSES_MAX {
            let not_before = self.now.plus_ms(self.bridges.backoff.wait_ms(misses + 2, self.seed(link)));
            self.push(Change::PollMissed { system: system.clone(), misses, not_before });
        } else if self.incident.content.is_none() {
            // The reading that was wanted is over, or it would be made for ever.
            self.push(Change::Polled { system: system.clone() });
            self.push(Change::Discarded { reason: format!("{system} answered {misses} times: {answer}") });
        } else {
            let reason = format!("{system} answered {misses} times: {answer}");
            self.push(Change::PollStopped { system: system.clone(), reason });
        }
    }

    fn seed(&self, link: &Link) -> u64 {
        self.incident.id.0.unsigned_abs().wrapping_mul(31).wrapping_add(u64::from(link.step))
    }
}
