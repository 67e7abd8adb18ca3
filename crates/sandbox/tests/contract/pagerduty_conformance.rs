//! Every path that PagerDuty's Python client knows: what the sandbox claims answers in the right wrapper, the rest is a
//! JSON 404.

use pagebridge_sandbox::{Config, PagerDutyConfig};
use serde_json::{Value, json};

use crate::common::{Answer, World};
use crate::pagerduty_objects::Objects;

/// The table, with the rule for paths that it does not list, in its own words.
const TABLE: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/pagerduty/python-client-paths.json"));

/// What the sandbox claims: path, methods.
const CLAIMED: &[(&str, &str)] = &[
    ("/{entity_type}/{id}/change_tags", "POST"),
    ("/{entity_type}/{id}/tags", "GET"),
    ("/abilities", "GET"),
    ("/abilities/{id}", "GET"),
    ("/analytics/metrics/incidents/all", "POST"),
    ("/analytics/metrics/incidents/escalation_policies", "POST"),
    ("/analytics/metrics/incidents/escalation_policies/all", "POST"),
    ("/analytics/metrics/incidents/services", "POST"),
    ("/analytics/metrics/incidents/services/all", "POST"),
    ("/analytics/metrics/incidents/teams", "POST"),
    ("/analytics/metrics/incidents/teams/all", "POST"),
    ("/analytics/raw/incidents", "POST"),
    ("/analytics/raw/incidents/{id}", "GET"),
    ("/analytics/raw/incidents/{id}/responses", "GET"),
    ("/audit/records", "GET"),
    ("/business_services", "GET POST"),
    ("/business_services/{id}", "GET PUT PATCH DELETE"),
    ("/change_events", "GET"),
    ("/change_events/{id}", "GET"),
    ("/escalation_policies", "GET POST"),
    ("/escalation_policies/{id}", "GET PUT DELETE"),
    ("/escalation_policies/{id}/audit/records", "GET"),
    ("/event_orchestrations", "GET POST"),
    ("/event_orchestrations/{id}", "GET PUT DELETE"),
    ("/event_orchestrations/{id}/global", "GET PUT"),
    ("/event_orchestrations/{id}/router", "GET PUT"),
    ("/event_orchestrations/{id}/unrouted", "GET PUT"),
    ("/event_orchestrations/services/{service_id}", "GET PUT"),
    ("/event_orchestrations/services/{service_id}/active", "GET PUT"),
    ("/extension_schemas", "GET"),
    ("/extension_schemas/{id}", "GET"),
    ("/extensions", "GET POST"),
    ("/extensions/{id}", "GET PUT DELETE"),
    ("/extensions/{id}/enable", "POST"),
    ("/incidents", "GET POST PUT"),
    ("/incidents/{id}", "GET PUT"),
    ("/incidents/{id}/alerts", "GET PUT"),
    ("/incidents/{id}/alerts/{alert_id}", "GET PUT"),
    ("/incidents/{id}/custom_fields/values", "GET PUT"),
    ("/incidents/{id}/log_entries", "GET"),
    ("/incidents/{id}/merge", "PUT"),
    ("/incidents/{id}/notes", "GET POST"),
    ("/incidents/{id}/notes/{note_id}", "PUT DELETE"),
    ("/incidents/{id}/outlier_incident", "GET"),
    ("/incidents/{id}/past_incidents", "GET"),
    ("/incidents/{id}/related_change_events", "GET"),
    ("/incidents/{id}/related_incidents", "GET"),
    ("/incidents/{id}/responder_requests", "POST"),
    ("/incidents/{id}/responder_requests/cancel", "PUT"),
    ("/incidents/{id}/snooze", "POST"),
    ("/incidents/{id}/status_updates", "POST"),
    ("/incidents/{id}/status_updates/subscribers", "GET POST"),
    ("/incidents/{id}/status_updates/unsubscribe", "POST"),
    ("/incidents/types", "GET"),
    ("/incidents/custom_fields", "GET POST"),
    ("/incidents/custom_fields/{field_id}", "GET PUT DELETE"),
    ("/log_entries", "GET"),
    ("/log_entries/{id}", "GET"),
    ("/log_entries/{id}/channel", "PUT"),
    ("/maintenance_windows", "GET POST"),
    ("/maintenance_windows/{id}", "GET PUT DELETE"),
    ("/notifications", "GET"),
    ("/oncalls", "GET"),
    ("/priorities", "GET"),
    ("/schedules", "GET POST"),
    ("/schedules/{id}", "GET PUT DELETE"),
    ("/schedules/{id}/audit/records", "GET"),
    ("/schedules/{id}/overrides", "GET POST"),
    ("/schedules/{id}/overrides/{override_id}", "DELETE"),
    ("/schedules/{id}/users", "GET"),
    ("/schedules/preview", "POST"),
    ("/services", "GET POST"),
    ("/services/{id}", "GET PUT DELETE"),
    ("/services/{id}/audit/records", "GET"),
    ("/services/{id}/change_events", "GET"),
    ("/services/{id}/integrations", "POST"),
    ("/services/{id}/integrations/{integration_id}", "GET PUT"),
    ("/tags", "GET POST"),
    ("/tags/{id}", "GET DELETE"),
    ("/tags/{id}/escalation_policies", "GET"),
    ("/tags/{id}/teams", "GET"),
    ("/tags/{id}/users", "GET"),
    ("/teams", "GET POST"),
    ("/teams/{id}", "GET PUT DELETE"),
    ("/teams/{id}/audit/records", "GET"),
    ("/teams/{id}/escalation_policies/{escalation_policy_id}", "PUT DELETE"),
    ("/teams/{id}/members", "GET"),
    ("/teams/{id}/users/{user_id}", "PUT DELETE"),
    ("/users", "GET POST"),
    ("/users/{id}", "GET PUT DELETE"),
    ("/users/{id}/audit/records", "GET"),
    ("/users/{id}/contact_methods", "GET POST"),
    ("/users/{id}/contact_methods/{contact_method_id}", "GET PUT DELETE"),
    ("/users/{id}/notification_rules", "GET POST"),
    ("/users/{id}/notification_rules/{notification_rule_id}", "GET PUT DELETE"),
    ("/users/me", "GET"),
    ("/vendors", "GET"),
    ("/vendors/{id}", "GET"),
    ("/webhook_subscriptions", "GET POST"),
    ("/webhook_subscriptions/{id}", "GET PUT DELETE"),
    ("/webhook_subscriptions/{id}/enable", "POST"),
    ("/webhook_subscriptions/{id}/ping", "POST"),
];

