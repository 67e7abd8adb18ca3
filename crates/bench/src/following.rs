//! What it costs to follow far sides that hold little and much, while nothing changes there.

use crate::child::Server;
use crate::counter::{Counter, Through};
use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Names the Request Trackers to follow: a JSON array of [`Tracker`]. A token is in it, so it is in no command line.
const TRACKERS: &str = "PAGEBRIDGE_BENCH_RT";
/// So many objects NetBox holds.
const OBJECTS: [u64; 2] = [1_000, 100_000];
const OBJECTS_QUICK: [u64; 2] = [1_000, 10_000];
/// Of the slowest interval of both followers, with which whole minutes are measured.
const INTERVAL: Duration = Duration::from_secs(60);

/// A running Request Tracker.
#[derive(Debug, Deserialize)]
struct Tracker {
    tickets: u64,
    url: String,
    token: String,
    queue: String,
}

/// What following one far side costs.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Followed {
    pub(crate) system: &'static str,
    /// How much it holds.
    pub(crate) objects: u64,
    pub(crate) calls_per_minute: f64,
    /// How long the far side works for us, in seconds.
    pub(crate) answering_s_per_minute: f64,
    pub(crate) kb_per_minute: f64,
    /// Of the program.
    pub(crate) cpu_ms_per_minute: f64,
    pub(crate) memory_mb: f64,
}

/// The program, following one far side.
struct Follower {
    system: &'static str,
    objects: u64,
    counter: Counter,
    program: Server,
    /// PagerDuty, and perhaps NetBox.
    _sandbox: Server,
}

/// What was seen at one moment.
struct Seen {
    at: Instant,
    through: Through,
    cpu_s: f64,
}

/// Follows all of them at once, and counts for whole minutes.
pub(crate) fn measure(program: &Path, dir: &Path, quick: bool) -> Result<Vec<Followed>> {
    let mut followers = Vec::new();
    for objects in if quick { OBJECTS_QUICK } else { OBJECTS } {
        followers.push(follow_netbox(program, dir, objects)?);
    }
    for tracker in trackers()? {
        followers.push(follow_rt(program, dir, &tracker)?);
    }
    // What is there is looked through once, which is not what following costs from then on.
    std::thread::sleep(INTERVAL + INTERVAL / 4);
    let before: Vec<Seen> = followers.iter().map(Follower::see).collect();
    std::thread::sleep(if quick { INTERVAL } else { INTERVAL * 3 });
    followers.iter().zip(&before).map(|(follower, before)| follower.since(before)).collect()
}

fn trackers() -> Result<Vec<Tracker>> {
    match std::env::var(TRACKERS) {
        Ok(told) => serde_json::from_str(&told).with_context(|| format!("{TRACKERS} is not understood")),
        Err(_) => Ok(Vec::new()),
    }
}

fn follow_netbox(program: &Path, dir: &Path, objects: u64) -> Result<Follower> {
    let (sandbox, ready) = start_sandbox(program, objects)?;
    let counter = Counter::start(address(text(&ready, "/netbox/url")?)?)?;
    let config = format!(
        "[systems.netbox]\nkind = \"netbox\"\napi_url = \"http://{}\"\ntoken = \"{}\"\nsend_backlog = false\n\
         [systems.alerts]\nkind = \"pagerduty-events\"\napi_url = \"{pagerduty}\"\nrouting_key = \"{}\"\n\
         {}[[bridges]]\npreset = \"netbox\"\nnetbox = \"netbox\"\nevents = \"alerts\"\nconfirm = \"pagerduty\"\n",
        counter.address,
        text(&ready, "/netbox/token")?,
        text(&ready, "/pagerduty/routing_key")?,
        account(&ready)?,
        pagerduty = text(&ready, "/pagerduty/url")?,
    );
    let program = start_program(program, &dir.join(format!("netbox-{objects}")), &config)?;
    Ok(Follower { system: "NetBox", objects, counter, program, _sandbox: sandbox })
}

