//! Deliveries to, and readings of, a PagerDuty that follows a script.

use crate::support::{FarSide, NOW, Turn, delivery, on, pagerduty, pagerduty_settings, set, uncertain};
use pagebridge_connectors::PagerDuty;
use pagebridge_connectors::pagerduty::Settings;
use pagebridge_core::{
    Content, Delivery, NoteId, Outcome, Reading, RecordRef, Scope, Status, Step, Urgency, hash_text,
};
use pagebridge_ports::{CheckResult, Connector, ManualClock};
use serde_json::{Value, json};
use std::sync::Arc;

const GET: &str = "GET /incidents/R?include%5B%5D=body";
const PUT: &str = "PUT /incidents/R";
const CREATE: &str = "POST /incidents";
const NOTES: &str = "GET /incidents/R/notes";
const ADD_NOTE: &str = "POST /incidents/R/notes";
const FIND_OPEN: &str = "GET /incidents?incident_key=key-1&service_ids%5B%5D=PSVC001&statuses%5B%5D=triggered\
    &statuses%5B%5D=acknowledged&date_range=all&sort_by=created_at%3Adesc&limit=100";
const FIND_ALL: &str = "GET /incidents?incident_key=key-1&service_ids%5B%5D=PSVC001&statuses%5B%5D=triggered\
    &statuses%5B%5D=acknowledged&statuses%5B%5D=resolved&sort_by=created_at%3Adesc&limit=100";

use Status::{Acknowledged, Resolved, Triggered};

fn object(id: &str, status: &str) -> Value {
    json!({"id": id, "type": "incident", "status": status, "title": "disk full", "incident_key": "key-1",
        "html_url": format!("https://acme.pagerduty.com/incidents/{id}"), "urgency": "low",
        "body": {"type": "incident_body", "details": "98 %"},
        "escalation_policy": {"id": "PPOL1", "type": "escalation_policy_reference"},
        "last_status_change_at": "2026-11-20T14:00:00Z",
        "last_status_change_by": {"id": "PANN", "type": "user_reference", "summary": "Ann"}})
}

fn incident(status: &str) -> Value {
    json!({"incident": object("R", status)})
}

fn incidents(list: impl IntoIterator<Item = Value>) -> Value {
    json!({"incidents": list.into_iter().collect::<Vec<_>>(), "limit": 100, "offset": 0, "more": false})
}

fn refusal(code: u32, message: &str, error: &str) -> Value {
    json!({"error": {"message": message, "code": code, "errors": [error]}})
}

fn duplicate() -> Turn {
    let words = "Open incident with matching dedup key already exists on this service";
    on(CREATE, 400, refusal(2002, "Arguments Caused Error", words))
}

async fn deliver(delivery: &Delivery, turns: impl IntoIterator<Item = Turn>) -> (Outcome, Vec<Value>) {
    let far_side = FarSide::follows(turns).await;
    let outcome = pagerduty(&far_side.url).deliver(delivery).await;
    (outcome, far_side.done())
}

fn holds(status: Status) -> Outcome {
    Outcome::Delivered { record: None, status: Some(status), status_at: None, note: None }
}

fn made(id: &str, status: Status) -> Outcome {
    let record = RecordRef { url: Some(format!("https://acme.pagerduty.com/incidents/{id}")), ..RecordRef::id(id) };
    Outcome::Delivered { record: Some(record), status: Some(status), status_at: None, note: None }
}

fn is_read(outcome: &Outcome, status: Status) -> bool {
    matches!(outcome, Outcome::Read(reading) if reading.status == status)
}

#[tokio::test]
async fn an_incident_is_made_with_its_key() {
    let (outcome, bodies) = deliver(&delivery(Step::Create), [on(CREATE, 201, incident("triggered"))]).await;
    assert_eq!(outcome, made("R", Triggered));
    let expected = json!({"incident": {"type": "incident", "title": "disk full",
        "service": {"id": "PSVC001", "type": "service_reference"}, "urgency": "low", "incident_key": "key-1",
        "body": {"type": "incident_body", "details": "98 %"}}});
    assert_eq!(bodies[0], expected);
}

