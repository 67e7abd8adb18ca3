//! `send`: what reaches the receiver, and what waits on disk until it does.

use crate::program::{program, run};
use crate::world::{World, until};
use serde_json::json;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// A world whose `send` keeps its spool in the world's directory.
async fn world(name: &str) -> World {
    let mut world = World::events(name).await;
    let spool = world.dir.join("spool");
    world.set("PAGEBRIDGE_SPOOL", &json!(spool.to_str().expect("text")));
    world
}

/// The files of events in a directory, in order.
fn files(dir: &Path) -> Vec<std::path::PathBuf> {
    let Ok(entries) = std::fs::read_dir(dir) else { return Vec::new() };
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut found: Vec<_> = paths.filter(|path| path.extension().is_some_and(|end| end == "json")).collect();
    found.sort();
    found
}

#[tokio::test]
async fn events_reach_pagerduty_with_all_that_was_said() {
    let world = world("send-whole").await;
    let sent = world
        .run(&[
            "send",
            "trigger",
            "--summary",
            "Disk 92% on srv01",
            "--source",
            "srv01",
            "--severity",
            "warning",
            "--component",
            "storage",
            "--group",
            "infrastructure",
            "--class",
            "disk",
            "--dedup-key",
            "srv01-disk-space",
            "--detail",
            "used_percent=92",
            "--detail",
            "version=1.10",
            "--details",
            r#"{"mounts": ["/var"]}"#,
            "--link",
            "Runbook=https://wiki.example/?a=b",
            "--image",
            "https://g.example/x.png",
            "--client",
            "cron",
            "--client-url",
            "https://cron.example",
        ])
        .await;
    assert_eq!((sent.code, sent.out.as_str()), (Some(0), "srv01-disk-space\n"), "{sent:?}");
    assert!(sent.err.contains("delivered to http://127.0.0.1"), "{sent:?}");
    world.stands("srv01-disk-space", &["triggered"]).await;
    let (_, alert) = world.alerts("srv01-disk-space").await.remove(0);
    assert_eq!((&alert["summary"], &alert["severity"]), (&json!("Disk 92% on srv01"), &json!("warning")), "{alert}");
    std::fs::write(world.dir.join("key"), format!("{}\n", world.get("PAGERDUTY_ROUTING_KEY"))).expect("a file");
    let by_file = ["send", "ack", "srv01-disk-space", "--routing-key", "@key"];
    assert_eq!(world.run(&by_file).await.code, Some(0));
    world.stands("srv01-disk-space", &["acknowledged"]).await;
    let resolved = world.run(&["send", "resolve", "--dedup-key", "srv01-disk-space", "--json"]).await.json();
    assert_eq!((&resolved["status"], &resolved["dedup_key"]), (&json!("delivered"), &json!("srv01-disk-space")));
    world.stands("srv01-disk-space", &["resolved"]).await;
    assert_eq!(files(&world.dir.join("spool")), Vec::<std::path::PathBuf>::new());
}

