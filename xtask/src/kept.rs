//! Programs that cannot outlive this one, nor can whatever they start.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// Runs a program, and kills everything in its process group once the pipe from its parent closes. The parent needs no
/// signal handler: whatever ends it, even SIGKILL, closes the pipe.
const KEEPER: &str = r#"
exec 3<&0
(cat <&3; kill -9 0) >/dev/null 2>&1 &
exec 3<&-
"$@" </dev/null
"#;

/// A running program; dropping it ends the program and all that it started.
pub(crate) struct Kept(Child);

impl Kept {
    /// Starts a program whose standard error goes to a file.
    fn spawn(command: &Command, errors: &Path) -> Result<Self> {
        let what = command.get_program().to_string_lossy().into_owned();
        let errors = File::create(errors).with_context(|| format!("could not make the log {}", errors.display()))?;
        let mut keeper = Command::new("sh");
        keeper.args(["-c", KEEPER, "keeper"]).arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => keeper.env(name, value),
                None => keeper.env_remove(name),
            };
        }
        if let Some(dir) = command.get_current_dir() {
            keeper.current_dir(dir);
        }
        let child = keeper
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(errors)
            // A group of its own, so that ending it ends nothing else, and an interrupt from the terminal is left to us.
            .process_group(0)
            .spawn()
            .with_context(|| format!("could not start {what}"))?;
        Ok(Self(child))
    }

    /// Starts a program that prints one line of JSON when it is ready; returns it with that line.
    pub(crate) fn ready(command: &Command, log: &Path) -> Result<(Self, Value)> {
        let mut kept = Self::spawn(command, log)?;
        let stdout = kept.0.stdout.take().expect("standard output was asked to be a pipe");
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).context("could not read the line of readiness")?;
        match serde_json::from_str(&line) {
            Ok(ready) => Ok((kept, ready)),
            Err(_) => bail!("it did not get ready: {}", last_line(log)),
        }
    }

    /// Runs a program to its end, or to that of its time, and shows each line that it prints to `on_line`.
    pub(crate) fn run(
        command: &Command,
        log: &Path,
        limit: Duration,
        mut on_line: impl FnMut(&str),
    ) -> Result<ExitStatus> {
        let mut kept = Self::spawn(command, log)?;
        let stdin = kept.0.stdin.take().expect("standard input was asked to be a pipe");
        let stdout = kept.0.stdout.take().expect("standard output was asked to be a pipe");
        let (ended, watch) = mpsc::channel::<()>();
        let watchdog = thread::spawn(move || watch_over(stdin, &watch, limit));
        for line in BufReader::new(stdout).split(b'\n') {
            on_line(String::from_utf8_lossy(&line.context("could not read what the program prints")?).trim_end());
        }
        let status = kept.0.wait().context("could not wait for the program")?;
        drop(ended);
        match watchdog.join() {
            Ok(InTime::Yes) => Ok(status),
            _ => bail!("it was ended after {} s", limit.as_secs()),
        }
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

/// Whether a program ended by itself.
enum InTime {
    Yes,
    No,
}

/// Holds the pipe of a program until the program has ended, but no longer than `limit`.
fn watch_over(stdin: ChildStdin, ended: &mpsc::Receiver<()>, limit: Duration) -> InTime {
    let in_time = match ended.recv_timeout(limit) {
        Err(mpsc::RecvTimeoutError::Timeout) => InTime::No,
        _ => InTime::Yes,
    };
    drop(stdin);
    in_time
}

/// Returns the last line of a log, for a message.
pub(crate) fn last_line(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it said nothing").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(name: &str) -> std::path::PathBuf {
        std::env::temp_dir().join(format!("pagebridge-kept-{name}-{}", std::process::id()))
    }

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_program_is_read_to_its_end() {
        let log = log("end");
        let mut lines = Vec::new();
        let status = Kept::run(&shell("echo one; echo two; exit 3"), &log, Duration::from_secs(20), |line| {
            lines.push(line.to_owned());
        });
        assert_eq!(lines, ["one", "two"]);
        assert_eq!(status.expect("it ends").code(), Some(3));
        std::fs::remove_file(log).expect("it was made");
    }

    #[test]
    fn a_program_that_hangs_is_ended_with_all_that_it_started() {
        let log = log("hangs");
        let error = Kept::run(&shell("sleep 1000 & sleep 1000"), &log, Duration::from_millis(200), |_| {})
            .expect_err("nobody waits that long");
        assert_eq!(error.to_string(), "it was ended after 0 s");
        std::fs::remove_file(log).expect("it was made");
    }

    #[test]
    fn a_dropped_program_is_gone() {
        let log = log("dropped");
        let (kept, ready) = Kept::ready(&shell("sleep 1000 & echo $!; wait"), &log).expect("it gets ready");
        drop(kept);
        // Killed, but what was killed goes when it is its turn to run.
        let state = || std::fs::read_to_string(format!("/proc/{ready}/stat")).unwrap_or_default();
        let gone = (0..1_000).any(|_| {
            crate::time::pause(10);
            let state = state();
            state.is_empty() || state.contains(") Z ")
        });
        assert!(gone, "{}", state());
        std::fs::remove_file(log).expect("it was made");
    }

    #[test]
    fn what_a_program_said_last_is_told() {
        let log = log("said");
        let error = Kept::ready(&shell("echo no such file >&2"), &log).err().expect("it is not ready");
        assert_eq!(error.to_string(), "it did not get ready: no such file");
        std::fs::remove_file(log).expect("it was made");
    }
}
