//! A bridge with all chats, the chats' own APIs, and requests as the chats make them.

use crate::world::{Answer, Bridge, World, project, until};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, Uri};
use axum::routing::any;
use axum::{Json, Router};
use hmac::{Hmac, KeyInit, Mac};
use pagebridge_ports::{Clock, SystemClock};
use serde_json::{Value, json};
use sha2::Sha256;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

pub(super) const SLACK_SECRET: &str = "slack-signing-secret";
pub(super) const MATTERMOST_TOKEN: &str = "mattermost-command-token";
pub(super) const BUTTON_SECRET: &str = "a secret of the buttons";
/// `teams secret` in base64.
pub(super) const TEAMS_TOKEN: &str = "dGVhbXMgc2VjcmV0";

pub(super) const ANN: &str = "ann.berg@example.test";
pub(super) const BEN: &str = "ben.okafor@example.test";
/// Ann at Slack, known by her e-mail address.
pub(super) const SLACK_ANN: &str = "U0ANNBERG";
/// Somebody at Slack whom PagerDuty does not know.
pub(super) const SLACK_STRANGER: &str = "U0STRANGER";
pub(super) const MATTERMOST_ANN: &str = "annsmattermostid";
/// Ben at Teams, known by the table.
pub(super) const TEAMS_BEN: &str = "ben-in-the-directory";

/// What the chats were told: the path, and the body.
type Told = Arc<Mutex<Vec<(String, Value)>>>;

/// A bridge with all chats.
pub(super) struct Lab {
    pub(super) world: World,
    pub(super) bridge: Bridge,
    pub(super) hooks: String,
    told: Told,
}

impl Lab {
    pub(super) async fn new(name: &str) -> Self {
        let mut world = World::config(name).await;
        let pagerduty = world.ready["pagerduty"].clone();
        let (told, hooks) = stand_in().await;
        // An account's token: each change is made in the name of who is said.
        world.set("PAGERDUTY_API_TOKEN", &pagerduty["account_token"]);
        world.set("PAGERDUTY_EVENTS_URL", &pagerduty["url"]);
        world.set("PAGERDUTY_ROUTING_KEY", &pagerduty["routing_key"]);
        for (name, value) in [
            ("SLACK_SIGNING_SECRET", SLACK_SECRET),
            ("SLACK_BOT_TOKEN", "xoxb-bot"),
            ("SLACK_API_URL", &format!("{hooks}/api")),
            ("SLACK_HOOKS_URL", &hooks),
            ("MATTERMOST_URL", &hooks),
            ("MATTERMOST_TOKEN", MATTERMOST_TOKEN),
            ("MATTERMOST_BOT_TOKEN", "mm-bot"),
            ("MATTERMOST_BUTTON_SECRET", BUTTON_SECRET),
            ("TEAMS_SECURITY_TOKEN", TEAMS_TOKEN),
        ] {
            world.set(name, &json!(value));
        }
        let example = std::fs::read_to_string(project().join("examples/chat.toml")).expect("the example");
        let people = format!("\n[[chat.people]]\nemail = \"{BEN}\"\nteams = \"{TEAMS_BEN}\"\n");
        std::fs::write(world.dir.join("pagebridge.toml"), example + &people).expect("a file");
        let bridge = start(&world).await;
        Self { world, bridge, hooks, told }
    }

    /// Ends the bridge as a power cut would, and starts it again when `between` has been done.
    pub(super) async fn crash(self, between: impl AsyncFnOnce(&World)) -> Self {
        let Self { world, bridge, hooks, told } = self;
        bridge.process.kill().await;
        between(&world).await;
        let bridge = start(&world).await;
        Self { world, bridge, hooks, told }
    }

    /// An open incident; gives its id.
    pub(super) async fn incident(&self, title: &str) -> String {
        let service = json!({"id": self.world.get("PAGERDUTY_SERVICE_ID"), "type": "service_reference"});
        let body = json!({"incident": {"type": "incident", "title": title, "service": service}});
        let made = self.pagerduty("POST", "incidents", Some(body)).await;
        made["incident"]["id"].as_str().unwrap_or_else(|| panic!("no incident: {made}")).to_owned()
    }

