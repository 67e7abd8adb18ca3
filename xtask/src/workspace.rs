//! Where the workspace is, which packages it has, and how cargo is called in it.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

/// The workspace as `cargo metadata` describes it.
#[derive(Debug, Deserialize)]
pub(crate) struct Workspace {
    #[serde(rename = "workspace_root")]
    pub(crate) root: PathBuf,
    #[serde(rename = "target_directory")]
    pub(crate) target: PathBuf,
    pub(crate) packages: Vec<Package>,
}

/// One package of ours.
#[derive(Debug, Deserialize)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) manifest_path: PathBuf,
    pub(crate) dependencies: Vec<Dependency>,
}

/// One line of a manifest's dependency tables.
#[derive(Debug, Deserialize)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    /// `None` for an ordinary dependency, else `dev` or `build`.
    pub(crate) kind: Option<String>,
}

impl Workspace {
    /// Asks cargo for the packages of the workspace this program belongs to.
    pub(crate) fn load() -> Result<Self> {
        let output = cargo_in(&here())
            .args(["metadata", "--no-deps", "--format-version", "1"])
            .output()
            .context("could not start cargo metadata")?;
        ensure!(output.status.success(), "cargo metadata failed: {}", String::from_utf8_lossy(&output.stderr).trim());
        serde_json::from_slice(&output.stdout).context("could not read the output of cargo metadata")
    }

    /// Returns a cargo command that runs in the workspace root.
    pub(crate) fn cargo(&self) -> Command {
        cargo_in(&self.root)
    }

    /// Returns the path of a binary built with the release profile.
    pub(crate) fn release_binary(&self, name: &str) -> PathBuf {
        self.target.join("release").join(name)
    }
}

impl Package {
    /// Returns the directory of the package.
    pub(crate) fn dir(&self) -> &Path {
        self.manifest_path.parent().expect("cargo prints the absolute path of a manifest file")
    }

    /// Returns the name used in tables: `core` for `pagebridge-core`.
    pub(crate) fn short_name(&self) -> &str {
        short_name(&self.name)
    }
}

/// Takes the prefix that most of our packages share off a package name.
pub(crate) fn short_name(package: &str) -> &str {
    package.strip_prefix("pagebridge-").unwrap_or(package)
}

/// The directory of this crate; cargo sets the variable for `cargo run` and `cargo test`, so a
/// moved work tree with an old target directory still finds itself.
fn here() -> PathBuf {
    env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from)
}

fn cargo_in(dir: &Path) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(dir);
    // The cargo that started us described this package to us. A build script that watches one of
    // these variables (that of `ring` does) would rebuild half the tree each time if we passed them on.
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(describes_this_package) {
            command.env_remove(name);
        }
    }
    command
}

fn describes_this_package(variable: &str) -> bool {
    variable.starts_with("CARGO_PKG_")
        || variable.starts_with("CARGO_MANIFEST_")
        || matches!(variable, "CARGO_BIN_NAME" | "CARGO_CRATE_NAME" | "CARGO_PRIMARY_PACKAGE" | "OUT_DIR")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workspace_knows_this_package() {
        let workspace = Workspace::load().expect("cargo metadata works in a checkout");
        assert!(workspace.packages.iter().any(|package| package.name == "xtask"));
        assert!(workspace.root.join("xtask").is_dir());
    }

    #[test]
    fn only_variables_about_this_package_are_withheld() {
        assert!(describes_this_package("CARGO_PKG_NAME"));
        assert!(describes_this_package("CARGO_MANIFEST_DIR"));
        assert!(!describes_this_package("CARGO_HOME"));
        assert!(!describes_this_package("CARGO_TARGET_DIR"));
    }
}
