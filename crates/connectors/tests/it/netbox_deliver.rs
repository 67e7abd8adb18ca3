//! Deliveries to, and readings of, a NetBox that follows a script.

use crate::support::{FarSide, NOW, Turn, delivery, netbox_settings, on};
use pagebridge_connectors::NetBox;
use pagebridge_connectors::netbox::{Notes, Settings};
use pagebridge_core::{Delivery, NoteId, Outcome, Reading, RecordRef, Scope, Status, Step};
use pagebridge_ports::{Connector, ManualClock};
use serde_json::{Value, json};
use std::sync::Arc;

const GET: &str = "GET /api/plugins/business-application/incidents/5/";
const PATCH: &str = "PATCH /api/plugins/business-application/incidents/5/";
const GET_EVENT: &str = "GET /api/plugins/business-application/events/7/";
const PATCH_EVENT: &str = "PATCH /api/plugins/business-application/events/7/";
const JOURNAL: &str = "POST /api/extras/journal-entries/";
const JOURNAL_OF: &str = "GET /api/extras/journal-entries/?assigned_object_id=5&ordering=-id&limit=100";

use Status::{Acknowledged, Resolved, Triggered};

fn incident(status: &str) -> Value {
    json!({"id": 5, "title": "Payments degraded", "description": "5xx rate", "status": status, "severity": "high",
        "resolved_at": null, "affected_services": [], "reporter": "alice", "updated_at": "2026-11-20T14:00:00Z"})
}

fn with(mut object: Value, field: &str, value: impl Into<Value>) -> Value {
    object[field] = value.into();
    object
}

fn event(status: &str, incidents: Value) -> Value {
    json!({"id": 7, "message": "Disk full", "dedup_id": "disk", "status": status, "criticallity": "high",
        "last_seen_at": "2026-11-20T14:30:00Z", "is_valid": true, "incident_ids": incidents})
}

fn crash() -> Value {
    json!({"error": "Field.__init__() got an unexpected keyword argument 'nested'", "exception": "TypeError", "netbox_version": "4.5.0"})
}

fn not_there(model: &str) -> Value {
    json!({"detail": format!("No {model} matches the given query.")})
}

/// A connector that writes acknowledgements.
fn connector(url: &str, change: impl FnOnce(&mut Settings)) -> NetBox {
    let mut settings = netbox_settings(url);
    settings.back.acknowledged = Some("investigating".to_owned());
    change(&mut settings);
    NetBox::new(settings, Arc::new(ManualClock::at(NOW))).expect("the settings are valid")
}

/// Delivers against a script, checks that it was followed, and gives the outcome and the bodies sent.
async fn deliver(delivery: &Delivery, turns: impl IntoIterator<Item = Turn>) -> (Outcome, Vec<Value>) {
    let far_side = FarSide::follows(turns).await;
    let outcome = connector(&far_side.url, |_| {}).deliver(delivery).await;
    (outcome, far_side.done())
}

async fn read(record: &str, turns: impl IntoIterator<Item = Turn>) -> Outcome {
    let far_side = FarSide::follows(turns).await;
    let outcome = connector(&far_side.url, |_| {}).read(&RecordRef::id(record)).await;
    far_side.done();
    outcome
}

pub(crate) fn at(record: &str, step: Step) -> Delivery {
    Delivery { record: Some(RecordRef::id(record)), ..delivery(step) }
}

fn set(record: &str, from: Status, to: Status) -> Delivery {
    at(record, Step::SetStatus { from: Some(from), to })
}

pub(crate) fn holds(status: Status) -> Outcome {
    Outcome::Delivered { record: None, status: Some(status), status_at: None, note: None }
}

