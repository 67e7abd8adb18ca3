//! Faults on the wire.

use std::time::Duration;

use pagebridge_sandbox::{Config, Effect, Fault, NewAlert, PagerDutyConfig, System};
use serde_json::json;

use crate::common::{Receiver, World};

fn refuse(status: u16) -> Effect {
    Effect::Refuse { status, headers: [("Retry-After".to_owned(), "2".to_owned())].into(), body: None }
}

async fn try_create(world: &World, key: &str, patience: Duration) -> Result<u16, reqwest::Error> {
    let request = world.http.post(format!("{}/incidents", world.sandbox.pagerduty_url));
    let request = request
        .header("Authorization", format!("Token token={}", world.sandbox.account_token))
        .header("From", &world.sandbox.from)
        .timeout(patience)
        .json(&world.incident_body("x", Some(key)));
    request.send().await.map(|response| response.status().as_u16())
}

const LONG: Duration = crate::common::PATIENCE;
const SHORT: Duration = Duration::from_millis(50);

#[tokio::test]
async fn refusals_have_the_systems_own_error_shape_and_the_asked_headers() {
    let world = World::start().await;
    world.sandbox.add_fault(Fault::new(System::PagerDuty, refuse(429)).count(1).only("POST /incidents"));
    world.sandbox.add_fault(Fault::new(System::Opsgenie, refuse(503)).count(1));
    assert_eq!(world.pd("GET", "/incidents", None).await.status, 200);
    let refused = world.pd("POST", "/incidents", Some(world.incident_body("x", None))).await;
    assert_eq!((refused.status, refused.headers["retry-after"].as_str()), (429, "2"));
    assert_eq!(refused.body["error"]["code"], 2020);
    assert!(world.og("GET", "/v2/alerts", None).await.body["message"].is_string());
    assert_eq!(world.og("GET", "/v2/alerts", None).await.status, 200);
    assert!(world.sandbox.snapshot().pagerduty.incidents.is_empty());
    let calls = &world.sandbox.snapshot().pagerduty.calls["POST /incidents"];
    assert_eq!((calls.calls, calls.by_status[&429]), (1, 1));
}

#[tokio::test]
async fn a_write_can_be_applied_and_never_answered() {
    let world = World::start().await;
    world.sandbox.add_fault(Fault::new(System::PagerDuty, Effect::ApplyThenTimeOut).count(1));
    assert!(try_create(&world, "k", SHORT).await.expect_err("no answer").is_timeout());
    assert_eq!(world.sandbox.pagerduty().incident("k").expect("applied").status, "triggered");
    assert_eq!(try_create(&world, "k", LONG).await.expect("an answer"), 400);
    assert_eq!(world.sandbox.snapshot().pagerduty.calls["POST /incidents"].unanswered, 1);
}

#[tokio::test]
async fn a_reset_closes_what_was_left_unanswered() {
    let world = World::start().await;
    world.sandbox.add_fault(Fault::new(System::PagerDuty, Effect::ApplyThenTimeOut));
    let create = try_create(&world, "k", LONG);
    let reset = async {
        while world.sandbox.pagerduty().incident("k").is_err() {
            tokio::task::yield_now().await;
        }
        world.sandbox.faults().reset();
    };
    let (created, ()) = tokio::join!(create, reset);
    assert!(!created.expect_err("closed without an answer").is_timeout());
}

#[tokio::test]
async fn connections_are_reset_with_or_without_effect() {
    let world = World::start().await;
    world.sandbox.add_fault(Fault::new(System::PagerDuty, Effect::Reset).count(1));
    assert!(!try_create(&world, "none", LONG).await.expect_err("reset").is_timeout());
    assert!(world.sandbox.pagerduty().incident("none").is_err());
    world.sandbox.add_fault(Fault::new(System::PagerDuty, Effect::ApplyThenReset).count(1));
    assert!(!try_create(&world, "k", LONG).await.expect_err("reset").is_timeout());
    assert!(world.sandbox.pagerduty().incident("k").is_ok());
}

