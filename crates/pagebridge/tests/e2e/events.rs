//! Senders that speak PagerDuty's Events API to the bridge, and what becomes of their events.

use crate::world::{Answer, Bridge, World, project, until};
use serde_json::{Value, json};

const SENDERS_OWN: &str = "0123456789abcdef0123456789abcdef";
const LOCAL: &str = "localkeylocalkeylocalkeylocalkey";

impl World {
    pub(crate) async fn events(name: &str) -> Self {
        let mut world = Self::config(name).await;
        let pagerduty = world.ready["pagerduty"].clone();
        world.set("PAGERDUTY_EVENTS_URL", &pagerduty["url"]);
        world.set("PAGERDUTY_ROUTING_KEY", &pagerduty["routing_key"]);
        world
    }

    /// Starts a bridge on a copy of `examples/events.toml` with more lines in the system of the routing key, and more
    /// tables.
    pub(crate) async fn events_bridge(&self, lines: &str, tables: &str) -> Bridge {
        let example = std::fs::read_to_string(project().join("examples/events.toml")).expect("the example");
        let text = example.replace("kind = \"pagerduty-events\"", &format!("kind = \"pagerduty-events\"\n{lines}"));
        assert_ne!(text, example.replace(lines, ""), "the example has a system of kind pagerduty-events");
        let path = self.dir.join("pagebridge.toml");
        std::fs::write(&path, format!("{text}\n{tables}")).expect("a file");
        self.bridge(&["--config", path.to_str().expect("text")]).await
    }

    /// Another integration key of the sandbox's service.
    pub(crate) async fn another_key(&self) -> String {
        let (url, service) = (self.get("PAGERDUTY_API_URL"), self.get("PAGERDUTY_SERVICE_ID"));
        let body = json!({"integration": {"type": "events_api_v2_inbound_integration", "name": "another"}});
        let token = format!("Token token={}", self.get("PAGERDUTY_API_TOKEN"));
        let sent = self.client.post(format!("{url}/services/{service}/integrations")).header("authorization", token);
        let made: Value = sent.json(&body).send().await.expect("an answer").json().await.expect("JSON");
        made["integration"]["integration_key"].as_str().unwrap_or_else(|| panic!("no key: {made}")).to_owned()
    }

    /// The alerts with a key, each with the status of its incident.
    pub(crate) async fn alerts(&self, key: &str) -> Vec<(String, Value)> {
        let state = self.state().await;
        let with = |incident: &Value| {
            let alerts = incident["alerts"].as_array().cloned().unwrap_or_default();
            let status = incident["status"].as_str().unwrap_or_default().to_owned();
            alerts
                .into_iter()
                .filter(|alert| alert["key"] == key)
                .map(move |alert| (status.clone(), alert))
                .collect::<Vec<_>>()
        };
        state.incidents().iter().flat_map(with).collect()
    }

    pub(crate) async fn statuses(&self, key: &str) -> Vec<String> {
        self.alerts(key).await.into_iter().map(|(status, _)| status).collect()
    }

    pub(crate) async fn stands(&self, key: &str, statuses: &[&str]) {
        until(&format!("{key} to be {statuses:?}"), async || (self.statuses(key).await == statuses).then_some(()))
            .await;
    }
}

fn v2(routing_key: &str, action: &str, dedup_key: &str) -> Value {
    json!({
        "routing_key": routing_key, "event_action": action, "dedup_key": dedup_key,
        "payload": {"summary": "Disk full", "source": "db-1", "severity": "critical"},
    })
}

