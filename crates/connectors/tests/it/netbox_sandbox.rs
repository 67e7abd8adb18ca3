//! The connector against the look-alike of NetBox, which knows nothing of it.

use crate::netbox_world::World;
use axum::Router;
use axum::body::Bytes;
use axum::http::HeaderMap;
use pagebridge_connectors::Secret;
use pagebridge_core::{Status, Step};
use pagebridge_ports::{CheckResult, Clock, Connector, Receive, Received, Store};
use pagebridge_sandbox::{Config, Running, Sandbox};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use Status::{Acknowledged, Resolved, Triggered};

const INCIDENT: &str = "business_application.incident";

async fn start() -> (Running, World) {
    let sandbox = Sandbox::start(Config::default()).await.expect("free ports");
    let world = World::over(&sandbox.netbox_url, |settings| {
        settings.token = Secret::new(sandbox.netbox_token.as_str());
        settings.webhook_secrets = vec![Secret::new(sandbox.netbox_webhook_secret.as_str())];
        settings.back.acknowledged = Some("investigating".to_owned());
    });
    (sandbox, world)
}

fn incident(sandbox: &Running, title: &str) -> u64 {
    let given = json!({"title": title, "status": "new", "severity": "high"});
    let made = sandbox.netbox().create("incidents", given, "admin").expect("it is valid");
    made["id"].as_u64().expect("an id")
}

fn event(sandbox: &Running, dedup_id: &str) -> u64 {
    let given = json!({"message": "Disk full", "dedup_id": dedup_id, "status": "triggered", "criticallity": "critical",
        "last_seen_at": "2026-11-27T12:00:00Z", "raw": {}});
    let made = sandbox.netbox().create("events", given, "admin").expect("it is valid");
    made["id"].as_u64().expect("an id")
}

#[tokio::test]
async fn by_listing_alone_nothing_is_missed() {
    let (sandbox, world) = start().await;
    let (netbox, first, second) = (sandbox.netbox(), incident(&sandbox, "first"), incident(&sandbox, "second"));
    event(&sandbox, "db-07-disk");
    world.round().await;
    let key = |id: u64| format!("netbox-incident-{id}");
    let mut expected =
        [("netbox-event-db-07-disk".to_owned(), Triggered), (key(first), Triggered), (key(second), Triggered)];
    assert_eq!(world.sorted_alerts().await, expected);
    // A change in bulk leaves no trace; a deletion none but a webhook, which nobody hears.
    assert_eq!(netbox.bulk_update_status("incidents", &[first], "closed", "admin"), Ok(1));
    netbox.delete("incidents", second, "admin").expect("it is there");
    world.round().await;
    (expected[1].1, expected[2].1) = (Resolved, Resolved);
    assert_eq!(world.sorted_alerts().await, expected);
    netbox
        .edit("incidents", first, json!({"status": "investigating", "title": "first", "severity": "high"}), "admin")
        .expect("edits");
    world.round().await;
    assert_ne!(world.sorted_alerts().await[1].1, Resolved, "it is open again");
    sandbox.stop().await;
}

#[tokio::test]
async fn webhooks_are_verified_and_understood() {
    let (sandbox, world) = start().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}/hooks/netbox", listener.local_addr().expect("bound"));
    let (sender, mut came) = mpsc::unbounded_channel();
    let router = Router::new().fallback(move |headers: HeaderMap, body: Bytes| {
        let sender = sender.clone();
        async move { sender.send((headers, body)).expect("the test listens") }
    });
    crate::support::spawned(async move {
        let _ = axum::serve(listener, router).await;
    });
    sandbox.netbox().subscribe(&url, None, &[INCIDENT], &[]);
    let mut hear = async || {
        let came = tokio::time::timeout(Duration::from_secs(10), came.recv()).await;
        let (headers, body) = came.expect("a webhook in time").expect("the server runs");
        match world.netbox.receive(&headers, &body) {
            Ok(Received::Input(input)) => world.store.accept(*input, world.clock.now()).await.expect("accepted"),
            other => panic!("{}: {other:?}", String::from_utf8_lossy(&body)),
        };
    };
    world.round().await;
    let id = incident(&sandbox, "by webhook");
    hear().await;
    world.after(10).await;
    assert_eq!(world.alerts().await, [(format!("netbox-incident-{id}"), Triggered)]);
    sandbox.netbox().delete("incidents", id, "admin").expect("it is there");
    hear().await;
    world.work("prod").await;
    assert_eq!(world.alerts().await, [(format!("netbox-incident-{id}"), Resolved)]);
    sandbox.stop().await;
}

#[tokio::test]
async fn the_way_back_is_written_and_its_echo_changes_nothing() {
    let (sandbox, world) = start().await;
    let id = incident(&sandbox, "way back");
    let record = format!("incident/{id}");
    let at = |step: Step| crate::netbox_deliver::at(&record, step);
    let now = |field: &str| sandbox.netbox().object("incidents", id).expect("it is there")[field].clone();
    let holds = async |from: Status, to: Status| {
        let outcome = world.netbox.deliver(&at(Step::SetStatus { from: Some(from), to })).await;
        assert_eq!(outcome, crate::netbox_deliver::holds(to));
    };
    holds(Triggered, Acknowledged).await;
    assert_eq!(now("status"), "investigating");
    let note = at(Step::AddNote(pagebridge_core::NoteId(3)));
    let outcome = world.netbox.deliver(&note).await;
    assert!(matches!(outcome, pagebridge_core::Outcome::Delivered { .. }), "{outcome:?}");
    assert!(
        now("description").as_str().is_some_and(|text| text.ends_with("looking\n[pb:x-12-3]")),
        "the journal fails here"
    );
    holds(Acknowledged, Resolved).await;
    assert_eq!(now("status"), "resolved");
    assert_ne!(now("resolved_at"), Value::Null);
    holds(Resolved, Triggered).await;
    assert_eq!((now("status"), now("resolved_at")), (json!("new"), Value::Null));
    sandbox.stop().await;
}

#[tokio::test]
async fn doctor_tells_a_token_that_may_write_from_one_that_may_not() {
    let (sandbox, world) = start().await;
    let checks = world.netbox.check().await;
    assert!(checks.iter().all(|check| check.result != CheckResult::Failed), "{checks:?}");
    let token =
        |checks: &[pagebridge_ports::Check]| checks.iter().find(|c| c.name == "token").expect("looked at").result;
    assert_eq!(token(&checks), CheckResult::Ok, "{checks:?}");
    for (text, result) in [
        (&sandbox.netbox_token_v2, CheckResult::Ok),
        (&sandbox.netbox_readonly_token, CheckResult::Warning),
        (&sandbox.netbox_weak_token, CheckResult::Warning),
    ] {
        let world = World::over(&sandbox.netbox_url, |s| s.token = Secret::new(text.as_str()));
        assert_eq!(token(&world.netbox.check().await), result);
    }
    let world = World::over(&sandbox.netbox_url, |s| s.token = Secret::new("0000"));
    let checks = world.netbox.check().await;
    assert!(checks.iter().any(|c| c.result == CheckResult::Failed && c.detail.contains("403")), "{checks:?}");
    sandbox.stop().await;
}
