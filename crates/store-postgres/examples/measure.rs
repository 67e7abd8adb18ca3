//! Measures this store: accepts with 64 tasks of distinct 1 KB events, and the drain with many and few lanes waiting.
//!
//! `cargo xtask postgres --durable -- cargo run --release -p pagebridge-store-postgres --example measure [LANES]`

use futures_util::future::join_all;
use pagebridge_core::{
    Bridge, Bridges, Input, InputId, News, Opening, Outcome, RecordRef, Status, Step, SystemName, Timestamp,
};
use pagebridge_ports::{Settlement, Store};
use pagebridge_store_postgres::{Options, PostgresStore};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::time::Instant;

const NOW: Timestamp = Timestamp(1_795_183_200_000);
const TASKS: usize = 64;

fn event(n: usize) -> Input {
    let alert = format!("8418d193-2dab-4490-b331-8c02{n:08}");
    let mut opening = Opening::titled(&format!("disk {n} of db-{} is nearly full", n % 97));
    opening.content.body = format!("{n:09} ").repeat(80);
    let mut input = Input::news(SystemName::new("opsgenie"), &alert, News::Opened(opening));
    input.id = InputId::from_parts(&[&alert, "Create"]);
    input
}

async fn accepts(stores: &[PostgresStore], from: usize, count: usize) -> Vec<Duration> {
    let next = AtomicUsize::new(from);
    let tasks = (0..TASKS).map(|task| {
        let (store, next) = (&stores[task % stores.len()], &next);
        async move {
            let mut times = Vec::new();
            loop {
                let n = next.fetch_add(1, Ordering::Relaxed);
                if n >= from + count {
                    return times;
                }
                let begin = Instant::now();
                store.accept(event(n), NOW).await.expect("accepts");
                times.push(begin.elapsed());
            }
        }
    });
    join_all(tasks).await.into_iter().flatten().collect()
}

async fn drain(store: &PostgresStore, count: usize) -> usize {
    let system = SystemName::new("pagerduty");
    let mut done = 0;
    while done < count {
        let leased = store.lease(&system, NOW, 30_000, 64).await.expect("leases");
        if leased.is_empty() {
            break;
        }
        done += leased.len();
        let settles = leased.into_iter().map(|leased| {
            let record = Some(RecordRef::id(&format!("Q{}", leased.lease.incident)));
            let outcome = Outcome::Delivered { record, status: Some(Status::Triggered), status_at: None, note: None };
            let number = leased.work.number();
            let settlement = Settlement { number, step: Some(Step::Create), started_at: NOW, outcome };
            store.settle(leased.lease, settlement, NOW)
        });
        for settled in join_all(settles).await {
            settled.expect("settles");
        }
    }
    done
}

fn say(what: &str, count: usize, took: Duration, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |share: f64| times.get((times.len() as f64 * share) as usize).copied().unwrap_or_default();
    let rate = count as f64 / took.as_secs_f64();
    println!("{what:<34} {rate:>9.0}/s   p50 {:?}  p99 {:?}", at(0.5), at(0.99));
}

async fn connect(url: &str, schema: &str) -> PostgresStore {
    let rules = Bridges::new(vec![Bridge::opsgenie_proxy("opsgenie", "pagerduty")]);
    PostgresStore::connect(url, rules, Options::with_schema(schema)).await.expect("the server is up")
}

#[tokio::main]
async fn main() {
    let url = std::env::var("PAGEBRIDGE_TEST_POSTGRES").expect("run with `cargo xtask postgres -- `");
    let lanes: usize = std::env::args().nth(1).map_or(100_000, |n| n.parse().expect("a number of lanes"));
    let schema = format!("measure_{}", std::process::id());
    let stores = [connect(&url, &schema).await, connect(&url, &schema).await];
    accepts(&stores[..1], 0, 1_000).await;
    if std::env::args().nth(2).as_deref() == Some("accepts") {
        let begin = Instant::now();
        let times = accepts(&stores[..1], 1_000, lanes).await;
        return say("accepts, one node", lanes, begin.elapsed(), times);
    }
    let begin = Instant::now();
    drain(&stores[0], 1_000).await;
    say("drain, 1,000 waiting", 1_000, begin.elapsed(), Vec::new());
    let mut from = 1_000;
    for (what, nodes) in [("accepts, one node", 1), ("accepts, one node again", 1), ("accepts, two nodes", 2)] {
        let begin = Instant::now();
        let times = accepts(&stores[..nodes], from, lanes / 3).await;
        from += lanes / 3;
        say(what, lanes / 3, begin.elapsed(), times);
    }
    for _ in 0..3 {
        let begin = Instant::now();
        let drained = drain(&stores[0], 5_000).await;
        say(&format!("drain, {lanes} waiting"), drained, begin.elapsed(), Vec::new());
    }
    let begin = Instant::now();
    let counts = stores[0].counts().await.expect("counts");
    println!("counts in {:?}: {} incidents, {} lanes kinds", begin.elapsed(), counts.incidents, counts.lanes.len());
}
