//! What holds for every action: the form of the outcome, what counts as success, limits, secrets, and what is never sent.

use std::sync::{Arc, Mutex};

use pagebridge_actions::{ErrorKind, Outcome, Progress};
use pagebridge_sandbox::{NewIncident, PagerDutyConfig};
use serde_json::{Value, json};

use crate::world::{KEY, World};

fn kind(outcome: &Outcome) -> ErrorKind {
    assert!(!outcome.ok);
    outcome.error.as_ref().expect("an error").kind
}

fn message(outcome: &Outcome) -> &str {
    &outcome.error.as_ref().expect("an error").message
}

/// Opens so many incidents more.
fn open(world: &World, count: usize) {
    for number in 0..count {
        let title = format!("incident {number}");
        let new = NewIncident { title, incident_key: None, service_id: Some("POFFICE".to_owned()), low_urgency: true };
        world.sandbox.pagerduty().open(new, "Ann Berg").expect("the service is there");
    }
}

#[tokio::test]
async fn acknowledging_and_resolving_twice_is_a_success_that_says_already() {
    let config = PagerDutyConfig { repeated_acknowledge_refused: true, ..PagerDutyConfig::default() };
    let world = World::with(config).await;
    for action in ["incident.acknowledge", "incident.resolve"] {
        let first = world.run(action, json!({"entity_id": world.disk})).await;
        let second = world.run(action, json!({"entity_id": world.disk})).await;
        assert!(first.ok && !first.already, "{first:?}");
        assert!(second.ok && second.already, "{second:?}");
        assert_eq!(second.result.expect("the incident")["incident"]["id"], world.disk.as_str());
    }
}

#[tokio::test]
async fn creating_what_is_open_already_gives_the_open_one() {
    let world = World::start().await;
    let new = json!({"title": "disk full again", "service_id": "PSHOP01", "incident_key": "db-1/disk"});
    let outcome = world.run("incident.create.rest_v2.simple", new).await;
    assert!(outcome.ok && outcome.already, "{outcome:?}");
    assert_eq!(outcome.result.expect("the incident")["id"], world.disk.as_str());
}

#[tokio::test]
async fn several_are_changed_at_once_and_each_says_what_became_of_it() {
    let config = PagerDutyConfig { repeated_acknowledge_refused: true, ..PagerDutyConfig::default() };
    let world = World::with(config).await;
    world.result("incident.acknowledge", json!({"entity_id": world.disk})).await;
    world.requests();
    let outcome = world
        .run("incident.acknowledge", json!({"entity_id": [world.disk, world.cpu, world.cpu, "no such key"]}))
        .await;
    assert_eq!(kind(&outcome), ErrorKind::Partial);
    let result = outcome.result.expect("a list");
    let of = |id: &str| result.as_array().expect("a list").iter().find(|one| one["id"] == id).expect("there").clone();
    assert_eq!((&of(&world.disk)["ok"], &of(&world.disk)["already"]), (&json!(true), &json!(true)));
    assert_eq!(of(&world.cpu)["result"]["incident"]["status"], "acknowledged");
    assert_eq!(of("no such key")["error"]["kind"], "not_one_incident");
    let lines: Vec<String> = world.lines().into_iter().filter(|line| line.starts_with("PUT")).collect();
    assert_eq!(
        lines,
        ["PUT /incidents", &format!("PUT /incidents/{}", world.disk), &format!("PUT /incidents/{}", world.cpu)]
    );
}

#[tokio::test]
async fn many_are_changed_250_at_a_time_and_no_more_than_asked_for() {
    let world = World::start().await;
    open(&world, 260);
    let all = json!({"service_ids": ["POFFICE"], "maximum": 255});
    let outcome = world.run("incident.acknowledge_all", all).await;
    assert!(outcome.ok && outcome.more, "{outcome:?}");
    assert_eq!(outcome.result.expect("a list").as_array().map(Vec::len), Some(255));
    let sizes: Vec<usize> = world
        .requests()
        .iter()
        .filter(|kept| kept.method == "PUT")
        .map(|kept| kept.body.as_ref().expect("a body")["incidents"].as_array().map_or(0, Vec::len))
        .collect();
    assert_eq!(sizes, [250, 5]);
    let rest = world.run("incident.acknowledge_all", json!({"service_ids": ["POFFICE"], "maximum": 255})).await;
    assert_eq!(rest.result.expect("a list").as_array().map(Vec::len), Some(5));
    assert_eq!(kind(&world.run("incident.resolve_all", json!({})).await), ErrorKind::InvalidInput);
}

