//! What the tests need from the machine, and how it is put there when missing.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use crate::workspace::Workspace;

const DEBIAN_POSTGRES_DIR: &str = "/usr/lib/postgresql";
const DEBIAN_RT_SERVER: &str = "/usr/share/request-tracker5/libexec/rt-server";
/// Request Tracker with SQLite and a server of its own; it does not ask for a database, and a mail program is there
/// that does not stay running.
const RT_PACKAGES: &[&str] =
    &["request-tracker5", "rt5-db-sqlite", "rt5-standalone", "dbconfig-no-thanks", "msmtp-mta"];
/// How long another installation may take before ours gives up.
const LOCK_TIMEOUT: &str = "DPkg::Lock::Timeout=900";

/// Returns the directory that holds `initdb` and `pg_ctl`, after installing them if need be.
pub(crate) fn postgres_binaries() -> Result<PathBuf> {
    if let Some(dir) = find_postgres() {
        return Ok(dir);
    }
    debian_package("postgresql").context("the tests need the PostgreSQL server programs initdb and pg_ctl")?;
    find_postgres()
        .with_context(|| format!("installed postgresql, but there is no initdb under {DEBIAN_POSTGRES_DIR} or on PATH"))
}

/// Makes sure that a component of the Rust toolchain answers as `cargo SUBCOMMAND`.
pub(crate) fn rust_component(workspace: &Workspace, subcommand: &str, component: &str) -> Result<()> {
    if cargo_has(workspace, subcommand) {
        return Ok(());
    }
    println!("installing the Rust component {component}");
    let added = Command::new("rustup").args(["component", "add", component]).current_dir(&workspace.root).status();
    ensure!(
        added.is_ok_and(|status| status.success()) && cargo_has(workspace, subcommand),
        "`cargo {subcommand}` is missing; run `rustup component add {component}` or install it another way"
    );
    Ok(())
}

/// Makes sure that Chromium can be driven.
pub(crate) fn browser() -> Result<()> {
    for (program, package) in [("chromium", "chromium"), ("chromedriver", "chromium-driver")] {
        if !quiet(Command::new(program).arg("--version")) {
            debian_package(package).with_context(|| format!("the test of the sandbox's page needs {program}"))?;
        }
    }
    Ok(())
}

/// Makes sure that Request Tracker 5 can be started, and returns the version of its package.
pub(crate) fn request_tracker() -> Result<String> {
    if !Path::new(DEBIAN_RT_SERVER).is_file() {
        debian_packages(RT_PACKAGES).context("the tests of Request Tracker run against a real one")?;
        ensure!(
            Path::new(DEBIAN_RT_SERVER).is_file(),
            "installed request-tracker5, but there is no {DEBIAN_RT_SERVER}"
        );
    }
    let output = Command::new("dpkg-query").args(["--show", "--showformat=${Version}", "request-tracker5"]).output();
    let output = output.context("could not start dpkg-query")?;
    ensure!(output.status.success(), "request-tracker5 is there, but dpkg-query does not know its version");
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Tells whether `cargo SUBCOMMAND` exists.
pub(crate) fn cargo_has(workspace: &Workspace, subcommand: &str) -> bool {
    quiet(workspace.cargo().args([subcommand, "--version"]))
}

/// Tells whether this process runs as root.
pub(crate) fn is_root() -> Result<bool> {
    Ok(id("-u", None)? == 0)
}

/// Asks `id` for a user's (`-u`) or its group's (`-g`) number.
pub(crate) fn id(which: &str, user: Option<&str>) -> Result<u32> {
    let output = Command::new("id").arg(which).args(user).output().context("could not start id")?;
    ensure!(output.status.success(), "there is no user {}", user.unwrap_or("for this process"));
    let text = String::from_utf8_lossy(&output.stdout);
    text.trim().parse().with_context(|| format!("id {which} printed {text:?}, not a number"))
}

fn find_postgres() -> Option<PathBuf> {
    newest_debian_postgres(Path::new(DEBIAN_POSTGRES_DIR)).or_else(|| {
        let path = env::var_os("PATH")?;
        env::split_paths(&path).find(|dir| has_server(dir))
    })
}

/// Finds the highest version among `DIR/<version>/bin`.
fn newest_debian_postgres(dir: &Path) -> Option<PathBuf> {
    fs::read_dir(dir)
        .ok()?
        .flatten()
        .filter_map(|entry| {
            let version: u32 = entry.file_name().to_str()?.parse().ok()?;
            let bin = entry.path().join("bin");
            has_server(&bin).then_some((version, bin))
        })
        .max()
        .map(|(_, bin)| bin)
}

fn has_server(dir: &Path) -> bool {
    ["initdb", "pg_ctl", "postgres"].iter().all(|program| dir.join(program).is_file())
}

/// Installs a package of Debian, or says who can.
pub(crate) fn debian_package(package: &str) -> Result<()> {
    debian_packages(&[package])
}

fn debian_packages(packages: &[&str]) -> Result<()> {
    let names = packages.join(" ");
    if !is_root()? || !quiet(Command::new("apt-get").arg("--version")) {
        bail!(
            "of Debian, `{names}` is not installed and only root can install it: \
             run `sudo apt-get install {names}`, then again"
        );
    }
    println!("installing {names} of Debian");
    apt_get(&["update"])?;
    // Without an upgrade: the machine's other packages are not ours to change.
    apt_get(&[&["install", "--yes", "--no-install-recommends", "--no-upgrade"], packages].concat())
}

fn apt_get(arguments: &[&str]) -> Result<()> {
    let status = Command::new("apt-get")
        .args(["--quiet", "-o", LOCK_TIMEOUT])
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(Stdio::null())
        .status()
        .context("could not start apt-get")?;
    ensure!(status.success(), "apt-get {} failed", arguments.join(" "));
    Ok(())
}

fn quiet(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_complete_server_is_chosen() {
        let dir = env::temp_dir().join(format!("pagebridge-install-test-{}", std::process::id()));
        for version in ["9", "15", "17"] {
            fs::create_dir_all(dir.join(version).join("bin")).expect("temporary directory");
        }
        for version in ["9", "15"] {
            for program in ["initdb", "pg_ctl", "postgres"] {
                fs::write(dir.join(version).join("bin").join(program), "").expect("temporary file");
            }
        }
        let found = newest_debian_postgres(&dir);
        fs::remove_dir_all(&dir).expect("made above");
        assert_eq!(found, Some(dir.join("15").join("bin")));
    }

    #[test]
    fn an_unknown_user_is_an_error() {
        assert!(id("-u", Some("no-such-user-here")).is_err());
    }
}
