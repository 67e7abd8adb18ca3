//! Paths that are answered from live data.

use crate::world::{World, spawn};
use pagebridge_core::{Input, News, Opening, Outcome, RecordRef, Status, SystemName, Work};
use pagebridge_ports::{Answer, Asked, BoxFuture, Desk, Endpoint, Settlement, Store};
use pagebridge_server::Endpoint as Mounted;
use serde_json::{Value, json};
use std::sync::Arc;

/// Answers `echo` with what it was asked, and `send` when the delivery of an alert has ended.
struct Told;

pub(crate) fn told() -> Mounted {
    Mounted {
        prefix: "/api/plugins/told".to_owned(),
        system: SystemName::new("opsgenie"),
        answers: Arc::new(Told),
        body_size_bytes_max: 1_000,
        timeout_ms: 60_000,
    }
}

impl Endpoint for Told {
    fn answer<'a>(&'a self, asked: &'a Asked<'a>, desk: &'a Desk) -> BoxFuture<'a, Answer> {
        Box::pin(async move {
            assert!(asked.path != "panic", "a planted panic");
            let body = match asked.path {
                "wait" => std::future::pending().await,
                "send" => send(desk, asked.body == b"patiently").await,
                path => json!({"method": asked.method.as_str(), "path": path, "size": asked.body.len()}),
            };
            Answer { status: 200, body: body.to_string() }
        })
    }

    fn refuse(&self, status: u16, detail: &str) -> Answer {
        Answer { status, body: json!({ "error": detail }).to_string() }
    }
}

async fn send(desk: &Desk, patiently: bool) -> Value {
    let news = News::Opened(Opening::titled("Disk full"));
    let input = Input::news(SystemName::new("opsgenie"), "a-1", news);
    let ticket = desk.accept(input, "once").await.expect("kept").expect("there is a bridge");
    let pagerduty = SystemName::new("pagerduty");
    assert_eq!(desk.find(&pagerduty, "a-1").await.expect("the store answers"), Some(ticket.incident));
    assert_eq!(desk.find(&pagerduty, "a-2").await.expect("the store answers"), None);
    let within_ms = if patiently { 60_000 } else { 0 };
    let ending = desk.ending(ticket, &pagerduty, within_ms).await.expect("the store answers");
    json!({ "incident": ticket.incident, "ending": format!("{ending:?}") })
}

#[tokio::test]
async fn everything_below_its_prefix_is_an_endpoints_with_and_without_a_slash() {
    let world = World::start().await;
    for (path, below) in
        [("/api/plugins/told/echo/", "echo"), ("/api/plugins/told/a/b", "a/b"), ("/api/plugins/told", "")]
    {
        let got = world.post(path, "12345").await;
        assert_eq!((got.status, got.json()), (200, json!({"method": "POST", "path": below, "size": 5})), "{path}");
        assert_eq!(got.headers["content-type"], "application/json");
    }
    assert_eq!(world.get("/api/plugins/told/echo").await.json()["method"], "GET", "methods are its own affair");
    assert_eq!(world.get("/api/plugins/toldyou").await.json()["code"], "not_found", "only whole parts of a path count");
}

#[tokio::test]
async fn what_does_not_get_there_is_refused_in_its_own_form() {
    let world = World::start().await;
    for (path, size, status, words) in [
        ("/api/plugins/told/echo", 1_001, 413, "larger than 1000 bytes"),
        ("/api/plugins/told/panic", 0, 500, "fault of ours"),
    ] {
        let got = world.post(path, "x".repeat(size)).await;
        assert_eq!(got.status, status, "{}", got.text);
        assert!(got.json()["error"].as_str().is_some_and(|text| text.contains(words)), "{}", got.text);
    }
    assert_eq!(world.post("/api/plugins/told/echo", "").await.status, 200, "it goes on");
    let metrics = world.get("/metrics").await.text;
    for (status, count) in [(413, 1), (500, 1), (200, 1)] {
        let line = format!("pagebridge_endpoint_answers_total{{system=\"opsgenie\",status=\"{status}\"}} {count}");
        assert!(metrics.contains(&line), "{line}\n{metrics}");
    }
}

#[tokio::test]
async fn requests_that_wait_for_a_far_side_leave_room_for_others() {
    let world = World::start().await;
    let waiting: Vec<_> =
        (0..128).map(|_| spawn(world.client.get(world.url("/api/plugins/told/wait")).send())).collect();
    let refused = loop {
        let got = world.get("/api/plugins/told/echo").await;
        if got.status != 200 {
            break got;
        }
    };
    assert_eq!(refused.status, 503);
    assert!(
        refused.json()["error"].as_str().is_some_and(|text| text.contains("too many requests")),
        "{}",
        refused.text
    );
    assert_eq!(world.post("/ops-webhook", r#"{"id": "a-1", "title": "Disk full"}"#).await.status, 202);
    waiting.iter().for_each(tokio::task::JoinHandle::abort);
}

#[tokio::test]
async fn an_endpoint_hears_how_the_delivery_ended_that_it_asked_for() {
    let world = World::start().await;
    let soon = world.post("/api/plugins/told/send", "").await;
    assert_eq!(soon.json(), json!({"incident": 1, "ending": "Waiting"}));

    let done = Outcome::Delivered {
        record: Some(RecordRef::id("Q1")),
        status: Some(Status::Triggered),
        status_at: None,
        note: None,
    };
    let again = Outcome::Unknown { reason: "no answer".into() };
    let never = Outcome::Rejected { reason: "no such service".into(), remedy: "correct it".into() };
    for (outcome, wanted) in [
        (again, "PutOff { reason: \"no answer\" }"),
        (never, "Refused(Park { reason: \"no such service\", remedy: \"correct it\" })"),
        (done, "Delivered"),
    ] {
        let world = World::start().await;
        let url = world.url("/api/plugins/told/send");
        let asking = spawn(world.client.post(url).body("patiently").send());
        let pagerduty = SystemName::new("pagerduty");
        let leased = loop {
            let now = pagebridge_ports::Clock::now(&*world.clock);
            let leased = world.store.lease(&pagerduty, now, 60_000, 1).await.expect("a store");
            if let Some(leased) = leased.into_iter().next() {
                break leased;
            }
            tokio::task::yield_now().await;
        };
        let Work::Deliver(delivery) = leased.work else { panic!("an incident is to be made") };
        let (number, step, started_at) = (delivery.number, Some(delivery.step), leased.lease.since);
        let settlement = Settlement { number, step, started_at, outcome };
        world.store.settle(leased.lease, settlement, started_at).await.expect("settled");
        let got = asking.await.expect("no panic").expect("an answer").text().await.expect("text");
        let got: Value = serde_json::from_str(&got).expect("JSON");
        assert_eq!(got["ending"], wanted);
    }
}