    /// Asks the sandbox's PagerDuty itself.
    pub(super) async fn pagerduty(&self, method: &str, path: &str, body: Option<Value>) -> Value {
        let world = &self.world;
        let url = format!("{}/{path}", world.get("PAGERDUTY_API_URL"));
        let token = format!("Token token={}", world.get("PAGERDUTY_API_TOKEN"));
        let request = world.client.request(method.parse().expect("a method"), url);
        let request = request.header("authorization", token).header("from", ANN);
        let request = if let Some(body) = &body { request.json(body) } else { request };
        request.send().await.expect("an answer").json().await.expect("JSON")
    }

    pub(super) async fn status(&self, incident: &str) -> String {
        let read = self.pagerduty("GET", &format!("incidents/{incident}"), None).await;
        read["incident"]["status"].as_str().unwrap_or_default().to_owned()
    }

    /// Who has acknowledged an incident.
    pub(super) async fn acknowledger(&self, incident: &str) -> String {
        let read = self.pagerduty("GET", &format!("incidents/{incident}"), None).await;
        read["incident"]["acknowledgements"][0]["acknowledger"]["summary"].as_str().unwrap_or_default().to_owned()
    }

    /// The notes of an incident, with who wrote each.
    pub(super) async fn notes(&self, incident: &str) -> Vec<(String, String)> {
        let read = self.pagerduty("GET", &format!("incidents/{incident}/notes"), None).await;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let notes = read["notes"].as_array().cloned().unwrap_or_default();
        notes.iter().map(|note| (text(&note["user"]["summary"]), text(&note["content"]))).collect()
    }

    /// What was told on this path, once something is.
    pub(super) async fn told(&self, path: &str) -> Value {
        until(&format!("something to be told at {path}"), async || self.told_now(path).into_iter().next()).await
    }

    pub(super) fn told_now(&self, path: &str) -> Vec<Value> {
        let told = self.told.lock().expect("no test panicked with it");
        told.iter().filter(|(at, _)| at == path).map(|(_, body)| body.clone()).collect()
    }

    /// A slash command of Slack; gives what the user sees in the end, also if it took its time.
    pub(super) async fn slack(&self, user: &str, trigger: &str, text: &str) -> Value {
        let answer = self.slack_raw(&self.slack_form(user, trigger, text), now_s(), SLACK_SECRET).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        if answer.body["text"] == "Working on it" {
            self.told(&format!("/commands/{trigger}")).await
        } else {
            answer.body
        }
    }

    pub(super) fn slack_form(&self, user: &str, trigger: &str, text: &str) -> String {
        form(&[
            ("user_id", user),
            ("user_name", "not.to.be.trusted"),
            ("channel_id", "C1"),
            ("command", "/pd"),
            ("text", text),
            ("trigger_id", trigger),
            ("response_url", &format!("{}/commands/{trigger}", self.hooks)),
        ])
    }

    pub(super) async fn slack_raw(&self, body: &str, at_s: i64, secret: &str) -> Answer {
        self.slack_at("chat/slack", body, at_s, secret).await
    }

    pub(super) async fn slack_at(&self, path: &str, body: &str, at_s: i64, secret: &str) -> Answer {
        let signature = format!("v0={}", hex::encode(mac(secret.as_bytes(), format!("v0:{at_s}:{body}").as_bytes())));
        let time = at_s.to_string();
        let headers = [
            ("x-slack-signature", signature.as_str()),
            ("x-slack-request-timestamp", time.as_str()),
            ("content-type", "application/x-www-form-urlencoded"),
        ];
        self.bridge.send(path, &headers, body.as_bytes().to_vec()).await
    }

    /// A slash command of Mattermost; gives what the user sees in the end.
    pub(super) async fn mattermost(&self, user: &str, trigger: &str, text: &str) -> Value {
        let answer = self.mattermost_raw(user, trigger, text, MATTERMOST_TOKEN).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let path = format!("/hooks/commands/{trigger}");
        if answer.body["text"] == "Working on it" { self.told(&path).await } else { answer.body }
    }

