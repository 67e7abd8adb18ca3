use super::*;
use serde_json::{Value, json};

fn time(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

fn entry(incident: i64, at: &str, changes: Value) -> Value {
    json!({"seq": 1, "incident": incident, "at": at, "changes": changes})
}

fn opened(incident: i64, at: &str, origin: &str, urgency: &str) -> Value {
    let heard = json!({"heard": {"bridge": "main", "origin": origin, "record": {}, "others": []}});
    let opened = json!({"opened": {"content": {"title": "x", "urgency": urgency, "service": "PS1"}}});
    entry(incident, at, json!([heard, opened, {"wanted": {"system": "pagerduty", "status": "triggered"}}]))
}

fn status(incident: i64, at: &str, status: &str) -> Value {
    entry(incident, at, json!([{"known": {"system": "pagerduty", "status": status}}, {"status": {"status": status}}]))
}

fn week(by: GroupBy, unit: Option<Unit>, zone: &str) -> Journal {
    let zone = TimeZone::get(zone).expect("a zone");
    Journal::new(time("2026-11-16T00:00:00Z"), time("2026-11-23T00:00:00Z"), by, unit, zone)
}

#[test]
fn means_are_of_what_was_acknowledged_and_what_is_over() {
    let mut journal = week(GroupBy::All, None, "UTC");
    for entry in [
        opened(1, "2026-11-20T09:00:00Z", "opsgenie", "high"),
        status(1, "2026-11-20T09:01:00Z", "acknowledged"),
        // A second acknowledgement is no first one.
        status(1, "2026-11-20T09:05:00Z", "triggered"),
        status(1, "2026-11-20T09:06:00Z", "acknowledged"),
        status(1, "2026-11-20T09:30:00Z", "resolved"),
        opened(2, "2026-11-20T19:00:00Z", "rt", "high"),
        status(2, "2026-11-20T19:03:00Z", "acknowledged"),
        opened(3, "2026-11-20T23:00:00Z", "rt", "low"),
        // Reopened: the last end counts.
        status(3, "2026-11-20T23:10:00Z", "resolved"),
        status(3, "2026-11-20T23:20:00Z", "triggered"),
        status(3, "2026-11-21T00:00:00Z", "resolved"),
    ] {
        journal.add(&entry);
    }
    let expected = Figures {
        incidents: 3,
        acknowledged: Some(2),
        resolved: Some(2),
        mean_seconds_to_first_ack: Some(120.0),
        mean_seconds_to_resolve: Some(2700.0),
        business_hour_interruptions: 1,
        off_hour_interruptions: 1,
        ..Figures::default()
    };
    assert_eq!(journal.rows(), [expected]);
}

#[test]
fn incidents_count_where_and_when_they_began() {
    let mut journal = week(GroupBy::System, Some(Unit::Day), "Asia/Tokyo");
    for entry in [
        opened(1, "2026-11-15T23:59:59Z", "rt", "high"),
        opened(2, "2026-11-19T14:00:00Z", "rt", "high"),
        opened(3, "2026-11-19T15:00:00Z", "rt", "high"),
        opened(4, "2026-11-19T15:00:00Z", "opsgenie", "high"),
        opened(5, "2026-11-23T00:00:00Z", "rt", "high"),
    ] {
        journal.add(&entry);
    }
    // What was over and begins again is a new one.
    journal.add(&status(2, "2026-11-19T14:10:00Z", "resolved"));
    journal.add(&entry(2, "2026-11-19T16:00:00Z", json!([{"recurred": {"content": {"title": "x"}}}])));
    // The end may come after the window.
    journal.add(&status(4, "2026-11-25T15:00:00Z", "resolved"));
    let rows = journal.rows();
    let told: Vec<_> =
        rows.iter().map(|row| (row.from.as_deref(), row.group.as_deref(), row.incidents, row.resolved)).collect();
    let expected = [
        (Some("2026-11-19"), Some("rt"), 1, Some(1)),
        (Some("2026-11-20"), Some("opsgenie"), 1, Some(1)),
        (Some("2026-11-20"), Some("rt"), 2, Some(0)),
    ];
    assert_eq!(told, expected);
    assert_eq!(rows[1].sleep_hour_interruptions, 1, "midnight in Tokyo");
}

#[test]
fn groups_are_services_or_bridges_too() {
    for (by, expected) in [(GroupBy::Service, "PS1"), (GroupBy::Bridge, "main"), (GroupBy::System, "rt")] {
        let mut journal = week(by, None, "UTC");
        journal.add(&opened(1, "2026-11-20T09:00:00Z", "rt", "high"));
        assert_eq!(journal.rows()[0].group.as_deref(), Some(expected));
    }
    let mut journal = week(GroupBy::System, None, "UTC");
    for nonsense in [
        json!(null),
        json!({"incident": 1, "at": "soon", "changes": []}),
        json!({"incident": 1, "at": "2026-11-20T09:00:00Z"}),
    ] {
        journal.add(&nonsense);
    }
    assert_eq!(journal.rows(), []);
}

#[test]
fn weeks_begin_on_monday_and_months_on_the_first() {
    let at = time("2026-11-01T23:30:00Z");
    for (unit, zone, expected) in [
        (Unit::Day, "UTC", "2026-11-01"),
        (Unit::Week, "UTC", "2026-10-26"),
        (Unit::Month, "UTC", "2026-11-01"),
        (Unit::Day, "Europe/Berlin", "2026-11-02"),
        (Unit::Week, "Europe/Berlin", "2026-11-02"),
        (Unit::Month, "America/New_York", "2026-11-01"),
    ] {
        let zone = TimeZone::get(zone).expect("a zone");
        assert_eq!(unit.start(at, &zone).to_string(), expected, "{unit:?}");
    }
}

#[test]
fn hours_are_told_apart_as_pagerduty_does() {
    for (at, expected) in [
        ("2026-11-20T07:59:59", Hours::Sleep),
        ("2026-11-20T08:00:00", Hours::Business),
        ("2026-11-20T17:59:59", Hours::Business),
        ("2026-11-20T18:00:00", Hours::Off),
        ("2026-11-20T21:59:59", Hours::Off),
        ("2026-11-20T22:00:00", Hours::Sleep),
        ("2026-11-21T07:59:59", Hours::Sleep),
        ("2026-11-21T12:00:00", Hours::Off),
        ("2026-11-22T22:00:00", Hours::Sleep),
    ] {
        let at: jiff::civil::DateTime = at.parse().expect("a time");
        assert_eq!(Hours::of(&at.to_zoned(TimeZone::UTC).expect("a time")), expected, "{at}");
    }
}