#[tokio::test]
async fn a_policy_goes_along_and_long_texts_are_cut() {
    let far_side = FarSide::follows([on(CREATE, 201, incident("triggered"))]).await;
    let mut settings = pagerduty_settings(&far_side.url);
    settings.escalation_policy = Some("PPOL9".to_owned());
    let connector = PagerDuty::new(settings, Arc::new(ManualClock::at(NOW))).expect("valid");
    let content =
        Content { title: "x".repeat(10_000), body: "y".repeat(100_000), urgency: Urgency::High, ..Content::default() };
    connector.deliver(&Delivery { content, ..delivery(Step::Create) }).await;
    let sent = &far_side.done()[0]["incident"];
    assert_eq!(sent["escalation_policy"], json!({"id": "PPOL9", "type": "escalation_policy_reference"}));
    assert_eq!(sent["urgency"], "high");
    assert_eq!(sent["title"].as_str().map(|t| t.chars().count()), Some(1_024));
    assert_eq!(sent["body"]["details"].as_str().map(|t| t.chars().count()), Some(25_000));
}

#[tokio::test]
async fn an_open_incident_with_the_key_is_adopted() {
    let mut other = object("OTHER", "triggered");
    other["incident_key"] = Value::Null;
    let found = || incidents([other.clone(), object("R", "triggered")]);
    let (outcome, _) = deliver(&delivery(Step::Create), [duplicate(), on(FIND_OPEN, 200, found())]).await;
    assert_eq!(outcome, made("R", Triggered));
    // It holds an alert with the key: that is what stands in the way.
    let (outcome, _) =
        deliver(&delivery(Step::Create), [duplicate(), on(FIND_OPEN, 200, incidents([other.clone()]))]).await;
    assert_eq!(outcome, made("OTHER", Triggered));
    // What a person did meanwhile is carried on, not set back.
    let taken = incidents([object("R", "acknowledged")]);
    let (outcome, _) = deliver(&delivery(Step::Create), [duplicate(), on(FIND_OPEN, 200, taken)]).await;
    assert!(is_read(&outcome, Acknowledged), "{outcome:?}");
    // Resolved between the two calls: the next attempt makes it.
    let (outcome, _) = deliver(&delivery(Step::Create), [duplicate(), on(FIND_OPEN, 200, incidents([]))]).await;
    assert!(matches!(outcome, Outcome::NotApplied { scope: Scope::Record, .. }), "{outcome:?}");
}

#[tokio::test]
async fn a_making_in_doubt_is_looked_for_first_even_among_what_is_over() {
    let found = |list: Vec<Value>| on(FIND_ALL, 200, incidents(list));
    let create = uncertain(Step::Create);
    assert_eq!(deliver(&create, [found(vec![object("R", "triggered")])]).await.0, made("R", Triggered));
    // An open one counts before one that is over, and what is over was made all the same.
    let both = vec![object("OLD", "resolved"), object("R", "triggered")];
    assert_eq!(deliver(&create, [found(both)]).await.0, made("R", Triggered));
    let (outcome, _) = deliver(&create, [found(vec![object("R", "resolved")])]).await;
    assert!(is_read(&outcome, Resolved), "{outcome:?}");
    // An incident that only holds an alert with the key was made by others.
    let mut other = object("OTHER", "triggered");
    other["incident_key"] = "another".into();
    let turns = [found(vec![other]), on(CREATE, 201, incident("triggered"))];
    assert_eq!(deliver(&create, turns).await.0, made("R", Triggered));
}

#[tokio::test]
async fn a_look_says_what_is_there_whatever_its_status() {
    let find = uncertain(Step::Find);
    for (word, status) in [("triggered", Triggered), ("acknowledged", Acknowledged), ("resolved", Resolved)] {
        let (outcome, _) = deliver(&find, [on(FIND_ALL, 200, incidents([object("R", word)]))]).await;
        assert_eq!(outcome, made("R", status));
    }
    assert_eq!(deliver(&find, [on(FIND_ALL, 200, incidents([]))]).await.0, Outcome::Missing);
}

