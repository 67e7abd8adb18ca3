//! What PagerDuty's webhooks mean, and everything that can be wrong with them.

use crate::support::{NOW, pagerduty, pagerduty_settings};
use http::HeaderMap;
use pagebridge_connectors::{PagerDuty, Secret, pagerduty::Settings};
use pagebridge_core::{Input, InputId, KeyKind, News, NoteNews, Status, Timestamp, What, hash_text};
use pagebridge_ports::{ManualClock, Receive, Received, Refusal};
use serde_json::{Value, json};
use std::sync::Arc;

const URL: &str = "http://127.0.0.1:9";

fn connector(change: impl FnOnce(&mut Settings)) -> PagerDuty {
    let mut settings = pagerduty_settings(URL);
    change(&mut settings);
    PagerDuty::new(settings, Arc::new(ManualClock::at(NOW))).expect("valid")
}

fn open() -> PagerDuty {
    let connector = connector(|s| s.insecure = true);
    connector.set_user_id("PBRIDGE");
    connector
}

fn incident_data() -> Value {
    json!({"id": "Q1", "type": "incident", "html_url": "https://acme.pagerduty.com/incidents/Q1", "number": 42,
        "status": "triggered", "incident_key": "alert-1", "title": "Disk full", "service": {"id": "PSVC001"}})
}

fn event(event_type: &str, data: Value) -> Value {
    json!({"event": {"id": "01H", "event_type": event_type, "resource_type": "incident",
        "occurred_at": "2026-11-20T14:00:00.678Z",
        "agent": {"id": "PANN", "type": "user_reference", "summary": "Ann"}, "client": null, "data": data}})
}

fn note_data(trimmed: bool) -> Value {
    json!({"incident": {"id": "Q1", "type": "incident_reference", "summary": null}, "id": "PNOTE1",
        "content": "on it", "trimmed": trimmed, "type": "incident_note"})
}

fn received(body: &Value) -> Received {
    open().receive(&HeaderMap::new(), body.to_string().as_bytes()).unwrap_or_else(|refusal| panic!("{body}: {refusal}"))
}

fn input(body: &Value) -> Input {
    match received(body) {
        Received::Input(input) => *input,
        ignored => panic!("{body}: {ignored:?}"),
    }
}

#[test]
fn every_event_type_means_what_the_table_says() {
    let table: &[(&str, Option<News>)] = &[
        ("incident.triggered", Some(News::Exists)),
        ("incident.acknowledged", Some(News::Status(Status::Acknowledged))),
        ("incident.unacknowledged", Some(News::Status(Status::Triggered))),
        ("incident.resolved", Some(News::Status(Status::Resolved))),
        ("incident.reopened", Some(News::Status(Status::Triggered))),
        ("incident.reassigned", Some(News::Hint)),
        ("incident.delegated", Some(News::Hint)),
        ("incident.escalated", Some(News::Hint)),
        ("incident.priority_updated", None),
        ("incident.service_updated", None),
        ("incident.incident_type.changed", None),
        ("incident.something_new", None),
    ];
    for (event_type, news) in table {
        match (received(&event(event_type, incident_data())), news) {
            (Received::Ignored { reason: "event_type", detail }, None) => assert!(detail.contains(event_type)),
            (Received::Input(input), Some(news)) => {
                assert_eq!(input.what, What::News(news.clone()), "{event_type}");
                let keys: Vec<_> = input.keys.iter().map(|k| (k.kind, k.value.as_str())).collect();
                assert_eq!(keys, [(KeyKind::Record, "Q1"), (KeyKind::CreateKey, "alert-1")]);
                assert!(!input.asks, "most incidents are none of ours");
                assert_eq!(input.occurred_at, Some(Timestamp(1_795_183_200_678)));
                assert_eq!(input.actor.map(|a| (a.name, a.ours)), Some(("Ann".to_owned(), false)));
                assert_eq!(input.url.as_deref(), Some("https://acme.pagerduty.com/incidents/Q1"));
            }
            (other, _) => panic!("{event_type}: {other:?}"),
        }
    }
    let responder = json!({"type": "incident_responder", "incident": {"id": "Q1"}, "state": "pending"});
    assert!(matches!(
        received(&event("incident.responder.added", responder)),
        Received::Ignored { reason: "event_type", .. }
    ));
    let ping = json!({"message": "Hello from your friend Pagey!", "type": "ping"});
    assert!(matches!(received(&event("pagey.ping", ping)), Received::Ignored { reason: "ping", .. }));
}

#[test]
fn a_reopened_incident_stands_where_it_says() {
    let mut data = incident_data();
    data["status"] = "acknowledged".into();
    assert_eq!(input(&event("incident.reopened", data.clone())).what, What::News(News::Status(Status::Acknowledged)));
    data["status"] = Value::Null;
    assert_eq!(input(&event("incident.reopened", data)).what, What::News(News::Status(Status::Triggered)));
}

