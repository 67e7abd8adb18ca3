//! When a call is sent again: the rule as a table, and the sender against a server.

use pagerduty::events::{self, Event, Severity, v1};
use pagerduty::rest::incidents::{self, NewIncident};
use pagerduty::rest::users;
use pagerduty::{Call, Class, Effect, Error, RateLimit, ResponseError, RetryPolicy, Retrying, Wait};

use crate::server::{Answer, answers, in_turn};

const NOW: i64 = 1_767_323_045_000;

fn answered(status: u16, effect: Effect, wait: Option<Wait>) -> Error {
    Error::Response(Box::new(ResponseError {
        status,
        code: None,
        message: String::new(),
        errors: Vec::new(),
        retry_after: wait,
        rate_limit: RateLimit::default(),
        request_id: None,
        effect,
        throttled: status == 429,
    }))
}

#[test]
fn the_rule() {
    let policy = RetryPolicy::default();
    let unreadable =
        Error::Undecodable { status: 202, problem: "x".to_owned(), effect: Effect::Read, request_id: None };
    let for_s = |s: u64| Some(Wait::For { ms: s * 1000 });
    let table = [
        // What was surely not applied is sent again, whatever it does.
        (answered(429, Effect::Once, None), 1, Some(1000)),
        (answered(429, Effect::Once, for_s(37)), 1, Some(38_000)),
        (answered(429, Effect::Once, Some(Wait::Until { unix_ms: NOW + 5_000 })), 1, Some(6_000)),
        (answered(429, Effect::Once, for_s(121)), 1, None),
        // What may have been applied, only if that does no harm.
        (answered(408, Effect::Read, None), 1, Some(1000)),
        (answered(500, Effect::Repeatable, None), 2, Some(2000)),
        (answered(502, Effect::Read, None), 3, Some(4000)),
        (answered(503, Effect::Repeatable, for_s(2)), 4, Some(3000)),
        (answered(408, Effect::Once, None), 1, None),
        (answered(500, Effect::Once, None), 1, None),
        (answered(503, Effect::Once, for_s(2)), 1, None),
        // What will not get better is not.
        (answered(400, Effect::Repeatable, None), 1, None),
        (answered(401, Effect::Read, None), 1, None),
        (answered(403, Effect::Repeatable, None), 1, None),
        (answered(404, Effect::Read, for_s(1)), 1, None),
        (answered(413, Effect::Once, None), 1, None),
        (answered(302, Effect::Read, None), 1, None),
        (unreadable, 1, None),
        (Error::Invalid { problem: "x".to_owned() }, 1, None),
        // It ends.
        (answered(500, Effect::Read, None), 5, None),
        (answered(500, Effect::Read, None), 99, None),
    ];
    for (error, attempt, expected) in table {
        assert_eq!(policy.wait_ms(&error, attempt, NOW, 1.0), expected, "attempt {attempt}: {error:?}");
    }
}

#[test]
fn waits_double_up_to_a_cap_and_are_spread() {
    let policy = RetryPolicy { attempts_max: u32::MAX, ..RetryPolicy::default() };
    let error = answered(500, Effect::Read, None);
    let longest: Vec<_> = (1..=7).map(|attempt| policy.wait_ms(&error, attempt, NOW, 1.0)).collect();
    assert_eq!(longest, [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000].map(Some));
    assert_eq!(policy.wait_ms(&error, 4_000_000, NOW, 1.0), Some(30_000));
    assert_eq!(policy.wait_ms(&error, 1, NOW, 0.0), Some(500));
    let asked = answered(429, Effect::Read, Some(Wait::For { ms: 7_000 }));
    assert_eq!(policy.wait_ms(&asked, 1, NOW, 0.0), Some(7_000));
    assert_eq!(policy.wait_ms(&asked, 1, NOW, 7.5), Some(8_000));
}

fn at_once() -> RetryPolicy {
    RetryPolicy { backoff_ms_first: 0, backoff_ms_max: 0, ..RetryPolicy::default() }
}

fn trigger() -> Call<events::Enqueued> {
    let event = Event::trigger("k".repeat(32), "disk full", "db-1", Severity::Error).with_dedup_key("d");
    events::enqueue(&event).expect("valid")
}

#[tokio::test]
async fn an_event_gets_through_a_bad_time() {
    let queued = Answer::new(202, r#"{"status":"success","dedup_key":"d"}"#);
    let (client, asked) = in_turn(vec![
        Answer::new(502, "<html>"),
        Answer::new(429, "").header("retry-after", "0"),
        Answer::new(500, r#"{"status":"error"}"#),
        queued,
    ])
    .await;
    let reply = Retrying::new(client, at_once()).call(&trigger()).await.expect("queued");
    assert_eq!(reply.value.dedup_key.as_deref(), Some("d"));
    assert_eq!(asked.all().len(), 4);
}

#[tokio::test]
async fn it_gives_up_and_returns_the_last_error() {
    let (client, asked) = answers(|_| Answer::new(503, "busy")).await;
    let sender = Retrying::new(client, RetryPolicy { attempts_max: 3, ..at_once() });
    let error = sender.call(&users::me()).await.expect_err("busy");
    assert_eq!(error.to_string(), "PagerDuty answered 503: busy");
    assert_eq!(asked.all().len(), 3);
}

#[tokio::test]
async fn a_create_is_sent_again_only_after_throttling() {
    let create = incidents::create(&NewIncident::new("t", "PSVC001"));
    let made = Answer::new(201, r#"{"incident":{"id":"Q1"}}"#);
    let throttled = Answer::new(429, "{}").header("ratelimit-reset", "0");
    let (client, asked) = in_turn(vec![throttled, made]).await;
    assert_eq!(Retrying::new(client, at_once()).call(&create).await.expect("made").value.id.as_str(), "Q1");
    assert_eq!(asked.all().len(), 2);

    let (client, asked) = answers(|_| Answer::new(500, "")).await;
    let error = Retrying::new(client, at_once()).call(&create).await.expect_err("perhaps made");
    assert_eq!((error.class(), asked.all().len()), (Class::ReadBack, 1));
    // Who knows that a repeat does no harm can say so.
    let (client, asked) = answers(|_| Answer::new(500, "")).await;
    let call = create.repeatable();
    Retrying::new(client, at_once()).call(&call).await.expect_err("busy");
    assert_eq!(asked.all().len(), 5);
}

#[tokio::test]
async fn a_403_throttles_in_version_1_only() {
    let event = v1::Event::trigger("k".repeat(32), "disk full").with_incident_key("d");
    let old = v1::create(&event).expect("valid");
    let created = Answer::new(200, r#"{"status":"success","message":"Event processed","incident_key":"d"}"#);
    let (client, asked) = in_turn(vec![Answer::new(403, ""), created]).await;
    let reply = Retrying::new(client, at_once()).call(&old).await.expect("queued");
    assert_eq!((reply.value.incident_key.as_deref(), asked.all().len()), (Some("d"), 2));

    let (client, asked) = answers(|_| Answer::new(403, "")).await;
    let error = Retrying::new(client, at_once()).call(&trigger()).await.expect_err("forbidden");
    assert_eq!((error.class(), asked.all().len()), (Class::Forbidden, 1));
}
