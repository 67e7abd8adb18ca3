//! Who may run what, and how often.

use crate::world::{CREATE, World};
use futures_util::future::join_all;
use pagebridge_access::{Principal, Role, needed};
use pagebridge_actions::{Catalogue, ErrorKind, Outcome};
use serde_json::json;

fn kind(outcome: &Outcome) -> Option<ErrorKind> {
    outcome.error.as_ref().map(|error| error.kind)
}

#[test]
fn roles_are_what_the_objects_need() {
    let catalogue = Catalogue::new();
    for (name, role) in [
        ("incident.find", Role::Viewer),
        ("user.get", Role::Viewer),
        ("incident.resolve", Role::Responder),
        ("event.trigger", Role::Responder),
        ("change_event.create", Role::Responder),
        ("schedule.create_override.simple", Role::Responder),
        ("service.update", Role::Admin),
        ("user.delete", Role::Admin),
    ] {
        let action = catalogue.get(name).unwrap_or_else(|| panic!("{name} is there"));
        assert_eq!(needed(action), role, "{name}");
    }
}

#[tokio::test]
async fn what_is_not_allowed_never_reaches_pagerduty() {
    let world = World::start().await;
    let input = world.incident("not for you");
    let only =
        Principal { actions: Some(vec!["incident.create_note".into()]), ..Principal::new("token a", Role::Responder) };
    for who in [&Principal::new("token v", Role::Viewer), &only] {
        let outcome = world.run(who, CREATE, input.clone()).await;
        assert_eq!(kind(&outcome), Some(ErrorKind::NotAllowed), "{outcome:?}");
    }
    let own = Principal { from: Some(world.sandbox.from.clone()), ..Principal::new("token o", Role::Responder) };
    let mut other = input.clone();
    other["from_email"] = json!("eve@example.test");
    assert_eq!(kind(&world.run(&own, CREATE, other).await), Some(ErrorKind::NotAllowed));
    assert_eq!(kind(&world.run(&own, "incident.creat", json!({})).await), Some(ErrorKind::UnknownAction));
    assert_eq!(world.made("not for you"), 0);
    // Who tried what is known all the same.
    let trail = world.trail().await;
    let tried: Vec<&str> = trail.iter().map(|row| row.who.as_str()).collect();
    assert_eq!(tried, ["token v", "token a", "token o", "token o"]);
    assert!(trail.iter().all(|row| row.end.as_ref().is_some_and(|end| !end.ok) && !row.counts), "{trail:?}");
}

#[tokio::test]
async fn of_twenty_at_once_a_cap_of_five_lets_five_through() {
    let world = World::start().await;
    let who = Principal { per_hour: vec![("incident.*".into(), 5)], ..Principal::new("token ci", Role::Responder) };
    let runs = join_all((0..20).map(|_| world.run(&who, CREATE, world.incident("capped")))).await;
    let done = runs.iter().filter(|outcome| outcome.ok).count();
    let capped = runs.iter().filter(|outcome| kind(outcome) == Some(ErrorKind::CapReached)).count();
    assert_eq!((done, capped, world.made("capped")), (5, 15, 5));
    let waits = runs.iter().filter_map(|outcome| outcome.error.as_ref()?.retry_after_s);
    assert!(waits.into_iter().all(|wait| wait == 3_600));
    // Others, and other actions, have room; so has the same one an hour later.
    assert!(world.run(&Principal::new("token b", Role::Responder), CREATE, world.incident("b")).await.ok);
    assert!(world.run(&who, "event.trigger", json!({"summary": "s", "source": "x"})).await.ok);
    world.clock.advance(3_600_000);
    assert!(world.run(&who, CREATE, world.incident("later")).await.ok);
    assert_eq!(world.trail().await.len(), 23);
}

#[tokio::test]
async fn what_sends_nothing_takes_no_room() {
    let world = World::start().await;
    let who = Principal { per_hour: vec![(CREATE.into(), 1)], ..Principal::new("token ci", Role::Responder) };
    for _ in 0..3 {
        assert_eq!(kind(&world.run(&who, CREATE, json!({"titel": "x"})).await), Some(ErrorKind::InvalidInput));
        let shy = Principal { dry_run: true, ..who.clone() };
        let shown = world.run(&shy, CREATE, world.incident("x")).await;
        assert_eq!(shown.result.expect("a plan")["dry_run"], json!(true));
    }
    assert!(world.run(&who, CREATE, world.incident("x")).await.ok);
    assert_eq!(kind(&world.run(&who, CREATE, world.incident("x")).await), Some(ErrorKind::CapReached));
    assert_eq!(world.made("x"), 1);
}

#[tokio::test]
async fn a_repeat_gets_the_outcome_of_the_first_and_is_not_done_again() {
    let world = World::start().await;
    let who = Principal::new("token ci", Role::Responder);
    let runs = join_all((0..8).map(|_| world.keyed(&who, CREATE, world.incident("once"), "k-1"))).await;
    // Those that came while it ran are told so.
    assert!(runs.iter().all(|outcome| outcome.ok || kind(outcome) == Some(ErrorKind::InProgress)), "{runs:?}");
    let first = runs.iter().find(|outcome| outcome.ok).expect("one is done");
    let again = world.keyed(&who, CREATE, world.incident("once"), "k-1").await;
    let id = |outcome: &Outcome| outcome.result.as_ref().expect("a result")["id"].clone();
    assert_eq!((id(&again), world.made("once")), (id(first), 1));
    let other = world.keyed(&who, CREATE, world.incident("twice"), "k-1").await;
    assert_eq!((kind(&other), world.made("twice")), (Some(ErrorKind::InvalidInput), 0));
    // A refusal of PagerDuty is an outcome as well.
    let gone = json!({"entity_id": "PNOBODY", "content": "x"});
    for _ in 0..2 {
        let outcome = world.keyed(&who, "incident.create_note", gone.clone(), "k-2").await;
        assert_eq!(kind(&outcome), Some(ErrorKind::NotFound), "{outcome:?}");
    }
    assert_eq!(world.trail().await.len(), 2);
}
