//! A PagerDuty of several services: where incidents are made, which of them begin something elsewhere, and the webhooks that the
//! extension for Request Tracker took.

use crate::support::{FarSide, NOW, Turn, delivery, on, pagerduty_settings, uncertain};
use http::HeaderMap;
use pagebridge_connectors::pagerduty::{Opens, Settings, WebHookPage};
use pagebridge_connectors::{PagerDuty, Secret};
use pagebridge_core::{Content, Delivery, Outcome, Status, Step, Urgency};
use pagebridge_ports::{Connector, ManualClock, Receive, Received, Refusal};
use pagerduty::webhook::sign;
use serde_json::{Value, json};
use std::sync::Arc;

const URL: &str = "http://127.0.0.1:9";
const GET: &str = "GET /incidents/R?include%5B%5D=body";

fn connector(url: &str, change: impl FnOnce(&mut Settings)) -> PagerDuty {
    let mut settings = pagerduty_settings(url);
    change(&mut settings);
    let connector = PagerDuty::new(settings, Arc::new(ManualClock::at(NOW))).expect("valid");
    connector.set_user_id("PBRIDGE");
    connector
}

fn these(ids: &[&str]) -> Opens {
    Opens::These(ids.iter().map(|&id| id.to_owned()).collect())
}

fn webhook(event_type: &str, service: &str) -> Value {
    json!({"event": {"id": "01H", "event_type": event_type, "resource_type": "incident",
        "data": {"id": "Q1", "type": "incident", "incident_key": "key-1", "service": {"id": service}}}})
}

#[test]
fn only_a_new_incident_of_a_service_that_is_carried_on_begins_something() {
    let table = [
        (Opens::None, "incident.triggered", "P1", false),
        (Opens::All, "incident.triggered", "P9", true),
        (these(&["P1"]), "incident.triggered", "P1", true),
        (these(&["P1"]), "incident.triggered", "P9", false),
        // What is older than the bridge is left alone, whatever becomes of it.
        (Opens::All, "incident.acknowledged", "P1", false),
        (Opens::All, "incident.resolved", "P1", false),
    ];
    for (opens, event_type, service, expected) in table {
        let shown = format!("{opens:?} {event_type} {service}");
        let connector = connector(URL, |s| (s.insecure, s.opens) = (true, opens));
        let body = webhook(event_type, service).to_string();
        match connector.receive(&HeaderMap::new(), body.as_bytes()) {
            Ok(Received::Input(input)) => assert_eq!(input.asks, expected, "{shown}"),
            other => panic!("{shown}: {other:?}"),
        }
    }
}

#[test]
fn the_page_of_the_extension_wants_its_token_and_the_signature_besides() {
    let body = webhook("incident.triggered", "P1").to_string();
    let secret = Secret::new("hush");
    let page = |tokens: &[&str], secrets: &[&Secret]| {
        let connector = connector(URL, |s| {
            s.webhook_tokens = tokens.iter().map(|&token| Secret::new(token)).collect();
            s.webhook_secrets = secrets.iter().map(|&secret| secret.clone()).collect();
        });
        WebHookPage(Arc::new(connector))
    };
    let signed = sign(&secret, body.as_bytes());
    let (token, wrong) = ("token 1-14-abc", "token 1-14-abd");
    let both = page(&["1-14-old", "1-14-abc"], &[&secret]);
    let (token_only, signed_only, neither) = (page(&["1-14-abc"], &[]), page(&[], &[&secret]), page(&[], &[]));
    let table: [(&WebHookPage, Option<&str>, Option<&str>, bool); 13] = [
        (&both, Some(token), Some(&signed), true),
        (&both, Some("token 1-14-old"), Some(&signed), true),
        (&both, Some(wrong), Some(&signed), false),
        (&both, None, Some(&signed), false),
        (&both, Some(token), None, false),
        (&both, Some(token), Some("v1=00"), false),
        (&token_only, Some(token), None, true),
        (&token_only, Some(wrong), Some(&signed), false),
        (&token_only, None, None, false),
        (&signed_only, None, Some(&signed), true),
        (&signed_only, Some(token), None, false),
        (&neither, None, None, false),
        (&neither, Some(token), Some(&signed), false),
    ];
    for (at, (page, token, signature, taken)) in table.into_iter().enumerate() {
        let mut headers = HeaderMap::new();
        for (name, value) in [("authorization", token), ("x-pagerduty-signature", signature)] {
            if let Some(value) = value {
                headers.insert(name, value.parse().expect("a value"));
            }
        }
        match page.receive(&headers, body.as_bytes()) {
            Ok(Received::Input(_)) => assert!(taken, "row {at}"),
            Err(Refusal::Unauthorized(words)) => {
                assert!(!taken && !words.contains("1-14") && !words.contains("hush"), "row {at}: {words}");
            }
            other => panic!("row {at}: {other:?}"),
        }
    }
}

