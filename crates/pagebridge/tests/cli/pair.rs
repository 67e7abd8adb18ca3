//! The pair of Opsgenie and PagerDuty, played by the sandbox.

use crate::world::{Running, World, project, until};
use reqwest::Client;
use serde_json::{Value, json};

/// A sandbox, and a world whose environment points at it in the old proxy's words.
async fn pair(name: &str) -> (World, Running) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut world = World::new(name);
    let sandbox = world.start(&["sandbox", "--json"]).await;
    let (pagerduty, opsgenie) = (&sandbox.ready["pagerduty"], &sandbox.ready["opsgenie"]);
    for (name, value) in [
        ("PAGERDUTY_API_URL", &pagerduty["url"]),
        ("PAGERDUTY_API_KEY", &pagerduty["user_token"]),
        ("PAGERDUTY_EMAIL", &pagerduty["from"]),
        ("PAGERDUTY_SERVICE_ID", &pagerduty["service_id"]),
        ("PAGERDUTY_WEBHOOK_SECRET", &pagerduty["webhook_secret"]),
        ("OPSGENIE_API_URL", &opsgenie["url"]),
        ("OPSGENIE_API_KEY", &opsgenie["api_key"]),
        ("OPSGENIE_INTEGRATION_ID", &opsgenie["integration_id"]),
        ("PAGEBRIDGE_LISTEN", &json!("127.0.0.1:0")),
    ] {
        world.env.push((name.to_owned(), value.as_str().expect("a text").to_owned()));
    }
    (world, sandbox)
}

fn client() -> Client {
    Client::builder().no_proxy().build().expect("a client")
}

fn listen(bridge: &Running) -> &str {
    bridge.ready["listen"].as_str().expect("an address")
}

/// Sends what Opsgenie sends.
async fn tell(world: &World, bridge: &Running, body: Value) -> (u16, Value) {
    let mut body = body;
    let integration = world.env.iter().find(|(name, _)| name == "OPSGENIE_INTEGRATION_ID").expect("set in pair()");
    body["integrationId"] = json!(integration.1);
    let sent = client().post(format!("{}/ops-webhook", listen(bridge))).json(&body).send().await.expect("an answer");
    (sent.status().as_u16(), sent.json().await.expect("JSON"))
}

fn create(id: &str) -> Value {
    json!({"action": "Create", "alert": {"alertId": id, "message": "Test alert"}})
}

/// Reads through the program's own command.
async fn shown(world: &World, bridge: &Running, args: &[&str]) -> Value {
    let args = [args, &["--json", "--server", listen(bridge)]].concat();
    world.run(&args).await.json()
}

/// Waits until nothing is left to deliver.
async fn settled(world: &World, bridge: &Running) {
    until("all deliveries to end", async || {
        let waiting = shown(world, bridge, &["deliveries"]).await;
        (waiting["deliveries"] == json!([])).then_some(())
    })
    .await;
}

#[tokio::test]
async fn drop_in_mode_does_what_the_proxy_did_and_stops_gracefully() {
    let (world, sandbox) = pair("dropin").await;
    let bridge = world.start(&["serve", "--json"]).await;
    let person = |action: &str| json!({"action": action, "alert": {"alertId": "test-123", "username": "test-user"}});
    let mut note = person("AddNote");
    note["note"] = json!("This is a test note");
    for body in [create("test-123"), note, person("Acknowledge"), person("UnAcknowledge")] {
        let (status, answer) = tell(&world, &bridge, body).await;
        assert_eq!((status, &answer["incident"]), (202, &json!(1)), "{answer}");
    }
    settled(&world, &bridge).await;

    let control = sandbox.ready["control"].as_str().expect("an address");
    let state: Value =
        client().get(format!("{control}/state")).send().await.expect("an answer").json().await.expect("JSON");
    let incidents = state["pagerduty"]["incidents"].as_array().expect("a list");
    assert_eq!(incidents.len(), 1);
    let text = incidents[0].to_string();
    for part in ["Test alert", "test-123", "This is a test note", "test-user"] {
        assert!(text.contains(part), "no {part} in {text}");
    }
    let one = shown(&world, &bridge, &["incidents", "show", "1"]).await;
    assert_eq!(one["incident"]["title"], "Test alert");

    let ended = bridge.terminate().await;
    assert_eq!((ended.code, ended.out.as_str()), (Some(0), ""), "{}", ended.err);
    assert!(ended.err.contains("stopped"));
    let secrets = ["PAGERDUTY_API_KEY", "PAGERDUTY_WEBHOOK_SECRET", "OPSGENIE_API_KEY"];
    for (name, value) in world.env.iter().filter(|(name, _)| secrets.contains(&name.as_str())) {
        assert!(!ended.err.contains(value), "{name} is in the log");
    }
    // Without a server the same commands read the store.
    let offline = world.run(&["incidents", "--utc"]).await;
    assert_eq!(offline.code, Some(0), "{offline:?}");
    assert!(offline.out.contains("Test alert") && offline.err.contains("no server runs"), "{offline:?}");
    sandbox.kill().await;
}

