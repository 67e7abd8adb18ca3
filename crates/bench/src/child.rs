//! The other parts, as processes.

use anyhow::{Context, Result, bail, ensure};
use serde::de::DeserializeOwned;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

/// Clock ticks per second in `/proc/PID/stat`; the same on every Linux.
const TICKS: f64 = 100.0;
/// How busy the machine may be with other things when a measurement begins.
const BUSY_MAX: f64 = 0.15;

/// Runs a part of this program to its end and reads what it says.
pub(crate) fn part<T: DeserializeOwned>(arguments: &[&str]) -> Result<T> {
    let output = own(arguments)?.stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
    ensure!(output.status.success(), "`{}` failed", arguments.join(" "));
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().last().unwrap_or("null");
    serde_json::from_str(line).with_context(|| format!("`{}` said {line}", arguments.join(" ")))
}

fn own(arguments: &[&str]) -> Result<Command> {
    let mut command = Command::new(std::env::current_exe().context("this program has no file")?);
    command.args(arguments);
    Ok(command)
}

/// A process that runs until it is told to stop, and no longer than this one.
pub(crate) struct Server {
    child: Child,
    /// Closing it ends the process.
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
}

impl Server {
    /// Starts a part of this program.
    pub(crate) fn start(arguments: &[&str]) -> Result<Self> {
        Self::spawn(own(arguments)?.stderr(Stdio::inherit()))
    }

    /// Starts any command.
    pub(crate) fn spawn(command: &mut Command) -> Result<Self> {
        let what = command.get_program().to_string_lossy().into_owned();
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("could not start {what}"))?;
        let stdin = child.stdin.take();
        let stdout = BufReader::new(child.stdout.take().context("it has no output")?);
        Ok(Self { child, stdin, stdout })
    }

    /// Reads the next line.
    pub(crate) fn line<T: DeserializeOwned>(&mut self) -> Result<T> {
        let mut line = String::new();
        if self.stdout.read_line(&mut line)? == 0 {
            bail!("it ended without a word");
        }
        serde_json::from_str(&line).with_context(|| format!("it said {line}"))
    }

    /// Stops a part and reads its last line.
    pub(crate) fn stop<T: DeserializeOwned>(mut self) -> Result<T> {
        drop(self.stdin.take());
        let last = self.line()?;
        self.child.wait()?;
        Ok(last)
    }

    /// Processor time so far, user and system, in seconds.
    pub(crate) fn cpu_seconds(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap_or_default();
        // The name before the last parenthesis may hold anything.
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks = |place: usize| fields.get(place).and_then(|f| f.parse::<f64>().ok()).unwrap_or(0.0);
        (ticks(11) + ticks(12)) / TICKS
    }

    /// A figure of `/proc/PID/status` in MB, such as `VmRSS` or `VmHWM`.
    pub(crate) fn memory_mb(&self, name: &str) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = status.lines().find(|line| line.starts_with(name)).unwrap_or_default();
        let kib = line.split_whitespace().nth(1).and_then(|n| n.parse::<f64>().ok()).unwrap_or(0.0);
        kib * 1024.0 / 1e6
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stdin.take());
        // What has ended already needs no end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until standard input ends: whoever started this part says so, or has ended without a word.
pub(crate) async fn until_told() -> Result<()> {
    tokio::task::spawn_blocking(|| std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink())).await??;
    Ok(())
}

/// Waits until the machine has little else to do, but no longer than this; returns how busy it is.
pub(crate) fn quiet(most: Duration) -> f64 {
    let start = Instant::now();
    loop {
        let (before, busy_before) = machine();
        std::thread::sleep(Duration::from_millis(250));
        let (after, busy_after) = machine();
        let busy = (busy_after - busy_before) / (after - before).max(1.0);
        if busy < BUSY_MAX || start.elapsed() > most {
            return busy;
        }
    }
}

/// Ticks of all processors so far: all of them, and the busy ones.
fn machine() -> (f64, f64) {
    let stat = std::fs::read_to_string("/proc/stat").unwrap_or_default();
    let line = stat.lines().next().unwrap_or_default();
    let ticks: Vec<f64> = line.split_whitespace().skip(1).take(8).map(|t| t.parse().unwrap_or(0.0)).collect();
    let all: f64 = ticks.iter().sum();
    // Idle, and waiting for a disk.
    let idle: f64 = ticks.iter().skip(3).take(2).sum();
    (all, all - idle)
}

/// Removes a database with all that belongs to it.
pub(crate) fn remove(path: &Path) {
    for end in ["", "-wal", "-shm", ".lock"] {
        // Not all of them exist.
        let _ = std::fs::remove_file(format!("{}{end}", path.display()));
    }
}
