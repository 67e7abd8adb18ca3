//! What the clients need, put under `target/peers` and kept there until a pin changes.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use super::clients::{Client, Kind};
use crate::install;
use crate::workspace::Workspace;

/// Written beside what was installed, with the pins that it was installed from.
const STAMP: &str = "installed-from.txt";
/// Debian's package, and the programs that may come with it or another way.
const ALERTMANAGER: &str = "prometheus-alertmanager";
const ALERTMANAGERS: [&str; 2] = [ALERTMANAGER, "alertmanager"];

/// The programs that run the clients.
pub(super) struct Tools {
    root: PathBuf,
    sources: PathBuf,
    target: PathBuf,
    alertmanager: PathBuf,
}

impl Tools {
    /// Installs what is missing for these clients.
    pub(super) fn install(workspace: &Workspace, clients: &[&Client]) -> Result<Self> {
        let target = workspace.target.join("peers");
        fs::create_dir_all(&target).with_context(|| format!("could not make {}", target.display()))?;
        let mut tools = Self {
            root: workspace.root.clone(),
            sources: workspace.root.join("peers"),
            target,
            alertmanager: PathBuf::new(),
        };
        let wanted = |kind: Kind| clients.iter().any(|client| client.kind == kind);
        // Also what stands in front of the bridge, and what looks at the far side, is Python.
        tools.python().context("the Python clients")?;
        if wanted(Kind::Node) {
            tools.node().context("the Node client")?;
        }
        if wanted(Kind::Rust) {
            tools.rust(workspace).context("the Rust client")?;
        }
        if wanted(Kind::Alertmanager) {
            tools.alertmanager = Self::find_alertmanager().context("Alertmanager")?;
        }
        Ok(tools)
    }

    /// Returns the directory of the workspace.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Returns the command that runs a client's program.
    pub(super) fn command(&self, client: &Client) -> Command {
        let folder = self.sources.join(client.name);
        let mut command = match client.kind {
            Kind::Python | Kind::Alertmanager => self.python_command(&folder.join("run.py")),
            Kind::Node => {
                let mut command = Command::new("node");
                command.arg(folder.join("run.mjs"));
                command
            }
            Kind::Rust => Command::new(self.target.join(client.name).join("debug/pagebridge-peer-pagerduty-rs")),
        };
        command.env("PEER_NODE_DIR", self.target.join("node")).env("PEER_ALERTMANAGER", &self.alertmanager);
        command
    }

    /// Returns the command that puts TLS and a proxy in front of a port.
    pub(super) fn front(&self, port: u16, dir: &Path) -> Command {
        let mut command = self.python_command(&self.sources.join("common/tls_front.py"));
        command.arg(port.to_string()).arg(dir);
        command
    }

    fn python_command(&self, script: &Path) -> Command {
        let mut command = Command::new(self.target.join("python/bin/python"));
        // No bytecode beside the sources, and every line at once.
        command.arg("-B").arg("-u").arg(script);
        command
    }

    fn python(&self) -> Result<()> {
        let dir = self.target.join("python");
        let pins = self.sources.join("requirements.txt");
        kept_until_changed(&dir, &[&pins], || {
            if !succeeds(Command::new("python3").args(["-m", "venv"]).arg(&dir)) {
                install::debian_package("python3-venv").context("they need Python 3.10 or newer with venv")?;
                demand(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&dir))?;
            }
            println!("installing the packages of {}", pins.display());
            let mut pip = Command::new(dir.join("bin/pip"));
            pip.args(["install", "--quiet", "--no-input", "--disable-pip-version-check", "--requirement"]);
            demand(pip.arg(&pins))
        })
    }

    fn node(&self) -> Result<()> {
        if !succeeds(Command::new("npm").arg("--version")) {
            install::debian_package("npm").context("it needs Node 18 or newer and npm")?;
        }
        let dir = self.target.join("node");
        let pins = ["package.json", "package-lock.json"].map(|name| self.sources.join("pdjs").join(name));
        kept_until_changed(&dir, &[&pins[0], &pins[1]], || {
            println!("installing the packages of {}", pins[1].display());
            for pin in &pins {
                let name = pin.file_name().expect("the path ends in a name");
                fs::copy(pin, dir.join(name)).with_context(|| format!("could not copy {}", pin.display()))?;
            }
            let mut npm = Command::new("npm");
            npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]);
            demand(npm.current_dir(&dir))
        })
    }

    fn rust(&self, workspace: &Workspace) -> Result<()> {
        let mut command = workspace.cargo();
        command.args(["build", "--locked", "--quiet", "--manifest-path"]);
        command.arg(self.sources.join("pagerduty-rs/Cargo.toml"));
        demand(command.arg("--target-dir").arg(self.target.join("pagerduty-rs")))
    }

    fn find_alertmanager() -> Result<PathBuf> {
        let find = || {
            let path = env::var_os("PATH")?;
            let programs = env::split_paths(&path).flat_map(|dir| ALERTMANAGERS.map(|name| dir.join(name)));
            programs.into_iter().find(|program| program.is_file())
        };
        if let Some(program) = find() {
            return Ok(program);
        }
        install::debian_package(ALERTMANAGER)?;
        find().with_context(|| format!("installed {ALERTMANAGER}, but there is no such program on PATH"))
    }
}

/// Runs `make` in an empty directory, unless it was made from the same pins before.
fn kept_until_changed(dir: &Path, pins: &[&Path], make: impl FnOnce() -> Result<()>) -> Result<()> {
    let mut from = String::new();
    for pin in pins {
        from += &fs::read_to_string(pin).with_context(|| format!("could not read {}", pin.display()))?;
    }
    let stamp = dir.join(STAMP);
    if fs::read_to_string(&stamp).is_ok_and(|made_from| made_from == from) {
        return Ok(());
    }
    if dir.exists() {
        fs::remove_dir_all(dir).with_context(|| format!("could not empty {}", dir.display()))?;
    }
    fs::create_dir_all(dir).with_context(|| format!("could not make {}", dir.display()))?;
    make()?;
    fs::write(&stamp, from).with_context(|| format!("could not write {}", stamp.display()))
}

fn demand(command: &mut Command) -> Result<()> {
    let what = command.get_program().to_string_lossy().into_owned();
    let status = command.stdin(Stdio::null()).status().with_context(|| format!("could not start {what}"))?;
    if !status.success() {
        let arguments: Vec<_> = command.get_args().map(|argument| argument.to_string_lossy()).collect();
        bail!("{what} {} failed ({status})", arguments.join(" "));
    }
    Ok(())
}

fn succeeds(command: &mut Command) -> bool {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|ended| ended.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_made_again_only_when_a_pin_changes() {
        let root = env::temp_dir().join(format!("pagebridge-tools-{}", std::process::id()));
        let (dir, pin) = (root.join("made"), root.join("pins.txt"));
        fs::create_dir_all(&root).expect("temporary directory");
        let mut made = 0;
        for pins in ["a==1", "a==1", "a==2"] {
            fs::write(&pin, pins).expect("temporary file");
            kept_until_changed(&dir, &[&pin], || {
                made += 1;
                assert!(fs::read_dir(&dir)?.next().is_none(), "it starts empty");
                Ok(())
            })
            .expect("it can be made");
        }
        // What failed is not taken for made.
        fs::write(&pin, "a==3").expect("temporary file");
        let fail = || -> Result<()> { bail!("no network") };
        assert!(kept_until_changed(&dir, &[&pin], fail).is_err());
        assert!(kept_until_changed(&dir, &[&pin], fail).is_err());
        assert_eq!(made, 2);
        fs::remove_dir_all(&root).expect("made above");
    }
}