#[tokio::test]
async fn a_making_without_an_answer_is_unknown_and_the_next_attempt_finds_it() {
    let lost = on(CREATE, 201, json!({})).hangs();
    let far_side = FarSide::follows([lost, on(FIND_ALL, 200, incidents([object("R", "triggered")]))]).await;
    let connector = pagerduty(&far_side.url);
    let outcome = connector.deliver(&delivery(Step::Create)).await;
    assert!(matches!(outcome, Outcome::Unknown { .. }), "{outcome:?}");
    assert_eq!(connector.deliver(&uncertain(Step::Create)).await, made("R", Triggered));
    far_side.done();
}

#[tokio::test]
async fn each_status_is_set_in_its_own_way() {
    let table = [
        (set(Triggered, Acknowledged), json!({"status": "acknowledged"})),
        (set(Triggered, Resolved), json!({"status": "resolved"})),
        (set(Acknowledged, Resolved), json!({"status": "resolved"})),
        (set(Resolved, Triggered), json!({"status": "triggered"})),
        (set(Resolved, Acknowledged), json!({"status": "acknowledged"})),
        (
            set(Acknowledged, Triggered),
            json!({"escalation_policy": {"id": "PPOL1", "type": "escalation_policy_reference"}}),
        ),
    ];
    for (delivery, mut sent) in table {
        let Step::SetStatus { from: Some(from), to } = delivery.step else { panic!("a status") };
        let turns = [on(GET, 200, incident(from.as_str())), on(PUT, 200, incident(to.as_str()))];
        let (outcome, bodies) = deliver(&delivery, turns).await;
        assert_eq!(outcome, holds(to), "{from} to {to}");
        sent["type"] = "incident_reference".into();
        assert_eq!(bodies[1], json!({"incident": sent}), "{from} to {to}");
    }
}

#[tokio::test]
async fn a_status_is_compared_before_it_is_set() {
    let (outcome, _) = deliver(&set(Triggered, Acknowledged), [on(GET, 200, incident("acknowledged"))]).await;
    assert_eq!(outcome, holds(Acknowledged));
    let (outcome, _) = deliver(&set(Triggered, Acknowledged), [on(GET, 200, incident("resolved"))]).await;
    assert!(is_read(&outcome, Resolved), "{outcome:?}");
    let blind = delivery(Step::SetStatus { from: None, to: Resolved });
    let turns = [on(GET, 200, incident("acknowledged")), on(PUT, 200, incident("resolved"))];
    assert_eq!(deliver(&blind, turns).await.0, holds(Resolved));
}

#[tokio::test]
async fn a_refusal_because_somebody_was_quicker_is_judged_by_what_is_there() {
    let already = |code, words: &str| on(PUT, 400, refusal(code, words, words));
    let acknowledge = set(Triggered, Acknowledged);
    let turns = [
        on(GET, 200, incident("triggered")),
        already(1002, "Incident Already Acknowledged"),
        on(GET, 200, incident("acknowledged")),
    ];
    assert_eq!(deliver(&acknowledge, turns).await.0, holds(Acknowledged));
    let turns = [
        on(GET, 200, incident("triggered")),
        already(1001, "Incident Already Resolved"),
        on(GET, 200, incident("resolved")),
    ];
    assert!(is_read(&deliver(&acknowledge, turns).await.0, Resolved));
}

#[tokio::test]
async fn a_write_that_changes_nothing_is_not_repeated_at_once() {
    let turns = [on(GET, 200, incident("acknowledged")), on(PUT, 200, incident("acknowledged"))];
    let (outcome, _) = deliver(&set(Acknowledged, Triggered), turns).await;
    assert!(matches!(outcome, Outcome::NotApplied { scope: Scope::Record, .. }), "{outcome:?}");
}

