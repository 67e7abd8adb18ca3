//! Bad times at PagerDuty, and what the retrying sender makes of them.

use pagebridge_sandbox::{Effect, Fault, System};
use pagerduty::Class;
use pagerduty::rest::incidents::{self, NewIncident};

use crate::recipes;
use crate::world::World;

fn refuse(status: u16) -> Effect {
    Effect::Refuse { status, headers: [("Retry-After".to_owned(), "0".to_owned())].into(), body: None }
}

fn fault(effect: Effect, count: u32, only: &str) -> Fault {
    Fault::new(System::PagerDuty, effect).count(count.into()).only(only)
}

#[tokio::test]
async fn an_alert_gets_through_and_is_there_once() {
    let world = World::start().await;
    for effect in [refuse(429), refuse(502), Effect::ApplyThenReset, Effect::Reset] {
        world.sandbox.add_fault(fault(effect, 1, "enqueue"));
    }
    recipes::alerts::trigger(&world.sender, &world.sandbox.routing_key).await.expect("queued in the end");
    assert_eq!(world.open().await.len(), 1);
}

#[tokio::test]
async fn an_incident_with_a_key_is_there_once_although_no_answer_came() {
    let world = World::start().await;
    world.sandbox.add_fault(fault(Effect::ApplyThenReset, 1, "POST /incidents"));
    let service = &world.sandbox.service_id;
    recipes::incidents::create(&world.sender, service, "k", "Disk full").await.expect("opened, then found");
    assert_eq!(world.open().await, ["[triggered] Disk full"]);
}

#[tokio::test]
async fn what_may_have_been_applied_is_not_repeated_blindly() {
    let world = World::start().await;
    world.sandbox.add_fault(fault(Effect::ApplyThenReset, 1, "POST /incidents"));
    let call = incidents::create(&NewIncident::new("Disk full", world.sandbox.service_id.as_str()));
    let error = world.sender.call(&call).await.expect_err("no answer");
    assert_eq!((error.class(), world.open().await.len()), (Class::ReadBack, 1));

    world.sandbox.add_fault(fault(refuse(429), 3, "POST /incidents"));
    world.value(call).await;
    assert_eq!(world.open().await.len(), 2);
}
