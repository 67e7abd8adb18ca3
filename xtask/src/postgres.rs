//! A real PostgreSQL server in a private directory, for as long as a command needs it.

use std::fs;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;

use crate::install;
use crate::own;
use crate::process::exit_code;

/// Names the running server to the tests.
const VARIABLE: &str = "PAGEBRIDGE_TEST_POSTGRES";
/// Names it by its unix socket, to those who make so many round trips that it counts.
const SOCKET_VARIABLE: &str = "PAGEBRIDGE_TEST_POSTGRES_SOCKET";

const CONNECTIONS_MAX: u32 = 200;
const PORT_ATTEMPTS_MAX: u32 = 5;

/// Waits until the pipe from its parent closes, then stops the server and removes its directory.
/// The parent needs no signal handler: whatever ends it, even SIGKILL, closes the pipe.
const KEEPER: &str = r#"
trap '' INT TERM HUP
cat >/dev/null
cd /
dir=$1
shift
"$@" >/dev/null 2>&1
rm -rf -- "$dir"
"#;

/// The command line of `cargo xtask postgres`.
#[derive(Args)]
pub(crate) struct Options {
    /// Let the server use fsync, as a measurement needs; tests do without.
    #[arg(long)]
    durable: bool,
    /// The command to run, after `--`.
    #[arg(required = true, last = true)]
    command: Vec<String>,
}

/// Runs a command with a server and returns the command's exit code.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let server = Server::start(if options.durable { Durability::Fsync } else { Durability::None })?;
    let (program, arguments) = options.command.split_first().expect("clap requires a command");
    let mut command = Command::new(program);
    name_server(command.args(arguments), Some(&server));
    let status = command.status().with_context(|| format!("could not start {program}"))?;
    Ok(exit_code(status))
}

/// Lets a command know which server to use, or that there is none.
pub(crate) fn name_server(command: &mut Command, server: Option<&Server>) {
    match server {
        Some(server) => command.env(VARIABLE, &server.url).env(SOCKET_VARIABLE, &server.socket_url),
        None => command.env_remove(VARIABLE).env_remove(SOCKET_VARIABLE),
    };
}

/// Whether the server's commits survive a power cut.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Durability {
    /// As in production.
    Fsync,
    /// Fast; for tests, where the machine staying up is given.
    None,
}

/// A running server. Dropping it stops the server and removes its files.
pub(crate) struct Server {
    /// The address, password included.
    url: String,
    socket_url: String,
    /// `None` only while it is being dropped.
    keeper: Option<Child>,
}

impl Server {
    /// Starts a server on a free port of 127.0.0.1 and on a unix socket in its own directory.
    ///
    /// Installs the server programs first when they are missing and that is allowed.
    pub(crate) fn start(durability: Durability) -> Result<Self> {
        let programs = install::postgres_binaries()?;
        let account = Account::choose()?;
        let dir = own::directory("postgres")?;
        account.give(&dir)?;
        let cluster = Cluster { programs, account, dir };
        // From here on the keeper cleans up, however this process ends.
        let keeper = cluster.keeper()?;
        let mut server = Self { url: String::new(), socket_url: String::new(), keeper: Some(keeper) };
        let password = own::password()?;
        cluster.init(&password)?;
        let port = cluster.start(durability)?;
        server.url = format!("postgres://postgres:{password}@127.0.0.1:{port}/postgres");
        let directory = cluster.dir.display().to_string().replace('/', "%2F");
        server.socket_url = format!("postgres://postgres@{directory}:{port}/postgres");
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut keeper) = self.keeper.take() {
            drop(keeper.stdin.take());
            if let Err(error) = keeper.wait() {
                eprintln!("warning: could not wait for the PostgreSQL server to stop: {error}");
            }
        }
    }
}

/// The user that the server runs as; PostgreSQL refuses to run as root.
enum Account {
    Own,
    Other { name: &'static str, uid: u32, gid: u32 },
}

impl Account {
    fn choose() -> Result<Self> {
        if !install::is_root()? {
            return Ok(Self::Own);
        }
        for name in ["postgres", "nobody"] {
            if let Ok(uid) = install::id("-u", Some(name)) {
                return Ok(Self::Other { name, uid, gid: install::id("-g", Some(name))? });
            }
        }
        bail!("PostgreSQL does not run as root, and there is no user postgres or nobody to run it as")
    }

