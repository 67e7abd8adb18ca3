//! The whole run: rounds of all servers by turns, deliveries, and what much waiting costs.

use crate::child::{self, Server};
use crate::event::{INTEGRATION, Request};
use crate::load::Load;
use crate::log::Appended;
use crate::report::{Accepts, Deliveries, Report, Round, Waiting};
use crate::server::{Ended, INSIDE, Kind, POSTGRES, Ready};
use crate::spread::median;
use crate::tally::Delivered;
use crate::waiting::Drained;
use anyhow::{Context, Result, ensure};
use clap::Args;
use serde::Deserialize;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

/// Arrivals per second at which the way of a single event is measured.
const STEADY_RATE: f64 = 500.0;

/// The command line.
#[derive(Args)]
pub(crate) struct Options {
    /// One short round, with a tenth of the rows waiting.
    #[arg(long)]
    quick: bool,
    /// Where the JSON goes.
    #[arg(long)]
    json: Option<PathBuf>,
    /// The program itself, built with `--release`.
    #[arg(long)]
    program: PathBuf,
    /// Only these parts: `accepts`, `deliveries`, `waiting`, `following`.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
}

/// What all parts of a run share.
struct Bench {
    dir: PathBuf,
    quick: bool,
    program: PathBuf,
    /// How busy the machine was with other things.
    others: Vec<f64>,
    stores: u32,
}

pub(crate) async fn run(options: &Options) -> Result<ExitCode> {
    let dir = std::env::temp_dir().join(format!("pagebridge-bench-{}", std::process::id()));
    std::fs::create_dir(&dir).with_context(|| format!("could not make {}", dir.display()))?;
    let program = options.program.clone();
    let mut bench = Bench { dir: dir.clone(), quick: options.quick, program, others: Vec::new(), stores: 0 };
    let report = bench.measure(&options.only);
    // What is left is only in the way.
    let _ = std::fs::remove_dir_all(dir);
    let report = report?;
    println!("{}", report.table());
    if let Some(path) = &options.json {
        std::fs::write(path, serde_json::to_string_pretty(&report)? + "\n")
            .with_context(|| format!("could not write {}", path.display()))?;
    }
    Ok(ExitCode::SUCCESS)
}

impl Bench {
    fn measure(&mut self, only: &[String]) -> Result<Report> {
        let wanted = |part: &str| only.is_empty() || only.iter().any(|o| o == part);
        let mut report = Report {
            quick: self.quick,
            processors: std::thread::available_parallelism().map_or(1, usize::from),
            ..Report::default()
        };
        if wanted("accepts") {
            (report.accepts, report.append) = self.accepts()?;
        }
        if wanted("deliveries") {
            report.deliveries = vec![self.deliveries("sink")?, self.deliveries(INSIDE)?];
        }
        if wanted("waiting") {
            report.waiting = Some(self.waiting()?);
        }
        if wanted("following") {
            report.following = crate::following::measure(&self.program, &self.dir, self.quick)?;
        }
        report.others_max = self.others.iter().copied().fold(0.0, f64::max);
        report.others_median = median(self.others.iter().copied());
        Ok(report)
    }

    fn rounds(&self) -> u32 {
        if self.quick { 1 } else { 3 }
    }

    fn quiet(&mut self) {
        self.others.push(child::quiet(Duration::from_secs(if self.quick { 1 } else { 15 })));
    }

    /// A place for a store that nobody has used.
    fn store(&mut self, kind: Kind) -> String {
        self.stores += 1;
        match kind {
            Kind::Postgres => format!("bench_{}_{}", std::process::id(), self.stores),
            _ => self.dir.join(format!("store-{}", self.stores)).display().to_string(),
        }
    }

    fn accepts(&mut self) -> Result<(Vec<Accepts>, Option<Appended>)> {
        let mut kinds = vec![Kind::Echo, Kind::Understand, Kind::Log, Kind::Sqlite];
        if std::env::var_os(POSTGRES).is_some() {
            kinds.push(Kind::Postgres);
        }
        let mut rounds: Vec<Vec<Round>> = kinds.iter().map(|_| Vec::new()).collect();
        let mut batches = Vec::new();
        for round in 1..=self.rounds() {
            for (kind, rounds) in kinds.iter().zip(&mut rounds) {
                let (one, batch) = self.round(*kind)?;
                eprintln!(
                    "round {round}, {}: {:.0}/s, {:.1} us; {:?}",
                    kind.as_str(),
                    one.closed.per_second,
                    one.cpu_ms_per_event * 1000.0,
                    one.half.map(|(_, half)| half)
                );
                rounds.push(one);
                batches.extend(Some(batch).filter(|batch| *batch > 0.0));
            }
        }
        let accepts = kinds.iter().zip(&rounds).map(|(kind, one)| Accepts::of(kind.as_str(), one, &rounds[0]));
        let append = self.append(median(batches))?;
        Ok((accepts.collect(), Some(append)))
    }

