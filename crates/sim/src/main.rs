//! Seeded simulation of core, engine and stores against model remotes. See `docs/simulation.md`.

mod check;
mod connector;
mod planted;
mod remote;
mod rng;
mod run;
mod scene;
mod store;
mod stores;
mod world;

use anyhow::{Context, bail};
use clap::{Parser, ValueEnum};
use planted::Plant;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use stores::{Kind, Stores};

/// Runs seeded simulations and checks that they converge.
#[derive(Debug, Parser)]
#[command(name = "pagebridge-sim", args_override_self = true)]
struct Options {
    /// How many seeds to run.
    #[arg(long, default_value_t = 10_000)]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 0)]
    start: u64,
    /// Run this one seed and print its trace.
    #[arg(long)]
    seed: Option<u64>,
    /// The store to run on.
    #[arg(long, value_enum, default_value_t = Kind::Memory)]
    store: Kind,
    /// Plant this bug; the run must then fail.
    #[arg(long, value_enum)]
    plant: Option<Plant>,
    /// Plant every bug in turn, and check that a seed finds each.
    #[arg(long)]
    planted: bool,
    /// Threads; 0 takes one per core.
    #[arg(long, default_value_t = 0)]
    threads: usize,
}

fn main() -> anyhow::Result<ExitCode> {
    let options = Options::parse();
    let failed = if options.planted { all_planted(&options)? } else { many(&options)? };
    Ok(if failed > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Runs the seeds. Returns how many failed.
fn many(options: &Options) -> anyhow::Result<u64> {
    if let Some(seed) = options.seed {
        return one(options, seed);
    }
    let (passed, failed) = run_seeds(options, options.plant, options.seeds, u64::MAX)?;
    println!("{passed} passed, {failed} failed");
    Ok(failed)
}

/// Runs one seed twice, prints its trace, and checks that both runs print the same.
fn one(options: &Options, seed: u64) -> anyhow::Result<u64> {
    let stores = Stores::new(options.store, 0)?;
    let first = stores.run(seed, options.plant, true)?;
    let second = stores.run(seed, options.plant, true)?;
    for line in &first.trace {
        println!("{line}");
    }
    if first.trace != second.trace {
        bail!("seed {seed} printed two different traces");
    }
    match first.result {
        Ok(()) => println!("1 passed, 0 failed"),
        Err(ref failure) => println!("seed {seed}: {failure}\n0 passed, 1 failed"),
    }
    Ok(u64::from(first.result.is_err()))
}

/// Runs seeds on all threads until `limit` have failed. Returns how many passed and failed.
fn run_seeds(options: &Options, plant: Option<Plant>, seeds: u64, limit: u64) -> anyhow::Result<(u64, u64)> {
    let threads = match options.threads {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        n => n,
    };
    let (next, passed, failed) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
    let worker = |n: usize| -> anyhow::Result<()> {
        let stores = Stores::new(options.store, n)?;
        loop {
            let at = next.fetch_add(1, Ordering::SeqCst);
            if at >= seeds || failed.load(Ordering::SeqCst) >= limit {
                return Ok(());
            }
            let seed = options.start + at;
            match stores.run(seed, plant, false)?.result {
                Ok(()) => {
                    passed.fetch_add(1, Ordering::SeqCst);
                }
                Err(failure) => {
                    failed.fetch_add(1, Ordering::SeqCst);
                    report(options, plant, seed, &failure);
                }
            }
            if (at + 1).is_multiple_of(10_000) {
                eprintln!("{} of {seeds} seeds", at + 1);
            }
        }
    };
    std::thread::scope(|scope| {
        let handles: Vec<_> = (0..threads).map(|n| scope.spawn(move || worker(n))).collect();
        handles.into_iter().try_for_each(|h| h.join().expect("a simulation thread does not panic"))
    })?;
    Ok((passed.into_inner(), failed.into_inner()))
}

fn report(options: &Options, plant: Option<Plant>, seed: u64, failure: &str) {
    let store = options.store.to_possible_value().map(|v| v.get_name().to_owned()).unwrap_or_default();
    let planted = plant.and_then(|p| p.to_possible_value()).map(|v| format!(" --plant {}", v.get_name()));
    let planted = planted.unwrap_or_default();
    eprintln!("seed {seed}: {failure}");
    eprintln!("  again: cargo run --release -p pagebridge-sim -- --seed {seed} --store {store}{planted}");
}

/// Plants each bug and checks that some seed finds it. Returns how many were not found.
fn all_planted(options: &Options) -> anyhow::Result<u64> {
    let mut missed = 0;
    for plant in Plant::value_variants() {
        let name = plant.to_possible_value().context("every plant has a name")?.get_name().to_owned();
        let (passed, failed) = run_seeds(options, Some(*plant), options.seeds, 1)?;
        println!(
            "{name}: {}",
            if failed > 0 { format!("found after {} seeds", passed + failed) } else { "NOT FOUND".into() }
        );
        missed += u64::from(failed == 0);
    }
    println!("{} passed, {missed} failed", Plant::value_variants().len() as u64 - missed);
    Ok(missed)
}
