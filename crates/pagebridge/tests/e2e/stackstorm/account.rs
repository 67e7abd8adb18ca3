//! A PagerDuty account for each case: a fresh look-alike behind one address, and what arrives at it.

use crate::stackstorm::runner::StackStorm;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{Request, Response};
use pagebridge_sandbox::{ClockMode, Config, Running, Sandbox, SeedFile};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

const SEED: &str = include_str!("../../../../../fixtures/actions/seed.json");

/// One address whose far side can be changed.
#[derive(Clone)]
pub(super) struct Account {
    pub(super) url: String,
    inner: Arc<Inner>,
}

struct Inner {
    client: reqwest::Client,
    to: Mutex<String>,
    lines: Mutex<Vec<String>>,
}

impl Account {
    #[expect(clippy::disallowed_methods, reason = "the proxy ends with the test's runtime")]
    pub(super) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        let inner = Arc::new(Inner { client, to: Mutex::default(), lines: Mutex::default() });
        let router = Router::new().fallback(pass).with_state(inner.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, inner }
    }

    /// Puts a fresh look-alike behind the address.
    pub(super) async fn renew(&self) -> Running {
        let sandbox = Sandbox::start(config()).await.expect("free ports");
        sandbox.pagerduty_url.clone_into(&mut self.inner.to.lock().expect("no panic"));
        sandbox
    }

    /// Takes what arrived since the last time, as the snapshots of the catalogue's tests have it.
    pub(super) fn requests(&self) -> String {
        std::mem::take(&mut *self.inner.lines.lock().expect("no panic")).concat()
    }
}

fn config() -> Config {
    Config {
        seed_file: Some(SeedFile::parse(SEED).expect("a seed file")),
        start: Some("2026-11-27T12:00:00Z".parse().expect("a time")),
        clock: ClockMode::Manual,
        ..Config::default()
    }
}

async fn pass(State(inner): State<Arc<Inner>>, request: Request<Body>) -> Response<Body> {
    let (head, body) = request.into_parts();
    let body: Bytes = axum::body::to_bytes(body, usize::MAX).await.expect("a body");
    let path = head.uri.path_and_query().map(ToString::to_string).unwrap_or_default();
    let header = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let from = header("from").map(|from| format!("  From: {from}")).unwrap_or_default();
    let sent = serde_json::from_slice::<Value>(&body).map(|body| format!("    {body}\n")).unwrap_or_default();
    let line = format!("  {} {}{from}\n{sent}", head.method, path.replace("%5B%5D", "[]").replace("%3A", ":"));
    inner.lines.lock().expect("no panic").push(line);
    let to = inner.to.lock().expect("no panic").clone();
    let mut request = inner.client.request(head.method, format!("{to}{path}")).body(body);
    for name in ["authorization", "accept", "content-type", "from"] {
        if let Some(value) = header(name) {
            request = request.header(name, value);
        }
    }
    let answer = request.send().await.expect("the look-alike answers");
    let (status, bytes) = (answer.status(), answer.bytes().await.expect("a body"));
    let response = Response::builder().status(status).header("content-type", "application/json");
    response.body(Body::from(bytes)).expect("valid")
}

/// Finds or makes what a placeholder of the cases stands for.
pub(super) async fn id(st2: &StackStorm, sandbox: &Running, placeholder: &str) -> String {
    let result = async |action: &str, input: Value| {
        let execution = st2.run(action, &input).await.expect("it is run");
        assert!(execution.succeeded, "{action}: {execution:?}");
        execution.result["body"]["result"].clone()
    };
    let user = json!({"entity_id": "PUSER01"});
    let key = |key: &str| json!(sandbox.pagerduty().incident(key).expect("in the seed").id);
    let found = match placeholder {
        "$disk" => key("db-1/disk"),
        "$cpu" => key("db-1/cpu"),
        "$old" => key("db-1/old"),
        "$window" => result("maintenance_window.find", json!({})).await[0]["id"].clone(),
        "$hook" => result("webhook_subscription.find", json!({})).await[0]["id"].clone(),
        "$contact" => result("user.find_contact_methods", user).await[0]["id"].clone(),
        "$rule" => result("user.find_notification_rules", user).await[0]["id"].clone(),
        "$integration" => result("service.get", json!({"entity_id": "PSHOP01"})).await["integrations"][0]["id"].clone(),
        "$log_entry" => result("log_entry.find", json!({})).await[0]["id"].clone(),
        "$override" => {
            let times =
                json!({"entity_id": "PSCHED1", "since": "2027-01-01T00:00:00Z", "until": "2027-02-01T00:00:00Z"});
            result("schedule.find_overrides", times).await[0]["id"].clone()
        }
        "$priority" => result("priority.find", json!({})).await[0]["id"].clone(),
        "$tag" | "$other_tag" => result("tag.create", json!({"label": placeholder})).await["id"].clone(),
        "$business" => result("business_service.create", json!({"name": "Sales"})).await["id"].clone(),
        "$change" => {
            result("change_event.create", json!({"summary": "deployed"})).await;
            result("change_event.find", json!({})).await[0]["id"].clone()
        }
        "$alerted" | "$alert" => {
            let event = json!({"summary": "slow", "source": "web-1", "dedup_key": "web-1/slow"});
            result("event.trigger", event).await;
            let incident = result("incident.get", json!({"entity_id": "web-1/slow"})).await["id"].clone();
            match placeholder {
                "$alerted" => incident,
                _ => result("incident.find_alerts", json!({"entity_id": incident})).await[0]["id"].clone(),
            }
        }
        "$acknowledged" => {
            result("incident.acknowledge", json!({"entity_id": "db-1/cpu"})).await["incident"]["id"].clone()
        }
        "$team_with_policy" => {
            let both = json!({"entity_id": "PTEAM01", "escalation_policy": "PPOLICY"});
            result("team.add_escalation_policy", both).await;
            json!("PTEAM01")
        }
        "$new_user" => {
            let new = json!({"name": "Cleo Park", "email": "cleo@example.test"});
            result("user.create.simple", new).await["id"].clone()
        }
        "$phone" => {
            let phone = json!({"entity_id": "PUSER01", "type": "phone_contact_method", "label": "Mobile", "address": "5555550100"});
            result("user.create_contact_method.simple", phone).await["id"].clone()
        }
        other => panic!("nothing is called {other}"),
    };
    found.as_str().unwrap_or_else(|| panic!("{placeholder} has no id: {found}")).to_owned()
}
