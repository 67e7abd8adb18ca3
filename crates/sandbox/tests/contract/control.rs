//! The control API and the ready line.

use serde_json::json;

use crate::common::{Receiver, World};

#[tokio::test]
async fn the_ready_line_has_the_promised_fields() {
    let world = World::start().await;
    let ready = world.sandbox.ready_json();
    let keys = |at: &str| -> Vec<String> { ready[at].as_object().expect("an object").keys().cloned().collect() };
    assert_eq!(
        keys("pagerduty"),
        ["account_token", "ca_file", "from", "proxy_url", "routing_key", "service_id", "tls_url", "url", "user_token"]
    );
    assert_eq!(keys("opsgenie"), ["api_key", "integration_id", "url"]);
    assert_eq!(ready["control"], world.sandbox.control_url);
    assert_eq!(ready["pagerduty"]["routing_key"].as_str().map(str::len), Some(32));
}

#[tokio::test]
async fn people_act_over_http_and_the_state_shows_it() {
    let world = World::start().await;
    let mut receiver = Receiver::start(&[]).await;
    let hook = json!({"url": receiver.url, "headers": {"X-Shared": "s"}});
    assert_eq!(world.control("POST", "/opsgenie/webhooks", Some(hook)).await.status, 201);
    let alert = json!({"message": "disk <full>", "alias": "a", "priority": "P1", "user": "erik@example.test"});
    let made = world.control("POST", "/opsgenie/alerts", Some(alert)).await;
    assert_eq!((made.status, &made.body["priority"]), (200, &json!("P1")));
    assert_eq!(receiver.next().await.headers["x-shared"], "s");
    let noted = world.control("POST", "/opsgenie/alerts/a/note", Some(json!({"note": "hello"}))).await;
    assert_eq!(noted.body["notes"][0]["text"], "hello");
    assert_eq!(world.control("POST", "/opsgenie/alerts/a/close", None).await.body["state"], "closed");
    assert_eq!(world.control("POST", "/opsgenie/alerts/a/close", None).await.status, 409);

    let subscribed = world.control("POST", "/pagerduty/webhooks", Some(json!({"url": receiver.url}))).await;
    assert_eq!(subscribed.body["secret"], world.sandbox.pagerduty_webhook_secret);
    world.incident("x", Some("k")).await;
    let acted = world.control("POST", "/pagerduty/incidents/k/acknowledge", Some(json!({"user": "Cleo New"}))).await;
    assert_eq!(acted.body["acknowledged_by"], json!(["Cleo New"]));
    let state = world.control("GET", "/state", None).await.body;
    let log = state["pagerduty"]["incidents"][0]["log"].as_array().expect("a log");
    assert!(log.iter().any(|line| line["kind"] == "acknowledge" && line["by"] == "Cleo New"), "{log:?}");
    assert_eq!(state["pagerduty"]["creates_per_key"]["k"], 1);
    assert_eq!(state["pagerduty"]["calls"]["POST /incidents"]["by_status"]["201"], 1);
    let page = world.control("GET", "/", None).await;
    assert!(page.text.contains("disk &lt;full&gt;") && page.headers["content-type"].starts_with("text/html"));
}

#[tokio::test]
async fn faults_and_the_clock_are_set_over_http() {
    let world = World::start().await;
    let fault = json!({"system": "pagerduty", "fault": "refuse", "status": 503, "duration_ms": 600_000});
    assert_eq!(world.control("POST", "/faults", Some(fault)).await.body["ids"], json!([1]));
    assert_eq!(world.pd("GET", "/users", None).await.status, 503);
    assert_eq!(world.control("GET", "/faults", None).await.body[0]["hits"], 1);
    world.control("POST", "/clock/advance", Some(json!({"ms": 600_000}))).await;
    assert_eq!(world.pd("GET", "/users", None).await.status, 200);
    let both = json!([{"system": "pagerduty", "fault": "reset"}, {"system": "opsgenie", "fault": "garble"}]);
    world.control("POST", "/faults", Some(both)).await;
    assert_eq!(world.control("DELETE", "/faults", None).await.status, 204);
    assert_eq!(world.pd("GET", "/users", None).await.status, 200);
}

#[tokio::test]
async fn mistakes_are_named() {
    let world = World::start().await;
    let refused = async |path: &str, body: serde_json::Value| {
        let answer = world.control("POST", path, Some(body)).await;
        (answer.status, answer.body["error"].as_str().unwrap_or_default().to_owned())
    };
    let (status, text) =
        refused("/faults", json!({"system": "pagerduty", "fault": "slow", "ms": 1, "onyl": "x"})).await;
    assert!(status == 400 && text.contains("`onyl`"), "{text}");
    let (status, text) = refused("/clock/advance", json!({"minutes": 1})).await;
    assert!(status == 400 && text.contains("minutes"), "{text}");
    let (status, text) = refused("/pagerduty/incidents/none/resolve", json!({})).await;
    assert!(status == 404 && text.contains("`none`"), "{text}");
    world.incident("x", Some("k")).await;
    let (status, text) = refused("/pagerduty/incidents/k/explode", json!({})).await;
    assert!(status == 400 && text.contains("`explode`"), "{text}");
    let (status, text) = refused("/pagerduty/incidents/k/note", json!({})).await;
    assert!(status == 400 && text.contains("`note`"), "{text}");
    assert_eq!(refused("/nothing", json!({})).await.0, 404);
}

#[tokio::test]
async fn calls_are_counted_by_endpoint_without_ids() {
    let world = World::start().await;
    for path in ["/incidents/", "/incidents/Q1/notes", "/users/me", "/users/P1", "/v2/other"] {
        world.pd("GET", path, None).await;
    }
    for path in ["/v2/alerts/a/notes", "/v2/alerts/count", "/v2/alerts/requests/x", "/jsm/ops/integration/v2/alerts/a"]
    {
        world.og("GET", path, None).await;
    }
    let state = world.sandbox.snapshot();
    let pagerduty: Vec<&str> = state.pagerduty.calls.keys().map(String::as_str).collect();
    let wanted = ["GET /incidents", "GET /incidents/{id}/notes", "GET /users/me", "GET /users/{id}", "GET /v2/other"];
    assert_eq!(pagerduty, wanted);
    let opsgenie: Vec<&str> = state.opsgenie.calls.keys().map(String::as_str).collect();
    let wanted =
        ["GET /v2/alerts/count", "GET /v2/alerts/requests/{id}", "GET /v2/alerts/{id}", "GET /v2/alerts/{id}/notes"];
    assert_eq!(opsgenie, wanted);
}
