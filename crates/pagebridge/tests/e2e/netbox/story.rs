//! What begins, moves and ends in NetBox does so at PagerDuty, by webhooks, by listing, and by both; and the way back.

use super::NetBoxWorld;
use crate::world::until;
use serde_json::{Value, json};

/// How NetBox's changes come to be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    /// Lists are looked at so seldom that a test would not see it.
    Webhooks,
    Listing,
    Both,
}

/// The life of an Incident, and that of an Event.
async fn full_circle(by: By) {
    let world = NetBoxWorld::new(&format!("circle-{by:?}").to_lowercase()).await;
    let bridge = world.bridge(if by == By::Webhooks { "interval_s = 3600" } else { "" }, "").await;
    if by != By::Listing {
        world.small.hook(Some(&bridge.url));
    }
    let incident = world.small.incident(json!({})).await;
    let event = world.small.event(json!({})).await;
    let (key, of_event) = (format!("netbox-incident-{incident}"), "netbox-event-db-07-disk");
    world.stands(&key, &["triggered"]).await;
    world.stands(of_event, &["triggered"]).await;
    world.small.change("incident", incident, json!({"status": "investigating"})).await;
    world.small.change("event", event, json!({"status": "ok"})).await;
    world.stands(of_event, &["resolved"]).await;
    assert_eq!(world.statuses(&key).await, ["triggered"], "both ask for a page");
    world.small.change("incident", incident, json!({"status": "resolved"})).await;
    world.stands(&key, &["resolved"]).await;
    world.small.change("incident", incident, json!({"status": "investigating"})).await;
    world.stands(&key, &["resolved", "triggered"]).await;
    world.small.change("incident", incident, json!({"status": "closed"})).await;
    world.stands(&key, &["resolved", "resolved"]).await;
    bridge.settled().await;
    assert_eq!(world.world.state().await.incidents().len(), 3, "each story pages once");
    bridge.process.kill().await;
}

#[tokio::test]
async fn by_webhooks_alone_all_goes_its_way() {
    full_circle(By::Webhooks).await;
}

#[tokio::test]
async fn by_listing_alone_all_goes_its_way() {
    full_circle(By::Listing).await;
}

#[tokio::test]
async fn by_both_nothing_is_doubled() {
    full_circle(By::Both).await;
}

