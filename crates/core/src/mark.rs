//! The mark that tells our mirrored notes from people's.

use crate::{IncidentId, NoteId};

/// What a mark in a note says: which installation wrote it, and which of its notes it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Tag of the installation that wrote the note.
    pub instance: String,
    /// Its incident.
    pub incident: IncidentId,
    /// Its note.
    pub note: NoteId,
}

impl Mark {
    /// Writes the mark as it stands in a note: `[pb:TAG-12-3]`.
    #[must_use]
    pub fn render(&self) -> String {
        format!("[pb:{}-{}-{}]", self.instance, self.incident, self.note.0)
    }

    /// Finds the last mark in a text. Far sides may cut the end of a long note, so a note may have lost its mark.
    #[must_use]
    pub fn find(text: &str) -> Option<Self> {
        let start = text.rfind("[pb:")? + 4;
        let end = start + text[start..].find(']')?;
        let mut parts = text[start..end].split('-');
        let (instance, incident, note) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() || !instance.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return None;
        }
        Some(Self {
            instance: instance.to_owned(),
            incident: IncidentId(incident.parse().ok()?),
            note: NoteId(note.parse().ok()?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_found_where_it_was_written() {
        let mark = Mark { instance: "k3x9".into(), incident: IncidentId(12), note: NoteId(3) };
        let text = format!("dana (Opsgenie): looking [pb:nonsense] {}", mark.render());
        assert_eq!(Mark::find(&text), Some(mark));
    }

    #[test]
    fn what_only_looks_like_a_mark_is_not_one() {
        for text in ["", "[pb:", "[pb:]", "[pb:a-b-c]", "[pb:a-1]", "[pb:a-1-2-3]", "[pb:a b-1-2]", "pb:a-1-2"] {
            assert_eq!(Mark::find(text), None, "{text}");
        }
    }
}
