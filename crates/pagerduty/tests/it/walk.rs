//! Walking lists of every kind, against a server that has so many items and quirks.

use futures_util::TryStreamExt;
use pagerduty::rest::analytics::{self, RawQuery};
use pagerduty::rest::audit::{self, AuditFilter};
use pagerduty::rest::incidents::{self, DateRange, IncidentFilter};
use pagerduty::rest::log_entries::{self, LogEntryFilter};
use pagerduty::rest::users::{self, UserFilter};
use pagerduty::{Client, Error, Paging, items, items_by_time};
use serde_json::{Value, json};

use crate::server::{Answer, answers};

fn parameter(line: &str, name: &str) -> Option<String> {
    let (_, query) = line.split_once('?')?;
    let found = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))?;
    Some(found.replace("%3A", ":"))
}

fn number(line: &str, name: &str) -> Option<usize> {
    parameter(line, name)?.parse().ok()
}

fn page(key: &str, items: &[Value], more: bool, total: Option<usize>) -> Answer {
    Answer::new(200, json!({ key: items, "more": more, "limit": 7, "offset": 0, "total": total }).to_string())
}

#[tokio::test]
async fn advances_by_what_came_not_by_what_was_said() {
    // Gives at most 40 of 100 asked for, and lies about its limit.
    let all: Vec<Value> = (0..90).map(|n| json!({ "id": format!("P{n}") })).collect();
    let (client, asked) = answers(move |line| {
        let start = number(line, "offset").unwrap_or(0);
        let end = all.len().min(start + 40);
        page("users", &all[start..end], end < all.len(), None)
    })
    .await;
    let users: Vec<_> = items(&client, users::list(&UserFilter::default())).try_collect().await.expect("all users");
    assert_eq!((users.len(), users[89].id.as_str()), (90, "P89"));
    assert_eq!(
        asked.all(),
        ["GET /users?limit=100", "GET /users?limit=100&offset=40", "GET /users?limit=100&offset=80"]
    );
}

#[tokio::test]
async fn an_empty_page_ends_it_whatever_it_says() {
    let (client, asked) = answers(|_| page("users", &[], true, None)).await;
    let paging = Paging { limit: Some(5), offset: Some(10) };
    let call = users::list(&UserFilter { paging, ..UserFilter::default() });
    let users: Vec<_> = items(&client, call).try_collect().await.expect("no users");
    assert!(users.is_empty());
    assert_eq!(asked.all(), ["GET /users?limit=5&offset=10"]);
}

#[tokio::test]
async fn the_wall_is_an_error_after_what_can_be_seen() {
    let hundred: Vec<Value> = (0..100).map(|n| json!({ "id": format!("P{n}") })).collect();
    let (client, asked) = answers(move |_| page("users", &hundred, true, None)).await;
    let mut stream = std::pin::pin!(items(&client, users::list(&UserFilter::default())));
    let mut seen = 0;
    let error = loop {
        match stream.try_next().await {
            Ok(Some(_)) => seen += 1,
            Ok(None) => panic!("it ended as if that were all"),
            Err(error) => break error,
        }
    };
    assert_eq!((seen, asked.all().len()), (10_000, 100));
    assert!(matches!(&error, Error::Invalid { problem } if problem.contains("10000")), "{error}");
}

