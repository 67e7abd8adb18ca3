//! Writing for people and for programs.

use comfy_table::presets::NOTHING;
use comfy_table::{ContentArrangement, Table};
use owo_colors::OwoColorize;
use serde::Serialize;
use std::io::Write;

/// Writes a line to standard output. A reader that has gone away (`| head`) is no error.
pub(crate) fn say(line: &str) {
    let _ = writeln!(anstream::stdout(), "{line}");
}

/// Writes a line to standard error.
pub(crate) fn complain(line: &str) {
    let _ = writeln!(anstream::stderr(), "{line}");
}

/// Writes one JSON document on one line, at once.
pub(crate) fn say_json(value: &impl Serialize) {
    let text = serde_json::to_string(value).expect("what is shown has text keys");
    say(&text);
    let _ = std::io::stdout().flush();
}

pub(crate) fn red(text: &str) -> String {
    text.red().bold().to_string()
}

pub(crate) fn yellow(text: &str) -> String {
    text.yellow().to_string()
}

pub(crate) fn green(text: &str) -> String {
    text.green().to_string()
}

pub(crate) fn bold(text: &str) -> String {
    text.bold().to_string()
}

/// A table with these heads, as wide as the terminal.
pub(crate) fn table(heads: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(heads.iter().map(|head| head.to_uppercase()));
    table
}

/// How many characters fit in a line of the terminal, if it is one.
pub(crate) fn width() -> Option<usize> {
    pairs().width().map(usize::from)
}

/// A table without heads: names and values.
pub(crate) fn pairs() -> Table {
    let mut table = Table::new();
    table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table
}

/// Writes a table, or what to say when it is empty.
pub(crate) fn say_table(table: &Table, empty: &str) {
    if table.is_empty() {
        say(empty);
        return;
    }
    for line in table.lines() {
        say(line.trim_end());
    }
}

/// Shows times in one zone.
pub(crate) struct Times(jiff::tz::TimeZone);

impl Times {
    /// The zone of the machine, or UTC.
    pub(crate) fn new(utc: bool) -> Self {
        Self(if utc { jiff::tz::TimeZone::UTC } else { jiff::tz::TimeZone::system() })
    }

    /// Shows an RFC 3339 time without zone and fraction; what is none is shown as it is.
    pub(crate) fn show(&self, text: &str) -> String {
        match text.parse::<jiff::Timestamp>() {
            Ok(time) => time.to_zoned(self.0.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string(),
            Err(_) => text.to_owned(),
        }
    }

    /// What a column of times is called.
    pub(crate) fn head(&self, name: &str) -> String {
        if self.0 == jiff::tz::TimeZone::UTC { format!("{name} (UTC)") } else { name.to_owned() }
    }
}

/// Cuts a text that is too long for a table.
pub(crate) fn brief(text: &str, length: usize) -> String {
    let line = text.lines().next().unwrap_or_default();
    if line.chars().count() <= length && line.len() == text.len() {
        return line.to_owned();
    }
    let cut: String = line.chars().take(length.saturating_sub(1)).collect();
    format!("{cut}…")
}
