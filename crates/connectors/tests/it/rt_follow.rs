//! Following an RT that shows its rows as the real one does: late, hidden, a hundred at a time.

use crate::support::{NOW, spawned};
use axum::Router;
use axum::http::{HeaderMap, Method, Uri};
use pagebridge_connectors::rt::{Queue, Settings};
use pagebridge_connectors::{Rt, Secret};
use pagebridge_core::{Bridge, Bridges, Cell, Incident, PollPolicy, Status, SystemName};
use pagebridge_ports::{
    CheckResult, IncidentFilter, ManualClock, MemoryStore, Receive, Received, Refusal, Store, Upkeep, Upkept,
};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;

/// Rows on a page.
const PAGE: usize = 100;

#[derive(Default)]
struct Far {
    tickets: BTreeMap<i64, Value>,
    rows: BTreeMap<i64, Value>,
    /// Rows that are there and that we may not see.
    hidden: BTreeSet<i64>,
    calls: Vec<String>,
    /// Answers nothing but 503.
    down: bool,
}

impl Far {
    /// A new ticket with its first row.
    fn ticket(&mut self, id: i64, row: i64) {
        let ticket = json!({"id": id.to_string(), "Subject": format!("Disk {id}"), "Status": "new", "Owner": {"id": "Nobody"},
            "Queue": {"id": "3", "Name": "Incidents", "SubjectTag": ""}, "Priority": "0", "CustomFields": "",
            "LastUpdated": format!("row {row}")});
        self.tickets.insert(id, ticket);
        self.row(row, id, "Create", "", "");
    }

    fn row(&mut self, row: i64, ticket: i64, kind: &str, old: &str, new: &str) {
        let field = if kind == "Status" { "Status" } else { "" };
        let entry = json!({"id": row.to_string(), "ObjectId": ticket.to_string(), "Type": kind, "Field": field, "OldValue": old,
            "NewValue": new, "Creator": {"id": "ana", "RealName": "Ana"}, "Created": "2026-11-20T13:53:43Z"});
        self.rows.insert(row, entry);
        let ticket = self.tickets.get_mut(&ticket).expect("a ticket");
        ticket["LastUpdated"] = json!(format!("row {row}"));
        if kind == "Status" {
            ticket["Status"] = json!(new);
        }
    }

    fn transactions(&self, sql: &str, newest_first: bool, page: usize) -> Value {
        let (after, before) = (number_after(sql, "id > "), number_after(sql, "id < "));
        let of_tickets = numbers_after(sql, "ObjectId = ");
        let kinds: Vec<&str> = sql.split("Type = '").skip(1).filter_map(|rest| rest.split('\'').next()).collect();
        let fits = |(id, row): &(&i64, &Value)| {
            let ticket: i64 = row["ObjectId"].as_str().and_then(|id| id.parse().ok()).expect("a number");
            let started = row["Type"] != "Set" || kinds.contains(&"Create") || row["Field"] == "Started";
            after.is_none_or(|after| **id > after)
                && before.is_none_or(|before| **id < before)
                && (of_tickets.is_empty() || of_tickets.contains(&ticket))
                && kinds.contains(&row["Type"].as_str().expect("text"))
                && started
        };
        let mut rows: Vec<(&i64, &Value)> = self.rows.iter().filter(fits).collect();
        if newest_first {
            rows.reverse();
        }
        // The page is cut first, and then what may not be seen is taken out.
        let seen = rows.into_iter().skip((page - 1) * PAGE).take(PAGE).filter(|(id, _)| !self.hidden.contains(id));
        json!({"items": seen.map(|(_, row)| row).collect::<Vec<_>>(), "pages": null, "page": page})
    }

    fn search(&self, sql: &str, newest_first: bool, page: usize) -> Value {
        let ids = numbers_after(sql, "id = ");
        let after = number_after(sql, "id > ");
        let active = !sql.contains("__Active__");
        let mut tickets: Vec<&Value> = self
            .tickets
            .iter()
            .filter(|(id, ticket)| {
                (ids.is_empty() || ids.contains(id))
                    && after.is_none_or(|after| **id > after)
                    && (active || ticket["Status"] != "resolved")
                    && !sql.contains("IS NOT NULL")
            })
            .map(|(_, ticket)| ticket)
            .collect();
        if newest_first {
            tickets.reverse();
        }
        let pages = tickets.len().div_ceil(PAGE);
        // A page beyond the end is the last one.
        let page = page.min(pages.max(1));
        let items: Vec<_> = tickets.into_iter().skip((page - 1) * PAGE).take(PAGE).collect();
        json!({"items": items, "page": page, "pages": pages})
    }

