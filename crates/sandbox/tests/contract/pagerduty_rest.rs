//! PagerDuty's REST API as clients see it.

use crate::common::{self, World};
use pagebridge_sandbox::{Config, PagerDutyConfig};
use serde_json::json;

#[tokio::test]
async fn a_created_incident_has_the_documented_shape() {
    let world = World::start().await;
    let mut body = world.incident_body("disk full", Some("k1"));
    body["incident"]["body"] = json!({"type": "incident_body", "details": "98 %"});
    body["incident"]["urgency"] = "low".into();
    let answer = world.pd("POST", "/incidents", Some(body)).await;
    assert_eq!(answer.status, 201);
    let incident = &answer.body["incident"];
    let id = incident["id"].as_str().expect("an id");
    assert!(id.starts_with('Q') && id.len() == 14, "{id}");
    assert_eq!(incident["type"], "incident");
    assert_eq!(incident["summary"], "[#1] disk full");
    assert_eq!(incident["self"], format!("{}/incidents/{id}", world.sandbox.pagerduty_url));
    assert_eq!(incident["html_url"], format!("https://sandbox.pagerduty.com/incidents/{id}"));
    assert_eq!(incident["incident_number"], 1);
    assert_eq!(incident["status"], "triggered");
    assert_eq!(incident["incident_key"], "k1");
    assert_eq!(incident["urgency"], "low");
    assert_eq!(incident["body"]["details"], "98 %");
    assert_eq!(incident["service"]["id"], world.sandbox.service_id);
    assert_eq!(incident["assignments"][0]["assignee"]["summary"], "Ann Berg");
    assert_eq!(incident["acknowledgements"], json!([]));
    for header in ["ratelimit-limit", "ratelimit-remaining", "ratelimit-reset", "x-request-id"] {
        assert!(answer.headers.contains_key(header), "{header}");
    }
    assert!(answer.headers["content-type"].starts_with("application/json"));
    let by_number = world.pd("GET", "/incidents/1/", None).await;
    assert_eq!(by_number.body["incident"]["id"], id);
}

#[tokio::test]
async fn a_key_can_be_open_once_per_service() {
    let world = World::start().await;
    let id = world.incident("one", Some("k1")).await;
    let again = world.pd("POST", "/incidents", Some(world.incident_body("two", Some("k1")))).await;
    assert_eq!(again.status, 400);
    assert_eq!(
        again.text,
        r#"{"error":{"code":2002,"errors":["Open incident with matching dedup key already exists on this service"],"message":"Arguments Caused Error"}}"#
    );
    world.put_status(&id, "resolved").await;
    world.incident("three", Some("k1")).await;
    assert_eq!(world.sandbox.snapshot().pagerduty.creates_per_key["k1"], 2);
}

#[tokio::test]
async fn writes_need_a_known_from_unless_a_user_key_is_used() {
    let world = World::start().await;
    let url = format!("{}/incidents", world.sandbox.pagerduty_url);
    let send = async |token: &str, from: Option<&str>| {
        let mut request = world.http.post(&url).header("Authorization", token).json(&world.incident_body("x", None));
        if let Some(from) = from {
            request = request.header("From", from);
        }
        common::Answer::read(request.send().await.expect("an answer")).await
    };
    let account = format!("Token token={}", world.sandbox.account_token);
    let missing = send(&account, None).await;
    assert_eq!((missing.status, &missing.body["error"]["code"]), (400, &json!(2016)));
    assert!(missing.body["error"]["message"].as_str().expect("text").contains("\"From\" header"));
    let unknown = send(&account, Some("nobody@example.test")).await;
    assert_eq!(unknown.body["error"], json!({"message": "Requester User Not Found", "code": 1008, "errors": []}));
    assert_eq!(send(&format!("Bearer {}", world.sandbox.user_token), None).await.status, 201);
    let bad = send("Token token=wrong", Some(&world.sandbox.from)).await;
    assert_eq!((bad.status, bad.text.as_str()), (401, ""));
    assert_eq!(send(&format!("Token {}", world.sandbox.account_token), None).await.status, 401);
}

