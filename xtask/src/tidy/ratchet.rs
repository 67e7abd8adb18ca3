//! Long functions and long files: their number per crate may fall, not grow.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::Finding;
use super::files::SourceFile;
use super::rust::Code;
use crate::workspace::Workspace;

const FUNCTION_LINES_MAX: usize = 70;
const FILE_LINES_MAX: usize = 500;

const PATH: &str = "xtask/ratchet.toml";
const HEADER: &str = "\
# How many functions over 70 lines and files over 500 lines each crate still has; a crate that is
# not named has none. `cargo xtask tidy` fails when a count grows; `cargo xtask tidy --update`
# lowers the counts after a clean-up. Raising one is done by hand, with the reason in the commit.

";

/// What the file holds: counts by the short name of a crate.
#[derive(Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
struct Ratchet {
    #[serde(default)]
    long_functions: BTreeMap<String, usize>,
    #[serde(default)]
    long_files: BTreeMap<String, usize>,
}

/// The long things of one crate, named with their places.
#[derive(Debug, Default)]
struct Long {
    functions: Vec<Finding>,
    files: Vec<Finding>,
}

/// Compares what is there with what is allowed.
pub(crate) fn check(workspace: &Workspace, files: &[SourceFile]) -> Result<Vec<Finding>> {
    Ok(grown(&load(files)?, measure(workspace, files)))
}

/// Lowers the allowed counts to what is there.
pub(crate) fn lower(workspace: &Workspace, files: &[SourceFile]) -> Result<()> {
    let lowered = lowered(load(files)?, &measure(workspace, files));
    let text = toml::to_string(&lowered).context("could not write the ratchet as TOML")?;
    fs::write(workspace.root.join(PATH), format!("{HEADER}{text}")).with_context(|| format!("could not write {PATH}"))
}

fn load(files: &[SourceFile]) -> Result<Ratchet> {
    match files.iter().find(|file| file.path == PATH) {
        Some(file) => toml::from_str(&file.text).with_context(|| format!("could not read {PATH}")),
        None => Ok(Ratchet::default()),
    }
}

fn measure(workspace: &Workspace, files: &[SourceFile]) -> BTreeMap<String, Long> {
    let mut by_crate = BTreeMap::new();
    for package in &workspace.packages {
        let Ok(dir) = package.dir().strip_prefix(&workspace.root) else {
            continue;
        };
        let prefix = format!("{}/", dir.display());
        let long: &mut Long = by_crate.entry(package.short_name().to_owned()).or_default();
        for file in files.iter().filter(|file| file.is_rust() && file.path.starts_with(&prefix)) {
            look_at(file, long);
        }
    }
    by_crate
}

fn look_at(file: &SourceFile, long: &mut Long) {
    let lines = file.text.lines().count();
    if lines > FILE_LINES_MAX {
        long.files.push(Finding::new(&file.path, format!("{lines} lines, more than {FILE_LINES_MAX}")));
    }
    for function in Code::parse(&file.text).functions() {
        if function.lines > FUNCTION_LINES_MAX {
            let what = format!("fn {}: {} lines, more than {FUNCTION_LINES_MAX}", function.name, function.lines);
            long.functions.push(Finding::new(format!("{}:{}", file.path, function.line), what));
        }
    }
}

/// Returns the long things of each crate that has more than it is allowed.
fn grown(allowed: &Ratchet, measured: BTreeMap<String, Long>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, long) in measured {
        for (kind, allowed, found) in
            [("functions", &allowed.long_functions, long.functions), ("files", &allowed.long_files, long.files)]
        {
            let allowed = allowed.get(&name).copied().unwrap_or(0);
            if found.len() > allowed {
                let note = format!("{name} has {} long {kind}, {PATH} allows {allowed}", found.len());
                findings.extend(
                    found.into_iter().map(|finding| Finding::new(finding.place, format!("{} ({note})", finding.what))),
                );
            }
        }
    }
    findings
}

fn lowered(allowed: Ratchet, measured: &BTreeMap<String, Long>) -> Ratchet {
    let lower = |allowed: BTreeMap<String, usize>, count: fn(&Long) -> usize| {
        let capped = allowed.into_iter().map(|(name, allowed)| {
            let found = measured.get(&name).map_or(0, count);
            (name, allowed.min(found))
        });
        capped.filter(|(_, count)| *count > 0).collect()
    };
    Ratchet {
        long_functions: lower(allowed.long_functions, |long| long.functions.len()),
        long_files: lower(allowed.long_files, |long| long.files.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(functions: usize, file_lines: usize) -> BTreeMap<String, Long> {
        let body = "    let x = 1;\n".repeat(FUNCTION_LINES_MAX);
        let mut text = format!("fn long() {{\n{body}}}\n").repeat(functions);
        text.push_str(&"\n".repeat(file_lines.saturating_sub(text.lines().count())));
        let mut long = Long::default();
        look_at(&SourceFile { path: "a.rs".to_owned(), text }, &mut long);
        BTreeMap::from([("core".to_owned(), long)])
    }

    fn ratchet(long_functions: usize) -> Ratchet {
        Ratchet { long_functions: BTreeMap::from([("core".to_owned(), long_functions)]), ..Ratchet::default() }
    }

    #[test]
    fn growth_names_every_long_function() {
        assert_eq!(grown(&ratchet(1), measured(1, 0)), []);
        let findings = grown(&ratchet(1), measured(2, 0));
        assert_eq!(findings.len(), 2);
        assert_eq!(findings[1].place, "a.rs:73");
    }

    #[test]
    fn a_crate_that_is_not_named_may_have_none() {
        assert_eq!(grown(&Ratchet::default(), measured(1, 0)).len(), 1);
        assert_eq!(grown(&Ratchet::default(), measured(0, FILE_LINES_MAX)), []);
        assert_eq!(grown(&Ratchet::default(), measured(0, FILE_LINES_MAX + 1)).len(), 1);
    }

    #[test]
    fn an_update_lowers_and_never_raises() {
        assert_eq!(lowered(ratchet(3), &measured(2, 0)), ratchet(2));
        assert_eq!(lowered(ratchet(1), &measured(2, 0)), ratchet(1));
        assert_eq!(lowered(ratchet(3), &measured(0, 0)), Ratchet::default());
    }
}
