//! Being asked to stop, and being killed, in the middle of deliveries.

use crate::world::World;
use serde_json::json;

const ALERTS: usize = 40;

/// Slow calls, and more alerts than can be delivered before the end.
async fn busy(world: &World) -> crate::world::Bridge {
    let bridge = world.bridge(&[]).await;
    world.fault(json!({"system": "pagerduty", "fault": "slow", "ms": 300})).await;
    for n in 0..ALERTS {
        let create = world.hook("Create", &format!("a-{n}"), json!({}));
        assert_eq!(bridge.post("ops-webhook", &create).await.status, 202);
    }
    bridge
}

async fn assert_all_arrived_once(world: &World) {
    let state = world.state().await;
    let created = state.0["pagerduty"]["creates_per_key"].as_object().expect("an object");
    assert_eq!(created.len(), ALERTS);
    assert!(created.values().all(|count| *count == 1), "{created:?}");
}

#[tokio::test]
async fn asked_to_stop_it_ends_what_it_began_and_goes_on_at_the_next_start() {
    let world = World::drop_in("stop").await;
    let bridge = busy(&world).await;
    assert_eq!(bridge.process.terminate().await, Some(0));
    let before = world.state().await.incidents().len();
    assert!(before < ALERTS, "there was something left to do");
    let bridge = world.bridge(&[]).await;
    assert_eq!(bridge.get("api/v1/counts").await.body["incidents"], ALERTS);
    world.mend().await;
    bridge.settled().await;
    assert_all_arrived_once(&world).await;
    assert!(!bridge.process.log().contains("lease"), "nothing was cut off: {}", bridge.process.log());
    assert_eq!(bridge.process.terminate().await, Some(0));
}

#[tokio::test]
async fn killed_in_the_middle_it_looks_up_what_it_had_begun() {
    let world = World::config("killed").await;
    let lease = "lease_s = 10\ntimeout_s = 3";
    let bridge = world.bridge_with(lease, "").await;
    world.fault(json!({"system": "pagerduty", "fault": "slow", "ms": 1000})).await;
    for n in 0..ALERTS {
        let create = world.hook("Create", &format!("a-{n}"), json!({}));
        assert_eq!(bridge.post("ops-webhook", &create).await.status, 202);
    }
    bridge.process.kill().await;
    world.mend().await;
    let bridge = world.bridge_with(lease, "").await;
    bridge.settled().await;
    assert_all_arrived_once(&world).await;
    bridge.process.kill().await;
}
