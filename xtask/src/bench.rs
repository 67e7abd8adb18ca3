//! `cargo xtask bench`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use clap::Args;
use serde_json::{Value, json};

use crate::postgres::{self, Durability, Server};
use crate::process::exit_code;
use crate::rt;
use crate::workspace::Workspace;

const PACKAGE: &str = "pagebridge-bench";
const PROGRAM: &str = "pagebridge";

/// The command line of `cargo xtask bench`.
#[derive(Args)]
pub(crate) struct Options {
    /// One short round, with a tenth of the rows waiting; its figures are not to be quoted.
    #[arg(long)]
    quick: bool,
    /// Write the figures to a file, too.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Measure only these parts: `accepts`, `deliveries`, `waiting`, `following`.
    #[arg(long, value_name = "PART", value_delimiter = ',')]
    only: Vec<String>,
}

impl Options {
    fn measures(&self, part: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == part)
    }
}

/// Builds the program and what measures it, starts PostgreSQL, and measures.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let workspace = Workspace::load()?;
    let built = workspace
        .cargo()
        .args(["build", "--release", "--package", PACKAGE, "--package", PROGRAM])
        .status()
        .context("could not start cargo build")?;
    ensure!(built.success(), "the build failed");
    // As in production: a commit waits for the disk.
    let server = Server::start(Durability::Fsync)?;
    let mut command = std::process::Command::new(workspace.release_binary(PACKAGE));
    command.arg("run").arg("--program").arg(workspace.release_binary(PROGRAM));
    postgres::name_server(&mut command, Some(&server));
    let trackers = if options.measures("following") { trackers(&workspace, options.quick)? } else { Vec::new() };
    let told: Vec<_> = trackers.iter().map(|(tickets, server)| tell(*tickets, server)).collect();
    command.env("PAGEBRIDGE_BENCH_RT", Value::from(told).to_string());
    if options.quick {
        command.arg("--quick");
    }
    if let Some(path) = &options.json {
        command.arg("--json").arg(path);
    }
    if !options.only.is_empty() {
        command.arg("--only").arg(options.only.join(","));
    }
    let status = command.status().context("could not start the bench")?;
    Ok(exit_code(status))
}

/// Request Trackers with few and with many tickets.
fn trackers(workspace: &Workspace, quick: bool) -> Result<Vec<(u32, rt::Server)>> {
    let start = |tickets| Ok((tickets, rt::Server::start(workspace, tickets)?));
    [1_000, if quick { 10_000 } else { 100_000 }].into_iter().map(start).collect()
}

/// What the bench has to know of one.
fn tell(tickets: u32, server: &rt::Server) -> Value {
    let told = |name: &str| server.variables().iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    json!({"tickets": tickets, "url": told("RT_URL"), "token": told("RT_TOKEN"), "queue": told("RT_QUEUE")})
}