#[tokio::test]
async fn a_late_write_lands_after_its_caller_has_given_up() {
    let world = World::start().await;
    world.sandbox.add_fault(Fault::new(System::PagerDuty, Effect::Late { ms: 3_600_000 }).count(1));
    assert!(try_create(&world, "k", SHORT).await.expect_err("no answer").is_timeout());
    assert!(world.sandbox.pagerduty().incident("k").is_err());
    world.sandbox.clock().advance(3_600_000);
    let landed = async {
        while world.sandbox.pagerduty().incident("k").is_err() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(LONG, landed).await.expect("it lands");
}

#[tokio::test]
async fn slow_and_garbled_answers() {
    let world = World::start().await;
    world.sandbox.add_fault(Fault::new(System::PagerDuty, Effect::Slow { ms: 3_600_000 }).count(1));
    assert!(try_create(&world, "k", SHORT).await.expect_err("too slow").is_timeout());
    assert!(world.sandbox.pagerduty().incident("k").is_ok(), "applied at once");
    world.sandbox.add_fault(Fault::new(System::Opsgenie, Effect::Garble).count(1));
    let garbled = world.og("POST", "/v2/alerts", Some(json!({"message": "x"}))).await;
    assert!(garbled.status == 200 && garbled.body.is_null());
}

#[tokio::test]
async fn webhooks_are_dropped_doubled_and_overtaken() {
    let world = World::start().await;
    let mut receiver = Receiver::start(&[]).await;
    world.sandbox.pagerduty().subscribe(&receiver.url, None, &[]);
    let on = |effect, only: &str| world.sandbox.add_fault(Fault::new(System::PagerDuty, effect).count(1).only(only));
    on(Effect::Drop, "incident.triggered");
    on(Effect::Reorder { ms: 60_000 }, "incident.acknowledged");
    on(Effect::Duplicate { ms: 0 }, "incident.resolved");
    let id = world.incident("x", None).await;
    world.put_status(&id, "acknowledged").await;
    world.put_status(&id, "resolved").await;
    let (first, second) = (receiver.next().await, receiver.next().await);
    assert_eq!(first.body["event"]["event_type"], "incident.resolved");
    assert_eq!(first.headers["x-webhook-id"], second.headers["x-webhook-id"]);
    assert_eq!(first.raw, second.raw);
    world.sandbox.clock().advance(60_000);
    assert_eq!(receiver.next().await.body["event"]["event_type"], "incident.acknowledged");
    assert!(receiver.drain().is_empty());
    let counts = world.sandbox.snapshot().pagerduty.webhooks;
    assert_eq!((counts.made, counts.dropped, counts.duplicated), (3, 1, 1));
}

#[tokio::test]
async fn a_delayed_webhook_holds_those_behind_it_but_not_other_incidents() {
    let world = World::start().await;
    let mut receiver = Receiver::start(&[]).await;
    world.sandbox.pagerduty().subscribe(&receiver.url, None, &[]);
    world.sandbox.add_fault(Fault::new(System::PagerDuty, Effect::Delay { ms: 60_000 }).count(1));
    let held = world.incident("held", None).await;
    world.put_status(&held, "acknowledged").await;
    world.incident("free", None).await;
    assert_eq!(receiver.next().await.body["event"]["data"]["title"], "free");
    world.sandbox.clock().advance(60_000);
    assert_eq!(receiver.next().await.body["event"]["event_type"], "incident.triggered");
    assert_eq!(receiver.next().await.body["event"]["event_type"], "incident.acknowledged");
}

#[tokio::test]
async fn webhooks_wait_for_a_receiver_that_is_down_and_stopping_does_not_wait_for_them() {
    let pagerduty = PagerDutyConfig { webhook_retry_ms: 3_600_000, ..PagerDutyConfig::default() };
    let world = World::with(Config { pagerduty, ..Config::default() }).await;
    world.sandbox.pagerduty().subscribe("http://127.0.0.1:1/", None, &[]);
    world.sandbox.opsgenie().subscribe("http://127.0.0.1:1/", &[]);
    world.incident("x", None).await;
    world.sandbox.opsgenie().create_alert(NewAlert::new("x"), "dana@example.test");
    let settled = async {
        loop {
            let snapshot = world.sandbox.snapshot();
            if snapshot.pagerduty.webhooks.attempts == 1 && snapshot.opsgenie.webhooks.given_up == 1 {
                return snapshot;
            }
            tokio::task::yield_now().await;
        }
    };
    let snapshot = tokio::time::timeout(LONG, settled).await.expect("both try once");
    assert_eq!(snapshot.pagerduty.webhooks.waiting, 1);
    tokio::time::timeout(Duration::from_secs(2), world.sandbox.stop()).await.expect("stops at once");
}
