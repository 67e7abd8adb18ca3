//! The program as a process: started, asked to end, killed.

use serde_json::Value;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// Longer than anything here takes; only a fault makes a test wait for it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

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

/// The program with these arguments, and no other environment than this.
pub(crate) fn program(dir: &Path, env: &[(String, String)], args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pagebridge"));
    command.args(args);
    prepare(&mut command, dir, env);
    command
}

/// The program in a shell that sets something up first, such as a limit; `"$@"` stands for the program.
pub(crate) fn program_in_shell(dir: &Path, env: &[(String, String)], script: &str, args: &[&str]) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script, "sh", env!("CARGO_BIN_EXE_pagebridge")]).args(args);
    prepare(&mut command, dir, env);
    command
}

fn prepare(command: &mut Command, dir: &Path, env: &[(String, String)]) {
    command.current_dir(dir).env_clear().envs(env.iter().cloned()).stdin(Stdio::null()).kill_on_drop(true);
}

/// Runs a command to its end.
pub(crate) async fn run(mut command: Command) -> Ended {
    let output = timeout(PATIENCE, command.output()).await.expect("it ends").expect("it starts");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    Ended { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

/// A command that stays up. Its log goes to a file, so that it never waits for a reader.
pub(crate) struct Process {
    /// The line that it wrote when it was ready.
    pub(crate) ready: Value,
    child: Child,
    log: std::path::PathBuf,
}

impl Process {
    /// Starts it, and waits for its one line.
    pub(crate) async fn start(mut command: Command, log: &Path) -> Self {
        let file = std::fs::OpenOptions::new().create(true).append(true).open(log).expect("a log file");
        let mut child = command.stdout(Stdio::piped()).stderr(file).spawn().expect("it starts");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let line = timeout(PATIENCE, lines.next_line()).await.expect("it gets ready").expect("text");
        let told = || std::fs::read_to_string(log).unwrap_or_default();
        let line = line.unwrap_or_else(|| panic!("it ended: {}", told()));
        Self { ready: serde_json::from_str(&line).expect("one JSON object"), child, log: log.to_owned() }
    }

    /// What it has logged, and those before it with the same log.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    pub(crate) fn pid(&self) -> String {
        self.child.id().expect("it runs").to_string()
    }

    /// Asks it to end, and gives its exit code.
    pub(crate) async fn terminate(mut self) -> Option<i32> {
        let killed = Command::new("kill").args(["-TERM", &self.pid()]).status().await.expect("kill is there");
        assert!(killed.success());
        timeout(PATIENCE, self.child.wait()).await.expect("it ends").expect("it ran").code()
    }

    /// Ends it as a power cut would.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.expect("it ran");
    }
}
