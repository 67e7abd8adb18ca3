//! A sandbox with a known account, a proxy in front of it that keeps every request, and a caller.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{Request, Response};
use pagebridge_actions::{Caller, Catalogue, Outcome, run};
use pagebridge_sandbox::{ClockMode, Config, PagerDutyConfig, Running, Sandbox, SeedFile};
use pagerduty::{Client, RetryPolicy, Retrying};
use serde_json::{Value, json};

/// 2026-11-27T12:00:00Z, at which the sandbox's clock stands.
pub(crate) const NOW_UNIX_MS: i64 = 1_795_780_800_000;

pub(crate) const KEY: &str = "0123456789abcdef0123456789abcdef";

/// One request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub(crate) method: String,
    /// With the query.
    pub(crate) path: String,
    pub(crate) from: Option<String>,
    pub(crate) body: Option<Value>,
}

pub(crate) struct World {
    pub(crate) sandbox: Running,
    pub(crate) catalogue: Catalogue,
    pub(crate) caller: Caller,
    /// Ids of two open incidents, with the keys `db-1/disk` and `db-1/cpu`.
    pub(crate) disk: String,
    pub(crate) cpu: String,
    kept: Arc<Mutex<Vec<Kept>>>,
}

#[derive(Clone)]
struct Proxy {
    to: String,
    http: reqwest::Client,
    kept: Arc<Mutex<Vec<Kept>>>,
}

impl World {
    pub(crate) async fn start() -> World {
        World::with(PagerDutyConfig::default()).await
    }

    #[expect(clippy::disallowed_methods, reason = "the proxy ends with the test's runtime")]
    pub(crate) async fn with(pagerduty: PagerDutyConfig) -> World {
        let config = Config {
            seed_file: Some(
                SeedFile::parse(include_str!("../../../../fixtures/actions/seed.json")).expect("a seed file"),
            ),
            start: Some("2026-11-27T12:00:00Z".parse().expect("a time")),
            clock: ClockMode::Manual,
            pagerduty,
            ..Config::default()
        };
        let sandbox = Sandbox::start(config).await.expect("free ports");
        let kept = Arc::new(Mutex::new(Vec::new()));
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        let proxy = Proxy { to: sandbox.pagerduty_url.clone(), http, kept: kept.clone() };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let router = Router::new().fallback(pass).with_state(proxy);
        tokio::spawn(async move { axum::serve(listener, router).await });
        let client = Client::builder().rest_url(&url).events_url(&url).token(sandbox.account_token.as_str()).no_proxy();
        // Its own address must never show: the caller's does.
        let client = client.from("nobody@example.test").build().expect("valid settings");
        let policy = RetryPolicy { backoff_ms_first: 0, backoff_ms_max: 0, ..RetryPolicy::default() };
        let caller = Caller {
            from: Some("ann@example.test".to_owned()),
            routing_key: Some(KEY.into()),
            ..Caller::new(Retrying::new(client, policy), NOW_UNIX_MS)
        };
        let of = |key: &str| sandbox.pagerduty().incident(key).expect("in the seed").id;
        let (disk, cpu) = (of("db-1/disk"), of("db-1/cpu"));
        World { disk, cpu, sandbox, catalogue: Catalogue::new(), caller, kept }
    }

    pub(crate) async fn run(&self, name: &str, input: Value) -> Outcome {
        run(&self.catalogue, name, input, &self.caller).await
    }

    /// Runs an action that has to succeed, and gives its result.
    pub(crate) async fn result(&self, name: &str, input: Value) -> Value {
        let outcome = self.run(name, input.clone()).await;
        assert!(outcome.ok, "{name} {input}: {:?}", outcome.error);
        outcome.result.expect("a result")
    }

    /// Takes the requests that came since the last time.
    pub(crate) fn requests(&self) -> Vec<Kept> {
        std::mem::take(&mut *self.kept.lock().expect("no panic"))
    }

