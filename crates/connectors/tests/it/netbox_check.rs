//! What `doctor` finds at a NetBox, and what it tells people to do.

use crate::support::{FarSide, NOW, Turn, netbox_settings, on};
use pagebridge_connectors::netbox::{Route, Settings};
use pagebridge_connectors::{NetBox, Secret};
use pagebridge_core::{BridgeName, SystemName};
use pagebridge_ports::{Check, CheckResult, Connector, ManualClock};
use serde_json::{Value, json};
use std::sync::Arc;

use CheckResult::{Failed, Warning};

const STATUS: &str = "GET /api/status/";
const JOURNAL: &str = "POST /api/extras/journal-entries/";
const INCIDENTS: &str = "GET /api/plugins/business-application/incidents/?ordering=-id&limit=1";
const EVENTS: &str = "GET /api/plugins/business-application/events/?ordering=-id&limit=1000&status=triggered";

fn about(netbox: &str, plugins: Value, workers: u64) -> Value {
    json!({"netbox-version": netbox, "plugins": plugins, "rq-workers-running": workers, "python-version": "3.12.1"})
}

fn usual() -> Turn {
    on(STATUS, 200, about("4.5.0", json!({"business_application": "2.1.0"}), 1))
}

fn refused_body() -> Turn {
    on(JOURNAL, 400, json!({"assigned_object_type": ["This field may not be blank."]}))
}

fn incidents(all: Value) -> Turn {
    on(INCIDENTS, 200, json!({"count": 1, "next": null, "results": all}))
}

fn events(all: Value) -> Turn {
    on(EVENTS, 200, json!({"count": 1, "next": null, "results": all}))
}

fn forbidden(call: &'static str, detail: &str) -> Turn {
    on(call, 403, json!({"detail": detail}))
}

async fn checks(change: impl FnOnce(&mut Settings), turns: impl IntoIterator<Item = Turn>) -> Vec<Check> {
    let far_side = FarSide::follows(turns).await;
    let mut settings = netbox_settings(&far_side.url);
    settings.webhook_secrets = vec![Secret::new("hush")];
    change(&mut settings);
    let checks = NetBox::new(settings, Arc::new(ManualClock::at(NOW))).expect("valid").check().await;
    far_side.done();
    checks
}

/// The only check that is not well, which must say all of this.
fn only(checks: &[Check], result: CheckResult, name: &str, words: &[&str]) {
    let bad: Vec<&Check> = checks.iter().filter(|check| check.result != CheckResult::Ok).collect();
    assert_eq!(
        bad.iter().map(|check| (check.name.as_str(), check.result)).collect::<Vec<_>>(),
        [(name, result)],
        "{bad:?}"
    );
    let text = format!("{}; {}", bad[0].detail, bad[0].remedy);
    for word in words {
        assert!(text.contains(word), "no `{word}` in: {text}");
    }
    assert!(!bad[0].remedy.is_empty());
}

#[tokio::test]
async fn a_netbox_that_is_set_up_is_well() {
    let checks = checks(
        |_| {},
        [
            usual(),
            refused_body(),
            incidents(json!([])),
            events(json!([{"id": 1, "dedup_id": "a", "status": "triggered"}])),
        ],
    )
    .await;
    assert!(checks.iter().all(|check| check.result == CheckResult::Ok), "{checks:?}");
    assert!(checks.iter().any(|check| check.detail == "4.5.0 with the Business Application plugin 2.1.0"));
}

#[tokio::test]
async fn a_read_only_token_is_named_although_the_plugin_would_take_it() {
    let refused = forbidden(JOURNAL, "You do not have permission to perform this action.");
    let found = checks(|_| {}, [usual(), refused, incidents(json!([])), events(json!([]))]).await;
    only(&found, Warning, "token", &["read-only", "enable writing for the token", "all the same"]);
}

#[tokio::test]
async fn what_keeps_everything_from_working_is_all_that_is_told() {
    for (turn, words) in [
        (forbidden(STATUS, "Invalid v1 token"), ["Invalid v1 token", "token"]),
        (on(STATUS, 404, Value::Null).raw("<!DOCTYPE html>"), ["api_url", "404"]),
        (on(STATUS, 301, Value::Null), ["api_url", "301"]),
        (on(STATUS, 200, Value::Null).raw("<html>"), ["api_url", "could not be read"]),
    ] {
        only(&checks(|_| {}, [turn]).await, Failed, "NetBox", &words);
    }
    let dead = NetBox::new(netbox_settings("http://127.0.0.1:1"), Arc::new(ManualClock::at(NOW))).expect("valid");
    let found = dead.check().await;
    assert!(found.iter().any(|check| check.result == Failed && check.detail.contains("could not reach")), "{found:?}");
}

