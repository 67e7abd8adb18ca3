//! Incidents in chats: one message each, right at the end, whatever broke in between.

use crate::program::program;
use crate::world::{Bridge, State, World, project, until};
use serde_json::{Value, json};
use std::path::PathBuf;

/// A world with chats, and the environment that `examples/chat-posts.toml` names.
async fn world(name: &str) -> World {
    let mut world = World::config(name).await;
    let ready = world.ready.clone();
    let (slack, mattermost) = (&ready["slack"], &ready["mattermost"]);
    let api = format!("{}/api", slack["url"].as_str().expect("an address"));
    world.set("SLACK_API_URL", &json!(api));
    world.set("SLACK_BOT_TOKEN", &slack["bot_token"]);
    world.set("SLACK_CHANNEL", &slack["channel"]);
    world.set("MATTERMOST_URL", &mattermost["url"]);
    world.set("MATTERMOST_BOT_TOKEN", &mattermost["bot_token"]);
    world.set("MATTERMOST_CHANNEL_ID", &mattermost["channel_id"]);
    world.set("MATTERMOST_BUTTON_SECRET", &json!("a secret of buttons"));
    world.set("TEAMS_WORKFLOW_URL", &ready["teams"]["workflow_url"]);
    world
}

fn example() -> PathBuf {
    project().join("examples/chat-posts.toml")
}

/// The example with short waits.
async fn start(world: &World) -> Bridge {
    let text = std::fs::read_to_string(example()).expect("the example");
    let waits = "[delivery]\nfirst_wait_s = 1\nlongest_wait_s = 1\nunanswered_wait_s = 1\n";
    let path = world.dir.join("pagebridge.toml");
    std::fs::write(&path, format!("{text}\n{waits}")).expect("a file");
    let args = ["serve", "--json", "--config", path.to_str().expect("text")];
    world.bridge_of(program(&world.dir, &world.bridge_env(), &args)).await
}

async fn subscribe(world: &World, bridge: &Bridge) {
    let secret = world.get("PAGERDUTY_WEBHOOK_SECRET");
    let url = format!("{}/pd-webhook", bridge.url);
    world.control("pagerduty/webhooks", json!({"url": url, "secret": secret})).await;
}

async fn incident(world: &World, title: &str) -> String {
    let made = world.control("pagerduty/incidents", json!({"title": title})).await;
    made["id"].as_str().expect("an id").to_owned()
}

/// The messages of the bridge in Slack.
fn slack(state: &State) -> Vec<&Value> {
    let all = state.0["slack"]["messages"].as_array().expect("a list");
    all.iter().filter(|one| one["metadata"]["event_type"] == "pagebridge_incident").collect()
}

fn posts(state: &State) -> Vec<&Value> {
    let all = state.0["mattermost"]["posts"].as_array().expect("a list");
    all.iter().filter(|one| one["root_id"] == "").collect()
}

fn cards(state: &State) -> &[Value] {
    state.0["teams"]["cards"].as_array().expect("a list")
}

async fn seen(world: &World, what: &str, fits: impl Fn(&State) -> bool) {
    until(what, async || fits(&world.state().await).then_some(())).await;
}

/// What Slack's only message says first.
fn says(state: &State, words: &str) -> bool {
    matches!(slack(state).as_slice(), [one] if one["text"].as_str().is_some_and(|text| text.starts_with(words)))
}