#[tokio::test]
async fn maximum_is_exact() {
    let world = World::start().await;
    open(&world, 130);
    world.requests();
    for (maximum, expected, more) in [(1, 1, true), (30, 30, true), (120, 120, true), (500, 133, false)] {
        let outcome = world.run("incident.find", json!({"maximum": maximum})).await;
        assert_eq!(outcome.result.as_ref().and_then(Value::as_array).map(Vec::len), Some(expected));
        assert_eq!(outcome.more, more, "{maximum}");
    }
    let lines = world.lines();
    let expected = ["limit=1", "limit=30", "limit=100", "limit=20&offset=100", "limit=100", "limit=100&offset=100"];
    assert_eq!(lines, expected.map(|query| format!("GET /incidents?{query}")));
    assert_eq!(world.result("incident.find", json!({})).await.as_array().map(Vec::len), Some(25));
    assert_eq!(kind(&world.run("incident.find", json!({"maximum": 0})).await), ErrorKind::InvalidInput);
}

#[tokio::test]
async fn a_long_run_tells_how_it_gets_on() {
    let mut world = World::start().await;
    open(&world, 120);
    let told = Arc::new(Mutex::new(Vec::new()));
    let kept = told.clone();
    let progress = Progress::new(move |done, all| kept.lock().expect("no panic").push((done, all)));
    world.caller.progress = Some(progress);
    world.result("incident.find", json!({"maximum": 110})).await;
    world.result("user.get", json!({"entity_id": ["PUSER01", "PUSER02"]})).await;
    assert_eq!(*told.lock().expect("no panic"), [(100, 110), (110, 110), (1, 2), (2, 2)]);
}

#[tokio::test]
async fn secrets_are_in_no_address_and_in_no_error() {
    let world = World::start().await;
    world.result("incident.create.events_v1", json!({"service_key": KEY, "description": "slow"})).await;
    world.result("event.trigger", json!({"routing_key": KEY, "summary": "slow", "source": "web-1"})).await;
    for kept in world.requests() {
        assert!(!kept.path.contains(KEY) && !kept.path.contains('?'), "{}", kept.path);
        assert_eq!(kept.from, None, "the Events API needs nobody's name");
    }
    let wrong =
        world.run("event.trigger", json!({"routing_key": "not-a-key-but-secret", "summary": "s", "source": "w"})).await;
    let nested = world.run("event.trigger", json!({"routing_key": {"secret": "not-a-key-but-secret"}})).await;
    for outcome in [wrong, nested] {
        assert_eq!(kind(&outcome), ErrorKind::InvalidInput);
        assert!(!serde_json::to_string(&outcome).expect("JSON").contains("not-a-key-but-secret"), "{outcome:?}");
    }
    assert!(world.requests().is_empty());
}

#[tokio::test]
async fn a_dry_run_shows_the_requests_and_sends_none_that_changes() {
    let mut world = World::start().await;
    world.caller.dry_run = true;
    let outcome = world.run("incident.resolve", json!({"entity_id": "db-1/disk", "resolution": "done"})).await;
    let result = outcome.result.expect("the plan");
    assert!(outcome.ok);
    assert_eq!(result["dry_run"], true);
    let requests = result["requests"].as_array().expect("a list");
    assert_eq!(requests.len(), 1);
    assert_eq!((&requests[0]["method"], &requests[0]["from"]), (&json!("PUT"), &json!("ann@example.test")));
    assert!(requests[0]["url"].as_str().is_some_and(|url| url.ends_with(&format!("/incidents/{}", world.disk))));
    let change = json!({"type": "incident_reference", "status": "resolved", "resolution": "done"});
    assert_eq!(requests[0]["body"], json!({"incident": change}));
    let event = world.run("event.trigger", json!({"summary": "slow", "source": "web-1"})).await.result.expect("a plan");
    assert_eq!(event["requests"][0]["body"]["routing_key"], "***");
    let several = world.run("team.delete", json!({"entity_id": ["PTEAM01", "PTEAM02"]})).await.result.expect("a plan");
    assert_eq!(several["requests"].as_array().map(Vec::len), Some(2));
    let all = world.run("incident.resolve_all", json!({"service_ids": "PSHOP01"})).await.result.expect("a plan");
    assert_eq!(all["requests"][0]["body"]["incidents"].as_array().map(Vec::len), Some(2));
    assert!(world.requests().iter().all(|kept| kept.method == "GET"));
    let missing = world.run("incident.resolve", json!({"entity_id": "no such key"})).await;
    assert_eq!(kind(&missing), ErrorKind::NotOneIncident);
}

