//! What happens to incidents by themselves and to each other, on a clock that stands still between the steps.

use pagebridge_sandbox::{ClockMode, Config, IncidentAct, IncidentView, SeedFile};
use serde_json::{Value, json};

use crate::common::{Receiver, World};
use crate::seed::account;

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

const SHOP: &str = "0123456789abcdef0123456789abcdef";
const SHOP_TOO: &str = "fedcba9876543210fedcba9876543210";
const LONELY: &str = "11111111111111111111111111111111";
const OFFICE: &str = "22222222222222222222222222222222";
const GROUPED: &str = "33333333333333333333333333333333";

/// A still world with the account of the seed tests, on a Friday afternoon in Berlin.
async fn seeded() -> World {
    let seed = SeedFile::parse(&account().to_string()).expect("the format");
    let start = Some("2026-03-27T15:30:00Z".parse().expect("a time"));
    World::with(Config { clock: ClockMode::Manual, start, seed_file: Some(seed), ..Config::default() }).await
}

async fn send(world: &World, routing_key: &str, action: &str, key: &str) {
    let event = json!({"routing_key": routing_key, "event_action": action, "dedup_key": key,
        "payload": {"summary": format!("{key} is wrong"), "source": "test", "severity": "critical"}});
    let answer = world.pd("POST", "/v2/enqueue", Some(event)).await;
    assert_eq!(answer.status, 202, "{:?}", answer.body);
}

fn became(world: &World) -> Vec<(String, u64)> {
    world.sandbox.snapshot().pagerduty.events.into_iter().collect()
}

#[tokio::test]
async fn levels_without_anybody_are_passed_and_loops_repeat_the_path() {
    let world = seeded().await;
    let opened = world.sandbox.clock().now();
    send(&world, SHOP, "trigger", "k").await;
    world.sandbox.clock().advance(3 * 60 * MINUTE_MS);
    let incident = shown(&world, "k");
    let steps: Vec<(i64, &str)> = incident
        .log
        .iter()
        .filter(|line| line.kind.contains("escalat"))
        .map(|line| (line.at.duration_since(opened).as_mins(), line.kind))
        .collect();
    let wanted = [
        (10, "escalate"),
        (30, "repeat_escalation_path"),
        (30, "escalate"),
        (40, "escalate"),
        (60, "exhaust_escalation_path"),
    ];
    assert_eq!(steps, wanted);
    assert_eq!(incident.assignees, ["Ben Okafor"]);
    let late: Vec<i64> = incident
        .log
        .iter()
        .filter(|line| line.kind == "notify")
        .map(|line| line.at.duration_since(opened).as_mins())
        .collect();
    // Ben is notified twice each time, five minutes apart, as his rules say.
    assert_eq!(late, [0, 10, 15, 30, 40, 45]);
}

#[tokio::test]
async fn the_policy_in_force_is_the_one_of_the_beginning() {
    let world = seeded().await;
    send(&world, SHOP, "trigger", "k").await;
    let id = shown(&world, "k").id;
    let incident = world.pd("GET", &format!("/incidents/{id}"), None).await.body;
    let policy = incident["incident"]["escalation_policy"]["id"].as_str().expect("an id").to_owned();
    let level = |level: u32| json!({"incident": {"type": "incident", "escalation_level": level}});
    let beyond = world.pd("PUT", &format!("/incidents/{id}"), Some(level(4))).await;
    assert_eq!((beyond.status, &beyond.body["error"]["code"]), (400, &json!(1006)));
    assert_eq!(world.pd("PUT", &format!("/incidents/{id}"), Some(level(2))).await.status, 200);
    assert_eq!(shown(&world, "k").assignees, ["Ben Okafor"], "nobody is at level 2, so level 3 is asked");
    let empty = world.pd("GET", "/escalation_policies?query=Empty", None).await.body;
    let reference = json!({"id": empty["escalation_policies"][0]["id"], "type": "escalation_policy_reference"});
    let body = json!({"incident": {"type": "incident", "escalation_policy": reference}});
    let refused = world.pd("PUT", &format!("/incidents/{id}"), Some(body)).await;
    assert_eq!((refused.status, &refused.body["error"]["code"]), (400, &json!(1015)));
    assert_ne!(policy, "");
}