#[tokio::test]
async fn what_was_accepted_outlives_a_kill() {
    let (mut world, sandbox) = pair("kill").await;
    let home = world.env.iter().position(|(name, _)| name == "PAGERDUTY_API_URL").expect("set in pair()");
    let there = world.env[home].1.clone();
    // Nobody listens there.
    world.env[home].1 = "http://127.0.0.1:1".to_owned();
    let bridge = world.start(&["serve", "--json"]).await;
    for n in 1..=5 {
        assert_eq!(tell(&world, &bridge, create(&format!("a-{n}"))).await.0, 202);
    }
    let rival = world.run(&["serve"]).await;
    assert_eq!(rival.code, Some(5), "one store, one process: {rival:?}");
    bridge.kill().await;

    world.env[home].1 = there;
    let bridge = world.start(&["serve", "--json"]).await;
    settled(&world, &bridge).await;
    let control = sandbox.ready["control"].as_str().expect("an address");
    let state: Value =
        client().get(format!("{control}/state")).send().await.expect("an answer").json().await.expect("JSON");
    assert_eq!(state["pagerduty"]["incidents"].as_array().map(Vec::len), Some(5));
    assert_eq!(tell(&world, &bridge, create("a-1")).await.0, 200, "a repeat changes nothing");
    bridge.kill().await;
    sandbox.kill().await;
}

fn check_of<'a>(doctor: &'a Value, name: &str) -> &'a Value {
    let checks = doctor["checks"].as_array().expect("a list");
    checks.iter().find(|check| check["name"] == name).expect("it is checked")
}

#[tokio::test]
async fn a_dead_letter_is_shown_with_its_remedy_and_released() {
    let (mut world, sandbox) = pair("dead").await;
    let service = world.env.iter().position(|(name, _)| name == "PAGERDUTY_SERVICE_ID").expect("set in pair()");
    let right = std::mem::replace(&mut world.env[service].1, "PNOSUCH".to_owned());
    let bridge = world.start(&["serve", "--json"]).await;
    tell(&world, &bridge, create("a-1")).await;
    let letters = until("a dead letter", async || {
        let letters = shown(&world, &bridge, &["dead-letters"]).await;
        (letters["dead_letters"] != json!([])).then_some(letters)
    })
    .await;
    let letter = &letters["dead_letters"][0];
    assert_eq!((&letter["incident"], &letter["system"]), (&json!(1), &json!("pagerduty")));
    assert!(letter["remedy"].as_str().is_some_and(|r| !r.is_empty()), "{letter}");
    let doctor = world.run(&["doctor", "--json"]).await;
    assert_eq!((doctor.code, &doctor.json()["ok"]), (Some(1), &json!(false)), "{doctor:?}");
    assert_eq!(check_of(&doctor.json(), "service")["result"], "failed");
    assert_eq!(bridge.terminate().await.code, Some(0));

    world.env[service].1 = right;
    let bridge = world.start(&["serve", "--json"]).await;
    let server = listen(&bridge);
    let text = world.run(&["dead-letters", "show", "1", "--server", server]).await;
    assert!(text.out.contains("create the record"), "{text:?}");
    assert_eq!(world.run(&["dead-letters", "show", "2", "--server", server]).await.code, Some(1));
    let released = world.run(&["dead-letters", "release", "--all", "--server", server]).await;
    assert_eq!(released.out, "incident 1, pagerduty: released; it is tried again now\n");
    settled(&world, &bridge).await;
    let one = shown(&world, &bridge, &["incidents", "show", "1"]).await;
    assert_eq!(one["incident"]["links"][1]["holds"], "triggered");
    let doctor = world.run(&["doctor", "--json"]).await.json();
    assert_eq!(check_of(&doctor, "service")["result"], "ok");
    bridge.kill().await;
    sandbox.kill().await;
}

