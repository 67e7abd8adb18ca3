//! Measures the bridge against ceilings taken in the same run, on the same machine; `cargo xtask bench` runs it.
//!
//! One program with several parts. `run` starts the others as processes of their own, so that the processor time of a
//! server is its own and not that of whoever sends:
//!
//! * `server`: our server in front of nothing, of a plain log, or of a store, with or without deliveries;
//! * `load`: sends webhooks, as fast as answers come or at a fixed rate;
//! * `sink`: a PagerDuty that takes everything at once;
//! * `fill`, `drain`, `append`: a store or a file alone.

#![expect(
    clippy::disallowed_methods,
    reason = "measuring needs the machine's clock, and all tasks end with the process"
)]

mod child;
mod counter;
mod event;
mod following;
mod inside;
mod load;
mod log;
mod report;
mod run;
mod server;
mod sink;
mod spread;
mod tally;
mod waiting;

use anyhow::Result;
use clap::Parser;
use std::process::ExitCode;

/// The parts.
#[derive(Parser)]
#[command(name = "pagebridge-bench", about = "Measures the bridge; run it by `cargo xtask bench`")]
enum Part {
    /// Measures everything, prints a table, and writes JSON.
    Run(run::Options),
    /// Serves webhooks until standard input ends.
    Server(server::Options),
    /// Sends webhooks.
    Load(load::Options),
    /// Takes incidents until standard input ends.
    Sink,
    /// Makes a store with incidents that wait for their delivery.
    Fill(waiting::FillOptions),
    /// Leases and settles, with few and with many waiting.
    Drain(waiting::DrainOptions),
    /// Appends to a file and flushes: the disk alone.
    Append(log::AppendOptions),
}

fn main() -> ExitCode {
    start(Part::parse()).unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}

fn start(part: Part) -> Result<ExitCode> {
    tracing_subscriber::fmt().with_max_level(level(&part)).with_writer(std::io::stderr).init();
    // It fails only when it is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    // As the program itself does it; only who measures takes as little of the machine as it can.
    let runtime = match &part {
        Part::Load(_) | Part::Sink | Part::Run(_) => tokio::runtime::Builder::new_current_thread(),
        _ => tokio::runtime::Builder::new_multi_thread(),
    }
    .enable_all()
    .build()?;
    runtime.block_on(async {
        match part {
            Part::Run(options) => return run::run(&options).await,
            Part::Server(options) => server::run(&options).await?,
            Part::Load(options) => report::say(&load::run(&options).await?),
            Part::Sink => sink::run().await?,
            Part::Fill(options) => waiting::fill(&options).await?,
            Part::Drain(options) => report::say(&waiting::drain(&options).await?),
            Part::Append(options) => report::say(&log::append(&options)?),
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// A server logs what the program logs by default; the other parts have nothing to say.
fn level(part: &Part) -> tracing_subscriber::filter::LevelFilter {
    use tracing_subscriber::filter::LevelFilter;
    match part {
        Part::Server(_) => LevelFilter::INFO,
        _ => LevelFilter::WARN,
    }
}
