//! The program in a directory of its own, without anything of the caller's environment.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

/// Longer than anything here takes; only a fault makes a test wait for it.
const PATIENCE: Duration = Duration::from_secs(60);

/// A directory that goes when the test ends.
pub(crate) struct World {
    pub(crate) dir: PathBuf,
    /// What the program finds in its environment.
    pub(crate) env: Vec<(String, String)>,
}

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ended {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

impl World {
    pub(crate) fn new(name: &str) -> Self {
        let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("cli-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(&dir).expect("a directory");
        Self { dir, env: Vec::new() }
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.dir.join(name), text).expect("a file");
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pagebridge"));
        command.args(args).current_dir(&self.dir).env_clear().envs(self.env.iter().cloned());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command
    }

    /// Runs a command to its end.
    pub(crate) async fn run(&self, args: &[&str]) -> Ended {
        let output = timeout(PATIENCE, self.command(args).output()).await.expect("it ends").expect("it starts");
        let Output { status, stdout, stderr } = output;
        let text = |bytes| String::from_utf8(bytes).expect("text");
        Ended { code: status.code(), out: text(stdout), err: text(stderr) }
    }

    /// Starts a command that stays up, and waits for its one line.
    pub(crate) async fn start(&self, args: &[&str]) -> Running {
        let mut child = self.command(args).spawn().expect("it starts");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let line = timeout(PATIENCE, lines.next_line()).await.expect("it gets ready").expect("text");
        let Some(line) = line else {
            let mut err = String::new();
            let _ = child.stderr.take().expect("piped").read_to_string(&mut err).await;
            panic!("{args:?} ended: {err}");
        };
        Running { ready: serde_json::from_str(&line).expect("one JSON object"), child, lines }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

/// A command that stays up.
pub(crate) struct Running {
    pub(crate) ready: Value,
    child: Child,
    lines: tokio::io::Lines<BufReader<tokio::process::ChildStdout>>,
}

impl Running {
    /// Asks it to end; tells how it did, with everything it wrote after the first line.
    pub(crate) async fn terminate(mut self) -> Ended {
        self.signal().await;
        self.ended().await
    }

    /// Asks it to end again and again, as an impatient person does.
    pub(crate) async fn insist(mut self) -> Ended {
        until("the end", async || {
            self.signal().await;
            self.child.try_wait().expect("it ran")
        })
        .await;
        self.ended().await
    }

    async fn signal(&self) {
        let Some(pid) = self.child.id() else { return };
        // It may have ended meanwhile.
        let _ = Command::new("kill").args(["-TERM", &pid.to_string()]).output().await.expect("kill is there");
    }

    async fn ended(&mut self) -> Ended {
        let status = timeout(PATIENCE, self.child.wait()).await.expect("it ends").expect("it ran");
        let (mut out, mut err) = (String::new(), String::new());
        while let Some(line) = self.lines.next_line().await.expect("text") {
            out += &line;
        }
        self.child.stderr.take().expect("piped").read_to_string(&mut err).await.expect("text");
        Ended { code: status.code(), out, err }
    }

    /// Ends it as a power cut would.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.expect("it ran");
    }
}

/// Asks again until the answer fits.
pub(crate) async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let asking = async {
        loop {
            if let Some(found) = ask().await {
                return found;
            }
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, asking).await.unwrap_or_else(|_| panic!("waited in vain for {what}"))
}

/// The project's own directory.
pub(crate) fn project() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}
