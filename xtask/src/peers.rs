//! `cargo xtask peers`: real clients of PagerDuty and of the bridge's own protocols, unmodified, against the sandbox and the bridge.
//!
//! Each client has a sandbox of its own, so that none meets the traces or the rate limits of another. A client's program
//! (`peers/`) prints its checks, and what must be found at the far side in the end; that is looked up here, at the sandbox.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use clap::{Args, ValueEnum};

use crate::kept::{self, Kept};
use crate::process;
use crate::workspace::Workspace;

mod arrival;
mod clients;
mod tools;
mod world;

use arrival::Expected;
use clients::{CLIENTS, Client};
use tools::Tools;
use world::World;

/// How long one client may take, its checks at the far side excluded.
const CLIENT_LIMIT: Duration = Duration::from_secs(120);

/// The command line of `cargo xtask peers`.
#[derive(Args)]
pub(crate) struct Options {
    /// Run only these clients (comma-separated or repeated).
    #[arg(long, value_name = "CLIENT", value_delimiter = ',')]
    only: Vec<String>,
    /// Send only to one of the two.
    #[arg(long, value_enum)]
    against: Option<Against>,
    /// The program `pagebridge` to use instead of building one.
    #[arg(long, value_name = "PATH")]
    binary: Option<PathBuf>,
    /// Keep the directory with the logs also when all is well.
    #[arg(long)]
    keep: bool,
}

/// What the clients send to.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Against {
    /// The look-alike of PagerDuty: REST and events.
    Sandbox,
    /// The bridge, which takes events and passes them on to the look-alike.
    Bridge,
}

impl Against {
    const ALL: [Self; 2] = [Self::Sandbox, Self::Bridge];

    fn name(self) -> &'static str {
        match self {
            Self::Sandbox => "sandbox",
            Self::Bridge => "bridge",
        }
    }
}

/// Runs the clients; the last line is `N passed, N failed`.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let selected = select(&options.only)?;
    let workspace = Workspace::load()?;
    let binary = match &options.binary {
        Some(path) => fs::canonicalize(path).with_context(|| format!("there is no program {}", path.display()))?,
        None => build(&workspace)?,
    };
    let tools = Tools::install(&workspace, &selected)?;
    let dir = std::env::temp_dir().join(format!("pagebridge-peers-{}", std::process::id()));
    let mut sum = Sum::default();
    for against in Against::ALL.into_iter().filter(|one| options.against.is_none_or(|wanted| wanted == *one)) {
        for client in selected.iter().filter(|client| client.against.contains(&against)) {
            let place = dir.join(format!("{}-{}", client.name, against.name()));
            fs::create_dir_all(&place).with_context(|| format!("could not make {}", place.display()))?;
            let mut report = Report::new(&mut sum, format!("{} > {}", client.name, against.name()));
            if let Err(error) = one(client, against, &binary, &tools, &place, &mut report) {
                report.failed("the client runs", &format!("{error:#}"));
            }
        }
    }
    if sum.failed == 0 && !options.keep {
        fs::remove_dir_all(&dir).context("could not remove the directory with the logs")?;
    } else {
        println!("logs are in {}", dir.display());
    }
    println!("{} passed, {} failed", sum.passed, sum.failed);
    Ok(if sum.failed == 0 && sum.passed > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn select(only: &[String]) -> Result<Vec<&'static Client>> {
    for name in only {
        if !CLIENTS.iter().any(|client| client.name == *name) {
            let known: Vec<_> = CLIENTS.iter().map(|client| client.name).collect();
            bail!("there is no client {name:?}; there are: {}", known.join(", "));
        }
    }
    Ok(CLIENTS.iter().filter(|client| only.is_empty() || only.iter().any(|name| *name == client.name)).collect())
}

fn build(workspace: &Workspace) -> Result<PathBuf> {
    let mut command = workspace.cargo();
    command.args(["build", "--release", "--package", "pagebridge"]);
    ensure!(process::stream(&mut command, |_| {})?.success(), "the release binary does not build");
    Ok(workspace.release_binary("pagebridge"))
}

