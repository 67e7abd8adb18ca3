//! The seven endpoints: the calls of the old document, and what the old module got wrong.

use super::{BRIDGE, NetBoxWorld, PERSON, call};
use crate::program::run;
use crate::world::Bridge;
use serde_json::{Value, json};
use tokio::process::Command;

const BASE: &str = "api/plugins/business-application/pagerduty";

/// Calls with curl, as the old document shows.
async fn curl(bridge: &Bridge, method: &str, action: &str, body: Option<&str>) -> (u16, Value) {
    let mut command = Command::new("curl");
    command.args(["--silent", "--show-error", "--noproxy", "*", "--max-time", "50", "--write-out", "\n%{http_code}"]);
    command.args(["-X", method, "-H", &format!("Authorization: Token {PERSON}")]);
    if let Some(body) = body {
        command.args(["-H", "Content-Type: application/json", "-d", body]);
    }
    command.arg(format!("{}/{BASE}/{action}/", bridge.url));
    let ended = run(command).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let (answer, status) = ended.out.rsplit_once('\n').expect("the status is on a line of its own");
    (status.parse().expect("a status"), serde_json::from_str(answer).expect("JSON"))
}

/// The fields of an answer that the old module gave.
fn only(body: &Value, fields: &[&str]) -> Value {
    let fields = fields.iter().map(|field| ((*field).to_owned(), body[*field].clone()));
    Value::Object(fields.collect())
}

/// Nothing is sent by itself, so that all that is seen was sent by hand.
const QUIET: &str = "send_on_event_create = false\nsend_on_incident_create = false\nauto_resolve = false";

/// PagerDuty's answer to an event that it has taken.
fn taken(key: &str) -> Value {
    json!({"status": "success", "message": "Event processed", "dedup_key": key})
}

#[tokio::test]
async fn the_documented_calls_about_the_whole_have_the_documented_answers() {
    let world = NetBoxWorld::new("whole").await;
    let bridge = world.bridge(QUIET, "").await;
    let (status, told) = curl(&bridge, "GET", "status", None).await;
    let wanted = json!({
        "enabled": true, "configured": true, "send_on_event_create": false, "send_on_incident_create": false,
        "send_on_incident_update": true, "auto_resolve": false, "source": "netbox",
        "component": "netbox-business-application", "group": "infrastructure",
    });
    let fields: Vec<&str> = wanted.as_object().expect("an object").keys().map(String::as_str).collect();
    assert_eq!((status, only(&told, &fields)), (200, wanted.clone()));
    // As often as people like.
    for _ in 0..2 {
        let (status, told) = curl(&bridge, "POST", "test", None).await;
        let wanted = json!({
            "success": true, "message": "Test event sent and resolved successfully",
            "trigger_result": taken("netbox-test-event"), "resolve_result": taken("netbox-test-event"),
        });
        assert_eq!((status, told), (200, wanted));
        let statuses = world.statuses("netbox-test-event").await;
        assert!(statuses.iter().all(|status| status == "resolved"), "nothing is left open: {statuses:?}");
    }
    assert_eq!(bridge.process.terminate().await, Some(0));
}