#[tokio::test]
async fn statuses_move_as_documented() {
    let world = World::start().await;
    let id = world.incident("x", Some("k")).await;
    let acknowledged = world.put_status(&id, "acknowledged").await;
    assert_eq!(acknowledged.status, 200);
    let incident = &acknowledged.body["incident"];
    assert_eq!(incident["status"], "acknowledged");
    assert_eq!(incident["acknowledgements"][0]["acknowledger"]["summary"], "Pagebridge");
    assert_eq!(world.put_status(&id, "acknowledged").await.status, 200);
    let still = world.put_status(&id, "triggered").await;
    assert_eq!(still.body["incident"]["status"], "acknowledged", "there is no un-acknowledge");
    let resolved = world.put_status(&id, "resolved").await;
    assert_eq!(resolved.body["incident"]["assignments"], json!([]));
    assert_eq!(resolved.body["incident"]["acknowledgements"], json!([]));
    let again = world.put_status(&id, "resolved").await;
    assert_eq!((again.status, &again.body["error"]["code"]), (400, &json!(1001)));
    let reopened = world.put_status(&id, "triggered").await;
    assert_eq!(reopened.body["incident"]["status"], "triggered");
    assert_eq!(reopened.body["incident"]["assignments"][0]["assignee"]["summary"], "Ann Berg");
    world.put_status(&id, "resolved").await;
    assert_eq!(world.put_status(&id, "acknowledged").await.body["incident"]["status"], "acknowledged");
    let wrong = world.put_status(&id, "closed").await;
    assert_eq!((wrong.status, &wrong.body["error"]["code"]), (400, &json!(1003)));
}

#[tokio::test]
async fn an_acknowledged_acknowledge_can_be_refused() {
    let pagerduty = PagerDutyConfig { repeated_acknowledge_refused: true, ..PagerDutyConfig::default() };
    let world = World::with(Config { pagerduty, ..Config::default() }).await;
    let id = world.incident("x", None).await;
    assert_eq!(world.put_status(&id, "acknowledged").await.status, 200);
    assert_eq!(world.put_status(&id, "acknowledged").await.body["error"]["code"], 1002);
}

#[tokio::test]
async fn a_bulk_update_is_all_or_nothing() {
    let world = World::start().await;
    let (one, two) = (world.incident("1", None).await, world.incident("2", None).await);
    let entry = |id: &str, status: &str| json!({"id": id, "type": "incident_reference", "status": status});
    world.put_status(&two, "resolved").await;
    let body = json!({"incidents": [entry(&one, "resolved"), entry(&two, "resolved")]});
    assert_eq!(world.pd("PUT", "/incidents", Some(body)).await.body["error"]["code"], 1001);
    assert_eq!(world.sandbox.pagerduty().incident(&one).expect("there").status, "triggered");
    let body = json!({"incidents": [entry(&one, "acknowledged"), entry(&two, "acknowledged")]});
    let done = world.pd("PUT", "/incidents", Some(body)).await;
    assert_eq!(done.status, 200);
    assert_eq!(done.body["incidents"][1]["status"], "acknowledged");
    let many = json!({"incidents": vec![entry(&one, "resolved"); 251]});
    assert_eq!(world.pd("PUT", "/incidents", Some(many)).await.status, 413);
}

