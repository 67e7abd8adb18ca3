//! Buttons under posted incidents.

use super::lab::*;
use crate::world::until;
use pagebridge_chat::button_mac;
use pagerduty::Secret;
use serde_json::json;

fn slack_click(lab: &Lab, user: &str, trigger: &str, action: &str, incident: &str) -> String {
    let button = |id: &str| json!({"type": "button", "action_id": id, "value": incident});
    let payload = json!({
        "type": "block_actions", "user": {"id": user, "username": "x"}, "channel": {"id": "C1"},
        "message": {"ts": "1.2", "blocks": [
            {"type": "section", "text": {"type": "mrkdwn", "text": "*Disk full*"}},
            {"type": "actions", "elements": [button("pb_ack"), button("pb_resolve")]},
        ]},
        "trigger_id": trigger, "response_url": format!("{}/actions/{trigger}", lab.hooks),
        "actions": [{"action_id": action, "type": "button", "value": incident}],
    });
    form(&[("payload", &payload.to_string())])
}

#[tokio::test]
async fn a_click_in_slack_is_done_in_the_users_name_and_the_message_says_so_in_place() {
    let lab = Lab::new("chat-slack-buttons").await;
    let id = lab.incident("one").await;
    let click = async |user: &str, trigger: &str, action: &str| {
        let body = slack_click(&lab, user, trigger, action, &id);
        let answer = lab.slack_at("chat/slack/buttons", &body, now_s(), SLACK_SECRET).await;
        assert_eq!((answer.status, answer.body), (200, json!("")), "Slack wants an empty body");
        lab.told(&format!("/actions/{trigger}")).await
    };
    let told = click(SLACK_ANN, "3.1", "pb_ack").await;
    assert_eq!(told["replace_original"], true, "{told}");
    assert_eq!(told["blocks"][0]["text"]["text"], "*Disk full*");
    assert_eq!(told["blocks"][1]["elements"].as_array().map(Vec::len), Some(1));
    assert_eq!(told["blocks"][2]["elements"][0]["text"], format!("Confirming {id} is acknowledged ({ANN})"));
    assert_eq!(lab.acknowledger(&id).await, "Ann Berg");
    let told = click(SLACK_STRANGER, "3.2", "pb_resolve").await;
    assert!(told["replace_original"] == false && text(&told).contains("nobody knows who you are"), "{told}");
    let told = click(SLACK_ANN, "3.3", "pb_resolve").await;
    assert_eq!(told["blocks"].as_array().map(Vec::len), Some(2), "no buttons are left");
    assert_eq!(lab.status(&id).await, "resolved");
    let body = slack_click(&lab, SLACK_ANN, "3.4", "pb_ack", &id);
    assert_eq!(lab.slack_at("chat/slack/buttons", &body, now_s(), "another").await.status, 401);
    let body = slack_click(&lab, SLACK_ANN, "3.3", "pb_resolve", &id);
    assert_eq!(lab.slack_at("chat/slack/buttons", &body, now_s(), SLACK_SECRET).await.status, 409);
    let body = slack_click(&lab, SLACK_ANN, "3.5", "open_console", &id);
    assert_eq!(lab.slack_at("chat/slack/buttons", &body, now_s(), SLACK_SECRET).await.status, 200);
}

#[tokio::test]
async fn a_click_in_mattermost_needs_a_button_of_ours() {
    let lab = Lab::new("chat-mm-buttons").await;
    let id = lab.incident("one").await;
    let click = async |trigger: &str, action: &str, mac: &str| {
        let context = json!({"action": action, "incident": id, "mac": mac});
        let body = json!({
            "user_id": MATTERMOST_ANN, "user_name": "x", "channel_id": "c1", "post_id": "p1",
            "trigger_id": trigger, "type": "button", "context": context,
        });
        lab.bridge.post("chat/mattermost/buttons", &body).await
    };
    let mac = |action: &str| button_mac(&Secret::new(BUTTON_SECRET), action, &id);
    assert_eq!(click("b1", "pb_ack", "").await.status, 401);
    assert_eq!(click("b1", "pb_ack", &mac("pb_resolve")).await.status, 401);
    // In the answer, or, when it took its time, from the bot.
    let says = async |trigger: &str, action: &str, wanted: &str| {
        let answer = click(trigger, action, &mac(action)).await;
        assert_eq!(answer.status, 200);
        if answer.body["ephemeral_text"] != "Working on it" {
            assert!(answer.body.to_string().contains(wanted), "{:?}", answer.body);
            return;
        }
        let is_told = || lab.told_now("/api/v4/posts/ephemeral").iter().any(|told| told.to_string().contains(wanted));
        until(wanted, async || is_told().then_some(())).await;
    };
    says("b2", "pb_ack", &format!("Confirming {id} is acknowledged")).await;
    assert_eq!(lab.acknowledger(&id).await, "Ann Berg");
    says("b3", "pb_resolve", &format!("Confirming {id} is resolved")).await;
    assert_eq!(click("b3", "pb_resolve", &mac("pb_resolve")).await.status, 409);
    assert_eq!(lab.status(&id).await, "resolved");
}
