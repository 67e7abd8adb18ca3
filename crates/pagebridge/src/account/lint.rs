//! `lint`: what is wrong with events, before they are sent.

use crate::exit::{CliError, Exit};
use crate::output;
use clap::Args;
use pagebridge_account::lint::{Level, Lint, Together, lint, split};
use serde_json::{Value, json};
use std::io::Read;
use std::path::{Path, PathBuf};

/// Largest text that is read, in bytes.
const TEXT_SIZE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Which events.
#[derive(Clone, Debug, Args)]
pub(crate) struct LintArgs {
    /// One event as JSON, a list of them, or one a line; `-` reads standard input
    #[arg(value_name = "FILE", default_value = "-")]
    file: PathBuf,
    /// End with 1 also when there is a warning
    #[arg(long)]
    strict: bool,
}

/// What was found in one event, or in all together.
struct Told {
    /// From 1; `None` for all together.
    event: Option<usize>,
    line: Option<usize>,
    lint: Lint,
}

pub(crate) fn run(args: &LintArgs, as_json: bool) -> Result<(), CliError> {
    let events = split(&read(&args.file)?);
    let (mut all, mut together) = (Vec::new(), Together::default());
    for (place, (line, text)) in events.iter().enumerate() {
        let found = lint(text).into_iter();
        all.extend(found.map(|lint| Told { event: Some(place + 1), line: *line, lint }));
        if let Ok(event) = serde_json::from_str::<Value>(text) {
            together.add(&event);
        }
    }
    all.extend(together.judge().into_iter().map(|lint| Told { event: None, line: None, lint }));
    show(&all, events.len(), as_json);
    let count = |level| all.iter().filter(|told| told.lint.level == level).count();
    let (errors, warnings) = (count(Level::Error), count(Level::Warning));
    let ended = match (errors, warnings) {
        (0, 0) => return Ok(()),
        (0, warnings) if !args.strict => {
            if !as_json {
                output::complain(&format!("{}, no errors", number(warnings, "warning")));
            }
            return Ok(());
        }
        (0, warnings) => number(warnings, "warning"),
        (errors, warnings) => format!("{}, {}", number(errors, "error"), number(warnings, "warning")),
    };
    let hint = if as_json { "" } else { "PagerDuty refuses what is an error; the column REMEDY says what to do" };
    Err(CliError::new(Exit::Failed, ended, hint))
}

fn read(file: &Path) -> Result<String, CliError> {
    let failed = |error: std::io::Error| {
        let message = format!("{} cannot be read: {error}", file.display());
        CliError::new(Exit::Failed, message, "give the path of a file with events as JSON, or `-` for standard input")
    };
    let mut bytes = Vec::new();
    if file == Path::new("-") {
        std::io::stdin().lock().take(TEXT_SIZE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(failed)?;
    } else {
        let opened = std::fs::File::open(file).map_err(failed)?;
        opened.take(TEXT_SIZE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(failed)?;
    }
    if bytes.len() as u64 > TEXT_SIZE_BYTES_MAX {
        let message = format!("{} has more than {TEXT_SIZE_BYTES_MAX} bytes", file.display());
        return Err(CliError::new(Exit::Failed, message, "lint it in parts"));
    }
    String::from_utf8(bytes).map_err(|_| {
        CliError::new(Exit::Failed, format!("{} is not UTF-8", file.display()), "PagerDuty takes JSON in UTF-8")
    })
}

fn show(all: &[Told], events: usize, as_json: bool) {
    if as_json {
        let findings: Vec<Value> = all.iter().map(shown).collect();
        let ok = all.iter().all(|told| told.lint.level != Level::Error);
        return output::say_json(&json!({"ok": ok, "events": events, "findings": findings}));
    }
    let mut heads = vec!["level", "rule", "found", "remedy"];
    if events > 1 {
        heads.insert(0, "event");
    }
    let mut table = output::table(&heads);
    for Told { event, line, lint } in all {
        let event = match (event, line) {
            (_, Some(line)) => format!("line {line}"),
            (Some(event), None) => event.to_string(),
            (None, None) => "all".to_owned(),
        };
        let level = match lint.level {
            Level::Error => "ERROR",
            Level::Warning => "warning",
        };
        let found =
            if lint.field.is_empty() { lint.detail.clone() } else { format!("{}: {}", lint.field, lint.detail) };
        let cells = [level.to_owned(), lint.rule.to_owned(), found, lint.remedy.to_owned()];
        table.add_row((events > 1).then_some(event).into_iter().chain(cells));
    }
    output::say_table(&table, &format!("nothing is wrong with {}", number(events, "event")));
}

fn number(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

fn shown(told: &Told) -> Value {
    let mut shown = serde_json::to_value(&told.lint).unwrap_or_default();
    shown["event"] = told.event.into();
    shown["line"] = told.line.into();
    shown
}
