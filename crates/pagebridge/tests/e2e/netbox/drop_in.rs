//! Started with the old module's variables and no file.

use super::{NetBoxWorld, call};
use crate::program::{program, run};
use serde_json::json;

impl NetBoxWorld {
    /// With the old module's variables.
    async fn drop_in(name: &str) -> Self {
        let mut made = Self::new(&format!("drop-in-{name}")).await;
        let world = &mut made.world;
        let url = world.get("PAGERDUTY_EVENTS_URL").to_owned();
        for name in [
            "PAGERDUTY_API_URL",
            "PAGERDUTY_EVENTS_URL",
            "PAGERDUTY_API_TOKEN",
            "PAGERDUTY_FROM",
            "PAGERDUTY_SERVICE_ID",
            "PAGERDUTY_WEBHOOK_SECRET",
        ] {
            world.unset(name);
        }
        world.set("PAGERDUTY_EVENTS_API_URL", &json!(format!("{url}/v2/enqueue")));
        world.set("PAGERDUTY_ENABLED", &json!("True"));
        world.set("PAGERDUTY_SOURCE", &json!("netbox-prod"));
        world.set("BASE_URL", &json!("https://netbox.example.com/"));
        made
    }
}

#[tokio::test]
async fn it_serves_as_the_module_did() {
    let world = NetBoxWorld::drop_in("serves").await;
    let bridge = world.world.bridge(&[]).await;
    world.small.hook(Some(&bridge.url));
    let incident = world.small.incident(json!({})).await;
    let key = format!("netbox-incident-{incident}");
    world.stands(&key, &["triggered"]).await;
    let said = world.said(&key).await;
    assert!(said.contains("https://netbox.example.com/plugins/business-application/incident/1/"), "{said}");
    assert!(said.contains("netbox-prod"), "{said}");
    world.small.change("incident", incident, json!({"status": "resolved"})).await;
    world.stands(&key, &["resolved"]).await;
    let sent = call(&bridge, "test", &json!({})).await;
    assert_eq!((sent.status, &sent.body["success"]), (200, &json!(true)), "{sent:?}");
    assert_eq!(bridge.process.terminate().await, Some(0));
}

#[tokio::test]
async fn without_the_switch_or_the_key_the_endpoints_say_so() {
    let mut world = NetBoxWorld::drop_in("off").await;
    world.world.unset("PAGERDUTY_ENABLED");
    let bridge = world.world.bridge(&[]).await;
    world.small.hook(Some(&bridge.url));
    world.small.event(json!({})).await;
    for (action, body) in [
        ("test", json!({})),
        ("send-event", json!({"event_id": 1})),
        ("send-incident", json!({"incident_id": 1})),
        ("resolve-event", json!({"event_id": 1})),
        ("trigger-custom", json!({})),
        ("bulk-send-events", json!({"event_ids": [1]})),
    ] {
        let answer = call(&bridge, action, &body).await;
        let wanted = json!({"error": "PagerDuty integration is not enabled"});
        assert_eq!((answer.status, answer.body), (400, wanted), "{action}");
    }
    assert_eq!(world.world.state().await.incidents().len(), 0);
    bridge.process.kill().await;
    world.world.set("PAGERDUTY_ENABLED", &json!("true"));
    world.world.unset("PAGERDUTY_ROUTING_KEY");
    let bridge = world.world.bridge(&[]).await;
    let tested = call(&bridge, "test", &json!({})).await;
    let wanted = json!({"error": "PagerDuty is not properly configured (missing routing key)"});
    assert_eq!((tested.status, tested.body), (400, wanted));
    let sent = call(&bridge, "send-event", &json!({"event_id": 1})).await;
    let told = "Event was not sent (check configuration)";
    assert_eq!((sent.status, &sent.body["success"], &sent.body["message"]), (200, &json!(false), &json!(told)));
    bridge.process.kill().await;
}

#[tokio::test]
async fn the_variables_of_two_old_integrations_are_refused() {
    let mut world = NetBoxWorld::drop_in("two").await;
    world.world.set("OPSGENIE_API_KEY", &json!("k-1"));
    let ended = run(program(&world.world.dir, &world.world.bridge_env(), &["check"])).await;
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert!(ended.err.contains("two old integrations") && ended.err.contains("pagebridge.toml"), "{ended:?}");
}