fn follow_rt(program: &Path, dir: &Path, tracker: &Tracker) -> Result<Follower> {
    let (sandbox, ready) = start_sandbox(program, 0)?;
    let (_, path) = host_and_path(&tracker.url)?;
    let counter = Counter::start(address(&tracker.url)?)?;
    let service = text(&ready, "/pagerduty/service_id")?;
    let config = format!(
        "[systems.rt]\nkind = \"rt\"\napi_url = \"http://{}{path}\"\ntoken = \"{}\"\nrtname = \"bench\"\n\
         [systems.rt.queues.watched]\nname = \"{queue}\"\nservice = \"{service}\"\n\
         [systems.rt.services.watched]\nid = \"{service}\"\ncreate_queue = \"{queue}\"\n\
         {}[[bridges]]\npreset = \"rt-extension\"\nrt = \"rt\"\npagerduty = \"pagerduty\"\n",
        counter.address,
        tracker.token,
        account(&ready)?,
        queue = tracker.queue,
    );
    let program = start_program(program, &dir.join(format!("rt-{}", tracker.tickets)), &config)?;
    Ok(Follower { system: "Request Tracker", objects: tracker.tickets, counter, program, _sandbox: sandbox })
}

fn start_sandbox(program: &Path, objects: u64) -> Result<(Server, Value)> {
    let mut command = Command::new(program);
    command.args(["sandbox", "--json", "--netbox-objects", &objects.to_string()]).stderr(Stdio::null());
    let mut sandbox = Server::spawn(&mut command)?;
    let ready = sandbox.line().context("the sandbox did not start")?;
    Ok((sandbox, ready))
}

/// The section of the account at PagerDuty.
fn account(ready: &Value) -> Result<String> {
    Ok(format!(
        "[systems.pagerduty]\nkind = \"pagerduty\"\napi_url = \"{}\"\napi_token = \"{}\"\nfrom = \"{}\"\n\
         service_id = \"{}\"\nwebhook_secrets = \"{}\"\n",
        text(ready, "/pagerduty/url")?,
        text(ready, "/pagerduty/user_token")?,
        text(ready, "/pagerduty/from")?,
        text(ready, "/pagerduty/service_id")?,
        text(ready, "/pagerduty/webhook_secret")?,
    ))
}

/// Starts the program in a directory of its own, and waits until it listens.
fn start_program(program: &Path, dir: &PathBuf, config: &str) -> Result<Server> {
    std::fs::create_dir(dir).with_context(|| format!("could not make {}", dir.display()))?;
    std::fs::write(dir.join("pagebridge.toml"), config)?;
    let mut command = Command::new(program);
    command.args(["serve", "--json"]).current_dir(dir).stderr(std::fs::File::create(dir.join("log"))?);
    command.env("PAGEBRIDGE_LISTEN", "127.0.0.1:0").env("PAGEBRIDGE_STORE", "sqlite:store.db");
    let mut server = Server::spawn(&mut command)?;
    let listening = server.line::<Value>();
    let log = || std::fs::read_to_string(dir.join("log")).unwrap_or_default();
    listening.with_context(|| format!("the program did not start; it said: {}", log()))?;
    Ok(server)
}

fn text<'a>(ready: &'a Value, place: &str) -> Result<&'a str> {
    ready.pointer(place).and_then(Value::as_str).with_context(|| format!("the sandbox told no {place}"))
}

fn address(url: &str) -> Result<SocketAddr> {
    host_and_path(url)?.0.parse().with_context(|| format!("{url} is not at an address of this machine"))
}

fn host_and_path(url: &str) -> Result<(&str, &str)> {
    let rest = url.strip_prefix("http://").with_context(|| format!("{url} is not plain HTTP"))?;
    Ok(rest.split_at(rest.find('/').unwrap_or(rest.len())))
}

impl Follower {
    fn see(&self) -> Seen {
        Seen { at: Instant::now(), through: self.counter.so_far(), cpu_s: self.program.cpu_seconds() }
    }

    fn since(&self, before: &Seen) -> Result<Followed> {
        let now = self.see();
        let minutes = (now.at - before.at).as_secs_f64() / 60.0;
        let calls = now.through.calls - before.through.calls;
        ensure!(calls > 0, "{} with {} objects is not followed", self.system, self.objects);
        let followed = Followed {
            system: self.system,
            objects: self.objects,
            calls_per_minute: calls as f64 / minutes,
            answering_s_per_minute: (now.through.answering - before.through.answering).as_secs_f64() / minutes,
            kb_per_minute: (now.through.bytes - before.through.bytes) as f64 / 1e3 / minutes,
            cpu_ms_per_minute: (now.cpu_s - before.cpu_s) * 1e3 / minutes,
            memory_mb: self.program.memory_mb("VmRSS:"),
        };
        eprintln!("following: {followed:?}");
        Ok(followed)
    }
}