#[test]
fn a_note_is_known_by_its_id_in_both_shapes() {
    let News::Note(note) = news(&event("incident.annotated", note_data(false))) else { panic!("no note") };
    assert_eq!(note, NoteNews { key: hash_text("PNOTE1"), author: "Ann".into(), text: Some("on it".into()) });
    let News::Note(cut) = news(&event("incident.annotated", note_data(true))) else { panic!("no note") };
    assert_eq!((cut.key, cut.text), (hash_text("PNOTE1"), None));

    // The shape of an old document: the note beside the data, the incident in it.
    let mut old = event("incident.annotated", incident_data());
    old["event"]["note"] = json!({"content": "from the old document"});
    let old = input(&old);
    assert_eq!(old.keys.len(), 2);
    let What::News(News::Note(note)) = old.what else { panic!("no note") };
    assert_eq!(note.text.as_deref(), Some("from the old document"));
}

fn news(body: &Value) -> News {
    match input(body).what {
        What::News(news) => news,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_incident_that_is_named_by_our_key_alone_is_taken() {
    let body = json!({"event": {"event_type": "incident.acknowledged", "agent": {"summary": "Ann"},
        "data": {"incident_key": "test-123"}}});
    let acknowledged = input(&body);
    let keys: Vec<_> = acknowledged.keys.iter().map(|k| (k.kind, k.value.as_str())).collect();
    assert_eq!(keys, [(KeyKind::CreateKey, "test-123")]);
    assert_eq!(acknowledged.what, What::News(News::Status(Status::Acknowledged)));
    let note = json!({"event": {"event_type": "incident.annotated", "agent": {"summary": "Ann"},
        "note": {"content": "hello"}, "data": {"incident_key": "test-123"}}});
    assert!(matches!(news(&note), News::Note(_)));
}

#[test]
fn a_merge_is_said_and_is_never_ours() {
    let merged = |agent: Value, into: Value| {
        let mut data = incident_data();
        data["resolve_reason"] = json!({"type": "merge_resolve_reason", "incident": into});
        let mut body = event("incident.resolved", data);
        body["event"]["agent"] = agent;
        let input = input(&body);
        assert_eq!(input.what, What::News(News::Status(Status::Resolved)));
        let actor = input.actor.expect("a merge is always said");
        assert!(!actor.ours);
        actor.name
    };
    let target = json!({"id": "Q9", "type": "incident_reference", "summary": "[#7] Other"});
    let bridge = json!({"id": "PBRIDGE", "type": "user_reference", "summary": "Bridge"});
    assert_eq!(merged(bridge, target.clone()), "Bridge (merge into #7)");
    assert_eq!(merged(Value::Null, target), "merge into #7");
    assert_eq!(merged(Value::Null, json!({"id": "Q9", "summary": null})), "merge into Q9");
    assert_eq!(merged(Value::Null, Value::Null), "merge into another incident");
}

#[test]
fn our_own_changes_are_known_by_id_then_by_name() {
    let ours = |known: Option<&str>, agent: Value| {
        let connector = connector(|s| {
            s.insecure = true;
            s.user_name = Some("Bridge Bot".to_owned());
        });
        if let Some(id) = known {
            connector.set_user_id(id);
        }
        let mut body = event("incident.acknowledged", incident_data());
        body["event"]["agent"] = agent;
        match connector.receive(&HeaderMap::new(), body.to_string().as_bytes()) {
            Ok(Received::Input(input)) => input.actor.map(|a| a.ours),
            other => panic!("{other:?}"),
        }
    };
    let agent = |id: Value, name: &str| json!({"id": id, "type": "user_reference", "summary": name});
    assert_eq!(ours(Some("PBRIDGE"), agent("PBRIDGE".into(), "Renamed")), Some(true));
    assert_eq!(ours(Some("PBRIDGE"), agent("PANN".into(), "Bridge Bot")), Some(false), "a person of the same name");
    assert_eq!(ours(Some("PBRIDGE"), agent(Value::Null, "Bridge Bot")), Some(true));
    assert_eq!(ours(None, agent("PANN".into(), "Bridge Bot")), Some(true));
    assert_eq!(ours(None, agent("PANN".into(), "Ann")), Some(false));
    assert_eq!(ours(Some("PBRIDGE"), Value::Null), None);
    assert_eq!(ours(None, json!({"id": "PSVC", "type": "service_reference", "summary": null})), Some(false));
}

#[test]
fn a_repeat_has_the_same_identity() {
    let connector = open();
    let id = |event_id: Value, header: Option<&str>| {
        let mut body = event("incident.acknowledged", incident_data());
        body["event"]["id"] = event_id;
        let mut headers = HeaderMap::new();
        if let Some(header) = header {
            headers.insert("x-webhook-id", header.parse().expect("a value"));
        }
        match connector.receive(&headers, body.to_string().as_bytes()) {
            Ok(Received::Input(input)) => input.id,
            other => panic!("{other:?}"),
        }
    };
    // Two subscriptions tell the same event under different headers.
    assert_eq!(id("01H".into(), Some("w-1")), id("01H".into(), Some("w-2")));
    assert_ne!(id("01H".into(), Some("w-1")), id("01J".into(), Some("w-1")));
    assert_eq!(id(Value::Null, Some("w-1")), id(Value::Null, Some("w-1")));
    assert_ne!(id(Value::Null, Some("w-1")), id(Value::Null, Some("w-2")));
    assert_eq!(id(Value::Null, None), InputId(0));
}

#[test]
fn only_signed_webhooks_are_taken() {
    let body = event("incident.acknowledged", incident_data()).to_string();
    let (old, new) = (Secret::new("old"), Secret::new("new"));
    let sign = |secret: &Secret| ::pagerduty::webhook::sign(secret, body.as_bytes());
    let strict = connector(|s| s.webhook_secrets = vec![old.clone(), new.clone()]);
    let bare = connector(|_| {});
    let lax = connector(|s| {
        s.webhook_secrets = vec![old.clone()];
        s.insecure = true;
    });
    let both = format!("v1={},{}", "0".repeat(64), sign(&new));
    let table: &[(&PagerDuty, Option<String>, bool)] = &[
        (&strict, Some(sign(&old)), true),
        (&strict, Some(sign(&new)), true),
        (&strict, Some(both), true),
        (&strict, Some(sign(&Secret::new("other"))), false),
        (&strict, Some("v0=1".to_owned()), false),
        (&strict, Some(String::new()), false),
        (&strict, None, false),
        (&bare, None, false),
        (&bare, Some(sign(&old)), false),
        (&lax, None, true),
        (&lax, Some(sign(&old)), true),
        (&lax, Some(sign(&new)), false),
    ];
    for (at, (connector, signature, taken)) in table.iter().enumerate() {
        let mut headers = HeaderMap::new();
        if let Some(signature) = signature {
            headers.insert("x-pagerduty-signature", signature.parse().expect("a value"));
        }
        match connector.receive(&headers, body.as_bytes()) {
            Ok(_) => assert!(taken, "row {at}"),
            Err(Refusal::Unauthorized(_)) => assert!(!taken, "row {at}"),
            Err(other) => panic!("row {at}: {other:?}"),
        }
    }
    // The bytes count, not what they mean.
    let mut headers = HeaderMap::new();
    headers.insert("x-pagerduty-signature", sign(&old).parse().expect("a value"));
    assert!(matches!(strict.receive(&headers, format!("{body} ").as_bytes()), Err(Refusal::Unauthorized(_))));
    // The signatures may come in several headers.
    headers.insert("x-pagerduty-signature", "v1=00".parse().expect("a value"));
    headers.append("x-pagerduty-signature", sign(&new).parse().expect("a value"));
    assert!(strict.receive(&headers, body.as_bytes()).is_ok());
}

#[test]
fn a_bad_body_is_refused_by_field() {
    let table: &[(&[u8], &str, &str)] = &[
        (b"", "", "empty"),
        (b"\xff", "", "not UTF-8 from byte 0"),
        (b"hello", "", "not JSON"),
        (b"[]", "event", "missing"),
        (b"{}", "event", "missing"),
        (br#"{"event":[]}"#, "event", "no object"),
        (br#"{"event":{}}"#, "event.event_type", "missing"),
        (br#"{"event":{"event_type":7}}"#, "event.event_type", "no string"),
        (br#"{"event":{"event_type":"incident.acknowledged"}}"#, "event.data.id", "not an incident"),
        (br#"{"event":{"event_type":"incident.acknowledged","data":{"type":"incident"}}}"#, "event.data.id", "id"),
        (br#"{"event":{"event_type":"incident.resolved","data":{"id":7}}}"#, "event.data.id", "not an incident"),
        (
            br#"{"event":{"event_type":"incident.annotated","data":{"type":"incident_note","content":"x"}}}"#,
            "event.data.incident.id",
            "not a note",
        ),
    ];
    for &(body, field, says) in table {
        let shown = String::from_utf8_lossy(body);
        match open().receive(&HeaderMap::new(), body) {
            Err(Refusal::Malformed { field: named, detail }) => {
                assert_eq!(named, field, "{shown}: {detail}");
                assert!(detail.contains(says) && detail.contains("send what"), "{shown}: {detail}");
            }
            other => panic!("{shown}: {other:?}"),
        }
    }
}

#[test]
fn settings_that_cannot_work_are_refused_by_name() {
    let refused = |change: fn(&mut Settings)| {
        let mut settings = pagerduty_settings(URL);
        change(&mut settings);
        PagerDuty::new(settings, Arc::new(ManualClock::at(NOW))).expect_err("refused").to_string()
    };
    assert!(refused(|s| s.service_id = Some(String::new())).contains("service_id"));
    assert!(refused(|s| s.service_id = None).contains("service_id"));
    assert!(refused(|s| s.api_url = "pagerduty".to_owned()).contains("`pagerduty`"));
    assert!(refused(|s| s.token = Secret::new("")).contains("token"));
    let shown = format!("{:?}", pagerduty(URL));
    assert!(!shown.contains("pd-token"), "{shown}");
}
