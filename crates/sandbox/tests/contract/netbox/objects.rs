//! Facts 7, 8 and traps 1 to 3: Events and Incidents.

use pagebridge_sandbox::{ClockMode, Config};
use serde_json::{Value, json};

use super::{EVENTS, INCIDENTS, assert_like, assert_recorded, call, fixture, ids, incident, replay};
use crate::common::{Receiver, World};

const EVENT_SOURCES: &str = "/api/plugins/business-application/event-sources/";

async fn standing() -> World {
    let start = "2026-11-20T14:22:21.601Z".parse().ok();
    World::with(Config { clock: ClockMode::Manual, start, ..Config::default() }).await
}

#[tokio::test]
async fn an_incident_lives_as_recorded() {
    let world = standing().await;
    replay(&world, "incident-create").await;
    replay(&world, "incident-get").await;
    world.sandbox.clock().advance(176);
    let changed = replay(&world, "incident-patch-status").await;
    assert_ne!(changed.body["updated_at"], changed.body["created_at"]);
    replay(&world, "incident-patch-bad-status-400").await;
    let path = format!("{INCIDENTS}1/");
    let resolved = json!({"status": "resolved", "resolved_at": "2026-11-20T15:00:00Z"});
    let resolved = call(&world, "PATCH", &path, Some(resolved)).await;
    assert_eq!(resolved.body["duration_minutes"], 37);
    let before = resolved.body;
    replay(&world, "incident-bulk-update-status").await;
    let listed = replay(&world, "incident-list").await;
    let after = &listed.body["results"][0];
    assert_eq!(after["status"], "closed");
    assert_eq!((&after["updated_at"], &after["last_updated"]), (&before["updated_at"], &before["last_updated"]));
    replay(&world, "incident-delete").await;
    assert_eq!(call(&world, "GET", &path, None).await.status, 404);
}

#[tokio::test]
async fn an_event_lives_as_recorded() {
    let world = World::start().await;
    call(&world, "POST", EVENT_SOURCES, Some(json!({"name": "prometheus"}))).await;
    replay(&world, "event-create").await;
    replay(&world, "event-list").await;
    let path = format!("{EVENTS}1/");
    let changed = call(&world, "PATCH", &path, Some(json!({"status": "suppressed", "raw": {"bridge": 1}}))).await;
    assert_eq!((&changed.body["status"], &changed.body["raw"]), (&json!("suppressed"), &json!({"bridge": 1})));
    let again = json!({"message": "m", "dedup_id": "db-07-disk", "status": "ok", "criticallity": "low",
        "last_seen_at": "2026-11-20T14:30:00Z", "raw": {}});
    assert_eq!(call(&world, "POST", EVENTS, Some(again)).await.status, 201, "dedup_id is not unique");
    assert_eq!(call(&world, "DELETE", &path, None).await.status, 204);
}

#[tokio::test]
async fn choices_lengths_and_required_fields_are_checked() {
    let world = World::start().await;
    let wrong = async |path: &str, body: Value, field: &str| {
        let answer = call(&world, "POST", path, Some(body)).await;
        assert_eq!(answer.status, 400, "{field}: {}", answer.text);
        assert!(answer.body[field].is_array(), "{field}: {}", answer.text);
    };
    let with = |field: &str, value: Value| {
        let mut body = json!({"title": "a", "status": "new", "severity": "low"});
        body[field] = value;
        body
    };
    wrong(INCIDENTS, with("status", json!("acknowledged")), "status").await;
    wrong(INCIDENTS, with("severity", json!("info")), "severity").await;
    wrong(INCIDENTS, with("title", json!("x".repeat(256))), "title").await;
    wrong(INCIDENTS, with("reporter", json!("x".repeat(121))), "reporter").await;
    wrong(INCIDENTS, with("pagerduty_dedup_key", json!("x".repeat(256))), "pagerduty_dedup_key").await;
    wrong(INCIDENTS, with("resolved_at", json!("soon")), "resolved_at").await;
    for field in ["message", "dedup_id", "status", "criticallity", "last_seen_at", "raw"] {
        wrong(EVENTS, json!({}), field).await;
    }
    let all = |status: &str| json!({"title": "a", "status": status, "severity": "high", "pagerduty_dedup_key": null});
    for status in ["new", "investigating", "identified", "monitoring", "resolved", "closed"] {
        let made = call(&world, "POST", INCIDENTS, Some(all(status))).await;
        assert_eq!(
            (made.status, &made.body["resolved_at"]),
            (201, &Value::Null),
            "{status}: nobody sets the time for us"
        );
    }
}

