//! The chats' own request forms: the documented replies, and what is refused.

use super::lab::*;
use crate::world::until;
use serde_json::json;

#[tokio::test]
async fn slacks_slash_command_answers_with_the_aliases_replies_in_the_users_own_name() {
    let lab = Lab::new("chat-slack").await;
    let id = lab.incident("<!here> disk & <b>").await;
    let listed = lab.slack(SLACK_ANN, "1.1", "get open incidents").await;
    assert_eq!(text(&listed), format!("{id} is 'triggered': Title '&lt;!here&gt; disk &amp; &lt;b&gt;'"));
    assert_eq!(listed["response_type"], "ephemeral");
    let acked = lab.slack(SLACK_ANN, "1.2", &format!("ack incident id {id}")).await;
    assert_eq!(text(&acked), format!("Confirming {id} is acknowledged"));
    assert_eq!(acked["response_type"], "in_channel");
    assert_eq!(lab.acknowledger(&id).await, "Ann Berg");
    let own =
        format!("resolve incident id {id} from &lt;mailto:{ANN}|{ANN}&gt;").replace("&lt;", "<").replace("&gt;", ">");
    let other = lab.slack(SLACK_ANN, "1.3", &format!("resolve incident id {id} from {BEN}")).await;
    assert!(text(&other).contains("only an admin may act in another's name"), "{other}");
    assert_eq!(text(&lab.slack(SLACK_ANN, "1.4", &own).await), format!("Confirming {id} is resolved"));
    let created = lab.slack(SLACK_ANN, "1.5", "create incident the disk is full").await;
    assert!(text(&created).starts_with("Successfully triggered event with inc de-dup key: "), "{created}");
    let stranger = lab.slack(SLACK_STRANGER, "1.6", "get open incidents").await;
    assert!(
        text(&stranger).contains("nobody knows who you are") && text(&stranger).contains(SLACK_STRANGER),
        "{stranger}"
    );
}

#[tokio::test]
async fn what_slack_did_not_send_or_has_sent_before_is_refused() {
    let lab = Lab::new("chat-slack-forged").await;
    let id = lab.incident("one").await;
    let body = lab.slack_form(SLACK_ANN, "2.1", &format!("note {id} once"));
    let status = async |body: &str, at_s: i64, secret: &str| lab.slack_raw(body, at_s, secret).await.status;
    assert_eq!(status(&body, now_s(), "another secret").await, 401);
    assert_eq!(status(&body, now_s() - 400, SLACK_SECRET).await, 401);
    assert_eq!(status(&body, now_s() + 400, SLACK_SECRET).await, 401);
    assert_eq!(lab.bridge.send("chat/slack", &[], body.clone().into_bytes()).await.status, 401);
    assert_eq!(lab.bridge.get("chat/slack").await.status, 405);
    assert_eq!(lab.bridge.send("chat/nothing", &[], Vec::new()).await.status, 404);
    assert_eq!(lab.notes(&id).await, []);
    assert_eq!(status("ssl_check=1&token=x", now_s(), "another secret").await, 200);
    let said = lab.slack(SLACK_ANN, "2.1", &format!("note {id} once")).await;
    assert_eq!(text(&said), format!("Confirming {id} has a new note"));
    assert_eq!(status(&body, now_s(), SLACK_SECRET).await, 409, "the same trigger again");
    let lab = lab.crash(async |_| {}).await;
    let again = lab.slack_raw(&body, now_s(), SLACK_SECRET).await;
    assert_eq!(again.status, 409, "also after a restart");
    assert_eq!(lab.notes(&id).await, [("Ann Berg".to_owned(), "once".to_owned())]);
}

#[tokio::test]
async fn mattermosts_slash_command_answers_with_the_aliases_replies() {
    let lab = Lab::new("chat-mattermost").await;
    let id = lab.incident("[x](y) @all").await;
    let listed = lab.mattermost(MATTERMOST_ANN, "m1", "get open incidents").await;
    assert_eq!(text(&listed), format!("{id} is 'triggered': Title '\\[x\\](y) @\u{200b}all'"));
    let acked = lab.mattermost(MATTERMOST_ANN, "m2", &format!("ack incident id {id}")).await;
    assert_eq!(
        (text(&acked), &acked["response_type"]),
        (format!("Confirming {id} is acknowledged").as_str(), &json!("in_channel"))
    );
    assert_eq!(lab.acknowledger(&id).await, "Ann Berg");
    let resolved = lab.mattermost(MATTERMOST_ANN, "m3", &format!("resolve incident id {id} from {ANN}")).await;
    assert_eq!(text(&resolved), format!("Confirming {id} is resolved"));
    let created = lab.mattermost(MATTERMOST_ANN, "m4", "create incident the disk is full").await;
    assert!(text(&created).starts_with("Successfully triggered event with inc de-dup key: "), "{created}");
    assert_eq!(lab.mattermost_raw(MATTERMOST_ANN, "m5", "help", "another token").await.status, 401);
    assert_eq!(lab.mattermost_raw(MATTERMOST_ANN, "m4", "help", MATTERMOST_TOKEN).await.status, 409);
    let stranger = lab.mattermost("nobody", "m6", "get open incidents").await;
    assert!(text(&stranger).contains("nobody knows who you are"), "{stranger}");
}

#[tokio::test]
async fn teams_is_known_by_its_signature_and_its_people_by_the_table() {
    let lab = Lab::new("chat-teams").await;
    let id = lab.incident("one").await;
    let html = format!("<p><at>Bridge</at>&nbsp;ack incident id {id}</p>");
    let key = b"teams secret";
    assert_eq!(lab.teams(TEAMS_BEN, "1", &html, now_s(), b"another").await.status, 401);
    assert_eq!(lab.teams(TEAMS_BEN, "1", &html, now_s() - 400, key).await.status, 401);
    let answer = lab.teams(TEAMS_BEN, "1", &html, now_s(), key).await;
    assert_eq!((answer.status, &answer.body["type"]), (200, &json!("message")));
    let said = text(&answer.body);
    assert!(said == format!("Confirming {id} is acknowledged") || said.starts_with("Working on it"), "{said}");
    until("Ben to have acknowledged it", async || (lab.acknowledger(&id).await == "Ben Okafor").then_some(())).await;
    assert_eq!(lab.teams(TEAMS_BEN, "1", &html, now_s(), key).await.status, 409);
    let answer = lab.teams("somebody", "2", &html, now_s(), key).await;
    assert!(text(&answer.body).contains("nobody knows who you are"), "{answer:?}");
}

#[tokio::test]
async fn doctor_tries_the_bot_tokens() {
    let lab = Lab::new("chat-doctor").await;
    let ended = lab.world.run(&["doctor", "--config", "pagebridge.toml", "--json"]).await;
    let checks = ended.json()["checks"].clone();
    let detail = |name: &str| {
        let found = checks.as_array().into_iter().flatten().find(|check| check["name"] == name);
        found.unwrap_or_else(|| panic!("no check {name}: {checks}"))["detail"].clone()
    };
    assert_eq!(detail("bot token of slack"), "it is bridge in Example");
    assert_eq!(detail("bot token of mattermost"), "it is bridge");
}
