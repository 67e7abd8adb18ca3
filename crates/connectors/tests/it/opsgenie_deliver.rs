//! Deliveries to, and readings of, an Opsgenie that follows a script.

use crate::support::{FarSide, NOW, Turn, delivery, on, opsgenie, opsgenie_settings, set, uncertain};
use pagebridge_connectors::Opsgenie;
use pagebridge_core::{Delivery, NoteId, Outcome, Reading, RecordRef, Scope, Status, Step};
use pagebridge_ports::{CheckResult, Connector, ManualClock};
use serde_json::{Value, json};
use std::sync::Arc;

const GET: &str = "GET /v2/alerts/R?identifierType=id";
const ACKNOWLEDGE: &str = "POST /v2/alerts/R/acknowledge?identifierType=id";
const ADD_NOTE: &str = "POST /v2/alerts/R/notes?identifierType=id";
const NOTES: &str = "GET /v2/alerts/R/notes?identifierType=id&limit=100&order=desc";
const REQUEST: &str = "GET /v2/alerts/requests/req-1";

use Status::{Acknowledged, Resolved, Triggered};

fn alert(status: &str, acknowledged: bool) -> Value {
    json!({"data": {"id": "R", "status": status, "acknowledged": acknowledged, "message": "disk full",
        "priority": "P2", "description": "98 %", "details": {"region": "eu"},
        "report": {"acknowledgedBy": "dana@example.test", "closedBy": "erik@example.test"}}, "took": 0.1})
}

fn accepted(call: &'static str) -> Turn {
    on(call, 202, json!({"result": "Request will be processed", "took": 0.3, "requestId": "req-1"}))
}

fn pending() -> Turn {
    on(REQUEST, 404, json!({"message": "Request not found. It might not be processed, yet."}))
}

fn done() -> Turn {
    on(REQUEST, 200, json!({"data": {"success": true, "isSuccess": true, "status": "done", "alertId": "R"}}))
}

fn failed(status: &str) -> Turn {
    on(REQUEST, 200, json!({"data": {"success": false, "isSuccess": false, "status": status, "alertId": ""}}))
}

/// Delivers against a script, checks that it was followed, and gives the outcome and the bodies sent.
async fn deliver(delivery: &Delivery, turns: impl IntoIterator<Item = Turn>) -> (Outcome, Vec<Value>) {
    let far_side = FarSide::follows(turns).await;
    let outcome = opsgenie(&far_side.url).deliver(delivery).await;
    (outcome, far_side.done())
}

fn holds(status: Status) -> Outcome {
    Outcome::Delivered { record: None, status: Some(status), status_at: None, note: None }
}

fn is_unknown(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Unknown { .. })
}

#[tokio::test]
async fn a_status_is_set_and_followed_to_its_result() {
    let table = [
        (set(Triggered, Acknowledged), alert("open", false), ACKNOWLEDGE),
        (set(Acknowledged, Triggered), alert("open", true), "POST /v2/alerts/R/unacknowledge?identifierType=id"),
        (set(Triggered, Resolved), alert("open", false), "POST /v2/alerts/R/close?identifierType=id"),
        (set(Acknowledged, Resolved), alert("open", true), "POST /v2/alerts/R/close?identifierType=id"),
    ];
    for (delivery, found, call) in table {
        let Step::SetStatus { to, .. } = delivery.step else { panic!("a status") };
        let (outcome, bodies) = deliver(&delivery, [on(GET, 200, found), accepted(call), pending(), done()]).await;
        assert_eq!(outcome, holds(to), "{call}");
        assert_eq!(bodies[1], json!({"user": "Ann (PagerDuty)", "source": "pagebridge"}));
    }
}

