//! Notes of people, and which of them are mirrored where.

use super::Decider;
use crate::input::NoteNews;
use crate::{Change, ChangeKind, Mark, Note, NoteId, Step, SystemName, hash_text, plan};

impl Decider<'_> {
    pub(super) fn add_note(&mut self, from: &SystemName, text: String, to: Vec<SystemName>) {
        let id = NoteId(self.incident.notes.last().map_or(0, |n| n.id.0) + 1);
        self.push(Change::NoteAdded { note: Note { id, from: from.clone(), text }, to });
    }

    pub(super) fn hear_note(&mut self, system: &SystemName, note: &NoteNews) {
        let Some(text) = &note.text else {
            self.push(Change::PollWanted { system: system.clone() });
            return;
        };
        let Some(link) = self.link(system) else {
            return;
        };
        let (told, read) = link.notes_seen.get(&note.key).copied().unwrap_or_default();
        self.see_notes(system, note.key, (told + 1, read), &note.author, text);
    }

    /// Counts a note, and mirrors it when the count has grown.
    pub(super) fn see_notes(&mut self, system: &SystemName, key: i64, count: (u32, u32), author: &str, text: &str) {
        if self.is_marked(system, text) {
            return;
        }
        let Some(link) = self.link(system) else {
            return;
        };
        let before = link.notes_seen.get(&key).copied().unwrap_or_default();
        if before == count {
            return;
        }
        self.push(Change::NoteSeen { system: system.clone(), key, told: count.0, read: count.1 });
        let fresh = count.0.max(count.1).saturating_sub(before.0.max(before.1));
        let Some(bridge) = self.bridge() else { return };
        let to: Vec<SystemName> =
            self.others(system).into_iter().filter(|o| mirrors(bridge.cell(system, o, ChangeKind::Noted))).collect();
        if to.is_empty() {
            return;
        }
        let label = bridge.label(system);
        let text = if author.is_empty() { format!("{label}: {text}") } else { format!("{author} ({label}): {text}") };
        for _ in 0..fresh {
            self.add_note(system, text.clone(), to.clone());
        }
    }

    /// Whether a note carries a mark: ours, in which case it is known to be written now, or another bridge's.
    fn is_marked(&mut self, system: &SystemName, text: &str) -> bool {
        let Some(mark) = Mark::find(text) else {
            return false;
        };
        if mark.instance != self.bridges.instance {
            return true;
        }
        let Some(link) = self.link(system).filter(|_| mark.incident == self.incident.id) else {
            return false;
        };
        let (due, written) = (link.notes_due.contains(&mark.note), link.notes_written.iter().any(|w| w.0 == mark.note));
        if due {
            let current = plan(link, false) == Some(Step::AddNote(mark.note));
            let (step, note) = (if current { link.step } else { 0 }, Some((mark.note, None)));
            let what = format!("note {} was found there", mark.note.0);
            self.push(Change::Delivered {
                system: system.clone(),
                step,
                what,
                note,
                status: None,
                told: false,
                marked: false,
            });
        }
        due || written
    }
}

fn mirrors(cell: crate::Cell) -> bool {
    cell.note || cell.status
}

impl NoteNews {
    /// The key of a note that its system gives no id: author and text.
    #[must_use]
    pub fn key_of_text(author: &str, text: &str) -> i64 {
        hash_text(&format!("{}\u{0}{text}", author))
    }
}