#[tokio::test]
async fn failures_are_told_apart() {
    let acknowledge = set(Triggered, Acknowledged);
    let outcome = async |turns: Vec<Turn>| deliver(&acknowledge, turns).await.0;
    let found = || on(GET, 200, incident("triggered"));
    assert!(matches!(outcome(vec![found(), on(PUT, 502, json!({}))]).await, Outcome::Unknown { .. }));
    assert!(matches!(outcome(vec![found(), on(PUT, 200, json!({})).hangs()]).await, Outcome::Unknown { .. }));
    let garbled = on(PUT, 200, json!({})).raw("<html>");
    assert!(matches!(outcome(vec![found(), garbled]).await, Outcome::Unknown { .. }));
    let busy = on(PUT, 503, json!({})).header("retry-after", "7");
    assert!(matches!(outcome(vec![found(), busy]).await, Outcome::NotApplied { wait_ms: Some(7_000), .. }));
    let throttled = on(GET, 429, refusal(2020, "Rate Limit Exceeded", "")).header("ratelimit-reset", "37");
    assert!(matches!(
        outcome(vec![throttled]).await,
        Outcome::NotApplied { wait_ms: Some(37_000), scope: Scope::System, .. }
    ));
    assert!(matches!(outcome(vec![on(GET, 200, json!({})).hangs()]).await, Outcome::NotApplied { .. }));
    assert_eq!(outcome(vec![on(GET, 404, refusal(2100, "Not Found", ""))]).await, Outcome::Missing);
    let invalid = on(PUT, 400, refusal(2001, "Invalid Input Provided", "Title is odd"));
    let rejected = outcome(vec![found(), invalid]).await;
    assert!(
        matches!(&rejected, Outcome::Rejected { reason, remedy } if reason.contains("Title is odd") && !remedy.is_empty()),
        "{rejected:?}"
    );
}

#[tokio::test]
async fn a_far_side_that_is_not_there_was_surely_not_reached() {
    let nobody = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", nobody.local_addr().expect("bound"));
    drop(nobody);
    let outcome = pagerduty(&url).deliver(&delivery(Step::Create)).await;
    let Outcome::NotApplied { reason, scope: Scope::System, .. } = &outcome else { panic!("{outcome:?}") };
    assert!(reason.contains("nothing was sent") && !reason.contains("pd-token"), "{reason}");
}

#[tokio::test]
async fn a_note_ends_in_its_mark_and_is_found_by_it() {
    let note = delivery(Step::AddNote(NoteId(3)));
    let noted =
        |id: &str| Outcome::Delivered { record: None, status: None, status_at: None, note: Some(id.to_owned()) };
    let answer = || on(ADD_NOTE, 200, json!({"note": {"id": "N1", "content": "..."}}));
    let (outcome, bodies) = deliver(&note, [answer()]).await;
    assert_eq!(outcome, noted("N1"));
    assert_eq!(bodies[0], json!({"note": {"content": "dana (Opsgenie): looking\n[pb:x-12-3]"}}));

    let long = Delivery { note: "ü".repeat(30_000), ..note };
    let (_, bodies) = deliver(&long, [answer()]).await;
    let sent = bodies[0]["note"]["content"].as_str().expect("a note");
    assert!(sent.chars().count() == 25_000 && sent.ends_with("…\n[pb:x-12-3]"));

    let doubted = uncertain(Step::AddNote(NoteId(3)));
    let there = json!({"notes": [{"id": "N0", "content": "[pb:x-12-30]"}, {"id": "N2", "content": "x\n[pb:x-12-3]"}]});
    assert_eq!(deliver(&doubted, [on(NOTES, 200, there)]).await.0, noted("N2"));
    let (outcome, _) = deliver(&doubted, [on(NOTES, 200, json!({"notes": []})), answer()]).await;
    assert_eq!(outcome, noted("N1"));
}

#[tokio::test]
async fn a_reading_tells_everything() {
    let notes = json!({"notes": [
        {"id": "N2", "content": "second", "user": {"id": "PANN", "summary": "Ann"}, "created_at": "2026-11-20T14:00:02Z"},
        {"id": "N1", "content": "first", "user": null, "created_at": "2026-11-20T14:00:01Z"}]});
    let far_side = FarSide::follows([on(GET, 200, incident("acknowledged")), on(NOTES, 200, notes)]).await;
    let outcome = pagerduty(&far_side.url).read(&RecordRef::id("R")).await;
    far_side.done();
    let Outcome::Read(reading) = outcome else { panic!("{outcome:?}") };
    assert_eq!((reading.status, reading.status_at), (Acknowledged, None));
    assert_eq!(reading.by.map(|by| (by.name, by.ours)), Some(("Ann".to_owned(), false)));
    let notes: Vec<_> = reading.notes.iter().flatten().map(|n| (n.key, n.author.as_str(), n.text.as_str())).collect();
    assert_eq!(notes, [(hash_text("N1"), "", "first"), (hash_text("N2"), "Ann", "second")]);
    let content = reading.content.expect("the content");
    assert_eq!((content.title.as_str(), content.body.as_str(), content.urgency), ("disk full", "98 %", Urgency::Low));
}

