//! Events v2 on the wire and at their limits.

use pagerduty::events::{self, EVENT_SIZE_BYTES_MAX, Event, EventError, Image, Severity};
use pagerduty::{Effect, text};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::support::{body, render};

const KEY: &str = "0123456789abcdef0123456789abcdef";

fn trigger(summary: &str) -> Event {
    Event::trigger(KEY, summary, "db-1", Severity::Critical)
}

fn details(value: Value) -> Map<String, Value> {
    Map::from_iter([("d".to_owned(), value)])
}

#[test]
fn a_small_trigger() {
    let call = events::enqueue(&trigger("disk full").with_dedup_key("db-1/disk")).expect("valid");
    assert_eq!(
        render(&call),
        concat!(
            "POST https://events.pagerduty.com/v2/enqueue\ncontent-type: application/json\n",
            r#"{"routing_key":"0123456789abcdef0123456789abcdef","event_action":"trigger","dedup_key":"db-1/disk","#,
            r#""payload":{"summary":"disk full","source":"db-1","severity":"critical"}}"#
        )
    );
}

#[test]
fn a_full_trigger() {
    let event = trigger("disk full")
        .with_dedup_key("k")
        .with_timestamp("2015-07-17T08:42:58.315+0000")
        .with_component("disk")
        .with_group("storage")
        .with_class("capacity")
        .with_custom_details(details(json!({"used": 95})))
        .with_client("monitor", Some("https://mon.example/x".to_owned()))
        .with_link("https://l.example", Some("runbook".to_owned()))
        .with_image(Image { src: "https://i.example/x.png".to_owned(), href: None, alt: Some("a".to_owned()) });
    assert_eq!(
        body(&events::enqueue(&event).expect("valid")),
        json!({
            "routing_key": KEY, "event_action": "trigger", "dedup_key": "k",
            "payload": {
                "summary": "disk full", "source": "db-1", "severity": "critical", "timestamp": "2015-07-17T08:42:58.315+0000",
                "component": "disk", "group": "storage", "class": "capacity", "custom_details": {"d": {"used": 95}},
            },
            "client": "monitor", "client_url": "https://mon.example/x",
            "links": [{"href": "https://l.example", "text": "runbook"}],
            "images": [{"src": "https://i.example/x.png", "alt": "a"}],
        })
    );
}

#[test]
fn acknowledge_and_resolve_need_a_key() {
    for (event, action) in [(Event::acknowledge(KEY, "k"), "acknowledge"), (Event::resolve(KEY, "k"), "resolve")] {
        let call = events::enqueue(&event).expect("valid");
        assert_eq!(body(&call), json!({"routing_key": KEY, "event_action": action, "dedup_key": "k"}));
        assert_eq!(call.effect(), Effect::Repeatable);
    }
    let error = events::enqueue(&Event::resolve(KEY, " ")).expect_err("no key");
    assert_eq!(error.to_string(), "an event to resolve needs a dedup key");
}

#[test]
fn a_trigger_without_a_key_is_not_repeatable() {
    let call = events::enqueue(&trigger("x")).expect("valid");
    assert_eq!(call.effect(), Effect::Once);
    assert!(body(&call).get("dedup_key").is_none());
}

#[test]
fn blank_fields_do_not_lose_the_page() {
    let event = Event::trigger(KEY, " ", "", Severity::Info);
    let sent = body(&events::enqueue(&event).expect("valid"));
    assert_eq!(sent["payload"]["summary"], "(no summary)");
    assert_eq!(sent["payload"]["source"], "unknown");
}

#[test]
fn details_go_first_then_links_then_it_is_refused() {
    let large = "é".repeat(EVENT_SIZE_BYTES_MAX / 2);
    let call =
        events::enqueue(&trigger("x").with_custom_details(details(json!(large))).with_link("https://l.example", None));
    let sent = body(&call.expect("fits without its details"));
    let note = sent["payload"]["custom_details"]["details"].as_str().expect("a word in their place");
    assert!(note.starts_with("left out: the event was 512"), "{note}");
    assert_eq!(sent["links"][0]["href"], "https://l.example");

    let call = events::enqueue(&trigger("x").with_link(large.clone(), None));
    assert!(body(&call.expect("fits without its links")).get("links").is_none());

    let error = events::enqueue(&trigger("x").with_component(large)).expect_err("too large");
    assert!(matches!(error, EventError::TooLarge { size_bytes } if size_bytes > EVENT_SIZE_BYTES_MAX));
}

#[test]
fn an_event_of_just_the_limit_keeps_its_details() {
    let sized = |fill: usize| {
        let event = trigger("x").with_custom_details(details(json!("a".repeat(fill))));
        let sent = body(&events::enqueue(&event).expect("fits"));
        (sent.to_string().len(), sent["payload"]["custom_details"]["d"].is_string())
    };
    let (empty, _) = sized(0);
    assert_eq!(sized(EVENT_SIZE_BYTES_MAX - empty), (EVENT_SIZE_BYTES_MAX, true));
    assert!(!sized(EVENT_SIZE_BYTES_MAX - empty + 1).1);
}

proptest! {
    #[test]
    fn cut_text_fits_and_keeps_its_start(text in "\\PC{0,60}", chars_max in 1_usize..50) {
        let cut = text::cut(&text, chars_max);
        prop_assert!(cut.chars().count() <= chars_max);
        prop_assert!(cut == text || text.starts_with(cut.strip_suffix('…').expect("a mark")));
    }

    #[test]
    fn long_keys_stay_apart(start in "\\PC{250,300}", a in "[a-z]{1,9}", b in "[a-z]{1,9}") {
        let (one, two) = (format!("{start}{a}"), format!("{start}{b}"));
        prop_assert!(text::shorten_key(&one).chars().count() <= text::DEDUP_KEY_CHARS_MAX);
        prop_assert_eq!(text::shorten_key(&one) == text::shorten_key(&two), a == b);
        let once = text::shorten_key(&one);
        prop_assert_eq!(text::shorten_key(&once), once.clone());
    }
}

#[test]
fn an_event_in_the_callers_own_words() {
    let raw = |value: Value| events::raw::enqueue(value.as_object().expect("an object"));
    let whole = json!({"routing_key": KEY, "event_action": "trigger", "dedup_key": "k", "a_new_field": [1]});
    let call = raw(whole.clone()).expect("valid");
    assert_eq!((body(&call), call.effect()), (whole, Effect::Repeatable));
    let keyless = raw(json!({"routing_key": KEY, "event_action": "trigger"})).expect("valid");
    assert_eq!(keyless.effect(), Effect::Once);
    for (wrong, told) in [
        (json!({"event_action": "trigger"}), "0 characters instead of 32"),
        (json!({"routing_key": KEY, "event_action": "resolve", "dedup_key": " "}), "an event to resolve needs"),
        (json!({"routing_key": KEY, "payload": "x".repeat(EVENT_SIZE_BYTES_MAX)}), "is 512063 bytes"),
    ] {
        let error = raw(wrong).expect_err("it cannot be sent").to_string();
        assert!(error.contains(told), "{error}");
    }
    let ruleset = json!({"routing_key": "R0123456789ABCDEF0123456789ABCDE"});
    assert!(events::raw::change(ruleset.as_object().expect("an object")).is_err());
    let change = json!({"routing_key": KEY, "payload": {"summary": "s"}});
    let call = events::raw::change(change.as_object().expect("an object")).expect("valid");
    assert!(render(&call).starts_with("POST https://events.pagerduty.com/v2/change/enqueue\n"));
}
