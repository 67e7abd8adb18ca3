//! A small NetBox, as much of one as the bridge speaks to: lists that know the filter `status` and no other, changes in bulk
//! that leave no trace, webhooks that are sent once, and 403 to everything that is wrong with a login.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha512;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::net::TcpListener;

pub(crate) const SECRET: &str = "hook-secret";
/// The bridge's own token, and that of a person, one of each version.
pub(crate) const BRIDGE: &str = "0123456789abcdef0123456789abcdef01234567";
pub(crate) const PERSON: &str = "nbt_abcdefghijkl.0123456789abcdef0123456789abcdef01234567";

#[derive(Default)]
pub(crate) struct Held {
    pub(crate) events: BTreeMap<i64, Value>,
    pub(crate) incidents: BTreeMap<i64, Value>,
    /// Which service depends on which.
    pub(crate) dependencies: Vec<Value>,
    /// Where webhooks go; nowhere when it is not set.
    hook: Option<String>,
    /// Whether the bridge's token may not write.
    pub(crate) read_only: bool,
    /// Versions before 4.5 do not tell whose a token is.
    pub(crate) old: bool,
    pub(crate) down: bool,
    /// How often it was asked whose a token is.
    pub(crate) asked: u32,
    /// What the bridge has written.
    pub(crate) written: Vec<Value>,
    /// Seconds that have passed.
    ticks: u32,
}

#[derive(Clone)]
pub(crate) struct Small {
    pub(crate) url: String,
    held: Arc<Mutex<Held>>,
    client: reqwest::Client,
}

impl Small {
    pub(crate) async fn start(client: &reqwest::Client) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let small = Self { url, held: Arc::default(), client: client.clone() };
        let router = Router::new().fallback(answer).with_state(small.clone());
        spawned(async move {
            let _ = axum::serve(listener, router).await;
        });
        small
    }

    pub(crate) fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().expect("no test panics while it holds this")
    }

    /// From now on webhooks are sent to a bridge.
    pub(crate) fn hook(&self, bridge: Option<&str>) {
        self.held().hook = bridge.map(|url| format!("{url}/hooks/netbox"));
    }

    /// A person makes an Event.
    pub(crate) async fn event(&self, fields: Value) -> i64 {
        let usual = json!({
            "message": "Disk full on db-07", "dedup_id": "db-07-disk", "status": "triggered", "criticallity": "critical",
            "event_source_name": "prometheus", "is_valid": true, "object_id": null, "content_type": null,
            "incident_ids": [], "raw": {},
        });
        self.make("event", usual, fields).await
    }

    /// A person makes an Incident.
    pub(crate) async fn incident(&self, fields: Value) -> i64 {
        let usual = json!({
            "title": "Payments degraded", "description": "5xx rate", "status": "new", "severity": "high",
            "detected_at": null, "resolved_at": null, "reporter": "alice", "commander": "bob", "events_count": 0,
            "responders_count": 0, "affected_services": [{"id": 1, "name": "payments"}],
        });
        self.make("incident", usual, fields).await
    }

    async fn make(&self, model: &str, usual: Value, fields: Value) -> i64 {
        let id = {
            let mut held = self.held();
            let at = held.tick();
            let mut object = usual;
            let list = held.list(model);
            let id = list.keys().last().map_or(1, |id| id + 1);
            merge(&mut object, &fields);
            merge(&mut object, &json!({"id": id, "created_at": at, "updated_at": at, "last_seen_at": at}));
            list.insert(id, object);
            id
        };
        self.tell("created", model, id).await;
        id
    }

    /// A person changes an object.
    pub(crate) async fn change(&self, model: &str, id: i64, fields: Value) {
        self.apply(model, id, &fields);
        self.tell("updated", model, id).await;
    }

    /// The same in bulk: no webhook, and no time is moved.
    pub(crate) fn change_silently(&self, model: &str, id: i64, fields: &Value) {
        merge(self.held().list(model).get_mut(&id).expect("it is there"), fields);
    }

    pub(crate) async fn delete(&self, model: &str, id: i64) {
        let gone = self.held().list(model).remove(&id).expect("it is there");
        self.send("deleted", model, gone).await;
    }

    pub(crate) fn get(&self, model: &str, id: i64) -> Value {
        self.held().list(model)[&id].clone()
    }

    fn apply(&self, model: &str, id: i64, fields: &Value) -> Option<Value> {
        let mut held = self.held();
        let at = held.tick();
        let object = held.list(model).get_mut(&id)?;
        merge(object, fields);
        merge(object, &json!({ "updated_at": at }));
        Some(object.clone())
    }

    async fn tell(&self, what: &str, model: &str, id: i64) {
        let object = self.held().list(model)[&id].clone();
        self.send(what, model, object).await;
    }

    /// Sends a webhook, once.
    async fn send(&self, what: &str, model: &str, object: Value) {
        let Some(hook) = self.held().hook.clone() else { return };
        let at = self.held().tick();
        let body = json!({
            "event": what, "timestamp": at, "object_type": format!("business_application.{model}"), "username": "ann",
            "request_id": format!("{what}-{model}-{at}"), "data": object, "snapshots": {"prechange": null},
        })
        .to_string();
        let mut mac = Hmac::<Sha512>::new_from_slice(SECRET.as_bytes()).expect("any key");
        mac.update(body.as_bytes());
        let signature = hex::encode(mac.finalize().into_bytes());
        let request = self.client.post(hook).header("content-type", "application/json");
        let _ = request.header("x-hook-signature", signature).body(body).send().await;
    }
}

