//! What people do, by the control API; and what outlives a stop.

use pagebridge_sandbox::Config;
use serde_json::json;

use super::{INCIDENTS, call};
use crate::common::{Receiver, World};

#[tokio::test]
async fn people_work_in_the_web_pages_by_the_control_api() {
    let world = World::start().await;
    let mut receiver = Receiver::start(&[]).await;
    let hook = world.control("POST", "/netbox/webhooks", Some(json!({"url": receiver.url}))).await;
    assert_eq!((hook.status, &hook.body["secret"]), (201, &json!(world.sandbox.netbox_webhook_secret)));
    let fields = json!({"title": "disk full", "status": "new", "severity": "high"});
    let made = world.control("POST", "/netbox/incidents", Some(json!({"fields": fields, "user": "dana"}))).await;
    assert_eq!((made.status, &made.body["id"]), (201, &json!(1)), "{}", made.text);
    assert_eq!(receiver.next().await.body["username"], "dana");
    let edit = json!({"fields": {"status": "investigating"}});
    let edited = world.control("PATCH", "/netbox/incidents/1", Some(edit)).await;
    assert_eq!(edited.body["status"], "investigating", "{}", edited.text);
    let told = receiver.next().await.body;
    assert_eq!((&told["username"], &told["snapshots"]["prechange"]["status"]), (&json!("admin"), &json!("new")));
    let bulk = json!({"ids": [1], "status": "closed"});
    let bulk = world.control("POST", "/netbox/incidents/bulk-update-status", Some(bulk)).await;
    assert_eq!(bulk.body["updated_count"], 1, "{}", bulk.text);
    assert_eq!(world.control("GET", "/netbox/incidents/1", None).await.body["status"], "closed");
    assert_eq!(world.control("DELETE", "/netbox/incidents/1", None).await.status, 204);
    assert_eq!(receiver.next().await.body["event"], "deleted", "the bulk update was not told");
    let state = world.control("GET", "/state", None).await;
    assert_eq!(
        (&state.body["netbox"]["incidents_count"], &state.body["netbox"]["webhooks"]["made"]),
        (&json!(0), &json!(3))
    );
}

#[tokio::test]
async fn what_cannot_be_done_is_refused_with_what_can() {
    let world = World::start().await;
    let nowhere = world.control("POST", "/netbox/nonsense", Some(json!({"fields": {}}))).await;
    assert_eq!(nowhere.status, 404);
    assert!(nowhere.text.contains("events, incidents, sites"), "{}", nowhere.text);
    assert_eq!(world.control("GET", "/netbox/incidents/7", None).await.status, 404);
    let bad = world.control("POST", "/netbox/incidents", Some(json!({"fields": {"title": "a"}}))).await;
    assert_eq!(bad.status, 409);
    assert!(bad.text.contains("severity"), "{}", bad.text);
    let token = world.control("POST", "/netbox/tokens", Some(json!({"user": "x", "v2": true}))).await;
    assert!(token.body["token"].as_str().is_some_and(|token| token.starts_with("nbt_")), "{}", token.text);
}

#[tokio::test]
async fn netbox_goes_on_after_a_stop() {
    let directory = std::env::temp_dir().join(format!("pagebridge-sandbox-netbox-{}", std::process::id()));
    std::fs::create_dir_all(&directory).expect("a temporary directory");
    let config = || Config { state_file: Some(directory.join("state.json")), ..Config::default() };
    let world = World::with(config()).await;
    let token = world.sandbox.netbox_token.clone();
    super::incident(&world, "kept", "new").await;
    world.sandbox.stop().await;
    let world = World::with(Config { seed: 7, ..config() }).await;
    assert_eq!(world.sandbox.netbox_token, token);
    assert_eq!(call(&world, "GET", &format!("{INCIDENTS}1/"), None).await.body["title"], "kept");
    assert_eq!(super::incident(&world, "next", "new").await, 2);
    world.sandbox.stop().await;
    std::fs::remove_dir_all(&directory).expect("it is there");
}
