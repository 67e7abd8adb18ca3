//! What one message says: subject, text for people, JSON for programs. Pure.

use ::pagerduty::text::cut;
use jiff::SignedDuration;
use pagebridge_core::{InputId, Timestamp, Urgency};
use pagebridge_ports::{Alarm, AlarmState, OperatorNews};
use serde_json::{Value, json};

/// Alarms that the text tells one by one; more would not be read.
const TEXT_ALARMS_MAX: usize = 20;

/// Alarms that the JSON tells one by one.
const JSON_ALARMS_MAX: usize = 200;

/// Longest title within the text, in characters.
const TITLE_CHARS_MAX: usize = 120;

/// Longest title within the subject, in characters: phones show little more.
const SUBJECT_TITLE_CHARS_MAX: usize = 60;

/// Longest reason, in characters.
const REASON_CHARS_MAX: usize = 300;

/// Version of the JSON. Fields may be added without a new one.
const JSON_VERSION: u32 = 1;

/// One message, the same on all channels.
#[derive(Clone, Debug)]
pub(super) struct Message {
    /// The same when the same alarms are told again because nobody took them.
    pub(super) id: String,
    /// When it was made.
    pub(super) at: Timestamp,
    /// One line, without control characters.
    pub(super) subject: String,
    /// Lines for people, ending in a line break.
    pub(super) text: String,
    /// For programs.
    pub(super) json: String,
    /// Whether anything in it is not over.
    pub(super) is_open: bool,
}

impl Message {
    /// Tells the news in the name of this bridge.
    pub(super) fn of(news: &OperatorNews, name: &str) -> Self {
        let name = &clean(name, SUBJECT_TITLE_CHARS_MAX);
        let mut alarms: Vec<&Alarm> = news.alarms.iter().collect();
        alarms.sort_by_key(|a| (a.state == AlarmState::Over, a.urgency == Urgency::Low, a.state, a.since, a.incident));
        let open = alarms.iter().filter(|a| a.state != AlarmState::Over).count();
        let (id, subject) = (id(news, name), subject(&alarms, open, news.more, name));
        let text = text(&alarms, open, news, name);
        let shown = alarms.iter().take(JSON_ALARMS_MAX).map(|alarm| row(alarm)).collect::<Vec<_>>();
        let unshown = news.more + count(alarms.len().saturating_sub(JSON_ALARMS_MAX));
        let body = json!({
            "version": JSON_VERSION, "kind": "alarms", "id": id, "at": time(news.at), "from": name,
            "subject": subject, "text": text, "alarms": shown, "more": unshown,
        });
        Self { id, at: news.at, subject, text, json: body.to_string(), is_open: open > 0 }
    }

    /// Tells nothing but that it arrives.
    pub(super) fn test(at: Timestamp, name: &str) -> Self {
        let name = &clean(name, SUBJECT_TITLE_CHARS_MAX);
        let id = format!("{:016x}", InputId::from_parts(&["test", name, &at.0.to_string()]).0);
        let subject = format!("[{name}] test: this is how you are told");
        let text = format!(
            "This is a test, made by `pagebridge operator test` at {}.\n\n\
             You would be told here of alerts that are not known to have paged, and of what\n\
             waits for a person. Nothing is wrong, and nothing is to be done.\n",
            time(at)
        );
        let body = json!({
            "version": JSON_VERSION, "kind": "test", "id": id, "at": time(at), "from": name,
            "subject": subject, "text": text, "alarms": [], "more": 0,
        });
        Self { id, at, subject, text, json: body.to_string(), is_open: false }
    }
}

/// What repeats when the same alarms are told again, in whatever order.
fn id(news: &OperatorNews, name: &str) -> String {
    let part = |a: &Alarm| format!("{}.{}.{}.{:?}", a.incident, a.number, a.since.0, a.state);
    let mut parts: Vec<String> = news.alarms.iter().map(part).collect();
    parts.sort();
    parts.push(name.to_owned());
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    format!("{:016x}", InputId::from_parts(&parts).0)
}

fn subject(alarms: &[&Alarm], open: usize, more: u64, name: &str) -> String {
    let title = alarms.first().map_or_else(|| "no alarms".to_owned(), |a| clean(&a.title, SUBJECT_TITLE_CHARS_MAX));
    let told = if open > 0 { open } else { alarms.len() };
    let others = count(told.saturating_sub(1)) + more;
    let rest = if others == 0 { String::new() } else { format!(" and {others} more") };
    let what = match (open, alarms.iter().any(|a| a.state == AlarmState::New)) {
        (0, _) => "all clear",
        (_, true) => "needs you",
        (_, false) => "still needs you",
    };
    format!("[{name}] {what}: {title}{rest}")
}

