//! `cargo xtask bench`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use clap::Args;

use crate::postgres::{self, Durability, Server};
use crate::process::exit_code;
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
    /// Measure only these parts: `accepts`, `deliveries`, `waiting`.
    #[arg(long, value_name = "PART", value_delimiter = ',')]
    only: Vec<String>,
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
