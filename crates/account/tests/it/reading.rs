//! What is read of the sandbox, and what `doctor` makes of it.

use crate::world::World;
use pagebridge_account::figures::{Remote, RemoteBy, Unit, read_figures};
use pagebridge_account::{
    ActsAs, Identity, Scope, Severity, Token, Webhooks, Writes, audit, doctor, read_access, read_account, read_on_call,
    send_test_event,
};
use pagebridge_sandbox::Config;
use serde_json::{Value, json};

#[tokio::test]
async fn nothing_is_said_of_a_healthy_account() {
    let world = World::start().await;
    let key = world.sandbox.routing_key.as_str().into();
    let scope = Scope { writes: true, keys: vec![("the key".to_owned(), key)], ..Scope::default() };
    assert_eq!(world.troubles(&scope).await, []);
    let of_one = Scope { services: vec![world.sandbox.service_id.clone()], ..scope };
    assert_eq!(world.troubles(&of_one).await, []);
}

#[tokio::test]
async fn the_token_is_known_by_what_it_may_do() {
    let world = World::start().await;
    let from = Some(world.sandbox.from.as_str());
    let account = read_access(&world.caller(), from).await;
    assert_eq!((account.token, account.identity, account.writes), (Token::Taken, Identity::Account, Writes::Allowed));
    assert!(matches!(account.acts_as, ActsAs::Found { .. }) && account.rate_limit.limit == Some(960));
    let user = read_access(&world.caller_with(&world.sandbox.user_token), Some("nobody@example.test")).await;
    assert!(matches!(user.identity, Identity::User { .. }), "{user:?}");
    assert_eq!(user.acts_as, ActsAs::Missing("nobody@example.test".to_owned()));
    let token = world.control("/pagerduty/tokens", json!({"read_only": true})).await["token"].clone();
    let reader = read_access(&world.caller_with(token.as_str().expect("a token")), from).await;
    assert!(matches!(reader.writes, Writes::Refused(_)), "{reader:?}");
    let unknown = read_access(&world.caller_with("a+nobodys"), from).await;
    assert!(matches!(unknown.token, Token::Unknown(_)), "{unknown:?}");
    assert_eq!(world.sandbox.handle().snapshot().pagerduty.incidents.len(), 0, "nothing was made");
}

#[tokio::test]
async fn what_may_not_be_read_is_told_and_the_rest_is_judged() {
    let world = World::start().await;
    for (path, status) in [("GET /schedules", 403), ("GET /event_orchestrations", 402)] {
        let fault = json!({"system": "pagerduty", "fault": "refuse", "status": status, "only": path});
        world.control("/faults", fault).await;
    }
    let troubles = world.troubles(&Scope::default()).await;
    let told: Vec<_> = troubles.iter().map(|one| (one.check, one.severity, one.detail.as_str())).collect();
    assert!(
        told.len() == 1 && told[0].0 == "reading" && told[0].2.starts_with("schedules could not be read"),
        "{told:?}"
    );
}

#[tokio::test]
async fn long_lists_are_read_to_their_end() {
    let users: Vec<Value> = (0..130)
        .map(|n| json!({"name": format!("User {n}"), "email": format!("u{n}@example.test"), "id": format!("PUSER{n}")}))
        .collect();
    let world = World::seeded(&json!({
        "users": users,
        "escalation_policies": [{"name": "All", "rules": [{"delay_minutes": 5, "targets": [{"user": "User 129"}]}]}],
        "services": (0..120).map(|n| json!({"name": format!("Service {n}"), "escalation_policy": "All"})).collect::<Vec<_>>(),
    }))
    .await;
    let (_, account) = world.read(&Scope::default()).await;
    assert_eq!((account.services.len(), account.unread.as_slice()), (120, [].as_slice()));
    assert!(account.users.len() >= 130 && account.users.iter().all(|user| !user.notification_rules.is_empty()));
    assert_eq!(world.troubles(&Scope::default()).await, []);
}

