//! Faults on the wire.

use std::time::Duration;

use pagebridge_sandbox::{Config, Effect, Fault, NewAlert, PagerDutyConfig, System};
use serde_json::{Value, json};

use crate::common::{Answer, Receiver, World};

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

#[tokio::test]
async fn a_call_can_be_left_unanswered_without_effect() {
    let world = World::start().await;
    world.sandbox.add_fault(Fault::new(System::PagerDuty, Effect::TimeOut).count(1));
    assert!(try_create(&world, "none", SHORT).await.expect_err("no answer").is_timeout());
    assert!(world.sandbox.pagerduty().incident("none").is_err());
    assert_eq!(try_create(&world, "k", LONG).await.expect("an answer"), 201);
}

#[tokio::test]
async fn refusals_come_in_every_shape_that_clients_have_met() {
    let world = World::start().await;
    let error = |error: Value| json!({"error": error});
    let full = |errors: Value| error(json!({"message": "Invalid Input Provided", "code": 2001, "errors": errors}));
    for (preset, status, body) in [
        ("errors_missing", 429, error(json!({"message": "Rate Limit Exceeded", "code": 2020}))),
        ("errors_empty", 400, full(json!([]))),
        ("errors_list", 400, full(json!(["The first reason.", "The second reason."]))),
        ("errors_string", 400, full(json!("The only reason."))),
        ("errors_object", 400, full(json!({"title": ["The reason for this field."]}))),
        ("error_string", 401, error(json!("Authentication failed"))),
        ("error_array", 400, error(json!(["Invalid Input Provided"]))),
    ] {
        let answer = refused_with(&world, status, json!({"preset": preset})).await;
        assert_eq!((answer.status, &answer.body), (status, &body), "{preset}");
        assert!(answer.headers["content-type"].starts_with("application/json"), "{preset}");
    }
    let code = refused_with(&world, 400, json!({"preset": "code_string"})).await;
    assert_eq!(code.body["error"]["code"], "2001");
    let scopes = refused_with(&world, 403, json!({"preset": "missing_scopes"})).await;
    assert_eq!(scopes.body["error"]["required_scopes"], "incidents.write");
    let page = refused_with(&world, 401, json!({"preset": "not_json"})).await;
    assert!(page.body.is_null() && page.headers["content-type"].starts_with("text/html"), "{}", page.text);
    let empty = refused_with(&world, 429, json!({"preset": "empty"})).await;
    assert!(empty.text.is_empty() && !empty.headers.contains_key("ratelimit-reset"));
}

/// Has the next call refused with this body and returns the answer to it.
async fn refused_with(world: &World, status: u16, body: Value) -> Answer {
    let fault = json!({"system": "pagerduty", "fault": "refuse", "status": status, "count": 1, "body": body});
    let added = world.control("POST", "/faults", Some(fault)).await;
    assert_eq!(added.status, 201, "{}", added.text);
    world.pd("GET", "/users", None).await
}

#[tokio::test]
async fn a_refusals_own_body_and_headers_are_sent_as_they_are() {
    let world = World::start().await;
    let json = refused_with(&world, 502, json!("{\"error\":\"bad gateway\"}")).await;
    assert_eq!((&json.body["error"], json.status), (&json!("bad gateway"), 502));
    assert!(json.headers["content-type"].starts_with("application/json"));
    let text = refused_with(&world, 500, json!("oops")).await;
    assert_eq!((text.text.as_str(), text.headers["content-type"].as_str()), ("oops", "text/plain"));
    let fault = json!({
        "system": "pagerduty", "fault": "refuse", "status": 429,
        "headers": {"ratelimit-limit": "960", "ratelimit-remaining": "0", "ratelimit-reset": "7",
            "Content-Type": "application/problem+json"},
    });
    world.control("POST", "/faults", Some(fault)).await;
    let limited = world.pd("GET", "/users", None).await;
    assert_eq!((limited.headers["ratelimit-reset"].as_str(), &limited.body["error"]["code"]), ("7", &json!(2020)));
    assert_eq!(limited.headers["content-type"], "application/problem+json");
}

#[tokio::test]
async fn a_preset_that_does_not_exist_is_told_with_those_that_do() {
    let world = World::start().await;
    let told = async |body: Value| {
        let fault = json!({"system": "pagerduty", "fault": "refuse", "status": 400, "body": body});
        let answer = world.control("POST", "/faults", Some(fault)).await;
        assert_eq!(answer.status, 400);
        answer.body["error"].as_str().expect("a reason").to_owned()
    };
    let text = told(json!({"preset": "errors_strng"})).await;
    assert!(text.contains("`errors_strng`") && text.contains("`errors_string`"), "{text}");
    let text = told(json!({"presets": "empty"})).await;
    assert!(text.contains("{\"preset\": \"NAME\"}"), "{text}");
}

#[tokio::test]
async fn the_events_apis_are_refused_in_their_own_shapes() {
    let world = World::start().await;
    let send = async |path: &str, status: u16| {
        let fault = json!({"system": "pagerduty", "fault": "refuse", "status": status, "count": 1, "only": path});
        assert_eq!(world.control("POST", "/faults", Some(fault)).await.status, 201);
        assert_eq!(world.pd("GET", "/users", None).await.status, 200, "REST is not touched");
        let request = world.http.post(format!("{}{path}", world.sandbox.pagerduty_url)).json(&json!({}));
        let answer = Answer::read(request.send().await.expect("an answer")).await;
        assert_eq!(answer.status, status, "{path}");
        answer
    };
    for path in ["/v2/enqueue", "/v2/change/enqueue"] {
        assert_eq!(send(path, 429).await.body["status"], "throttle exceeded");
        let trouble = send(path, 502).await;
        assert!(trouble.body["message"].is_string() && trouble.body["errors"].is_array(), "{}", trouble.text);
        assert_eq!(send(path, 400).await.body["status"], "invalid event");
    }
    let v1 = "/generic/2010-04-15/create_event.json";
    assert!(send(v1, 403).await.text.is_empty());
    assert_eq!(send(v1, 400).await.body["status"], "invalid event");
    assert!(send(v1, 500).await.body["status"].is_string());
}
