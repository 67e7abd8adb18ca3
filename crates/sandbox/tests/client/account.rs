//! Services, schedules and who is on call.

use pagerduty::rest::escalation_policies::{self, EscalationPolicyFilter};
use pagerduty::rest::raw::{self, Collection};
use pagerduty::rest::schedules::{self, NewLayer, NewSchedule};
use pagerduty::rest::services::{self, ServiceFilter};
use pagerduty::rest::users::{self, UserFilter};
use serde_json::json;

use crate::recipes;
use crate::world::World;

#[tokio::test]
async fn a_service_is_made_and_events_reach_it() {
    let world = World::start().await;
    let policies = world.value(escalation_policies::list(&EscalationPolicyFilter::default())).await.items;
    let id = recipes::services::create(&world.sender, "Shop", policies[0].id.as_str()).await.expect("made");
    let lines = recipes::services::list(&world.sender).await.expect("services");
    assert!(lines.contains(&format!("Shop: active ({id})")), "{lines:?}");

    let key = recipes::services::add_integration(&world.sender, &id).await.expect("made");
    recipes::alerts::trigger(&world.sender, key.expose()).await.expect("queued");
    let service = world.value(services::get(&id.as_str().into(), &[services::Include::Integrations])).await;
    assert_eq!(service.status, Some(services::ServiceStatus::Critical));
    assert_eq!((service.auto_resolve_timeout, service.acknowledgement_timeout), (Some(14_400), Some(1_800)));
    assert_eq!(service.integrations[0].integration_key.as_ref().map(|key| key.expose()), Some(key.expose()));
}

#[tokio::test]
async fn who_is_on_call_is_told_and_taken_over_from() {
    let world = World::start().await;
    let lines = recipes::on_call::who(&world.sender).await.expect("on-calls");
    assert!(lines.iter().any(|line| line.contains("Direct assignment (Default, level 1)")), "{lines:?}");

    let people = world.value(users::list(&UserFilter::default())).await.items;
    let (first, other) = (people[1].id.clone(), people[2].id.clone());
    let weekly = NewLayer::new("2026-01-05T09:00:00Z", 604_800, vec![first]);
    let schedule = world.value(schedules::create(&NewSchedule::new("Primary", "UTC", vec![weekly]), false)).await.id;
    let (start, end) = ("2099-01-05T10:00:00Z", "2099-01-05T18:00:00Z");
    recipes::on_call::take_over(&world.sender, schedule.as_str(), other.as_str(), start, end).await.expect("made");
    let noon = schedules::users(&schedule, Some("2099-01-05T12:00:00Z"), Some("2099-01-05T13:00:00Z"));
    let on_call: Vec<_> = world.value(noon).await.into_iter().map(|user| user.id).collect();
    assert_eq!(on_call, std::slice::from_ref(&other));
    // The answer to the whole is 201; the one override in it was refused.
    let refused = recipes::on_call::take_over(&world.sender, schedule.as_str(), other.as_str(), end, start).await;
    assert!(refused.is_err(), "{refused:?}");
}

#[tokio::test]
async fn objects_can_be_made_in_the_callers_own_words() {
    let world = World::start().await;
    let team = json!({"type": "team", "name": "Ops", "description": "Operations"});
    let made = world.value(raw::create(&Collection::Teams, team.as_object().expect("an object"))).await;
    assert_eq!((made["name"].as_str(), made["type"].as_str()), (Some("Ops"), Some("team")));
    let read = world.value(services::list(&ServiceFilter::default()).untyped_items()).await;
    assert!(read.items.iter().all(|service| service["alert_creation"].is_string()), "{:?}", read.items);
}