#[tokio::test]
async fn the_documented_calls_about_objects_have_the_documented_answers_and_effects() {
    let world = NetBoxWorld::new("objects").await;
    let bridge = world.bridge(QUIET, "").await;
    let event = world.small.event(json!({"dedup_id": "abc123"})).await;
    let incident = world.small.incident(json!({})).await;

    let (status, told) = curl(&bridge, "POST", "send-event", Some(&format!("{{\"event_id\": {event}}}"))).await;
    let message = format!("Event {event} sent to PagerDuty");
    let wanted = json!({"success": true, "message": message, "result": taken("netbox-event-abc123")});
    assert_eq!((status, told), (200, wanted), "by hand, whatever is switched off");
    assert_eq!(world.statuses("netbox-event-abc123").await, ["triggered"]);

    let key = format!("netbox-incident-{incident}");
    for (action, stands) in [("trigger", "triggered"), ("acknowledge", "acknowledged"), ("resolve", "resolved")] {
        let body = json!({"incident_id": incident, "action": action}).to_string();
        let (status, told) = curl(&bridge, "POST", "send-incident", Some(&body)).await;
        let message = format!("Incident {incident} sent to PagerDuty (action: {action})");
        assert_eq!((status, told), (200, json!({"success": true, "message": message, "result": taken(&key)})));
        assert_eq!(world.statuses(&key).await, [stands]);
    }
    let before = world.small.get("incident", incident);
    assert_eq!(before["status"], "new", "what is sent by hand is not written back");

    let (status, told) = curl(&bridge, "POST", "resolve-event", Some(r#"{"dedup_key": "netbox-event-abc123"}"#)).await;
    let wanted = json!({
        "success": true, "message": "PagerDuty event resolved", "dedup_key": "netbox-event-abc123",
        "result": taken("netbox-event-abc123"),
    });
    assert_eq!((status, told), (200, wanted));
    assert_eq!(world.statuses("netbox-event-abc123").await, ["resolved"]);

    let second = world.small.event(json!({"dedup_id": "def456"})).await;
    let body = json!({"event_ids": [event, second, 999]}).to_string();
    let (status, told) = curl(&bridge, "POST", "bulk-send-events", Some(&body)).await;
    let wanted = json!({
        "total_requested": 3, "success_count": 2, "failed_count": 0, "not_found_count": 1,
        "results": {
            "success": [{"event_id": event, "status": "success"}, {"event_id": second, "status": "success"}],
            "failed": [], "not_found": [999],
        },
    });
    assert_eq!((status, told), (200, wanted));
    assert_eq!(world.statuses("netbox-event-abc123").await, ["resolved", "triggered"], "sent again, it begins again");
    assert_eq!(world.statuses("netbox-event-def456").await, ["triggered"]);
    assert_eq!(bridge.process.terminate().await, Some(0));
}

#[tokio::test]
async fn the_documented_call_for_ones_own_words_has_the_documented_answer_and_effect() {
    let world = NetBoxWorld::new("own-words").await;
    let bridge = world.bridge("", "").await;
    let custom = json!({
        "summary": "Custom alert from NetBox", "severity": "warning", "source": "netbox-script",
        "dedup_key": "custom-1", "component": "backup", "group": "storage", "event_class": "backup",
        "custom_details": {"job": "nightly"},
    });
    let (status, told) = curl(&bridge, "POST", "trigger-custom", Some(&custom.to_string())).await;
    let wanted = json!({"success": true, "message": "Custom PagerDuty event triggered", "result": taken("custom-1")});
    assert_eq!((status, told), (200, wanted));
    let said = world.said("custom-1").await;
    for words in ["Custom alert from NetBox", "netbox-script", "backup", "storage", "nightly"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    let (_, told) = curl(&bridge, "POST", "resolve-event", Some(r#"{"dedup_key": "custom-1"}"#)).await;
    assert_eq!((&told["success"], world.statuses("custom-1").await), (&json!(true), vec!["resolved".to_owned()]));
    // Without a key of its own each is another.
    for _ in 0..2 {
        let (status, told) = curl(&bridge, "POST", "trigger-custom", Some(r#"{"summary": "Again"}"#)).await;
        let key = told["result"]["dedup_key"].as_str().expect("a key").to_owned();
        assert_eq!((status, world.statuses(&key).await), (200, vec!["triggered".to_owned()]), "{told}");
    }
    bridge.process.kill().await;
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_said_in_the_old_words() {
    let world = NetBoxWorld::new("wrong").await;
    let bridge = world.bridge("", "").await;
    let needed_list = "event_ids is required and must be a non-empty list";
    let severity = "Invalid severity. Must be one of: ['critical', 'error', 'warning', 'info']";
    for (action, body, status, told) in [
        ("send-event", "{}", 400, "event_id is required"),
        ("send-event", "", 400, "event_id is required"),
        ("send-event", r#"{"event_id": 0}"#, 400, "event_id must be a whole number from 1 on, not 0"),
        ("send-event", r#"{"event_id": "x"}"#, 400, "event_id must be a whole number from 1 on, not \"x\""),
        ("send-event", "[1]", 400, "Invalid data. Expected a dictionary, but got list."),
        ("send-event", "{", 400, "JSON parse error"),
        ("send-event", r#"{"event_id": 123}"#, 404, "Event 123 not found"),
        ("send-incident", "{}", 400, "incident_id is required"),
        ("send-incident", r#"{"incident_id": 1, "action": "x"}"#, 400, "Invalid action: x. Must be trigger"),
        ("send-incident", r#"{"incident_id": 123}"#, 404, "Incident 123 not found"),
        ("resolve-event", "{}", 400, "Either dedup_key or event_id is required"),
        ("resolve-event", r#"{"event_id": 123}"#, 404, "Event 123 not found"),
        ("trigger-custom", "{}", 400, "summary is required"),
        ("trigger-custom", r#"{"summary": "s", "severity": "bad"}"#, 400, severity),
        ("trigger-custom", r#"{"summary": "s", "custom_details": []}"#, 400, "custom_details must be an object"),
        ("bulk-send-events", "{}", 400, needed_list),
        ("bulk-send-events", r#"{"event_ids": "1,2"}"#, 400, needed_list),
        ("bulk-send-events", r#"{"event_ids": [1, null]}"#, 400, "event_ids[1] must be"),
    ] {
        let token = format!("Bearer {PERSON}");
        // With and without the slash.
        for slash in ["/", ""] {
            let path = format!("{BASE}/{action}{slash}");
            let answer = bridge.send(&path, &[("authorization", &token)], body.as_bytes().to_vec()).await;
            let error = answer.body["error"].as_str().unwrap_or_default();
            assert!(answer.status == status && error.contains(told), "{action} {body}: {answer:?}");
        }
    }
    assert_eq!(world.world.state().await.incidents().len(), 0, "and nothing is sent");
    bridge.process.kill().await;
}

#[tokio::test]
async fn who_calls_is_asked_of_netbox_and_remembered_for_a_while() {
    let world = NetBoxWorld::new("callers").await;
    let bridge = world.bridge("", "").await;
    let missing = json!({"detail": "Authentication credentials were not provided."});
    let answer = bridge.send(&format!("{BASE}/test/"), &[], Vec::new()).await;
    assert_eq!((answer.status, answer.body), (401, missing));
    let unknown = "Token 0000000000000000000000000000000000000000";
    for _ in 0..2 {
        let answer = bridge.send(&format!("{BASE}/test/"), &[("authorization", unknown)], Vec::new()).await;
        assert_eq!((answer.status, answer.body), (401, json!({"detail": "Invalid token"})));
    }
    for _ in 0..3 {
        assert_eq!(call(&bridge, "trigger-custom", &json!({"summary": "s", "dedup_key": "k"})).await.status, 200);
    }
    assert_eq!(
        world.small.held().asked,
        1,
        "NetBox is asked about a good token once, and refuses a bad one before that"
    );
    let get = bridge.get(&format!("{BASE}/test/")).await;
    assert_eq!(get.status, 401, "who calls comes before how");
    let wrong = world.world.client.put(format!("{}/{BASE}/test/", bridge.url));
    let wrong = wrong.header("authorization", format!("Token {BRIDGE}")).send().await.expect("an answer");
    let (status, body) = (wrong.status().as_u16(), wrong.json::<Value>().await.expect("JSON"));
    assert_eq!((status, body), (405, json!({"detail": "Method \"PUT\" not allowed."})));
    assert_eq!(call(&bridge, "no-such-endpoint", &json!({})).await.status, 404);
    // An older NetBox does not tell whose a token is, and one that is down tells nothing.
    world.small.held().old = true;
    let (path, token) = (format!("{BASE}/test/"), format!("Token {BRIDGE}"));
    assert_eq!(bridge.send(&path, &[("authorization", &token)], Vec::new()).await.status, 200);
    world.small.held().down = true;
    let answer = bridge.send(&format!("{BASE}/test/"), &[("authorization", "Token another")], Vec::new()).await;
    assert!(answer.status == 503 && answer.body["error"].to_string().contains("NetBox cannot be asked"), "{answer:?}");
    let told = bridge.process.log();
    assert!(!told.contains(PERSON) && !told.contains(BRIDGE), "no token shows in the log");
    bridge.process.kill().await;
}

#[tokio::test]
async fn tokens_of_our_own_say_who_may_send() {
    let world = NetBoxWorld::new("tokens").await;
    let tokens = r#"tokens = [{ token = "button-token", may = ["send"] }, { token = "board-token", may = ["read"] }]"#;
    let bridge = world.bridge(tokens, "").await;
    let not_allowed = json!({"detail": "You do not have permission to perform this action."});
    let custom = json!({"summary": "s", "dedup_key": "k"}).to_string().into_bytes();
    for (token, sends, reads) in
        [("button-token", 200, 403), ("board-token", 403, 200), ("another", 401, 401), (PERSON, 401, 401)]
    {
        let token = format!("Token {token}");
        let sent = bridge.send(&format!("{BASE}/trigger-custom/"), &[("authorization", &token)], custom.clone()).await;
        let read = world.world.client.get(format!("{}/{BASE}/status/", bridge.url)).header("authorization", &token);
        let read = read.send().await.expect("an answer").status().as_u16();
        assert_eq!((sent.status, read), (sends, reads), "{token}");
        if sends == 403 {
            assert_eq!(sent.body, not_allowed);
        }
    }
    assert_eq!(world.small.held().asked, 0, "NetBox is not asked");
    bridge.process.kill().await;
}

#[tokio::test]
async fn an_outage_is_told_with_pagerdutys_own_words_and_what_was_sent_comes_later() {
    let world = NetBoxWorld::new("outage").await;
    let bridge = world.bridge("answer_within_s = 5", "[delivery]\nfirst_wait_s = 1\nlongest_wait_s = 2").await;
    let body = json!({"status": "out of order", "message": "come back later", "errors": ["the queue is down"]});
    let fault =
        json!({"system": "pagerduty", "fault": "refuse", "status": 503, "only": "enqueue", "body": body.to_string()});
    world.world.fault(fault).await;
    let answer = call(&bridge, "trigger-custom", &json!({"summary": "Disk full", "dedup_key": "later"})).await;
    assert_eq!((answer.status, &answer.body["success"]), (502, &json!(false)), "{answer:?}");
    assert_eq!(answer.body["pagerduty_status"], 503);
    let error = answer.body["error"].as_str().expect("words");
    assert!(error.starts_with("PagerDuty API error: HTTP 503"), "{answer:?}");
    assert!(answer.body["message"].as_str().expect("words").contains("kept"), "{answer:?}");
    let tested = call(&bridge, "test", &json!({})).await;
    assert_eq!((tested.status, &tested.body["success"]), (502, &json!(false)));
    assert_eq!(tested.body["trigger_result"]["success"], false, "both halves are told: {tested:?}");
    assert!(tested.body["resolve_result"].is_object(), "{tested:?}");
    let (status, told) = curl(&bridge, "GET", "status", None).await;
    let last = told["diagnosis"]["last_error"]["error"].as_str().unwrap_or_default();
    assert!(status == 200 && last.contains("503"), "{told}");
    world.world.mend().await;
    world.stands("later", &["triggered"]).await;
    bridge.settled().await;
    assert!(
        world.statuses("netbox-test-event").await.iter().all(|status| status == "resolved"),
        "a test leaves nothing"
    );
    let (_, told) = curl(&bridge, "GET", "status", None).await;
    assert!(told["diagnosis"]["last_success"].is_string(), "{told}");
    bridge.process.kill().await;
}

#[tokio::test]
async fn what_pagerduty_refuses_is_told_as_refused() {
    let mut world = NetBoxWorld::new("refused").await;
    world.world.set("PAGERDUTY_ROUTING_KEY", &json!("0123456789abcdef0123456789abcdef"));
    let bridge = world.bridge("", "").await;
    let answer = call(&bridge, "trigger-custom", &json!({"summary": "Disk full"})).await;
    assert_eq!((answer.status, &answer.body["pagerduty_status"]), (502, &json!(400)), "{answer:?}");
    assert!(!answer.body.to_string().contains("0123456789abcdef0123456789abcdef"), "the key does not show");
    bridge.process.kill().await;
}

#[tokio::test]
async fn status_says_what_is_wrong() {
    let world = NetBoxWorld::new("status").await;
    let bridge = world.bridge("", "").await;
    world.small.event(json!({"dedup_id": "", "message": "one"})).await;
    let (_, told) = curl(&bridge, "GET", "status", None).await;
    let diagnosis = &told["diagnosis"];
    assert_eq!(diagnosis["events_without_dedup_id"], 1);
    assert_eq!((&diagnosis["links"], &diagnosis["way_back"]), (&json!(true), &json!(false)));
    assert!(diagnosis["routing_key"].as_str().expect("a shape").contains("32 characters"));
    assert!(diagnosis["problems"].to_string().contains("no dedup_id"), "{diagnosis}");
    assert!(!told.to_string().contains(world.world.get("PAGERDUTY_ROUTING_KEY")), "never the key: {told}");
    bridge.process.kill().await;
}