#[test]
fn the_page_refuses_only_what_is_no_json() {
    let page = WebHookPage(Arc::new(connector(URL, |s| {
        s.webhook_tokens = vec![Secret::new("1-14-abc")];
        s.opens = these(&["P1"]);
    })));
    let mut headers = HeaderMap::new();
    headers.insert("authorization", "token 1-14-abc".parse().expect("a value"));
    let ignored = [
        json!({"event": {"event_type": "pagey.ping", "data": {"type": "ping", "message": "Hello"}}}),
        webhook("incident.priority_updated", "P1"),
        json!({"event": {"event_type": "service.updated", "data": {"id": "P1", "type": "service"}}}),
        json!({"event": {"event_type": "incident.triggered", "data": {"type": "incident"}}}),
        json!({"event": {}}),
        json!({}),
        json!([]),
    ];
    for body in ignored {
        let got = page.receive(&headers, body.to_string().as_bytes());
        assert!(matches!(got, Ok(Received::Ignored { .. })), "{body}: {got:?}");
    }
    for body in ["", "hello", "\u{ff}{"] {
        let got = page.receive(&headers, body.as_bytes());
        assert!(matches!(got, Err(Refusal::Malformed { .. })), "{body}: {got:?}");
        let got = page.receive(&HeaderMap::new(), body.as_bytes());
        assert!(matches!(got, Err(Refusal::Unauthorized(_))), "{body}: {got:?}");
    }
    // An incident of a service that is not mapped is told and opens nothing; the store ignores it.
    let body = webhook("incident.triggered", "P9").to_string();
    let got = page.receive(&headers, body.as_bytes());
    assert!(matches!(&got, Ok(Received::Input(input)) if !input.asks), "{got:?}");
}

fn of_service(step: Delivery, service: Option<&str>) -> Delivery {
    let content = Content { service: service.map(str::to_owned), ..step.content };
    Delivery { content, ..step }
}

fn object(status: &str) -> Value {
    json!({"incident": {"id": "R", "type": "incident", "status": status, "title": "disk full", "urgency": "low",
        "incident_key": "key-1", "service": {"id": "P2", "type": "service_reference"}}})
}

async fn deliver(
    delivery: &Delivery,
    change: impl FnOnce(&mut Settings),
    turns: impl IntoIterator<Item = Turn>,
) -> (Outcome, Vec<Value>) {
    let far_side = FarSide::follows(turns).await;
    let outcome = connector(&far_side.url, change).deliver(delivery).await;
    (outcome, far_side.done())
}

#[tokio::test]
async fn an_incident_is_made_on_the_service_that_it_belongs_to() {
    let create = of_service(delivery(Step::Create), Some("P2"));
    let made = || on("POST /incidents", 201, object("triggered"));
    let (_, bodies) = deliver(&create, |_| {}, [made()]).await;
    assert_eq!(bodies[0]["incident"]["service"], json!({"id": "P2", "type": "service_reference"}));
    let (_, bodies) = deliver(&of_service(delivery(Step::Create), None), |_| {}, [made()]).await;
    assert_eq!(bodies[0]["incident"]["service"]["id"], "PSVC001");

    let no_own = |s: &mut Settings| (s.service_id, s.opens) = (None, Opens::All);
    assert!(matches!(deliver(&create, no_own, [made()]).await.0, Outcome::Delivered { .. }));
    let (outcome, _) = deliver(&of_service(delivery(Step::Create), None), no_own, []).await;
    assert!(matches!(&outcome, Outcome::Rejected { remedy, .. } if remedy.contains("service_id")), "{outcome:?}");
}

