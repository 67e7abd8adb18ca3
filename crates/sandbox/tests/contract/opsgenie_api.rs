//! Opsgenie's alert API as clients see it.

use pagebridge_sandbox::{ClockMode, Config, NewAlert, OpsgenieConfig};
use serde_json::{Value, json};

use crate::common::{Answer, World};

/// Reads the recorded reply of a fixture.
fn fixture(name: &str) -> Value {
    let path = format!("{}/../../fixtures/opsgenie/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).expect("the fixture exists");
    serde_json::from_str::<Value>(&text).expect("the fixture is JSON")["response"].clone()
}

/// Checks that a reply has the fixture's status, headers and fields, each of the same type.
fn assert_like(answer: &Answer, name: &str) {
    let wanted = fixture(name);
    assert_eq!(answer.status, wanted["status"], "{name}");
    for header in wanted["headers"].as_object().expect("headers").keys() {
        assert!(answer.headers.contains_key(&header.to_lowercase()), "{name}: no header {header}");
    }
    assert_same_kind(&answer.body, &wanted["body"], name);
}

fn assert_same_kind(given: &Value, wanted: &Value, at: &str) {
    match wanted {
        Value::Object(fields) => {
            for (key, wanted) in fields {
                let given = given.get(key).unwrap_or_else(|| panic!("{at}.{key} is missing in {given}"));
                assert_same_kind(given, wanted, &format!("{at}.{key}"));
            }
        }
        _ => assert_eq!(std::mem::discriminant(given), std::mem::discriminant(wanted), "{at}: {given}"),
    }
}

#[tokio::test]
async fn replies_have_the_shapes_of_the_fixtures() {
    let world = World::start().await;
    let create = json!({"message": "disk full", "alias": "db-07/disk", "priority": "P2", "tags": ["a"],
        "actions": ["Restart"], "details": {"region": "eu-1"}, "entity": "db-07", "description": "98 %",
        "responders": [{"type": "team", "id": "4513b7ea-3b91-438f-b7e4-e3e54af9147c"}]});
    let accepted = world.og("POST", "/v2/alerts", Some(create)).await;
    assert_like(&accepted, "api-accepted-202");
    let request = accepted.body["requestId"].as_str().expect("an id").to_owned();
    let result = world.og_result(&request).await;
    assert_eq!((&result["action"], &result["status"]), (&json!("Create"), &json!("Created alert")));
    assert_like(&world.og("GET", &format!("/v2/alerts/requests/{request}"), None).await, "api-request-status-success");
    let none = world.og("GET", "/v2/alerts/requests/43a29c5c-3dbf-4fa4-9c26-f4f71023e120", None).await;
    assert_like(&none, "api-error-404-request-not-processed");
    assert_like(&world.og("GET", "/v2/alerts/none", None).await, "api-error-404-alert");
    assert_like(&world.og("POST", "/v2/alerts", Some(json!({"message": ""}))).await, "api-error-422");
    let by_alias = "/v2/alerts/db-07%2Fdisk";
    let end = json!({"endTime": "2099-11-20T15:00:00+00:00"});
    let act = async |action: &str, body: Option<Value>| {
        let answer = world.og("POST", &format!("{by_alias}/{action}?identifierType=alias"), body).await;
        world.og_result(answer.body["requestId"].as_str().expect("accepted")).await
    };
    assert_eq!(act("acknowledge", None).await["isSuccess"], true);
    assert_eq!(act("snooze", Some(end)).await["isSuccess"], true);
    assert_eq!(act("notes", Some(json!({"note": "freed 20 GB", "user": "Ann (PagerDuty)"}))).await["isSuccess"], true);
    let mut alert = world.og("GET", &format!("{by_alias}?identifierType=alias"), None).await;
    // The fixture's alert is closed as well; these two come only then.
    alert.body["data"]["report"]["closeTime"] = 0.into();
    alert.body["data"]["report"]["closedBy"] = "".into();
    assert_like(&alert, "api-get-alert");
    assert_like(&world.og("GET", "/v2/heartbeats/any/ping", None).await, "api-heartbeat-ping");
    let notes = world.og("GET", &format!("{by_alias}/notes?identifierType=alias"), None).await;
    assert_eq!(notes.body["data"][0]["owner"], "Ann (PagerDuty)");
    let unknown =
        world.http.get(format!("{}/v2/alerts", world.sandbox.opsgenie_url)).header("Authorization", "GenieKey no");
    assert_like(&Answer::read(unknown.send().await.expect("an answer")).await, "api-error-401");
}

#[tokio::test]
async fn a_write_is_accepted_first_and_processed_later() {
    let world = World::with(Config { clock: ClockMode::Manual, ..Config::default() }).await;
    let accepted = world.og("POST", "/v2/alerts", Some(json!({"message": "x", "alias": "a"}))).await;
    let path = format!("/v2/alerts/requests/{}", accepted.body["requestId"].as_str().expect("an id"));
    world.sandbox.clock().advance(49);
    assert_eq!(world.og("GET", &path, None).await.status, 404);
    assert!(world.sandbox.opsgenie().alert("a").is_err());
    world.sandbox.clock().advance(1);
    let result = world.og_result(accepted.body["requestId"].as_str().expect("an id")).await;
    assert_eq!(result["alias"], "a");
    assert_eq!(world.sandbox.opsgenie().alert("a").expect("there").id, result["alertId"]);
}

#[tokio::test]
async fn failures_show_only_in_the_result() {
    let world = World::start().await;
    let alert = world.sandbox.opsgenie().create_alert(NewAlert::new("x"), "dana@example.test");
    let result = async |id: &str, action: &str| {
        let answer = world.og("POST", &format!("/v2/alerts/{id}/{action}"), Some(json!({"user": "bridge"}))).await;
        assert_eq!(answer.status, 202);
        world.og_result(answer.body["requestId"].as_str().expect("an id")).await
    };
    let missing = result("none", "acknowledge").await;
    assert_eq!((&missing["isSuccess"], &missing["status"]), (&json!(false), &json!("Alert does not exist")));
    assert_eq!((&missing["alertId"], &missing["action"]), (&json!(""), &json!("Acknowledge")));
    assert_eq!(result(&alert.id, "unacknowledge").await["isSuccess"], false);
    assert_eq!(result(&alert.id, "acknowledge").await["isSuccess"], true);
    assert_eq!(result(&alert.id, "acknowledge").await["isSuccess"], true);
    assert_eq!(result(&alert.id, "unacknowledge").await["isSuccess"], true);
    assert_eq!(result(&alert.id, "close").await["isSuccess"], true);
    assert_eq!(result(&alert.id, "acknowledge").await["isSuccess"], false);
}

#[tokio::test]
async fn one_alias_is_open_once_and_counts() {
    let world = World::start().await;
    let create = async || {
        let answer = world.og("POST", "/v2/alerts", Some(json!({"message": "x", "alias": "a"}))).await;
        world.og_result(answer.body["requestId"].as_str().expect("an id")).await["alertId"].clone()
    };
    let first = create().await;
    assert_eq!(create().await, first);
    assert_eq!(world.sandbox.opsgenie().alert("a").expect("there").count, 2);
    world.sandbox.opsgenie().act("a", pagebridge_sandbox::AlertAct::Close, "dana@example.test").expect("open");
    assert_ne!(create().await, first);
    assert_eq!(world.sandbox.snapshot().opsgenie.creates_per_alias["a"], 2);
}

#[tokio::test]
async fn lists_are_searched_counted_and_paged() {
    let world = World::start().await;
    for number in 0..25 {
        let new = NewAlert::new("x").alias(&format!("a{number}")).priority(1 + number % 5);
        world.sandbox.opsgenie().create_alert(new, "dana@example.test");
    }
    world.sandbox.opsgenie().act("a3", pagebridge_sandbox::AlertAct::Close, "dana@example.test").expect("open");
    let open = world.og("GET", "/v2/alerts?query=status%3Aopen&limit=20", None).await;
    assert_eq!(open.body["data"].as_array().expect("a list").len(), 20);
    assert_eq!(open.body["data"][0]["tinyId"], "25", "newest first");
    let next = open.body["paging"]["next"].as_str().expect("more");
    assert_eq!(open.headers["x-paging-next"], next);
    let rest = next.strip_prefix(&world.sandbox.opsgenie_url).expect("leads back here");
    let second = world.og("GET", rest, None).await;
    assert_eq!(second.body["data"].as_array().expect("a list").len(), 4);
    assert_eq!(second.body["paging"].get("next"), None);
    let count = world.og("GET", "/v2/alerts/count?query=status:open%20AND%20priority:P1", None).await;
    assert_eq!(count.body["data"]["count"], 5);
    assert_eq!(world.og("GET", "/v2/alerts?offset=20000", None).await.status, 422);
}

#[tokio::test]
async fn notes_page_by_their_mark() {
    let world = World::start().await;
    let alert = world.sandbox.opsgenie().create_alert(NewAlert::new("x"), "dana@example.test");
    for number in 0..5 {
        let act = pagebridge_sandbox::AlertAct::AddNote(number.to_string());
        world.sandbox.opsgenie().act(&alert.id, act, "dana@example.test").expect("open");
    }
    let mut path = format!("/v2/alerts/{}/notes?limit=2&order=asc", alert.id);
    let mut seen = Vec::new();
    loop {
        let page = world.og("GET", &path, None).await.body;
        seen.extend(page["data"].as_array().expect("a list").iter().map(|note| note["note"].clone()));
        let Some(next) = page["paging"]["next"].as_str() else { break };
        path = next.strip_prefix(&world.sandbox.opsgenie_url).expect("leads back here").to_owned();
    }
    assert_eq!(seen, ["0", "1", "2", "3", "4"]);
}

#[tokio::test]
async fn the_limit_answers_429_with_its_three_headers() {
    let opsgenie = OpsgenieConfig { calls_per_minute: Some(1), ..OpsgenieConfig::default() };
    let world = World::with(Config { opsgenie, ..Config::default() }).await;
    assert_eq!(world.og("GET", "/v2/alerts", None).await.status, 200);
    let over = world.og("GET", "/v2/alerts", None).await;
    assert_like(&over, "api-error-429");
    assert_eq!(over.headers["x-ratelimit-state"], "THROTTLED");
    assert_eq!(over.headers["x-ratelimit-period-in-sec"], "60");
}
