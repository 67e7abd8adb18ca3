//! The same against the sandbox's NetBox, which was built from recordings of the real one by somebody else.

use super::NetBoxWorld;
use serde_json::{Value, json};

impl NetBoxWorld {
    /// With the sandbox's NetBox in place of the small one.
    async fn look_alike(name: &str) -> Self {
        let mut made = Self::new(&format!("sandbox-{name}")).await;
        let netbox = made.world.ready["netbox"].clone();
        made.world.set("NETBOX_URL", &netbox["url"]);
        made.world.set("NETBOX_TOKEN", &netbox["token"]);
        made.world.set("NETBOX_WEBHOOK_SECRET", &netbox["webhook_secret"]);
        made
    }

    /// A person makes something in NetBox; gives its number.
    async fn in_netbox(&self, list: &str, fields: Value) -> u64 {
        let made = self.world.control(&format!("netbox/{list}"), json!({ "fields": fields })).await;
        made["id"].as_u64().expect("a number")
    }

    /// A person sets the status of several objects in bulk, of which nobody is told.
    async fn in_bulk(&self, ids: &[u64], status: &str) {
        let body = json!({"ids": ids, "status": status});
        self.world.control("netbox/incidents/bulk-update-status", body).await;
    }

    async fn netbox_incident(&self, id: u64) -> Value {
        let state = self.world.state().await;
        let all = state.0["netbox"]["incidents"].as_array().expect("a list");
        all.iter().find(|incident| incident["id"] == id).unwrap_or_else(|| panic!("no incident {id}: {all:?}")).clone()
    }

    async fn hooked(&self, bridge: &crate::world::Bridge) {
        self.world.control("netbox/webhooks", json!({"url": format!("{}/hooks/netbox", bridge.url)})).await;
    }
}

fn incident(title: &str) -> Value {
    json!({"title": title, "status": "new", "severity": "critical", "reporter": "alice"})
}

#[tokio::test]
async fn an_event_that_makes_its_own_incident_pages_once_and_its_end_ends_both() {
    let world = NetBoxWorld::look_alike("correlated").await;
    let bridge = world.bridge("", "").await;
    world.hooked(&bridge).await;
    let service = world.in_netbox("technical-services", json!({"name": "database", "service_type": "technical"})).await;
    let event = json!({
        "message": "Disk full on db-07", "dedup_id": "db-07-disk", "status": "triggered", "criticallity": "critical",
        "last_seen_at": "2026-11-20T14:30:00Z", "raw": {}, "content_type": 112, "object_id": service,
    });
    let event = world.in_netbox("events", event).await;
    world.stands("netbox-incident-1", &["triggered"]).await;
    let said = world.said("netbox-incident-1").await;
    assert!(said.contains("\"database\"") && said.contains("Disk full on db-07"), "{said}");
    bridge.settled().await;
    assert_eq!(world.world.state().await.incidents().len(), 1, "one story, one page");
    // The plugin sets the Incident to `monitoring`, without moving a time.
    let over = json!({"fields": {"status": "ok"}});
    world.world.control_by("PATCH", &format!("netbox/events/{event}"), over).await;
    world.stands("netbox-incident-1", &["resolved"]).await;
    bridge.process.kill().await;
}

#[tokio::test]
async fn by_listing_alone_and_with_changes_in_bulk() {
    let world = NetBoxWorld::look_alike("listing").await;
    let bridge = world.bridge("", "").await;
    let (first, second) = (incident("Payments degraded"), incident("DNS down"));
    let (first, second) = (world.in_netbox("incidents", first).await, world.in_netbox("incidents", second).await);
    let (of_first, of_second) = (format!("netbox-incident-{first}"), format!("netbox-incident-{second}"));
    world.stands(&of_first, &["triggered"]).await;
    world.stands(&of_second, &["triggered"]).await;
    world.in_bulk(&[first, second], "closed").await;
    world.stands(&of_first, &["resolved"]).await;
    world.stands(&of_second, &["resolved"]).await;
    world.in_bulk(&[first], "new").await;
    world.stands(&of_first, &["resolved", "triggered"]).await;
    bridge.process.kill().await;
}

#[tokio::test]
async fn the_way_back_and_the_endpoints_go_all_the_way() {
    let world = NetBoxWorld::look_alike("back").await;
    let rules = "[bridges.rules.pagerduty-to-netbox]\nacknowledged = \"both\"\nresolved = \"both\"\n";
    let bridge = world.bridge("send_on_incident_create = false", rules).await;
    world.hooked(&bridge).await;
    let id = world.in_netbox("incidents", incident("Payments degraded")).await;
    let key = format!("netbox-incident-{id}");
    let token = format!("Token {}", world.world.get("NETBOX_TOKEN"));
    let path = "api/plugins/business-application/pagerduty/send-incident/";
    let body = json!({"incident_id": id}).to_string().into_bytes();
    let sent = bridge.send(path, &[("authorization", &token)], body).await;
    assert_eq!((sent.status, &sent.body["result"]["dedup_key"]), (200, &json!(key)), "{sent:?}");
    assert_eq!(world.statuses(&key).await, ["triggered"]);
    super::story::confirmed(&bridge, "triggered").await;
    for (action, status, words) in
        [("acknowledge", "investigating", "Acknowledged by "), ("resolve", "resolved", "Resolved by ")]
    {
        world.in_pagerduty(&key, action).await;
        crate::world::until(&format!("{status} to be written back"), async || {
            let now = world.netbox_incident(id).await;
            let told = now["description"].as_str().is_some_and(|text| text.contains(words));
            (now["status"] == status && told).then_some(())
        })
        .await;
    }
    bridge.settled().await;
    let after = world.netbox_incident(id).await;
    assert!(after["resolved_at"].is_string(), "{after}");
    assert_eq!(world.statuses(&key).await, ["resolved"], "echoes open nothing");
    bridge.process.kill().await;
}
