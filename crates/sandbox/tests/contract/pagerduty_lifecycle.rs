//! What happens to incidents by themselves and to each other, on a clock that stands still between the steps.

use pagebridge_sandbox::{ClockMode, Config, IncidentAct, IncidentView};
use serde_json::{Value, json};

use crate::common::{Receiver, World};

const MINUTE_MS: u64 = 60_000;

async fn still() -> World {
    World::with(Config { clock: ClockMode::Manual, ..Config::default() }).await
}

fn shown(world: &World, key: &str) -> IncidentView {
    world.sandbox.pagerduty().incident(key).expect("there")
}

fn kinds(incident: &IncidentView) -> Vec<&str> {
    incident.log.iter().map(|line| line.kind).collect()
}

async fn event_types(receiver: &mut Receiver, count: usize) -> Vec<String> {
    let mut types = Vec::new();
    for _ in 0..count {
        types.push(receiver.next().await.body["event"]["event_type"].as_str().expect("a type").to_owned());
    }
    types
}

#[tokio::test]
async fn an_unanswered_incident_climbs_the_levels_and_stays_with_the_last() {
    let world = still().await;
    let mut receiver = Receiver::start(&[]).await;
    world.sandbox.pagerduty().subscribe(&receiver.url, None, &[]);
    let opened = world.sandbox.clock().now();
    let id = world.incident("x", Some("k")).await;
    assert_eq!(shown(&world, "k").assignees, ["Ann Berg"]);
    let pending = |answer: &Value| answer["incident"]["pending_actions"].clone();
    let read = world.pd("GET", &format!("/incidents/{id}"), None).await.body;
    assert_eq!(pending(&read)[0]["type"], "escalate");
    world.sandbox.clock().advance(30 * MINUTE_MS - 1);
    assert_eq!(shown(&world, "k").assignees, ["Ann Berg"]);
    // A day at once: each step still has its own time.
    world.sandbox.clock().advance(24 * 60 * MINUTE_MS);
    let incident = shown(&world, "k");
    assert_eq!((incident.status, incident.assignees.as_slice()), ("triggered", &["Ben Okafor".to_owned()][..]));
    let wanted = ["trigger", "assign", "notify", "escalate", "notify", "exhaust_escalation_path"];
    assert_eq!(kinds(&incident), wanted);
    let minutes: Vec<i64> = incident.log.iter().map(|line| line.at.duration_since(opened).as_mins()).collect();
    assert_eq!(minutes, [0, 0, 0, 30, 30, 60]);
    assert_eq!(event_types(&mut receiver, 2).await, ["incident.triggered", "incident.escalated"]);
    let read = world.pd("GET", &format!("/incidents/{id}"), None).await.body;
    assert_eq!(pending(&read), json!([]));
}

#[tokio::test]
async fn an_acknowledgement_stops_the_escalation_and_giving_it_back_starts_it_anew() {
    let world = still().await;
    world.incident("x", Some("k")).await;
    let act = |act| world.sandbox.pagerduty().act("k", act, "Ann Berg").expect("allowed");
    act(IncidentAct::Acknowledge);
    world.sandbox.clock().advance(24 * 60 * MINUTE_MS);
    assert_eq!(shown(&world, "k").assignees, ["Ann Berg"]);
    act(IncidentAct::Unacknowledge);
    world.sandbox.clock().advance(30 * MINUTE_MS);
    assert_eq!(shown(&world, "k").assignees, ["Ben Okafor"]);
    assert!(world.sandbox.pagerduty().act("k", IncidentAct::Escalate, "Ann Berg").is_err());
}

#[tokio::test]
async fn what_is_given_to_users_directly_does_not_escalate() {
    let world = still().await;
    world.incident("x", Some("k")).await;
    world.sandbox.pagerduty().act("k", IncidentAct::ReassignTo("Cleo New".to_owned()), "Ann Berg").expect("open");
    world.sandbox.clock().advance(24 * 60 * MINUTE_MS);
    let incident = shown(&world, "k");
    assert_eq!(incident.assignees, ["Cleo New"]);
    assert_eq!(kinds(&incident), ["trigger", "assign", "notify", "assign", "notify"]);
}
