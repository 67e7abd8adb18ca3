//! What is remembered, and that nothing is done that cannot be.

use crate::world::{CREATE, World};
use pagebridge_access::{Asked, Principal, Role};
use pagebridge_actions::{ErrorKind, Surface};
use serde_json::json;

#[tokio::test]
async fn every_run_is_in_the_trail_with_what_came_of_it() {
    let world = World::start().await;
    let admin = Principal::new("api", Role::Admin);
    let made = world.run(&admin, CREATE, world.incident("Disk full")).await.result.expect("a result");
    world.clock.advance(10);
    assert!(world.run(&admin, "incident.find", json!({"maximum": 5})).await.ok);
    let asked =
        Asked { dry_run: true, ..Asked::new(Surface::Chat, "incident.acknowledge", json!({"entity_id": made["id"]})) };
    assert!(world.gate.run(&admin, asked).await.ok);

    let trail = world.trail().await;
    let [create, find, shown] = &trail[..] else { panic!("{trail:?}") };
    assert_eq!((create.who.as_str(), create.surface.as_str(), create.action.as_str()), ("api", "http", CREATE));
    assert_eq!(create.input["title"], "Disk full");
    let outcome = &create.end.as_ref().expect("it ended").outcome;
    assert_eq!((&outcome["ids"], &outcome["result"]["id"]), (&json!([made["id"]]), &made["id"]));
    assert_eq!(find.end.as_ref().expect("it ended").outcome["result"], json!({"left_out": "it was only read"}));
    assert_eq!((shown.dry_run, shown.surface.as_str()), (true, "chat"));
}

#[tokio::test]
async fn no_secret_is_remembered() {
    let world = World::start().await;
    let admin = Principal::new("api", Role::Admin);
    let service = json!({"entity_id": world.sandbox.service_id});
    let told = world.run(&admin, "integration.create", service).await.result.expect("a result");
    let key = told["integration_key"].as_str().expect("whoever asks is told").to_owned();
    let hook = json!({"url": "http://127.0.0.1:1/", "events": ["incident.triggered"]});
    let told = world.run(&admin, "webhook_subscription.create.simple", hook).await.result.expect("a result");
    let secret = told["delivery_method"]["secret"].as_str().expect("whoever asks is told").to_owned();
    let event = json!({"routing_key": "0123456789abcdef0123456789abcdef", "summary": "s", "source": "x",
        "custom_details": "{\"password\": \"s3cret\", \"disk\": \"/var\"}", "pasword": "s3cret"});
    world.run(&admin, "event.trigger", event).await;
    let raw = json!({"data": {"delivery_method": {"custom_headers": [{"name": "x", "value": "s3cret"}]}}});
    world.run(&admin, "webhook_subscription.create", raw).await;

    let trail = world.trail().await;
    let kept = format!("{trail:?}");
    for secret in [&key, &secret, "s3cret", "0123456789abcdef0123456789abcdef"] {
        assert!(!kept.contains(secret), "{secret} is in {kept}");
    }
    assert!(kept.contains("/var"), "what is no secret is kept: {kept}");
}

#[tokio::test]
async fn what_was_begun_and_never_ended_is_not_done_again() {
    let world = World::start().await;
    let who = Principal::new("token ci", Role::Responder);
    // As a process leaves it that is killed between the two.
    world.keyed(&who, CREATE, world.incident("x"), "k-0").await;
    let row = world.trail().await.pop().expect("a row");
    let left = pagebridge_ports::NewAudit {
        who: row.who,
        surface: row.surface,
        action: row.action,
        input: row.input,
        key: Some("k-1".into()),
        dry_run: false,
        counts: true,
        at: row.at,
        caps: Vec::new(),
        end: None,
    };
    world.store.audit_begin(left).await.expect("begins");
    let outcome = world.keyed(&who, CREATE, world.incident("x"), "k-1").await;
    assert_eq!(outcome.error.map(|error| error.kind), Some(ErrorKind::InProgress));
    assert_eq!(world.made("x"), 1);
    assert!(world.trail().await[1].end.is_none());
}
