//! `export stackstorm-pack`: writes the pack, or checks one.

use crate::exit::{CliError, Exit};
use crate::output;
use clap::{Args, ValueEnum};
use pagebridge_stackstorm::{Fault, Files, Ref, check, pack};
use serde_json::json;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Most files, and most bytes of one, that are read of a pack that is checked.
const FILES_MAX: usize = 10_000;
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// How many directories deep a pack is read.
const DEPTH_MAX: usize = 8;

#[derive(Debug, Args)]
pub(crate) struct PackArgs {
    /// The directory of the pack; made if it is not there
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// What the pack is called: `pagerduty` takes the place of the old pack of that name, `pagebridge` is beside it
    #[arg(long = "ref", value_enum, default_value_t = Name::Pagerduty, conflicts_with = "check")]
    name: Name,
    /// Write even if the directory holds something else; what is not of the pack stays
    #[arg(long, conflicts_with = "check")]
    force: bool,
    /// Write nothing: find what StackStorm would refuse in the pack that is in the directory, be it ours or another
    #[arg(long)]
    check: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Name {
    Pagerduty,
    Pagebridge,
}

pub(super) fn run(args: &PackArgs, json: bool) -> Result<(), CliError> {
    if args.check { check_dir(&args.dir, json) } else { write(args, json) }
}

fn write(args: &PackArgs, json: bool) -> Result<(), CliError> {
    let name = match args.name {
        Name::Pagerduty => Ref::PagerDuty,
        Name::Pagebridge => Ref::Pagebridge,
    };
    let files = pack(name);
    let faults = check(&files);
    if let Some(fault) = faults.first() {
        let hint = "this is a fault of the program: please report it";
        return Err(CliError::new(Exit::Failed, format!("the pack would not be taken: {fault}"), hint));
    }
    if !args.force {
        check_empty(&args.dir, name)?;
    }
    for (path, bytes) in &files {
        let path = args.dir.join(path);
        let parent = path.parent().unwrap_or(&args.dir);
        std::fs::create_dir_all(parent)
            .and_then(|()| std::fs::write(&path, bytes))
            .map_err(|error| failed(&path, "write", &error))?;
    }
    let written: Vec<&String> = files.keys().collect();
    if json {
        output::say_json(&json!({"dir": args.dir, "ref": name.as_str(), "files": written}));
        return Ok(());
    }
    let count = |directory: &str| files.keys().filter(|path| path.starts_with(directory)).count();
    output::say(&format!(
        "Wrote the pack `{}` to {}: {} actions, {} aliases, {} rule.\nIts README.md tells how to install it, and what is new to users of the old pack.",
        name.as_str(),
        args.dir.display(),
        count("actions/"),
        count("aliases/"),
        count("rules/"),
    ));
    Ok(())
}

/// A directory that is empty, or holds this pack already, can be written to.
fn check_empty(dir: &Path, name: Ref) -> Result<(), CliError> {
    let mut entries = match std::fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed(dir, "read", &error)),
    };
    // Only the old pack has code of its own, so whoever has this example and no code has ours.
    let ours = dir.join(format!("{}.yaml.example", name.as_str())).exists()
        && std::fs::read(dir.join("README.md"))
            .is_ok_and(|text| String::from_utf8_lossy(&text).contains("pagebridge export"));
    if ours || entries.next().is_none() {
        return Ok(());
    }
    let hint = "name a directory that is empty or not there, or say --force";
    Err(CliError::new(Exit::Config, format!("{} holds something that is not this pack", dir.display()), hint))
}

fn check_dir(dir: &Path, json: bool) -> Result<(), CliError> {
    let mut files = Files::new();
    read(dir, dir, 0, &mut files)?;
    let faults = check(&files);
    if json {
        output::say_json(&json!({"files": files.len(), "faults": faults}));
    } else {
        let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
        output::say(&if lines.is_empty() { format!("{} files, no fault", files.len()) } else { lines.join("\n") });
    }
    match faults.iter().filter(|fault| !fault.warning).count() {
        0 => Ok(()),
        count => Err(refused(dir, count, &faults)),
    }
}

fn refused(dir: &Path, count: usize, faults: &[Fault]) -> CliError {
    let first = faults.iter().find(|fault| !fault.warning).map(ToString::to_string).unwrap_or_default();
    let message = format!("StackStorm would not take {}: {count} faults, the first is {first}", dir.display());
    CliError::new(Exit::Failed, message, "mend what is listed on standard output")
}

/// Reads the files of a pack; what is hidden is no part of it.
fn read(root: &Path, dir: &Path, depth: usize, files: &mut Files) -> Result<(), CliError> {
    for entry in std::fs::read_dir(dir).map_err(|error| failed(dir, "read", &error))? {
        let entry = entry.map_err(|error| failed(dir, "read", &error))?;
        let (path, kind) = (entry.path(), entry.file_type().map_err(|error| failed(dir, "read", &error))?);
        let inside = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
        if entry.file_name().to_string_lossy().starts_with('.') || depth == DEPTH_MAX {
            continue;
        }
        if kind.is_dir() {
            read(root, &path, depth + 1, files)?;
            continue;
        }
        let size = std::fs::metadata(&path).map_err(|error| failed(&path, "read", &error))?.len();
        if files.len() == FILES_MAX || size > FILE_BYTES_MAX {
            let message = format!("{} is more than a pack may be: {FILES_MAX} files of 4 MiB", path.display());
            return Err(CliError::new(Exit::Config, message, "name the directory of one pack"));
        }
        files.insert(inside, std::fs::read(&path).map_err(|error| failed(&path, "read", &error))?);
    }
    Ok(())
}

fn failed(path: &Path, what: &str, error: &std::io::Error) -> CliError {
    let hint = "name a directory that exists or can be made, and that you may read and write";
    CliError::new(Exit::Failed, format!("cannot {what} {}: {error}", path.display()), hint)
}