#[tokio::test]
async fn what_is_read_only_or_unknown_is_ignored_with_200() {
    let world = World::start().await;
    let id = incident(&world, "a", "new").await;
    let given = json!({"id": 99, "affected_services": [1], "affected_devices": [2], "responders": [1], "events": [1],
        "duration_minutes": 7, "auto_created": true, "created_at": "2020-01-01T00:00:00Z", "nonsense": 1, "reporter": "alice"});
    let changed = call(&world, "PATCH", &format!("{INCIDENTS}{id}/"), Some(given)).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    assert_eq!((&changed.body["id"], &changed.body["reporter"]), (&json!(id), &json!("alice")));
    assert_eq!((&changed.body["affected_services"], &changed.body["events_count"]), (&json!([]), &json!(0)));
    assert_eq!(changed.body["auto_created"], false);
    for name in ["url", "display", "tags", "custom_fields", "nonsense", "responders", "events"] {
        assert!(changed.body.get(name).is_none(), "{name}");
    }
}

#[tokio::test]
async fn a_put_needs_what_a_patch_may_leave_out() {
    let world = World::start().await;
    let id = incident(&world, "a", "new").await;
    let path = format!("{INCIDENTS}{id}/");
    assert_eq!(call(&world, "PUT", &path, Some(json!({"status": "closed"}))).await.status, 400);
    let whole = json!({"title": "b", "status": "closed", "severity": "high"});
    assert_eq!(call(&world, "PUT", &path, Some(whole)).await.body["title"], "b");
}

#[tokio::test]
async fn filters_that_exist_filter_and_all_others_let_everything_through() {
    let world = World::start().await;
    let first = incident(&world, "Payments degraded", "new").await;
    let second = incident(&world, "disk full", "closed").await;
    call(&world, "PATCH", &format!("{INCIDENTS}{first}/"), Some(json!({"reporter": "alice", "commander": "bob"})))
        .await;
    let found = async |query: &str| ids(&call(&world, "GET", &format!("{INCIDENTS}?ordering=id&{query}"), None).await);
    assert_eq!(found("status=new").await, [first]);
    assert_eq!(found("severity=low").await, [first, second]);
    assert_eq!(found("severity=high").await, [0; 0]);
    for query in ["title=MENTS", "reporter=lic", "commander=ob"] {
        assert_eq!(found(query).await, [first], "{query}: a part is enough");
    }
    // Trap 2: what is no filter is ignored.
    for query in ["pagerduty_dedup_key=Q1", "id=1", "nonsense=1", "created_after=2030-01-01"] {
        assert_eq!(found(query).await, [first, second], "{query}");
    }
    // Trap 3: of a repeated one the last counts.
    assert_eq!(found("status=new&status=closed").await, [second]);
}

