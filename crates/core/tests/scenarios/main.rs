//! Runs the scenarios in `scenarios/`: timed inputs, and what must follow from each.
//!
//! Lines with `=>` are what really followed, compared exactly. `UPDATE_SCENARIOS=1 cargo test -p pagebridge-core`
//! rewrites them, so that a change in behaviour is reviewed as a change of text. The words are explained in
//! `scenarios/README.md`.

mod render;
mod words;
mod world;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use words::Words;
use world::World;

fn files() -> Vec<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios");
    let found = std::fs::read_dir(dir).expect("the workspace has a directory of scenarios");
    let paths = found.map(|entry| entry.expect("the directory can be listed").path());
    let mut files: Vec<PathBuf> = paths.filter(|path| path.extension().is_some_and(|e| e == "txt")).collect();
    files.sort();
    files
}

/// Runs one scenario and returns it with what really followed in place of what was expected.
fn played(text: &str) -> Result<String, String> {
    let mut world = World::default();
    let mut out = String::new();
    let inputs = text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("=>"));
    for (number, line) in inputs {
        writeln!(out, "{line}").expect("a string takes all");
        let mut words = Words::of(line);
        if words.is_empty() {
            continue;
        }
        let followed = world.play(&mut words).and_then(|followed| words.end().map(|()| followed));
        for line in followed.map_err(|error| format!("line {}: {error}", number + 1))? {
            writeln!(out, "  => {line}").expect("a string takes all");
        }
    }
    Ok(out)
}

/// The first line that differs.
fn difference(expected: &str, actual: &str) -> String {
    let (mut expected, mut actual) = (expected.lines(), actual.lines());
    let (mut number, mut input) = (0, "");
    loop {
        number += 1;
        let (want, got) = (expected.next(), actual.next());
        if want != got {
            let (want, got) = (want.unwrap_or("(the end)"), got.unwrap_or("(the end)"));
            return format!("line {number}, after `{input}`\n  expected {want}\n  followed {got}");
        }
        match got {
            Some(line) if !line.trim_start().starts_with("=>") => input = line,
            Some(_) => {}
            None => return "nothing differs but the end of the last line".to_owned(),
        }
    }
}

#[test]
fn what_follows_is_what_the_scenarios_say() {
    let update = std::env::var_os("UPDATE_SCENARIOS").is_some();
    let mut wrong = String::new();
    let files = files();
    assert!(files.len() > 20, "only {} scenarios were found", files.len());
    for file in files {
        let name = file.file_name().expect("a listed file has a name").to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&file).expect("a scenario can be read");
        match played(&text) {
            Err(error) => writeln!(wrong, "{name}: {error}").expect("a string takes all"),
            Ok(actual) if actual == text => {}
            Ok(actual) if update => std::fs::write(&file, actual).expect("a scenario can be written"),
            Ok(actual) => writeln!(wrong, "{name}: {}", difference(&text, &actual)).expect("a string takes all"),
        }
    }
    assert!(wrong.is_empty(), "{wrong}\nUPDATE_SCENARIOS=1 rewrites what is expected; then review the change");
}

#[test]
fn a_wrong_expectation_is_found() {
    let text = "bridge opsgenie-proxy\n00:00 opsgenie a-1 created \"disk full\" high\n  => nothing\n";
    let actual = played(text).expect("the scenario is well written");
    assert!(difference(text, &actual).starts_with("line 3, after `00:00 opsgenie a-1 created"), "{actual}");
}

#[test]
fn a_line_that_says_more_than_is_understood_is_refused() {
    for line in ["00:00 opsgenie a-1 created \"x\" high loudly", "00:00 opsgenie a-1 exploded", "bridge none"] {
        let text = format!("bridge opsgenie-proxy\n{line}\n");
        assert!(played(&text).is_err(), "{line}");
    }
}
