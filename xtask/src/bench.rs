//! `cargo xtask bench`.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

/// The command line of `cargo xtask bench`.
#[derive(Args)]
pub(crate) struct Options {}

/// Runs the bench.
pub(crate) fn run(_options: &Options) -> Result<ExitCode> {
    anyhow::bail!("there is no bench yet")
}
