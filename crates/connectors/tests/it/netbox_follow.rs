//! Following a NetBox: what begins, moves and ends there, with webhooks and without, ends right here.

use crate::support::{NOW, netbox_settings, spawned};
use axum::Router;
use axum::extract::{Query, State};
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use pagebridge_connectors::netbox::{Route, Settings};
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

use Status::{Resolved, Triggered};

/// What a small NetBox holds.
#[derive(Default)]
struct Held {
    events: BTreeMap<i64, Value>,
    incidents: BTreeMap<i64, Value>,
    dependencies: Vec<Value>,
    calls: Vec<String>,
    is_down: bool,
    page_max: usize,
}

type Shared = Arc<Mutex<Held>>;

/// A small NetBox, a store, and the connector between them.
struct World {
    held: Shared,
    store: Arc<MemoryStore>,
    clock: Arc<ManualClock>,
    netbox: NetBox,
    url: String,
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
    async fn new() -> Self {
        Self::with(|_| {}).await
    }

    async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let held = Shared::new(Mutex::new(Held { page_max: 1_000, ..Held::default() }));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let router = Router::new().fallback(answer).with_state(held.clone());
        spawned(async move {
            let _ = axum::serve(listener, router).await;
        });
        let back = Direction::default();
        let bridge = |alerts: &str, name: &str| Bridge {
            name: BridgeName::new(name),
            ..Bridge::netbox(("nb", "NetBox"), (alerts, "PagerDuty"), Some(("pd", "PagerDuty")), back)
        };
        let mut rules = Bridges::new(vec![bridge("prod", "netbox"), bridge("db", "netbox-db")]).with_instance("test");
        rules.polls.insert(SystemName::new("nb"), PollPolicy::ON_DEMAND);
        let store = Arc::new(MemoryStore::new(Arc::new(rules)));
        let clock = Arc::new(ManualClock::at(NOW));
        let mut settings = netbox_settings(&url);
        settings.webhook_secrets = vec![Secret::new("unused")];
        change(&mut settings);
        let netbox = NetBox::new(settings, clock.clone()).expect("valid");
        Self { held, store, clock, netbox, url }
    }

    fn event(&self, id: i64, changes: Value) {
        let mut json = json!({"id": id, "message": format!("event {id}"), "dedup_id": format!("d{id}"), "status": "triggered",
            "criticallity": "high", "last_seen_at": "2026-11-20T14:30:00Z", "is_valid": true, "incident_ids": []});
        json.as_object_mut().expect("an object").extend(changes.as_object().expect("changes").clone());
        self.held.lock().expect("held").events.insert(id, json);
    }

    fn incident(&self, id: i64, changes: Value) {
        let mut json = json!({"id": id, "title": format!("incident {id}"), "description": "", "status": "new", "severity": "high",
            "affected_services": [], "updated_at": "2026-11-20T14:00:00Z", "resolved_at": null});
        json.as_object_mut().expect("an object").extend(changes.as_object().expect("changes").clone());
        self.held.lock().expect("held").incidents.insert(id, json);
    }

    /// Runs the follower after this time, and then reads what it has asked for.
    async fn after(&self, ms: i64) {
        self.clock.advance(ms);
        let kept = self.netbox.run(&*self.store).await;
        assert_eq!(kept.check.result, CheckResult::Ok, "{:?}", kept.check);
        self.clock.advance(1_000);
        self.work("nb").await;
        self.work("prod").await;
        self.work("db").await;
    }

    /// The next round.
    async fn round(&self) {
        self.after(30_000).await;
    }

    /// Carries out what is due at a system; PagerDuty's side takes everything.
    async fn work(&self, system: &str) {
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
                        let status = (delivery.step == Step::Create).then_some(Triggered);
                        let outcome = Outcome::Delivered { record: Some(made), status, status_at: None, note: None };
                        (Some(delivery.step.clone()), outcome)
                    }
                };
                let settlement = Settlement { number: leased.work.number(), step, started_at: now, outcome };
                self.store.settle(leased.lease, settlement, now).await.expect("settles");
            }
        }
    }

    async fn incidents(&self) -> Vec<Incident> {
        let filter = IncidentFilter { limit: 1_000, ..IncidentFilter::default() };
        let mut all = self.store.incidents(filter).await.expect("lists");
        all.reverse();
        all.retain(|incident| incident.discarded.is_none());
        all
    }

    /// Every alert with its key and what it holds, in order of making.
    async fn alerts(&self) -> Vec<(String, Status)> {
        let all = self.incidents().await;
        let alert = |incident: &Incident| {
            let link = ["prod", "db"].into_iter().find_map(|system| incident.link(system))?;
            Some((link.create_key.clone(), link.known?))
        };
        all.iter().filter_map(alert).collect()
    }

    fn calls(&self) -> Vec<String> {
        std::mem::take(&mut self.held.lock().expect("held").calls)
    }

    fn hook(&self, event: &str, kind: &str, id: i64) -> Received {
        let body = json!({"event": event, "object_type": format!("business_application.{kind}"), "data": {"id": id},
            "timestamp": "2026-11-20T14:22:21+00:00", "request_id": format!("{event}-{id}")});
        let body = body.to_string();
        self.netbox.receive(&crate::netbox_receive::signed("unused", body.as_bytes()), body.as_bytes()).expect("taken")
    }

    async fn hear(&self, event: &str, kind: &str, id: i64) {
        if let Received::Input(input) = self.hook(event, kind, id) {
            self.store.accept(*input, self.clock.now()).await.expect("accepted");
        }
    }
}