    fn answer(&mut self, method: &Method, uri: &Uri) -> (u16, Value) {
        let url = reqwest::Url::parse(&format!("http://rt.test{uri}")).expect("an address");
        let query: BTreeMap<String, String> = url.query_pairs().into_owned().collect();
        let path = url.path().trim_start_matches("/REST/2.0/").to_owned();
        let sql = query.get("query").cloned().unwrap_or_default();
        self.calls.push(format!("{method} {path} {sql}"));
        if self.down {
            return (503, json!({}));
        }
        let newest_first = query.get("order").is_some_and(|order| order == "DESC");
        let page = query.get("page").and_then(|page| page.parse().ok()).unwrap_or(1);
        match path.as_str() {
            "user/31" => (200, json!({"Name": "bridge"})),
            "transactions" => (200, self.transactions(&sql, newest_first, page)),
            "tickets" => (200, self.search(&sql, newest_first, page)),
            "attachments" => {
                let ids: Vec<i64> = serde_json::from_str::<Vec<Value>>(&sql)
                    .expect("JSON")
                    .iter()
                    .filter_map(|c| c["value"].as_i64())
                    .collect();
                let part = |id: &i64| json!({"TransactionId": id.to_string(), "ContentType": "text/plain", "Content": format!("text {id}")});
                (200, json!({"items": ids.iter().map(part).collect::<Vec<_>>()}))
            }
            _ => (403, json!({"message": "Forbidden"})),
        }
    }
}

fn numbers_after(sql: &str, what: &str) -> Vec<i64> {
    let number = |rest: &str| rest.split(|c: char| !c.is_ascii_digit()).next().and_then(|text| text.parse().ok());
    sql.split(what).skip(1).filter_map(number).collect()
}

fn number_after(sql: &str, what: &str) -> Option<i64> {
    numbers_after(sql, what).into_iter().next()
}

struct World {
    far: Arc<Mutex<Far>>,
    url: String,
    store: MemoryStore,
    clock: Arc<ManualClock>,
    rt: Rt,
}

impl World {
    /// Follows from transaction 10 on; nothing is there before it.
    async fn new(change: impl FnOnce(&mut Settings)) -> Self {
        let far = Arc::new(Mutex::new(Far::default()));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}/REST/2.0", listener.local_addr().expect("bound"));
        let shared = far.clone();
        let router = Router::new().fallback(move |method: Method, uri: Uri, _: HeaderMap| {
            let (status, body) = shared.lock().expect("no panic").answer(&method, &uri);
            std::future::ready((axum::http::StatusCode::from_u16(status).expect("a status"), body.to_string()))
        });
        spawned(async move {
            let _ = axum::serve(listener, router).await;
        });
        let mut bridge = Bridge::rt_extension("rt", "pd");
        for rule in &mut bridge.rules {
            rule.direction.noted = Cell::STATUS;
        }
        let mut bridges = Bridges::new(vec![bridge]).with_instance("test");
        bridges.polls.insert(SystemName::new("rt"), PollPolicy::ON_DEMAND);
        let clock = Arc::new(ManualClock::at(NOW));
        let rt = connector(&url, clock.clone(), change);
        let world = Self { far, url, store: MemoryStore::new(Arc::new(bridges)), clock, rt };
        world.far(|far| {
            far.ticket(1, 10);
            far.row(10, 1, "Create", "", "");
        });
        world.run().await;
        world
    }

    fn far<T>(&self, change: impl FnOnce(&mut Far) -> T) -> T {
        change(&mut self.far.lock().expect("no panic"))
    }

    /// A round that must go well; gives its calls.
    async fn run(&self) -> Vec<String> {
        let upkept = self.round().await;
        assert_eq!(upkept.check.result, CheckResult::Ok, "{:?}", upkept.check);
        self.calls()
    }

    async fn round(&self) -> Upkept {
        self.far(|far| far.calls.clear());
        self.rt.run(&self.store).await
    }

    fn calls(&self) -> Vec<String> {
        self.far(|far| far.calls.clone())
    }

    async fn incidents(&self) -> Vec<Incident> {
        let filter = IncidentFilter { limit: 1_000, ..IncidentFilter::default() };
        self.store.incidents(filter).await.expect("a list")
    }

    /// The tickets that have an incident, with what they are known to hold.
    async fn known(&self) -> BTreeMap<i64, Status> {
        let incidents = self.incidents().await;
        let link = |i: &Incident| {
            let link = i.link("rt")?;
            Some((link.record_id()?.0.parse().ok()?, link.known?))
        };
        incidents.iter().filter_map(link).collect()
    }
}