#[tokio::test]
async fn an_unknown_starting_point_is_no_hindrance() {
    let blind = delivery(Step::SetStatus { from: None, to: Acknowledged });
    let nameless = Delivery { by: None, ..blind };
    let (outcome, bodies) =
        deliver(&nameless, [on(GET, 200, alert("open", false)), accepted(ACKNOWLEDGE), done()]).await;
    assert_eq!(outcome, holds(Acknowledged));
    assert_eq!(bodies[1]["user"], "Pagebridge");
    let long = Delivery { by: Some("x".repeat(150)), ..nameless };
    let (_, bodies) = deliver(&long, [on(GET, 200, alert("open", false)), accepted(ACKNOWLEDGE), done()]).await;
    assert_eq!(bodies[1]["user"].as_str().map(|user| user.chars().count()), Some(100));
}

#[tokio::test]
async fn a_status_that_is_there_already_is_not_set_again() {
    let (outcome, _) = deliver(&set(Triggered, Acknowledged), [on(GET, 200, alert("open", true))]).await;
    assert_eq!(outcome, holds(Acknowledged));
}

#[tokio::test]
async fn an_alert_that_has_moved_is_reported_and_left_alone() {
    let (outcome, _) = deliver(&set(Triggered, Acknowledged), [on(GET, 200, alert("closed", true))]).await;
    let Outcome::Read(reading) = outcome else { panic!("{outcome:?}") };
    assert_eq!((reading.status, reading.notes), (Resolved, None));
    assert_eq!(reading.by.map(|by| (by.name, by.ours)), Some(("erik@example.test".to_owned(), false)));
}

#[tokio::test]
async fn a_closed_alert_cannot_be_reopened() {
    let (outcome, _) = deliver(&set(Resolved, Triggered), [on(GET, 200, alert("closed", false))]).await;
    assert!(matches!(&outcome, Outcome::Rejected { reason, .. } if reason.contains("reopen")), "{outcome:?}");
}

#[tokio::test]
async fn a_refused_request_is_judged_by_what_is_there() {
    let start = || [on(GET, 200, alert("open", false)), accepted(ACKNOWLEDGE)];
    let acknowledge = set(Triggered, Acknowledged);

    let quicker =
        start().into_iter().chain([failed("Alert is already acknowledged"), on(GET, 200, alert("open", true))]);
    assert_eq!(deliver(&acknowledge, quicker).await.0, holds(Acknowledged));

    let closed = start().into_iter().chain([failed("Alert is closed"), on(GET, 200, alert("closed", false))]);
    assert!(matches!(deliver(&acknowledge, closed).await.0, Outcome::Read(Reading { status: Resolved, .. })));

    let odd = start().into_iter().chain([failed("Not today"), on(GET, 200, alert("open", false))]);
    let (outcome, _) = deliver(&acknowledge, odd).await;
    assert!(matches!(&outcome, Outcome::Rejected { reason, .. } if reason.contains("Not today")), "{outcome:?}");

    let gone = start().into_iter().chain([failed("Alert does not exist")]);
    let (outcome, _) = deliver(&acknowledge, gone).await;
    assert!(
        matches!(&outcome, Outcome::Rejected { reason, remedy } if reason.contains("does not exist") && !remedy.is_empty())
    );
}

#[tokio::test]
async fn a_result_that_does_not_come_in_time_is_unknown() {
    let start = [on(GET, 200, alert("open", false)), accepted(ACKNOWLEDGE)];
    let turns = start.into_iter().chain((0..7).map(|_| pending()));
    assert!(is_unknown(&deliver(&set(Triggered, Acknowledged), turns).await.0));

    // More questions would only make it worse.
    let throttled = on(REQUEST, 429, json!({"message": "slow down"}));
    let turns = [on(GET, 200, alert("open", false)), accepted(ACKNOWLEDGE), throttled];
    assert!(is_unknown(&deliver(&set(Triggered, Acknowledged), turns).await.0));

    // A hiccup while asking says nothing about the write.
    let hiccup = on(REQUEST, 500, json!({}));
    let turns = [on(GET, 200, alert("open", false)), accepted(ACKNOWLEDGE), hiccup, done()];
    assert_eq!(deliver(&set(Triggered, Acknowledged), turns).await.0, holds(Acknowledged));
}