#[tokio::test]
async fn wrong_input_is_refused_before_anything_is_sent() {
    let world = World::start().await;
    let both = json!({"title": "t", "service": {"id": "PSHOP01"}, "assignments": [{"id": "PUSER01"}], "escalation_policy": {"id": "PPOLICY"}});
    let cases = [
        ("incident.snooze", json!({"entity_id": world.disk, "duration": 604_801}), "`duration`"),
        ("incident.get", json!({}), "entity_id"),
        ("incident.get", json!({"entity_id": ""}), "entity_id"),
        ("incident.get", json!({"entity_id": "key:"}), "key"),
        ("incident.find", json!({"statuses": ["open"]}), "`statuses.0`"),
        ("incident.find", json!({"status": "triggered"}), "'status'"),
        ("incident.find", json!([1]), "object"),
        ("incident.create.rest_v2", json!({"data": both}), "`data`"),
        ("team.create", json!({"data": {"type": "user", "name": "Web"}}), "`data.type`"),
        ("notification.find", json!({"since": "yesterday"}), "`since`"),
    ];
    for (name, input, place) in cases {
        let outcome = world.run(name, input.clone()).await;
        assert_eq!(kind(&outcome), ErrorKind::InvalidInput, "{name} {input}");
        assert!(message(&outcome).contains(place), "{name} {input}: {}", message(&outcome));
    }
    let unknown = world.run("incident.aknowledge", json!({"entity_id": world.disk})).await;
    assert_eq!(kind(&unknown), ErrorKind::UnknownAction);
    assert!(message(&unknown).contains("incident.acknowledge"));
    assert_eq!(world.lines(), Vec::<String>::new());
}

#[tokio::test]
async fn an_id_cannot_lead_to_another_path() {
    let world = World::start().await;
    let outcome = world.run("team.delete", json!({"entity_id": "../users/PUSER02"})).await;
    assert_eq!(kind(&outcome), ErrorKind::NotFound);
    assert_eq!(world.lines(), ["DELETE /teams/..%2Fusers%2FPUSER02"]);
    assert_eq!(kind(&world.run("team.delete", json!({"entity_id": ".."})).await), ErrorKind::InvalidInput);
}

#[tokio::test]
async fn errors_say_pagerdutys_code_words_and_status() {
    let world = World::start().await;
    let outcome = world.run("user.get", json!({"entity_id": "PNOBODY"})).await;
    let error = outcome.error.expect("an error");
    assert_eq!((error.kind, error.code, error.http_status), (ErrorKind::NotFound, Some(2013), Some(404)));
    let stranger = json!({"entity_id": world.disk, "content": "looking", "from_email": "stranger@example.test"});
    let outcome = world.run("incident.create_note", stranger).await;
    assert_eq!(kind(&outcome), ErrorKind::UnknownRequester);
    assert!(message(&outcome).contains("from_email"));
    let json = serde_json::to_value(&outcome).expect("JSON");
    let keys: Vec<&String> = json["error"].as_object().expect("an object").keys().collect();
    assert_eq!(keys, ["code", "errors", "http_status", "kind", "message"]);
}

#[tokio::test]
async fn each_override_is_looked_at() {
    let world = World::start().await;
    let overrides = json!([
        {"start": "2026-12-01T00:00:00Z", "end": "2026-12-01T08:00:00Z", "user": {"id": "PUSER01"}},
        {"start": "2026-12-02T00:00:00Z", "end": "2026-12-02T08:00:00Z", "user": {"id": "PNOBODY"}},
    ]);
    let outcome = world.run("schedule.create_override", json!({"entity_id": "PSCHED1", "data": overrides})).await;
    assert_eq!(kind(&outcome), ErrorKind::Partial, "{outcome:?}");
    let result = outcome.result.expect("a list");
    assert_eq!((&result[0]["ok"], &result[1]["ok"]), (&json!(true), &json!(false)));
}

#[tokio::test]
async fn a_key_that_fits_several_open_incidents_is_not_guessed() {
    let world = World::start().await;
    let new = json!({"title": "disk full", "service_id": "POFFICE", "incident_key": "db-1/disk"});
    world.result("incident.create.rest_v2.simple", new).await;
    let outcome = world.run("incident.resolve", json!({"entity_id": "db-1/disk"})).await;
    assert_eq!(kind(&outcome), ErrorKind::NotOneIncident);
    assert!(message(&outcome).contains(&world.disk), "{}", message(&outcome));
    assert_eq!(world.result("incident.get", json!({"entity_id": "key:db-1/old"})).await["status"], "resolved");
}

#[tokio::test]
async fn words_may_come_with_the_brackets_that_somebody_typed() {
    let world = World::start().await;
    for statuses in [
        json!(["triggered", "acknowledged"]),
        json!("triggered,acknowledged"),
        json!("[triggered, acknowledged]"),
        // As StackStorm splits it.
        json!(["[triggered", "acknowledged]"]),
    ] {
        world.requests();
        world.result("incident.find", json!({"statuses": statuses})).await;
        let path = world.requests()[0].path.replace("%5B%5D", "[]");
        assert!(path.contains("statuses[]=triggered&statuses[]=acknowledged"), "{statuses}: {path}");
    }
    let wrong = world.run("incident.find", json!({"statuses": ["[open"]})).await;
    assert_eq!(kind(&wrong), ErrorKind::InvalidInput);
}
