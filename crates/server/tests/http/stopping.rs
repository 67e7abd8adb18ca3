//! What has begun is finished; a hard stop does not wait.

use crate::world::{World, spawn};
use std::sync::atomic::Ordering;

#[tokio::test]
async fn a_soft_stop_finishes_requests_and_takes_no_more() {
    let world = World::start().await;
    world.store.waits.store(true, Ordering::SeqCst);
    let request = world.client.post(world.url("/ops-webhook")).body(r#"{"id": "a-1", "title": "t"}"#);
    let request = spawn(request.send());
    world.store.begun.acquire().await.expect("never closed").forget();
    world.stop.soft.cancel();
    assert!(!world.task.is_finished());
    world.store.permits.add_permits(1);
    let answer = request.await.expect("no panic").expect("an answer");
    assert_eq!(answer.status().as_u16(), 202);
    world.task.await.expect("the server ends");
    assert!(world.client.get(format!("http://{}/healthz", world.address)).send().await.is_err());
}

#[tokio::test]
async fn an_idle_connection_does_not_hold_a_soft_stop_up() {
    let world = World::start().await;
    assert_eq!(world.get("/healthz").await.status, 200);
    world.stop.soft.cancel();
    world.task.await.expect("the server ends");
}

#[tokio::test]
async fn a_hard_stop_waits_for_nothing() {
    let world = World::start().await;
    world.store.waits.store(true, Ordering::SeqCst);
    let request = world.client.post(world.url("/ops-webhook")).body(r#"{"id": "a-1", "title": "t"}"#);
    let request = spawn(request.send());
    world.store.begun.acquire().await.expect("never closed").forget();
    world.stop.hard.cancel();
    world.task.await.expect("the server ends");
    assert!(request.await.expect("no panic").is_err());
}
