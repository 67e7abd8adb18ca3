//! What follows from the full state of a record.

use super::Decider;
use crate::{Change, ChangeKind, Content, Opening, Reading, Record, Role, Status, SystemName, Timestamp};

impl Decider<'_> {
    /// Takes in the full state of a record.
    pub(crate) fn read(&mut self, system: &SystemName, reading: &Reading, since: Timestamp) {
        let Some(link) = self.link(system) else {
            return;
        };
        let absent = matches!(link.record, Record::Absent);
        let merged = link.role == Role::Record && link.record_id().is_some_and(|id| *id != reading.record.id);
        if absent || merged {
            self.push(Change::RecordFound { system: system.clone(), record: reading.record.clone() });
        }
        if absent {
            self.want_as_before(system);
        }
        if self.link(system).is_some_and(|l| l.poll_now || l.poll_misses > 0) {
            self.push(Change::Polled { system: system.clone() });
        }
        if self.incident.content.is_none() {
            self.read_of_unopened(system, reading);
        } else {
            self.compare(system, reading, since);
            self.observe(system, reading.status, reading.by.as_ref(), reading.status_at, Some(since));
        }
        for (key, count) in count_by_key(reading.notes.as_deref().unwrap_or_default()) {
            let Some(link) = self.link(system) else {
                return;
            };
            let (told, read) = link.notes_seen.get(&key).copied().unwrap_or_default();
            let note = reading.notes.iter().flatten().rfind(|n| n.key == key);
            if let Some(note) = note {
                self.see_notes(system, key, (told, read.max(count)), &note.author, &note.text);
            }
        }
    }

    /// Tells the other records what the origin's is about now, where the rules want that.
    fn compare(&mut self, system: &SystemName, reading: &Reading, since: Timestamp) {
        let (Some(now), Some(before)) = (&reading.content, &self.incident.content) else { return };
        let is_origin = self.incident.links.first().is_some_and(|l| l.system == *system && l.role == Role::Record);
        if !is_origin {
            return;
        }
        self.fresh = Some(now.clone());
        let same = now.title == before.title
            && now.urgency == before.urgency
            && now.priority == before.priority
            && (now.assignees.is_empty() || now.assignees == before.assignees);
        if same || self.incident.told_at > since || self.others_with(system, ChangeKind::Updated).is_empty() {
            return;
        }
        self.tell_again(system, now);
    }

    fn read_of_unopened(&mut self, system: &SystemName, reading: &Reading) {
        if reading.status == Status::Resolved {
            if self.incident.discarded.is_some() {
                return;
            }
            self.push(Change::Discarded { reason: "it was over before it was told what it is about".into() });
            return;
        }
        let content = reading
            .content
            .clone()
            .unwrap_or_else(|| Content { title: format!("{} {}", system, reading.record.id), ..Content::default() });
        self.open(system, &Opening { content, status: Some(reading.status) }, reading.status_at);
    }
}

/// Counts equal keys, in order of first appearance.
fn count_by_key(notes: &[crate::ReadingNote]) -> Vec<(i64, u32)> {
    let mut counts: Vec<(i64, u32)> = Vec::new();
    for note in notes {
        match counts.iter_mut().find(|(key, _)| *key == note.key) {
            Some((_, count)) => *count += 1,
            None => counts.push((note.key, 1)),
        }
    }
    counts
}
