//! Stores with much that waits: making them, and working through them.

use crate::event::{self, PAGERDUTY};
use crate::server::{bridges, open_sqlite};
use crate::spread::median;
use anyhow::{Context, Result, ensure};
use clap::Args;
use futures_util::future::{join_all, try_join_all};
use pagebridge_core::{Outcome, RecordRef, Status, SystemName, Work};
use pagebridge_ports::{Clock, Leased, Settled, Settlement, Store, SystemClock};
use pagebridge_store_sqlite::SqliteStore;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// So many are accepted at the same time while a store is filled.
const FILLERS: usize = 512;
/// So many lanes are leased at once; the engine's pump takes up to this many.
const LEASED_MAX: usize = 32;
const TTL_MS: i64 = 600_000;
/// After a start with many waiting, keys that the last process had not merged are merged first.
const WARM_UP: Duration = Duration::from_secs(1);

/// The command line of `fill`.
#[derive(Args)]
pub(crate) struct FillOptions {
    /// The file of SQLite.
    #[arg(long)]
    path: PathBuf,
    /// How many incidents.
    #[arg(long)]
    count: u64,
    /// Number of the first.
    #[arg(long, default_value_t = 0)]
    from: u64,
}

/// The command line of `drain`.
#[derive(Args)]
pub(crate) struct DrainOptions {
    /// A file with many waiting, more than are worked through.
    #[arg(long)]
    many: PathBuf,
    /// A file that is filled again for each slice.
    #[arg(long)]
    few: PathBuf,
    /// How many slices of each.
    #[arg(long, default_value_t = 15)]
    slices: u64,
    /// Deliveries per slice: all that wait in the second file.
    #[arg(long, default_value_t = 1_000)]
    slice: u64,
}

/// Leases and settles per second.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Drained {
    pub(crate) many_per_second: f64,
    pub(crate) few_per_second: f64,
}

/// Fills a store through its own door. Nobody needs these to survive a power cut, so nothing is flushed meanwhile.
pub(crate) async fn fill(options: &FillOptions) -> Result<()> {
    let fast = pagebridge_store_sqlite::Options::not_durable_for_simulations_only();
    let store = SqliteStore::open(&options.path, bridges(), fast)?;
    accept(&store, options.from, options.count).await?;
    store.close().await;
    Ok(())
}

async fn accept(store: &SqliteStore, from: u64, count: u64) -> Result<()> {
    let next = AtomicU64::new(from);
    let fillers = (0..FILLERS).map(|_| async {
        loop {
            let n = next.fetch_add(1, Ordering::Relaxed);
            if n >= from + count {
                return anyhow::Ok(());
            }
            store.accept(event::input(n), SystemClock.now()).await?;
        }
    });
    try_join_all(fillers).await?;
    Ok(())
}

/// Works through slices of both files by turns.
///
/// The first file stays open; what is leased there was accepted long ago and is in no memory of the store. The second is
/// opened anew for each slice, so that what was accepted just now is not in memory either.
pub(crate) async fn drain(options: &DrainOptions) -> Result<Drained> {
    let (mut many, mut few) = (Vec::new(), Vec::new());
    let open = open_sqlite(&options.many)?;
    let begun = Instant::now();
    while begun.elapsed() < WARM_UP {
        drain_slice(&open, options.slice).await?;
    }
    for slice in 0..options.slices {
        let from = slice * options.slice;
        fill(&FillOptions { path: options.few.clone(), count: options.slice, from }).await?;
        let fresh = open_sqlite(&options.few)?;
        for (store, rates) in [(&open, &mut many), (&fresh, &mut few)] {
            rates.push(options.slice as f64 / drain_slice(store, options.slice).await?.as_secs_f64());
        }
        fresh.close().await;
    }
    open.close().await;
    Ok(Drained { many_per_second: median(many), few_per_second: median(few) })
}

async fn drain_slice(store: &SqliteStore, count: u64) -> Result<Duration> {
    let pagerduty = SystemName::new(PAGERDUTY);
    let start = Instant::now();
    let mut left = usize::try_from(count).context("a slice is small")?;
    while left > 0 {
        let leased = store.lease(&pagerduty, SystemClock.now(), TTL_MS, left.min(LEASED_MAX)).await?;
        ensure!(!leased.is_empty(), "less is waiting than was put in");
        left -= leased.len();
        for settled in join_all(leased.into_iter().map(|leased| settle(store, leased))).await {
            ensure!(settled? == Settled::Done, "a lease was taken away");
        }
    }
    Ok(start.elapsed())
}

async fn settle(store: &SqliteStore, leased: Leased) -> Result<Settled> {
    let (number, started_at) = (leased.work.number(), leased.lease.since);
    let Work::Deliver(delivery) = leased.work else { anyhow::bail!("a reading is due already") };
    let record = Some(RecordRef::id(&format!("Q{}", delivery.incident)));
    let outcome = Outcome::Delivered { record, status: Some(Status::Triggered), status_at: None, note: None };
    let settlement = Settlement { number, step: Some(delivery.step), started_at, outcome };
    Ok(store.settle(leased.lease, settlement, SystemClock.now()).await?)
}
