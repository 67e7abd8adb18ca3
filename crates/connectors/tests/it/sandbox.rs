//! The connectors against the look-alikes, which share no code with them: a full circle for each, with writes that are
//! applied and never answered.

use crate::support::{delivery, opsgenie_settings, pagerduty_settings, set, uncertain};
use axum::Router;
use axum::body::Bytes;
use axum::http::HeaderMap;
use pagebridge_connectors::{Opsgenie, PagerDuty, Secret};
use pagebridge_core::{Delivery, Input, News, NoteId, Outcome, Reading, RecordRef, Status, Step, What};
use pagebridge_ports::{CheckResult, Connector, Receive, Received, SystemClock};
use pagebridge_sandbox::{AlertAct, Config, Effect, Fault, IncidentAct, NewAlert, Running, Sandbox, System};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use Status::{Acknowledged, Resolved, Triggered};

async fn start() -> Running {
    Sandbox::start(Config::default()).await.expect("free ports")
}

fn pagerduty(sandbox: &Running) -> PagerDuty {
    let mut settings = pagerduty_settings(&sandbox.pagerduty_url);
    settings.token = Secret::new(sandbox.account_token.as_str());
    settings.from = Some(sandbox.from.clone());
    settings.service_id = Some(sandbox.service_id.clone());
    settings.webhook_secrets = vec![Secret::new(sandbox.pagerduty_webhook_secret.as_str())];
    PagerDuty::new(settings, Arc::new(SystemClock)).expect("valid")
}

fn opsgenie(sandbox: &Running) -> Opsgenie {
    let mut settings = opsgenie_settings(&sandbox.opsgenie_url);
    settings.api_key = Secret::new(sandbox.opsgenie_api_key.as_str());
    settings.integration_id = Some(sandbox.opsgenie_integration_id.clone());
    settings.webhook_secrets = vec![Secret::new("hush")];
    Opsgenie::new(settings, Arc::new(SystemClock)).expect("valid")
}

fn at(record: &RecordRef, delivery: Delivery) -> Delivery {
    Delivery { record: Some(record.clone()), ..delivery }
}

/// The record and status that a delivery found or made.
fn made(outcome: Outcome) -> (RecordRef, Status) {
    match outcome {
        Outcome::Delivered { record: Some(record), status: Some(status), .. } => (record, status),
        other => panic!("{other:?}"),
    }
}

fn held(outcome: Outcome) -> Status {
    match outcome {
        Outcome::Delivered { status: Some(status), .. } => status,
        other => panic!("{other:?}"),
    }
}

fn reading(outcome: Outcome) -> Reading {
    match outcome {
        Outcome::Read(reading) => reading,
        other => panic!("{other:?}"),
    }
}

fn lose_the_answer(sandbox: &Running, system: System, only: &str) {
    sandbox.add_fault(Fault::new(system, Effect::ApplyThenTimeOut).only(only).count(1));
}

fn is_unknown(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Unknown { .. })
}

/// Webhooks as they came in.
struct Hooks {
    url: String,
    came: mpsc::UnboundedReceiver<(HeaderMap, Bytes)>,
}

