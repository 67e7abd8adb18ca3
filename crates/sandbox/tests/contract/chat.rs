//! Slack, Mattermost and a Teams workflow, held against their documented contracts.

use pagebridge_sandbox::{ClockMode, Config, Effect, Fault, System};
use serde_json::{Value, json};

use crate::common::{Answer, World};

async fn slack(world: &World, method: &str, body: Value) -> Value {
    let url = format!("{}/api/{method}", world.sandbox.slack_url);
    let request = world.http.post(url).bearer_auth(&world.sandbox.slack_bot_token);
    let request = if method.starts_with("chat.") {
        request.json(&body)
    } else {
        request.header("Content-Type", "application/x-www-form-urlencoded").body(form(&body))
    };
    let answer = Answer::read(request.send().await.expect("an answer")).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.body
}

/// The values are plain enough to need no escapes.
fn form(body: &Value) -> String {
    let fields = body.as_object().expect("fields").iter();
    fields.map(|(name, value)| format!("{name}={}", value.as_str().expect("a text"))).collect::<Vec<_>>().join("&")
}

async fn mattermost(world: &World, method: &str, path: &str, body: Option<Value>) -> Answer {
    let url = format!("{}/api/v4{path}", world.sandbox.mattermost_url);
    let request = world.http.request(method.parse().expect("a method"), url);
    let request = request.bearer_auth(&world.sandbox.mattermost_bot_token);
    let request = body.iter().fold(request, |request, body| request.json(body));
    Answer::read(request.send().await.expect("an answer")).await
}

fn button(value: &str) -> Value {
    json!([{"type": "actions", "elements": [
        {"type": "button", "action_id": "a", "text": {"type": "plain_text", "text": "Go"}, "value": value},
    ]}])
}

#[tokio::test]
async fn a_slack_message_is_posted_updated_in_place_and_read_back() {
    let world = World::start().await;
    let channel = world.sandbox.slack_channel.clone();
    let metadata = json!({"event_type": "incident", "event_payload": {"mark": "m1"}});
    let post = json!({"channel": channel, "text": "disk full", "blocks": button("v"), "metadata": metadata});
    let posted = slack(&world, "chat.postMessage", post).await;
    assert_eq!((posted["ok"].clone(), posted["channel"].clone()), (json!(true), json!(channel)));
    let reply = json!({"channel": channel, "text": "looking", "thread_ts": posted["ts"]});
    assert_eq!(slack(&world, "chat.postMessage", reply).await["ok"], true);
    let update = json!({"channel": channel, "ts": posted["ts"], "text": "disk full, resolved"});
    assert_eq!(slack(&world, "chat.update", update).await["ts"], posted["ts"]);

    let plain = slack(&world, "conversations.history", json!({"channel": channel})).await;
    let messages = plain["messages"].as_array().expect("a list");
    assert_eq!(messages.len(), 1, "replies are not in the history");
    assert_eq!((&messages[0]["text"], &messages[0]["metadata"]), (&json!("disk full, resolved"), &Value::Null));
    assert!(messages[0]["blocks"].is_null(), "a text alone takes the blocks away");
    let whole =
        json!({"channel": channel, "include_all_metadata": "true", "oldest": posted["ts"], "inclusive": "true"});
    assert_eq!(slack(&world, "conversations.history", whole).await["messages"][0]["metadata"], metadata);
    let thread = slack(&world, "conversations.replies", json!({"channel": channel, "ts": posted["ts"]})).await;
    assert_eq!(thread["messages"][1]["text"], "looking");
}

#[tokio::test]
async fn the_history_comes_in_pages_the_newest_first() {
    let world = World::start().await;
    for number in 0..5 {
        world.sandbox.slack().say(&format!("m{number}"));
    }
    let channel = &world.sandbox.slack_channel;
    let first = slack(&world, "conversations.history", json!({"channel": channel, "limit": "2"})).await;
    assert_eq!((&first["messages"][0]["text"], &first["has_more"]), (&json!("m4"), &json!(true)));
    let cursor = &first["response_metadata"]["next_cursor"];
    let next = json!({"channel": channel, "limit": "4", "cursor": cursor});
    let second = slack(&world, "conversations.history", next).await;
    assert_eq!((&second["messages"][0]["text"], &second["has_more"]), (&json!("m2"), &json!(false)));
}