#[tokio::test]
async fn a_write_without_an_answer_is_unknown_and_the_next_attempt_finds_it() {
    let lost = on(ACKNOWLEDGE, 202, json!({})).hangs();
    let turns = [on(GET, 200, alert("open", false)), lost, on(GET, 200, alert("open", true))];
    let far_side = FarSide::follows(turns).await;
    let connector = opsgenie(&far_side.url);
    let acknowledge = set(Triggered, Acknowledged);
    assert!(is_unknown(&connector.deliver(&acknowledge).await));
    assert_eq!(connector.deliver(&acknowledge).await, holds(Acknowledged));
    far_side.done();
}

#[tokio::test]
async fn answers_that_are_none_are_unknown_for_writes_and_harmless_for_reads() {
    let page = on(ACKNOWLEDGE, 200, json!({})).raw("<html>hello</html>");
    assert!(is_unknown(&deliver(&set(Triggered, Acknowledged), [on(GET, 200, alert("open", false)), page]).await.0));
    let page = on(GET, 200, json!({})).raw("<html>hello</html>");
    let (outcome, _) = deliver(&set(Triggered, Acknowledged), [page]).await;
    assert!(matches!(outcome, Outcome::NotApplied { scope: Scope::System, .. }), "{outcome:?}");
    let hangs = on(GET, 200, json!({})).hangs();
    let (outcome, _) = deliver(&set(Triggered, Acknowledged), [hangs]).await;
    assert!(matches!(outcome, Outcome::NotApplied { scope: Scope::System, .. }), "{outcome:?}");
}

#[tokio::test]
async fn a_far_side_that_is_not_there_was_surely_not_reached() {
    let nobody = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", nobody.local_addr().expect("bound"));
    drop(nobody);
    let outcome = opsgenie(&url).deliver(&set(Triggered, Acknowledged)).await;
    let Outcome::NotApplied { reason, .. } = &outcome else { panic!("{outcome:?}") };
    assert!(reason.contains("nothing was sent") && !reason.contains("127.0.0.1"), "{reason}");
}