fn reading(outcome: Outcome) -> Reading {
    match outcome {
        Outcome::Read(reading) => reading,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_status_is_compared_and_then_written() {
    let now = "2026-11-20T14:00:00Z";
    let ended = |status: &str| with(incident(status), "resolved_at", "2026-11-20T13:00:00Z");
    let table = [
        (Triggered, Acknowledged, incident("new"), json!({"status": "investigating"})),
        (Acknowledged, Triggered, incident("investigating"), json!({"status": "new"})),
        (Acknowledged, Triggered, incident("identified"), json!({"status": "new"})),
        (Triggered, Resolved, incident("new"), json!({"status": "resolved", "resolved_at": now})),
        (Acknowledged, Resolved, incident("identified"), json!({"status": "resolved", "resolved_at": now})),
        // What people have filled in is theirs.
        (Acknowledged, Resolved, ended("identified"), json!({"status": "resolved"})),
        (Resolved, Triggered, ended("closed"), json!({"status": "new", "resolved_at": null})),
        (Resolved, Triggered, incident("resolved"), json!({"status": "new"})),
        (Resolved, Acknowledged, ended("resolved"), json!({"status": "investigating", "resolved_at": null})),
    ];
    for (from, to, found, written) in table {
        let answer = incident(written["status"].as_str().expect("a status"));
        let (outcome, bodies) =
            deliver(&set("incident/5", from, to), [on(GET, 200, found.clone()), on(PATCH, 200, answer)]).await;
        assert_eq!((outcome, &bodies[1]), (holds(to), &written), "{found}");
    }
}

#[tokio::test]
async fn a_status_that_is_there_already_is_not_written() {
    // `identified` counts as acknowledged where `investigating` is what is written.
    for (to, found) in
        [(Acknowledged, "investigating"), (Acknowledged, "identified"), (Resolved, "closed"), (Resolved, "monitoring")]
    {
        let (outcome, _) = deliver(&set("incident/5", Triggered, to), [on(GET, 200, incident(found))]).await;
        assert_eq!(outcome, holds(to), "{found}");
    }
}

#[tokio::test]
async fn an_incident_that_has_moved_is_reported_and_left_alone() {
    let (outcome, _) = deliver(&set("incident/5", Triggered, Acknowledged), [on(GET, 200, incident("closed"))]).await;
    let reading = reading(outcome);
    assert_eq!((reading.status, reading.record.id.0.as_str()), (Resolved, "incident/5"));
    assert_eq!(reading.content.map(|content| content.title).as_deref(), Some("Payments degraded"));
}

#[tokio::test]
async fn a_change_that_does_not_show_is_not_taken_for_done() {
    let turns = [on(GET, 200, incident("new")), on(PATCH, 200, incident("new"))];
    let (outcome, _) = deliver(&set("incident/5", Triggered, Resolved), turns).await;
    assert!(matches!(&outcome, Outcome::Unknown { reason } if reason.contains("`new`")), "{outcome:?}");
    let refused = json!({"status": ["\"nope\" is not a valid choice."]});
    let turns = [on(GET, 200, incident("new")), on(PATCH, 400, refused)];
    let (outcome, _) = deliver(&set("incident/5", Triggered, Resolved), turns).await;
    assert!(matches!(&outcome, Outcome::Rejected { reason, .. } if reason.contains("status: \"nope\"")), "{outcome:?}");
}

#[tokio::test]
async fn an_event_ends_and_cannot_be_acknowledged() {
    let open = || on(GET_EVENT, 200, event("triggered", json!([])));
    let (outcome, bodies) =
        deliver(&set("event/7", Triggered, Resolved), [open(), on(PATCH_EVENT, 200, event("ok", json!([])))]).await;
    assert_eq!((outcome, &bodies[1]), (holds(Resolved), &json!({"status": "ok"})));
    let (outcome, _) = deliver(&set("event/7", Triggered, Acknowledged), [open()]).await;
    assert!(matches!(&outcome, Outcome::Rejected { remedy, .. } if remedy.contains("rule")), "{outcome:?}");
    // Without the wish to write it, an Incident cannot either.
    let far_side = FarSide::follows([on(GET, 200, incident("new"))]).await;
    let own = connector(&far_side.url, |s| s.back.acknowledged = None);
    assert!(matches!(own.deliver(&set("incident/5", Triggered, Acknowledged)).await, Outcome::Rejected { .. }));
}

#[tokio::test]
async fn what_was_deleted_is_over_and_what_is_no_api_is_a_setting() {
    for (record, call) in [("incident/5", GET), ("event/7", GET_EVENT)] {
        let model = if record.starts_with('e') { "Event" } else { "Incident" };
        let gone = reading(read(record, [on(call, 404, not_there(model))]).await);
        assert_eq!((gone.status, gone.content, gone.record.id.0.as_str()), (Resolved, None, record));
        let page = on(call, 404, Value::Null).raw("<!DOCTYPE html><title>Page Not Found</title>");
        let wrong = read(record, [page]).await;
        assert!(
            matches!(&wrong, Outcome::NotApplied { scope: Scope::System, reason, .. } if reason.contains("api_url")),
            "{wrong:?}"
        );
    }
    let (outcome, _) = deliver(&set("incident/5", Triggered, Resolved), [on(GET, 404, not_there("Incident"))]).await;
    assert_eq!(outcome, Outcome::Missing);
    assert!(matches!(read("site/1", []).await, Outcome::Rejected { .. }));
    let other = read("incident/5", [on(GET, 200, with(incident("new"), "id", 6))]).await;
    assert!(matches!(&other, Outcome::NotApplied { scope: Scope::Record, .. }), "{other:?}");
}

#[tokio::test]
async fn an_event_whose_incident_tells_the_story_has_nothing_to_tell() {
    let before = "2026-11-20T14:00:00Z";
    let after = "2026-11-20T15:00:00Z";
    let story = |id: i64, status: &str, updated: &str| {
        let call = if id == 5 { GET } else { "GET /api/plugins/business-application/incidents/4/" };
        on(call, 200, with(with(with(incident(status), "id", id), "updated_at", updated), "resolved_at", Value::Null))
    };
    let seen = || on(GET_EVENT, 200, event("triggered", json!([4, 5])));
    let table = vec![
        (vec![story(5, "new", before)], Resolved),
        // It was over when the Event was seen again; the older one as well.
        (vec![story(5, "closed", before), story(4, "resolved", before)], Triggered),
        (vec![story(5, "closed", before), story(4, "new", before)], Resolved),
        // It ended after the Event was last seen, so that is told.
        (vec![story(5, "closed", after)], Resolved),
        (vec![on(GET, 404, not_there("Incident")), story(4, "resolved", before)], Triggered),
    ];
    for (n, (turns, status)) in table.into_iter().enumerate() {
        let read = reading(read("event/7", [seen()].into_iter().chain(turns)).await);
        assert_eq!(read.status, status, "row {n}");
    }
    // Where Incidents are not sent, every Event speaks for itself.
    let far_side = FarSide::follows([seen()]).await;
    let own = connector(&far_side.url, |s| s.send_on_incident_create = false);
    assert_eq!(reading(own.read(&RecordRef::id("event/7")).await).status, Triggered);
    far_side.done();
    assert_eq!(reading(read("event/7", [on(GET_EVENT, 200, event("ok", json!([5])))]).await).status, Resolved);
}

fn note() -> Delivery {
    at("incident/5", Step::AddNote(NoteId(3)))
}

fn noted(id: Option<&str>) -> Outcome {
    Outcome::Delivered { record: None, status: None, status_at: None, note: id.map(str::to_owned) }
}

const APPENDED: &str =
    "5xx rate\n\n----- notes from PagerDuty -----\n\n2026-11-20 14:00 UTC dana (Opsgenie): looking\n[pb:x-12-3]";

#[tokio::test]
async fn a_note_goes_to_the_journal_where_it_works() {
    let (outcome, bodies) = deliver(&note(), [on(JOURNAL, 201, json!({"id": 31}))]).await;
    assert_eq!(outcome, noted(Some("31")));
    let comments = "dana (Opsgenie): looking\n[pb:x-12-3]";
    let entry = json!({"assigned_object_type": "business_application.incident", "assigned_object_id": 5, "kind": "info", "comments": comments});
    assert_eq!(bodies[0], entry);
    let again = Delivery { uncertain: true, ..note() };
    let holds = json!({"results": [{"id": 30, "comments": "other"}, {"id": 31, "comments": comments}]});
    assert_eq!(deliver(&again, [on(JOURNAL_OF, 200, holds)]).await.0, noted(None));
    let (outcome, _) =
        deliver(&again, [on(JOURNAL_OF, 200, json!({"results": []})), on(JOURNAL, 201, json!({"id": 32}))]).await;
    assert_eq!(outcome, noted(Some("32")));
    let (outcome, _) = deliver(&note(), [on(JOURNAL, 502, json!({}))]).await;
    assert!(matches!(outcome, Outcome::Unknown { .. }));
}

#[tokio::test]
async fn a_note_goes_to_the_description_where_the_journal_fails() {
    let written = || with(incident("new"), "description", APPENDED);
    let far_side = FarSide::follows([
        on(JOURNAL, 500, crash()),
        on(GET, 200, incident("new")),
        on(PATCH, 200, written()),
        // From then on the journal is left alone, and a note that is there is not written twice.
        on(GET, 200, written()),
    ])
    .await;
    let own = connector(&far_side.url, |_| {});
    assert_eq!(own.deliver(&note()).await, noted(None));
    assert_eq!(own.deliver(&note()).await, noted(None));
    assert_eq!(far_side.done()[2], json!({"description": APPENDED}));
}

#[tokio::test]
async fn a_note_goes_to_the_description_where_that_is_wanted() {
    let turns = [on(GET, 200, incident("new")), on(PATCH, 200, incident("new"))];
    let far_side = FarSide::follows(turns).await;
    let own = connector(&far_side.url, |s| s.back.notes = Notes::Description);
    let outcome = own.deliver(&note()).await;
    assert!(matches!(outcome, Outcome::Unknown { .. }), "the answer does not show it: {outcome:?}");
    far_side.done();
    let far_side = FarSide::follows([on(GET_EVENT, 200, event("triggered", json!([])))]).await;
    let own = connector(&far_side.url, |s| s.back.notes = Notes::Description);
    let outcome = own.deliver(&at("event/7", Step::AddNote(NoteId(3)))).await;
    assert!(matches!(&outcome, Outcome::Rejected { remedy, .. } if remedy.contains("Events")), "{outcome:?}");
}

#[tokio::test]
async fn what_an_incident_is_about_is_written_where_it_differs() {
    let update = |title: &str, priority: &str| {
        let mut delivery = at("incident/5", Step::Update { retold: 1 });
        (delivery.content.title, delivery.content.priority) = (title.to_owned(), Some(priority.to_owned()));
        delivery
    };
    let (outcome, bodies) =
        deliver(&update("All down", "P1"), [on(GET, 200, incident("new")), on(PATCH, 200, incident("new"))]).await;
    assert_eq!((outcome, &bodies[1]), (noted(None), &json!({"title": "All down", "severity": "critical"})));
    let (_, bodies) =
        deliver(&update("Payments degraded", "P5"), [on(GET, 200, incident("new")), on(PATCH, 200, incident("new"))])
            .await;
    assert_eq!(bodies[1], json!({"severity": "low"}));
    assert_eq!(deliver(&update("Payments degraded", "high"), [on(GET, 200, incident("new"))]).await.0, noted(None));
    assert_eq!(deliver(&update(" ", "odd"), [on(GET, 200, incident("new"))]).await.0, noted(None));
}

#[tokio::test]
async fn no_record_is_made_in_netbox() {
    for step in [Step::Create, Step::Find] {
        let (outcome, _) = deliver(&delivery(step), []).await;
        assert!(matches!(&outcome, Outcome::Rejected { remedy, .. } if remedy.contains("created")), "{outcome:?}");
    }
}