#[tokio::test]
async fn a_reading_names_who_did_it() {
    let by = async |change: fn(&mut Value)| {
        let mut body = incident("resolved");
        change(&mut body["incident"]);
        let far_side = FarSide::follows([on(GET, 200, body), on(NOTES, 200, json!({"notes": []}))]).await;
        let outcome = pagerduty(&far_side.url).read(&RecordRef::id("R")).await;
        let Outcome::Read(Reading { by, .. }) = outcome else { panic!("{outcome:?}") };
        by.map(|by| (by.name, by.ours))
    };
    assert_eq!(by(|i| i["last_status_change_by"]["id"] = "PBRIDGE".into()).await, Some(("Ann".to_owned(), true)));
    assert_eq!(by(|i| i["last_status_change_by"]["type"] = "service_reference".into()).await, None);
    assert_eq!(by(|i| i["last_status_change_by"] = Value::Null).await, None);
    let merge = |i: &mut Value| {
        i["resolve_reason"] = json!({"type": "merge_resolve_reason", "incident": {"id": "Q9", "summary": "[#7] x"}});
    };
    assert_eq!(by(merge).await, Some(("Ann (merge into #7)".to_owned(), false)));
}

#[tokio::test]
async fn the_user_id_is_learned_once_and_nothing_waits_for_it() {
    const USERS: &str = "GET /users?query=bridge%40example.test&limit=100";
    let near = json!({"id": "PNEAR", "name": "Near", "email": "other-bridge@example.test"});
    let ours = json!({"id": "PBRIDGE", "name": "Bridge", "email": "Bridge@Example.test"});
    let notes = || on(NOTES, 200, json!({"notes": []}));
    let turns = [
        on(USERS, 500, json!({})),
        on(GET, 200, incident("triggered")),
        notes(),
        on(GET, 200, incident("triggered")),
        notes(),
        on(USERS, 200, json!({"users": [near, ours], "more": false})),
        on(GET, 200, incident("triggered")),
        notes(),
    ];
    let far_side = FarSide::follows(turns).await;
    let clock = Arc::new(ManualClock::at(NOW));
    let connector = PagerDuty::new(pagerduty_settings(&far_side.url), clock.clone()).expect("valid");
    let record = RecordRef::id("R");
    assert!(matches!(connector.read(&record).await, Outcome::Read(_)));
    assert!(matches!(connector.read(&record).await, Outcome::Read(_)), "not asked again at once");
    assert_eq!(connector.user_id(), None);
    clock.advance(600_000);
    assert!(matches!(connector.read(&record).await, Outcome::Read(_)));
    assert_eq!(connector.user_id(), Some("PBRIDGE"));
    far_side.done();
}

#[tokio::test]
async fn the_secret_of_webhooks_is_looked_at_unless_the_upkeep_has_it() {
    let check = async |change: fn(&mut Settings)| {
        let mut settings = pagerduty_settings("http://127.0.0.1:9");
        change(&mut settings);
        let connector = PagerDuty::new(settings, Arc::new(ManualClock::at(NOW))).expect("valid");
        connector.check().await.into_iter().map(|check| check.result).collect::<Vec<_>>()
    };
    assert_eq!(check(|_| {}).await, [CheckResult::Warning], "none is set");
    assert_eq!(check(|s| s.webhook_secrets = vec!["hush".into()]).await, [CheckResult::Ok]);
    assert_eq!(check(|s| s.insecure = true).await, [CheckResult::Warning]);
    assert_eq!(check(|s| s.webhook_url = Some("https://b.test/hooks/pd".to_owned())).await, []);
}
