//! Fitting text into what far sides take.

use ::pagerduty::text::cut;

/// Ends a note in its mark, on a line of its own, and cuts the note so that all of it fits. The mark is never cut: it
/// is how a repeat and a mirror are told from what people write.
pub(crate) fn marked(note: &str, mark: &str, chars_max: usize) -> String {
    if mark.is_empty() {
        return cut(note, chars_max).into_owned();
    }
    let room = chars_max.saturating_sub(mark.chars().count() + 1);
    format!("{}\n{mark}", cut(note, room))
}

/// Takes out the one character that PostgreSQL cannot keep.
pub(crate) fn storable(text: String) -> String {
    if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text }
}

/// Whether a text holds nothing that a person could read.
pub(crate) fn is_blank(text: &str) -> bool {
    text.trim().is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_stays_whole_whatever_is_cut() {
        assert_eq!(marked("disk full", "[pb:a-1-2]", 100), "disk full\n[pb:a-1-2]");
        let long = "é".repeat(50);
        let text = marked(&long, "[pb:a-1-2]", 30);
        assert_eq!(text.chars().count(), 30);
        assert!(text.ends_with("…\n[pb:a-1-2]"), "{text}");
        assert_eq!(marked("note", "[pb:a-1-2]", 3), "…\n[pb:a-1-2]");
        assert_eq!(marked("note", "", 3), "no…");
    }
}
