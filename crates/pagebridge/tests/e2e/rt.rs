//! What a Request Tracker's users find without one: the example, the page of the old extension, and the scrip's path.

use crate::world::{Bridge, World, project};
use pagerduty::Secret;
use serde_json::{Value, json};

const PAGE: &str = "PagerDuty/WebHook.html";
const TOKEN: &str = "token 1-14-abc";

impl World {
    /// With the environment that `examples/rt.toml` names; nothing answers where RT should be.
    async fn rt(name: &str) -> Self {
        let mut world = Self::config(name).await;
        for name in ["OPSGENIE_API_URL", "OPSGENIE_API_KEY", "OPSGENIE_INTEGRATION_ID"] {
            world.unset(name);
        }
        for (name, value) in
            [("RT_URL", "http://127.0.0.1:1/REST/2.0"), ("RT_TOKEN", "1-14-abc"), ("RT_QUEUE", "Incidents")]
        {
            world.set(name, &json!(value));
        }
        world
    }

    async fn rt_bridge(&self) -> Bridge {
        let example = project().join("examples/rt.toml");
        self.bridge(&["--config", example.to_str().expect("text")]).await
    }

    /// Posts to the page of the extension, signed with the configured secret; gives the status.
    async fn page(&self, bridge: &Bridge, token: &str, body: &str) -> u16 {
        let secret = Secret::new(self.get("PAGERDUTY_WEBHOOK_SECRET"));
        let signature = pagerduty::webhook::sign(&secret, body.as_bytes());
        let headers = [("authorization", token), ("x-pagerduty-signature", signature.as_str())];
        bridge.send(PAGE, &headers, body.into()).await.status
    }
}

fn triggered(id: &str, service: &str) -> Value {
    json!({"event": {"id": format!("E-{id}"), "event_type": "incident.triggered", "resource_type": "incident",
        "data": {"id": id, "type": "incident", "title": "disk full", "incident_key": format!("key-{id}"), "service": {"id": service}}}})
}

#[tokio::test]
async fn the_example_starts_and_the_page_of_the_extension_answers() {
    let world = World::rt("rt-page").await;
    let bridge = world.rt_bridge().await;
    let service = world.get("PAGERDUTY_SERVICE_ID").to_owned();
    let ping = json!({"event": {"event_type": "pagey.ping", "data": {"type": "ping", "message": "Hello"}}});
    let escalated = json!({"event": {"event_type": "incident.escalated", "data": {"id": "Q7", "type": "incident"}}});
    let ours = triggered("Q1", &service);
    for (token, body, status) in [
        (TOKEN, ping.to_string(), 200),
        (TOKEN, triggered("Q9", "PNOTMAPPED").to_string(), 200),
        (TOKEN, escalated.to_string(), 200),
        (TOKEN, "{}".to_owned(), 200),
        (TOKEN, "hello".to_owned(), 400),
        (TOKEN, String::new(), 400),
        ("token 1-14-abd", ours.to_string(), 401),
        ("", ping.to_string(), 401),
        (TOKEN, ours.to_string(), 202),
        (TOKEN, ours.to_string(), 200),
    ] {
        assert_eq!(world.page(&bridge, token, &body).await, status, "{token} {body}");
    }
    let unsigned = bridge.send(PAGE, &[("authorization", TOKEN)], ours.to_string().into_bytes()).await;
    assert_eq!(unsigned.status, 401);
    // The incident is one of a mapped service, so it is asked about.
    let incidents = bridge.get("api/v1/incidents").await.body;
    assert_eq!(incidents["incidents"].as_array().map(Vec::len), Some(1), "{incidents}");
}

#[tokio::test]
async fn posts_of_the_scrip_are_taken_when_there_is_a_token_for_them() {
    let mut world = World::rt("rt-push").await;
    let body = json!({"ticket": 7, "transactions": [{"id": 1, "type": "Create"}]});
    let bridge = world.rt_bridge().await;
    assert_eq!(bridge.post("hooks/rt", &body).await.status, 404, "nothing is set that could prove who posts");
    bridge.process.kill().await;

    world.set("RT_PUSH_TOKEN", &json!("push-me"));
    let example = std::fs::read_to_string(project().join("examples/rt.toml")).expect("the example");
    let text = example.replace("# webhook_secrets =", "webhook_secrets =");
    assert_ne!(text, example);
    let path = world.dir.join("pagebridge.toml");
    std::fs::write(&path, text).expect("a file");
    let bridge = world.bridge(&["--config", path.to_str().expect("text")]).await;
    let post =
        async |token: &str| bridge.send("hooks/rt", &[("authorization", token)], body.to_string().into()).await.status;
    assert_eq!((post("Bearer push-me").await, post("Bearer pull-me").await), (200, 401));
}

#[tokio::test]
async fn doctor_tells_what_is_wrong_with_a_request_tracker_that_is_away() {
    let world = World::rt("rt-doctor").await;
    let example = project().join("examples/rt.toml");
    let doctor = world.run(&["doctor", "--json", "--config", example.to_str().expect("text")]).await;
    assert_eq!(doctor.code, Some(1), "{doctor:?}");
    let checks = doctor.json();
    let failed = |system: &str| {
        let all = checks["checks"].as_array().expect("a list");
        all.iter().any(|check| check["system"] == system && check["result"] == "failed" && check["remedy"] != "")
    };
    assert!(failed("rt") && !failed("pagerduty"), "{checks}");
}

#[tokio::test]
async fn the_scrip_is_printed() {
    let world = World::rt("rt-scrip").await;
    let url = "https://bridge.example.com/hooks/rt";
    let printed = world.run(&["export", "rt-scrip", "--url", url, "--queue", "Incidents"]).await;
    assert_eq!(printed.code, Some(0), "{printed:?}");
    assert!(printed.out.starts_with("#!/usr/bin/perl") && printed.out.contains(url), "{printed:?}");
    let json = world.run(&["export", "rt-scrip", "--uninstall", "--json"]).await.json();
    assert!(json["script"].as_str().is_some_and(|script| script.contains("my $uninstall = 1")), "{json}");
    assert_eq!(world.run(&["export", "rt-scrip"]).await.code, Some(2));
    assert_eq!(world.run(&["export", "rt-scrip", "--url", "nowhere"]).await.code, Some(3));
}
