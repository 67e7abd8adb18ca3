//! What a message looks like in each status, and that nothing that strangers write breaks out of it.

use super::*;
use crate::chat::samples;
use pagebridge_core::{Content, Urgency};

fn delivery(status: Status, by: Option<&str>) -> Delivery {
    Delivery {
        content: Content {
            title: "Disk full on <db-07> & <!channel>".to_owned(),
            body: "98 % of /var".to_owned(),
            urgency: Urgency::High,
            priority: Some("P1".to_owned()),
            service_name: Some("Production".to_owned()),
            assignees: vec!["Ann Berg".to_owned(), "Ben Okafor".to_owned()],
            ..Content::default()
        },
        by: by.map(str::to_owned),
        note: "ann (PagerDuty): looking, <@U1>".to_owned(),
        ..samples::delivery("slack", status)
    }
}

#[test]
fn each_status_has_its_message() {
    let shown = |status, by| message(&delivery(status, by), "12/Q1");
    insta::assert_json_snapshot!("triggered", shown(Status::Triggered, None));
    insta::assert_json_snapshot!("acknowledged", shown(Status::Acknowledged, Some("Ann Berg (PagerDuty)")));
    insta::assert_json_snapshot!("resolved", shown(Status::Resolved, Some("Ann Berg (PagerDuty)")));
}

#[test]
fn a_note_mentions_nobody_and_carries_its_mark() {
    let note = note(&delivery(Status::Triggered, None));
    assert_eq!(note["text"], "ann (PagerDuty): looking, &lt;@U1&gt;");
    assert_eq!(note["metadata"]["event_payload"]["mark"], "[pb:x-12-1]");
}

#[test]
fn what_is_too_long_is_cut_with_a_mark_after_it_was_escaped() {
    let long = "<".repeat(5_000);
    let cut = escaped(&long, 3_000);
    assert!(cut.chars().count() <= 3_000 && cut.chars().count() > 2_900, "{}", cut.chars().count());
    assert!(cut.ends_with("&lt;…"), "{cut}");
    let many = Delivery {
        content: Content {
            title: long.clone(),
            body: long.clone(),
            assignees: vec![long.clone(); 9],
            ..Content::default()
        },
        note: long,
        ..delivery(Status::Triggered, None)
    };
    let made = message(&many, "m");
    let blocks = made["attachments"][0]["blocks"].as_array().expect("blocks");
    for block in blocks {
        for text in [&block["text"]["text"], &block["elements"][0]["text"]] {
            assert!(text.as_str().unwrap_or_default().chars().count() <= 3_000);
        }
    }
    assert!(note(&many)["text"].as_str().expect("a text").chars().count() <= NOTE_CHARS_MAX);
}

#[test]
fn without_an_incident_to_work_on_there_are_no_buttons() {
    let none = Delivery { belongs_to: None, ..delivery(Status::Triggered, None) };
    let made = message(&none, "m").to_string();
    assert!(!made.contains("actions") && !made.contains("pagerduty.com"), "{made}");
}

#[test]
fn a_record_is_a_channel_and_a_time() {
    assert_eq!(place(&record("C1", "17.000001")), Some(("C1", "17.000001")));
    assert_eq!(place(&RecordRef::id("17.000001")), None);
    assert_eq!(ts(1_795_183_200_123), "1795183200.123000");
}
