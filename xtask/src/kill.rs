//! `cargo xtask kill`: kills the bridge at random moments under load, and looks for what was lost or done twice.
//!
//! One sandbox stays up. The bridge, the release binary on a real SQLite file, is started, killed with SIGKILL and
//! started again, while clients and people go on. A client repeats what got no 2xx, as Opsgenie and PagerDuty do; what
//! got one must have its effect in the end, once.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::Ordering;
use std::thread::{self, ScopedJoinHandle};

use anyhow::{Context, Result, anyhow, bail, ensure};
use clap::Args;
use serde_json::{Value, json};

use crate::http;
use crate::own;
use crate::process;
use crate::time::{self, Watch, pause};
use crate::workspace::Workspace;

mod check;
mod children;
mod clients;
mod people;
mod random;
mod story;

use check::Check;
use children::{Bridge, Sandbox};
use random::Random;
use story::World;

/// Shortest and longest life of a bridge after it said that it is ready, in milliseconds.
const LIFE_MS: (u64, u64) = (5, 400);
/// Alerts that come in the course of one round.
const ALERTS_PER_ROUND: usize = 4;
const CLIENTS: usize = 4;
/// How long everything may take to become quiet after the last round, in milliseconds.
const DRAIN_MS_MAX: u128 = 180_000;
/// More than the minute over which the sandbox counts calls: its limits are not what is tested here.
const CLOCK_STEP_MS: u64 = 61_000;

/// The command line of `cargo xtask kill`.
#[derive(Args)]
pub(crate) struct Options {
    /// How often the bridge is killed.
    #[arg(long, default_value_t = 500, overrides_with = "rounds")]
    rounds: usize,
    /// Decides the moments, the stories and the faults; a new one each time when left out.
    #[arg(long)]
    seed: Option<u64>,
    /// The program to use instead of building one.
    #[arg(long, value_name = "PATH")]
    binary: Option<PathBuf>,
    /// Keep the directory with the store and the logs also when all is well.
    #[arg(long)]
    keep: bool,
}

/// Runs the drill; the last line is `N passed, N failed`.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let binary = match &options.binary {
        Some(path) => fs::canonicalize(path).with_context(|| format!("there is no program {}", path.display()))?,
        None => build()?,
    };
    let seed = options.seed.unwrap_or_else(|| u64::from(std::process::id()) ^ time::seed());
    let dir = std::env::temp_dir().join(format!("pagebridge-kill-{}", std::process::id()));
    fs::create_dir(&dir).with_context(|| format!("could not make the directory {}", dir.display()))?;
    println!("seed {seed}, {} rounds, files in {}", options.rounds, dir.display());
    let checks = drill(&binary, &dir, seed, options.rounds)?;
    let failed: Vec<&Check> = checks.iter().filter(|check| check.problem.is_some()).collect();
    for check in &failed {
        println!("FAILED {}: {}", check.name, check.problem.as_deref().unwrap_or_default());
    }
    if failed.is_empty() && !options.keep {
        fs::remove_dir_all(&dir).context("could not remove the drill's directory")?;
    } else {
        println!("kept {}; again with: cargo xtask kill --rounds {} --seed {seed}", dir.display(), options.rounds);
    }
    println!("{} passed, {} failed", checks.len() - failed.len(), failed.len());
    Ok(if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn build() -> Result<PathBuf> {
    let workspace = Workspace::load()?;
    let mut command = workspace.cargo();
    command.args(["build", "--release", "--package", "pagebridge"]);
    ensure!(process::stream(&mut command, |_| {})?.success(), "the release binary does not build");
    Ok(workspace.release_binary("pagebridge"))
}

fn drill(binary: &Path, dir: &Path, seed: u64, rounds: usize) -> Result<Vec<Check>> {
    let port = own::free_port()?;
    let sandbox = Sandbox::start(binary, dir, seed)?;
    sandbox.subscribe(port)?;
    let config = sandbox.write_config(dir, port)?;
    let world = World::new(&sandbox, port, rounds * ALERTS_PER_ROUND, seed);
    let watch = Watch::start();
    let mut checks = Vec::new();
    thread::scope(|scope| -> Result<()> {
        // Whatever goes wrong here, the clients must hear of it, or they would wait for a bridge for ever.
        let _ending = Ending(&world);
        let clients: Vec<_> = (0..CLIENTS).map(|number| (number, &world)).collect();
        let clients: Vec<_> =
            clients.into_iter().map(|(number, world)| scope.spawn(move || clients::run(world, number))).collect();
        let people = scope.spawn(|| people::run(&world));
        let mut random = Random::new(seed);
        for round in 1..=rounds {
            world.released.store(round * ALERTS_PER_ROUND, Ordering::Relaxed);
            disturb(&sandbox, round, &mut random)?;
            checks.push(one_round(binary, dir, &config, round, &mut random));
            if round % 25 == 0 || round == rounds {
                println!("round {round}: {}, {} s", world.progress(), watch.ms() / 1_000);
            }
        }
        sandbox.control("DELETE", "/faults", &Value::Null)?;
        let bridge = Bridge::start(binary, dir, &config).context("the bridge does not start after the last round")?;
        wait(&sandbox, || clients.iter().all(ScopedJoinHandle::is_finished))?;
        for client in clients {
            client.join().map_err(|_| anyhow!("a client broke down"))??;
        }
        world.clients_ended.store(true, Ordering::Relaxed);
        wait(&sandbox, || people.is_finished())?;
        people.join().map_err(|_| anyhow!("the people broke down"))??;
        drain(&sandbox, port)?;
        println!("quiet after {} s: {}", watch.ms() / 1_000, world.progress());
        checks.extend(check::all(&world, &sandbox.state()?, port)?);
        bridge.kill();
        Ok(())
    })?;
    Ok(checks)
}

/// Lets the threads end when the drill does.
struct Ending<'w>(&'w World);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.given_up.store(true, Ordering::Relaxed);
    }
}