    /// The disk alone, with batches as large as the log had them.
    fn append(&mut self, batch: f64) -> Result<Appended> {
        self.quiet();
        let path = self.dir.join("append").display().to_string();
        let batch = format!("{:.0}", batch.max(1.0));
        child::part(&["append", "--path", &path, "--batch", &batch])
    }

    /// One kind of server: as fast as it goes, and then, for stores, at half of that.
    fn round(&mut self, kind: Kind) -> Result<(Round, f64)> {
        let store = self.store(kind);
        let mut server = Server::start(&["server", "--kind", kind.as_str(), "--store", &store])?;
        let ready: Ready = server.line()?;
        let ms = if self.quick { 1_500 } else { 4_000 };
        self.quiet();
        let cpu = server.cpu_seconds();
        let closed = load(ready.listen, &["--ms", &ms.to_string()])?;
        let cpu_ms_per_event = (server.cpu_seconds() - cpu) * 1000.0 / closed.sent as f64;
        let half = match kind {
            Kind::Sqlite | Kind::Postgres => {
                self.quiet();
                let rate = closed.per_second / 2.0;
                let (from, ms) = (closed.sent.to_string(), ms.to_string());
                let rate_text = rate.to_string();
                let more = ["--ms", &ms, "--rate", &rate_text, "--from", &from, "--connections", "128"];
                Some((rate, load(ready.listen, &more)?.latency))
            }
            _ => None,
        };
        let ended: Ended = server.stop()?;
        child::remove(Path::new(&store));
        Ok((Round { closed, cpu_ms_per_event, half }, ended.batch))
    }

    /// What waits is delivered; then a steady stream, one by one.
    fn deliveries(&mut self, kind: &'static str) -> Result<Deliveries> {
        let count: u64 = if self.quick { 5_000 } else { 30_000 };
        let (mut all, mut wrong) = (Vec::new(), 0);
        for round in 1..=self.rounds() {
            let store = self.store(Kind::Sqlite);
            child::part::<()>(&["fill", "--path", &store, "--count", &count.to_string()])?;
            let mut sink = Server::start(&["sink"])?;
            let mut told: SocketAddr = sink.line()?;
            self.quiet();
            let to = if kind == INSIDE { INSIDE.to_owned() } else { format!("http://{told}") };
            let mut server = Server::start(&["server", "--kind", "sqlite", "--store", &store, "--sink", &to])?;
            let ready: Ready = server.line()?;
            told = ready.delivered.unwrap_or(told);
            let drained = delivered(told, count)?;
            let cpu_ms = server.cpu_seconds() * 1000.0 / count as f64;
            ask(told, "DELETE")?;
            self.quiet();
            let ms = if self.quick { "1500" } else { "4000" };
            let rate = STEADY_RATE.to_string();
            let sent = load(ready.listen, &["--ms", ms, "--rate", &rate, "--from", &count.to_string()])?.sent;
            let steady = delivered(told, sent)?;
            wrong += drained.count.abs_diff(count) + drained.twice + steady.count.abs_diff(sent) + steady.twice;
            eprintln!(
                "round {round}, deliveries ({kind}): {:.0}/s, {cpu_ms:.3} ms; {:?}",
                drained.per_second, steady.latency
            );
            all.push((drained, cpu_ms, steady));
            server.stop::<Ended>()?;
            child::remove(Path::new(&store));
        }
        Ok(Deliveries::of(kind, &all, STEADY_RATE, wrong))
    }

    fn waiting(&mut self) -> Result<Waiting> {
        let count: u64 = if self.quick { 100_000 } else { 1_000_000 };
        let (idle_start_ms, idle_mb) = self.program(&self.dir.join("idle"), 0)?;
        let many = self.dir.join("many");
        let (path, number) = (many.display().to_string(), count.to_string());
        child::part::<()>(&["fill", "--path", &path, "--count", &number])?;
        eprintln!("{number} are waiting");
        self.quiet();
        let starts: Vec<(f64, f64)> = (0..self.rounds())
            .map(|round| self.program(&many, count + u64::from(round) * 10_000))
            .collect::<Result<_>>()?;
        let few = self.dir.join("few").display().to_string();
        let slices = if self.quick { "5" } else { "21" };
        self.quiet();
        let drained: Drained = child::part(&["drain", "--many", &path, "--few", &few, "--slices", slices])?;
        child::remove(&many);
        Ok(Waiting {
            count,
            many_per_second: drained.many_per_second,
            few_per_second: drained.few_per_second,
            idle_mb,
            waiting_mb: median(starts.iter().map(|(_, mb)| *mb)),
            idle_start_ms,
            waiting_start_ms: median(starts.iter().map(|(ms, _)| *ms)),
        })
    }