#[tokio::test]
async fn a_cursor_is_followed_until_it_is_null_or_stays() {
    let (client, asked) = answers(|line| {
        let next = match parameter(line, "cursor").as_deref() {
            None => json!("a"),
            Some("a") => json!("b"),
            Some(_) => json!(null),
        };
        Answer::new(200, json!({"records": [{"id": "R", "action": "create"}], "next_cursor": next}).to_string())
    })
    .await;
    let records: Vec<_> = items(&client, audit::list(&AuditFilter::default())).try_collect().await.expect("records");
    assert_eq!(records.len(), 3);
    assert_eq!(asked.all()[2], "GET /audit/records?limit=100&cursor=b");

    let (client, asked) = answers(|_| Answer::new(200, r#"{"records":[],"next_cursor":"same"}"#)).await;
    let records: Vec<_> = items(&client, audit::list(&AuditFilter::default())).try_collect().await.expect("records");
    assert_eq!((records.len(), asked.all().len()), (0, 2));
}

#[tokio::test]
async fn analytics_go_on_after_the_last() {
    let turn = std::sync::atomic::AtomicUsize::new(0);
    let turn = std::sync::Arc::new(turn);
    let (client, asked) = answers(move |_| {
        let turn = turn.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Answer::new(200, json!({"data": [{"id": format!("Q{turn}")}], "last": "l", "more": turn < 2}).to_string())
    })
    .await;
    let rows: Vec<_> =
        items(&client, analytics::raw_incidents(&RawQuery::default())).try_collect().await.expect("rows");
    assert_eq!((rows.len(), asked.all().len()), (3, 3));
}

/// Serves one incident or log entry every `step_s` seconds from 0 to `until_s`, both included, as PagerDuty pages them.
async fn one_every(step_s: usize, until_s: usize, key: &'static str, counts: bool) -> (Client, crate::server::Asked) {
    answers(move |line| {
        let second = |name: &str| {
            let text = parameter(line, name).expect("both times");
            usize::try_from(pagerduty::time::unix_ms(&text).expect("a time") / 1000).expect("after 1970")
        };
        let (since, until) = (second("since"), second("until").min(until_s));
        let (offset, limit) = (number(line, "offset").unwrap_or(0), number(line, "limit").unwrap_or(25));
        if offset + limit > 10_000 {
            return Answer::new(400, r#"{"error":{"message":"Arguments Caused Error","code":2002}}"#);
        }
        let first = since.div_ceil(step_s);
        let count = (until / step_s + 1).saturating_sub(first);
        let end = count.min(offset + limit);
        let item = |n: usize| json!({ "id": format!("Q{}", first + n) });
        let found: Vec<Value> = (offset.min(end)..end).map(item).collect();
        page(key, &found, end < count, counts.then_some(count))
    })
    .await
}

#[tokio::test]
async fn a_long_list_is_halved_until_it_fits() {
    for counts in [true, false] {
        // 25 001 incidents; a range holds at most 10 000.
        let (client, asked) = one_every(10, 250_000, "incidents", counts).await;
        let list = |since: &str, until: &str| {
            let date_range = DateRange::Between { since: Some(since.to_owned()), until: Some(until.to_owned()) };
            incidents::list(&IncidentFilter { date_range, ..IncidentFilter::default() })
        };
        let found: Vec<_> = items_by_time(&client, 0, 250_000_000, list).try_collect().await.expect("all of them");
        assert_eq!(found.len(), 25_001, "counts: {counts}");
        let in_order = found.iter().enumerate().all(|(n, incident)| incident.id.as_str() == format!("Q{n}"));
        assert!(in_order, "oldest first, each once");
        // 4 ranges of 62 or 63 pages, and 3 that were too long; twice as many first looks without a count.
        assert!(asked.all().len() < 280, "{}", asked.all().len());
    }
}

#[tokio::test]
async fn log_entries_can_be_walked_too_and_long_times_are_cut() {
    let (client, asked) = one_every(86_400, 200 * 86_400, "log_entries", true).await;
    let list = |since: &str, until: &str| {
        let (since, until) = (Some(since.to_owned()), Some(until.to_owned()));
        log_entries::list(&LogEntryFilter { since, until, ..LogEntryFilter::default() })
    };
    let found: Vec<_> = items_by_time(&client, 0, 200 * 86_400_000, list).try_collect().await.expect("all");
    assert_eq!(found.len(), 201);
    // No list takes more than three months at once.
    assert_eq!(asked.all().len(), 3);
    let none: Vec<log_entries::LogEntry> =
        items_by_time(&client, 5, 5, list).try_collect().await.expect("an empty range is no error");
    assert!(none.is_empty());
}

#[tokio::test]
async fn more_in_one_second_than_can_be_seen_is_an_error() {
    let hundred: Vec<Value> = (0..100).map(|n| json!({ "id": format!("Q{n}") })).collect();
    let (client, _) = answers(move |_| page("incidents", &hundred, true, Some(20_000))).await;
    let list = |_: &str, _: &str| incidents::list(&IncidentFilter::default());
    let result: Result<Vec<_>, Error> = items_by_time(&client, 0, 4_000, list).try_collect().await;
    assert!(matches!(result, Err(Error::Invalid { .. })), "{result:?}");
}