#[tokio::test]
async fn slack_refuses_in_its_own_words() {
    let world = World::start().await;
    let channel = world.sandbox.slack_channel.clone();
    let says = async |method: &str, body: Value| slack(&world, method, body).await["error"].clone();
    let text = |length: usize| "x".repeat(length);
    let section = |length: usize| json!({"channel": channel, "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": text(length)}}]});
    assert_eq!(says("chat.postMessage", json!({"channel": "C1", "text": "x"})).await, "channel_not_found");
    assert_eq!(says("chat.postMessage", json!({"channel": channel})).await, "no_text");
    assert_eq!(says("chat.postMessage", section(3_000)).await, Value::Null);
    assert_eq!(says("chat.postMessage", section(3_001)).await, "invalid_blocks");
    let long = json!({"channel": channel, "attachments": [{"color": "#fff", "blocks": button(&text(2_001))}]});
    assert_eq!(says("chat.postMessage", long).await, "invalid_blocks");
    let bare = json!({"channel": channel, "text": "x", "metadata": {"mark": 1}});
    assert_eq!(says("chat.postMessage", bare).await, "invalid_metadata_format");
    let other = world.sandbox.slack().say("mine");
    assert_eq!(says("chat.update", json!({"channel": channel, "ts": other, "text": "x"})).await, "cant_update_message");
    assert_eq!(says("chat.update", json!({"channel": channel, "ts": "1.2", "text": "x"})).await, "message_not_found");
    world.control("POST", "/slack/channel", Some(json!({"archived": true}))).await;
    assert_eq!(says("chat.postMessage", json!({"channel": channel, "text": "x"})).await, "is_archived");
    world.control("POST", "/slack/channel", Some(json!({"member": false}))).await;
    assert_eq!(says("chat.postMessage", json!({"channel": channel, "text": "x"})).await, "not_in_channel");
    assert_eq!(slack(&world, "conversations.info", json!({"channel": channel})).await["channel"]["is_member"], false);
    assert_eq!(says("users.info", json!({"user": "U1"})).await, "user_not_found");

    let url = format!("{}/api/auth.test", world.sandbox.slack_url);
    let answer = Answer::read(world.http.post(url).bearer_auth("xoxb-other").send().await.expect("an answer")).await;
    assert_eq!((answer.status, answer.body), (200, json!({"ok": false, "error": "invalid_auth"})));
}

#[tokio::test]
async fn people_are_known_by_their_emails() {
    let world = World::start().await;
    let user = &world.sandbox.ready_json()["slack"]["users"][0];
    let shown = slack(&world, "users.info", json!({"user": user["id"]})).await;
    assert_eq!(shown["user"]["profile"]["email"], "ann.berg@example.test");
    let made = world.control("POST", "/slack/users", Some(json!({"name": "No Mail"}))).await;
    let shown = slack(&world, "users.info", json!({"user": made.body["id"]})).await;
    assert!(shown["user"]["profile"].get("email").is_none());
    let user = &world.sandbox.ready_json()["mattermost"]["users"][1];
    let id = user["id"].as_str().expect("an id");
    assert_eq!(mattermost(&world, "GET", &format!("/users/{id}"), None).await.body["email"], "ben.okafor@example.test");
}

#[tokio::test]
async fn an_address_takes_five_answers_within_half_an_hour() {
    let world = World::with(Config { clock: ClockMode::Manual, ..Config::default() }).await;
    for url in [world.sandbox.slack().response_url(), world.sandbox.mattermost().response_url()] {
        let answer = async || {
            let sent = world.http.post(&url).json(&json!({"text": "done"})).send().await.expect("an answer");
            Answer::read(sent).await.status
        };
        for _ in 0..5 {
            assert_eq!(answer().await, 200);
        }
        assert_eq!(answer().await, 404);
    }
    let late = world.control("POST", "/slack/response-urls", None).await.body["url"].clone();
    world.sandbox.clock().advance(31 * 60 * 1_000);
    let sent = world.http.post(late.as_str().expect("an address")).json(&json!({"text": "late"})).send().await;
    assert_eq!(Answer::read(sent.expect("an answer")).await.text, "expired_url");
    assert_eq!(world.sandbox.slack().snapshot().responses.len(), 5);
}

#[tokio::test]
async fn a_mattermost_post_is_made_patched_in_place_and_listed() {
    let world = World::start().await;
    let channel = world.sandbox.mattermost_channel_id.clone();
    let action =
        json!({"id": "pback", "name": "Acknowledge", "integration": {"url": "https://x.test", "context": {"a": 1}}});
    let props = json!({"attachments": [{"text": "disk full", "actions": [action]}], "mark": "m1"});
    let made = mattermost(&world, "POST", "/posts", Some(json!({"channel_id": channel, "props": props}))).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let id = made.body["id"].as_str().expect("an id").to_owned();
    assert_eq!(id.len(), 26);
    assert!(made.body["props"]["attachments"][0]["actions"][0].get("integration").is_none(), "it stays on the server");
    let reply = json!({"channel_id": channel, "root_id": id, "message": "looking"});
    assert_eq!(mattermost(&world, "POST", "/posts", Some(reply.clone())).await.status, 201);
    let patch = json!({"message": "resolved", "props": {"mark": "m1"}});
    let patched = mattermost(&world, "PUT", &format!("/posts/{id}/patch"), Some(patch)).await;
    assert_eq!((patched.status, &patched.body["props"]["attachments"]), (200, &Value::Null));
    assert_eq!(patched.body["props"]["mark"], "m1");

    let listed = mattermost(&world, "GET", &format!("/channels/{channel}/posts?per_page=1&page=1"), None).await;
    assert_eq!(listed.body["order"], json!([id]), "newest first, replies among them");
    let since = mattermost(&world, "GET", &format!("/channels/{channel}/posts?since=1"), None).await;
    assert_eq!(since.body["order"].as_array().map(Vec::len), Some(2));
    let thread = mattermost(&world, "GET", &format!("/posts/{id}/thread"), None).await;
    assert_eq!(thread.body["order"].as_array().map(Vec::len), Some(2));
    world.control("DELETE", &format!("/mattermost/posts/{id}"), None).await;
    assert_eq!(mattermost(&world, "GET", &format!("/posts/{id}"), None).await.status, 404);
    let orphan = mattermost(&world, "POST", "/posts", Some(reply)).await;
    assert_eq!((orphan.status, &orphan.body["id"]), (400, &json!("api.post.create_post.root_id.app_error")));
}