    /// The requests since the last time, each as method and path.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.requests().iter().map(|kept| format!("{} {}", kept.method, kept.path)).collect()
    }

    /// Finds or makes what a placeholder of the cases stands for.
    pub(crate) async fn id(&self, placeholder: &str) -> String {
        let user = json!({"entity_id": "PUSER01"});
        let found = match placeholder {
            "$disk" => json!(self.disk),
            "$cpu" => json!(self.cpu),
            "$old" => self.result("incident.get", json!({"entity_id": "db-1/old"})).await["id"].clone(),
            "$window" => self.result("maintenance_window.find", json!({})).await[0]["id"].clone(),
            "$hook" => self.result("webhook_subscription.find", json!({})).await[0]["id"].clone(),
            "$contact" => self.result("user.find_contact_methods", user).await[0]["id"].clone(),
            "$rule" => self.result("user.find_notification_rules", user).await[0]["id"].clone(),
            "$integration" => {
                let service = json!({"entity_id": "PSHOP01"});
                self.result("service.get", service).await["integrations"][0]["id"].clone()
            }
            "$log_entry" => self.result("log_entry.find", json!({})).await[0]["id"].clone(),
            "$override" => {
                let times =
                    json!({"entity_id": "PSCHED1", "since": "2027-01-01T00:00:00Z", "until": "2027-02-01T00:00:00Z"});
                self.result("schedule.find_overrides", times).await[0]["id"].clone()
            }
            "$priority" => self.result("priority.find", json!({})).await[0]["id"].clone(),
            "$tag" | "$other_tag" => self.result("tag.create", json!({"label": placeholder})).await["id"].clone(),
            "$business" => self.result("business_service.create", json!({"name": "Sales"})).await["id"].clone(),
            "$change" => {
                self.result("change_event.create", json!({"summary": "deployed"})).await;
                self.result("change_event.find", json!({})).await[0]["id"].clone()
            }
            "$alerted" | "$alert" => {
                let event = json!({"summary": "slow", "source": "web-1", "dedup_key": "web-1/slow"});
                self.result("event.trigger", event).await;
                let incident = self.result("incident.get", json!({"entity_id": "web-1/slow"})).await["id"].clone();
                if placeholder == "$alerted" {
                    incident
                } else {
                    self.result("incident.find_alerts", json!({"entity_id": incident})).await[0]["id"].clone()
                }
            }
            "$acknowledged" => {
                self.result("incident.acknowledge", json!({"entity_id": "db-1/cpu"})).await["incident"]["id"].clone()
            }
            "$team_with_policy" => {
                let both = json!({"entity_id": "PTEAM01", "escalation_policy": "PPOLICY"});
                self.result("team.add_escalation_policy", both).await;
                json!("PTEAM01")
            }
            "$new_user" => {
                let new = json!({"name": "Cleo Park", "email": "cleo@example.test"});
                self.result("user.create.simple", new).await["id"].clone()
            }
            "$phone" => {
                let phone = json!({"entity_id": "PUSER01", "type": "phone_contact_method", "label": "Mobile", "address": "5555550100"});
                self.result("user.create_contact_method.simple", phone).await["id"].clone()
            }
            other => panic!("nothing is called {other}"),
        };
        found.as_str().unwrap_or_else(|| panic!("{placeholder} has no id: {found}")).to_owned()
    }
}

async fn pass(State(proxy): State<Proxy>, request: Request<Body>) -> Response<Body> {
    let (head, body) = request.into_parts();
    let body: Bytes = axum::body::to_bytes(body, usize::MAX).await.expect("a body");
    let path = head.uri.path_and_query().map(ToString::to_string).unwrap_or_default();
    let header = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    proxy.kept.lock().expect("no panic").push(Kept {
        method: head.method.to_string(),
        path: path.clone(),
        from: header("from"),
        body: serde_json::from_slice(&body).ok(),
    });
    let mut request = proxy.http.request(head.method, format!("{}{path}", proxy.to)).body(body);
    for name in ["authorization", "accept", "content-type", "from"] {
        if let Some(value) = header(name) {
            request = request.header(name, value);
        }
    }
    let answer = request.send().await.expect("the sandbox answers");
    let (status, bytes) = (answer.status(), answer.bytes().await.expect("a body"));
    Response::builder()
        .status(status)
        .header("content-type", "application/json")
        .body(Body::from(bytes))
        .expect("valid")
}