fn alert(key: &str, status: Status) -> (String, Status) {
    (key.to_owned(), status)
}

#[tokio::test]
async fn by_listing_alone_what_begins_moves_and_ends_is_told_once() {
    let world = World::new().await;
    world.event(1, json!({}));
    world.incident(1, json!({}));
    world.incident(2, json!({"status": "closed"}));
    world.round().await;
    let both = [alert("netbox-incident-1", Triggered), alert("netbox-event-d1", Triggered)];
    assert_eq!(world.alerts().await, both);
    world.round().await;
    world.incident(1, json!({"status": "investigating"}));
    world.round().await;
    assert_eq!(world.alerts().await, both, "nothing new");
    world.incident(1, json!({"status": "resolved"}));
    world.event(1, json!({"status": "ok"}));
    world.round().await;
    assert_eq!(world.alerts().await, [alert("netbox-incident-1", Resolved), alert("netbox-event-d1", Resolved)]);
    // Open again: a new alert of the same incident of ours.
    world.incident(1, json!({"status": "identified"}));
    world.round().await;
    assert_eq!(world.alerts().await, [alert("netbox-incident-1", Triggered), alert("netbox-event-d1", Resolved)]);
    assert_eq!(world.incidents().await.len(), 2);
}

#[tokio::test]
async fn a_webhook_brings_the_look_forward() {
    let world = World::new().await;
    world.round().await;
    world.calls();
    world.event(9, json!({}));
    world.hear("created", "event", 9).await;
    world.after(10).await;
    assert_eq!(world.alerts().await, [alert("netbox-event-d9", Triggered)]);
    assert_eq!(world.calls(), ["GET /api/plugins/business-application/events/9/"], "only that one is read");
    world.event(9, json!({"status": "suppressed"}));
    world.hear("updated", "event", 9).await;
    world.after(10).await;
    assert_eq!(world.alerts().await, [alert("netbox-event-d9", Resolved)]);
}

#[tokio::test]
async fn a_deleted_object_is_over_with_a_webhook_and_without() {
    let world = World::new().await;
    for id in 1..=3 {
        world.incident(id, json!({}));
    }
    world.round().await;
    world.held.lock().expect("held").incidents.clear();
    world.hear("deleted", "incident", 1).await;
    world.work("prod").await;
    let of =
        |status| [1, 2, 3].map(|id| alert(&format!("netbox-incident-{id}"), if id == 1 { Resolved } else { status }));
    let mut now = world.alerts().await;
    now.sort();
    assert_eq!(now, of(Triggered), "one is told, two were lost");
    world.round().await;
    now = world.alerts().await;
    now.sort();
    assert_eq!(now, of(Resolved));
}

