//! The audit trail: repeats, caps, ends, lists.

use super::START;
use crate::{AuditEnd, AuditFilter, AuditRow, Begun, CAP_WINDOW_MS, Cap, NewAudit, Store};
use futures_util::future::join_all;
use pagebridge_core::Timestamp;
use serde_json::{Value, json};
use std::sync::Arc;

pub(super) async fn suite<Fut: Future<Output = Arc<dyn Store>>>(fresh: impl Fn() -> Fut) {
    keeps_a_trail(&*fresh().await).await;
    keeps_to_caps(&*fresh().await).await;
    caps_hold_at_once(fresh().await).await;
}

async fn keeps_a_trail(store: &dyn Store) {
    let first = NewAudit { key: Some("http/ci/1".into()), ..asked("ci", "incident.create", START) };
    let id = begin(store, first.clone()).await;
    // While it runs, a repeat is told so, and nothing is added.
    let Begun::Repeated(running) = store.audit_begin(first.clone()).await.expect("begins") else {
        panic!("a repeat is known by its key")
    };
    assert_eq!((running.id, &running.end), (id, &None));
    let end = end(START.plus_ms(70), true, json!({"ok": true, "result": {"id": "P1"}, "text": "ü \"quoted\""}));
    store.audit_end(id, end.clone()).await.expect("ends");
    let Begun::Repeated(ended) = store.audit_begin(first.clone()).await.expect("begins") else {
        panic!("a repeat is known after the end")
    };
    assert_eq!(ended.end, Some(end));
    assert_eq!((&ended.input, ended.at, ended.key.as_deref()), (&first.input, START, Some("http/ci/1")));
    // The first end stays, and an end of nothing changes nothing.
    store.audit_end(id, self::end(START.plus_ms(90), false, json!({}))).await.expect("ends");
    store.audit_end(9_999, self::end(START.plus_ms(90), false, json!({}))).await.expect("ends");

    let refused = NewAudit {
        end: Some(self::end(START, false, json!({"error": {"kind": "not_allowed"}}))),
        counts: false,
        ..asked("viewer", "incident.resolve", START.plus_ms(1))
    };
    begin(store, refused).await;
    begin(store, NewAudit { surface: "chat".into(), dry_run: true, ..asked("ci", "team.find", START.plus_ms(2)) })
        .await;

    let all = list(store, AuditFilter::default()).await;
    assert_eq!(names(&all), ["team.find", "incident.resolve", "incident.create"]);
    assert_eq!(all.iter().map(|row| row.id).collect::<Vec<_>>(), [3, 2, 1]);
    assert!(all[0].dry_run && all[0].end.is_none() && all[0].surface == "chat" && !all[2].dry_run);
    assert!(all[2].end.as_ref().is_some_and(|end| end.ok && end.at == START.plus_ms(70)));
    let only = async |filter: AuditFilter| names(&list(store, filter).await).join(" ");
    let who = |who: &str| AuditFilter { who: Some(who.into()), ..AuditFilter::default() };
    assert_eq!(only(who("ci")).await, "team.find incident.create");
    assert_eq!(only(who("nobody")).await, "");
    let action = |action: &str| AuditFilter { action: Some(action.into()), ..AuditFilter::default() };
    assert_eq!(only(action("incident.*")).await, "incident.resolve incident.create");
    assert_eq!(only(action("incident.create")).await, "incident.create");
    assert_eq!(only(action("incident.%")).await, "");
    assert_eq!(only(AuditFilter { failed: true, ..AuditFilter::default() }).await, "team.find incident.resolve");
    assert_eq!(only(AuditFilter { since: Some(START.plus_ms(2)), ..AuditFilter::default() }).await, "team.find");
    assert_eq!(only(AuditFilter { until: Some(START.plus_ms(1)), ..AuditFilter::default() }).await, "incident.create");
    let page = AuditFilter { before: Some(3), limit: 1, ..AuditFilter::default() };
    assert_eq!(names(&store.audit_rows(page).await.expect("lists")), ["incident.resolve"]);
}

