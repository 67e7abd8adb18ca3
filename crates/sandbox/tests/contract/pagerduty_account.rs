//! What can be wrong with an account: orchestrations, tokens that only read, contact methods that reach nobody,
//! subscriptions that are switched off; and what analytics say by period and hour.

use crate::common::{Receiver, World};
use serde_json::{Value, json};

#[tokio::test]
async fn rules_of_orchestrations_are_kept_as_given() {
    let world = World::start().await;
    assert_eq!(world.pd("GET", "/event_orchestrations", None).await.body["orchestrations"], json!([]));
    let made = world.pd("POST", "/event_orchestrations", Some(json!({"orchestration": {"name": "Shop"}}))).await;
    assert_eq!(made.status, 201);
    let id = made.body["orchestration"]["id"].as_str().expect("an id").to_owned();
    let key = &made.body["orchestration"]["integrations"][0]["parameters"]["routing_key"];
    assert!(key.as_str().is_some_and(|key| key.len() == 32 && key.starts_with('R')), "{key}");
    assert_eq!(world.pd("GET", "/event_orchestrations", None).await.body["orchestrations"][0]["id"], json!(id));

    for (path, kind, catch_all) in [
        (format!("{id}/router"), "router", json!({"actions": {"route_to": "unrouted"}})),
        (format!("{id}/unrouted"), "unrouted", json!({"actions": {}})),
        (format!("{id}/global"), "global", json!({"actions": {}})),
        (format!("services/{}", world.sandbox.service_id), "service", json!({"actions": {}})),
    ] {
        let path = format!("/event_orchestrations/{path}");
        let empty = world.pd("GET", &path, None).await;
        let shown = &empty.body["orchestration_path"];
        assert_eq!((empty.status, &shown["type"], &shown["catch_all"]), (200, &json!(kind), &catch_all));
        assert_eq!(shown["sets"], json!([{"id": "start", "rules": []}]));
        let rule = json!({"label": "flaky", "conditions": [], "actions": {"suppress": true}});
        let sets = json!([{"id": "start", "rules": [rule]}]);
        let change = json!({"orchestration_path": {"sets": sets}});
        assert_eq!(world.pd("PUT", &path, Some(change)).await.status, 200);
        assert_eq!(world.pd("GET", &path, None).await.body["orchestration_path"]["sets"], sets);
        let without_start = json!({"orchestration_path": {"sets": [{"id": "other", "rules": []}]}});
        assert_eq!(world.pd("PUT", &path, Some(without_start)).await.status, 400);
    }
    let active = format!("/event_orchestrations/services/{}/active", world.sandbox.service_id);
    assert_eq!(world.pd("GET", &active, None).await.body, json!({"active": false}));
    assert_eq!(world.pd("PUT", &active, Some(json!({"active": true}))).await.body, json!({"active": true}));
    assert_eq!(world.pd("GET", "/event_orchestrations/services/PNOBODY", None).await.status, 404);
    assert_eq!(world.pd("DELETE", &format!("/event_orchestrations/{id}"), None).await.status, 204);
    assert_eq!(world.pd("GET", &format!("/event_orchestrations/{id}"), None).await.status, 404);
}

/// The status of one call with a token.
async fn status(world: &World, token: &Value, method: &str, path: &str, body: Value) -> u16 {
    let request =
        world.http.request(method.parse().expect("a method"), format!("{}{path}", world.sandbox.pagerduty_url));
    let request = request.header("Authorization", format!("Token token={}", token.as_str().expect("a token")));
    request.header("From", &world.sandbox.from).json(&body).send().await.expect("an answer").status().as_u16()
}

#[tokio::test]
async fn a_token_that_only_reads_is_refused_every_write() {
    let world = World::start().await;
    let made = world.control("POST", "/pagerduty/tokens", Some(json!({"read_only": true}))).await;
    assert_eq!(made.status, 201);
    let token = &made.body["token"];
    assert_eq!(status(&world, token, "GET", "/services", json!({})).await, 200);
    assert_eq!(status(&world, token, "POST", "/analytics/metrics/incidents/all", json!({})).await, 200);
    assert_eq!(status(&world, token, "PUT", "/incidents/QNONE", json!({})).await, 403, "before it is looked for");
    let ann = world.control("POST", "/pagerduty/tokens", Some(json!({"user": "Ann Berg"}))).await;
    assert_eq!(status(&world, &ann.body["token"], "GET", "/users/me", json!({})).await, 200);
    let incident = world.incident_body("by Ann", None);
    assert_eq!(status(&world, &ann.body["token"], "POST", "/incidents", incident).await, 201);
}

