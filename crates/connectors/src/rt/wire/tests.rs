//! The recordings, and what is odd about RT's JSON.

use super::*;
use serde_json::{Value, json};

/// The answer in a recording.
fn answer(name: &str) -> Value {
    let path = format!("{}/../../fixtures/rt/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let recording: Value = serde_json::from_str(&text).expect("JSON");
    recording["response"]["body"].clone()
}

fn read<T: serde::de::DeserializeOwned>(name: &str) -> T {
    serde_json::from_value(answer(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn recorded_tickets_are_read() {
    let ticket: Ticket = read("ticket-get");
    assert_eq!((ticket.id, ticket.status.as_str(), ticket.priority), (1, "new", Some(50)));
    assert_eq!((ticket.queue.id.as_str(), ticket.last_updated.as_str()), ("3", "2026-11-20T13:53:39Z"));
    assert_eq!(ticket.field("pagerduty id"), Some("Q1ABCDEFGHIJKL"));
    assert!(ticket.links.iter().any(|link| link.reference == "comment"));
    assert_eq!(date(&ticket.started), None);
    let merged: Ticket = read("ticket-get-merged");
    assert!(merged.id != 18 && merged.field("PagerDuty ID").is_none() && merged.has_field("PagerDuty ID"));
    let _: Ticket = read("v5.0.7/ticket-get");
    let page: Page<Ticket> = read("tickets-search-by-cf");
    assert_eq!((page.items[0].id, page.items[0].queue.name.as_str()), (5, "Incidents"));
    for name in ["tickets-search-default", "tickets-search-lastupdated", "tickets-search-post-form"] {
        let page: Page<Ticket> = read(name);
        assert!(page.page == Some(1) && page.pages.is_some(), "{name}");
    }
    let none: Page<Ticket> = read("pitfall-ticketsql-user-timezone");
    assert_eq!((none.items.len(), none.pages), (0, Some(0)), "a number with a fraction");
    let made: Made = read("ticket-create");
    assert_eq!(made.id, 1);
}

#[test]
fn recorded_transactions_and_messages_are_read() {
    for name in ["transactions-sql-id-gt", "transactions-sql-not-me", "v5.0.7/transactions-sql-id-gt"] {
        let page: Page<Transaction> = read(name);
        assert!(
            !page.items.is_empty() && page.items.iter().all(|t| t.object_id.is_some() && t.at().is_some()),
            "{name}"
        );
    }
    let empty: Page<Transaction> = read("v5.0.7/transactions-empty-page-with-next_page");
    assert!(empty.items.is_empty());
    let page: Page<Transaction> = read("transactions-sql-id-gt");
    let kinds: Vec<_> = page.items.iter().map(|t| (t.is_act(), t.is_note())).collect();
    assert!(kinds.contains(&(true, false)) && kinds.contains(&(false, true)));
    let page: Page<Attachment> = read("attachments-after-cursor");
    assert_eq!((page.items[0].transaction_id, page.pages), (Some(41), None));
    assert!(page.items[0].content.contains("UTF-8 é"), "it is decoded");
}

#[test]
fn recorded_queues_and_users_are_read() {
    let queue: QueueInfo = read("queue-get");
    assert_eq!((queue.name.as_str(), queue.lifecycle.as_str()), ("Incidents", "default"));
    assert_eq!(queue.ticket_custom_fields.len(), 2);
    assert!(queue.links.iter().any(|link| link.reference == "create"));
    let user: User = read("user-get-self");
    assert_eq!(user.name, "bridge");
    let users: Page<Ref> = read("users-search-by-email");
    assert_eq!(users.items.len(), 1);
    let problem: Problem = read("error-404-ticket");
    assert_eq!(problem.message.as_deref(), Some("Not Found"));
}

#[test]
fn numbers_may_be_texts_and_lists_may_be_texts() {
    let ticket = |id: Value| serde_json::from_value::<Ticket>(json!({"id": id, "CustomFields": "", "Priority": null}));
    for id in [json!(7), json!("7"), json!(7.0)] {
        let ticket = ticket(id).expect("a ticket");
        assert_eq!((ticket.id, ticket.priority, ticket.custom_fields.len()), (7, None, 0));
    }
    assert!(ticket(json!("x")).is_err() && ticket(json!(null)).is_err());
    let page: Page<Ticket> = serde_json::from_value(json!({"items": null, "pages": 2.0, "page": "1"})).expect("a page");
    assert_eq!((page.pages, page.page), (Some(2), Some(1)));
}

#[test]
fn nothing_in_a_text_of_a_query_ends_it() {
    for (text, sql) in [
        ("Incidents", "'Incidents'"),
        ("It's", r"'It\'s'"),
        (r"a\", r"'a\\'"),
        ("x' OR id > 0 OR Subject = 'y", r"'x\' OR id > 0 OR Subject = \'y'"),
    ] {
        assert_eq!(quoted(text), sql);
    }
    let queues = ["a", "b'"].map(quoted);
    assert_eq!(any_of("Queue", queues), r"(Queue = 'a' OR Queue = 'b\'')");
}

#[test]
fn times_are_told_by_how_long_ago_they_were() {
    for (ms, text) in [(-5, "'1 seconds ago'"), (1_001, "'2 seconds ago'"), (60_000, "'60 seconds ago'")] {
        assert_eq!(ago(ms), text);
    }
    assert_eq!(date("1970-01-01T00:00:00Z"), None);
    assert_eq!(date("2026-11-20T13:53:39Z"), Some(Timestamp(1_795_182_819_000)));
    assert_eq!(date_text(Timestamp(1_795_182_819_999)), "2026-11-20T13:53:39Z");
}

#[test]
fn a_change_says_only_what_is_to_change() {
    let change = Change { status: Some("open"), ..Change::default() };
    assert_eq!(serde_json::to_value(&change).expect("JSON"), json!({"Status": "open"}));
    let fields = [("PagerDuty ID", "Q1")].into();
    let change = Change { custom_fields: fields, priority: Some(50), ..Change::default() };
    let expected = json!({"CustomFields": {"PagerDuty ID": "Q1"}, "Priority": 50});
    assert_eq!(serde_json::to_value(&change).expect("JSON"), expected);
}