const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

async fn world() -> World {
    // A limit of calls per minute would be met long before the end of the table.
    let pagerduty = PagerDutyConfig { rest_per_minute: None, events_per_minute: None, ..PagerDutyConfig::default() };
    World::with(Config { pagerduty, ..Config::default() }).await
}

fn table() -> Value {
    serde_json::from_str(TABLE).expect("the fixture is JSON")
}

fn paths(table: &Value) -> Vec<&str> {
    table["canonical_paths"].as_array().expect("a list").iter().filter_map(Value::as_str).collect()
}

fn claims(path: &str, method: &str) -> bool {
    CLAIMED.iter().any(|(claimed, methods)| *claimed == path && methods.split(' ').any(|one| one == method))
}

/// Tells under which key an answer has its content; none for an answer that is not wrapped.
fn wrapper(table: &Value, method: &str, path: &str) -> Option<String> {
    if path == "/schedules/preview" {
        // The table says nothing and its rule would give `preview`; the API answers with a schedule.
        return Some("schedule".to_owned());
    }
    if (method, path) == ("POST", "/event_orchestrations") {
        // The table has one name for all methods; the API answers with the one that was made.
        return Some("orchestration".to_owned());
    }
    // The table names the same thing in two ways.
    let path = &path.replace("/event_orchestrations/services/{service_id}", "/event_orchestrations/services/{id}");
    let listed = &table["wrapping"];
    let exact = listed.get(format!("{method} {path}")).or_else(|| listed.get(format!("* {path}")));
    match exact {
        Some(Value::String(key)) => return Some(key.clone()),
        Some(Value::Array(keys)) if path == "/incidents/custom_fields" => {
            // The pair stands for one and for many here, not for request and response.
            return keys[usize::from(method == "GET")].as_str().map(str::to_owned);
        }
        Some(Value::Array(keys)) => return keys[1].as_str().map(str::to_owned),
        Some(_) => return None,
        None => {}
    }
    let named = path.rsplit('/').find(|part| !part.starts_with('{')).unwrap_or_default();
    let singular = path.ends_with('}') || method == "POST";
    Some(match named.strip_suffix("ies") {
        Some(stem) if singular => format!("{stem}y"),
        None if singular => named.trim_end_matches('s').to_owned(),
        _ => named.to_owned(),
    })
}