fn connector(url: &str, clock: Arc<ManualClock>, change: impl FnOnce(&mut Settings)) -> Rt {
    let mut settings = Settings::new(SystemName::new("rt"), url, Secret::new("1-31-x"));
    settings.proxy = false;
    settings.rtname = Some("rt.test".to_owned());
    settings.queues = [("Incidents".to_owned(), Queue::default())].into();
    change(&mut settings);
    Rt::new(settings, clock).expect("the settings are valid")
}

use Status::{Acknowledged, Triggered};

#[tokio::test]
async fn a_quiet_round_is_one_call_and_a_sweep_is_one_more() {
    let world = World::new(|_| {}).await;
    assert_eq!(world.run().await.len(), 1, "{:?}", world.calls());
    world.clock.advance(60_000);
    assert_eq!(world.run().await.len(), 2, "{:?}", world.calls());
    assert!(
        world.calls()[1].contains("LastUpdated > '180 seconds ago' AND (Queue = 'Incidents')"),
        "{:?}",
        world.calls()
    );
    assert!(world.known().await.is_empty(), "what was there before is no news");
    world.far(|far| far.ticket(2, 20));
    // Rows, ticket, first message, and that there is no more.
    assert_eq!(world.run().await.len(), 4, "{:?}", world.calls());
    assert_eq!(world.known().await, [(2, Triggered)].into());
    assert_eq!(world.incidents().await[0].content.as_ref().map(|c| c.body.as_str()), Some("text 20"));
    // The last rows are asked for again for two minutes, and are not handled again.
    assert_eq!(world.run().await.len(), 1, "{:?}", world.calls());
    assert!(world.calls()[0].ends_with("id > 10"), "{:?}", world.calls());
    world.clock.advance(120_000);
    world.run().await;
    world.run().await;
    assert!(world.calls()[0].ends_with("id > 20"), "{:?}", world.calls());
}

#[tokio::test]
async fn a_row_that_appears_late_is_not_missed() {
    let world = World::new(|settings| settings.sweep_ms = i64::MAX).await;
    world.far(|far| far.ticket(3, 21));
    world.run().await;
    world.far(|far| far.ticket(2, 20));
    world.run().await;
    assert_eq!(world.known().await, [(2, Triggered), (3, Triggered)].into());
}

#[tokio::test]
async fn rows_that_may_not_be_seen_stop_nothing() {
    let world = World::new(|_| {}).await;
    world.far(|far| {
        far.ticket(2, 20);
        for row in 21..=220 {
            far.row(row, 2, "Comment", "", "");
            far.hidden.insert(row);
        }
        far.row(300, 2, "Status", "new", "open");
        far.row(301, 2, "Comment", "", "");
        far.ticket(3, 302);
    });
    world.run().await;
    // The feed does not get past a whole page of nothing; the search for changed tickets does.
    world.clock.advance(60_000);
    world.run().await;
    assert_eq!(world.known().await, [(2, Acknowledged), (3, Triggered)].into());
    // It has shown where the feed goes on.
    world.run().await;
    let incident = world.incidents().await.into_iter().find(|i| i.title().contains("#2")).expect("the second");
    assert_eq!(incident.notes.iter().map(|n| n.text.as_str()).collect::<Vec<_>>(), ["Ana (RT): text 301"]);
    // From there on the feed is enough.
    world.far(|far| far.ticket(4, 303));
    world.run().await;
    assert_eq!(world.known().await.len(), 3);
    let before = world.incidents().await;
    world.clock.advance(60_000);
    world.run().await;
    assert_eq!(world.incidents().await, before);
}