/// Runs one client in a world of its own, then looks for what it has sent.
fn one(
    client: &Client,
    against: Against,
    binary: &std::path::Path,
    tools: &Tools,
    dir: &std::path::Path,
    report: &mut Report,
) -> Result<()> {
    let world = World::start(binary, tools, against, client.example, dir)?;
    let mut command = tools.command(client);
    world.describe(&mut command, against, dir);
    let log = dir.join("client.log");
    let mut told = None;
    let mut expected = Vec::new();
    let status = Kept::run(&command, &log, CLIENT_LIMIT, |line| match Said::read(line) {
        Said::Passed(name) => report.passed(name),
        Said::Failed(name, why) => report.failed(name, why),
        Said::Sent(text) => expected.push(Expected::read(text)),
        Said::Sum => told = Some(line.to_owned()),
        Said::Other => println!("{}: {line}", report.who),
    })?;
    // A program that breaks down half-way must not look like one that had less to do.
    let counted = format!("{} passed, {} failed", report.own.passed, report.own.failed);
    ensure!(
        told.as_deref() == Some(&counted),
        "it ended ({status}) without the line `{counted}`: {}",
        kept::last_line(&log)
    );
    let expected: Vec<Expected> = expected.into_iter().collect::<Result<_>>()?;
    for arrived in arrival::wait(&world, against, &expected)? {
        report.take(&arrived);
    }
    Ok(())
}

/// A line that a client's program prints.
enum Said<'a> {
    Passed(&'a str),
    Failed(&'a str, &'a str),
    Sent(&'a str),
    Sum,
    Other,
}

impl<'a> Said<'a> {
    fn read(line: &'a str) -> Self {
        if let Some(name) = line.strip_prefix("ok ") {
            Self::Passed(name)
        } else if let Some(rest) = line.strip_prefix("FAILED ") {
            let (name, why) = rest.split_once(": ").unwrap_or((rest, ""));
            Self::Failed(name, why)
        } else if let Some(text) = line.strip_prefix("sent ") {
            Self::Sent(text)
        } else if line.ends_with(" failed") && line.contains(" passed, ") {
            Self::Sum
        } else {
            Self::Other
        }
    }
}

/// Checks counted so far.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    passed: u64,
    failed: u64,
}

/// The checks of one client, printed as they come.
struct Report<'a> {
    all: &'a mut Sum,
    own: Sum,
    who: String,
}

impl<'a> Report<'a> {
    fn new(all: &'a mut Sum, who: String) -> Self {
        Self { all, own: Sum::default(), who }
    }

    fn passed(&mut self, name: &str) {
        self.all.passed += 1;
        self.own.passed += 1;
        println!("{}: ok {name}", self.who);
    }

    fn failed(&mut self, name: &str, why: &str) {
        self.all.failed += 1;
        self.own.failed += 1;
        println!("{}: FAILED {name}: {why}", self.who);
    }

    fn take(&mut self, arrived: &arrival::Arrival) {
        match &arrived.problem {
            None => self.passed(&arrived.name),
            Some(why) => self.failed(&arrived.name, why),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_client_lists_the_known_ones() {
        let error = select(&["curl".to_owned()]).err().expect("there is no such client").to_string();
        assert!(error.starts_with("there is no client \"curl\"; there are: pagerduty, "), "{error}");
        assert_eq!(select(&["pypd".to_owned()]).expect("it is known").len(), 1);
    }

    #[test]
    fn a_failure_is_split_at_its_first_colon() {
        assert!(matches!(Said::read("FAILED 1. trigger: a: b"), Said::Failed("1. trigger", "a: b")));
        assert!(matches!(Said::read("ok 1. v1: trigger"), Said::Passed("1. v1: trigger")));
        assert!(matches!(Said::read("12 passed, 0 failed"), Said::Sum));
        assert!(matches!(Said::read("warning: something"), Said::Other));
    }
}
