//! Change events, events of version 1, and the shape of keys.

use pagerduty::events::change::{self, ChangeEvent, LINKS_MAX};
use pagerduty::events::{
    self, EVENT_SIZE_BYTES_MAX, Event, EventError, Image, KeyError, KeyKind, Severity, key_kind, v1,
};
use pagerduty::{Class, Effect, Secret};
use serde_json::{Map, Value, json};

use crate::server::{Answer, answers};
use crate::support::{body, render};

const KEY: &str = "0123456789abcdef0123456789abcdef";
const RULESET: &str = "R0123456789ABCDEF0123456789ABCDE";

fn details(value: Value) -> Map<String, Value> {
    Map::from_iter([("d".to_owned(), value)])
}

#[test]
fn a_change_event() {
    let event = ChangeEvent::new(KEY, "Deployed api-service v2.5.0 to production")
        .with_source("ci")
        .with_timestamp("2026-01-02T03:04:05Z")
        .with_custom_details(details(json!("v2.5.0")))
        .with_link("https://ci.example/7", Some("View Pipeline".to_owned()))
        .with_link(" ", None);
    let call = change::enqueue(&event).expect("valid");
    assert_eq!(
        render(&call),
        concat!(
            "POST https://events.pagerduty.com/v2/change/enqueue\ncontent-type: application/json\n",
            r#"{"routing_key":"0123456789abcdef0123456789abcdef","payload":{"summary":"#,
            r#""Deployed api-service v2.5.0 to production","source":"ci","timestamp":"2026-01-02T03:04:05Z","#,
            r#""custom_details":{"d":"v2.5.0"}},"links":[{"href":"https://ci.example/7","text":"View Pipeline"}]}"#
        )
    );
    assert_eq!((call.effect(), call.repeatable().effect()), (Effect::Once, Effect::Repeatable));
}

#[test]
fn a_change_event_is_fitted_into_the_limits() {
    let links =
        (0..60).fold(ChangeEvent::new(KEY, "é".repeat(2000)), |event, n| event.with_link(format!("h{n}"), None));
    let sent = body(&change::enqueue(&links).expect("valid"));
    assert_eq!(sent["links"].as_array().map(Vec::len), Some(LINKS_MAX));
    let summary = sent["payload"]["summary"].as_str().expect("text");
    assert_eq!((summary.chars().count(), summary.chars().last()), (1024, Some('…')));

    let large = ChangeEvent::new(KEY, "x").with_custom_details(details(json!("é".repeat(EVENT_SIZE_BYTES_MAX))));
    let sent = body(&change::enqueue(&large).expect("fits without its details"));
    assert!(sent["payload"]["custom_details"]["details"].as_str().is_some_and(|note| note.starts_with("left out")));
}

#[test]
fn keys_are_told_by_their_shape() {
    let kind = |text: &str| key_kind(&Secret::new(text));
    assert_eq!(kind(KEY), Ok(KeyKind::Integration));
    assert_eq!(kind(RULESET), Ok(KeyKind::Ruleset));
    assert_eq!(kind("u+token"), Err(KeyError::Length { chars: 7 }));
    assert_eq!(kind(&"é".repeat(32)), Err(KeyError::Characters));
    assert_eq!(kind(&format!("{}-", &KEY[1..])), Err(KeyError::Characters));

    let error = change::enqueue(&ChangeEvent::new(RULESET, "x")).expect_err("a ruleset");
    assert!(matches!(error, EventError::Key(KeyError::Ruleset)), "{error}");
    assert!(events::enqueue(&Event::resolve(RULESET, "k")).is_ok());
    let error = events::enqueue(&Event::resolve("hush-hush", "k")).expect_err("too short");
    let text = format!("{error} {error:?}");
    assert!(text.contains("9 characters instead of 32") && !text.contains("hush"), "{text}");
    assert!(v1::create(&v1::Event::resolve("", "k")).is_err());
}

#[test]
fn an_event_of_version_1() {
    let event = v1::Event::trigger(KEY, "disk full")
        .with_incident_key("db-1/disk")
        .with_details(details(json!(95)))
        .with_client("monitor", Some("https://mon.example".to_owned()))
        .with_link("https://l.example", Some("runbook".to_owned()))
        .with_link("", None)
        .with_image(Image { src: "https://i.example/x.png".to_owned(), href: None, alt: Some("a".to_owned()) })
        .with_image(Image { src: String::new(), href: None, alt: None });
    let call = v1::create(&event).expect("valid");
    assert_eq!(call.effect(), Effect::Repeatable);
    assert_eq!(
        body(&call),
        json!({
            "service_key": KEY, "event_type": "trigger", "incident_key": "db-1/disk", "description": "disk full",
            "details": {"d": 95}, "client": "monitor", "client_url": "https://mon.example",
            "contexts": [
                {"type": "link", "href": "https://l.example", "text": "runbook"},
                {"type": "image", "src": "https://i.example/x.png", "alt": "a"},
            ],
        })
    );
    let resolve = v1::Event::resolve(KEY, "k".repeat(300)).with_description("fine").with_client("monitor", None);
    let sent = body(&v1::create(&resolve).expect("valid"));
    assert_eq!(sent["incident_key"].as_str().map(str::len), Some(255));
    assert_eq!((sent["event_type"].as_str(), sent.get("client")), (Some("resolve"), None));
    let error = v1::create(&v1::Event::acknowledge(KEY, " ")).expect_err("no key");
    assert_eq!(error.to_string(), "an event to acknowledge needs a dedup key");
    assert_eq!(v1::create(&v1::Event::trigger(KEY, "")).expect("valid").effect(), Effect::Once);
}

#[test]
fn links_and_pictures_without_an_address_are_left_out() {
    let event = Event::trigger(KEY, "x", "y", Severity::Info).with_link("", Some("t".to_owned())).with_image(Image {
        src: " ".to_owned(),
        href: None,
        alt: None,
    });
    let sent = body(&events::enqueue(&event).expect("valid"));
    assert_eq!((sent.get("links"), sent.get("images")), (None, None));
}

#[tokio::test]
async fn answers_of_both_are_read() {
    let (client, _) = answers(|line| match line {
        "POST /v2/change/enqueue" => Answer::new(202, r#"{"status":"success","message":"Change event processed"}"#),
        _ => Answer::new(200, r#"{"status":"success","message":"Event processed","incident_key":"made-up"}"#),
    })
    .await;
    let changed = change::enqueue(&ChangeEvent::new(KEY, "x")).expect("valid");
    assert_eq!(client.call(&changed).await.expect("queued").value.status.as_deref(), Some("success"));
    let old = v1::create(&v1::Event::trigger(KEY, "x")).expect("valid");
    let reply = client.call(&old).await.expect("queued");
    assert_eq!(reply.value.incident_key.as_deref(), Some("made-up"));

    let (client, _) = answers(|_| Answer::new(403, "")).await;
    assert_eq!(client.call(&old).await.expect_err("throttled").class(), Class::RateLimited { wait: None });
}