#[tokio::test]
async fn an_alert_goes_all_the_way_and_comes_to_life_again_as_a_new_one() {
    let world = World::events("events-story").await;
    let bridge = world.events_bridge("", "").await;
    let key = world.get("PAGERDUTY_ROUTING_KEY").to_owned();
    let answer = bridge.post("v2/enqueue", &v2(&key, "trigger", "disk")).await;
    let expected = json!({"status": "success", "message": "Event processed", "dedup_key": "disk"});
    assert_eq!((answer.status, answer.body), (202, expected));
    world.stands("disk", &["triggered"]).await;
    let again = json!({
        "routing_key": key, "event_action": "trigger", "dedup_key": "disk",
        "payload": {"summary": "Disk fuller", "source": "db-1", "severity": "error", "custom_details": {"percent": 99}},
        "links": [{"href": "https://wiki.example/disk"}],
    });
    bridge.post("v2/enqueue", &again).await;
    until("the alert to be told again", async || {
        let alerts = world.alerts("disk").await;
        (alerts.len() == 1 && alerts[0].1["summary"] == "Disk fuller" && alerts[0].1["triggers"] == 2).then_some(())
    })
    .await;
    bridge.post("v2/enqueue/", &v2(&key, "acknowledge", "disk")).await;
    world.stands("disk", &["acknowledged"]).await;
    bridge.post("v2/enqueue?from_email=a%40b.example", &v2(&key, "resolve", "disk")).await;
    world.stands("disk", &["resolved"]).await;
    bridge.post("v2/enqueue", &v2(&key, "trigger", "disk")).await;
    world.stands("disk", &["resolved", "triggered"]).await;
    until("the page to be confirmed", async || {
        let incident = bridge.get("api/v1/incidents/1").await.body;
        let links = incident["links"].as_array().cloned().unwrap_or_default();
        links.iter().any(|link| link["system"] == "pagerduty" && link["record"].is_string()).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_trigger_without_a_key_gets_one_and_is_delivered_once_whatever_happens_on_the_way() {
    let world = World::events("events-once").await;
    let bridge = world.events_bridge("", "[delivery]\nfirst_wait_s = 1\nunanswered_wait_s = 1").await;
    world.fault(json!({"system": "pagerduty", "fault": "apply_then_reset", "only": "enqueue", "count": 2})).await;
    let body = json!({
        "routing_key": world.get("PAGERDUTY_ROUTING_KEY"), "event_action": "trigger",
        "payload": {"summary": "Disk full", "source": "db-1", "severity": "critical"},
    });
    let answer = bridge.post("v2/enqueue", &body).await;
    let key = answer.body["dedup_key"].as_str().expect("a key").to_owned();
    bridge.settled().await;
    assert_eq!(world.statuses(&key).await, ["triggered"]);
}

#[tokio::test]
async fn what_was_answered_outlives_an_outage_and_a_crash() {
    let world = World::events("events-crash").await;
    let bridge = world.events_bridge("", "").await;
    let key = world.get("PAGERDUTY_ROUTING_KEY").to_owned();
    world.fault(json!({"system": "pagerduty", "fault": "refuse", "status": 502, "only": "enqueue"})).await;
    for n in 0..5 {
        assert_eq!(bridge.post("v2/enqueue", &v2(&key, "trigger", &format!("a-{n}"))).await.status, 202);
        // A sender's own key has to outlive the crash as well.
        assert_eq!(bridge.post("v2/enqueue", &v2(SENDERS_OWN, "trigger", &format!("own-{n}"))).await.status, 202);
    }
    bridge.post("v2/enqueue", &v2(&key, "resolve", "a-3")).await;
    bridge.process.kill().await;
    let bridge = world.events_bridge("", "").await;
    world.mend().await;
    for n in [0, 1, 2, 4] {
        world.stands(&format!("a-{n}"), &["triggered"]).await;
    }
    assert_eq!(world.statuses("a-3").await, Vec::<String>::new(), "what was over before its turn pages nobody");
    // Nobody has such a key, which PagerDuty can say only now.
    until("the sender's own key to be refused", async || {
        let letters = bridge.get("api/v1/dead-letters").await.body;
        (letters["dead_letters"].as_array().is_some_and(|all| all.len() == 5)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn senders_may_hold_a_key_of_ours_or_their_own_real_one() {
    let world = World::events("events-keys").await;
    let own = world.another_key().await;
    let bridge = world.events_bridge(&format!("local_keys = [\"{LOCAL}\"]"), "").await;
    assert_eq!(bridge.post("v2/enqueue", &v2(LOCAL, "trigger", "by-local-key")).await.status, 202);
    assert_eq!(bridge.post("v2/enqueue", &v2(&own, "trigger", "by-own-key")).await.status, 202);
    world.stands("by-local-key", &["triggered"]).await;
    world.stands("by-own-key", &["triggered"]).await;
    let journal = bridge.journal().await;
    let text = serde_json::to_string(&journal).expect("JSON") + &bridge.process.log();
    for secret in [LOCAL, own.as_str(), world.get("PAGERDUTY_ROUTING_KEY")] {
        assert!(!text.contains(secret), "a routing key shows in the journal or the log");
    }
}

#[tokio::test]
async fn keys_that_are_not_configured_are_refused_when_none_is_passed_on() {
    let world = World::events("events-closed").await;
    let example = std::fs::read_to_string(project().join("examples/events.toml")).expect("the example");
    let path = world.dir.join("pagebridge.toml");
    std::fs::write(&path, example.replace("pass_through = true", "pass_through = false")).expect("a file");
    let bridge = world.bridge(&["--config", path.to_str().expect("text")]).await;
    let answer = bridge.post("v2/enqueue", &v2(SENDERS_OWN, "trigger", "x")).await;
    assert_eq!((answer.status, &answer.body["errors"]), (400, &json!(["Invalid routing key"])));
    assert_eq!(bridge.post("v2/enqueue", &v2(world.get("PAGERDUTY_ROUTING_KEY"), "trigger", "x")).await.status, 202);
}

#[tokio::test]
async fn an_alert_is_ended_with_the_key_that_it_was_triggered_with() {
    let mut world = World::events("events-rotation").await;
    let bridge = world.events_bridge(&format!("local_keys = [\"{LOCAL}\"]"), "").await;
    bridge.post("v2/enqueue", &v2(LOCAL, "trigger", "disk")).await;
    world.stands("disk", &["triggered"]).await;
    bridge.process.kill().await;
    let new = world.another_key().await;
    world.set("PAGERDUTY_ROUTING_KEY", &json!(new));
    let bridge = world.events_bridge(&format!("local_keys = [\"{LOCAL}\"]"), "").await;
    bridge.post("v2/enqueue", &v2(LOCAL, "resolve", "disk")).await;
    world.stands("disk", &["resolved"]).await;
}

#[tokio::test]
async fn alerts_of_version_1_and_changes_are_passed_on_as_such() {
    let world = World::events("events-v1").await;
    let bridge = world.events_bridge("", "").await;
    let key = world.get("PAGERDUTY_ROUTING_KEY").to_owned();
    // With what senders of version 1 add without need.
    let body = json!({
        "service_key": key, "event_type": "trigger", "incident_key": "old", "description": "Disk full",
        "details": {"percent": 99}, "client": null, "contexts": null, "event_action": "", "payload": null,
    });
    let path = "generic/2010-04-15/create_event.json";
    let answer = bridge.post(path, &body).await;
    let expected = json!({"status": "success", "message": "Event processed", "incident_key": "old"});
    assert_eq!((answer.status, answer.body), (200, expected));
    world.stands("old", &["triggered"]).await;
    let body = json!({"service_key": key, "event_type": "resolve", "incident_key": "old", "description": null});
    assert_eq!(bridge.post(&format!("{path}/"), &body).await.status, 200);
    world.stands("old", &["resolved"]).await;
    let body = json!({"routing_key": key, "payload": {"summary": "Deployed 1.2"}, "links": []});
    let answer = bridge.post("v2/change/enqueue", &body).await;
    assert_eq!((answer.status, &answer.body["status"]), (202, &json!("success")));
    bridge.settled().await;
    let (url, token) = (world.get("PAGERDUTY_API_URL"), format!("Token token={}", world.get("PAGERDUTY_API_TOKEN")));
    let sent = world.client.get(format!("{url}/change_events")).header("authorization", token).send().await;
    let changes: Value = sent.expect("an answer").json().await.expect("JSON");
    assert_eq!(changes["change_events"][0]["summary"], "Deployed 1.2", "{changes}");
    assert_eq!(changes["change_events"].as_array().map(Vec::len), Some(1));
}

/// Events with wrong fields, and what PagerDuty says of each.
fn wrong_events(key: &str) -> Vec<(&'static str, Value, &'static [&'static str])> {
    let event = |payload: Value| json!({"routing_key": key, "event_action": "trigger", "payload": payload});
    let long = "x".repeat(1025);
    let full = json!({"summary": "s", "source": "s", "severity": "info"});
    vec![
        ("v2/enqueue", json!({}), &["'routing_key' is missing or blank", "'event_action' is missing or blank"]),
        (
            "v2/enqueue",
            json!({"routing_key": "a-b", "event_action": "trigger", "payload": full.clone()}),
            &[
                "Length of 'routing_key' is incorrect (should be 32 characters)",
                "'routing_key' cannot contain non-alphanumeric characters.",
            ],
        ),
        ("v2/enqueue", event(json!(null)), &["'payload' is missing or blank"]),
        (
            "v2/enqueue",
            event(json!({})),
            &[
                "'payload.summary' is missing or blank",
                "'payload.source' is missing or blank",
                "'payload.severity' is missing or blank",
            ],
        ),
        (
            "v2/enqueue",
            event(json!({"summary": long, "source": "s", "severity": "info"})),
            &["'summary' is too long (maiximum is 1024 characters)"],
        ),
        (
            "v2/enqueue",
            event(json!({"summary": "s", "source": "s", "severity": "CRITICAL"})),
            &["'payload.severity' is invalid (must be one of: critical error warning info)"],
        ),
        ("v2/enqueue", json!({"routing_key": key, "event_action": "resolve"}), &["'dedup_key' is missing or blank"]),
        (
            "v2/enqueue",
            json!({"routing_key": key, "event_action": "resolve", "dedup_key": "d".repeat(256)}),
            &["'dedup_key' is too long (maximum is 255 characters)"],
        ),
        ("v2/change/enqueue", json!({"routing_key": key, "payload": {}}), &["'payload.summary' is missing or blank"]),
        (
            "generic/2010-04-15/create_event.json",
            json!({"service_key": "short", "event_type": "trigger"}),
            &["Service key is the wrong length (should be 32 characters)", "Description is missing or blank"],
        ),
        (
            "generic/2010-04-15/create_event.json",
            json!({"service_key": key, "event_type": "sing"}),
            &["event_type is invalid (must be one of: trigger acknowledge resolve)"],
        ),
    ]
}

#[tokio::test]
async fn what_is_wrong_is_told_in_pagerdutys_words_and_changes_nothing() {
    let world = World::events("events-wrong").await;
    let bridge = world.events_bridge("", "").await;
    let key = world.get("PAGERDUTY_ROUTING_KEY").to_owned();
    for (path, body, errors) in wrong_events(&key) {
        let Answer { status, body: answer } = bridge.post(path, &body).await;
        assert_eq!(
            (status, &answer["status"], &answer["errors"]),
            (400, &json!("invalid event"), &json!(errors)),
            "{body}"
        );
    }
    for body in ["", "nonsense", "[]", "\"text\"", "{\"routing_key\":"] {
        let answer = bridge.send("v2/enqueue", &[], body.as_bytes().to_vec()).await;
        assert_eq!((answer.status, &answer.body["errors"]), (400, &json!(["JSON parse error"])), "{body}");
    }
    let links: Vec<Value> = (0..51).map(|n| json!({"href": format!("https://a.example/{n}")})).collect();
    let answer = bridge
        .post("v2/change/enqueue", &json!({"routing_key": key, "payload": {"summary": "s"}, "links": links}))
        .await;
    assert_eq!((answer.status, answer.body), (400, json!({"error": ["links should have at most 50 item(s)"]})));
    let mut large = v2(&key, "trigger", "large");
    large["payload"]["custom_details"] = json!({"text": "x".repeat(524_288)});
    assert_eq!(bridge.post("v2/enqueue", &large).await.status, 400);
    assert!(bridge.journal().await.is_empty(), "nothing was taken");
    assert_eq!(bridge.get("v2/enqueue").await.status, 405);
}

#[tokio::test]
async fn an_alert_that_the_service_drops_is_told_of() {
    let world = World::events("events-dropped").await;
    let service = world.get("PAGERDUTY_SERVICE_ID").to_owned();
    world.control(&format!("pagerduty/services/{service}"), json!({"status": "disabled"})).await;
    let bridge = world.events_bridge("", "[operator]\nconfirm_within_s = 1").await;
    let answer = bridge.post("v2/enqueue", &v2(world.get("PAGERDUTY_ROUTING_KEY"), "trigger", "disk")).await;
    assert_eq!(answer.status, 202);
    let listed = until("the alarm", async || {
        let page = bridge.get("api/v1/incidents?not_paged=true").await.body;
        page["incidents"][0]["alarm"].as_str().map(str::to_owned)
    })
    .await;
    assert!(listed.contains("no page is known to exist"), "{listed}");
    let metrics = bridge.get("metrics").await.body;
    assert!(metrics.as_str().is_some_and(|text| text.contains("pagebridge_alarms 1")), "{metrics}");
    let doctor =
        world.run(&["doctor", "--json", "--config", world.dir.join("pagebridge.toml").to_str().expect("text")]).await;
    assert!(doctor.out.contains("--not-paged") && doctor.out.contains("disabled"), "{}", doctor.out);
    world.control(&format!("pagerduty/services/{service}"), json!({"status": "active"})).await;
    bridge.post("v2/enqueue", &v2(world.get("PAGERDUTY_ROUTING_KEY"), "trigger", "disk")).await;
    until("the alarm to end", async || {
        let page = bridge.get("api/v1/incidents?not_paged=true").await.body;
        (page["incidents"] == json!([])).then_some(())
    })
    .await;
}