#[tokio::test]
async fn every_claimed_row_answers_in_its_wrapper() {
    let table = table();
    let known = paths(&table);
    for (path, methods) in CLAIMED {
        assert!(known.contains(path), "{path} is not in the table");
        for method in methods.split(' ') {
            let world = world().await;
            let objects = Objects::make(&world).await;
            objects.prepare(&world, method, path).await;
            let answer = call(&world, method, &objects.fill(path, method), objects.body(&world, method, path)).await;
            let row = format!("{method} {path}: {} {}", answer.status, answer.text);
            assert!((200..300).contains(&answer.status), "{row}");
            if answer.status == 204 || answer.text.is_empty() {
                assert_eq!(answer.text, "", "{row}");
                assert!(method == "DELETE" || wrapper(&table, method, path).is_none(), "{row}");
            } else if let Some(key) = wrapper(&table, method, path) {
                assert!(answer.body.get(&key).is_some(), "{row}, without {key}");
            }
            world.sandbox.stop().await;
        }
    }
}

#[tokio::test]
async fn every_other_row_is_a_json_404() {
    let world = world().await;
    let objects = Objects::make(&world).await;
    let table = table();
    for path in paths(&table) {
        for method in METHODS.into_iter().filter(|method| !claims(path, method)) {
            let body = (method != "GET").then(|| json!({}));
            let answer = call(&world, method, &objects.fill(path, method), body).await;
            let row = format!("{method} {path}: {} {}", answer.status, answer.text);
            assert_eq!(answer.status, 404, "{row}");
            assert!(answer.headers["content-type"].starts_with("application/json"), "{row}");
            let error = &answer.body["error"];
            assert!(error["message"].is_string() && error["code"].is_u64(), "{row}");
        }
    }
}

#[tokio::test]
async fn paths_are_read_leniently() {
    let world = world().await;
    let objects = Objects::make(&world).await;
    for (path, methods) in CLAIMED {
        if !methods.split(' ').any(|method| method == "GET") {
            continue;
        }
        let filled = objects.fill(path, "GET");
        let plain = call(&world, "GET", &filled, None).await;
        let (bare, query) = filled.split_once('?').unwrap_or((&filled, ""));
        // pagerduty-cli sends `{}` with every GET.
        let odd = call(&world, "GET", &format!("/api.pagerduty.com{bare}/?stray=1&{query}"), Some(json!({}))).await;
        assert_eq!(plain.status, odd.status, "{path}: {}", odd.text);
        let keys = |answer: &Answer| answer.body.as_object().map(|body| body.keys().cloned().collect::<Vec<_>>());
        assert_eq!(keys(&plain), keys(&odd), "{path}");
    }
}

async fn call(world: &World, method: &str, path: &str, body: Option<Value>) -> Answer {
    if method == "GET" && path.contains("/users/me") {
        let request = world.http.get(format!("{}{path}", world.sandbox.pagerduty_url));
        let request = request.header("Authorization", format!("Token token={}", world.sandbox.user_token));
        let request = if let Some(body) = body { request.json(&body) } else { request };
        return Answer::read(request.send().await.expect("an answer")).await;
    }
    world.pd(method, path, body).await
}
