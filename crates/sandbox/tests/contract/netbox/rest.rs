//! Facts 3, 4 and 9: pages, headers, errors, and the endpoints that fail.

use pagebridge_sandbox::{Config, Effect, Fault, NetBoxConfig, System};
use serde_json::json;

use super::{EVENTS, INCIDENTS, assert_recorded, call, ids, incident, raw, replay};
use crate::common::World;

#[tokio::test]
async fn pages_link_to_each_other_with_whole_addresses() {
    let world = World::start().await;
    for number in 0..7 {
        incident(&world, &format!("inc {number}"), "new").await;
    }
    let middle = call(&world, "GET", &format!("{INCIDENTS}?limit=2&offset=2"), None).await;
    assert_recorded_page(&middle, &world);
    assert_eq!(ids(&middle), [5, 4], "newest first");
    let last = call(&world, "GET", &format!("{INCIDENTS}?limit=2&offset=6&ordering=id"), None).await;
    assert_eq!((ids(&last), last.body["next"].is_null()), (vec![7], true));
    let shown = call(&world, "GET", &format!("{INCIDENTS}?ordering=-title&limit=1"), None).await;
    assert_eq!(shown.body["results"][0]["title"], "inc 6");
    let next = shown.body["next"].as_str().expect("a next page");
    assert!(next.ends_with("?limit=1&offset=1&ordering=-title"), "{next}");
}

fn assert_recorded_page(page: &crate::common::Answer, world: &World) {
    let recorded = super::fixture("pagination-middle-page")["response"]["body"].clone();
    let ours = |field: &str| {
        let theirs = recorded[field].as_str().expect("an address");
        theirs.replace("http://netbox.example.test", &world.sandbox.netbox_url)
    };
    assert_eq!(page.body["count"], recorded["count"]);
    assert_eq!(page.body["next"], ours("next"));
    assert_eq!(page.body["previous"], ours("previous"));
}

#[tokio::test]
async fn a_page_has_50_objects_and_at_most_1000() {
    let world =
        World::with(Config { netbox: NetBoxConfig { objects: 3_000, ..NetBoxConfig::default() }, ..Config::default() })
            .await;
    let count = async |query: &str| ids(&call(&world, "GET", &format!("{INCIDENTS}{query}"), None).await).len();
    assert_eq!(count("").await, 50);
    assert_eq!(count("?limit=0").await, 1_000);
    assert_eq!(count("?limit=5000").await, 1_000);
    assert_eq!(count("?limit=0&offset=1000").await, 500);
}

#[tokio::test]
async fn every_reply_has_a_request_id_and_the_version() {
    let world = World::start().await;
    let one = call(&world, "GET", INCIDENTS, None).await;
    let other = call(&world, "GET", INCIDENTS, None).await;
    assert_eq!(one.headers["api-version"], "4.5");
    assert_ne!(one.headers["x-request-id"], other.headers["x-request-id"]);
    assert_eq!(one.headers["x-request-id"].len(), 36);
    let site = replay(&world, "site-create").await;
    assert_eq!(site.body["status"], json!({"value": "active", "label": "Active"}));
    let made = call(&world, "POST", INCIDENTS, Some(json!({"title": "a", "status": "new", "severity": "low"}))).await;
    assert!(!made.headers.contains_key("location"), "the plugin tells no location");
    assert_eq!(made.body["status"], "new", "the plugin's choices are plain");
}

#[tokio::test]
async fn core_choices_are_written_plainly_and_read_as_pairs() {
    let world = World::start().await;
    replay(&world, "site-create").await;
    let changed = call(&world, "PATCH", "/api/dcim/sites/1/", Some(json!({"status": "planned"}))).await;
    assert_eq!(changed.body["status"], json!({"value": "planned", "label": "Planned"}));
    assert_eq!(call(&world, "DELETE", "/api/dcim/sites/1/", None).await.status, 204);
    assert_eq!(call(&world, "GET", "/api/dcim/sites/1/", None).await.status, 404);
}

#[tokio::test]
async fn errors_are_the_recorded_ones() {
    let world = World::start().await;
    for name in
        ["error-400-validation", "error-400-parse", "event-validation-400", "error-404", "error-404-route", "error-405"]
    {
        let answer = replay(&world, name).await;
        assert_eq!(name == "error-404-route", answer.text.starts_with("<!DOCTYPE html>"), "{name}");
    }
    let list = call(&world, "POST", INCIDENTS, Some(json!([{"title": "a"}]))).await;
    let why = json!({"non_field_errors": ["Invalid data. Expected a dictionary, but got list."]});
    assert_eq!((list.status, list.body), (400, why));
}

#[tokio::test]
async fn an_address_without_its_slash_leads_elsewhere_and_changes_nothing() {
    let world = World::start().await;
    let body = json!({"title": "a", "status": "new", "severity": "low"});
    let answer = call(&world, "POST", INCIDENTS.trim_end_matches('/'), Some(body)).await;
    assert_eq!((answer.status, answer.headers["location"].as_str()), (301, INCIDENTS));
    assert_eq!(world.sandbox.netbox().snapshot().incidents_count, 0);
}