impl Hooks {
    #[expect(
        clippy::disallowed_methods,
        reason = "the server lives as long as the test's runtime, there is no shutdown to wait"
    )]
    async fn listen() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}/hook", listener.local_addr().expect("bound"));
        let (sender, came) = mpsc::unbounded_channel();
        let router = Router::new().fallback(move |headers: HeaderMap, body: Bytes| {
            let sender = sender.clone();
            async move { sender.send((headers, body)).expect("the test listens") }
        });
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, came }
    }

    async fn next(&mut self, connector: &impl Receive) -> Input {
        let came = tokio::time::timeout(Duration::from_secs(10), self.came.recv()).await;
        let (headers, body) = came.expect("a webhook in time").expect("the server runs");
        match connector.receive(&headers, &body) {
            Ok(Received::Input(input)) => *input,
            other => panic!("{}: {other:?}", String::from_utf8_lossy(&body)),
        }
    }

    async fn next_news(&mut self, connector: &impl Receive) -> News {
        match self.next(connector).await.what {
            What::News(news) => news,
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn pagerduty_full_circle() {
    let sandbox = start().await;
    let connector = pagerduty(&sandbox);

    lose_the_answer(&sandbox, System::PagerDuty, "POST /incidents");
    assert!(is_unknown(&connector.deliver(&delivery(Step::Create)).await));
    let (record, status) = made(connector.deliver(&uncertain(Step::Create)).await);
    assert_eq!(status, Triggered);
    assert!(record.url.is_some());
    // Even without knowing of the doubt there is only one.
    assert_eq!(made(connector.deliver(&delivery(Step::Create)).await).0, record);
    assert_eq!(sandbox.pagerduty().snapshot().with_key("key-1").count(), 1);
    assert_eq!(made(connector.deliver(&uncertain(Step::Find)).await), (record.clone(), Triggered));
    let unmade = Delivery { create_key: "key-2".to_owned(), ..uncertain(Step::Find) };
    assert_eq!(connector.deliver(&unmade).await, Outcome::Missing);

    lose_the_answer(&sandbox, System::PagerDuty, "PUT /incidents");
    let acknowledge = at(&record, set(Triggered, Acknowledged));
    assert!(is_unknown(&connector.deliver(&acknowledge).await));
    assert_eq!(held(connector.deliver(&acknowledge).await), Acknowledged);
    let read = reading(connector.read(&record).await);
    assert_eq!(read.status, Acknowledged);
    assert_eq!(read.by.map(|by| (by.name, by.ours)), Some((sandbox.from_name.clone(), true)));

    let note = at(&record, delivery(Step::AddNote(NoteId(3))));
    lose_the_answer(&sandbox, System::PagerDuty, "notes");
    assert!(is_unknown(&connector.deliver(&note).await));
    let again = Delivery { uncertain: true, ..note };
    let Outcome::Delivered { note: Some(note_id), .. } = connector.deliver(&again).await else { panic!("no note") };
    let notes = reading(connector.read(&record).await).notes.expect("notes");
    assert_eq!(notes.len(), 1);
    assert_eq!(notes[0].remote_id.as_ref(), Some(&note_id));
    assert_eq!(notes[0].text, "dana (Opsgenie): looking\n[pb:x-12-3]");

    assert_eq!(held(connector.deliver(&at(&record, set(Acknowledged, Triggered))).await), Triggered);
    assert_eq!(held(connector.deliver(&at(&record, set(Triggered, Resolved))).await), Resolved);
    assert_eq!(held(connector.deliver(&at(&record, set(Resolved, Triggered))).await), Triggered);

    // A person is quicker.
    sandbox.pagerduty().act(&record.id.0, IncidentAct::Resolve { resolution: None }, "Ann").expect("it is open");
    let moved = reading(connector.deliver(&at(&record, set(Triggered, Acknowledged))).await);
    assert_eq!((moved.status, moved.by.map(|by| by.ours)), (Resolved, Some(false)));
    // What was made and is over was made all the same.
    assert_eq!(reading(connector.deliver(&uncertain(Step::Create)).await).status, Resolved);
    assert_eq!(connector.read(&RecordRef::id("QNOSUCH")).await, Outcome::Missing);
    sandbox.stop().await;
}

#[tokio::test]
async fn pagerduty_webhooks_are_verified_and_understood() {
    let sandbox = start().await;
    let connector = pagerduty(&sandbox);
    connector.learn_user_id().await;
    assert_eq!(connector.user_id(), Some(sandbox.from_id.as_str()));
    let mut hooks = Hooks::listen().await;
    sandbox.pagerduty().subscribe(&hooks.url, None, &[]);

    let (record, _) = made(connector.deliver(&delivery(Step::Create)).await);
    let exists = hooks.next(&connector).await;
    assert_eq!(exists.what, What::News(News::Exists));
    let keys: Vec<_> = exists.keys.iter().map(|key| key.value.as_str()).collect();
    assert_eq!(keys, [record.id.0.as_str(), "key-1"]);

    connector.deliver(&at(&record, set(Triggered, Acknowledged))).await;
    let echo = hooks.next(&connector).await;
    assert_eq!(echo.what, What::News(News::Status(Acknowledged)));
    assert_eq!(echo.actor.map(|actor| actor.ours), Some(true));

    let act = |act| sandbox.pagerduty().act(&record.id.0, act, "Ann").expect("it can be done");
    act(IncidentAct::Unacknowledge);
    assert_eq!(hooks.next_news(&connector).await, News::Status(Triggered));
    act(IncidentAct::Note("on my way".to_owned()));
    let News::Note(note) = hooks.next_news(&connector).await else { panic!("no note") };
    assert_eq!((note.author.as_str(), note.text.as_deref()), ("Ann", Some("on my way")));
    let read = reading(connector.read(&record).await).notes.expect("notes");
    assert_eq!((read[0].key, read[0].author.as_str()), (note.key, "Ann"), "both channels tell the same note");
    act(IncidentAct::Resolve { resolution: None });
    let resolved = hooks.next(&connector).await;
    assert_eq!(resolved.what, What::News(News::Status(Resolved)));
    assert_eq!(resolved.actor.map(|actor| (actor.name, actor.ours)), Some(("Ann".to_owned(), false)));
    act(IncidentAct::Reopen);
    assert_eq!(hooks.next_news(&connector).await, News::Status(Triggered));

    let checks = connector.check().await;
    let bad: Vec<_> = checks.iter().filter(|check| check.result != CheckResult::Ok).collect();
    assert!(bad.is_empty(), "{bad:?}");
    sandbox.stop().await;
}

#[tokio::test]
async fn opsgenie_full_circle() {
    let sandbox = start().await;
    let connector = opsgenie(&sandbox);

    lose_the_answer(&sandbox, System::Opsgenie, "POST /v2/alerts");
    assert!(is_unknown(&connector.deliver(&delivery(Step::Create)).await));
    let (record, status) = made(until_there(&connector, &uncertain(Step::Create)).await);
    assert_eq!(status, Triggered);
    assert_eq!(sandbox.opsgenie().snapshot().alerts.len(), 1);
    assert_eq!(made(connector.deliver(&uncertain(Step::Find)).await).0, record);

    lose_the_answer(&sandbox, System::Opsgenie, "acknowledge");
    let acknowledge = at(&record, set(Triggered, Acknowledged));
    assert!(is_unknown(&connector.deliver(&acknowledge).await));
    assert_eq!(held(connector.deliver(&acknowledge).await), Acknowledged);
    let read = reading(connector.read(&record).await);
    assert_eq!(read.status, Acknowledged);
    assert_eq!(read.by.map(|by| (by.name, by.ours)), Some(("Ann (PagerDuty)".to_owned(), true)));

    let note = at(&record, delivery(Step::AddNote(NoteId(3))));
    lose_the_answer(&sandbox, System::Opsgenie, "POST /v2/alerts/{id}/notes");
    assert!(is_unknown(&connector.deliver(&note).await));
    let again = Delivery { uncertain: true, ..note };
    assert!(matches!(connector.deliver(&again).await, Outcome::Delivered { .. }));
    let notes = reading(connector.read(&record).await).notes.expect("notes");
    assert_eq!(notes.iter().filter(|note| note.text.contains("[pb:x-12-3]")).count(), 1, "{notes:?}");

    assert_eq!(held(connector.deliver(&at(&record, set(Acknowledged, Triggered))).await), Triggered);
    sandbox.opsgenie().act(&record.id.0, AlertAct::Close, "dana@example.test").expect("it is open");
    let moved = reading(connector.deliver(&at(&record, set(Triggered, Acknowledged))).await);
    assert_eq!((moved.status, moved.by.map(|by| by.name)), (Resolved, Some("dana@example.test".to_owned())));
    assert_eq!(connector.read(&RecordRef::id("no-such-alert")).await, Outcome::Missing);

    let checks = connector.check().await;
    assert!(checks.iter().all(|check| check.result == CheckResult::Ok), "{checks:?}");
    sandbox.stop().await;
}

/// Delivers again for as long as Opsgenie has not done what it accepted.
async fn until_there(connector: &Opsgenie, delivery: &Delivery) -> Outcome {
    for _ in 0..50 {
        let outcome = connector.deliver(delivery).await;
        if !is_unknown(&outcome) {
            return outcome;
        }
    }
    panic!("the alert was never made")
}

#[tokio::test]
async fn opsgenie_webhooks_are_understood() {
    let sandbox = start().await;
    let connector = opsgenie(&sandbox);
    let mut hooks = Hooks::listen().await;
    sandbox.opsgenie().subscribe(&hooks.url, &[("Authorization", "Bearer hush")]);

    let alert = sandbox.opsgenie().create_alert(NewAlert::new("disk full").priority(4), "dana@example.test");
    let opened = hooks.next(&connector).await;
    let What::News(News::Opened(opening)) = opened.what else { panic!("no opening") };
    assert_eq!((opening.content.title.as_str(), opening.content.priority.as_deref()), ("disk full", Some("P4")));
    let record = RecordRef::id(&alert.id);

    assert_eq!(held(connector.deliver(&at(&record, set(Triggered, Acknowledged))).await), Acknowledged);
    let echo = hooks.next(&connector).await;
    assert_eq!(echo.what, What::News(News::Status(Acknowledged)));
    assert_eq!(echo.actor.map(|actor| (actor.name, actor.ours)), Some(("Ann (PagerDuty)".to_owned(), true)));

    let act = |act| sandbox.opsgenie().act(&alert.id, act, "dana@example.test").expect("it can be done");
    act(AlertAct::AddNote("looking".to_owned()));
    let News::Note(note) = hooks.next_news(&connector).await else { panic!("no note") };
    assert_eq!((note.author.as_str(), note.text.as_deref()), ("dana@example.test", Some("looking")));
    let read = reading(connector.read(&record).await).notes.expect("notes");
    assert_eq!((read[0].key, read[0].author.as_str()), (note.key, note.author.as_str()));
    act(AlertAct::Unacknowledge);
    assert_eq!(hooks.next_news(&connector).await, News::Status(Triggered));
    act(AlertAct::Close);
    let closed = hooks.next(&connector).await;
    assert_eq!(closed.what, What::News(News::Status(Resolved)));
    assert!(closed.occurred_at.is_some());
    sandbox.stop().await;
}
