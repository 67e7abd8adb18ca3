//! From what was typed to the input of an action.

use super::grammar::{ALL, is_listing};
use crate::exit::{CliError, Exit};
use clap::ArgMatches;
use clap::parser::ValueSource;
use pagebridge_actions::{Action, Kind, Param};
use serde_json::{Map, Value, json};
use std::io::Read;

/// Most that is read of a file or of standard input, in bytes.
const READ_SIZE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// Reads what stands elsewhere: `@FILE`, and `-` for standard input, which can be read once.
#[derive(Default)]
pub(super) struct Elsewhere {
    read_by: Option<String>,
}

impl Elsewhere {
    /// Gives the text that `value` stands for.
    pub(super) fn text(&mut self, name: &str, value: &str) -> Result<String, CliError> {
        match value.strip_prefix('@') {
            Some(path) => {
                let file = std::fs::File::open(path).map_err(|error| unreadable(name, path, &error))?;
                limited(name, path, file)
            }
            None => self.typed(name, value),
        }
    }

    /// The same where a text may well begin with `@`.
    fn typed(&mut self, name: &str, value: &str) -> Result<String, CliError> {
        if value != "-" {
            return Ok(value.to_owned());
        }
        if let Some(first) = self.read_by.replace(name.to_owned()) {
            let message = format!("{first} and {name} cannot both be read from standard input");
            return Err(CliError::new(Exit::Usage, message, "give one of them otherwise"));
        }
        limited(name, "standard input", std::io::stdin())
    }

    /// Reads JSON.
    pub(super) fn json(&mut self, name: &str, value: &str) -> Result<Value, CliError> {
        let text = self.text(name, value)?;
        serde_json::from_str(&text).map_err(|error| {
            // The text itself may hold a secret.
            let message = format!("{name} is not JSON: {error}");
            CliError::new(
                Exit::Usage,
                message,
                "give JSON, or `@FILE` or `-` to read it from a file or from standard input",
            )
        })
    }
}

fn limited(name: &str, place: &str, from: impl Read) -> Result<String, CliError> {
    let mut text = String::new();
    let read = from
        .take(READ_SIZE_BYTES_MAX + 1)
        .read_to_string(&mut text)
        .map_err(|error| unreadable(name, place, &error))?;
    if read as u64 > READ_SIZE_BYTES_MAX {
        let message = format!("{name}: {place} holds more than {READ_SIZE_BYTES_MAX} bytes");
        return Err(CliError::new(Exit::Usage, message, ""));
    }
    Ok(text)
}

fn unreadable(name: &str, place: &str, error: &std::io::Error) -> CliError {
    CliError::new(Exit::Usage, format!("{name}: {place} cannot be read: {error}"), "give a readable file of text")
}

/// Makes the input. Only what was typed is in it: presets are the action's own.
pub(super) fn input(action: &Action, matches: &ArgMatches, elsewhere: &mut Elsewhere) -> Result<Value, CliError> {
    let mut input = Map::new();
    for field in action.fields() {
        if is_listing(&field) && matches.get_flag(ALL) {
            input.insert(field.name.to_owned(), json!(most(&field)));
        } else if field.name != "from_email" && matches.value_source(field.name) == Some(ValueSource::CommandLine) {
            input.insert(field.name.to_owned(), value(&field, matches, elsewhere)?);
        }
    }
    Ok(Value::Object(input))
}

fn most(field: &Param) -> i64 {
    if let Kind::Integer(_, most) = field.kind { most } else { i64::MAX }
}

fn value(field: &Param, matches: &ArgMatches, elsewhere: &mut Elsewhere) -> Result<Value, CliError> {
    let name = field.name;
    let flag = format!("--{}", name.replace('_', "-"));
    let typed = || matches.get_one::<String>(name).map(String::as_str).unwrap_or_default();
    if field.several && !matches!(field.kind, Kind::Object | Kind::Json(_)) {
        return several(name, matches, elsewhere);
    }
    Ok(match field.kind {
        Kind::Integer(..) => json!(matches.get_one::<i64>(name)),
        Kind::Boolean => json!(matches.get_one::<bool>(name)),
        Kind::Texts | Kind::Incidents | Kind::Choices(_) => {
            json!(matches.get_many::<String>(name).into_iter().flatten().collect::<Vec<_>>())
        }
        Kind::Object | Kind::Json(_) => elsewhere.json(&flag, typed())?,
        Kind::Text if field.secret => json!(elsewhere.text(&flag, typed())?.trim()),
        Kind::Text => json!(elsewhere.typed(&flag, typed())?),
        Kind::Choice(_) | Kind::Id | Kind::Incident => json!(typed()),
    })
}

fn several(name: &str, matches: &ArgMatches, elsewhere: &mut Elsewhere) -> Result<Value, CliError> {
    let mut ids = Vec::new();
    for typed in matches.get_many::<String>(name).into_iter().flatten() {
        if typed == "-" {
            ids.extend(elsewhere.typed(name, typed)?.split_whitespace().map(str::to_owned));
        } else {
            ids.push(typed.clone());
        }
    }
    match ids.as_slice() {
        [] => Err(CliError::new(Exit::Usage, "standard input names nothing", "")),
        [one] => Ok(json!(one)),
        _ => Ok(json!(ids)),
    }
}