#[tokio::test]
async fn an_alert_says_what_the_old_modules_said() {
    let world = NetBoxWorld::new("said").await;
    let bridge = world.bridge("source = \"netbox-prod\"\ngroup = \"network-operations\"", "").await;
    world.small.hook(Some(&bridge.url));
    let target = json!({"content_type": 7, "content_type_name": "device", "object_id": 3, "target_display": "db-07"});
    world.small.event(target).await;
    world.small.incident(json!({"affected_services": [{"id": 1, "name": "db"}, {"id": 2, "name": "web"}]})).await;
    world.stands("netbox-event-db-07-disk", &["triggered"]).await;
    let said = world.said("netbox-event-db-07-disk").await;
    for words in [
        "Disk full on db-07",
        "netbox-prod:device:db-07",
        "network-operations",
        "prometheus",
        "netbox_event",
        "View Event in NetBox",
        "/plugins/business-application/event/1/",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert!(!said.contains("//plugins"), "a slash too many: {said}");
    world.stands("netbox-incident-1", &["triggered"]).await;
    let said = world.said("netbox-incident-1").await;
    for words in ["[HIGH] Payments degraded", "db (+1 more)", "netbox_incident", "View Incident in NetBox", "alice"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    bridge.process.kill().await;
}

#[tokio::test]
async fn a_lost_webhook_and_a_change_in_bulk_lose_nothing() {
    let world = NetBoxWorld::new("lost").await;
    let bridge = world.bridge("", "").await;
    world.small.hook(Some(&bridge.url));
    let incident = world.small.incident(json!({})).await;
    let key = format!("netbox-incident-{incident}");
    world.stands(&key, &["triggered"]).await;
    // Nobody tells of the end, and no time is moved.
    world.small.change_silently("incident", incident, &json!({"status": "closed"}));
    world.stands(&key, &["resolved"]).await;
    // Nobody tells of the beginning.
    world.small.hook(None);
    let second = world.small.incident(json!({"title": "DNS down", "severity": "critical"})).await;
    world.stands(&format!("netbox-incident-{second}"), &["triggered"]).await;
    // What is deleted is over.
    world.small.hook(Some(&bridge.url));
    world.small.delete("incident", second).await;
    world.stands(&format!("netbox-incident-{second}"), &["resolved"]).await;
    bridge.process.kill().await;
}

#[tokio::test]
async fn an_event_and_its_incident_tell_one_story() {
    let world = NetBoxWorld::new("story").await;
    let bridge = world.bridge("", "").await;
    let incident = world.small.incident(json!({"events_count": 1})).await;
    world.small.event(json!({"incident_ids": [incident]})).await;
    world.small.event(json!({"dedup_id": "alone", "message": "Alone"})).await;
    world.small.hook(Some(&bridge.url));
    world.stands(&format!("netbox-incident-{incident}"), &["triggered"]).await;
    world.stands("netbox-event-alone", &["triggered"]).await;
    bridge.settled().await;
    assert_eq!(world.world.state().await.incidents().len(), 2, "the Event of the Incident does not page");
    bridge.process.kill().await;
}

#[tokio::test]
async fn events_without_a_name_of_their_own_page_each_by_itself() {
    let world = NetBoxWorld::new("unnamed").await;
    let bridge = world.bridge("", "").await;
    for message in ["one", "two"] {
        world.small.event(json!({"dedup_id": "", "message": message})).await;
    }
    for key in ["netbox-event-id-1", "netbox-event-id-2"] {
        world.stands(key, &["triggered"]).await;
    }
    bridge.process.kill().await;
}

#[tokio::test]
async fn a_services_alerts_go_to_the_key_of_what_it_depends_on() {
    let mut world = NetBoxWorld::new("routes").await;
    let own = world.world.another_key().await;
    world.world.set("DATABASE_KEY", &json!(own));
    let dependency = json!({"downstream_service_name": "shop", "upstream_service_name": "database"});
    world.small.held().dependencies.push(dependency);
    let more = "[systems.database-alerts]\nkind = \"pagerduty-events\"\n\
        api_url = { env = \"PAGERDUTY_EVENTS_URL\" }\nrouting_key = { env = \"DATABASE_KEY\" }\n";
    let bridge = world.bridge("services = { database = \"database-alerts\" }", more).await;
    world.small.hook(Some(&bridge.url));
    let shop = world.small.incident(json!({"affected_services": [{"id": 1, "name": "shop"}]})).await;
    let other = world.small.incident(json!({"affected_services": [{"id": 2, "name": "mail"}]})).await;
    for (incident, system, from) in [(shop, "database-alerts", "service `database`"), (other, "alerts", "the default")]
    {
        let key = format!("netbox-incident-{incident}");
        world.stands(&key, &["triggered"]).await;
        let said = world.said(&key).await;
        assert!(said.contains(from), "{said}");
        let known = bridge.get(&format!("api/v1/incidents/{incident}")).await.body;
        assert!(known["links"].to_string().contains(&format!("\"{system}\"")), "{known}");
    }
    assert!(!bridge.process.log().contains(&own), "the key does not show");
    world.small.change("incident", shop, json!({"status": "closed"})).await;
    world.stands(&format!("netbox-incident-{shop}"), &["resolved"]).await;
    bridge.process.kill().await;
}

#[tokio::test]
async fn by_default_nothing_is_written_to_netbox() {
    let world = NetBoxWorld::new("one-way").await;
    let bridge = world.bridge("", "").await;
    world.small.hook(Some(&bridge.url));
    let incident = world.small.incident(json!({})).await;
    let key = format!("netbox-incident-{incident}");
    world.stands(&key, &["triggered"]).await;
    let before = world.small.get("incident", incident);
    world.in_pagerduty(&key, "acknowledge").await;
    world.in_pagerduty(&key, "resolve").await;
    world.stands(&key, &["resolved"]).await;
    confirmed(&bridge, "resolved").await;
    bridge.settled().await;
    assert_eq!(world.small.get("incident", incident), before);
    bridge.process.kill().await;
}

/// Waits until the bridge knows that PagerDuty's incident stands so.
pub(super) async fn confirmed(bridge: &crate::world::Bridge, status: &str) {
    until(&format!("PagerDuty to be known as {status}"), async || {
        let incident = bridge.get("api/v1/incidents/1").await.body;
        let links = incident["links"].as_array().cloned().unwrap_or_default();
        links.iter().any(|link| link["system"] == "pagerduty" && link["holds"] == status).then_some(())
    })
    .await;
}

#[tokio::test]
async fn the_way_back_writes_status_and_who() {
    let world = NetBoxWorld::new("back").await;
    let rules = "[bridges.rules.pagerduty-to-netbox]\nacknowledged = \"both\"\nunacknowledged = \"status\"\nnoted = \"note\"\nresolved = \"both\"\n";
    let bridge = world.bridge("", rules).await;
    world.small.hook(Some(&bridge.url));
    let incident = world.small.incident(json!({})).await;
    let key = format!("netbox-incident-{incident}");
    world.stands(&key, &["triggered"]).await;
    let is = async |field: &str, wanted: &str| {
        until(&format!("{field} to be {wanted}"), async || {
            let value = world.small.get("incident", incident)[field].to_string();
            value.contains(wanted).then_some(())
        })
        .await;
    };
    confirmed(&bridge, "triggered").await;
    world.in_pagerduty(&key, "acknowledge").await;
    is("status", "investigating").await;
    is("description", "Acknowledged by ").await;
    world.in_pagerduty(&key, "resolve").await;
    is("status", "resolved").await;
    is("resolved_at", "20").await;
    is("description", "Resolved by ").await;
    bridge.settled().await;
    let after = world.small.get("incident", incident);
    let description = after["description"].as_str().expect("text");
    assert!(description.starts_with("5xx rate"), "what people wrote stays: {description}");
    for once in ["Acknowledged by ", "Resolved by "] {
        assert_eq!(description.matches(once).count(), 1, "echoes are harmless: {description}");
    }
    assert_eq!(world.statuses(&key).await, ["resolved"], "and open nothing");
    let written = small_writes(&world);
    assert_eq!(written, ["investigating", "resolved"], "each status is written once: {:?}", world.small.held().written);
    bridge.process.kill().await;
}

/// The statuses that the bridge has written.
fn small_writes(world: &NetBoxWorld) -> Vec<String> {
    let held = world.small.held();
    held.written.iter().filter_map(|fields| Some(fields["status"].as_str()?.to_owned())).collect()
}

#[tokio::test]
async fn doctor_names_what_a_read_only_token_cannot_do() {
    let world = NetBoxWorld::new("doctor").await;
    world.small.held().read_only = true;
    world.small.incident(json!({})).await;
    let bridge = world.bridge("", "[bridges.rules.pagerduty-to-netbox]\nresolved = \"status\"\n").await;
    let path = world.world.dir.join("pagebridge.toml");
    let ended = world.world.run(&["doctor", "--json", "--config", path.to_str().expect("text")]).await;
    let checks = ended.json()["checks"].as_array().cloned().expect("checks");
    let of_netbox: Vec<&Value> = checks.iter().filter(|check| check["system"] == "netbox").collect();
    let remedies: Vec<&str> = of_netbox.iter().filter_map(|check| check["remedy"].as_str()).collect();
    assert!(remedies.iter().any(|remedy| remedy.contains("writ")), "{of_netbox:#?}");
    assert!(!ended.out.contains(super::BRIDGE), "the token does not show");
    bridge.process.kill().await;
}
