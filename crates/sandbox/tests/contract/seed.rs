//! Seed files: what they plant, and what they are told when they are wrong.

use pagebridge_sandbox::{Config, Sandbox, SeedFile, StartError};
use serde_json::{Value, json};

use crate::common::{Receiver, World};

/// An account with two levels, a schedule that nobody is on before 2026, time-outs, support hours and a team.
pub(crate) fn account() -> Value {
    json!({
        "users": [
            {"name": "Ann Berg", "email": "ann@example.test", "id": "PANN001"},
            {"name": "Ben Okafor", "email": "ben@example.test", "notification_rules": [
                {"delay_minutes": 0, "urgency": "high"}, {"delay_minutes": 5, "urgency": "high"},
            ]},
        ],
        "teams": [{"name": "Core", "id": "PTEAM01", "members": [{"user": "Ann Berg", "role": "manager"}]}],
        "schedules": [
            {"name": "Nobody", "time_zone": "Etc/UTC", "layers": [
                {"start": "2099-01-01T00:00:00Z", "turn_seconds": 604_800, "users": ["Ann Berg"]},
            ]},
            {"name": "Primary", "time_zone": "Europe/Berlin", "layers": [
                {"start": "2026-01-01T00:00:00Z", "turn_seconds": 604_800, "users": ["Ann Berg"]},
            ]},
        ],
        "escalation_policies": [
            {"name": "Gap", "num_loops": 1, "team": "Core", "rules": [
                {"delay_minutes": 10, "targets": [{"schedule": "Primary"}]},
                {"delay_minutes": 5, "targets": [{"schedule": "Nobody"}]},
                {"delay_minutes": 20, "targets": [{"user": "ben@example.test"}]},
            ]},
            {"name": "Empty", "rules": [{"delay_minutes": 10, "targets": [{"schedule": "Nobody"}]}]},
        ],
        "services": [
            {"name": "Shop", "id": "PSHOP01", "escalation_policy": "Gap", "acknowledgement_timeout": 1_800,
                "auto_resolve_timeout": 14_400,
                "integrations": [{"key": "0123456789abcdef0123456789abcdef"}, {"key": "fedcba9876543210fedcba9876543210"}]},
            {"name": "Lonely", "escalation_policy": "Empty", "integrations": [{"key": "11111111111111111111111111111111"}]},
            {"name": "Office", "escalation_policy": "Gap", "support_hours": {
                "time_zone": "Europe/Berlin", "days_of_week": [1, 2, 3, 4, 5], "start_time": "09:00:00",
                "end_time": "17:00:00", "urgency_during": "high", "urgency_outside": "low", "raise_at_start": true},
                "integrations": [{"key": "22222222222222222222222222222222"}]},
            {"name": "Grouped", "escalation_policy": "Gap", "group_alerts_seconds": 600,
                "integrations": [{"key": "33333333333333333333333333333333"}]},
        ],
    })
}

fn parse(seed: &Value) -> SeedFile {
    SeedFile::parse(&seed.to_string()).expect("the format")
}

#[tokio::test]
async fn a_seed_file_is_the_whole_account() {
    let mut receiver = Receiver::start(&[]).await;
    let mut seed = account();
    seed["incidents"] = json!([
        {"title": "old", "service": "Shop", "key": "k", "status": "acknowledged", "by": "Ann Berg",
            "notes": [{"user": "Ben Okafor", "content": "looking"}]},
        {"title": "older", "service": "PSHOP01", "status": "resolved", "priority": "P2"},
    ]);
    seed["webhook_subscriptions"] =
        json!([{"url": receiver.url, "secret": "s", "team": "Core", "events": ["incident.resolved"]}]);
    let world = World::with(Config { seed_file: Some(parse(&seed)), ..Config::default() }).await;
    assert_eq!(
        (world.sandbox.service_id.as_str(), world.sandbox.routing_key.as_str()),
        ("PSHOP01", "0123456789abcdef0123456789abcdef")
    );
    let users = world.pd("GET", "/users", None).await.body;
    let names: Vec<&str> =
        users["users"].as_array().expect("users").iter().filter_map(|one| one["name"].as_str()).collect();
    assert_eq!(names, ["Pagebridge", "Ann Berg", "Ben Okafor"]);
    let incident = world.sandbox.pagerduty().incident("k").expect("planted");
    assert_eq!((incident.status, incident.acknowledged_by.as_slice()), ("acknowledged", &["Ann Berg".to_owned()][..]));
    assert_eq!((incident.notes[0].user.as_str(), incident.notes[0].content.as_str()), ("Ben Okafor", "looking"));
    assert_eq!(world.sandbox.snapshot().pagerduty.webhooks.made, 0, "what was there is not news");
    world.put_status(&incident.id, "resolved").await;
    let arrived = receiver.next().await;
    assert_eq!(arrived.body["event"]["data"]["teams"][0]["id"], "PTEAM01");
}

#[tokio::test]
async fn what_a_seed_file_names_must_be_there() {
    for (place, value, wanted) in [
        (
            "/services/0/escalation_policy",
            json!("Nope"),
            "`services[0].escalation_policy`: no escalation policy is called `Nope`; there are: `Gap`, `Empty`",
        ),
        (
            "/services/1/integrations/0/key",
            json!("short"),
            "`services[1].integrations[0].key`: must be 32 letters and digits",
        ),
        (
            "/services/1/integrations/0/key",
            json!("0123456789abcdef0123456789abcdef"),
            "another integration has this key",
        ),
        (
            "/escalation_policies/0/rules/2/targets/0",
            json!({"user": "Cleo"}),
            "`escalation_policies[0].rules[2].targets[0].user`: no user is called `Cleo`",
        ),
        ("/escalation_policies/0/num_loops", json!(10), "must be 0 to 9"),
        ("/schedules/0/time_zone", json!("Mars/Base"), "`schedules[0].time_zone`: `Mars/Base` is not a time zone"),
        ("/schedules/0/layers/0/turn_seconds", json!(0), "must be more than 0"),
        ("/users/1/email", json!("ANN@example.test"), "has already been taken"),
        ("/services/2/support_hours/end_time", json!("08:00:00"), "must be after `start_time`"),
        ("/services", json!([]), "there must be at least one service"),
    ] {
        let mut seed = account();
        *seed.pointer_mut(place).expect("a place") = value;
        let started = Sandbox::start(Config { seed_file: Some(parse(&seed)), ..Config::default() }).await;
        let error = match started {
            Err(StartError::Seed(error)) => error.to_string(),
            other => panic!("{place}: {other:?}"),
        };
        assert!(error.contains(wanted), "{place}: {error}");
    }
}

#[tokio::test]
async fn the_example_of_the_documents_can_be_planted() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/sandbox-seed.json");
    let seed = SeedFile::read(&path).expect("the example");
    let world = World::with(Config { seed_file: Some(seed), ..Config::default() }).await;
    let held = world.sandbox.snapshot().pagerduty;
    let services: Vec<&str> = held.services.iter().map(|service| service.name.as_str()).collect();
    assert_eq!((services, held.incidents.len(), held.subscriptions.len()), (vec!["Shop", "Office"], 1, 1));
    let missing = SeedFile::read(&path.with_file_name("none.json")).expect_err("not there");
    assert!(missing.to_string().contains("none.json"), "{missing}");
}
