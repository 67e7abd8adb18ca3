//! Deliveries to, and readings of, an RT that follows a script; what the real one does is tested against the real one.

use crate::support::{FarSide, NOW, Turn, delivery, on, set, uncertain};
use pagebridge_connectors::rt::{NotesAs, Settings};
use pagebridge_connectors::{Rt, Secret};
use pagebridge_core::{Delivery, NoteId, Outcome, RecordRef, Scope, Status, Step, SystemName};
use pagebridge_ports::{CheckResult, Connector, ManualClock};
use serde_json::{Value, json};
use std::sync::Arc;

use Status::{Acknowledged, Resolved, Triggered};

const GET: &str = "GET /REST/2.0/ticket/7";
const PUT: &str = "PUT /REST/2.0/ticket/7";
const COMMENT: &str = "POST /REST/2.0/ticket/7/comment";
const USER: &str = "GET /REST/2.0/user/31";

fn rt_with(far_side: &FarSide, change: impl FnOnce(&mut Settings)) -> Rt {
    let url = format!("{}/REST/2.0/", far_side.url);
    let mut settings = Settings::new(SystemName::new("rt"), &url, Secret::new("1-31-x"));
    (settings.timeout_ms, settings.proxy) = (1_500, false);
    change(&mut settings);
    Rt::new(settings, Arc::new(ManualClock::at(NOW))).expect("the settings are valid")
}

async fn deliver(delivery: &Delivery, turns: impl IntoIterator<Item = Turn>) -> (Outcome, Vec<Value>) {
    let far_side = FarSide::follows(turns).await;
    let outcome = rt_with(&far_side, |_| {}).deliver(delivery).await;
    (outcome, far_side.done())
}

/// A delivery to ticket 7.
fn to_seven(delivery: Delivery) -> Delivery {
    Delivery { record: Some(RecordRef::id("7")), ..delivery }
}

/// The ticket, and its queue, whose name is not asked for again.
fn ticket(status: &str) -> [Turn; 2] {
    [again(status), on("GET /REST/2.0/queue/3", 200, json!({"Name": "Incidents"}))]
}

fn again(status: &str) -> Turn {
    let queue = json!({"id": "3"});
    let ticket = json!({"id": 7, "Status": status, "Subject": "Disk full", "Queue": queue, "Owner": {"id": "Nobody"}});
    on(GET, 200, ticket).header("etag", "\"41\"")
}

fn user() -> Turn {
    on(USER, 200, json!({"Name": "bridge"}))
}

fn acts(old: &str, new: &str) -> Turn {
    const ACTS: &str = "GET /REST/2.0/transactions?query=ObjectType+%3D+%27RT%3A%3ATicket%27+AND+%28ObjectId+%3D+7%29+AND+\
        %28Type+%3D+%27Status%27+OR+%28Type+%3D+%27Set%27+AND+Field+%3D+%27Started%27%29%29&fields=ObjectId%2CType%2CField\
        %2COldValue%2CNewValue%2CCreator%2CCreated&fields%5BCreator%5D=RealName&orderby=id&order=DESC&per_page=100&page=1";
    let row = json!({"id": "42", "ObjectId": "7", "Type": "Status", "Field": "Status", "OldValue": old, "NewValue": new,
        "Creator": {"id": "bridge"}, "Created": "2026-11-20T13:53:43Z"});
    on(ACTS, 200, json!({"items": [row]}))
}

fn holds(status: Status) -> Outcome {
    Outcome::Delivered { record: None, status: Some(status), status_at: None, note: None }
}

#[tokio::test]
async fn a_status_is_compared_set_under_its_tag_and_read_back() {
    let put = on(PUT, 200, json!(["Ticket 7: Status changed from 'new' to 'open'"]));
    let turns = ticket("new").into_iter().chain([user(), put, again("open"), acts("new", "open")]);
    let acknowledge = to_seven(set(Triggered, Acknowledged));
    let (outcome, bodies) = deliver(&acknowledge, turns).await;
    assert_eq!(outcome, holds(Acknowledged));
    assert_eq!(bodies[3], json!({"Status": "open"}));

    let put = on(PUT, 200, json!(["Ticket 7: Status changed from 'open' to 'resolved'"]));
    let turns = ticket("open").into_iter().chain([user(), put, again("resolved")]);
    assert_eq!(deliver(&to_seven(set(Acknowledged, Resolved)), turns).await.0, holds(Resolved));

    let turns = ticket("resolved").into_iter().chain([user()]);
    assert_eq!(deliver(&to_seven(set(Acknowledged, Resolved)), turns).await.0, holds(Resolved), "it is over already");
}