#[tokio::test]
async fn a_round_makes_so_many_calls_and_the_next_goes_on() {
    let world = World::new(|settings| settings.calls_max = 4).await;
    world.far(|far| {
        for n in 0..450 {
            far.ticket(1_000 + n, 1_000 + n);
        }
    });
    let mut rounds = 0;
    while world.known().await.len() < 450 {
        let upkept = world.round().await;
        assert!(world.calls().len() <= 4 + 7, "{:?}", world.calls());
        rounds += 1;
        assert!(rounds < 20, "it goes on");
        assert!(upkept.again_ms <= 1_000 || world.known().await.len() == 450, "what is left is read soon");
    }
    assert!(rounds >= 4, "{rounds}");
    // All that is open is compared a hundred per call, over as many rounds as that takes.
    for _ in 0..20 {
        world.round().await;
    }
    let mut compared = 0;
    world.clock.advance(60_000);
    for _ in 0..20 {
        world.round().await;
        compared += world.calls().iter().filter(|call| call.starts_with("GET tickets (id = ")).count();
    }
    assert_eq!(compared, 5, "{:?}", world.calls());
}

#[tokio::test]
async fn nothing_is_lost_when_rt_or_the_process_is_away() {
    let world = World::new(|_| {}).await;
    world.far(|far| {
        far.ticket(2, 20);
        far.down = true;
    });
    let first = world.round().await;
    assert_eq!(first.check.result, CheckResult::Warning);
    assert!(first.check.detail.contains("503") && !first.check.remedy.is_empty(), "{:?}", first.check);
    let second = world.round().await;
    assert!(second.again_ms > first.again_ms && second.again_ms <= 300_000, "{} {}", first.again_ms, second.again_ms);
    world.far(|far| far.down = false);
    world.run().await;
    assert_eq!(world.known().await, [(2, Triggered)].into());
    // Another process goes on from there, also over what happened in between.
    world.far(|far| {
        far.row(30, 2, "Status", "new", "open");
        far.ticket(3, 31);
    });
    let next = connector(&world.url, world.clock.clone(), |_| {});
    assert_eq!(next.look(&world.store).await.result, CheckResult::Ok);
    next.run(&world.store).await;
    assert_eq!(world.known().await, [(2, Acknowledged), (3, Triggered)].into());
    let before = world.incidents().await;
    // The first is still there as well: both see the same.
    world.run().await;
    world.far(|far| far.row(40, 3, "Comment", "", ""));
    world.run().await;
    next.run(&world.store).await;
    let after = world.incidents().await;
    assert_eq!((before.len(), after.len()), (2, 2));
    assert_eq!(after.iter().map(|i| i.notes.len()).sum::<usize>(), 1, "one note, once");
}

#[tokio::test]
async fn a_push_wakes_and_carries_nothing() {
    let open = World::new(|_| {}).await;
    let told = open.rt.receive(&HeaderMap::new(), br#"{"ticket":2}"#);
    assert!(matches!(told, Err(Refusal::Unauthorized(_))), "nothing is set that could prove who posts: {told:?}");
    let world = World::new(|settings| {
        settings.push_tokens = vec![Secret::new("push-token")];
        settings.push_secrets = vec![Secret::new("push-secret")];
    })
    .await;
    let body = br#"{"ticket":"2","queue":"Incidents","status":"open","subject":"x","transactions":[]}"#;
    let signature = pagerduty::webhook::sign(&Secret::new("push-secret"), body);
    let headers = |token: &str, signature: &str| {
        let pairs = [("authorization", token), ("x-pagebridge-signature", signature)];
        pairs.iter().map(|(name, value)| (name.parse().expect("a name"), value.parse().expect("a value"))).collect()
    };
    let fits: HeaderMap = headers("Bearer push-token", &signature);
    let taken = world.rt.receive(&fits, body).expect("it is taken");
    assert!(
        matches!(&taken, Received::Ignored { reason: "woken", detail } if detail.contains("ticket 2")),
        "{taken:?}"
    );
    // The next round is wanted now.
    world.rt.wanted().await;
    for wrong in [headers("Bearer other", &signature), headers("Bearer push-token", "v1=00"), HeaderMap::new()] {
        assert!(matches!(world.rt.receive(&wrong, body), Err(Refusal::Unauthorized(_))));
    }
    for (body, field) in
        [(&b"{"[..], ""), (b"{}", "ticket"), (br#"{"ticket":"x"}"#, "ticket"), (br#"{"ticket":0}"#, "ticket")]
    {
        let signature = pagerduty::webhook::sign(&Secret::new("push-secret"), body);
        let refusal = world.rt.receive(&headers("Bearer push-token", &signature), body).expect_err("it is malformed");
        assert!(matches!(&refusal, Refusal::Malformed { field: f, .. } if f == field), "{refusal:?}");
    }
}
