//! What people and programs read.

use crate::world::{World, answer};
use pagebridge_core::{Outcome, SystemName};
use pagebridge_ports::{Clock, Settlement, Store};
use serde_json::{Value, json};

async fn alert(world: &World, id: &str, title: &str) {
    let got = world.post("/ops-webhook", json!({"id": id, "title": title}).to_string()).await;
    assert_eq!(got.status, 202, "{}", got.text);
}

/// Plays a PagerDuty that will never take the incident.
pub(crate) async fn reject(world: &World) {
    let pagerduty = SystemName::new("pagerduty");
    let now = world.clock.now();
    let leased = world.store.lease(&pagerduty, now, 60_000, 10).await.expect("a lease");
    for leased in leased {
        let pagebridge_core::Work::Deliver(delivery) = leased.work else { continue };
        let outcome = Outcome::Rejected { reason: "no such service".into(), remedy: "set service_id".into() };
        let settlement = Settlement { number: delivery.number, step: Some(delivery.step), started_at: now, outcome };
        world.store.settle(leased.lease, settlement, now).await.expect("settled");
    }
}

#[tokio::test]
async fn incidents_are_listed_by_page_and_shown() {
    let world = World::start().await;
    for n in 1..=3 {
        alert(&world, &format!("a-{n}"), &format!("Disk {n} full")).await;
        world.clock.advance(1_000);
    }
    let page = world.get("/api/v1/incidents?limit=2&open=true").await.json();
    let ids: Vec<&Value> = page["incidents"].as_array().into_iter().flatten().map(|i| &i["id"]).collect();
    assert_eq!((ids, &page["next"]), (vec![&json!(3), &json!(2)], &json!(2)));
    let page = world.get("/api/v1/incidents?limit=2&before=2").await.json();
    assert_eq!((&page["incidents"][0]["title"], &page["next"]), (&json!("Disk 1 full"), &Value::Null));

    let one = world.get("/api/v1/incidents/1").await.json();
    assert_eq!(one["created_at"], "2026-11-20T17:00:00.000Z");
    let origin = json!({"system": "opsgenie", "record": "a-1", "holds": "triggered", "wants": "triggered", "attempts": 0, "notes_due": 0});
    assert_eq!(one["links"][0], origin);
    assert_eq!(one["links"][1]["next"], "create the record");
    assert_eq!(world.get("/api/v1/incidents/99").await.status, 404);
    assert_eq!(world.get("/api/v1/incidents/x").await.status, 400);
    assert_eq!(world.get("/api/v1/incidents?opne=true").await.status, 400);
}

#[tokio::test]
async fn the_journal_tells_in_words_and_for_programs() {
    let world = World::start().await;
    alert(&world, "a-1", "Disk full").await;
    world.clock.advance(60_000);
    alert(&world, "a-2", "Disk fuller").await;
    let all = world.get("/api/v1/journal").await.json();
    assert_eq!(all["entries"].as_array().map(Vec::len), Some(2));
    let first = &all["entries"][0];
    assert_eq!((&first["seq"], &first["incident"], &first["system"]), (&json!(1), &json!(1), &json!("opsgenie")));
    assert_eq!(first["summary"][0], "heard of a-1 in opsgenie, bridge opsgenie-proxy");
    assert!(first["changes"].as_array().is_some_and(|c| !c.is_empty()));
    for (query, wanted) in [
        ("after=1", 1),
        ("incident=1", 1),
        ("since=2026-11-20T17:00:30Z", 1),
        ("until=2026-11-20T17:00:30Z", 1),
        ("since=2026-11-21T00:00:00Z", 0),
    ] {
        let got = world.get(&format!("/api/v1/journal?{query}")).await.json();
        assert_eq!(got["entries"].as_array().map(Vec::len), Some(wanted), "{query}");
    }
    assert_eq!(world.get("/api/v1/journal?since=yesterday").await.status, 400);
}