#[tokio::test]
async fn somebody_quicker_and_a_lost_answer_are_looked_at_again() {
    let acknowledge = to_seven(set(Triggered, Acknowledged));
    let stale = on(PUT, 412, json!({"message": "Precondition Failed"}));
    let (outcome, _) = deliver(&acknowledge, ticket("new").into_iter().chain([user(), stale])).await;
    assert!(matches!(outcome, Outcome::NotApplied { scope: Scope::Record, .. }), "{outcome:?}");
    let lost = on(PUT, 200, json!([])).hangs();
    let (outcome, _) = deliver(&acknowledge, ticket("new").into_iter().chain([user(), lost])).await;
    assert!(matches!(outcome, Outcome::Unknown { .. }), "{outcome:?}");
    // What the script of RT's own crash looks like: no body at all.
    let crash = on(PUT, 500, json!({})).raw("");
    let (outcome, _) = deliver(&acknowledge, ticket("new").into_iter().chain([user(), crash])).await;
    assert!(matches!(outcome, Outcome::Unknown { .. }), "{outcome:?}");
}

#[tokio::test]
async fn a_put_that_did_nothing_names_the_status_and_the_right() {
    let refused = on(PUT, 200, json!(["Ticket 7: Permission Denied"]));
    let turns = ticket("new").into_iter().chain([user(), refused, again("new")]);
    let (outcome, _) = deliver(&to_seven(set(Triggered, Acknowledged)), turns).await;
    let Outcome::Rejected { reason, remedy } = outcome else { panic!("{outcome:?}") };
    assert!(reason.contains("still `new`") && reason.contains("Permission Denied"), "{reason}");
    assert!(remedy.contains("ModifyTicket") && remedy.contains("queues.Incidents"), "{remedy}");
}

#[tokio::test]
async fn a_note_is_a_comment_or_correspondence_and_gives_its_number() {
    let note = to_seven(delivery(Step::AddNote(NoteId(3))));
    let written = on(COMMENT, 201, json!(["Comments added"])).header("location", "/REST/2.0/transaction/46");
    let (outcome, bodies) = deliver(&note, [written]).await;
    assert!(matches!(&outcome, Outcome::Delivered { note: Some(id), .. } if id == "46"), "{outcome:?}");
    assert_eq!(bodies[0], json!({"Content": "dana (Opsgenie): looking\n[pb:x-12-3]", "ContentType": "text/plain"}));
    let answer = on("POST /REST/2.0/ticket/7/correspond", 201, json!(["Correspondence added"]));
    let far_side = FarSide::follows([answer]).await;
    let outcome = rt_with(&far_side, |settings| settings.notes = NotesAs::Correspond).deliver(&note).await;
    assert!(matches!(outcome, Outcome::Delivered { .. }), "{outcome:?}");
    let denied = on(COMMENT, 400, json!({"message": "Permission Denied"}));
    assert!(matches!(deliver(&note, [denied]).await.0, Outcome::Rejected { .. }));
}

#[tokio::test]
async fn a_redirect_means_that_we_are_not_logged_in() {
    let login = on(GET, 302, json!({})).header("location", "/");
    let (outcome, _) = deliver(&to_seven(set(Triggered, Resolved)), [login]).await;
    assert!(
        matches!(&outcome, Outcome::NotApplied { scope: Scope::System, reason, .. } if reason.contains("check token"))
    );
}

#[tokio::test]
async fn what_is_no_ticket_is_not_asked_for() {
    for id in ["..", "x", "-1", ""] {
        let note = Delivery { record: Some(RecordRef::id(id)), ..uncertain(Step::AddNote(NoteId(1))) };
        assert!(matches!(deliver(&note, []).await.0, Outcome::Rejected { .. }), "{id}");
    }
    let gone = on(GET, 404, json!({"message": "Not Found"}));
    assert_eq!(deliver(&to_seven(set(Triggered, Resolved)), [gone]).await.0, Outcome::Missing);
}

#[test]
fn a_wrong_setting_is_named() {
    let problem = |change: fn(&mut Settings)| {
        let mut settings = Settings::new(SystemName::new("rt"), "https://rt.test/rt/REST/2.0", Secret::new("1-31-x"));
        change(&mut settings);
        let made = Rt::new(settings, Arc::new(ManualClock::at(NOW)));
        made.map(|_| String::new()).unwrap_or_else(|error| error.problem)
    };
    assert_eq!(problem(|_| {}), "");
    type Wrong = (fn(&mut Settings), &'static str);
    let table: [Wrong; 6] = [
        (|s| s.api_url = "https://rt.test/rt".to_owned(), "api_url"),
        (|s| s.api_url = "rt.test".to_owned(), "api_url"),
        (|s| s.token = Secret::new(" "), "token"),
        (|s| s.id_field = "a}b".to_owned(), "id_field"),
        (|s| s.queues.clear(), "queues"),
        (|s| s.queues.values_mut().for_each(|q| q.inactive.clear()), "queues.*"),
    ];
    for (change, word) in table {
        assert!(problem(change).contains(word), "{word}: {}", problem(change));
    }
}

#[tokio::test]
async fn doctor_stops_at_a_token_that_is_not_taken() {
    let far_side = FarSide::follows([on("GET /REST/2.0/rt", 401, json!({"message": "Unauthorized"}))]).await;
    let checks = rt_with(&far_side, |_| {}).check().await;
    far_side.done();
    assert_eq!((checks.len(), checks[0].result), (1, CheckResult::Failed));
    assert!(checks[0].remedy.contains("set token"), "{:?}", checks[0]);
}