#[tokio::test]
async fn the_example_starts_with_the_documented_variables() {
    let (mut world, sandbox) = pair("example").await;
    let example = project().join("examples/opsgenie.toml");
    let example = example.to_str().expect("text");
    let ended = world.run(&["check", "--config", example]).await;
    assert_eq!(ended.code, Some(3), "{ended:?}");
    for name in ["PAGERDUTY_API_TOKEN", "PAGERDUTY_FROM"] {
        assert!(ended.err.contains(&format!("{name} is not set")), "{ended:?}");
    }
    for (old, new) in [("PAGERDUTY_API_KEY", "PAGERDUTY_API_TOKEN"), ("PAGERDUTY_EMAIL", "PAGERDUTY_FROM")] {
        let entry = world.env.iter_mut().find(|(name, _)| name == old).expect("set in pair()");
        entry.0 = new.to_owned();
    }
    let bridge = world.start(&["serve", "--json", "--config", example]).await;
    assert_eq!(tell(&world, &bridge, create("a-1")).await.0, 202);
    settled(&world, &bridge).await;
    let unsigned = client().post(format!("{}/pd-webhook", listen(&bridge))).body("{}").send().await.expect("an answer");
    assert_eq!(unsigned.status().as_u16(), 401);
    bridge.kill().await;
    sandbox.kill().await;
}

#[tokio::test]
async fn a_token_opens_the_api_to_the_commands() {
    let (mut world, sandbox) = pair("token").await;
    world.env.push(("PAGEBRIDGE_API_TOKEN".to_owned(), "open-sesame".to_owned()));
    let bridge = world.start(&["serve", "--json"]).await;
    assert_eq!(shown(&world, &bridge, &["incidents"]).await["incidents"], json!([]));
    world.env.retain(|(name, _)| name != "PAGEBRIDGE_API_TOKEN");
    let refused = world.run(&["incidents", "--server", listen(&bridge)]).await;
    assert_eq!(refused.code, Some(7), "{refused:?}");
    assert!(refused.err.contains("PAGEBRIDGE_API_TOKEN"), "{refused:?}");
    bridge.kill().await;
    sandbox.kill().await;
}

#[tokio::test]
async fn a_second_signal_does_not_wait_and_nothing_is_lost() {
    let (mut world, sandbox) = pair("insist").await;
    // Takes connections and never answers.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = format!("http://{}", silent.local_addr().expect("an address"));
    let home = world.env.iter().position(|(name, _)| name == "PAGERDUTY_API_URL").expect("set in pair()");
    let there = std::mem::replace(&mut world.env[home].1, address);
    let bridge = world.start(&["serve", "--json"]).await;
    tell(&world, &bridge, create("a-1")).await;
    let _held = silent.accept().await.expect("an attempt");
    let ended = bridge.insist().await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.err.contains("stopping without waiting further"), "{ended:?}");

    world.env[home].1 = there;
    let bridge = world.start(&["serve", "--json"]).await;
    let one = shown(&world, &bridge, &["incidents", "show", "1"]).await;
    assert_eq!(one["incident"]["links"][1]["next"], "create the record");
    bridge.kill().await;
    sandbox.kill().await;
}