impl Held {
    fn list(&mut self, model: &str) -> &mut BTreeMap<i64, Value> {
        if model.starts_with("event") { &mut self.events } else { &mut self.incidents }
    }

    fn tick(&mut self) -> String {
        self.ticks += 1;
        format!("2026-11-20T14:{:02}:{:02}.000000Z", self.ticks / 60, self.ticks % 60)
    }
}

#[expect(clippy::disallowed_methods, reason = "it ends with the runtime of the test")]
fn spawned(task: impl Future<Output = ()> + Send + 'static) {
    drop(tokio::spawn(task));
}

fn merge(object: &mut Value, fields: &Value) {
    let fields = fields.as_object().expect("fields").clone();
    object.as_object_mut().expect("an object").extend(fields);
}

async fn answer(
    State(small): State<Small>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    Query(query): Query<HashMap<String, String>>,
    body: Bytes,
) -> Response {
    if small.held().down {
        return (StatusCode::BAD_GATEWAY, "<html>down</html>").into_response();
    }
    let token = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.split(' ').nth(1));
    let user = match token {
        None => return refused("Authentication credentials were not provided."),
        Some(BRIDGE) => "bridge",
        Some(PERSON) => "ann",
        Some(_) => return refused("Invalid v1 token"),
    };
    let path: Vec<&str> = uri.path().trim_matches('/').split('/').collect();
    if !uri.path().ends_with('/') {
        return (StatusCode::MOVED_PERMANENTLY, "").into_response();
    }
    match (&method, &path[..]) {
        (_, ["api", "authentication-check"]) if !small.held().old => {
            small.held().asked += 1;
            axum::Json(json!({"id": 2, "username": user})).into_response()
        }
        (_, ["api", "status"]) => {
            let plugins = json!({"business_application": "2.1.0"});
            axum::Json(json!({"netbox-version": "4.5.0", "plugins": plugins, "rq-workers-running": 1})).into_response()
        }
        (&Method::GET, ["api", "plugins", "business-application", list @ ("events" | "incidents")]) => {
            page(small.held().list(list).values(), &query)
        }
        (&Method::GET, ["api", "plugins", "business-application", "service-dependencies"]) => {
            page(small.held().dependencies.iter(), &query)
        }
        (&Method::GET, ["api", "plugins", "business-application", list @ ("events" | "incidents"), id]) => {
            one(small.held().list(list).get(&id.parse().unwrap_or(0)).cloned())
        }
        (&Method::PATCH, ["api", "plugins", "business-application", list, id]) => {
            // The plugin does not look at what a token may do.
            let fields: Value = serde_json::from_slice(&body).expect("the bridge sends JSON");
            small.held().written.push(fields.clone());
            let changed = small.apply(list, id.parse().unwrap_or(0), &fields);
            if changed.is_some() {
                small.tell("updated", list.trim_end_matches('s'), id.parse().unwrap_or(0)).await;
            }
            one(changed)
        }
        (_, ["api", "extras", "journal-entries"]) if small.held().read_only && method != Method::GET => {
            refused("Token write operation not permitted.")
        }
        (_, ["api", "extras", "journal-entries"]) => {
            let body = json!({"error": "unexpected keyword argument 'nested'", "exception": "TypeError"});
            (StatusCode::INTERNAL_SERVER_ERROR, axum::Json(body)).into_response()
        }
        _ => (StatusCode::NOT_FOUND, "<!DOCTYPE html>").into_response(),
    }
}

fn refused(detail: &str) -> Response {
    (StatusCode::FORBIDDEN, axum::Json(json!({ "detail": detail }))).into_response()
}

fn one(object: Option<Value>) -> Response {
    match object {
        Some(object) => axum::Json(object).into_response(),
        None => {
            let body = json!({"detail": "No object matches the given query."});
            (StatusCode::NOT_FOUND, axum::Json(body)).into_response()
        }
    }
}

fn page<'a>(objects: impl DoubleEndedIterator<Item = &'a Value>, query: &HashMap<String, String>) -> Response {
    let number = |name: &str, usual| query.get(name).and_then(|text| text.parse().ok()).unwrap_or(usual);
    let (offset, limit) = (number("offset", 0_usize), number("limit", 50_usize));
    let status = query.get("status");
    let mut all: Vec<&Value> = objects.filter(|o| status.is_none_or(|s| o["status"] == s.as_str())).collect();
    if query.get("ordering").is_some_and(|order| order.starts_with('-')) {
        all.reverse();
    }
    let next = (offset + limit < all.len()).then_some("http://netbox.test/next");
    let results: Vec<_> = all.iter().skip(offset).take(limit).collect();
    axum::Json(json!({"count": all.len(), "next": next, "previous": null, "results": results})).into_response()
}