fn text(alarms: &[&Alarm], open: usize, news: &OperatorNews, name: &str) -> String {
    let mut text = match open {
        0 => format!("{name} gives the all-clear:\n"),
        1 => format!("{name} needs a person. This alert may have paged nobody, or is stuck:\n"),
        _ => format!("{name} needs a person. These alerts may have paged nobody, or are stuck:\n"),
    };
    for alarm in alarms.iter().take(TEXT_ALARMS_MAX) {
        text += &lines(alarm, news.at);
    }
    let unshown = count(alarms.len().saturating_sub(TEXT_ALARMS_MAX)) + news.more;
    if unshown > 0 {
        text += &format!("\nand {unshown} more.\n");
    }
    if let Some(first) = alarms.first().filter(|_| open > 0) {
        text += &advice(first);
    }
    text
}

fn lines(alarm: &Alarm, now: Timestamp) -> String {
    let state = match alarm.state {
        AlarmState::New => "NEW  ",
        AlarmState::Still => "STILL",
        AlarmState::Over => "OVER ",
    };
    let (incident, urgency) = (alarm.incident, alarm.urgency.as_str());
    format!(
        "\n{state}  {}\n       incident {incident}, {urgency} urgency, since {} ({})\n       {}\n",
        clean(&alarm.title, TITLE_CHARS_MAX),
        time(alarm.since),
        passed(now.ms_since(alarm.since)),
        clean(&alarm.reason, REASON_CHARS_MAX),
    )
}

fn advice(first: &Alarm) -> String {
    format!(
        "\nWhat to do\n\
         \x20 1. Do not wait for a page: look after these alerts, or call who is on duty.\n\
         \x20 2. On the machine of the bridge:\n\
         \x20      pagebridge incidents --not-paged       every alert that is not known to have paged\n\
         \x20      pagebridge dead-letters                what waits for you, each with its remedy\n\
         \x20      pagebridge journal --incident {:<8} what happened to the first one\n\
         \x20      pagebridge doctor                      whether the systems answer\n\
         You are told again while it lasts, and once when it is over.\n",
        first.incident.0
    )
}

fn row(alarm: &Alarm) -> Value {
    json!({
        "incident": alarm.incident, "state": alarm.state, "urgency": alarm.urgency,
        "title": clean(&alarm.title, TITLE_CHARS_MAX), "since": time(alarm.since),
        "reason": clean(&alarm.reason, REASON_CHARS_MAX),
    })
}

/// One line that does what it seems to: no line breaks, no control characters, no reversed writing, not too long.
pub(super) fn clean(text: &str, chars_max: usize) -> String {
    let is_hidden = |c: char| {
        let reverses = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        c.is_control() || reverses || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}')
    };
    let words = text.split(|c: char| c.is_whitespace() || is_hidden(c)).filter(|word| !word.is_empty());
    // A text of megabytes is not joined only to be cut.
    let line = words.take(chars_max).collect::<Vec<_>>().join(" ");
    if line.is_empty() { "(no text)".to_owned() } else { cut(&line, chars_max).into_owned() }
}

