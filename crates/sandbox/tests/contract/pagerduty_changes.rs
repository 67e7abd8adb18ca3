//! Change events as senders see them.

use pagebridge_sandbox::{Config, PagerDutyConfig};
use serde_json::{Value, json};

use crate::common::{Answer, World};

async fn enqueue(world: &World, event: &Value) -> Answer {
    let request = world.http.post(format!("{}/v2/change/enqueue/?stray=1", world.sandbox.pagerduty_url));
    let request = request.header("Authorization", "Token token=whatever").json(event);
    Answer::read(request.send().await.expect("an answer")).await
}

fn change(world: &World, links: usize) -> Value {
    let links = vec![json!({"href": "https://ci.example.test/1", "text": "Build"}); links];
    json!({
        "routing_key": world.sandbox.routing_key, "links": links,
        "payload": {
            "summary": "deployed 1.2.3", "source": "ci", "timestamp": "2026-01-02T03:04:05.000+0000",
            "custom_details": {"commit": "abc"},
        },
    })
}

#[tokio::test]
async fn a_change_event_is_stored_and_opens_nothing() {
    let world = World::start().await;
    let answer = enqueue(&world, &change(&world, 50)).await;
    assert_eq!(answer.status, 202);
    assert_eq!(answer.body, json!({"status": "success", "message": "Change event processed"}));
    let held = world.sandbox.snapshot().pagerduty;
    assert!(held.incidents.is_empty());
    let stored = &held.change_events[0];
    assert_eq!((stored.summary.as_str(), stored.source.as_deref(), stored.links), ("deployed 1.2.3", Some("ci"), 50));
    assert_eq!(stored.service_id, world.sandbox.service_id);
    assert_eq!(stored.at.to_string(), "2026-01-02T03:04:05Z");
}

#[tokio::test]
async fn one_link_too_many_is_refused_in_a_shape_of_its_own() {
    let world = World::start().await;
    let refused = enqueue(&world, &change(&world, 51)).await;
    assert_eq!((refused.status, refused.body), (400, json!({"error": ["links should have at most 50 item(s)"]})));
    assert!(world.sandbox.snapshot().pagerduty.change_events.is_empty());
}

#[tokio::test]
async fn what_is_wrong_is_told() {
    let world = World::start().await;
    let errors = async |event: Value| {
        let answer = enqueue(&world, &event).await;
        assert_eq!((answer.status, &answer.body["status"]), (400, &json!("invalid event")));
        answer.body["errors"].clone()
    };
    assert_eq!(
        errors(json!({"routing_key": "short"})).await,
        json!(["Length of 'routing_key' is incorrect (should be 32 characters)", "'payload' is missing or blank"])
    );
    let mut event = change(&world, 0);
    event["payload"] = json!({"source": "ci"});
    assert_eq!(errors(event.clone()).await, json!(["'payload.summary' is missing or blank"]));
    event["payload"]["summary"] = "x".repeat(1_025).into();
    assert_eq!(errors(event).await, json!(["'summary' is too long (maiximum is 1024 characters)"]));
}

#[tokio::test]
async fn a_key_of_the_whole_account_is_not_taken() {
    let world = World::start().await;
    let mut event = change(&world, 0);
    event["routing_key"] = world.sandbox.global_routing_key.clone().into();
    let refused = enqueue(&world, &event).await;
    assert_eq!((refused.status, &refused.body["errors"]), (400, &json!(["Invalid routing key"])));
}

#[tokio::test]
async fn change_events_count_against_the_limit_of_their_key() {
    let pagerduty = PagerDutyConfig { events_per_minute: Some(1), ..PagerDutyConfig::default() };
    let world = World::with(Config { pagerduty, ..Config::default() }).await;
    assert_eq!(enqueue(&world, &change(&world, 0)).await.status, 202);
    assert_eq!(enqueue(&world, &change(&world, 0)).await.body["status"], "throttle exceeded");
}
