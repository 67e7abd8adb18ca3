//! A disk that is full: nothing is accepted that could be lost, it is said, and it passes.

use crate::program::{program, program_in_shell, run};
use crate::world::{Bridge, World, until};
use serde_json::json;
use std::path::Path;
use tokio::process::Command;

/// Sends alerts until one is refused; gives how many were accepted.
async fn fill(world: &World, bridge: &Bridge) -> usize {
    for n in 0..20_000 {
        let create = world.hook("Create", &format!("a-{n}"), json!({"description": "x".repeat(20_000)}));
        let answer = bridge.post("ops-webhook", &create).await;
        if answer.status == 503 {
            assert_eq!(answer.body["code"], "store_unavailable", "{answer:?}");
            assert!(answer.body["remedy"].as_str().is_some_and(|remedy| remedy.contains("repeat")), "{answer:?}");
            return n;
        }
        assert_eq!(answer.status, 202, "{answer:?}");
    }
    panic!("the disk does not get full");
}

/// What is told and done while the disk is full, and that everything accepted arrives once there is room.
async fn assert_survives(world: &World, bridge: &Bridge, accepted: usize, make_room: impl AsyncFnOnce()) {
    let ready = bridge.get("readyz").await;
    assert_eq!((ready.status, &ready.body["part"]), (503, &json!("store")), "{ready:?}");
    assert!(ready.body["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{ready:?}");
    assert_eq!(bridge.get("healthz").await.status, 200, "the process itself is well");
    let known = bridge.get("api/v1/incidents?limit=1").await;
    assert_eq!(known.status, 200, "what is known can be read: {known:?}");

    make_room().await;
    until("the server to be ready again", async || (bridge.get("readyz").await.status == 200).then_some(())).await;
    let again = world.hook("Create", &format!("a-{accepted}"), json!({}));
    assert_eq!(bridge.post("ops-webhook", &again).await.status, 202, "the sender repeats what was refused");
    world.mend().await;
    bridge.settled().await;
    let state = world.state().await;
    assert_eq!(state.incidents().len(), accepted + 1, "nothing accepted was lost, nothing refused was kept");
    let created = state.0["pagerduty"]["creates_per_key"].as_object().expect("an object");
    assert!(created.values().all(|count| *count == 1), "{created:?}");
}

/// Nothing is delivered meanwhile, so that nothing but the accepting writes.
async fn hold_deliveries(world: &World) {
    world
        .fault(json!({"system": "pagerduty", "fault": "refuse", "status": 503, "headers": {"Retry-After": "2"}}))
        .await;
}

#[tokio::test]
async fn files_that_may_not_grow_stop_the_accepting_until_they_may() {
    let mut world = World::drop_in("limit").await;
    world.set("RUST_LOG", &json!("off"));
    hold_deliveries(&world).await;
    // Without the trap the first write beyond the limit would end the process.
    let env = world.bridge_env();
    let command = program_in_shell(&world.dir, &env, "trap '' XFSZ; exec \"$@\"", &["serve", "--json"]);
    let bridge = world.bridge_of(command).await;
    let pid = bridge.process.pid();
    let limit = async |bytes: &str| {
        let mut command = Command::new("prlimit");
        command.args(["--pid", &pid, &format!("--fsize={bytes}:")]);
        let ended = run(command).await;
        assert_eq!(ended.code, Some(0), "{ended:?}");
    };
    limit("600000").await;
    let accepted = fill(&world, &bridge).await;
    assert!(accepted > 0, "there was room for some");
    assert_survives(&world, &bridge, accepted, async || limit("unlimited").await).await;
    assert_eq!(bridge.process.terminate().await, Some(0));
}

/// A small file system of its own, which only root can have.
struct SmallDisk<'d>(&'d Path);

impl<'d> SmallDisk<'d> {
    async fn mount(dir: &'d Path) -> Option<Self> {
        std::fs::create_dir_all(dir).expect("a directory");
        let mut command = Command::new("mount");
        command.args(["-t", "tmpfs", "-o", "size=3m", "tmpfs"]).arg(dir);
        (command.output().await.ok()?.status.success()).then_some(Self(dir))
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg("-l").arg(self.0).status();
    }
}

#[tokio::test]
async fn a_full_disk_stops_the_accepting_until_there_is_room() {
    let mut world = World::drop_in("full").await;
    let dir = world.dir.join("disk");
    let Some(disk) = SmallDisk::mount(&dir).await else {
        println!("not allowed to mount a file system here; the test with limited files stands for this one");
        return;
    };
    world.set("RUST_LOG", &json!("off"));
    world.set("PAGEBRIDGE_STORE", &json!(format!("sqlite:{}", dir.join("pagebridge.db").display())));
    hold_deliveries(&world).await;
    let ballast = dir.join("ballast");
    std::fs::write(&ballast, vec![0; 2_000_000]).expect("there is room still");
    let bridge = world.bridge(&[]).await;
    let accepted = fill(&world, &bridge).await;
    assert!(accepted > 0, "there was room for some");
    assert_survives(&world, &bridge, accepted, async || std::fs::remove_file(&ballast).expect("it is there")).await;
    assert_eq!(bridge.process.terminate().await, Some(0));
    drop(disk);
}

#[tokio::test]
async fn a_store_that_cannot_be_written_is_said_at_the_start() {
    let mut world = World::drop_in("readonly").await;
    let nowhere = json!("sqlite:/proc/pagebridge.db");
    world.set("PAGEBRIDGE_STORE", &nowhere);
    let ended = run(program(&world.dir, &world.bridge_env(), &["serve", "--json"])).await;
    assert_eq!((ended.code, ended.out.as_str()), (Some(5), ""), "{ended:?}");
    let told = ended.err.lines().last().expect("an error is told");
    let told: serde_json::Value = serde_json::from_str(told).unwrap_or_else(|error| panic!("{error}: {ended:?}"));
    assert_eq!(told["exit_code"], 5);
    assert!(told["hint"].as_str().is_some_and(|hint| hint.contains("permissions")), "{told}");
}
