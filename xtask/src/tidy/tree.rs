//! The dependency tree keeps to one TLS, and `serde_json` to its plain self.

use std::process::Output;

use anyhow::{Context, Result, bail};

use super::Finding;
use crate::workspace::Workspace;

/// Crates that must not come in, and why. A second TLS provider makes rustls panic at run time.
const BANNED: &[(&str, &str)] = &[
    ("aws-lc-rs", "rustls runs on ring; turn off the default features of whatever brings this in"),
    ("openssl-sys", "there is one TLS here, rustls; turn off the default features of whatever brings this in"),
];

/// Features of `serde_json` that change its behaviour everywhere once any crate turns them on.
const BANNED_FEATURES: &[(&str, &str)] = &[
    ("preserve_order", "it changes the order of every map that is written"),
    ("arbitrary_precision", "it breaks `flatten` and untagged enums"),
];

/// Asks cargo for the resolved tree.
pub(crate) fn check(workspace: &Workspace) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for (name, why) in BANNED {
        if let Some(tree) = inverse(workspace, name, &["--edges", "normal,build,dev"])? {
            findings.push(Finding::new("Cargo.lock", format!("{name} is in the tree: {why}\n{}", head(&tree))));
        }
    }
    if let Some(tree) = inverse(workspace, "serde_json", &["--edges", "features"])? {
        findings.extend(features(&tree));
    }
    Ok(findings)
}

fn features(tree: &str) -> Vec<Finding> {
    let on = |feature: &str| tree.contains(&format!("serde_json feature \"{feature}\""));
    BANNED_FEATURES
        .iter()
        .filter(|(feature, _)| on(feature))
        .map(|(feature, why)| Finding::new("Cargo.lock", format!("serde_json feature {feature} is on: {why}")))
        .collect()
}

/// Returns who uses a crate, or `None` when nobody does.
fn inverse(workspace: &Workspace, name: &str, more: &[&str]) -> Result<Option<String>> {
    let output = workspace
        .cargo()
        .args(["tree", "--workspace", "--invert", name])
        .args(more)
        .output()
        .context("could not start cargo tree")?;
    read(name, &output)
}

fn read(name: &str, output: &Output) -> Result<Option<String>> {
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let said = String::from_utf8_lossy(&output.stderr);
    if output.status.success() {
        // In the lock file, but for another platform only: cargo prints an empty tree.
        return Ok(Some(printed).filter(|tree| !tree.trim().is_empty()));
    }
    if said.contains("did not match any packages") {
        return Ok(None);
    }
    bail!("cargo tree could not look for {name}: {}", said.trim())
}

fn head(tree: &str) -> String {
    tree.lines().take(6).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::process::ExitStatus;

    use super::*;

    fn output(code: i32, stdout: &str, stderr: &str) -> Output {
        Output { status: ExitStatus::from_raw(code << 8), stdout: stdout.into(), stderr: stderr.into() }
    }

    #[test]
    fn a_banned_crate_is_seen_and_its_absence_is_not_an_error() {
        let absent = "error: package ID specification `x` did not match any packages";
        assert_eq!(read("x", &output(101, "", absent)).expect("absent"), None);
        assert_eq!(read("x", &output(0, "", "warning: nothing to print")).expect("elsewhere"), None);
        assert_eq!(read("x", &output(0, "x v1\n", "")).expect("there").as_deref(), Some("x v1\n"));
    }

    #[test]
    fn a_tree_that_cannot_be_read_is_not_taken_for_clean() {
        assert!(read("x", &output(101, "", "error: failed to parse lock file")).is_err());
        // Two versions at once is an error of cargo too, and hides neither.
        assert!(read("x", &output(101, "", "error: There are multiple `x` packages")).is_err());
    }

    #[test]
    fn a_feature_that_is_on_is_found() {
        assert_eq!(features("serde_json v1\n├── serde_json feature \"raw_value\"\n"), []);
        assert_eq!(features("serde_json v1\n├── serde_json feature \"preserve_order\"\n").len(), 1);
    }
}
