//! A real Request Tracker 5 in a private directory, for as long as a command needs it.
//!
//! `xtask/rt/provision.pl` says what is in it. What that makes is kept in the target directory, so that each start is a
//! copy; an instance shares nothing with another, nor with one that the machine may run for its people.

use std::fs::{self, Permissions};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;

use crate::process::exit_code;
use crate::time::{Watch, pause};
use crate::workspace::Workspace;
use crate::{http, install, own};

/// Names the REST API of the running server to the tests.
pub(crate) const VARIABLE: &str = "RT_URL";

const CONFIG: &str = include_str!("../rt/config.pm");
const CONTROL: &str = include_str!("../rt/ctl.sh");
const PROVISION: &str = include_str!("../rt/provision.pl");
const SEED: &str = include_str!("../rt/seed.pl");

const PORT_ATTEMPTS_MAX: u32 = 5;
const START_MS_MAX: u128 = 60_000;

/// Waits until the pipe from its parent closes, then stops the server and the copies that tests made of it, and removes
/// its directory.
/// The parent needs no signal handler: whatever ends it, even SIGKILL, closes the pipe.
const KEEPER: &str = r#"
trap '' INT TERM HUP
cat >/dev/null
cd /
for control in "$1"/ctl.sh "$1"/copies/*/ctl.sh; do
  [ -f "$control" ] && sh "$control" stop >/dev/null 2>&1
done
rm -rf -- "$1"
"#;

/// The command line of `cargo xtask rt`.
#[derive(Args)]
pub(crate) struct Options {
    /// Add this many old tickets to the queue Incidents, a tenth of them open.
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    tickets: u32,
    /// The command to run, after `--`.
    #[arg(required = true, last = true)]
    command: Vec<String>,
}

/// Runs a command with a server and returns the command's exit code.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let server = Server::start(&Workspace::load()?, options.tickets)?;
    let (program, arguments) = options.command.split_first().expect("clap requires a command");
    let status = Command::new(program)
        .args(arguments)
        .envs(server.variables().iter().cloned())
        .status()
        .with_context(|| format!("could not start {program}"))?;
    Ok(exit_code(status))
}

/// A running server. Dropping it stops the server and removes its files.
pub(crate) struct Server {
    variables: Vec<(String, String)>,
    /// `None` only while it is being dropped.
    keeper: Option<Child>,
}

impl Server {
    /// Starts a server on a free port of 127.0.0.1.
    ///
    /// Installs Debian's packages first when they are missing and that is allowed.
    pub(crate) fn start(workspace: &Workspace, tickets: u32) -> Result<Self> {
        let template = template(workspace)?;
        let instance = Instance { dir: own::directory("rt")? };
        // From here on the keeper cleans up, however this process ends.
        let mut server = Self { variables: Vec::new(), keeper: Some(instance.keeper()?) };
        instance.fill(0)?;
        for name in [DATABASE, FACTS] {
            fs::copy(template.join(name), instance.dir.join(name)).with_context(|| format!("could not copy {name}"))?;
        }
        let mut variables = facts(&instance.dir)?;
        if tickets > 0 {
            instance.seed(value(&variables, "RT_QUEUE")?, tickets)?;
        }
        let port = instance.start(value(&variables, "RT_TOKEN")?)?;
        variables.push((VARIABLE.to_owned(), format!("http://127.0.0.1:{port}/REST/2.0")));
        variables.push(("RT_TEST_CTL".to_owned(), instance.dir.join("ctl.sh").display().to_string()));
        server.variables = variables;
        Ok(server)
    }

    /// Returns what the tests find in their environment.
    pub(crate) fn variables(&self) -> &[(String, String)] {
        &self.variables
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut keeper) = self.keeper.take() {
            drop(keeper.stdin.take());
            if let Err(error) = keeper.wait() {
                eprintln!("warning: could not wait for Request Tracker to stop: {error}");
            }
        }
    }
}

const DATABASE: &str = "rt.sqlite";
/// What the provisioning printed.
const FACTS: &str = "facts";

/// Returns a directory with a filled database, after making it if there is none of just this making.
fn template(workspace: &Workspace) -> Result<PathBuf> {
    let version = install::request_tracker()?;
    let mut hasher = DefaultHasher::new();
    (CONFIG, CONTROL, PROVISION, version).hash(&mut hasher);
    let place = workspace.target.join("rt");
    let wanted = place.join(format!("{:016x}", hasher.finish()));
    if wanted.join(FACTS).is_file() {
        return Ok(wanted);
    }
    fs::create_dir_all(&place).with_context(|| format!("could not make {}", place.display()))?;
    let made = place.join(format!("new-{}", std::process::id()));
    let made_ready = make_template(&made).and_then(|()| match fs::rename(&made, &wanted) {
        // Somebody else was faster, and theirs is as good.
        Err(_) if wanted.join(FACTS).is_file() => Ok(()),
        done => done.context("could not move the new database into its place"),
    });
    let _ = fs::remove_dir_all(&made);
    made_ready.map(|()| wanted)
}

fn make_template(dir: &Path) -> Result<()> {
    eprintln!("setting up a database of Request Tracker");
    let _ = fs::remove_dir_all(dir);
    fs::create_dir(dir).with_context(|| format!("could not make {}", dir.display()))?;
    fs::set_permissions(dir, Permissions::from_mode(0o700))?;
    let instance = Instance { dir: dir.to_owned() };
    instance.fill(0)?;
    fs::write(dir.join("password"), own::password()?).context("could not write the password")?;
    instance.control(&["init"])?;
    let script = instance.script("provision.pl", PROVISION)?;
    let facts = instance.control(&["perl", &script])?;
    fs::write(dir.join(FACTS), facts).context("could not write what the tests are told")
}

/// Reads lines `NAME=value`.
fn facts(dir: &Path) -> Result<Vec<(String, String)>> {
    let text = fs::read_to_string(dir.join(FACTS)).context("could not read what the tests are told")?;
    let pairs = text.lines().filter_map(|line| line.split_once('='));
    Ok(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}

fn value<'a>(variables: &'a [(String, String)], name: &str) -> Result<&'a str> {
    let found = variables.iter().find(|(known, _)| known == name);
    found.map(|(_, value)| value.as_str()).with_context(|| format!("the provisioning told no {name}"))
}

/// The directory of one Request Tracker.
struct Instance {
    dir: PathBuf,
}

impl Instance {
    /// Makes the directories and the files that the program needs, for a port.
    fn fill(&self, port: u16) -> Result<()> {
        for name in ["conf.d", "log", "var", "mason", "session"] {
            fs::create_dir_all(self.dir.join(name)).with_context(|| format!("could not make {name}"))?;
        }
        let dir = self.dir.to_str().context("the temporary directory has a name that is not text")?;
        let config = CONFIG.replace("DIRECTORY", dir).replace("PORT", &port.to_string());
        for (name, text) in [("RT_SiteConfig.pm", config.as_str()), ("ctl.sh", CONTROL)] {
            fs::write(self.dir.join(name), text).with_context(|| format!("could not write {name}"))?;
        }
        Ok(())
    }

    fn script(&self, name: &str, text: &str) -> Result<String> {
        let path = self.dir.join(name);
        fs::write(&path, text).with_context(|| format!("could not write {name}"))?;
        Ok(path.display().to_string())
    }

    /// Runs the control script and returns what it prints.
    fn control(&self, arguments: &[&str]) -> Result<Vec<u8>> {
        let output = Command::new("sh")
            .arg(self.dir.join("ctl.sh"))
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .context("could not start sh")?;
        ensure!(
            output.status.success(),
            "Request Tracker: {} failed: {} {}",
            arguments[0],
            String::from_utf8_lossy(&output.stderr).trim(),
            String::from_utf8_lossy(&output.stdout).trim()
        );
        Ok(output.stdout)
    }

    fn keeper(&self) -> Result<Child> {
        Command::new("sh")
            .args(["-c", KEEPER, "keeper"])
            .arg(&self.dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Out of reach of an interrupt from the terminal.
            .process_group(0)
            .spawn()
            .context("could not start sh to look after Request Tracker")
    }

    fn seed(&self, queue: &str, tickets: u32) -> Result<()> {
        eprintln!("adding {tickets} tickets");
        let script = self.script("seed.pl", SEED)?;
        let database = self.dir.join(DATABASE).display().to_string();
        self.control(&["perl", &script, &database, queue, &tickets.to_string()]).map(|_| ())
    }

    /// Starts the server, waits until it answers, and returns its port.
    fn start(&self, token: &str) -> Result<u16> {
        let authorization = format!("Authorization: token {token}\r\n");
        for _ in 0..PORT_ATTEMPTS_MAX {
            let port = own::free_port()?;
            self.fill(port)?;
            self.control(&["start", &port.to_string()])?;
            let watch = Watch::start();
            while watch.ms() < START_MS_MAX && self.control(&["running"]).is_ok() {
                // Only ours knows the token, should somebody else have taken the port.
                match http::send_as(port, "GET", "/REST/2.0/rt", &authorization, "") {
                    Ok((200, _)) => return Ok(port),
                    _ => pause(50),
                }
            }
            self.control(&["stop"])?;
            if watch.ms() >= START_MS_MAX {
                break;
            }
        }
        let log = fs::read_to_string(self.dir.join("log/server.log")).unwrap_or_default();
        bail!("Request Tracker did not start; its log says:\n{}", log.trim())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_provisioning_prints_is_read_line_by_line() {
        let dir = own::directory("rt-facts").expect("a directory");
        fs::write(dir.join(FACTS), "RT_QUEUE=Incidents\nRT_TEST_QUEUES=Lab 01,Lab 02\nA=b=c\n").expect("a file");
        let read = facts(&dir);
        fs::remove_dir_all(&dir).expect("made above");
        let read = read.expect("it is there");
        assert_eq!(value(&read, "RT_TEST_QUEUES").expect("told"), "Lab 01,Lab 02");
        assert_eq!(value(&read, "A").expect("told"), "b=c");
        assert!(value(&read, "RT_TOKEN").is_err());
    }
}