#[tokio::test]
async fn throttling_and_refused_keys_wait() {
    let throttled = on(GET, 429, json!({"message": "You are making too many requests!"}))
        .header("X-RateLimit-State", "THROTTLED")
        .header("X-RateLimit-Period-In-Sec", "30");
    let (outcome, _) = deliver(&set(Triggered, Acknowledged), [throttled]).await;
    assert!(matches!(outcome, Outcome::NotApplied { wait_ms: Some(30_000), scope: Scope::System, .. }), "{outcome:?}");
    let refused = on(GET, 401, json!({"message": "Could not authenticate"}));
    let (outcome, _) = deliver(&set(Triggered, Acknowledged), [refused]).await;
    assert!(
        matches!(&outcome, Outcome::NotApplied { wait_ms: Some(60_000), reason, .. } if reason.contains("api_key")),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn a_note_ends_in_its_mark_and_is_followed() {
    let note = delivery(Step::AddNote(NoteId(3)));
    let (outcome, bodies) = deliver(&note, [accepted(ADD_NOTE), done()]).await;
    assert_eq!(outcome, Outcome::Delivered { record: None, status: None, status_at: None, note: None });
    let expected =
        json!({"note": "dana (Opsgenie): looking\n[pb:x-12-3]", "user": "Pagebridge", "source": "pagebridge"});
    assert_eq!(bodies[0], expected);

    let long = Delivery { note: "ü".repeat(30_000), ..note };
    let (_, bodies) = deliver(&long, [accepted(ADD_NOTE), done()]).await;
    let sent = bodies[0]["note"].as_str().expect("a note");
    assert_eq!(sent.chars().count(), 25_000);
    assert!(sent.ends_with("…\n[pb:x-12-3]"));
}

#[tokio::test]
async fn a_note_in_doubt_is_looked_for_on_every_page() {
    let page = |notes: Value, next: Option<&str>| json!({"data": notes, "paging": {"next": next}});
    // The key goes to the configured host, whatever address the answer names.
    let first = page(
        json!([{"note": "other", "owner": "dana"}]),
        Some("https://elsewhere.test/x?offset=o%2B1&direction=next&limit=1&apiKey=x"),
    );
    const SECOND: &str = "GET /v2/alerts/R/notes?identifierType=id&limit=100&order=desc&offset=o%2B1&direction=next";
    let second =
        page(json!([{"note": "dana: looking\n[pb:x-12-3]", "owner": "Pagebridge"}]), Some("https://e.test/?offset=2"));
    let (outcome, _) =
        deliver(&uncertain(Step::AddNote(NoteId(3))), [on(NOTES, 200, first.clone()), on(SECOND, 200, second)]).await;
    assert!(matches!(outcome, Outcome::Delivered { .. }), "{outcome:?}");

    let none = page(json!([]), None);
    let turns = [on(NOTES, 200, first), on(SECOND, 200, none), accepted(ADD_NOTE), done()];
    let (outcome, _) = deliver(&uncertain(Step::AddNote(NoteId(3))), turns).await;
    assert!(matches!(outcome, Outcome::Delivered { .. }), "{outcome:?}");
}

#[tokio::test]
async fn a_list_that_leads_back_to_itself_ends() {
    let page = json!({"data": [{"note": "x", "owner": "dana"}], "paging": {"next": "https://e.test/?offset=1"}});
    const SAME: &str = "GET /v2/alerts/R/notes?identifierType=id&limit=100&order=desc&offset=1";
    let far_side =
        FarSide::follows([on(GET, 200, alert("open", false)), on(NOTES, 200, page.clone()), on(SAME, 200, page)]).await;
    let outcome = opsgenie(&far_side.url).read(&RecordRef::id("R")).await;
    assert!(matches!(&outcome, Outcome::Read(r) if r.notes.as_ref().is_some_and(|n| n.len() == 2)), "{outcome:?}");
    far_side.done();
}

#[tokio::test]
async fn an_alert_is_made_under_its_alias_and_found_again() {
    const CREATE: &str = "POST /v2/alerts";
    const BY_ALIAS: &str = "GET /v2/alerts/key-1?identifierType=alias";
    let made = |status| Outcome::Delivered {
        record: Some(RecordRef::id("R")),
        status: Some(status),
        status_at: None,
        note: None,
    };
    let (outcome, bodies) = deliver(&delivery(Step::Create), [accepted(CREATE), pending(), done()]).await;
    assert_eq!(outcome, made(Triggered));
    let expected = json!({"message": "disk full", "alias": "key-1", "description": "98 %", "priority": "P4",
        "user": "Ann (PagerDuty)", "source": "pagebridge"});
    assert_eq!(bodies[0], expected);

    let found = || on(BY_ALIAS, 200, alert("open", false));
    assert_eq!(deliver(&uncertain(Step::Create), [found()]).await.0, made(Triggered));
    assert_eq!(deliver(&uncertain(Step::Find), [found()]).await.0, made(Triggered));
    let none = || on(BY_ALIAS, 404, json!({"message": "Alert with id [key-1] does not exist."}));
    assert_eq!(deliver(&uncertain(Step::Create), [none(), accepted(CREATE), done()]).await.0, made(Triggered));
    assert_eq!(deliver(&uncertain(Step::Find), [none()]).await.0, Outcome::Missing);
    // What a person did meanwhile is carried on, not set back.
    let taken = on(BY_ALIAS, 200, alert("open", true));
    let (outcome, _) = deliver(&uncertain(Step::Create), [taken]).await;
    assert!(matches!(outcome, Outcome::Read(Reading { status: Acknowledged, .. })), "{outcome:?}");
}

#[tokio::test]
async fn a_reading_tells_everything() {
    let notes = json!({"data": [{"note": "second", "owner": "erik@example.test"}, {"note": " "}, {"note": "first", "owner": "Pagebridge"}]});
    let far_side = FarSide::follows([on(GET, 200, alert("open", true)), on(NOTES, 200, notes)]).await;
    let outcome = opsgenie(&far_side.url).read(&RecordRef::id("R")).await;
    far_side.done();
    let Outcome::Read(reading) = outcome else { panic!("{outcome:?}") };
    assert_eq!((reading.status, reading.status_at), (Acknowledged, None));
    assert_eq!(reading.by.map(|by| by.name).as_deref(), Some("dana@example.test"));
    let notes: Vec<_> = reading.notes.iter().flatten().map(|n| (n.author.as_str(), n.text.as_str())).collect();
    assert_eq!(notes, [("Pagebridge", "first"), ("erik@example.test", "second")]);
    let content = reading.content.expect("the content");
    assert_eq!((content.title.as_str(), content.body.as_str()), ("disk full", "98 %\n\nregion: eu"));
}

#[tokio::test]
async fn an_alert_that_is_gone_is_missing_but_a_wrong_address_is_not() {
    let read = async |turn: Turn| {
        let far_side = FarSide::follows([turn]).await;
        let outcome = opsgenie(&far_side.url).read(&RecordRef::id("R")).await;
        far_side.done();
        outcome
    };
    let genuine = on(GET, 404, json!({"message": "Alert with id [R] does not exist."}));
    assert_eq!(read(genuine).await, Outcome::Missing);
    let page = on(GET, 404, json!({})).raw("<html>not here</html>");
    let outcome = read(page).await;
    assert!(matches!(&outcome, Outcome::NotApplied { reason, .. } if reason.contains("api_url")), "{outcome:?}");
}

#[tokio::test]
async fn a_path_in_front_of_the_api_is_kept_and_ids_are_encoded() {
    const CALL: &str = "GET /jsm/ops/integration/v2/alerts/a%2Fb%20c?identifierType=id";
    let far_side = FarSide::follows([on(CALL, 404, json!({"message": "none"}))]).await;
    let settings = opsgenie_settings(&format!("{}/jsm/ops/integration/", far_side.url));
    let connector = Opsgenie::new(settings, Arc::new(ManualClock::at(NOW))).expect("valid");
    assert_eq!(connector.read(&RecordRef::id("a/b c")).await, Outcome::Missing);
    assert!(matches!(connector.read(&RecordRef::id("..")).await, Outcome::Rejected { .. }));
    far_side.done();
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (outcome, _) =
        deliver(&set(Triggered, Acknowledged), [on(GET, 302, json!({})).header("location", "http://127.0.0.1:9/")])
            .await;
    assert!(matches!(&outcome, Outcome::NotApplied { reason, .. } if reason.contains("api_url")), "{outcome:?}");
}

#[tokio::test]
async fn checks_say_what_is_wrong_and_what_to_do() {
    let check = async |turn: Turn| {
        let far_side = FarSide::follows([turn]).await;
        let checks = opsgenie(&far_side.url).check().await;
        far_side.done();
        checks
    };
    const LIST: &str = "GET /v2/alerts?limit=1";
    let checks = check(on(LIST, 200, json!({"data": [{"id": "x"}], "paging": {}}))).await;
    let results: Vec<_> = checks.iter().map(|c| (c.name.as_str(), c.result)).collect();
    let expected =
        [("API key", CheckResult::Ok), ("integration", CheckResult::Warning), ("webhook secret", CheckResult::Warning)];
    assert_eq!(results, expected);
    let checks = check(on(LIST, 401, json!({"message": "Could not authenticate"}))).await;
    assert_eq!(checks[0].result, CheckResult::Failed);
    assert!(checks[0].remedy.contains("api_key"), "{:?}", checks[0]);
    assert!(checks.iter().all(|c| c.result == CheckResult::Ok || !c.remedy.is_empty()));
}
