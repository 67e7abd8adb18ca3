//! Notes at the end of an Incident's description, for want of anything better: newest last, and never too many.

use super::map::{NOTES_HEADING, people_wrote};
use crate::text::marked;
use pagebridge_core::Timestamp;

/// Longest note, in characters.
pub(super) const NOTE_CHARS_MAX: usize = 4_000;

/// All notes together have no more characters than this; the oldest go first.
const NOTES_CHARS_MAX: usize = 20_000;

/// What stands in for those that went.
const LEFT_OUT: &str = "(older notes are left out)";

/// A description with one more note.
pub(super) fn appended(description: &str, note: &str, mark: &str, now: Timestamp) -> String {
    let people = people_wrote(description);
    let before = description.split_once(NOTES_HEADING).map(|(_, notes)| notes.trim()).unwrap_or_default();
    // A blank line in a note would make two of it.
    let note = note.split('\n').filter(|line| !line.trim().is_empty()).collect::<Vec<_>>().join("\n");
    let note = marked(&format!("{} {note}", time(now)), mark, NOTE_CHARS_MAX);
    let mut notes: Vec<&str> =
        before.split("\n\n").filter(|text| !text.trim().is_empty() && *text != LEFT_OUT).collect();
    let all = notes.len();
    let had_gap = before.starts_with(LEFT_OUT);
    notes.push(&note);
    let chars = |notes: &[&str]| notes.iter().map(|text| text.chars().count() + 2).sum::<usize>();
    while notes.len() > 1 && chars(&notes) > NOTES_CHARS_MAX {
        notes.remove(0);
    }
    if had_gap || notes.len() <= all {
        notes.insert(0, LEFT_OUT);
    }
    let gap = if people.is_empty() { "" } else { "\n\n" };
    format!("{people}{gap}{NOTES_HEADING}\n\n{}", notes.join("\n\n"))
}

fn time(now: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(now.0)
        .map_or_else(|_| String::new(), |now| now.strftime("%F %H:%M UTC").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_795_183_200_000);

    #[test]
    fn notes_come_last_and_the_oldest_go_first() {
        let one = appended("5xx rate\n", "Acknowledged by Ann in PagerDuty", "[pb:a-1-1]", NOW);
        assert_eq!(
            one,
            "5xx rate\n\n----- notes from PagerDuty -----\n\n2026-11-20 14:00 UTC Acknowledged by Ann in PagerDuty\n[pb:a-1-1]"
        );
        let two = appended(&one, "Ann (PagerDuty): a\n\n\nb", "[pb:a-1-2]", NOW);
        assert!(two.starts_with(&one) && two.ends_with("Ann (PagerDuty): a\nb\n[pb:a-1-2]"), "{two}");
        assert_eq!(people_wrote(&two), "5xx rate");
        let mut text = two;
        for n in 3..20 {
            text = appended(&text, &"é".repeat(5_000), &format!("[pb:a-1-{n}]"), NOW);
            assert!(text.chars().count() < 20_200, "{}", text.chars().count());
            assert!(text.contains(&format!("[pb:a-1-{n}]")));
        }
        assert!(text.starts_with("5xx rate\n\n") && text.matches(LEFT_OUT).count() == 1);
        assert!(!text.contains("[pb:a-1-1]"));
        assert_eq!(appended("", "x", "", NOW), "----- notes from PagerDuty -----\n\n2026-11-20 14:00 UTC x");
    }
}