#[tokio::test]
async fn an_incident_is_one_message_that_follows_it() {
    let world = world("posts").await;
    let bridge = start(&world).await;
    subscribe(&world, &bridge).await;
    let id = incident(&world, "Disk full on <db-07>").await;
    seen(&world, "the message", |s| says(s, "Triggered: ") && cards(s).len() == 1).await;
    let state = world.state().await;
    let text = slack(&state)[0].to_string();
    assert!(text.contains("Disk full on &lt;db-07&gt;") && text.contains("Service: Production"), "{text}");
    assert!(text.contains("pb_ack") && text.contains(&id) && text.contains("Assigned to: "), "{text}");

    world.in_pagerduty(&id, "acknowledge", json!({"user": "Ann Berg"})).await;
    world.in_pagerduty(&id, "note", json!({"user": "Ann Berg", "note": "It is the log volume"})).await;
    seen(&world, "the acknowledgement", |s| says(s, "Acknowledged by Ann Berg (PagerDuty): ")).await;
    seen(&world, "its card", |s| cards(s).iter().any(|c| c.to_string().contains("Acknowledged by Ann Berg"))).await;
    world.in_pagerduty(&id, "resolve", json!({"user": "Ann Berg"})).await;
    seen(&world, "the end", |s| says(s, "Resolved by Ann Berg (PagerDuty): ")).await;
    bridge.settled().await;

    let state = world.state().await;
    assert!(!slack(&state)[0].to_string().contains("pb_resolve"), "the buttons are gone");
    let replies: Vec<&Value> = state.0["slack"]["messages"].as_array().expect("a list").iter().skip(1).collect();
    assert_eq!(replies.len(), 1, "{replies:?}");
    assert_eq!(replies[0]["text"], "Ann Berg (PagerDuty): It is the log volume");
    assert_eq!(posts(&state).len(), 1);
    let post = posts(&state)[0].to_string();
    assert!(post.contains("Resolved by Ann Berg") && !post.contains("pbresolve"), "{post}");
    assert_eq!(cards(&state).len(), 4, "triggered, acknowledged, the note, resolved");
    let calls = &state.0["pagerduty"]["incidents"][0]["notes"];
    assert_eq!(calls.as_array().map(Vec::len), Some(1), "nothing comes back: {calls}");
    assert_eq!(bridge.process.terminate().await, Some(0));
}

#[tokio::test]
async fn whatever_breaks_there_is_one_message_and_it_is_right_at_the_end() {
    let world = world("posts-broken").await;
    let bridge = start(&world).await;
    subscribe(&world, &bridge).await;
    // Slack takes the message and does not answer; the bridge is killed before it can look.
    world.fault(json!({"system": "slack", "fault": "apply_then_reset", "only": "chat.postMessage"})).await;
    world
        .fault(json!({"system": "mattermost", "fault": "apply_then_reset", "count": 1, "only": "POST /api/v4/posts"}))
        .await;
    let id = incident(&world, "Disk full").await;
    seen(&world, "the message", |s| slack(s).len() == 1).await;
    bridge.process.kill().await;
    world.mend().await;
    // Then it is away altogether.
    world.fault(json!({"system": "slack", "fault": "refuse", "status": 503})).await;
    let bridge = start(&world).await;
    world.in_pagerduty(&id, "acknowledge", json!({"user": "Ann Berg"})).await;
    seen(
        &world,
        "the post's acknowledgement",
        |s| matches!(posts(s).as_slice(), [one] if one.to_string().contains("Acknowledged by Ann Berg")),
    )
    .await;
    world.mend().await;
    seen(&world, "the acknowledgement", |s| says(s, "Acknowledged by Ann Berg")).await;
    // Answers to updates are lost too.
    world.fault(json!({"system": "slack", "fault": "apply_then_reset", "count": 2, "only": "chat.update"})).await;
    world.in_pagerduty(&id, "resolve", json!({"user": "Ann Berg"})).await;
    seen(&world, "the end", |s| says(s, "Resolved by Ann Berg")).await;
    bridge.settled().await;
    let state = world.state().await;
    assert_eq!((slack(&state).len(), posts(&state).len()), (1, 1));
    bridge.process.kill().await;
}

#[tokio::test]
async fn doctor_looks_at_the_chats() {
    let world = world("posts-doctor").await;
    world.control("slack/channel", json!({"member": false})).await;
    let ended = world.run(&["doctor", "--config", example().to_str().expect("text")]).await;
    assert!(ended.out.contains("the bot is not in #incidents"), "{}", ended.out);
    assert!(ended.out.contains("/invite"), "{}", ended.out);
    assert!(ended.out.contains("the bot is in `Incidents`"), "{}", ended.out);
}