#[tokio::test]
async fn what_was_changed_in_bulk_while_nobody_looked_is_found_by_the_next_process() {
    let world = World::new().await;
    world.incident(1, json!({}));
    world.event(1, json!({}));
    world.round().await;
    // Bulk changes move neither a time nor a webhook.
    world.incident(1, json!({"status": "closed"}));
    world.event(1, json!({"status": "ok"}));
    let restarted = World {
        netbox: NetBox::new(netbox_settings(&world.url), world.clock.clone()).expect("valid"),
        held: world.held.clone(),
        store: world.store.clone(),
        clock: world.clock.clone(),
        url: world.url.clone(),
    };
    restarted.round().await;
    assert_eq!(world.alerts().await, [alert("netbox-incident-1", Resolved), alert("netbox-event-d1", Resolved)]);
}

#[tokio::test]
async fn one_trouble_pages_once() {
    let world = World::new().await;
    world.event(1, json!({"incident_ids": [4]}));
    world.incident(4, json!({}));
    world.round().await;
    assert_eq!(world.alerts().await, [alert("netbox-incident-4", Triggered)]);
    world.hear("created", "event", 1).await;
    world.after(10).await;
    assert_eq!(world.alerts().await, [alert("netbox-incident-4", Triggered)], "and not by its webhook");
    // The Incident ends, and the Event stays as it was: nothing begins with that.
    world.incident(4, json!({"status": "closed", "updated_at": "2026-11-20T15:00:00Z"}));
    world.round().await;
    assert_eq!(world.alerts().await, [alert("netbox-incident-4", Resolved)]);
    // It is seen again: that is news.
    world.event(1, json!({"incident_ids": [4], "last_seen_at": "2026-11-20T16:00:00Z"}));
    world.round().await;
    assert_eq!(world.alerts().await, [alert("netbox-incident-4", Resolved), alert("netbox-event-d1", Triggered)]);
}

#[tokio::test]
async fn an_event_and_its_incident_page_both_where_that_is_wanted() {
    let world = World::with(|s| s.incident_tells_event = false).await;
    world.event(1, json!({"incident_ids": [4]}));
    world.incident(4, json!({}));
    world.round().await;
    assert_eq!(world.alerts().await, [alert("netbox-incident-4", Triggered), alert("netbox-event-d1", Triggered)]);
}

#[tokio::test]
async fn of_events_that_share_a_dedup_id_the_newest_counts() {
    let world = World::new().await;
    for id in [1, 2] {
        world.event(id, json!({"dedup_id": "disk"}));
    }
    world.round().await;
    assert_eq!(world.alerts().await, [alert("netbox-event-disk", Triggered)]);
    // The older one ends: the alert is the newer one's, and goes on.
    world.event(1, json!({"dedup_id": "disk", "status": "ok"}));
    world.hear("updated", "event", 1).await;
    world.round().await;
    assert_eq!(world.alerts().await, [alert("netbox-event-disk", Triggered)]);
    world.event(2, json!({"dedup_id": "disk", "status": "ok"}));
    world.round().await;
    assert_eq!(world.alerts().await, [alert("netbox-event-disk", Resolved)]);
    for id in [3, 4] {
        world.event(id, json!({"dedup_id": ""}));
    }
    world.round().await;
    let keys: Vec<String> = world.alerts().await.into_iter().map(|(key, _)| key).collect();
    assert_eq!(keys, ["netbox-event-disk", "netbox-event-id-4", "netbox-event-id-3"], "none is not the same for all");
}

#[tokio::test]
async fn an_event_that_is_seen_again_after_its_end_in_pagerduty_is_told_anew() {
    let world = World::new().await;
    world.event(1, json!({}));
    world.round().await;
    let pd = SystemName::new("pd");
    let found = pagebridge_core::News::Status(Resolved);
    let mut resolved = pagebridge_core::Input::news(pd, "Q1", found);
    resolved
        .keys
        .push(pagebridge_core::Key { kind: pagebridge_core::KeyKind::CreateKey, value: "netbox-event-d1".to_owned() });
    world.store.accept(resolved, world.clock.now()).await.expect("accepted");
    world.round().await;
    assert_eq!(world.alerts().await, [alert("netbox-event-d1", Resolved)], "still the same sighting");
    world.event(1, json!({"last_seen_at": "2026-11-20T15:30:00Z"}));
    world.round().await;
    assert_eq!(world.alerts().await, [alert("netbox-event-d1", Triggered)]);
}