async fn keeps_to_caps(store: &dyn Store) {
    let mine = Cap { who: Some("ci".into()), ..Cap::new("incident.*", 2) };
    let here = Cap { surface: Some("http".into()), ..Cap::new("*", 4) };
    let capped =
        |action: &str, at: Timestamp| NewAudit { caps: vec![mine.clone(), here.clone()], ..asked("ci", action, at) };
    // What does not count, what is of another, and what is long ago, takes no room.
    begin(store, asked("ci", "incident.create", START.plus_ms(-CAP_WINDOW_MS))).await;
    begin(store, NewAudit { counts: false, ..asked("ci", "incident.create", START) }).await;
    begin(store, NewAudit { surface: "chat".into(), ..asked("other", "incident.create", START) }).await;
    let first = begin(store, capped("incident.create", START.plus_ms(10))).await;
    begin(store, capped("incident.resolve", START.plus_ms(20))).await;
    let full = store.audit_begin(capped("incident.create", START.plus_ms(30))).await.expect("begins");
    assert_eq!(full, Begun::Full { cap: 0, until: START.plus_ms(10 + CAP_WINDOW_MS) });
    // An end that says that nothing was sent gives its room back.
    store.audit_end(first, AuditEnd { counts: false, ..end(START, false, json!({})) }).await.expect("ends");
    begin(store, capped("incident.create", START.plus_ms(40))).await;
    // The second of the two: that of the way in, for all who come by it.
    for (who, ms) in [("a", 50), ("b", 60)] {
        begin(store, NewAudit { caps: vec![here.clone()], ..asked(who, "team.find", START.plus_ms(ms)) }).await;
    }
    let other = NewAudit { caps: vec![mine.clone(), here.clone()], ..asked("c", "team.find", START.plus_ms(70)) };
    let full = store.audit_begin(NewAudit { caps: other.caps[1..].to_vec(), ..other }).await.expect("begins");
    assert_eq!(full, Begun::Full { cap: 0, until: START.plus_ms(20 + CAP_WINDOW_MS) });
    // To the millisecond there is room again.
    let later = START.plus_ms(20 + CAP_WINDOW_MS);
    let still = store.audit_begin(capped("incident.create", later.plus_ms(-1))).await.expect("begins");
    assert_eq!(still, Begun::Full { cap: 0, until: later });
    begin(store, capped("incident.create", later)).await;
    let none = NewAudit { caps: vec![Cap::new("incident.delete", 0)], ..asked("ci", "incident.delete", later) };
    let never = store.audit_begin(none).await.expect("begins");
    assert_eq!(never, Begun::Full { cap: 0, until: later.plus_ms(CAP_WINDOW_MS) });
}

async fn caps_hold_at_once(store: Arc<dyn Store>) {
    let ask = |n: i64| {
        let store = store.clone();
        let key = (n % 2 == 0).then(|| format!("key-{}", n / 4));
        let new = NewAudit { caps: vec![Cap::new("incident.*", 5)], key, ..asked("ci", "incident.create", START) };
        async move { store.audit_begin(new).await.expect("begins") }
    };
    let begun = join_all((0..40).map(ask)).await;
    let new = begun.iter().filter(|begun| matches!(begun, Begun::New(_))).count();
    assert_eq!(new, 5, "{begun:?}");
    assert_eq!(list(&*store, AuditFilter::default()).await.len(), 5);
}

fn asked(who: &str, action: &str, at: Timestamp) -> NewAudit {
    NewAudit {
        who: who.to_owned(),
        surface: "http".to_owned(),
        action: action.to_owned(),
        input: json!({"entity_id": ["P1", "P2"], "title": "Größe"}),
        key: None,
        dry_run: false,
        counts: true,
        at,
        caps: Vec::new(),
        end: None,
    }
}

fn end(at: Timestamp, ok: bool, outcome: Value) -> AuditEnd {
    AuditEnd { at, ok, outcome, counts: true }
}

async fn begin(store: &dyn Store, new: NewAudit) -> i64 {
    match store.audit_begin(new).await.expect("begins") {
        Begun::New(id) => id,
        other => panic!("there is room: {other:?}"),
    }
}

async fn list(store: &dyn Store, filter: AuditFilter) -> Vec<AuditRow> {
    let limit = if filter.limit == 0 { 100 } else { filter.limit };
    store.audit_rows(AuditFilter { limit, ..filter }).await.expect("lists")
}

fn names(rows: &[AuditRow]) -> Vec<&str> {
    rows.iter().map(|row| row.action.as_str()).collect()
}