#[tokio::test]
async fn lists_filter_and_page() {
    let world = World::start().await;
    for number in 0..30 {
        world.incident("x", Some(&format!("k{number}"))).await;
    }
    world.put_status("1", "resolved").await;
    let first = world.pd("GET", "/incidents?total=true", None).await.body;
    assert_eq!(first["incidents"].as_array().expect("a list").len(), 25);
    assert_eq!((&first["more"], &first["total"], &first["limit"]), (&json!(true), &json!(30), &json!(25)));
    let second = world.pd("GET", "/incidents?offset=25&limit=100", None).await.body;
    assert_eq!((&second["more"], &second["total"]), (&json!(false), &json!(null)));
    assert_eq!(second["incidents"].as_array().expect("a list").len(), 5);
    let past = world.pd("GET", "/incidents?offset=500", None).await;
    assert_eq!((past.status, &past.body["incidents"], &past.body["more"]), (200, &json!([]), &json!(false)));
    let open = world.pd("GET", "/incidents?statuses%5B%5D=triggered&statuses[]=acknowledged&limit=100", None).await;
    assert_eq!(open.body["incidents"].as_array().expect("a list").len(), 29);
    let by_key = world.pd("GET", "/incidents?incident_key=k7&total=true", None).await.body;
    assert_eq!((&by_key["total"], &by_key["incidents"][0]["incident_key"]), (&json!(1), &json!("k7")));
    let other = world.pd("GET", "/incidents?incident_key=k7&service_ids[]=PNOTTHIS", None).await.body;
    assert_eq!(other["incidents"], json!([]));
    let all = world.pd("GET", "/incidents?incident_key=&total=true", None).await.body;
    assert_eq!(all["total"], 30, "an empty key filters nothing");
    let far = world.pd("GET", "/incidents?offset=9990&limit=25", None).await;
    assert_eq!(far.status, 400);
    assert!(far.body["error"]["errors"][0].as_str().expect("text").starts_with("Offset+limit exceeds"));
    let sorted = world.pd("GET", "/incidents?sort_by=incident_number:desc&limit=1", None).await.body;
    assert_eq!(sorted["incidents"][0]["incident_number"], 30);
}

#[tokio::test]
async fn old_incidents_leave_the_default_window() {
    let world = World::start().await;
    world.incident("old", Some("k")).await;
    world.sandbox.clock().advance(40 * 24 * 3_600_000);
    assert_eq!(world.pd("GET", "/incidents?incident_key=k", None).await.body["incidents"], json!([]));
    let all = world.pd("GET", "/incidents?incident_key=k&date_range=all", None).await.body;
    assert_eq!(all["incidents"][0]["title"], "old");
    let wide = world.pd("GET", "/incidents?since=2020-01-01", None).await;
    assert_eq!(wide.body["error"]["code"], 2005);
}

#[tokio::test]
async fn notes_are_listed_with_their_author() {
    let world = World::start().await;
    let id = world.incident("x", None).await;
    let path = format!("/incidents/{id}/notes");
    let made = world.pd("POST", &path, Some(json!({"note": {"content": "freed 20 GB"}}))).await;
    assert_eq!(made.status, 200);
    assert_eq!(made.body["note"]["user"]["summary"], "Pagebridge");
    let notes = world.pd("GET", &path, None).await.body;
    assert_eq!(notes["notes"][0]["content"], "freed 20 GB");
    assert_eq!(world.pd("POST", &path, Some(json!({"note": {"content": ""}}))).await.status, 400);
    assert_eq!(world.pd("POST", "/incidents/QNONE/notes", Some(json!({"note": {"content": "x"}}))).await.status, 404);
}

#[tokio::test]
async fn a_body_without_a_content_type_is_not_read() {
    let world = World::start().await;
    let request = world.http.post(format!("{}/incidents", world.sandbox.pagerduty_url));
    let request = request
        .header("Authorization", format!("Token token={}", world.sandbox.account_token))
        .header("From", &world.sandbox.from)
        .body(world.incident_body("x", None).to_string());
    let answer = common::Answer::read(request.send().await.expect("an answer")).await;
    assert_eq!((answer.status, &answer.body["error"]["code"]), (400, &json!(2001)));
    assert_eq!(answer.body["error"]["errors"], json!(["params must be a Hash"]));
}

