//! The state file: what a sandbox holds outlives a stop.

use std::path::PathBuf;

use pagebridge_sandbox::{ClockMode, Config, NewAlert, Running, Sandbox, SeedFile, StartError};
use serde_json::{Value, json};

use crate::common::{Receiver, World, wait_until};
use crate::seed::account;

/// A directory of its own, removed at the end.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Directory {
        let path = std::env::temp_dir().join(format!("pagebridge-sandbox-{name}-{}", std::process::id()));
        drop(std::fs::remove_dir_all(&path));
        std::fs::create_dir_all(&path).expect("a temporary directory");
        Directory(path)
    }

    fn state(&self) -> PathBuf {
        self.0.join("state.json")
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

fn config(directory: &Directory, clock: ClockMode) -> Config {
    let seed = SeedFile::parse(&account().to_string()).expect("the format");
    Config { clock, seed_file: Some(seed), state_file: Some(directory.state()), ..Config::default() }
}

fn held(sandbox: &Running) -> Value {
    let snapshot = sandbox.snapshot();
    json!({"now": snapshot.now, "incidents": snapshot.pagerduty.incidents, "subscriptions": snapshot.pagerduty.subscriptions,
        "users": snapshot.pagerduty.users, "alerts": snapshot.opsgenie.alerts, "keys": [sandbox.account_token,
        sandbox.user_token, sandbox.routing_key, sandbox.service_id, sandbox.opsgenie_api_key]})
}

#[tokio::test]
async fn everything_goes_on_where_it_was_with_the_webhooks_on_their_way() {
    let directory = Directory::new("goes-on");
    let mut receiver = Receiver::start(&[503]).await;
    let world = World::with(config(&directory, ClockMode::Manual)).await;
    world.sandbox.pagerduty().subscribe(&receiver.url, None, &["incident.triggered"]);
    world.sandbox.clock().advance(90_000);
    world.incident("x", Some("k")).await;
    world.sandbox.opsgenie().create_alert(NewAlert::new("cpu").alias("a"), "dana@example.test");
    let first = receiver.next().await;
    wait_until(|| !world.sandbox.snapshot().pagerduty.webhook_log.is_empty()).await;
    let before = held(&world.sandbox);
    world.sandbox.stop().await;

    let world = World::with(config(&directory, ClockMode::Manual)).await;
    assert_eq!(held(&world.sandbox), before);
    let again = receiver.next().await;
    assert_eq!((&again.headers["x-webhook-id"], &again.raw), (&first.headers["x-webhook-id"], &first.raw));
    // The timers go on, too, and the keys still find what they found.
    world.sandbox.clock().advance(10 * 60_000);
    assert_eq!(world.sandbox.pagerduty().incident("k").expect("kept").assignees, ["Ben Okafor"]);
    assert_eq!(world.og("GET", "/v2/alerts/a?identifierType=alias", None).await.status, 200);
    let twice = world.pd("POST", "/incidents", Some(world.incident_body("x", Some("k")))).await;
    assert_eq!(twice.body["error"]["code"], 2002);
}

#[tokio::test]
async fn a_running_clock_stays_as_far_ahead_of_real_time_as_it_was() {
    let directory = Directory::new("clock");
    let sandbox = Sandbox::start(config(&directory, ClockMode::Real)).await.expect("free ports");
    sandbox.clock().advance(3_600_000);
    let before = sandbox.clock().now();
    sandbox.stop().await;
    let sandbox = Sandbox::start(config(&directory, ClockMode::Real)).await.expect("free ports");
    let passed = sandbox.clock().now().duration_since(before).as_secs();
    assert!((0..600).contains(&passed), "{passed}");
}

#[tokio::test]
async fn changes_are_saved_while_it_runs_and_for_the_owner_only() {
    let directory = Directory::new("while");
    let world = World::with(config(&directory, ClockMode::Manual)).await;
    world.incident("told apart by this title", None).await;
    let text = || std::fs::read_to_string(directory.state()).unwrap_or_default();
    wait_until(|| text().contains("told apart by this title")).await;
    assert!(text().starts_with(r#"{"format":"pagebridge-sandbox-state","version":1,"#));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(directory.state()).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[tokio::test]
async fn a_file_that_is_none_of_ours_is_refused_and_left_alone() {
    let directory = Directory::new("refused");
    for (text, wanted) in [
        ("not JSON", "does not hold a sandbox's state"),
        (r#"{"format": "other", "version": 1}"#, "its format is `other`"),
        (r#"{"format": "pagebridge-sandbox-state", "version": 7}"#, "has version 7, and this program reads 1"),
        (r#"{"format": "pagebridge-sandbox-state", "version": 1}"#, "missing field"),
    ] {
        std::fs::write(directory.state(), text).expect("written");
        let error = match Sandbox::start(config(&directory, ClockMode::Manual)).await {
            Err(StartError::State(error)) => error.to_string(),
            other => panic!("{text}: {other:?}"),
        };
        assert!(error.contains(wanted) && error.contains("state.json"), "{text}: {error}");
        assert_eq!(std::fs::read_to_string(directory.state()).expect("there"), text);
    }
    let nowhere = Config { state_file: Some(directory.0.join("none/state.json")), ..Config::default() };
    let error = Sandbox::start(nowhere).await.expect_err("no such directory").to_string();
    assert!(error.contains("cannot write the state file"), "{error}");
}