#[tokio::test]
async fn the_plugin_and_its_limits_are_looked_at() {
    let rest = || [refused_body(), incidents(json!([])), events(json!([]))];
    let newer = on(STATUS, 200, about("4.6.2-Docker-3.4", json!({"business_application": "2.1.0"}), 2));
    let found = checks(|_| {}, [newer].into_iter().chain(rest())).await;
    only(&found, Warning, "NetBox", &["4.6.2", "4.1.0 to 4.5.0"]);
    let none = on(STATUS, 200, about("4.5.0", json!({}), 1));
    let page = |call| on(call, 404, Value::Null).raw("<!DOCTYPE html>");
    let found = checks(|_| {}, [none, refused_body(), page(INCIDENTS), page(EVENTS)]).await;
    let failed: Vec<&str> =
        found.iter().filter(|check| check.result == Failed).map(|check| check.name.as_str()).collect();
    assert_eq!(failed, ["NetBox", "Incidents", "Events"]);
    let idle = on(STATUS, 200, about("4.4.1", json!({"business_application": "1.0"}), 0));
    only(&checks(|_| {}, [idle].into_iter().chain(rest())).await, Warning, "webhooks of NetBox", &["rqworker"]);
}

#[tokio::test]
async fn a_plugin_that_sends_by_itself_is_named() {
    let own = incidents(json!([{"id": 3, "status": "new", "pagerduty_dedup_key": null}]));
    let found = checks(|_| {}, [usual(), refused_body(), own, events(json!([]))]).await;
    only(&found, Warning, "the plugin's own sending", &["pagerduty_incident_creation_enabled"]);
}

#[tokio::test]
async fn events_without_and_with_a_shared_dedup_id_are_counted() {
    let event = |id: i64, dedup_id: Value| json!({"id": id, "status": "triggered", "dedup_id": dedup_id});
    let all = json!([event(1, json!("a")), event(2, json!("a")), event(3, json!("b")), event(4, json!("")), event(5, Value::Null),
        event(6, json!("a")), {"id": 7, "status": "ok", "dedup_id": ""}]);
    let found = checks(|_| {}, [usual(), refused_body(), incidents(json!([])), events(all)]).await;
    only(&found, Warning, "Events", &["of the 6 newest", "2 have no dedup_id", "3 share", "only the newest counts"]);
}

#[tokio::test]
async fn webhooks_that_cannot_be_verified_are_named() {
    let rest = || [usual(), refused_body(), incidents(json!([])), events(json!([]))];
    let found = checks(|s| s.webhook_secrets = Vec::new(), rest()).await;
    only(&found, Warning, "webhook secret", &["no webhook is taken", "webhook_secrets"]);
    let found = checks(|s| (s.webhook_secrets, s.insecure) = (Vec::new(), true), rest()).await;
    only(&found, Warning, "webhook secret", &["anybody", "webhook_secrets"]);
}

#[tokio::test]
async fn services_with_routing_keys_are_looked_for() {
    const SERVICES: &str = "GET /api/plugins/business-application/technical-services/?ordering=id&limit=1000&offset=0";
    const APPLICATIONS: &str =
        "GET /api/plugins/business-application/business-applications/?ordering=id&limit=1000&offset=0";
    let keyed = |settings: &mut Settings| {
        let (alerts, bridge) = (SystemName::new("db"), BridgeName::new("netbox-db"));
        let route = Route { alerts, events: bridge.clone(), incidents: bridge };
        settings.routes.services.insert("database".to_owned(), route.clone());
        settings.routes.services.insert("datbase".to_owned(), route.clone());
        settings.routes.applications.insert("SHOP".to_owned(), route);
    };
    let page = |names: &[&str], field: &str| {
        let all: Vec<Value> = names.iter().enumerate().map(|(id, name)| json!({"id": id, field: name})).collect();
        json!({"count": 2, "next": null, "results": all})
    };
    let start = || [usual(), refused_body(), incidents(json!([])), events(json!([]))].into_iter();
    let there =
        [on(SERVICES, 200, page(&["database", "mail"], "name")), on(APPLICATIONS, 200, page(&["SHOP"], "appcode"))];
    let found = checks(keyed, start().chain(there)).await;
    only(&found, Warning, "routing keys", &["NetBox has no `datbase`"]);
    // The plugin's main branch fails over this list.
    let crash = json!({"error": "no such relation", "exception": "FieldError", "netbox_version": "4.5.0"});
    let found =
        checks(keyed, start().chain([on(SERVICES, 500, crash), on(APPLICATIONS, 200, page(&[], "name"))])).await;
    only(&found, Warning, "routing keys", &["cannot list its technical services", "by eye"]);
}