#[tokio::test]
async fn snooze_needs_an_acknowledged_incident_and_ends_on_the_clock() {
    let world = World::start().await;
    let id = world.incident("x", None).await;
    let path = format!("/incidents/{id}/snooze");
    let early = world.pd("POST", &path, Some(json!({"duration": 3600}))).await;
    assert_eq!(early.body["error"]["code"], 1012);
    world.put_status(&id, "acknowledged").await;
    assert_eq!(world.pd("POST", &path, Some(json!({"duration": 0}))).await.body["error"]["code"], 1013);
    assert_eq!(world.pd("POST", &path, Some(json!({"duration": 3600}))).await.status, 201);
    let mut receiver = common::Receiver::start(&[]).await;
    world.sandbox.pagerduty().subscribe(&receiver.url, None, &[]);
    world.sandbox.clock().advance(3_600_000);
    let event = &receiver.next().await.body["event"];
    assert_eq!((&event["event_type"], &event["agent"]), (&json!("incident.unacknowledged"), &json!(null)));
    assert_eq!(world.sandbox.pagerduty().incident(&id).expect("there").status, "triggered");
}

#[tokio::test]
async fn the_directory_answers_and_the_rest_is_a_json_404() {
    let world = World::start().await;
    let user = world.pd("GET", &format!("/users/{}", world.sandbox.from_id), None).await.body;
    assert_eq!(user["user"]["email"], world.sandbox.from);
    let service = world.pd("GET", &format!("/services/{}", world.sandbox.service_id), None).await.body;
    assert_eq!(service["service"]["status"], "active");
    let policy = service["service"]["escalation_policy"]["id"].as_str().expect("an id");
    assert_eq!(world.pd("GET", &format!("/escalation_policies/{policy}"), None).await.status, 200);
    assert_eq!(world.pd("GET", "/abilities/teams", None).await.status, 204);
    let me = world.pd("GET", "/users/me", None).await;
    assert!(me.status == 400 && me.body["error"].is_string());
    for path in ["/nothing", "/v2/change/other", "/generic/other", "/incidents/QNONE"] {
        let none = world.pd("POST", path, Some(json!({}))).await;
        assert_eq!((none.status, &none.body["error"]["code"]), (404, &json!(2100)), "{path}");
    }
}

#[tokio::test]
async fn the_rest_limit_answers_429_with_its_headers() {
    let pagerduty = PagerDutyConfig { rest_per_minute: Some(2), ..PagerDutyConfig::default() };
    let world = World::with(Config { pagerduty, ..Config::default() }).await;
    world.pd("GET", "/users", None).await;
    assert_eq!(world.pd("GET", "/users", None).await.headers["ratelimit-remaining"], "0");
    let over = world.pd("GET", "/users", None).await;
    assert_eq!((over.status, &over.body["error"]["code"]), (429, &json!(2020)));
    assert_eq!(over.headers["ratelimit-limit"], "2");
    world.sandbox.clock().advance(60_000);
    assert_eq!(world.pd("GET", "/users", None).await.status, 200);
}

#[tokio::test]
async fn links_lead_back_the_way_the_client_came() {
    let world = World::start().await;
    let id = world.incident("x", None).await;
    let prefixed = world.pd("GET", &format!("/api.pagerduty.com/incidents/{id}/"), None).await.body;
    let base = format!("{}/api.pagerduty.com", world.sandbox.pagerduty_url);
    assert_eq!(prefixed["incident"]["self"], format!("{base}/incidents/{id}"));
    let local = world.sandbox.pagerduty_url.replace("127.0.0.1", "localhost");
    let request = world.http.get(format!("{}/users/me", world.sandbox.pagerduty_url));
    let request = request
        .header("Host", local.trim_start_matches("http://"))
        .header("Authorization", format!("Bearer {}", world.sandbox.user_token))
        .body("{}");
    let me = common::Answer::read(request.send().await.expect("an answer")).await;
    assert_eq!(me.body["user"]["self"], format!("{local}/users/{}", world.sandbox.from_id));
}
