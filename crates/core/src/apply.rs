//! Applying: history is history, so this never fails and never decides.

use crate::incident::SEEN_MAX;
use crate::{Change, Doubt, Entry, Incident, InputId, Link, NoteId, Record, RecordRef, Role, Status, Timestamp};

impl Incident {
    /// Folds one journal entry into the state.
    pub fn apply(&mut self, entry: &Entry) {
        for change in &entry.changes {
            self.apply_change(change, entry.at);
        }
        self.finish(entry.cause.input);
    }

    /// Ends an entry: counts it, and remembers the input that it came from.
    pub(crate) fn finish(&mut self, input: InputId) {
        self.version += 1;
        if input.0 != 0 {
            self.seen.push_back(input);
            if self.seen.len() > SEEN_MAX {
                self.seen.pop_front();
            }
        }
    }

    pub(crate) fn apply_change(&mut self, change: &Change, at: Timestamp) {
        if self.created_at.0 == 0 {
            self.created_at = at;
        }
        if !matches!(change, Change::Polled { .. } | Change::PollMissed { .. } | Change::Deferred { .. }) {
            self.changed_at = at;
        }
        match change {
            Change::Heard { bridge, origin, record, others, roles } => {
                self.bridge = bridge.clone();
                let mut first = Link::absent(origin.clone(), String::new());
                first.record = present(record);
                // Room for all at once: every new incident comes by here.
                self.links = Vec::with_capacity(1 + others.len());
                self.links.push(first);
                self.links.extend(others.iter().map(|(system, key)| Link::absent(system.clone(), key.clone())));
                for (system, role) in roles {
                    if let Some(link) = self.link_mut(system) {
                        link.role = *role;
                    }
                }
            }
            Change::Opened { content } => {
                self.content = Some(content.clone());
                self.discarded = None;
                self.opened_at = at;
                self.told_at = at;
            }
            Change::Retold { content } => {
                self.content = Some(content.clone());
                self.told_at = at;
                self.retold += 1;
            }
            Change::Recurred { content } => {
                self.content = Some(content.clone());
                self.opened_at = at;
                self.told_at = at;
                self.retold += 1;
            }
            Change::Discarded { reason } => self.discarded = Some(reason.clone()),
            Change::Status { status } => self.status = *status,
            Change::NoteAdded { note, to } => {
                self.notes.push(note.clone());
                for link in self.links.iter_mut().filter(|l| to.contains(&l.system)) {
                    link.notes_due.push(note.id);
                }
            }
            Change::Quarantined { reason } => {
                self.quarantined = Some(reason.clone());
                self.links.iter_mut().for_each(Link::doubt_everything);
            }
            Change::Held { input } => self.held.push(input.clone()),
            Change::Unquarantined => {
                self.quarantined = None;
                self.held.clear();
            }
            Change::Remark { .. } => {}
            _ => {
                if let Some(link) = change.system().and_then(|system| self.link_mut(system)) {
                    link.apply_change(change, at);
                }
            }
        }
    }
}

impl Link {
    fn apply_change(&mut self, change: &Change, at: Timestamp) {
        match change {
            Change::RecordFound { record, .. } => {
                self.marked = false;
                self.record = present(record);
                self.create_in_doubt = false;
                self.expected = false;
            }
            Change::Known { status, remote_at, .. } => {
                self.known = Some(*status);
                self.known_at = at;
                self.remote_at = (*remote_at).max(self.remote_at);
                if self.renew && *status == Status::Resolved {
                    self.leave();
                }
            }
            Change::Wanted { status, by, .. } => {
                self.if_found = if status.is_none() { self.want } else { None };
                self.want = *status;
                self.want_by.clone_from(by);
                if self.role == Role::Operator {
                    // The wait until they are told, or told again, is over with its reason.
                    self.not_before = Timestamp(0);
                    self.refresh = false;
                }
            }
            Change::NoteSeen { key, told, read, .. } => {
                self.notes_seen.insert(*key, (*told, *read));
            }
            // The wait of what is to be delivered stays; the reading comes after it.
            Change::PollWanted { .. } => self.poll_now = true,
            Change::Polled { .. } => {
                self.poll_now = false;
                self.poll_misses = 0;
            }
            Change::PollMissed { misses, not_before, .. } => {
                self.poll_misses = *misses;
                self.not_before = *not_before;
            }
            Change::PollStopped { reason, .. } => {
                self.poll_now = false;
                self.poll_misses = 0;
                self.poll_stopped = Some(reason.clone());
            }
            Change::NotMade { .. } => self.not_made(),
            Change::RefreshWanted { .. } => {
                self.refresh = true;
                self.aside = None;
            }
            Change::MarkWanted { record, .. } => {
                self.mark = Some(record.clone());
                self.aside = None;
                self.marked = false;
            }
            Change::Renewed { .. } => self.renew(),
            Change::Expected { not_before, .. } => {
                self.expected = not_before.is_some();
                self.attempts = 0;
                self.not_before = not_before.unwrap_or_default();
            }
            Change::Watched { until, reason, .. } => {
                self.want = Some(Status::Triggered);
                self.want_by = Some(reason.clone());
                self.refresh = matches!(self.record, Record::Present { .. });
                self.attempts = 0;
                self.not_before = *until;
            }
            _ => self.apply_end(change),
        }
    }