#[tokio::test]
async fn an_acknowledgement_times_out_and_an_open_incident_resolves_by_itself() {
    let world = seeded().await;
    let mut receiver = Receiver::start(&[]).await;
    world.sandbox.pagerduty().subscribe(&receiver.url, None, &[]);
    send(&world, SHOP, "trigger", "k").await;
    send(&world, SHOP, "acknowledge", "k").await;
    let id = shown(&world, "k").id;
    let pending = world.pd("GET", &format!("/incidents/{id}"), None).await.body["incident"]["pending_actions"].clone();
    let wanted = json!([{"type": "unacknowledge", "at": "2026-03-27T16:00:00Z"},
        {"type": "resolve", "at": "2026-03-27T19:30:00Z"}]);
    assert_eq!(pending, wanted);
    world.sandbox.clock().advance(30 * MINUTE_MS);
    assert_eq!(shown(&world, "k").status, "triggered");
    let mut seen = event_types(&mut receiver, 2).await;
    let timed_out = receiver.next().await.body["event"].clone();
    assert_eq!((&timed_out["event_type"], &timed_out["agent"]), (&json!("incident.unacknowledged"), &Value::Null));
    assert_eq!(timed_out["occurred_at"], "2026-03-27T16:00:00.000Z");
    world.sandbox.clock().advance(10 * MINUTE_MS);
    assert_eq!(shown(&world, "k").assignees, ["Ben Okafor"], "the escalation goes on");
    world.sandbox.clock().advance(200 * MINUTE_MS);
    let incident = shown(&world, "k");
    assert_eq!((incident.status, incident.alerts[0].open), ("resolved", false));
    assert_eq!(incident.log.last().map(|line| (line.kind, line.by.as_str())), Some(("resolve", "PagerDuty")));
    seen.extend(event_types(&mut receiver, 4).await);
    assert_eq!(seen.last().map(String::as_str), Some("incident.resolved"));
}

#[tokio::test]
async fn a_snooze_outlasts_the_time_out_and_ends_for_another_persons_acknowledgement() {
    let world = seeded().await;
    send(&world, SHOP, "trigger", "k").await;
    let act = |act, who: &str| world.sandbox.pagerduty().act("k", act, who).expect("allowed");
    act(IncidentAct::Acknowledge, "Ann Berg");
    act(IncidentAct::Snooze(7_200), "Ann Berg");
    world.sandbox.clock().advance(119 * MINUTE_MS);
    assert_eq!(shown(&world, "k").status, "acknowledged");
    world.sandbox.clock().advance(MINUTE_MS);
    assert_eq!(shown(&world, "k").status, "triggered");
    act(IncidentAct::Acknowledge, "Ann Berg");
    act(IncidentAct::Snooze(7_200), "Ann Berg");
    act(IncidentAct::Acknowledge, "Ben Okafor");
    world.sandbox.clock().advance(30 * MINUTE_MS);
    assert_eq!(shown(&world, "k").status, "triggered", "the time-out counts again");
    let id = shown(&world, "k").id;
    let snooze = world.pd("POST", &format!("/incidents/{id}/snooze"), Some(json!({"duration": 60}))).await;
    assert_eq!((snooze.status, &snooze.body["error"]["code"]), (400, &json!(1012)));
}

#[tokio::test]
async fn events_match_by_integration_and_key_alone() {
    let world = seeded().await;
    send(&world, SHOP, "trigger", "k").await;
    send(&world, SHOP_TOO, "trigger", "k").await;
    assert_eq!(world.sandbox.snapshot().pagerduty.incidents.len(), 2, "the same key through another integration");
    send(&world, SHOP, "trigger", "K").await;
    assert_eq!(world.sandbox.snapshot().pagerduty.incidents.len(), 3, "keys are case-sensitive");
    send(&world, OFFICE, "resolve", "k").await;
    send(&world, LONELY, "trigger", "k").await;
    send(&world, SHOP, "trigger", "k").await;
    send(&world, SHOP, "resolve", "k").await;
    send(&world, SHOP, "resolve", "k").await;
    let states: Vec<&str> = world.sandbox.snapshot().pagerduty.incidents.iter().map(|one| one.status).collect();
    assert_eq!(states, ["resolved", "triggered", "triggered"]);
    let wanted = [
        ("dropped: no open alert", 2),
        ("dropped: nobody on call", 1),
        ("repeated", 1),
        ("resolved", 1),
        ("triggered", 3),
    ];
    assert_eq!(became(&world), wanted.map(|(what, count)| (what.to_owned(), count)));
    send(&world, SHOP, "trigger", "k").await;
    assert_eq!(
        world.sandbox.snapshot().pagerduty.incidents.len(),
        4,
        "a resolved incident is not reopened by an event"
    );
    let direct = json!({"incident": {"type": "incident", "title": "x", "service": {"id":
        world.pd("GET", "/services?query=Lonely", None).await.body["services"][0]["id"], "type": "service_reference"}}});
    let refused = world.pd("POST", "/incidents", Some(direct)).await;
    assert_eq!((refused.status, &refused.body["error"]["code"]), (400, &json!(1015)));
}

