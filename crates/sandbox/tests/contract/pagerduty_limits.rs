//! Rate limits as clients meet them, and changing them while the sandbox runs.

use std::collections::BTreeMap;

use pagebridge_sandbox::{ClockMode, Config, PagerDutyConfig};
use serde_json::{Value, json};

use crate::common::{Answer, World};

/// A world whose clock stands still, so that a minute is a minute.
async fn world(pagerduty: PagerDutyConfig) -> World {
    World::with(Config { pagerduty, clock: ClockMode::Manual, ..Config::default() }).await
}

fn quota(answer: &Answer) -> [&str; 3] {
    ["ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"].map(|name| answer.headers[name].as_str())
}

#[tokio::test]
async fn every_rest_answer_tells_what_is_left_and_the_one_too_many_is_refused() {
    let world = world(PagerDutyConfig { rest_per_minute: Some(3), ..PagerDutyConfig::default() }).await;
    assert_eq!(quota(&world.pd("GET", "/users", None).await), ["3", "2", "60"]);
    world.sandbox.clock().advance(20_000);
    let missing = world.pd("GET", "/no/such/thing", None).await;
    assert_eq!((missing.status, quota(&missing)), (404, ["3", "1", "40"]));
    let wrong = world.pd("POST", "/incidents", Some(json!({}))).await;
    assert_eq!((wrong.status, quota(&wrong)), (400, ["3", "0", "40"]));
    let refused = world.pd("GET", "/users", None).await;
    assert_eq!((refused.status, quota(&refused)), (429, ["3", "0", "40"]));
    assert_eq!(refused.body, json!({"error": {"message": "Rate Limit Exceeded", "code": 2020}}));
    // The window slides: the first call leaves it, the other two do not.
    world.sandbox.clock().advance(40_000);
    assert_eq!(quota(&world.pd("GET", "/users", None).await), ["3", "0", "20"]);
    assert_eq!(world.pd("GET", "/users", None).await.status, 429);
}

#[tokio::test]
async fn each_credential_has_a_limit_of_its_own() {
    let world = world(PagerDutyConfig { rest_per_minute: Some(1), ..PagerDutyConfig::default() }).await;
    let me = async || {
        let request = world.http.get(format!("{}/users/me", world.sandbox.pagerduty_url));
        let request = request.header("Authorization", format!("Token token={}", world.sandbox.user_token));
        Answer::read(request.send().await.expect("an answer")).await
    };
    assert_eq!(world.pd("GET", "/users", None).await.status, 200);
    assert_eq!(world.pd("GET", "/users", None).await.status, 429);
    assert_eq!(me().await.status, 200);
    assert_eq!(me().await.status, 429);
}

#[tokio::test]
async fn an_operation_can_be_limited_more_tightly() {
    let operations_per_minute = BTreeMap::from([("POST /incidents".to_owned(), 1)]);
    let world = world(PagerDutyConfig { operations_per_minute, ..PagerDutyConfig::default() }).await;
    world.incident("one", None).await;
    let refused = world.pd("POST", "/incidents", Some(world.incident_body("two", None))).await;
    assert_eq!((refused.status, quota(&refused)), (429, ["1", "0", "60"]));
    assert_eq!(quota(&world.pd("GET", "/incidents", None).await), ["960", "958", "60"]);
}

#[tokio::test]
async fn limits_are_changed_while_it_runs() {
    let world = world(PagerDutyConfig::default()).await;
    let settings = async |body: Value| world.control("POST", "/pagerduty/settings", Some(body)).await;
    let changed = settings(json!({"rest_per_minute": 1, "operations_per_minute": {"GET /oncalls": 5}})).await;
    assert_eq!((changed.status, &changed.body["rest_per_minute"]), (200, &json!(1)));
    assert_eq!(changed.body["events_per_minute"], 120, "what was not given stays");
    assert_eq!(world.pd("GET", "/users", None).await.status, 200);
    assert_eq!(world.pd("GET", "/users", None).await.status, 429);
    settings(json!({"rest_per_minute": null})).await;
    assert_eq!(world.pd("GET", "/users", None).await.status, 200);
    assert_eq!(world.control("GET", "/pagerduty/settings", None).await.body["rest_per_minute"], Value::Null);

    for (body, told) in [
        (json!({"rest_per_minut": 1}), "unknown setting `rest_per_minut`"),
        (json!({"rest_per_minute": "many"}), "invalid type"),
        (json!({"too_large_status": 500}), "must be 400 or 413"),
    ] {
        let refused = settings(body).await;
        let text = refused.body["error"].as_str().expect("a reason");
        assert!(refused.status == 400 && text.contains(told), "{text}");
    }
}