    /// Starts the program itself on a store, with far sides that are away. Returns the time until it has accepted an
    /// event, and its memory: right then when nothing has happened yet, or at its peak after some more events.
    fn program(&self, store: &Path, from: u64) -> Result<(f64, f64)> {
        /// The line of `serve --json`.
        #[derive(Deserialize)]
        struct Listening {
            listen: String,
        }
        let away = "http://127.0.0.1:9";
        let mut command = Command::new(&self.program);
        command.args(["serve", "--json"]).current_dir(&self.dir).stderr(Stdio::null());
        for (name, value) in [
            ("PAGERDUTY_API_KEY", "token"),
            ("PAGERDUTY_SERVICE_ID", "PSERVICE"),
            ("PAGERDUTY_EMAIL", "bridge@example.test"),
            ("PAGERDUTY_API_URL", away),
            ("OPSGENIE_API_KEY", "key"),
            ("OPSGENIE_API_URL", away),
            ("OPSGENIE_INTEGRATION_ID", INTEGRATION),
            ("PAGEBRIDGE_LISTEN", "127.0.0.1:0"),
        ] {
            command.env(name, value);
        }
        command.env("PAGEBRIDGE_STORE", format!("sqlite:{}", store.display()));
        let start = Instant::now();
        let mut server = Server::spawn(&mut command)?;
        let ready: Listening = server.line().context("the program did not start")?;
        let address: SocketAddr = ready.listen.trim_start_matches("http://").parse()?;
        if from == 0 {
            std::thread::sleep(Duration::from_secs(2));
            let idle_mb = server.memory_mb("VmRSS:");
            let again = Instant::now();
            accept_one(address, from)?;
            let started = (start.elapsed() - Duration::from_secs(2)).min(start.elapsed() - again.elapsed());
            return Ok((started.as_secs_f64() * 1000.0, idle_mb));
        }
        accept_one(address, from)?;
        let start_ms = start.elapsed().as_secs_f64() * 1000.0;
        load(address, &["--ms", "2000", "--rate", "1000", "--from", &(from + 1).to_string()])?;
        Ok((start_ms, server.memory_mb("VmHWM:")))
    }
}

/// Sends webhooks; anything but success is the end of the run.
fn load(to: SocketAddr, more: &[&str]) -> Result<Load> {
    let address = to.to_string();
    let arguments: Vec<&str> = ["load", "--address", &address].into_iter().chain(more.iter().copied()).collect();
    let load: Load = child::part(&arguments)?;
    let fine = load.statuses.keys().all(|status| *status == 202);
    ensure!(fine && !load.statuses.is_empty(), "not every event was accepted: {:?}", load.statuses);
    Ok(load)
}

fn accept_one(address: SocketAddr, n: u64) -> Result<()> {
    let mut stream = TcpStream::connect(address)?;
    stream.write_all(Request::new(&address.to_string()).bytes(n, 0))?;
    let mut answer = [0; 64];
    let count = stream.read(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer[..count]);
    ensure!(answer.starts_with("HTTP/1.1 202"), "the first event was answered {answer}");
    Ok(())
}

/// Waits until so many have arrived, as long as any do.
fn delivered(told: SocketAddr, count: u64) -> Result<Delivered> {
    const PATIENCE: Duration = Duration::from_secs(15);
    let (mut last, mut moved) = (0, Instant::now());
    loop {
        let now: Delivered = serde_json::from_str(&ask(told, "GET")?)?;
        if now.count != last {
            (last, moved) = (now.count, Instant::now());
        }
        if now.count >= count || moved.elapsed() > PATIENCE {
            return Ok(now);
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn ask(told: SocketAddr, method: &str) -> Result<String> {
    let mut stream = TcpStream::connect(told)?;
    write!(stream, "{method} /told HTTP/1.1\r\nHost: sink\r\n\r\n")?;
    stream.shutdown(std::net::Shutdown::Write)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer.split_once("\r\n\r\n").context("the sink does not answer")?.1.to_owned())
}