#[tokio::test]
async fn what_the_plugin_cannot_show_in_netboxs_form_is_500_and_rolled_back() {
    let world = World::start().await;
    incident(&world, "first", "new").await;
    incident(&world, "second", "new").await;
    replay(&world, "pitfall-journal-entry-on-incident-500").await;
    replay(&world, "pitfall-object-changes-500").await;
    let entries = call(&world, "GET", "/api/extras/journal-entries/", None).await;
    assert_eq!(entries.body["count"], 0);
    replay(&world, "site-create").await;
    let note = json!({"assigned_object_type": "dcim.site", "assigned_object_id": 1, "comments": "seen"});
    let entry = call(&world, "POST", "/api/extras/journal-entries/", Some(note)).await;
    assert_eq!((entry.status, &entry.body["comments"]), (201, &json!("seen")));
    assert_eq!(call(&world, "GET", "/api/extras/journal-entries/", None).await.body["count"], 1);
}

#[tokio::test]
async fn technical_services_are_made_but_not_read() {
    let world = World::start().await;
    replay(&world, "technical-service-create").await;
    for path in ["technical-services/", "technical-services/1/"] {
        let answer = call(&world, "GET", &format!("/api/plugins/business-application/{path}"), None).await;
        assert_eq!((answer.status, &answer.body["netbox_version"]), (500, &json!("4.5.0")), "{path}");
    }
    let netbox = NetBoxConfig { technical_services_crash: false, ..NetBoxConfig::default() };
    let world = World::with(Config { netbox, ..Config::default() }).await;
    replay(&world, "technical-service-create").await;
    let list = call(&world, "GET", "/api/plugins/business-application/technical-services/", None).await;
    assert_eq!(list.body["results"][0]["name"], "payments-api");
}

#[tokio::test]
async fn the_small_lists_of_the_plugin_are_made_read_changed_and_deleted() {
    let world = World::start().await;
    for (list, body) in [
        ("event-sources", json!({"name": "prometheus"})),
        ("business-applications", json!({"name": "Payments", "appcode": "PAY"})),
        ("maintenance", json!({"description": "switch over"})),
        ("changes", json!({"description": "new release"})),
    ] {
        let path = format!("/api/plugins/business-application/{list}/");
        let made = call(&world, "POST", &path, Some(body.clone())).await;
        assert_eq!(made.status, 201, "{list}: {}", made.text);
        let one = format!("{path}{}/", made.body["id"]);
        let changed = call(&world, "PATCH", &one, Some(json!({"description": "other"}))).await;
        assert_eq!((changed.status, &changed.body["description"]), (200, &json!("other")), "{list}");
        assert_eq!(call(&world, "GET", &path, None).await.body["count"], 1, "{list}");
        assert_eq!(call(&world, "DELETE", &one, None).await.status, 204, "{list}");
    }
}

#[tokio::test]
async fn the_main_branch_has_no_pagerduty_endpoints() {
    let world = World::start().await;
    let answer = call(&world, "GET", "/api/plugins/business-application/pagerduty/status/", None).await;
    assert_eq!((answer.status, answer.headers["content-type"].as_str()), (404, "text/html; charset=utf-8"));
}

#[tokio::test]
async fn faults_disturb_netbox_as_they_do_the_others() {
    let world = World::start().await;
    let refuse = |status| Effect::Refuse { status, headers: Default::default(), body: None };
    world.sandbox.add_fault(Fault::new(System::NetBox, refuse(502)).count(1).only("GET /api/plugins"));
    world.sandbox.add_fault(Fault::new(System::NetBox, Effect::ApplyThenReset).count(1).only("POST"));
    assert_eq!(call(&world, "GET", INCIDENTS, None).await.status, 502);
    let url = format!("{}{INCIDENTS}", world.sandbox.netbox_url);
    let token = format!("Token {}", world.sandbox.netbox_token);
    let body = json!({"title": "a", "status": "new", "severity": "low"});
    let sent = world.http.post(url).header("Authorization", token).json(&body).send().await;
    assert!(sent.is_err(), "the connection is reset");
    assert_eq!(world.sandbox.netbox().snapshot().incidents_count, 1, "but it was applied");
}

/// Whatever their number, a page of one status is found at once.
#[tokio::test]
async fn pages_of_100_000_objects_are_whole_and_filtered() {
    let world = World::start().await;
    let filled = world.control("POST", "/netbox/fill", Some(json!({"objects": 100_000}))).await;
    assert_eq!(filled.status, 204, "{}", filled.text);
    for path in [
        format!("{INCIDENTS}?status=new&ordering=id&limit=1000"),
        format!("{EVENTS}?status=triggered&ordering=-id&limit=1000"),
    ] {
        let page = call(&world, "GET", &path, None).await;
        assert_eq!((&page.body["count"], ids(&page).len()), (&json!(500), 500), "{path}");
    }
    let token = format!("Token {}", world.sandbox.netbox_token);
    let last = raw(&world, Some(&token), "GET", &format!("{EVENTS}?ordering=id&limit=1000&offset=49000"), None).await;
    assert_eq!((ids(&last).len(), last.body["next"].is_null()), (1_000, true));
}

#[tokio::test]
async fn alert_errors_have_an_envelope_of_their_own() {
    let world = World::start().await;
    assert_recorded(&replay(&world, "alert-ingest-generic-400").await, "alert-ingest-generic-400");
}