#[tokio::test]
async fn a_number_that_was_never_verified_reaches_nobody() {
    let world = World::start().await;
    let ann =
        world.pd("GET", "/users?query=ann", None).await.body["users"][0]["id"].as_str().expect("an id").to_owned();
    let path = format!("/users/{ann}/contact_methods");
    let sms = json!({"contact_method": {"type": "sms_contact_method", "label": "Mobile", "address": "15551234567"}});
    let made = world.pd("POST", &path, Some(sms)).await.body["contact_method"].clone();
    assert_eq!((&made["enabled"], &made["blacklisted"]), (&json!(true), &json!(false)));
    let id = made["id"].as_str().expect("an id");
    let control = format!("/pagerduty/contact-methods/{id}");
    let unverified = json!({"enabled": false, "blacklisted": true});
    assert_eq!(world.control("POST", &control, Some(unverified)).await.status, 204);
    let shown = world.pd("GET", &format!("{path}/{id}"), None).await.body["contact_method"].clone();
    assert_eq!((&shown["enabled"], &shown["blacklisted"]), (&json!(false), &json!(true)));
    let rule = json!({"notification_rule": {"type": "assignment_notification_rule", "start_delay_in_minutes": 0,
        "urgency": "high", "contact_method": {"id": id, "type": "sms_contact_method_reference"}}});
    assert_eq!(world.pd("POST", &format!("/users/{ann}/notification_rules"), Some(rule)).await.status, 201);
    world.incident("page Ann", None).await;
    let log = world.pd("GET", "/log_entries", None).await.body.to_string();
    assert!(log.contains("notify_log_entry") && !log.contains("15551234567"), "by mail only: {log}");
    assert_eq!(
        world.control("POST", "/pagerduty/contact-methods/PNONE", Some(json!({"enabled": true}))).await.status,
        404
    );
}

#[tokio::test]
async fn a_subscription_is_switched_off_for_a_day() {
    let world = World::start().await;
    let receiver = Receiver::start(&[]).await;
    let made = world.control("POST", "/pagerduty/webhooks", Some(json!({"url": receiver.url}))).await;
    let id = made.body["id"].as_str().expect("an id");
    assert_eq!(world.control("POST", &format!("/pagerduty/webhooks/{id}/disable"), None).await.status, 204);
    let path = format!("/webhook_subscriptions/{id}");
    let disabled = async || {
        let shown = world.pd("GET", &path, None).await;
        shown.body["webhook_subscription"]["delivery_method"]["temporarily_disabled"].clone()
    };
    assert_eq!(disabled().await, json!(true));
    assert_eq!(world.pd("POST", &format!("{path}/enable"), None).await.status, 200);
    assert_eq!(disabled().await, json!(false));
}

#[tokio::test]
async fn analytics_are_told_by_period_and_by_the_hours_of_those_who_were_interrupted() {
    // Friday, 20 November 2026: 09:30, 19:30 and 23:30 of the users' own zone.
    let start = "2026-11-20T09:30:00Z".parse().expect("a time");
    let clock = pagebridge_sandbox::ClockMode::Manual;
    let world = World::with(pagebridge_sandbox::Config { start: Some(start), clock, ..Default::default() }).await;
    for (n, hours) in [(1, 10), (2, 4), (3, 0)] {
        world.incident(&format!("no {n}"), None).await;
        world.control("POST", "/clock/advance", Some(json!({"ms": hours * 3_600_000_u64}))).await;
    }
    let ask = json!({"filters": {}, "aggregate_unit": "day", "time_zone": "Asia/Tokyo"});
    let told = world.pd("POST", "/analytics/metrics/incidents/all", Some(ask)).await.body;
    let rows = told["data"].as_array().expect("rows");
    let starts: Vec<_> = rows.iter().map(|row| row["range_start"].as_str().expect("a time")).collect();
    assert_eq!(starts, ["2026-11-20T00:00:00+09:00", "2026-11-21T00:00:00+09:00"]);
    let counts: Vec<_> = rows.iter().map(|row| row["total_incident_count"].as_u64()).collect();
    assert_eq!(counts, [Some(1), Some(2)]);
    let whole = world.pd("POST", "/analytics/metrics/incidents/all", Some(json!({"filters": {}}))).await.body;
    let whole = &whole["data"][0];
    let parts =
        ["business_hour", "off_hour", "sleep_hour"].map(|part| whole[format!("total_{part}_interruptions")].as_u64());
    let total = whole["total_interruptions"].as_u64();
    assert!(parts.iter().all(|part| part.is_some_and(|count| count > 0)), "{whole}");
    assert_eq!(total, Some(parts.iter().flatten().sum()), "{whole}");
}