#[tokio::test]
async fn a_dead_letter_is_listed_and_released() {
    let world = World::start().await;
    alert(&world, "a-1", "Disk full").await;
    let waiting = world.get("/api/v1/deliveries").await.json();
    assert_eq!(waiting["deliveries"][0]["what"], "create the record");
    assert_eq!(waiting["deliveries"][0]["state"], "waiting");
    assert_eq!(world.post("/api/v1/dead-letters/1/pagerduty/release", "").await.json()["status"], "unchanged");

    reject(&world).await;
    let letters = world.get("/api/v1/dead-letters").await.json();
    assert_eq!(
        letters,
        json!({"dead_letters": [{"incident": 1, "system": "pagerduty", "what": "create the record",
            "reason": "no such service", "remedy": "set service_id"}], "quarantined": []})
    );
    assert_eq!(world.get("/api/v1/deliveries?system=pagerduty").await.json()["deliveries"], json!([]));

    assert_eq!(world.post("/api/v1/dead-letters/1/rt/release", "").await.status, 404);
    assert_eq!(world.post("/api/v1/dead-letters/9/pagerduty/release", "").await.status, 404);
    assert_eq!(world.get("/api/v1/dead-letters/1/pagerduty/release").await.status, 405);
    let released = world.post("/api/v1/dead-letters/1/pagerduty/release", "").await;
    assert_eq!((released.status, released.json()["status"].as_str()), (200, Some("released")));
    assert_eq!(world.get("/api/v1/dead-letters").await.json()["dead_letters"], json!([]));
    assert_eq!(world.get("/api/v1/deliveries").await.json()["deliveries"][0]["what"], "create the record");
}

#[tokio::test]
async fn metrics_tell_what_was_taken_and_what_waits() {
    let world = World::start().await;
    alert(&world, "a-1", "Disk full").await;
    world.post("/ops-webhook", "nonsense").await;
    world.clock.advance(90_000);
    let got = world.get("/metrics").await;
    assert!(got.headers["content-type"].to_str().is_ok_and(|t| t.starts_with("application/openmetrics-text")));
    for line in [
        r#"pagebridge_inputs_total{system="opsgenie",disposition="opened"} 1"#,
        r#"pagebridge_inputs_total{system="opsgenie",disposition="repeated"} 0"#,
        r#"pagebridge_refusals_total{system="opsgenie",reason="malformed"} 1"#,
        r#"pagebridge_lanes_waiting{system="pagerduty",class="urgent"} 1"#,
        r#"pagebridge_lanes_overdue_seconds{system="pagerduty",class="urgent"} 90"#,
        "pagebridge_incidents_open 1",
        "pagebridge_incidents_with_dead_letters 0",
        "pagebridge_store_up 1",
        r#"pagebridge_build_info{version="0.0.0-test"} 1"#,
        "# EOF",
    ] {
        assert!(got.text.lines().any(|l| l == line), "no `{line}` in\n{}", got.text);
    }
}

#[tokio::test]
async fn the_api_asks_for_the_token_and_the_hooks_do_not() {
    let world = World::with_token(Some("right")).await;
    alert(&world, "a-1", "Disk full").await;
    assert_eq!(world.get("/api/v1/incidents").await.status, 401);
    assert_eq!(world.get("/api/v1/nothing").await.status, 401);
    assert_eq!(world.get("/readyz").await.status, 200);
    let with = |token: &str| world.client.get(world.url("/api/v1/incidents")).bearer_auth(token);
    assert_eq!(answer(with("wrong")).await.status, 401);
    assert_eq!(answer(with("right")).await.status, 200);
}

#[tokio::test]
async fn without_a_token_a_strange_host_gets_nothing() {
    let world = World::start().await;
    let request = world.client.get(world.url("/api/v1/incidents")).header("host", "bridge.example.com");
    let got = answer(request).await;
    assert_eq!((got.status, got.json()["code"].as_str()), (403, Some("forbidden")));
    assert_eq!(world.get("/api/v2/incidents").await.status, 404);
}
