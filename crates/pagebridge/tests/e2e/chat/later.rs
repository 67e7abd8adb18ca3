//! What takes too long, and what a crash interrupts.

use super::lab::*;
use crate::world::until;
use serde_json::json;

#[tokio::test]
async fn while_pagerduty_is_slow_the_user_is_told_so_and_gets_the_answer_later() {
    let lab = Lab::new("chat-slow").await;
    let id = lab.incident("one").await;
    lab.world
        .fault(json!({"system": "pagerduty", "fault": "slow", "ms": 3_000, "only": "PUT /incidents", "count": 1}))
        .await;
    let body = lab.slack_form(SLACK_ANN, "4.1", &format!("ack incident id {id}"));
    let answer = lab.slack_raw(&body, now_s(), SLACK_SECRET).await;
    assert_eq!((answer.status, text(&answer.body)), (200, "Working on it"));
    let told = lab.told("/commands/4.1").await;
    assert_eq!(text(&told), format!("Confirming {id} is acknowledged"));
    assert_eq!(told["response_type"], "in_channel");
    let log = lab.bridge.process.log();
    for secret in [SLACK_SECRET, "/commands/4.1", "xoxb-bot"] {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
}

#[tokio::test]
async fn a_later_answer_goes_nowhere_but_to_slack() {
    let lab = Lab::new("chat-elsewhere").await;
    let id = lab.incident("one").await;
    lab.world
        .fault(json!({"system": "pagerduty", "fault": "slow", "ms": 3_000, "only": "PUT /incidents", "count": 1}))
        .await;
    let elsewhere = "http://127.0.0.1:1/commands/4.2";
    let here = format!("{}/commands/4.2", lab.hooks);
    let body = lab.slack_form(SLACK_ANN, "4.2", &format!("ack {id}"));
    let body = body.replace(&form(&[("u", &here)])[2..], &form(&[("u", elsewhere)])[2..]);
    assert_eq!(text(&lab.slack_raw(&body, now_s(), SLACK_SECRET).await.body), "Working on it");
    let told = lab.told("/api/chat.postEphemeral").await;
    assert_eq!((&told["user"], text(&told)), (&json!(SLACK_ANN), format!("Confirming {id} is acknowledged").as_str()));
}

#[tokio::test]
async fn what_a_crash_interrupts_is_done_after_it() {
    let lab = Lab::new("chat-crash").await;
    let id = lab.incident("one").await;
    lab.world.fault(json!({"system": "pagerduty", "fault": "time_out", "only": "PUT /incidents"})).await;
    let body = lab.slack_form(SLACK_ANN, "5.1", &format!("ack {id}"));
    assert_eq!(text(&lab.slack_raw(&body, now_s(), SLACK_SECRET).await.body), "Working on it");
    let lab = lab.crash(async |world| world.mend().await).await;
    let told = lab.told("/commands/5.1").await;
    assert_eq!(text(&told), format!("Confirming {id} is acknowledged"));
    assert_eq!(lab.acknowledger(&id).await, "Ann Berg");
    let lab = lab.crash(async |_| {}).await;
    assert_eq!(lab.slack_raw(&body, now_s(), SLACK_SECRET).await.status, 409, "it is not done a third time");
}

#[tokio::test]
async fn what_must_not_be_repeated_is_not_and_the_user_is_told() {
    let lab = Lab::new("chat-crash-note").await;
    let id = lab.incident("one").await;
    lab.world.fault(json!({"system": "pagerduty", "fault": "apply_then_time_out", "only": "POST /incidents"})).await;
    let body = lab.slack_form(SLACK_ANN, "5.2", &format!("note {id} once"));
    assert_eq!(text(&lab.slack_raw(&body, now_s(), SLACK_SECRET).await.body), "Working on it");
    until("the note to be there", async || (lab.notes(&id).await.len() == 1).then_some(())).await;
    let lab = lab.crash(async |world| world.mend().await).await;
    let told = lab.told("/commands/5.2").await;
    assert!(text(&told).contains("nobody knows whether it was done"), "{told}");
    assert_eq!(lab.notes(&id).await.len(), 1);
}