    /// Folds what became of an attempt, or of a step as a whole.
    fn apply_end(&mut self, change: &Change) {
        match change {
            Change::Delivered { step, note, status, told, marked, .. } => {
                self.refresh &= !told;
                self.marked |= marked;
                // One event that was taken says where the alert stands, whatever became of those before.
                self.create_in_doubt &= self.role != Role::Events;
                if let Some((id, remote)) = note {
                    self.note_is_written(*id, remote.clone());
                }
                if let Some(status) = status {
                    self.tried.insert(*status);
                }
                if *step == self.step {
                    self.next_step();
                }
            }
            Change::Deferred { attempt, not_before, doubt_until, in_doubt, .. } => {
                self.attempts = *attempt;
                self.not_before = *not_before;
                self.doubt_until = self.doubt_until.max(*doubt_until);
                match in_doubt {
                    None => {}
                    Some(Doubt::Create) => self.create_in_doubt = true,
                    Some(Doubt::Status(status)) => self.tried.insert(*status),
                    Some(Doubt::Note(id)) => self.doubt_note(*id),
                    Some(Doubt::Anything) => self.doubt_everything(),
                }
            }
            Change::Superseded { tried, .. } => {
                if let Some(status) = tried {
                    self.tried.insert(*status);
                }
                self.next_step();
            }
            Change::Skipped { park, .. } => {
                self.next_step();
                self.aside = Some(park.clone());
            }
            Change::DeadLettered { note: Some(id), park, .. } => {
                self.notes_due.retain(|due| due != id);
                self.notes_parked.push((*id, park.clone()));
                self.next_step();
            }
            Change::DeadLettered { note: None, park, .. } => self.park = Some(park.clone()),
            Change::Released { .. } => self.release(),
            _ => {}
        }
    }

    /// What was perhaps made was not.
    fn not_made(&mut self) {
        self.create_in_doubt = false;
        if self.renew && self.role == Role::Post {
            self.leave();
        }
    }

    /// Makes the record anew: one that may be open at the far side is ended first.
    fn renew(&mut self) {
        self.park = None;
        self.not_before = Timestamp(0);
        let over = self.known == Some(Status::Resolved) && !self.create_in_doubt;
        let perhaps_there = matches!(self.record, Record::Present { .. }) || self.create_in_doubt;
        if matches!(self.role, Role::Events | Role::Post) && perhaps_there && !over {
            self.renew = true;
            // What it holds will be known again when its end has been told.
            if self.known == Some(Status::Resolved) {
                self.known = None;
            }
        } else {
            self.leave();
        }
        match self.role {
            Role::Confirm => {}
            // A message of its own is made once the new incident is known; the old one is brought to its end first.
            Role::Post => self.want = self.renew.then_some(Status::Resolved),
            _ => self.want = Some(Status::Triggered),
        }
    }

    /// Has done with the record that there was.
    fn leave(&mut self) {
        if let Record::Present { id, .. } = std::mem::replace(&mut self.record, Record::Absent) {
            self.left = Some(id);
        }
        self.known = None;
        self.renew = false;
        self.refresh = false;
        self.expected = false;
        self.create_in_doubt = false;
        self.poll_now = false;
        self.poll_misses = 0;
        self.poll_stopped = None;
        self.notes_seen.clear();
        if matches!(self.role, Role::Confirm | Role::Post) {
            self.want = None;
        }
    }

    fn note_is_written(&mut self, id: NoteId, remote: Option<String>) {
        self.notes_due.retain(|due| *due != id);
        self.notes_parked.retain(|(parked, _)| *parked != id);
        self.notes_in_doubt.retain(|doubted| *doubted != id);
        if !self.notes_written.iter().any(|(written, _)| *written == id) {
            self.notes_written.push((id, remote));
        }
    }

    fn release(&mut self) {
        self.park = None;
        self.aside = None;
        self.poll_stopped = None;
        self.attempts = 0;
        self.not_before = Timestamp(0);
        let mut due: Vec<NoteId> = self.notes_parked.drain(..).map(|(id, _)| id).collect();
        due.append(&mut self.notes_due);
        due.sort_unstable();
        self.notes_due = due;
    }
}

fn present(record: &RecordRef) -> Record {
    Record::Present { id: record.id.clone(), url: record.url.clone() }
}
