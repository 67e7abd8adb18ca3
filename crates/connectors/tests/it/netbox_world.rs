//! A small NetBox for the follower, a store, and the connector between them.

use crate::support::{NOW, netbox_settings, spawned};
use axum::Router;
use axum::extract::{Query, State};
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use pagebridge_connectors::netbox::Settings;
use pagebridge_connectors::{NetBox, Secret};
use pagebridge_core::{
    Bridge, BridgeName, Bridges, Direction, Incident, Outcome, PollPolicy, Status, Step, SystemName, Work,
};
use pagebridge_ports::{
    CheckResult, Clock, Connector, IncidentFilter, ManualClock, MemoryStore, Receive, Received, Settlement, Store,
    Upkeep,
};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;

/// What a small NetBox holds.
#[derive(Default)]
pub(crate) struct Held {
    pub(crate) events: BTreeMap<i64, Value>,
    pub(crate) incidents: BTreeMap<i64, Value>,
    pub(crate) dependencies: Vec<Value>,
    pub(crate) calls: Vec<String>,
    pub(crate) is_down: bool,
    /// Parts of addresses over which NetBox fails.
    pub(crate) broken: Vec<&'static str>,
    pub(crate) page_max: usize,
}

pub(crate) type Shared = Arc<Mutex<Held>>;

/// A small NetBox, a store, and the connector between them.
pub(crate) struct World {
    pub(crate) held: Shared,
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) netbox: NetBox,
    pub(crate) url: String,
}

async fn answer(
    State(held): State<Shared>,
    method: Method,
    uri: Uri,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    let mut held = held.lock().expect("no test panics while it holds this");
    held.calls.push(format!("{method} {uri}"));
    if held.is_down {
        return (StatusCode::BAD_GATEWAY, "down").into_response();
    }
    if held.broken.iter().any(|part| uri.to_string().contains(part)) {
        let body = json!({"error": "boom", "exception": "TypeError", "netbox_version": "4.5.0"});
        return (StatusCode::INTERNAL_SERVER_ERROR, axum::Json(body)).into_response();
    }
    let path: Vec<&str> = uri.path().trim_matches('/').split('/').skip(3).collect();
    match path[..] {
        ["events"] => list(held.events.values(), &query, held.page_max),
        ["incidents"] => list(held.incidents.values(), &query, held.page_max),
        ["service-dependencies"] => list(held.dependencies.iter(), &query, held.page_max),
        ["events", id] => one(held.events.get(&id.parse().expect("an id")), "Event"),
        ["incidents", id] => one(held.incidents.get(&id.parse().expect("an id")), "Incident"),
        _ => (StatusCode::NOT_FOUND, "<!DOCTYPE html>").into_response(),
    }
}

fn one(object: Option<&Value>, model: &str) -> Response {
    match object {
        Some(object) => axum::Json(object).into_response(),
        None => {
            let body = json!({"detail": format!("No {model} matches the given query.")});
            (StatusCode::NOT_FOUND, axum::Json(body)).into_response()
        }
    }
}