#[tokio::test]
async fn what_is_not_to_be_sent_begins_nothing() {
    let world = World::with(|s| (s.send_on_event_create, s.send_on_incident_create) = (false, false)).await;
    world.event(1, json!({}));
    world.incident(1, json!({}));
    world.round().await;
    world.hear("created", "event", 1).await;
    world.hear("created", "incident", 1).await;
    world.after(10).await;
    assert_eq!(world.incidents().await, []);
}

#[tokio::test]
async fn the_routing_key_is_that_of_the_nearest_service() {
    let world = World::with(|s| {
        let route = Route {
            alerts: SystemName::new("db"),
            events: BridgeName::new("netbox-db"),
            incidents: BridgeName::new("netbox-db"),
        };
        s.routes.services.insert("database".to_owned(), route);
    })
    .await;
    world.held.lock().expect("held").dependencies =
        vec![json!({"id": 1, "upstream_service_name": "database", "downstream_service_name": "shop"})];
    world.incident(1, json!({"affected_services": [{"id": 2, "name": "shop"}]}));
    world.incident(2, json!({"affected_services": [{"id": 3, "name": "mail"}]}));
    world.round().await;
    let bridges: Vec<_> = world.incidents().await.iter().map(|incident| incident.bridge.to_string()).collect();
    assert_eq!(bridges, ["netbox", "netbox-db"]);
    let content = world.incidents().await[1].content.clone().expect("told");
    assert!(content.event.expect("an event").contains("\"routing_key_from\":\"service `database`\""));
}

#[tokio::test]
async fn a_round_makes_a_bounded_number_of_calls_however_many_objects_there_are() {
    let world = World::new().await;
    world.held.lock().expect("held").page_max = 10;
    for id in 1..=300 {
        world.event(id, json!({"incident_ids": [10_000 + id]}));
        world.incident(10_000 + id, json!({"status": "closed", "updated_at": "2026-11-20T14:00:00Z"}));
    }
    world.round().await;
    let first = world.calls();
    assert!(first.len() <= 27, "{}", first.len());
    // New ones are among the newest, whatever else waits.
    world.event(301, json!({}));
    world.round().await;
    let calls = world.calls();
    assert!(calls.len() <= 27, "{}", calls.len());
    assert!(world.alerts().await.contains(&alert("netbox-event-d301", Triggered)));
    for _ in 0..40 {
        world.round().await;
        assert!(world.calls().len() <= 27);
    }
    assert_eq!(world.alerts().await.len(), 301, "and in the end all are told");
}

#[tokio::test]
async fn a_netbox_that_is_away_loses_nothing() {
    let world = World::new().await;
    world.incident(1, json!({}));
    world.round().await;
    world.held.lock().expect("held").is_down = true;
    world.incident(1, json!({"status": "closed"}));
    world.event(5, json!({}));
    world.hear("created", "event", 5).await;
    world.clock.advance(30_000);
    let kept = world.netbox.run(&*world.store).await;
    assert_eq!((kept.check.result, kept.again_ms), (CheckResult::Failed, 15_000));
    assert!(kept.check.detail.contains("502"), "{}", kept.check.detail);
    world.held.lock().expect("held").is_down = false;
    world.after(15_000).await;
    assert_eq!(world.alerts().await, [alert("netbox-incident-1", Resolved), alert("netbox-event-d5", Triggered)]);
}

#[tokio::test]
async fn an_ignored_filter_does_no_harm() {
    let world = World::new().await;
    // Everything comes, whatever is asked for.
    world.incident(1, json!({"status": "closed"}));
    world.incident(2, json!({"status": "New"}));
    world.round().await;
    assert_eq!(world.alerts().await, []);
    assert!(world.netbox.look(&*world.store).await.detail.contains("webhook"));
}