#[tokio::test]
async fn a_merge_moves_alerts_that_keep_their_keys() {
    let world = seeded().await;
    send(&world, SHOP, "trigger", "a").await;
    send(&world, SHOP_TOO, "trigger", "a").await;
    send(&world, SHOP, "trigger", "b").await;
    let ids: Vec<String> = world.sandbox.snapshot().pagerduty.incidents.into_iter().map(|one| one.id).collect();
    let sources = json!([{"id": ids[1], "type": "incident_reference"}, {"id": ids[2], "type": "incident_reference"}]);
    let path = format!("/incidents/{}/merge", ids[0]);
    let merged = world.pd("PUT", &path, Some(json!({"source_incidents": sources}))).await;
    assert_eq!((merged.status, &merged.body["incident"]["type"]), (200, &json!("incident_reference")));
    let again = world.pd("PUT", &path, Some(json!({"source_incidents": sources}))).await;
    assert_eq!(again.body["error"]["code"], 1019);
    let source = world.pd("GET", &format!("/incidents/{}", ids[2]), None).await.body["incident"].clone();
    assert_eq!(
        (&source["status"], &source["resolve_reason"]["type"]),
        (&json!("resolved"), &json!("merge_resolve_reason"))
    );
    assert_eq!(source["resolve_reason"]["incident"]["id"], ids[0]);
    // Each event finds its own alert, though two have the same key.
    send(&world, SHOP_TOO, "resolve", "a").await;
    send(&world, SHOP, "resolve", "b").await;
    let target = shown(&world, &ids[0]);
    let open: Vec<(&str, bool)> = target.alerts.iter().map(|alert| (alert.key.as_str(), alert.open)).collect();
    assert_eq!((target.status, open), ("triggered", vec![("a", true), ("a", false), ("b", false)]));
    send(&world, SHOP, "resolve", "a").await;
    assert_eq!(shown(&world, &ids[0]).status, "resolved");
}

#[tokio::test]
async fn a_grouping_service_adds_new_alerts_to_its_open_incident_for_a_while() {
    let world = seeded().await;
    send(&world, GROUPED, "trigger", "a").await;
    world.sandbox.clock().advance(9 * MINUTE_MS);
    send(&world, GROUPED, "trigger", "b").await;
    world.sandbox.clock().advance(MINUTE_MS);
    send(&world, GROUPED, "trigger", "c").await;
    let incidents = world.sandbox.snapshot().pagerduty.incidents;
    let alerts: Vec<usize> = incidents.iter().map(|one| one.alerts.len()).collect();
    assert_eq!((alerts, incidents[0].title.as_str()), (vec![2, 1], "a is wrong"));
    send(&world, GROUPED, "resolve", "a").await;
    assert_eq!(shown(&world, "1").status, "triggered");
    send(&world, GROUPED, "resolve", "b").await;
    assert_eq!(shown(&world, "1").status, "resolved");
}