fn list<'a>(
    objects: impl DoubleEndedIterator<Item = &'a Value>,
    query: &HashMap<String, String>,
    page_max: usize,
) -> Response {
    let number = |name: &str| query.get(name).and_then(|text| text.parse::<usize>().ok());
    let (offset, limit) = (number("offset").unwrap_or(0), number("limit").unwrap_or(50).min(page_max));
    let status = query.get("status");
    let mut all: Vec<&Value> = objects.filter(|o| status.is_none_or(|s| o["status"] == s.as_str())).collect();
    if query.get("ordering").is_some_and(|order| order == "-id") {
        all.reverse();
    }
    let next = (offset + limit < all.len()).then_some("http://elsewhere.test/?offset=1");
    let results: Vec<_> = all.iter().skip(offset).take(limit).collect();
    axum::Json(json!({"count": all.len(), "next": next, "previous": null, "results": results})).into_response()
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let held = Shared::new(Mutex::new(Held { page_max: 1_000, ..Held::default() }));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let router = Router::new().fallback(answer).with_state(held.clone());
        spawned(async move {
            let _ = axum::serve(listener, router).await;
        });
        let made = Self::over(&url, |settings| {
            settings.webhook_secrets = vec![Secret::new("unused")];
            change(settings);
        });
        Self { held, ..made }
    }

    /// The same with a NetBox that is somewhere else.
    pub(crate) fn over(url: &str, change: impl FnOnce(&mut Settings)) -> Self {
        let back = Direction::default();
        let bridge = |alerts: &str, name: &str| Bridge {
            name: BridgeName::new(name),
            ..Bridge::netbox(("nb", "NetBox"), (alerts, "PagerDuty"), Some(("pd", "PagerDuty")), back)
        };
        let mut rules = Bridges::new(vec![bridge("prod", "netbox"), bridge("db", "netbox-db")]).with_instance("test");
        rules.polls.insert(SystemName::new("nb"), PollPolicy::ON_DEMAND);
        let store = Arc::new(MemoryStore::new(Arc::new(rules)));
        let clock = Arc::new(ManualClock::at(NOW));
        let mut settings = netbox_settings(url);
        change(&mut settings);
        let netbox = NetBox::new(settings, clock.clone()).expect("valid");
        Self { held: Shared::default(), store, clock, netbox, url: url.to_owned() }
    }

    /// The same with another process.
    pub(crate) fn restarted(&self, send_backlog: bool) -> Self {
        let settings = Settings { send_backlog, ..netbox_settings(&self.url) };
        Self {
            netbox: NetBox::new(settings, self.clock.clone()).expect("valid"),
            held: self.held.clone(),
            store: self.store.clone(),
            clock: self.clock.clone(),
            url: self.url.clone(),
        }
    }

    pub(crate) fn event(&self, id: i64, changes: Value) {
        let mut json = json!({"id": id, "message": format!("event {id}"), "dedup_id": format!("d{id}"), "status": "triggered",
            "criticallity": "high", "last_seen_at": "2026-11-20T14:30:00Z", "is_valid": true, "incident_ids": []});
        json.as_object_mut().expect("an object").extend(changes.as_object().expect("changes").clone());
        self.held.lock().expect("held").events.insert(id, json);
    }

    pub(crate) fn incident(&self, id: i64, changes: Value) {
        let mut json = json!({"id": id, "title": format!("incident {id}"), "description": "", "status": "new", "severity": "high",
            "affected_services": [], "updated_at": "2026-11-20T14:00:00Z", "resolved_at": null});
        json.as_object_mut().expect("an object").extend(changes.as_object().expect("changes").clone());
        self.held.lock().expect("held").incidents.insert(id, json);
    }

    /// Runs the follower after this time, and then reads what it has asked for.
    pub(crate) async fn after(&self, ms: i64) {
        self.clock.advance(ms);
        let kept = self.netbox.run(&*self.store).await;
        assert_eq!(kept.check.result, CheckResult::Ok, "{:?}", kept.check);
        self.clock.advance(1_000);
        self.work("nb").await;
        self.work("prod").await;
        self.work("db").await;
    }

    /// The next round.
    pub(crate) async fn round(&self) {
        self.after(30_000).await;
    }

    /// Carries out what is due at a system; PagerDuty's side takes everything.
    pub(crate) async fn work(&self, system: &str) {
        let system = SystemName::new(system);
        loop {
            let now = self.clock.now();
            let leased = self.store.lease(&system, now, 60_000, 50).await.expect("leases");
            if leased.is_empty() {
                return;
            }
            for leased in leased {
                let (step, outcome) = match &leased.work {
                    Work::Poll { record, .. } => (None, self.netbox.read(record).await),
                    Work::Deliver(delivery) if system.as_str() == "nb" => {
                        (Some(delivery.step.clone()), self.netbox.deliver(delivery).await)
                    }
                    Work::Deliver(delivery) => {
                        let made = pagebridge_core::RecordRef::id(&delivery.create_key);
                        let status = (delivery.step == Step::Create).then_some(Status::Triggered);
                        let outcome = Outcome::Delivered { record: Some(made), status, status_at: None, note: None };
                        (Some(delivery.step.clone()), outcome)
                    }
                };
                let settlement = Settlement { number: leased.work.number(), step, started_at: now, outcome };
                self.store.settle(leased.lease, settlement, now).await.expect("settles");
            }
        }
    }

    pub(crate) async fn incidents(&self) -> Vec<Incident> {
        let filter = IncidentFilter { limit: 1_000, ..IncidentFilter::default() };
        let mut all = self.store.incidents(filter).await.expect("lists");
        all.reverse();
        all.retain(|incident| incident.discarded.is_none());
        all
    }

    /// Every alert with its key and what it holds, in order of making.
    pub(crate) async fn alerts(&self) -> Vec<(String, Status)> {
        let all = self.incidents().await;
        let alert = |incident: &Incident| {
            let link = ["prod", "db"].into_iter().find_map(|system| incident.link(system))?;
            Some((link.create_key.clone(), link.known?))
        };
        all.iter().filter_map(alert).collect()
    }

    /// The same in order of their keys.
    pub(crate) async fn sorted_alerts(&self) -> Vec<(String, Status)> {
        let mut alerts = self.alerts().await;
        alerts.sort();
        alerts
    }

    pub(crate) fn calls(&self) -> Vec<String> {
        std::mem::take(&mut self.held.lock().expect("held").calls)
    }

    fn hook(&self, event: &str, kind: &str, id: i64) -> Received {
        let body = json!({"event": event, "object_type": format!("business_application.{kind}"), "data": {"id": id},
            "timestamp": "2026-11-20T14:22:21+00:00", "request_id": format!("{event}-{id}")});
        let body = body.to_string();
        self.netbox.receive(&crate::netbox_receive::signed("unused", body.as_bytes()), body.as_bytes()).expect("taken")
    }

    pub(crate) async fn hear(&self, event: &str, kind: &str, id: i64) {
        if let Received::Input(input) = self.hook(event, kind, id) {
            self.store.accept(*input, self.clock.now()).await.expect("accepted");
        }
    }
}
