//! Measures the store alone: accepts, then leases and settles, then a start with everything waiting.
//!
//! `cargo run --release -p pagebridge-store-sqlite --example accepts -- [directory] [events] [tasks] [per second]`
#![expect(clippy::disallowed_methods, reason = "measuring needs the machine's clock, and ends with the process")]

use pagebridge_core::{
    Bridge, Bridges, Input, InputId, News, Opening, Outcome, RecordRef, SystemName, Timestamp, Work,
};
use pagebridge_ports::{Settled, Settlement, Store};
use pagebridge_store_sqlite::{Options, SqliteStore};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const TTL_MS: i64 = 60_000;
const LEASES: usize = 20_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let directory = arguments.next().map_or_else(std::env::temp_dir, PathBuf::from);
    let events: u64 = arguments.next().map_or(Ok(200_000), |n| n.parse())?;
    let tasks: u64 = arguments.next().map_or(Ok(64), |n| n.parse())?;
    let rate: u64 = arguments.next().map_or(Ok(0), |n| n.parse())?;
    let path = directory.join(format!("accepts-{}.db", std::process::id()));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let done = runtime.block_on(measure(&path, events, tasks, rate));
    for end in ["", "-wal", "-shm", ".lock"] {
        let _ = std::fs::remove_file(format!("{}{end}", path.display()));
    }
    done
}

async fn measure(path: &Path, events: u64, tasks: u64, rate: u64) -> Result<(), Box<dyn std::error::Error>> {
    let store = Arc::new(open(path)?);
    report("open, empty", Duration::ZERO, 0);
    accepts(&store, events, tasks, rate).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    for _ in 0..4 {
        println!("drain: {:.0} leases and settles/s", drain(&store, LEASES / 4).await);
    }
    let counts = store.counts().await?;
    println!("{} incidents, {} entries, {} queues", counts.incidents, counts.entries, counts.lanes.len());
    let start = Instant::now();
    store.close().await;
    drop(store);
    println!("close: {:?}", start.elapsed());
    let start = Instant::now();
    let store = open(path)?;
    println!("open: {:?}", start.elapsed());
    let start = Instant::now();
    store.counts().await?;
    println!("counts: {:?}; {} MiB of memory", start.elapsed(), resident_mib());
    Ok(())
}

fn open(path: &Path) -> Result<SqliteStore, pagebridge_ports::StoreError> {
    SqliteStore::open(path, Bridges::new(vec![Bridge::opsgenie_proxy("opsgenie", "pagerduty")]), Options::default())
}

async fn accepts(store: &Arc<SqliteStore>, events: u64, tasks: u64, rate: u64) {
    let next = Arc::new(AtomicU64::new(0));
    let (start, cpu) = (Instant::now(), cpu_ms());
    let work = (0..tasks).map(|_| {
        let (store, next) = (store.clone(), next.clone());
        tokio::spawn(async move {
            let mut waits = Vec::new();
            loop {
                let n = next.fetch_add(1, Ordering::Relaxed);
                if n >= events {
                    return waits;
                }
                if let Some(due) = (n * 1_000_000).checked_div(rate) {
                    tokio::time::sleep_until((start + Duration::from_micros(due)).into()).await;
                }
                let began = Instant::now();
                store.accept(event(n), now()).await.expect("accepts");
                waits.push(began.elapsed());
            }
        })
    });
    let work: Vec<_> = work.collect();
    let mut waits = Vec::new();
    for task in work {
        waits.extend(task.await.expect("ends"));
    }
    let took = start.elapsed();
    waits.sort_unstable();
    let at = |share: f64| waits[((waits.len() - 1) as f64 * share) as usize];
    println!(
        "accepts: {:.0}/s; p50 {:?} p99 {:?} max {:?}; {:.1} us CPU each; {} MiB",
        events as f64 / took.as_secs_f64(),
        at(0.5),
        at(0.99),
        at(1.0),
        (cpu_ms() - cpu) as f64 * 1000.0 / events as f64,
        resident_mib()
    );
}

async fn drain(store: &Arc<SqliteStore>, most: usize) -> f64 {
    let pagerduty = SystemName::new("pagerduty");
    let (start, cpu) = (Instant::now(), cpu_ms());
    let mut done = 0;
    while done < most {
        let batch = store.lease(&pagerduty, now(), TTL_MS, 64).await.expect("leases");
        if batch.is_empty() {
            break;
        }
        let settles = batch.into_iter().map(|leased| {
            let Work::Deliver(delivery) = leased.work else { panic!("only deliveries are due") };
            let record = Some(RecordRef::id(&format!("P{}", delivery.incident)));
            let outcome = Outcome::Delivered { record, status: None, status_at: None, note: None };
            let (number, started_at) = (delivery.number, leased.lease.since);
            let settlement = Settlement { number, step: Some(delivery.step), started_at, outcome };
            store.settle(leased.lease, settlement, now())
        });
        for settled in futures_util::future::join_all(settles).await {
            assert_eq!(settled.expect("settles"), Settled::Done);
            done += 1;
        }
    }
    report("drain", start.elapsed(), cpu_ms() - cpu);
    done as f64 / start.elapsed().as_secs_f64()
}

fn event(n: u64) -> Input {
    let alert = format!("{:08x}-9c4b-4b1d-8e2f-{n:012x}", n.wrapping_mul(0x9e37_79b9) & 0xffff_ffff);
    let mut opening = Opening::titled(&format!("disk {n} is filling up on host-{}", n % 997));
    opening.content.body = "x=1 y=2 some text that a monitor sends along; ".repeat(16);
    opening.content.priority = Some("P2".into());
    let mut input = Input::news(SystemName::new("opsgenie"), &alert, News::Opened(opening));
    input.id = InputId::from_parts(&[&alert, "Create"]);
    input
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    Timestamp(i64::try_from(since.as_millis()).expect("within reach"))
}

fn report(what: &str, took: Duration, cpu_ms: u64) {
    println!("{what}: {took:?}, {cpu_ms} ms CPU, {} MiB of memory", resident_mib());
}

fn resident_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|l| l.starts_with("VmRSS:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|n| n.parse::<u64>().ok()).unwrap_or(0) / 1024
}

/// Processor time of this process, user and system.
fn cpu_ms() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<u64> =
        stat.rsplit(')').next().unwrap_or_default().split_whitespace().map(|f| f.parse().unwrap_or(0)).collect();
    fields.get(11..13).map_or(0, |f| (f[0] + f[1]) * 10)
}