#[tokio::test]
async fn an_incident_in_doubt_is_looked_for_on_its_service() {
    const FIND: &str = "GET /incidents?incident_key=key-1&service_ids%5B%5D=P2&statuses%5B%5D=triggered\
        &statuses%5B%5D=acknowledged&statuses%5B%5D=resolved&sort_by=created_at%3Adesc&limit=100";
    let found = json!({"incidents": [object("triggered")["incident"]], "more": false});
    let create = of_service(uncertain(Step::Create), Some("P2"));
    let (outcome, _) = deliver(&create, |_| {}, [on(FIND, 200, found)]).await;
    assert!(matches!(outcome, Outcome::Delivered { record: Some(_), .. }), "{outcome:?}");
}

#[tokio::test]
async fn a_service_that_is_not_there_holds_up_only_its_own_incidents() {
    let gone = || on("POST /incidents", 404, json!({"error": {"message": "Service Not Found", "code": 5002}}));
    let (outcome, _) = deliver(&of_service(delivery(Step::Create), Some("P2")), |_| {}, [gone()]).await;
    let Outcome::Rejected { reason, remedy } = &outcome else { panic!("{outcome:?}") };
    assert!(reason.contains("`P2`") && remedy.contains("`service`"), "{outcome:?}");
    let (outcome, _) = deliver(&of_service(delivery(Step::Create), None), |_| {}, [gone()]).await;
    assert!(matches!(outcome, Outcome::NotApplied { .. }), "{outcome:?}");
}

#[tokio::test]
async fn title_and_urgency_are_brought_up_to_date() {
    let content = Content { title: "two disks full".to_owned(), urgency: Urgency::High, ..Content::default() };
    let update = Delivery { content, ..delivery(Step::Update { retold: 1 }) };
    let turns = [on(GET, 200, object("acknowledged")), on("PUT /incidents/R", 200, object("acknowledged"))];
    let (outcome, bodies) = deliver(&update, |_| {}, turns).await;
    assert!(matches!(outcome, Outcome::Delivered { .. }), "{outcome:?}");
    let sent = json!({"incident": {"type": "incident_reference", "title": "two disks full", "urgency": "high"}});
    assert_eq!(bodies[1], sent);

    // The same text is not written, nor is anything on an incident that is over.
    let same = Delivery { step: Step::Update { retold: 1 }, ..delivery(Step::Update { retold: 1 }) };
    let (outcome, _) = deliver(&same, |_| {}, [on(GET, 200, object("triggered"))]).await;
    assert!(matches!(outcome, Outcome::Delivered { .. }), "{outcome:?}");
    let (outcome, _) = deliver(&update, |_| {}, [on(GET, 200, object("resolved"))]).await;
    assert!(matches!(outcome, Outcome::Delivered { status: Some(Status::Resolved), .. }), "{outcome:?}");
    let quicker = json!({"error": {"message": "Incident Already Resolved", "code": 1001, "errors": []}});
    let turns = [on(GET, 200, object("triggered")), on("PUT /incidents/R", 400, quicker)];
    assert!(matches!(deliver(&update, |_| {}, turns).await.0, Outcome::Delivered { .. }));
}

#[tokio::test]
async fn the_content_of_an_incident_names_its_service() {
    let notes = on("GET /incidents/R/notes", 200, json!({"notes": []}));
    let far_side = FarSide::follows([on(GET, 200, object("triggered")), notes]).await;
    let outcome = connector(&far_side.url, |_| {}).read(&pagebridge_core::RecordRef::id("R")).await;
    let Outcome::Read(reading) = outcome else { panic!("{outcome:?}") };
    assert_eq!(reading.content.and_then(|content| content.service).as_deref(), Some("P2"));
}

#[test]
fn services_are_in_use_that_incidents_are_made_on_or_come_from() {
    let of = |opens| {
        let mut settings = pagerduty_settings(URL);
        (settings.services, settings.opens) = (["P2".to_owned()].into(), opens);
        settings.services_in_use().into_iter().collect::<Vec<_>>()
    };
    assert_eq!(of(Opens::None), ["P2", "PSVC001"]);
    assert_eq!(of(these(&["P2", "P3"])), ["P2", "P3", "PSVC001"]);
    assert_eq!(of(Opens::All), [""; 0], "any");
}