#[tokio::test]
async fn what_a_dead_bridge_cannot_take_waits_on_disk_and_goes_first_once_it_is_back() {
    let mut world = world("send-spool").await;
    let bridge = world.events_bridge("", "").await;
    world.set("PAGEBRIDGE_URL", &json!(bridge.url));
    bridge.process.kill().await;
    let trigger = world.run(&["send", "trigger", "disk", "--summary", "Disk full", "--json"]).await;
    assert_eq!((trigger.code, &trigger.json()["status"]), (Some(10), &json!("spooled")), "{trigger:?}");
    assert_eq!(world.run(&["send", "acknowledge", "disk"]).await.code, Some(10));
    let keyless = world.run(&["send", "trigger", "--summary", "No key"]).await;
    assert_eq!((keyless.code, keyless.out.trim().len()), (Some(10), 32), "{keyless:?}");
    assert!(keyless.err.contains("is kept on disk") && keyless.err.contains("2 other events are left"), "{keyless:?}");

    let spool = world.dir.join("spool");
    let mode = |path: &Path| std::fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    assert_eq!((files(&spool).len(), mode(&spool)), (3, 0o700));
    assert!(files(&spool).iter().all(|file| mode(file) == 0o600));
    let listed = world.run(&["send", "--spooled"]).await;
    assert!(listed.out.contains("Disk full") && listed.out.contains("acknowledge"), "{listed:?}");
    assert!(!format!("{trigger:?}{keyless:?}{listed:?}").contains(world.get("PAGERDUTY_ROUTING_KEY")));

    let bridge = world.events_bridge("", "").await;
    let next = world.run(&["send", "trigger", "other", "--summary", "Other", "--json"]).await.json();
    assert_eq!(
        (&next["status"], &next["spool"]),
        (&json!("delivered"), &json!({"delivered": 3, "refused": [], "left": 0}))
    );
    world.stands("disk", &["acknowledged"]).await;
    world.stands("other", &["triggered"]).await;
    world.stands(keyless.out.trim(), &["triggered"]).await;
    assert_eq!(files(&spool), Vec::<std::path::PathBuf>::new());
    drop(bridge);
}

#[tokio::test]
async fn a_process_that_is_killed_while_it_sends_leaves_the_event_on_disk() {
    let world = world("send-killed").await;
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", silent.local_addr().expect("an address"));
    let args = ["send", "trigger", "killed", "--summary", "Killed", "--to", &url];
    let mut child = program(&world.dir, &world.bridge_env(), &args).spawn().expect("it starts");
    let _connection = silent.accept().await.expect("it calls");
    child.kill().await.expect("it ran");
    let spool = world.dir.join("spool");
    assert_eq!(files(&spool).len(), 1, "the event was on disk before the call");
    let flushed = world.run(&["send", "--flush", "--to", world.get("PAGERDUTY_EVENTS_URL"), "--json"]).await;
    assert_eq!((flushed.code, &flushed.json()["delivered"]), (Some(0), &json!(1)), "{flushed:?}");
    world.stands("killed", &["triggered"]).await;
    assert_eq!(world.run(&["send", "--flush"]).await.out, "0 delivered, 0 refused, 0 left\n");
}

#[tokio::test]
async fn a_repeat_after_no_answer_pages_once() {
    let world = world("send-once").await;
    world.fault(json!({"system": "pagerduty", "fault": "apply_then_reset", "only": "enqueue"})).await;
    let sent = world.run(&["send", "trigger", "--summary", "Once"]).await;
    assert_eq!(sent.code, Some(10), "{sent:?}");
    world.mend().await;
    assert_eq!(world.run(&["send", "--flush", "--wait"]).await.code, Some(0));
    assert_eq!(world.statuses(sent.out.trim()).await, ["triggered"]);
}

#[tokio::test]
async fn what_is_refused_for_good_is_told_and_never_kept_silently() {
    let world = world("send-refused").await;
    let wrong = "0123456789abcdef0123456789abcdef";
    let refused = world.run(&["send", "trigger", "bad", "--summary", "Bad", "--routing-key", wrong]).await;
    assert_eq!((refused.code, refused.out.as_str()), (Some(1), ""), "{refused:?}");
    assert!(refused.err.contains("refused for good") && refused.err.contains("Invalid routing key"), "{refused:?}");
    let spool = world.dir.join("spool");
    assert_eq!(files(&spool).len(), 0, "the sender has been told");

    world.fault(json!({"system": "pagerduty", "fault": "refuse", "status": 503, "only": "enqueue"})).await;
    let later = world.run(&["send", "trigger", "bad", "--summary", "Bad", "--routing-key", wrong]).await;
    assert_eq!(later.code, Some(10), "{later:?}");
    std::fs::write(spool.join("000000000002-x.json"), "{\"version\":1").expect("a damaged file");
    world.mend().await;
    let good = world.run(&["send", "trigger", "good", "--summary", "Good"]).await;
    assert_eq!(good.code, Some(0), "others' refusals are not this event's: {good:?}");
    assert!(
        good.err.contains("put aside: trigger 000000000001") && good.err.contains("its file is damaged"),
        "{good:?}"
    );
    assert_eq!((files(&spool).len(), files(&spool.join("refused")).len()), (0, 2));
    let listed = world.run(&["send", "--spooled"]).await;
    assert!(listed.out.contains("nothing waits") && listed.out.contains("Invalid routing key"), "{listed:?}");
    assert!(!format!("{refused:?}{later:?}{good:?}{listed:?}").contains(wrong));
}

