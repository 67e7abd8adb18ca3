//! What follows when a system's record is seen to hold a status.

use super::Decider;
use crate::{Actor, Change, ChangeKind, Record, Role, Status, SystemName, Timestamp};

impl Decider<'_> {
    /// A system tells, or a reading shows, that its record holds `status`.
    ///
    /// `read_since` is when the reading began: what was learned after that is newer than the reading. Where neither
    /// clock says what came last, the record is read.
    pub(crate) fn observe(
        &mut self,
        system: &SystemName,
        status: Status,
        actor: Option<&Actor>,
        remote_at: Option<Timestamp>,
        read_since: Option<Timestamp>,
    ) {
        let Some(link) = self.link(system) else {
            return;
        };
        let told_late = read_since.is_none() && remote_at.is_some() && remote_at < link.remote_at;
        if told_late || link.known == Some(status) {
            if self.takes_it_again(system, status, actor, remote_at) {
                self.push(Change::Known { system: system.clone(), status, remote_at });
                self.propagate(system, Status::Triggered, status, actor);
            }
            return;
        }
        let told_at_once = read_since.is_none() && remote_at.is_some() && remote_at == link.remote_at;
        // What is over is known from a reading, which tells no time: a webhook that says otherwise may be older than that.
        let perhaps_late = read_since.is_none() && remote_at.is_some() && link.remote_at.is_none();
        let perhaps_late = perhaps_late && link.known == Some(Status::Resolved);
        if told_at_once || perhaps_late || read_since.is_some_and(|since| link.known.is_some() && link.known_at > since)
        {
            self.push(Change::PollWanted { system: system.clone() });
            return;
        }
        let agreed = link.agreed().unwrap_or(Status::Triggered);
        // An incident that confirms an alert may hold others, and live on when the alert is over.
        let outlives = link.role == Role::Confirm
            && self.incident.status == Status::Resolved
            && link.known != Some(Status::Resolved);
        let pending = link.want.is_some() && link.want != link.known && !matches!(link.record, Record::Absent);
        let ours_landed_late = actor.is_some_and(|a| a.ours) && link.tried.contains(status);
        let want = link.want;
        self.push(Change::Known { system: system.clone(), status, remote_at });
        // A change of ours that is still under way outranks a lower status; see docs/decisions/0002.
        let outranked = pending && Some(status) < want;
        if want == Some(status) || ours_landed_late || outranked {
            return;
        }
        self.push(Change::Wanted { system: system.clone(), status: Some(status), by: None });
        if !outlives {
            self.propagate(system, agreed, status, actor);
        }
    }

    /// A record that was given up before it was made turns out to be there: it should hold what was wanted of it, or it
    /// would page on although somebody had taken it.
    pub(crate) fn want_as_before(&mut self, system: &SystemName) {
        let Some(link) = self.link(system).filter(|l| l.want.is_none()) else { return };
        if let Some(status) = link.if_found.filter(|s| *s > Status::Triggered) {
            self.push(Change::Wanted { system: system.clone(), status: Some(status), by: None });
        }
    }

    /// Whether a person takes what this record has as taken already, while another record does not: it was given back
    /// there, and the rules left this one as it was. An act from before we learned the status is the one that we
    /// learned it from, and does not count.
    fn takes_it_again(
        &self,
        system: &SystemName,
        status: Status,
        actor: Option<&Actor>,
        remote_at: Option<Timestamp>,
    ) -> bool {
        let Some(link) = self.link(system) else {
            return false;
        };
        let person = actor.is_some_and(|a| !a.ours);
        let later = remote_at.is_none_or(|at| at > link.known_at && Some(at) > link.remote_at);
        let settled = link.known == Some(status) && link.want == link.known;
        let elsewhere = self.incident.links.iter().any(|l| l.system != *system && l.is_open_at(Status::Triggered));
        status == Status::Acknowledged && settled && person && later && elsewhere
    }

    /// Carries a change of status to the other links, as the rules say.
    pub(super) fn propagate(&mut self, system: &SystemName, from: Status, to: Status, actor: Option<&Actor>) {
        let Some(kind) = ChangeKind::between(from, to) else {
            return;
        };
        let Some(bridge) = self.bridge() else { return };
        self.push(Change::Status { status: to });
        let label = bridge.label(system);
        let by = actor.map(|a| format!("{} ({label})", a.name));
        let mut noted = Vec::new();
        let mut again = Vec::new();
        let role = self.link(system).map(|l| l.role).unwrap_or_default();
        for other in self.others(system) {
            if self.follow(&other, role, to) {
                continue;
            }
            let cell = bridge.cell(system, &other, kind);
            if cell.note {
                noted.push(other.clone());
            }
            let Some(link) = self.link(&other) else {
                continue;
            };
            let triggers = matches!(kind, ChangeKind::Reopened | ChangeKind::Unacknowledged);
            if triggers && link.role == Role::Events && cell.status {
                again.push((other, link.agreed() == Some(Status::Resolved)));
                continue;
            }
            let absent = matches!(link.record, Record::Absent);
            let follows = match (kind, absent, link.agreed()) {
                // What was never made is not made for a thing that is over.
                (ChangeKind::Resolved, true, _) => {
                    let status = if cell.status { Some(Status::Resolved) } else { None };
                    if link.want != status {
                        self.push(Change::Wanted { system: other, status, by: by.clone() });
                    }
                    continue;
                }
                (ChangeKind::Reopened, ..) => cell.status,
                (_, true, None) | (_, _, Some(Status::Resolved)) => false,
                _ => cell.status,
            };
            if follows && link.want != Some(to) {
                self.push(Change::Wanted { system: other, status: Some(to), by: by.clone() });
            }
        }
        self.alert_again(again, to);
        if !noted.is_empty() {
            let text = status_note(kind, actor, label);
            self.add_note(system, text, noted);
        }
    }

    /// An alert that is over is made anew, since its key begins a new one; one that is still open is triggered again,
    /// which is all that an event can do.
    fn alert_again(&mut self, again: Vec<(SystemName, bool)>, to: Status) {
        let (over, open): (Vec<_>, Vec<_>) = again.into_iter().partition(|(_, over)| *over);
        for (system, _) in open {
            self.push(Change::RefreshWanted { system });
        }
        if over.is_empty() {
            return;
        }
        let over: Vec<SystemName> = over.into_iter().map(|(system, _)| system).collect();
        if let Some(content) = self.fresh.clone().or_else(|| self.incident.content.clone()) {
            self.push(Change::Recurred { content });
        }
        self.renew(over.clone());
        for system in over.into_iter().filter(|_| to == Status::Acknowledged) {
            self.push(Change::Wanted { system, status: Some(to), by: None });
        }
    }

    /// Lets a link take on a status without being told, if its role is to do that; says whether nothing else is to be
    /// done there.
    fn follow(&mut self, other: &SystemName, told_by: Role, status: Status) -> bool {
        let Some(link) = self.link(other) else { return true };
        if link.role == Role::Operator {
            return true;
        }
        if !link.role.follows(told_by) {
            return false;
        }
        let (known, want) = (link.known, link.want);
        // A trigger without an answer may still land, and then it is to be told all the same.
        let unanswered = link.role == Role::Events && (matches!(link.record, Record::Absent) || link.create_in_doubt);
        if known != Some(status) && !unanswered {
            self.push(Change::Known { system: other.clone(), status, remote_at: None });
        }
        if want != Some(status) {
            self.push(Change::Wanted { system: other.clone(), status: Some(status), by: None });
        }
        true
    }
}

fn status_note(kind: ChangeKind, actor: Option<&Actor>, label: &str) -> String {
    let word = match kind {
        ChangeKind::Acknowledged => "Acknowledged",
        ChangeKind::Unacknowledged => "Un-acknowledged",
        ChangeKind::Resolved => "Resolved",
        ChangeKind::Reopened => "Reopened",
        ChangeKind::Created | ChangeKind::Noted | ChangeKind::Updated => "Changed",
    };
    match actor {
        Some(actor) => format!("{word} by {} in {label}", actor.name),
        None => format!("{word} in {label}"),
    }
}