    fn command_line(&self, program: &Path) -> Vec<String> {
        let program = program.display().to_string();
        match self {
            Self::Own => vec![program],
            Self::Other { name, .. } => {
                ["runuser", "-u", name, "--"].map(str::to_owned).into_iter().chain([program]).collect()
            }
        }
    }

    fn give(&self, path: &Path) -> Result<()> {
        if let Self::Other { name, uid, gid } = self {
            chown(path, Some(*uid), Some(*gid))
                .with_context(|| format!("could not give {} to user {name}", path.display()))?;
        }
        Ok(())
    }
}

/// The parts of a server before it runs.
struct Cluster {
    programs: PathBuf,
    account: Account,
    dir: PathBuf,
}

impl Cluster {
    fn data(&self) -> PathBuf {
        self.dir.join("data")
    }

    fn command(&self, program: &str) -> Command {
        let line = self.account.command_line(&self.programs.join(program));
        let mut command = Command::new(&line[0]);
        // The server's user may not be allowed to enter our working directory.
        command.args(&line[1..]).current_dir(&self.dir).stdin(Stdio::null());
        command
    }

    fn keeper(&self) -> Result<Child> {
        Command::new("sh")
            .args(["-c", KEEPER, "keeper"])
            .arg(&self.dir)
            .args(self.account.command_line(&self.programs.join("pg_ctl")))
            .args(["stop", "-w", "-m", "immediate", "-D"])
            .arg(self.data())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Out of reach of an interrupt from the terminal.
            .process_group(0)
            .spawn()
            .context("could not start sh to look after the PostgreSQL server")
    }

    fn init(&self, password: &str) -> Result<()> {
        let password_file = self.dir.join("password");
        fs::write(&password_file, password).context("could not write the server's password file")?;
        self.account.give(&password_file)?;
        let output = self
            .command("initdb")
            .args(["--no-sync", "--no-instructions", "--encoding=UTF8", "--locale=C", "--username=postgres"])
            // A superuser of the server can run programs as its user, so other users of this machine need a password.
            .args(["--auth-local=trust", "--auth-host=scram-sha-256"])
            .arg(format!("--pwfile={}", password_file.display()))
            .arg("-D")
            .arg(self.data())
            .output()
            .context("could not start initdb")?;
        ensure!(output.status.success(), "initdb failed: {}", String::from_utf8_lossy(&output.stderr).trim());
        Ok(())
    }

    /// Starts the server and returns its port.
    fn start(&self, durability: Durability) -> Result<u16> {
        let log = self.dir.join("log");
        for _ in 0..PORT_ATTEMPTS_MAX {
            let port = own::free_port()?;
            let status = self
                .command("pg_ctl")
                .args(["start", "-w", "-s", "-D"])
                .arg(self.data())
                .arg("-l")
                .arg(&log)
                .arg("-o")
                .arg(settings(&self.dir, port, durability))
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()
                .context("could not start pg_ctl")?;
            if status.success() {
                return Ok(port);
            }
            // Somebody else may have taken the port between our look and the server's.
            if !fs::read_to_string(&log).is_ok_and(|text| text.contains("Address already in use")) {
                break;
            }
        }
        let text = fs::read_to_string(&log).unwrap_or_default();
        bail!("the PostgreSQL server did not start; its log says:\n{}", text.trim())
    }
}

/// Returns the server's options. A commit always waits for the log to be written
/// (`synchronous_commit` is left on), only the disk's own cache is trusted in tests.
fn settings(socket_dir: &Path, port: u16, durability: Durability) -> String {
    let mut settings = format!(
        "-p {port} -k '{}' -c listen_addresses=127.0.0.1 -c max_connections={CONNECTIONS_MAX}",
        socket_dir.display()
    );
    if durability == Durability::None {
        settings.push_str(" -c fsync=off -c full_page_writes=off");
    }
    settings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_tests_do_without_fsync() {
        let dir = Path::new("/tmp/x");
        assert!(settings(dir, 5, Durability::None).contains("fsync=off"));
        assert!(!settings(dir, 5, Durability::Fsync).contains("fsync"));
        assert!(!settings(dir, 5, Durability::None).contains("synchronous_commit"));
    }
}
