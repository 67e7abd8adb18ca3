//! `core` stays pure: no async, no I/O, no clock, no randomness.

use super::Finding;
use super::files::SourceFile;
use super::rust::{Code, is_word_at};
use crate::workspace::Workspace;

/// Outside crates that do no I/O and know no time.
const PURE_CRATES: &[&str] = &["serde", "serde_json", "sha2", "thiserror"];

/// What must not be named in `core`, and why.
const IMPURE: &[(&str, &str)] = &[
    ("async", "nothing in core waits"),
    ("await", "nothing in core waits"),
    ("std::env", "settings are arguments"),
    ("std::fs", "core does no I/O"),
    ("std::io", "core does no I/O"),
    ("std::net", "core does no I/O"),
    ("std::process", "core does no I/O"),
    ("std::thread", "core has one thread: its caller's"),
    ("Instant", "time is an argument"),
    ("SystemTime", "time is an argument"),
    ("HashMap", "its order differs from run to run; take a BTreeMap"),
    ("HashSet", "its order differs from run to run; take a BTreeSet"),
];

/// Checks the manifest and the sources of `core`.
pub(crate) fn check(workspace: &Workspace, files: &[SourceFile]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in workspace.packages.iter().filter(|package| package.short_name() == "core") {
        for dependency in package.dependencies.iter().filter(|dependency| dependency.kind.is_none()) {
            if !PURE_CRATES.contains(&dependency.name.as_str()) {
                let what = format!("{} is not known to be pure; see {}", dependency.name, file!());
                findings.push(Finding::new("crates/core/Cargo.toml", what));
            }
        }
    }
    for file in files.iter().filter(|file| file.path.starts_with("crates/core/src/") && file.is_rust()) {
        findings.extend(source(file));
    }
    findings
}

fn source(file: &SourceFile) -> Vec<Finding> {
    let code = Code::parse(&file.text);
    let mut findings = Vec::new();
    for (number, line) in code.text().lines().enumerate() {
        for (word, why) in IMPURE {
            if line.match_indices(word).any(|(at, _)| is_word_at(line, at, word.len())) {
                let place = format!("{}:{}", file.path, number + 1);
                findings.push(Finding::new(place, format!("core does not use `{word}`: {why}")));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(text: &str) -> Vec<String> {
        source(&SourceFile { path: "x.rs".to_owned(), text: text.to_owned() })
            .into_iter()
            .map(|finding| finding.place)
            .collect()
    }

    #[test]
    fn clocks_and_waiting_are_found() {
        assert_eq!(findings("fn a() {}\nuse std::time::SystemTime;\nasync fn b() {}\n"), ["x.rs:2", "x.rs:3"]);
    }

    #[test]
    fn talking_about_them_is_fine() {
        assert_eq!(findings("//! No async here.\nconst A: &str = \"HashMap\";\nstruct Instants;\n"), [""; 0]);
    }
}