#[tokio::test]
async fn rules_are_read_where_they_are_in_use() {
    let world = World::start().await;
    let made = world.pd("POST", "/event_orchestrations", json!({"orchestration": {"name": "Shop"}})).await;
    let key = made["orchestration"]["integrations"][0]["parameters"]["routing_key"].as_str().expect("a key").to_owned();
    let id = made["orchestration"]["id"].as_str().expect("an id").to_owned();
    let suppress = json!({"orchestration_path": {"sets": [{"id": "start", "rules": [{"label": "all", "actions": {"suppress": true}}]}]}});
    let service = format!("/event_orchestrations/services/{}", world.sandbox.service_id);
    world.pd("PUT", &service, suppress.clone()).await;
    let scope = Scope { keys: vec![("the key".to_owned(), key.into())], ..Scope::default() };
    assert_eq!(
        world.troubles(&scope).await,
        [],
        "the service's rules are not in use, and the key is the orchestration's"
    );
    world.pd("PUT", &format!("{service}/active"), json!({"active": true})).await;
    world.pd("PUT", &format!("/event_orchestrations/{id}/global"), suppress).await;
    let troubles = world.troubles(&scope).await;
    let told: Vec<_> = troubles.iter().map(|one| (one.check, one.object.as_ref().map(|o| o.name.as_str()))).collect();
    assert_eq!(told, [("event rules", Some("Shop")), ("event rules", Some("Production"))]);
}

#[tokio::test]
async fn subscriptions_that_are_expected_are_missed() {
    let world = World::start().await;
    let expected = Webhooks::Expected(vec!["incident.acknowledged".to_owned()]);
    let scope = Scope { webhooks: expected, ..Scope::default() };
    let missing = world.troubles(&scope).await;
    assert!(missing.len() == 1 && missing[0].check == "webhook subscription", "{missing:?}");
    let made = world.control("/pagerduty/webhooks", json!({"url": "http://127.0.0.1:9/x"})).await;
    assert_eq!(world.troubles(&scope).await, []);
    let id = made["id"].as_str().expect("an id");
    world.control(&format!("/pagerduty/webhooks/{id}/disable"), json!({})).await;
    let off = world.troubles(&scope).await;
    assert!(off.len() == 1 && off[0].detail.contains("for a day"), "{off:?}");
}

#[tokio::test]
async fn a_throttled_account_is_told_so() {
    let world = World::with(Config::default()).await;
    world.control("/pagerduty/settings", json!({"rest_per_minute": 1})).await;
    let caller = world.caller();
    let first = read_access(&caller, None).await;
    assert_eq!(first.rate_limit.remaining, Some(0));
    let second = read_access(&caller, None).await;
    assert!(matches!(second.token, Token::Throttled(_)), "{second:?}");
    let found = doctor(&second, None, &Scope::default());
    assert!(found.len() == 1 && found[0].check == "rate limit" && found[0].severity == Severity::Failed);
    let nothing = read_account(&caller, &Scope::default(), world.sandbox.clock().now()).await;
    assert_eq!(nothing.unread.len(), 8, "{:?}", nothing.unread);
}

#[tokio::test]
async fn a_test_event_opens_an_incident_that_is_resolved() {
    let world = World::start().await;
    let caller = world.caller();
    let key = world.sandbox.routing_key.as_str().into();
    let pause = || std::future::ready(());
    let well = send_test_event(&caller, Some(&caller), "the key", &key, "doctor-1", pause).await;
    assert_eq!(well.severity, Severity::Ok, "{well:?}");
    let incident = world.sandbox.pagerduty().incident("doctor-1").expect("it was opened");
    assert_eq!(incident.status, "resolved");
    world.control(&format!("/pagerduty/services/{}", world.sandbox.service_id), json!({"status": "disabled"})).await;
    let dropped = send_test_event(&caller, Some(&caller), "the key", &key, "doctor-2", pause).await;
    assert!(dropped.severity == Severity::Failed && dropped.detail.contains("no incident follows"), "{dropped:?}");
    let unknown = "0123456789abcdef0123456789abcdef".into();
    let refused = send_test_event(&caller, Some(&caller), "the key", &unknown, "doctor-3", pause).await;
    assert!(refused.severity == Severity::Failed && refused.detail.contains("Invalid routing key"), "{refused:?}");
}