#[tokio::test]
async fn mattermost_refuses_in_its_own_shape() {
    let world = World::start().await;
    let channel = world.sandbox.mattermost_channel_id.clone();
    let url = format!("{}/api/v4/users/me", world.sandbox.mattermost_url);
    let answer = Answer::read(world.http.get(url).send().await.expect("an answer")).await;
    assert_eq!((answer.status, &answer.body["status_code"]), (401, &json!(401)));
    let empty = mattermost(&world, "POST", "/posts", Some(json!({"channel_id": channel, "message": ""}))).await;
    assert_eq!(empty.status, 400);
    let long = json!({"channel_id": channel, "message": "x".repeat(16_384)});
    assert_eq!(mattermost(&world, "POST", "/posts", Some(long)).await.status, 400);
    let mine = world.sandbox.mattermost().say("mine");
    let path = format!("/posts/{mine}/patch");
    assert_eq!(mattermost(&world, "PUT", &path, Some(json!({"message": "x"}))).await.status, 403);
    world.control("POST", "/mattermost/channel", Some(json!({"member": false}))).await;
    assert_eq!(mattermost(&world, "GET", &format!("/channels/{channel}/members/me"), None).await.status, 404);
    let post = json!({"channel_id": channel, "message": "x"});
    assert_eq!(mattermost(&world, "POST", "/posts", Some(post)).await.status, 403);
}

#[tokio::test]
async fn a_teams_workflow_takes_cards_and_tells_nothing() {
    let world = World::start().await;
    let url = &world.sandbox.teams_workflow_url;
    let card = |text: &str| {
        let content = json!({"type": "AdaptiveCard", "version": "1.4", "body": [{"type": "TextBlock", "text": text}]});
        let attachment = json!({"contentType": "application/vnd.microsoft.card.adaptive", "content": content});
        json!({"type": "message", "attachments": [attachment]})
    };
    let send = async |url: &str, body: &Value| {
        world.http.post(url).json(body).send().await.expect("an answer").status().as_u16()
    };
    assert_eq!(send(url, &card("disk full")).await, 202);
    assert_eq!(send(url, &json!({"text": "disk full"})).await, 400);
    assert_eq!(send(url, &card(&"x".repeat(28 * 1024))).await, 413);
    assert_eq!(send(&url.replace("sig=", "sig=x"), &card("x")).await, 401);
    let cards = world.sandbox.teams().snapshot().cards;
    assert_eq!(cards.len(), 1);
    assert_eq!(cards[0].content["body"][0]["text"], "disk full");
}

#[tokio::test]
async fn faults_disturb_the_chats_as_they_do_the_others() {
    let world = World::start().await;
    let headers = [("Retry-After".to_owned(), "2".to_owned())].into();
    world.sandbox.add_fault(Fault::new(System::Slack, Effect::Refuse { status: 429, headers, body: None }).count(1));
    let url = format!("{}/api/auth.test", world.sandbox.slack_url);
    let answer = Answer::read(world.http.post(&url).send().await.expect("an answer")).await;
    assert_eq!((answer.status, answer.headers["retry-after"].as_str()), (429, "2"));
    assert_eq!(answer.body["error"], "ratelimited");
    world.sandbox.add_fault(Fault::new(System::Mattermost, Effect::ApplyThenReset).count(1).only("POST /api/v4/posts"));
    let url = format!("{}/api/v4/posts", world.sandbox.mattermost_url);
    let body = json!({"channel_id": world.sandbox.mattermost_channel_id, "message": "x"});
    let sent = world.http.post(url).bearer_auth(&world.sandbox.mattermost_bot_token).json(&body).send().await;
    assert!(sent.is_err(), "the connection is reset");
    assert_eq!(world.sandbox.mattermost().snapshot().posts.len(), 1, "but it was applied");
    let fault = json!({"system": "teams", "fault": "refuse", "status": 503, "count": 1});
    assert_eq!(world.control("POST", "/faults", Some(fault)).await.status, 201);
    let sent = world.http.post(&world.sandbox.teams_workflow_url).json(&body).send().await;
    assert_eq!(sent.expect("an answer").status().as_u16(), 503);
}