    pub(super) async fn mattermost_raw(&self, user: &str, trigger: &str, text: &str, token: &str) -> Answer {
        let url = format!("https://chat.example.com/hooks/commands/{trigger}");
        let body = form(&[
            ("user_id", user),
            ("channel_id", "c1"),
            ("command", "/pd"),
            ("text", text),
            ("trigger_id", trigger),
            ("response_url", &url),
        ]);
        let token = format!("Token {token}");
        let headers = [("authorization", token.as_str()), ("content-type", "application/x-www-form-urlencoded")];
        self.bridge.send("chat/mattermost", &headers, body.into_bytes()).await
    }

    /// A message to the outgoing webhook of Teams.
    pub(super) async fn teams(&self, user: &str, id: &str, html: &str, at_s: i64, key: &[u8]) -> Answer {
        let time = pagerduty::time::text_of_unix_s(at_s).expect("a time");
        let body = json!({
            "type": "message", "id": id, "timestamp": time, "text": html,
            "from": {"id": "29:x", "name": "Somebody", "aadObjectId": user}, "conversation": {"id": "19:x"},
        });
        let body = body.to_string().into_bytes();
        use base64::Engine;
        let signed = base64::engine::general_purpose::STANDARD.encode(mac(key, &body));
        self.bridge.send("chat/teams", &[("authorization", &format!("HMAC {signed}"))], body).await
    }

    /// A command of a program.
    pub(super) async fn plain(&self, text: &str) -> Value {
        let answer = self.bridge.post("api/v1/chat", &json!({"text": text})).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.body
    }
}

async fn start(world: &World) -> Bridge {
    let path = world.dir.join("pagebridge.toml");
    world.bridge(&["--config", path.to_str().expect("text")]).await
}

/// The text of an answer.
pub(super) fn text(body: &Value) -> &str {
    body["text"].as_str().unwrap_or_else(|| panic!("no text: {body}"))
}

pub(super) fn now_s() -> i64 {
    SystemClock.now().0 / 1_000
}

pub(super) fn mac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key).expect("any key");
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

pub(super) fn form(pairs: &[(&str, &str)]) -> String {
    let mut url = reqwest::Url::parse("http://localhost").expect("an address");
    url.query_pairs_mut().extend_pairs(pairs);
    url.query().unwrap_or_default().to_owned()
}

/// Slack's and Mattermost's APIs, as far as they are asked.
async fn stand_in() -> (Told, String) {
    let told = Told::default();
    let router = Router::new()
        .route("/api/users.info", any(slack_user))
        .route("/api/auth.test", any(async || ([("x-oauth-scopes", "commands,users:read.email")], SLACK_BOT)))
        .route("/api/v4/users/{id}", any(mattermost_user))
        .fallback(record)
        .with_state(told.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    #[expect(clippy::disallowed_methods, reason = "it ends with the test")]
    tokio::spawn(async move { axum::serve(listener, router).await });
    (told, format!("http://{address}"))
}

const SLACK_BOT: &str = r#"{"ok": true, "user": "bridge", "team": "Example"}"#;

async fn record(State(told): State<Told>, uri: Uri, body: String) -> &'static str {
    let body = serde_json::from_str(&body).unwrap_or(Value::String(body));
    told.lock().expect("no test panicked with it").push((uri.path().to_owned(), body));
    "{\"ok\": true}"
}

async fn slack_user(headers: HeaderMap, Query(query): Query<HashMap<String, String>>) -> Json<Value> {
    assert_eq!(headers["authorization"], "Bearer xoxb-bot");
    let email = match query["user"].as_str() {
        SLACK_ANN => "Ann.Berg@example.test",
        SLACK_STRANGER => "stranger@example.test",
        _ => return Json(json!({"ok": false, "error": "user_not_found"})),
    };
    Json(json!({"ok": true, "user": {"id": query["user"], "deleted": false, "profile": {"email": email}}}))
}

async fn mattermost_user(Path(id): Path<String>) -> Json<Value> {
    let (id, username) = if id == "me" { ("bot".to_owned(), "bridge") } else { (id, "ann") };
    let email = if id == MATTERMOST_ANN { ANN } else { "stranger@example.test" };
    Json(json!({"id": id, "username": username, "email": email, "delete_at": 0}))
}
