//! What StackStorm would refuse in a pack, or leave unread: the form of its files, and the rules of the loader.
//!
//! | rule | where |
//! | --- | --- |
//! | files: `pack.yaml`, `actions/`, only `.yaml` and `.yml` are read, YAML that can be read | `mod` |
//! | `pack.yaml` and `config.schema.yaml`: keys, names, versions | `about` |
//! | actions: keys, runner, entry point, names | `action` |
//! | parameters: names, keywords, types, positions, immutable ones, the runner's own | `param`, `runner` |
//! | aliases and rules: keys, forms, what they refer to | `alias`, `rule` |

mod about;
mod action;
mod alias;
mod fields;
mod param;
mod rule;
mod runner;

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::Files;

pub(crate) use runner::HTTP_NAMES;

/// Something wrong with a pack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// The file, by its path within the pack; a directory ends in `/`.
    pub file: String,
    /// The line, if the file is no YAML.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// What is wrong.
    pub message: String,
    /// Whether StackStorm takes the pack all the same.
    pub warning: bool,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = self.line.map(|line| format!(":{line}")).unwrap_or_default();
        let warning = if self.warning { "warning: " } else { "" };
        write!(f, "{}{line}: {warning}{}", self.file, self.message)
    }
}

/// A file's fields.
type Fields = Map<String, Value>;

/// What is being checked, and what was found.
struct Check<'a> {
    files: &'a Files,
    /// What the pack is called; empty if it does not say.
    name: String,
    /// The actions' fields by name.
    actions: BTreeMap<String, Fields>,
    faults: Vec<Fault>,
}

/// Finds what is wrong with a pack, file by file.
pub fn check(files: &Files) -> Vec<Fault> {
    let mut check = Check { files, name: String::new(), actions: BTreeMap::new(), faults: Vec::new() };
    about::pack(&mut check);
    about::config(&mut check);
    action::all(&mut check);
    alias::all(&mut check);
    rule::all(&mut check);
    unread(&mut check);
    check.faults.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
    check.faults
}

impl Check<'_> {
    fn fault(&mut self, file: &str, message: impl Into<String>) {
        self.faults.push(Fault { file: file.to_owned(), line: None, message: message.into(), warning: false });
    }

    fn warn(&mut self, file: &str, message: impl Into<String>) {
        self.faults.push(Fault { file: file.to_owned(), line: None, message: message.into(), warning: true });
    }

    /// Reads a file as a map, or says why not.
    fn read(&mut self, file: &str) -> Option<Fields> {
        let bytes = self.files.get(file)?;
        let read = std::str::from_utf8(bytes).map_err(|_| (None, "it is not UTF-8".to_owned())).and_then(|text| {
            serde_saphyr::from_str::<Value>(text).map_err(|error| {
                let line = error.location().map(|location| location.line());
                let message = error.without_snippet().to_string();
                (line, format!("it is no YAML: {}", message.lines().next().unwrap_or_default()))
            })
        });
        match read {
            Ok(Value::Object(fields)) => Some(fields),
            Ok(_) => {
                self.fault(file, "it is not a map of keys and values");
                None
            }
            Err((line, message)) => {
                self.faults.push(Fault { file: file.to_owned(), line, message, warning: false });
                None
            }
        }
    }

    /// Reads the files of a directory that StackStorm reads.
    fn read_all(&mut self, directory: &str) -> Vec<(String, Fields)> {
        let files: Vec<String> = in_directory(self.files, directory).filter(|file| is_read(file)).cloned().collect();
        files.into_iter().filter_map(|file| self.read(&file).map(|fields| (file, fields))).collect()
    }
}

/// The files right in a directory; those deeper are not looked at by StackStorm.
fn in_directory<'a>(files: &'a Files, directory: &'a str) -> impl Iterator<Item = &'a String> {
    files.keys().filter(move |file| {
        file.strip_prefix(directory).and_then(|rest| rest.strip_prefix('/')).is_some_and(|rest| !rest.contains('/'))
    })
}

fn is_read(file: &str) -> bool {
    [".yaml", ".yml"].iter().any(|ending| file.ends_with(ending))
}

/// Files that look like metadata, and that nobody reads.
fn unread(check: &mut Check<'_>) {
    let entry_points: Vec<String> = check
        .actions
        .values()
        .filter_map(|fields| fields.get("entry_point")?.as_str())
        .map(|entry| format!("actions/{entry}"))
        .collect();
    for directory in ["actions", "aliases", "rules", "sensors", "triggers", "policies"] {
        let files: Vec<String> = in_directory(check.files, directory).cloned().collect();
        for file in files {
            let code = [".py", ".sh"].iter().any(|ending| file.ends_with(ending)) || entry_points.contains(&file);
            if !is_read(&file) && !code {
                check.warn(&file, "StackStorm reads only .yaml and .yml here");
            }
            if is_read(&file) && !["actions", "aliases", "rules"].contains(&directory) {
                check.warn(&file, "this kind of file is not checked");
            }
        }
    }
}