/// Starts the bridge, lets it live for a while, and kills it.
fn one_round(binary: &Path, dir: &Path, config: &Path, round: usize, random: &mut Random) -> Check {
    let name = format!("round {round}");
    let life_ms = random.between(LIFE_MS.0, LIFE_MS.1);
    let problem = match Bridge::start(binary, dir, config) {
        Err(error) => Some(format!("{error:#}")),
        Ok(bridge) => {
            pause(life_ms);
            bridge.kill().map(|status| format!("it ended by itself after at most {life_ms} ms: {status}"))
        }
    };
    Check { name, problem }
}

/// Moves the clock on, and at times makes a far side apply without an answer, or refuse.
fn disturb(sandbox: &Sandbox, round: usize, random: &mut Random) -> Result<()> {
    sandbox.control("POST", "/clock/advance", &json!({"ms": CLOCK_STEP_MS}))?;
    let fault = |system: &str, fault: &str, only: &str, count: u64| json!({"system": system, "fault": fault, "only": only, "count": count});
    let unanswered = *random.pick(&["apply_then_time_out", "apply_then_reset"]);
    let chosen = match round % 12 {
        2 => fault("pagerduty", unanswered, "POST /incidents", 2),
        4 => fault("pagerduty", unanswered, "POST /incidents/{id}/notes", 2),
        6 => fault("opsgenie", unanswered, "POST", 2),
        8 => fault("pagerduty", unanswered, "PUT /incidents", 1),
        10 => json!({"system": "pagerduty", "fault": "refuse", "status": 503, "count": 4}),
        _ => return Ok(()),
    };
    sandbox.control("POST", "/faults", &chosen)?;
    Ok(())
}

/// Waits for the clients, or the people, to come to their end. Retries of webhooks, and limits, go by the sandbox's clock.
fn wait(sandbox: &Sandbox, is_over: impl Fn() -> bool) -> Result<()> {
    let watch = Watch::start();
    while !is_over() {
        ensure!(watch.ms() <= DRAIN_MS_MAX, "the stories do not come to their end");
        sandbox.control("POST", "/clock/advance", &json!({"ms": CLOCK_STEP_MS}))?;
        pause(100);
    }
    Ok(())
}

/// Waits until nothing waits: no delivery, no webhook of the sandbox, no write that is not processed yet.
fn drain(sandbox: &Sandbox, port: u16) -> Result<()> {
    let watch = Watch::start();
    let mut quiet = 0;
    while quiet < 3 {
        let counts = http::get(port, "/api/v1/counts")?;
        let lanes = counts["lanes"].as_array().context("the counts have lanes")?;
        let waiting: u64 =
            lanes.iter().filter(|lane| lane["class"] != "poll").filter_map(|lane| lane["count"].as_u64()).sum();
        let state = sandbox.state()?;
        let webhooks = state["pagerduty"]["webhooks"]["waiting"].as_u64().unwrap_or(u64::MAX);
        let requests = state["opsgenie"]["requests_waiting"].as_u64().unwrap_or(u64::MAX);
        quiet = if waiting + webhooks + requests == 0 { quiet + 1 } else { 0 };
        if watch.ms() > DRAIN_MS_MAX {
            bail!("not quiet: {waiting} deliveries, {webhooks} webhooks and {requests} requests wait");
        }
        sandbox.control("POST", "/clock/advance", &json!({"ms": CLOCK_STEP_MS}))?;
        pause(300);
    }
    Ok(())
}