/// A time as people and programs read it: whole seconds, in UTC.
fn time(at: Timestamp) -> String {
    let seconds = jiff::Timestamp::from_second(at.0.div_euclid(1_000));
    seconds.map_or_else(|_| format!("{} ms", at.0), |time| time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
}

/// How long ago, to two places.
fn passed(ms: i64) -> String {
    let minutes = SignedDuration::from_millis(ms.max(0)).as_mins();
    let (days, hours, minutes) = (minutes / 1_440, minutes / 60 % 24, minutes % 60);
    let all = [(days, "d"), (hours, "h"), (minutes, "min")];
    let parts = all.iter().filter(|(number, _)| *number > 0).take(2);
    let text = parts.map(|(number, unit)| format!("{number} {unit}")).collect::<Vec<_>>().join(" ");
    if text.is_empty() { "less than a minute ago".to_owned() } else { format!("{text} ago") }
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use pagebridge_core::IncidentId;

    const NOW: Timestamp = Timestamp(1_795_489_200_000);

    fn alarm(incident: i64, title: &str, state: AlarmState) -> Alarm {
        Alarm {
            incident: IncidentId(incident),
            number: 2,
            title: title.to_owned(),
            urgency: Urgency::High,
            reason: "no page is known to exist 300 s after it was accepted".to_owned(),
            since: NOW.plus_ms(-360_000 * incident),
            state,
        }
    }

    fn message(alarms: Vec<Alarm>, more: u64) -> Message {
        Message::of(&OperatorNews { alarms, more, at: NOW }, "Pagebridge")
    }

    fn shown(message: &Message) -> String {
        format!("Subject: {}\n\n{}", message.subject, message.text)
    }

    #[test]
    fn one_alarm_is_told_so_that_a_tired_person_understands() {
        insta::assert_snapshot!(shown(&message(vec![alarm(12, "Disk full on db-07", AlarmState::New)], 0)));
    }

    #[test]
    fn many_are_told_urgent_ones_first_and_what_is_over_last() {
        let mut low = alarm(3, "Certificate expires in 20 days", AlarmState::New);
        low.urgency = Urgency::Low;
        let parked = Alarm {
            reason: "a delivery to opsgenie waits for you: Opsgenie answered 422: the alert does not exist".to_owned(),
            ..alarm(250, "Backup is late", AlarmState::Still)
        };
        let over = Alarm {
            reason: "the page is known to exist now".to_owned(),
            ..alarm(1, "Load on web-1", AlarmState::Over)
        };
        let told = message(vec![over, low, parked, alarm(12, "Disk full on db-07", AlarmState::New)], 0);
        insta::assert_snapshot!(shown(&told));
        insta::assert_json_snapshot!(serde_json::from_str::<Value>(&told.json).expect("JSON"));
    }

    #[test]
    fn a_storm_fits_into_one_message() {
        let storm = (1..=250).map(|n| alarm(n, &format!("Host h-{n} is down"), AlarmState::New));
        let told = message(storm.collect(), 40);
        assert_eq!(told.subject, "[Pagebridge] needs you: Host h-250 is down and 289 more");
        assert!(told.text.contains("\nand 270 more.\n"), "{}", told.text);
        assert_eq!(told.text.matches("NEW  ").count(), TEXT_ALARMS_MAX);
        let json: Value = serde_json::from_str(&told.json).expect("JSON");
        assert_eq!((json["alarms"].as_array().map(Vec::len), &json["more"]), (Some(JSON_ALARMS_MAX), &90.into()));
    }

    #[test]
    fn the_subject_tells_what_is_new_and_what_is_over() {
        let cases = [
            (vec![AlarmState::New], 0, "needs you: a"),
            (vec![AlarmState::Still], 0, "still needs you: a"),
            (vec![AlarmState::Still, AlarmState::New], 0, "needs you: a and 1 more"),
            (vec![AlarmState::New, AlarmState::Over], 0, "needs you: a"),
            (vec![AlarmState::Over], 0, "all clear: a"),
            (vec![AlarmState::Over, AlarmState::Over], 3, "all clear: a and 4 more"),
        ];
        for (states, more, wanted) in cases {
            let told = message(states.into_iter().map(|state| alarm(1, "a", state)).collect(), more);
            assert_eq!(told.subject, format!("[Pagebridge] {wanted}"));
        }
        assert!(message(vec![alarm(1, "a", AlarmState::Still)], 0).is_open);
        assert!(!message(vec![alarm(1, "a", AlarmState::Over)], 0).is_open);
    }

    #[test]
    fn what_others_wrote_stays_on_its_line() {
        for (text, wanted) in [
            ("disk\r\nBcc: all@example.com\r\n\r\nx", "disk Bcc: all@example.com x"),
            ("a\0b\u{1b}[31mc\u{7f}\u{85}d", "a b [31mc d"),
            ("ev\u{202e}li\u{2028}x\u{feff}y", "ev li x y"),
            (" \t\n ", "(no text)"),
            ("", "(no text)"),
            ("Größe 😀", "Größe 😀"),
        ] {
            assert_eq!(clean(text, 50), wanted);
        }
        assert_eq!(clean(&"x ".repeat(1_000_000), 10), "x x x x x…");
        let told = message(vec![alarm(1, "x\r\nBcc: a@b\r\n\r\nSTILL", AlarmState::New)], 0);
        assert!(!told.subject.contains(['\r', '\n']) && !told.text.contains("\nBcc"), "{told:?}");
        let named = Message::test(NOW, "a\r\nBcc: x@y");
        assert_eq!(named.subject, "[a Bcc: x@y] test: this is how you are told");
    }

    #[test]
    fn the_id_stays_over_retries_and_changes_with_what_is_told() {
        let (a, b) = (alarm(1, "a", AlarmState::New), alarm(2, "b", AlarmState::New));
        let first = message(vec![a.clone(), b.clone()], 0).id;
        let again = OperatorNews { alarms: vec![b.clone(), a.clone()], more: 7, at: NOW.plus_ms(60_000) };
        assert_eq!(Message::of(&again, "Pagebridge").id, first, "order, time and what waits do not matter");
        let reminder = Alarm { number: 3, state: AlarmState::Still, ..a.clone() };
        let all = [first, message(vec![a], 0).id, message(vec![reminder, b.clone()], 0).id, message(vec![b], 0).id];
        for (index, id) in all.iter().enumerate() {
            assert!(!all[..index].contains(id), "{all:?}");
        }
    }

    #[test]
    fn how_long_ago_is_told_to_two_places() {
        let minute = 60_000;
        for (ms, wanted) in [
            (-5, "less than a minute ago"),
            (59_999, "less than a minute ago"),
            (minute, "1 min ago"),
            (61 * minute, "1 h 1 min ago"),
            (120 * minute, "2 h ago"),
            (1_441 * minute, "1 d 1 min ago"),
            (4_565 * minute, "3 d 4 h ago"),
        ] {
            assert_eq!(passed(ms), wanted, "{ms}");
        }
    }
}