#[tokio::test]
async fn an_audit_reads_shifts_in_full_and_nights() {
    // A Friday at 23:00, when people of UTC sleep.
    let start = "2026-11-20T23:00:00Z".parse().expect("a time");
    let people = ["Ann", "Ben"];
    let users: Vec<Value> =
        people.iter().map(|name| json!({"name": name, "email": format!("{name}@example.test")})).collect();
    let seed = json!({
        "users": users,
        "schedules": [
            {"name": "Long", "time_zone": "Etc/UTC",
                "layers": [{"start": "2026-11-02T09:00:00Z", "turn_seconds": 1_209_600, "users": people}]},
            {"name": "Gap", "time_zone": "Etc/UTC",
                "layers": [{"start": "2026-11-02T09:00:00Z", "end": "2026-11-25T09:00:00Z", "turn_seconds": 86_400, "users": people}]},
        ],
        "escalation_policies": [
            {"name": "First", "rules": [{"delay_minutes": 5, "targets": [{"schedule": "Long"}]}, {"delay_minutes": 5, "targets": [{"schedule": "Gap"}]}]},
        ],
        "services": [{"name": "Shop", "escalation_policy": "First"}],
    });
    let seed_file = Some(pagebridge_sandbox::SeedFile::parse(&seed.to_string()).expect("a seed"));
    let clock = pagebridge_sandbox::ClockMode::Manual;
    let world = World::with(Config { seed_file, start: Some(start), clock, ..Config::default() }).await;
    for n in 0..9 {
        world.control("/pagerduty/incidents", json!({"title": format!("no {n}")})).await;
    }
    let (_, mut account) = world.read(&Scope::default()).await;
    account.now = "2026-11-21T00:00:00Z".parse().expect("a time");
    let view = read_on_call(&world.caller(), &mut account, 14, 28).await;
    assert_eq!(account.unread, []);
    let found = audit(&account, &view);
    let told: Vec<_> =
        found.iter().filter(|one| one.severity != Severity::Ok).map(|one| (one.check, one.detail.as_str())).collect();
    let checks: Vec<_> = told.iter().map(|(check, _)| *check).collect();
    assert_eq!(checks, ["shift length", "gap", "e-mail only", "e-mail only", "nights"], "{told:?}");
    assert!(told[0].1.contains("for 14 days from 2026-11-16"), "in full, though the window begins later: {told:?}");
    assert!(told[1].1.contains("the first from Wed 2026-11-25 09:00 UTC"), "{told:?}");
    assert!(told[4].1.contains("9 times"), "{told:?}");
}

#[tokio::test]
async fn figures_are_read_with_either_kind_of_key() {
    let world = World::start().await;
    let now = world.sandbox.clock().now();
    world.control("/pagerduty/incidents", json!({"title": "x", "incident_key": "a-1"})).await;
    world.control("/clock/advance", json!({"ms": 60_000})).await;
    world.control("/pagerduty/incidents/a-1/acknowledge", json!({})).await;
    let hours = |hours: i64| now.checked_add(jiff::SignedDuration::from_hours(hours)).expect("a time");
    let remote = |by, unit| Remote {
        since: hours(-1),
        until: hours(1),
        by,
        unit,
        zone: "Etc/UTC".to_owned(),
        services: Vec::new(),
        teams: Vec::new(),
        urgency: None,
    };
    for token in [&world.sandbox.account_token, &world.sandbox.user_token] {
        let rows = read_figures(&world.caller_with(token), &remote(RemoteBy::Service, None)).await.expect("figures");
        assert_eq!((rows.len(), rows[0].group.as_deref(), rows[0].incidents), (1, Some("Production"), 1));
        let seconds = rows[0].mean_seconds_to_first_ack.expect("acknowledged");
        assert!((60.0..90.0).contains(&seconds), "{seconds}");
    }
    let rows = read_figures(&world.caller(), &remote(RemoteBy::All, Some(Unit::Month))).await.expect("figures");
    assert_eq!(rows[0].from.as_deref().map(str::len), Some(10), "{rows:?}");
    let interruptions =
        rows[0].business_hour_interruptions + rows[0].off_hour_interruptions + rows[0].sleep_hour_interruptions;
    assert!(interruptions > 0, "{rows:?}");
}