#[tokio::test]
async fn without_a_spool_what_cannot_be_delivered_is_an_error() {
    let mut world = world("send-straight").await;
    let nowhere = ["send", "trigger", "--summary", "x", "--to", "http://127.0.0.1:9", "--no-spool"];
    let lost = world.run(&nowhere).await;
    assert_eq!((lost.code, lost.out.as_str()), (Some(4), ""), "{lost:?}");
    // A spool that cannot be used does not keep an event back.
    std::fs::write(world.dir.join("file"), "").expect("a file");
    let blocked = world.dir.join("file/spool");
    world.set("PAGEBRIDGE_SPOOL", &json!(blocked.to_str().expect("text")));
    let sent = world.run(&["send", "trigger", "all-the-same", "--summary", "x"]).await;
    assert_eq!((sent.code, sent.out.as_str()), (Some(0), "all-the-same\n"), "{sent:?}");
    assert!(sent.err.contains("cannot be used"), "{sent:?}");
    world.stands("all-the-same", &["triggered"]).await;
}

#[tokio::test]
async fn many_at_once_are_delivered_once_each_and_in_order() {
    let world = world("send-many").await;
    let env = world.bridge_env();
    let send = |n: usize| {
        let key = format!("many-{n}");
        run(program(&world.dir, &env, &["send", "trigger", &key, "--summary", "Many", "--timeout", "60"]))
    };
    let ended = futures_util::future::join_all((0..8).map(send)).await;
    for (n, ended) in ended.iter().enumerate() {
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert_eq!(world.statuses(&format!("many-{n}")).await, ["triggered"]);
    }
    let lines = [("a", "trigger"), ("a", "resolve"), ("b", "trigger"), ("b", "acknowledge")].map(|(key, action)| {
        json!({"event_action": action, "dedup_key": key, "payload": {"summary": "s", "source": "x", "severity": "info"}}).to_string()
    });
    std::fs::write(world.dir.join("events.jsonl"), lines.join("\n")).expect("a file");
    let sent = world.run(&["send", "--file", "events.jsonl", "--json"]).await;
    assert_eq!((sent.code, sent.json()["events"].as_array().map(Vec::len)), (Some(0), Some(4)), "{sent:?}");
    world.stands("a", &["resolved"]).await;
    world.stands("b", &["acknowledged"]).await;
    std::fs::write(world.dir.join("bad.jsonl"), format!("{}\n{{\"event_action\":\"resolve\"}}", lines[0]))
        .expect("a file");
    let bad = world.run(&["send", "--file", "bad.jsonl"]).await;
    assert!(bad.code == Some(2) && bad.err.contains("event 2") && bad.err.contains("nothing was sent"), "{bad:?}");
    assert_eq!(world.statuses("a").await, ["resolved"]);
}

#[tokio::test]
async fn who_waits_for_the_spool_lets_no_other_interleave() {
    let world = world("send-lock").await;
    world.run(&["send", "--spooled"]).await;
    let lock = std::fs::File::create(world.dir.join("spool/.lock")).expect("a file");
    lock.lock().expect("nobody has it");
    let waiting = world.run(&["send", "trigger", "locked", "--summary", "x", "--timeout", "1"]).await;
    assert_eq!(waiting.code, Some(10), "{waiting:?}");
    assert!(waiting.err.contains("another program delivers"), "{waiting:?}");
    drop(lock);
    until("the lock to be free", async || {
        (world.run(&["send", "--flush"]).await.out == "1 delivered, 0 refused, 0 left\n").then_some(())
    })
    .await;
    world.stands("locked", &["triggered"]).await;
}
