//! `on-call audit` and `lint`.

use crate::program::program;
use crate::world::World;
use serde_json::{Value, json};
use std::process::Stdio;
use tokio::io::AsyncWriteExt;

#[tokio::test]
async fn an_audit_tells_what_is_not_fit_for_the_weeks_to_come() {
    let world = World::account("audit").await;
    let ended = world.run(&["on-call", "audit", "--json"]).await;
    let told = ended.json();
    let rows = told["checks"].as_array().expect("a list");
    let wrong: Vec<_> = rows
        .iter()
        .filter(|row| row["result"] != "ok")
        .map(|row| (row["name"].as_str().expect("a name"), row["object"]["name"].as_str().expect("an object")))
        .collect();
    // The sandbox's people have e-mail only, and its second policy one level.
    assert_eq!(
        wrong,
        [("levels", "Second Line"), ("e-mail only", "Ann Berg"), ("e-mail only", "Ben Okafor")],
        "{told}"
    );
    assert_eq!((ended.code, &told["ok"]), (Some(0), &json!(true)));
    let strict = world.run(&["oncall", "audit", "--strict", "--quiet"]).await;
    assert!(strict.code == Some(1) && strict.out.contains("Second Line") && !strict.out.contains(" ok "), "{strict:?}");
}

#[tokio::test]
async fn an_audit_needs_a_token_that_is_taken() {
    let mut world = World::account("audit-token").await;
    world.set("PD_API_TOKEN", &json!("u+abcdefghijklmnopqr"));
    let ended = world.run(&["on-call", "audit", "--json"]).await;
    assert_eq!((ended.code, &ended.json()["checks"][0]["name"]), (Some(1), &json!("API token")));
    world.unset("PD_API_TOKEN");
    let ended = world.run(&["on-call", "audit"]).await;
    assert!(ended.code == Some(3) && ended.err.contains("PD_API_TOKEN"), "{ended:?}");
}

/// Gives a command a text on standard input: exit code and standard output.
async fn lint(world: &World, args: &[&str], text: &str) -> (Option<i32>, String) {
    let mut command = program(&world.dir, &[], &[&["lint"], args].concat());
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    let mut input = child.stdin.take().expect("piped");
    input.write_all(text.as_bytes()).await.expect("it reads");
    drop(input);
    let output = child.wait_with_output().await.expect("it ends");
    (output.status.code(), String::from_utf8(output.stdout).expect("text"))
}

#[tokio::test]
async fn events_are_linted_from_a_file_and_from_standard_input() {
    let world = World::account("lint").await;
    let good = json!({
        "routing_key": "0123456789abcdef0123456789abcdef", "event_action": "trigger", "dedup_key": "db-07/disk",
        "payload": {"summary": "Disk full on db-07", "source": "db-07", "severity": "error", "custom_details": {"used": "97 %"}},
        "links": [{"href": "https://wiki.example.com/disk-full", "text": "Runbook"}],
    });
    let (code, out) = lint(&world, &[], &good.to_string()).await;
    assert_eq!((code, out.trim()), (Some(0), "nothing is wrong with 1 event"));

    let mut bare = good.clone();
    bare.as_object_mut().expect("an object").remove("links");
    let (code, out) = lint(&world, &["--json"], &format!("{good}\n{bare}\n")).await;
    let told: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!((code, &told["ok"], &told["events"]), (Some(0), &json!(true), &json!(2)));
    let finding = &told["findings"][0];
    assert_eq!(
        (&finding["rule"], &finding["line"], &finding["level"]),
        (&json!("runbook"), &json!(2), &json!("warning"))
    );
    assert_eq!(lint(&world, &["--strict"], &bare.to_string()).await.0, Some(1));

    let mut wrong = good;
    wrong["payload"]["severity"] = "fatal".into();
    let file = world.dir.join("event.json");
    std::fs::write(&file, wrong.to_string()).expect("a file");
    let ended = world.run(&["lint", file.to_str().expect("text")]).await;
    assert!(ended.code == Some(1) && ended.out.contains("`fatal` is none of"), "{ended:?}");
    let ended = world.run(&["lint", "no-such-file.json"]).await;
    assert!(ended.code == Some(1) && ended.err.contains("no-such-file.json cannot be read"), "{ended:?}");
}

#[tokio::test]
async fn figures_come_from_pagerduty_and_from_the_journal() {
    let mut world = World::drop_in("analytics").await;
    let bridge = world.bridge(&[]).await;
    assert_eq!(bridge.post("ops-webhook", &world.hook("Create", "a-1", json!({"priority": "P1"}))).await.status, 202);
    bridge.settled().await;
    world.in_pagerduty("a-1", "acknowledge", json!({})).await;
    for action in ["Acknowledge", "Close"] {
        assert_eq!(bridge.post("ops-webhook", &world.hook(action, "a-1", json!({}))).await.status, 202);
        bridge.settled().await;
    }
    let token = world.ready["pagerduty"]["account_token"].clone();
    world.set("PD_API_TOKEN", &token);
    let ended = world.run(&["analytics", "--both", "--json", "--per", "month", "--zone", "UTC"]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let told = ended.json();
    let (remote, local) = (&told["pagerduty"][0], &told["local"][0]);
    assert_eq!((&remote["incidents"], &local["incidents"]), (&json!(1), &json!(1)), "{told}");
    assert_eq!((&local["acknowledged"], &local["resolved"]), (&json!(1), &json!(1)), "{told}");
    assert!(local["mean_seconds_to_resolve"].as_f64().is_some_and(|s| s >= 0.0), "{told}");
    assert!(remote["mean_seconds_to_first_ack"].is_number() && remote["from"] == local["from"], "{told}");

    let by_system = world.run(&["analytics", "--local", "--by", "system"]).await;
    assert!(by_system.out.contains("MTTA") && by_system.out.contains("opsgenie"), "{by_system:?}");
    for (args, says) in [
        (["--by", "system", "--json"], "PagerDuty knows no systems"),
        (["--local", "--by", "team"], "the journal knows no teams"),
        (["--local", "--zone", "Mars/Base"], "not a known time zone"),
    ] {
        let ended = world.run(&[&["analytics"], args.as_slice()].concat()).await;
        assert!(ended.code == Some(1) && ended.err.contains(says), "{args:?}: {ended:?}");
    }
    // The store serves as well when no server runs.
    bridge.process.terminate().await;
    let closed = world.run(&["analytics", "--local", "--json"]).await;
    assert_eq!(closed.json()["local"][0]["incidents"], 1, "{closed:?}");
}
