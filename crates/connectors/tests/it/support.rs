//! What several tests use: a far side that follows a script, and deliveries.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::Response;
use pagebridge_connectors::{Opsgenie, PagerDuty, Secret, netbox, opsgenie, pagerduty};
use pagebridge_core::{
    BridgeName, Content, Delivery, IncidentId, RecordRef, Role, Status, Step, SystemName, Timestamp, Urgency,
};
use pagebridge_ports::ManualClock;
use serde_json::Value;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;

/// Runs a server of a test.
#[expect(
    clippy::disallowed_methods,
    reason = "the server lives as long as the test's runtime, there is no shutdown to wait"
)]
pub(crate) fn spawned(server: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(server);
}

/// One step of a script: the call that must come next, and its answer.
pub(crate) struct Turn {
    call: &'static str,
    status: u16,
    headers: Vec<(&'static str, &'static str)>,
    body: String,
    hangs: bool,
}

/// Expects a call such as `GET /incidents/Q1` (with the query, if it has one) and answers it.
pub(crate) fn on(call: &'static str, status: u16, body: impl Into<Value>) -> Turn {
    Turn { call, status, headers: Vec::new(), body: body.into().to_string(), hangs: false }
}

impl Turn {
    pub(crate) fn header(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Sends these bytes instead of JSON.
    pub(crate) fn raw(mut self, body: &str) -> Self {
        self.body = body.to_owned();
        self
    }

    /// Takes the call and never answers.
    pub(crate) fn hangs(mut self) -> Self {
        self.hangs = true;
        self
    }
}

#[derive(Default)]
struct Script {
    turns: VecDeque<Turn>,
    bodies: Vec<Value>,
    wrong: Vec<String>,
}

/// A far side that follows a script.
#[derive(Clone)]
pub(crate) struct FarSide {
    pub(crate) url: String,
    script: Arc<Mutex<Script>>,
}

impl FarSide {
    pub(crate) async fn follows(turns: impl IntoIterator<Item = Turn>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let script = Script { turns: turns.into_iter().collect(), ..Script::default() };
        let far_side = Self { url, script: Arc::new(Mutex::new(script)) };
        let shared = far_side.clone();
        let router = Router::new().fallback(move |method: Method, uri: Uri, headers: HeaderMap, body: Bytes| {
            let shared = shared.clone();
            async move { shared.answer(&method, &uri, &headers, &body).await }
        });
        spawned(async move {
            let _ = axum::serve(listener, router).await;
        });
        far_side
    }

    async fn answer(&self, method: &Method, uri: &Uri, headers: &HeaderMap, body: &[u8]) -> Response {
        let call = format!("{method} {uri}");
        let turn = {
            let mut script = self.script.lock().expect("no test panics while it holds the script");
            if !headers.contains_key("authorization") {
                script.wrong.push(format!("{call} without a credential"));
            }
            script.bodies.push(serde_json::from_slice(body).unwrap_or(Value::Null));
            let next = script.turns.pop_front();
            if next.as_ref().is_none_or(|turn| turn.call != call) {
                let wanted = next.as_ref().map_or("nothing", |turn| turn.call);
                script.wrong.push(format!("{call}, but {wanted} was to come"));
            }
            next
        };
        let Some(turn) = turn else { return reply(500, &[], "{}") };
        if turn.hangs {
            std::future::pending::<()>().await;
        }
        reply(turn.status, &turn.headers, &turn.body)
    }

    /// Checks that the script was followed to its end, and gives the bodies that were sent.
    pub(crate) fn done(&self) -> Vec<Value> {
        let script = self.script.lock().expect("no test panics while it holds the script");
        assert_eq!(script.wrong, Vec::<String>::new());
        let left: Vec<_> = script.turns.iter().map(|turn| turn.call).collect();
        assert_eq!(left, Vec::<&str>::new(), "never called");
        script.bodies.clone()
    }
}

fn reply(status: u16, headers: &[(&str, &str)], body: &str) -> Response {
    let mut response = Response::new(Body::from(body.to_owned()));
    *response.status_mut() = StatusCode::from_u16(status).expect("a status");
    for (name, value) in headers {
        let name: axum::http::HeaderName = name.parse().expect("a header");
        response.headers_mut().insert(name, value.parse().expect("a value"));
    }
    response
}

pub(crate) const NOW: Timestamp = Timestamp(1_795_183_200_000);

/// How long a call may take in tests where no answer comes, in milliseconds.
const TIMEOUT_MS: u64 = 1_500;

pub(crate) fn opsgenie_settings(url: &str) -> opsgenie::Settings {
    opsgenie::Settings {
        api_url: url.to_owned(),
        timeout_ms: TIMEOUT_MS,
        proxy: false,
        ..opsgenie::Settings::new(SystemName::new("og"), Secret::new("og-key"))
    }
}

pub(crate) fn opsgenie(url: &str) -> Opsgenie {
    Opsgenie::new(opsgenie_settings(url), Arc::new(ManualClock::at(NOW))).expect("the settings are valid")
}

pub(crate) fn netbox_settings(url: &str) -> netbox::Settings {
    let route = netbox::Route {
        alerts: SystemName::new("prod"),
        events: BridgeName::new("netbox"),
        incidents: BridgeName::new("netbox"),
    };
    netbox::Settings {
        timeout_ms: TIMEOUT_MS,
        proxy: false,
        ..netbox::Settings::new(SystemName::new("nb"), url, Secret::new("nb-token"), route)
    }
}

pub(crate) fn pagerduty_settings(url: &str) -> pagerduty::Settings {
    pagerduty::Settings {
        api_url: url.to_owned(),
        from: Some("bridge@example.test".to_owned()),
        timeout_ms: TIMEOUT_MS,
        proxy: false,
        ..pagerduty::Settings::new(SystemName::new("pd"), Secret::new("pd-token"), "PSVC001")
    }
}

/// A connector that knows its user already, so that scripts need not hold the question.
pub(crate) fn pagerduty(url: &str) -> PagerDuty {
    let connector =
        PagerDuty::new(pagerduty_settings(url), Arc::new(ManualClock::at(NOW))).expect("the settings are valid");
    connector.set_user_id("PBRIDGE");
    connector
}

/// A delivery of one step to the record `R`.
pub(crate) fn delivery(step: Step) -> Delivery {
    Delivery {
        incident: IncidentId(12),
        system: SystemName::new("far"),
        number: 3,
        attempts: 0,
        uncertain: false,
        record: (!matches!(step, Step::Create | Step::Find)).then(|| RecordRef::id("R")),
        step,
        role: Role::Record,
        belongs_to: None,
        left: None,
        opened_at: pagebridge_core::Timestamp(0),
        create_key: "key-1".to_owned(),
        content: Content {
            title: "disk full".to_owned(),
            body: "98 %".to_owned(),
            urgency: Urgency::Low,
            ..Content::default()
        },
        status: Status::Triggered,
        by: Some("Ann (PagerDuty)".to_owned()),
        note: "dana (Opsgenie): looking".to_owned(),
        mark: "[pb:x-12-3]".to_owned(),
    }
}

pub(crate) fn uncertain(step: Step) -> Delivery {
    Delivery { uncertain: true, ..delivery(step) }
}

pub(crate) fn set(from: Status, to: Status) -> Delivery {
    delivery(Step::SetStatus { from: Some(from), to })
}