#[tokio::test]
async fn urgency_follows_the_support_hours_and_rises_when_they_begin() {
    let world = seeded().await;
    send(&world, OFFICE, "trigger", "friday").await;
    assert_eq!(shown(&world, "friday").urgency, "high");
    world.sandbox.clock().advance(60 * MINUTE_MS);
    send(&world, OFFICE, "trigger", "evening").await;
    let incident = shown(&world, "evening");
    assert_eq!(incident.urgency, "low");
    let shown_rest = world.pd("GET", &format!("/incidents/{}", incident.id), None).await.body;
    let pending = shown_rest["incident"]["pending_actions"].as_array().expect("actions").last().cloned();
    // Monday at nine, an hour earlier in UTC: summer time began on Sunday.
    assert_eq!(pending, Some(json!({"type": "urgency_change", "at": "2026-03-30T07:00:00Z", "to": "high"})));
    world.sandbox.clock().advance(3 * 24 * 60 * MINUTE_MS);
    let incident = shown(&world, "evening");
    assert_eq!(incident.urgency, "high");
    assert!(kinds(&incident).contains(&"urgency_change"));
}

#[tokio::test]
async fn a_reopened_incident_goes_where_the_request_says_or_to_the_policy() {
    let world = seeded().await;
    send(&world, SHOP, "trigger", "k").await;
    send(&world, SHOP, "resolve", "k").await;
    let id = shown(&world, "k").id;
    assert_eq!(world.put_status(&id, "resolved").await.body["error"]["code"], 1001);
    assert_eq!(world.put_status(&id, "triggered").await.status, 200);
    assert_eq!(shown(&world, "k").assignees, ["Ann Berg"]);
    world.put_status(&id, "resolved").await;
    let users = world.pd("GET", "/users?query=Ben", None).await.body;
    let assignee = json!({"id": users["users"][0]["id"], "type": "user_reference"});
    let body =
        json!({"incident": {"type": "incident", "status": "triggered", "assignments": [{"assignee": assignee}]}});
    let reopened = world.pd("PUT", &format!("/incidents/{id}"), Some(body)).await.body["incident"].clone();
    assert_eq!(
        (&reopened["assigned_via"], &reopened["assignments"][0]["assignee"]["summary"]),
        (&json!("direct_assignment"), &json!("Ben Okafor"))
    );
    assert_eq!(shown(&world, "k").log.last().map(|line| line.kind), Some("notify"));
}

#[tokio::test]
async fn who_opens_an_incident_for_themself_is_not_paged() {
    let world = seeded().await;
    let mut receiver = Receiver::start(&[]).await;
    world.sandbox.pagerduty().subscribe(&receiver.url, None, &[]);
    let mut body = world.incident_body("mine", Some("k"));
    let me = json!({"id": world.sandbox.from_id, "type": "user_reference"});
    body["incident"]["assignments"] = json!([{"assignee": me}]);
    let made = world.pd("POST", "/incidents", Some(body)).await;
    assert_eq!((made.status, &made.body["incident"]["status"]), (201, &json!("acknowledged")));
    assert_eq!(kinds(&shown(&world, "k")), ["trigger", "assign", "acknowledge"]);
    assert_eq!(event_types(&mut receiver, 2).await, ["incident.triggered", "incident.acknowledged"]);
}

#[tokio::test]
async fn moves_to_another_service_and_bridge_are_told() {
    let world = seeded().await;
    let mut receiver = Receiver::start(&[]).await;
    send(&world, SHOP, "trigger", "k").await;
    world.sandbox.pagerduty().subscribe(&receiver.url, None, &[]);
    let id = shown(&world, "k").id;
    let office = world.pd("GET", "/services?query=Office", None).await.body["services"][0].clone();
    let change = json!({"incident": {"type": "incident",
        "service": {"id": office["id"], "type": "service_reference"},
        "conference_bridge": {"conference_number": "+1 555 0100", "conference_url": "https://meet.example.test/1"}}});
    assert_eq!(world.pd("PUT", &format!("/incidents/{id}"), Some(change)).await.status, 200);
    let moved = receiver.next().await.body["event"].clone();
    assert_eq!(
        (&moved["event_type"], &moved["data"]["service"]["summary"]),
        (&json!("incident.service_updated"), &json!("Office"))
    );
    let bridge = receiver.next().await.body["event"].clone();
    assert_eq!(bridge["event_type"], "incident.conference_bridge.updated");
    assert_eq!(
        (
            &bridge["data"]["type"],
            &bridge["data"]["incident"]["id"],
            &bridge["data"]["conference_numbers"][0]["number"]
        ),
        (&json!("incident_conference_bridge"), &json!(id), &json!("+1 555 0100"))
    );
}