#[tokio::test]
async fn events_are_filtered_by_another_spelling_than_the_fields() {
    let world = World::start().await;
    call(&world, "POST", EVENT_SOURCES, Some(json!({"name": "prometheus"}))).await;
    for (message, criticallity, source) in [("disk full", "low", json!(1)), ("API 5xx", "medium", Value::Null)] {
        let body = json!({"message": message, "dedup_id": "d", "status": "triggered", "criticallity": criticallity,
            "last_seen_at": "2026-11-20T14:30:00Z", "raw": {}, "event_source": source});
        assert_eq!(call(&world, "POST", EVENTS, Some(body)).await.status, 201);
    }
    let found = async |query: &str| ids(&call(&world, "GET", &format!("{EVENTS}?ordering=id&{query}"), None).await);
    assert_eq!(found("criticality=low").await, [1]);
    assert_eq!(found("criticallity=low").await, [1, 2], "the field's own spelling is no filter");
    assert_eq!(found("message=5XX").await, [2]);
    assert_eq!(found("event_source=prom").await, [1]);
    assert_eq!(found("dedup_id=x").await, [1, 2]);
    assert_eq!(found("status=ok").await, [0; 0]);
}

#[tokio::test]
async fn a_bulk_update_moves_no_time_and_tells_nobody() {
    let world = standing().await;
    let receiver = &mut Receiver::start(&[]).await;
    let (one, two) = (incident(&world, "a", "new").await, incident(&world, "b", "new").await);
    let before = call(&world, "GET", &format!("{INCIDENTS}{one}/"), None).await.body;
    world.sandbox.netbox().subscribe(&receiver.url, None, &[], &[]);
    world.sandbox.clock().advance(60_000);
    let bulk = format!("{INCIDENTS}bulk-update-status/");
    let answer = call(&world, "POST", &bulk, Some(json!({"ids": [one, two, 99], "status": "resolved"}))).await;
    assert_eq!((answer.status, &answer.body["updated_count"]), (200, &json!(2)));
    let after = call(&world, "GET", &format!("{INCIDENTS}{one}/"), None).await.body;
    assert_eq!(after["status"], "resolved");
    for name in ["updated_at", "last_updated", "resolved_at"] {
        assert_eq!(before[name], after[name], "{name}");
    }
    for bad in [json!({"ids": [one], "status": "nope"}), json!({"status": "closed"})] {
        let refused = call(&world, "POST", &bulk, Some(bad)).await;
        assert_eq!((refused.status, refused.body["error"].is_string()), (400, true));
    }
    // The deletion is told, and is the first that is.
    let deleted = call(&world, "POST", &format!("{INCIDENTS}bulk-delete/"), Some(json!({"ids": [one, two]}))).await;
    assert_eq!((deleted.status, &deleted.body["success"]), (200, &json!(true)));
    assert_eq!(receiver.next().await.body["event"], "deleted");
    assert_eq!(world.sandbox.netbox().snapshot().incidents_count, 0);
    let event = json!({"message": "m", "dedup_id": "d", "status": "triggered", "criticallity": "low",
        "last_seen_at": "2026-11-20T14:30:00Z", "raw": {}});
    call(&world, "POST", EVENTS, Some(event)).await;
    let events =
        call(&world, "POST", &format!("{EVENTS}bulk-update-status/"), Some(json!({"ids": [1], "status": "ok"}))).await;
    assert_eq!(events.body["updated_count"], 1);
    assert_eq!(call(&world, "GET", &format!("{EVENTS}1/"), None).await.body["status"], "ok");
}

#[tokio::test]
async fn blast_radius_is_that_of_the_incident() {
    let world = World::start().await;
    let id = incident(&world, "a", "new").await;
    let shown = call(&world, "GET", &format!("{INCIDENTS}{id}/"), None).await;
    let radius = call(&world, "GET", &format!("{INCIDENTS}{id}/blast-radius/"), None).await;
    assert_like(&radius.body, &shown.body["blast_radius"], "blast radius");
    assert_eq!(call(&world, "GET", &format!("{INCIDENTS}77/blast-radius/"), None).await.status, 404);
    assert_recorded(&call(&world, "GET", &format!("{INCIDENTS}99999/"), None).await, "error-404");
    assert_eq!(fixture("error-404")["response"]["status"], 404);
}
