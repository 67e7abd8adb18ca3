//! What is wrong with a configuration, all of it at once, each with its place and its remedy.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use serde::Serialize;
use std::ops::Range;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Severity {
    /// It cannot be used.
    Error,
    /// It can, but a person should know.
    Warning,
}

/// One thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) severity: Severity,
    /// Where in the file; nothing when it is not about a place in the file.
    pub(crate) at: Option<Range<usize>>,
    /// What is wrong.
    pub(crate) message: String,
    /// What to do.
    pub(crate) fix: String,
}

/// All things found, and the parts of the file that must not be shown.
#[derive(Clone, Debug, Default)]
pub(crate) struct Findings {
    pub(crate) list: Vec<Finding>,
    hidden: Vec<Range<usize>>,
}

impl Findings {
    pub(crate) fn error(
        &mut self,
        at: impl Into<Option<Range<usize>>>,
        message: impl Into<String>,
        fix: impl Into<String>,
    ) {
        self.push(Severity::Error, at.into(), message.into(), fix.into());
    }

    pub(crate) fn warn(
        &mut self,
        at: impl Into<Option<Range<usize>>>,
        message: impl Into<String>,
        fix: impl Into<String>,
    ) {
        self.push(Severity::Warning, at.into(), message.into(), fix.into());
    }

    fn push(&mut self, severity: Severity, at: Option<Range<usize>>, message: String, fix: String) {
        self.list.push(Finding { severity, at, message, fix });
    }

    /// Keeps a part of the file out of everything that is printed.
    pub(crate) fn hide(&mut self, at: Range<usize>) {
        self.hidden.push(at);
    }

    pub(crate) fn has_errors(&self) -> bool {
        self.list.iter().any(|f| f.severity == Severity::Error)
    }

    /// Puts them in the order of the file; what has no place comes last.
    pub(crate) fn sort(&mut self) {
        self.list.sort_by_key(|f| f.at.as_ref().map_or(usize::MAX, |at| at.start));
    }

    /// Draws them for people.
    pub(crate) fn render(&self, path: &str, source: &str, colour: bool) -> String {
        let shown = self.masked(source);
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        let draw = |finding: &Finding| renderer.render(&finding.groups(path, &shown));
        self.list.iter().map(draw).collect::<Vec<_>>().join("\n\n") + "\n"
    }

    /// Lists them for programs.
    pub(crate) fn json(&self, source: &str) -> serde_json::Value {
        let row = |f: &Finding| {
            let (line, column) = f.at.as_ref().map(|at| position(source, at.start)).unzip();
            serde_json::json!({
                "severity": f.severity, "line": line, "column": column, "message": f.message, "fix": f.fix,
            })
        };
        self.list.iter().map(row).collect()
    }

    /// The file with its secrets overwritten; every place keeps its offset.
    fn masked(&self, source: &str) -> String {
        let mut bytes = source.as_bytes().to_vec();
        let by_name = secret_lines(source);
        for range in self.hidden.iter().chain(&by_name) {
            let end = range.end.min(bytes.len());
            for byte in bytes.iter_mut().take(end).skip(range.start) {
                if !matches!(byte, b'"' | b'\'') && !byte.is_ascii_whitespace() {
                    *byte = b'*';
                }
            }
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// Values that look like secrets by the names of their keys, for files that could not even be parsed.
fn secret_lines(source: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    for line in source.split_inclusive('\n') {
        let secret = line.match_indices('=').find(|(at, _)| is_secret(&line[..*at], &line[at + 1..]));
        found.extend(secret.map(|(at, _)| start + at + 1..start + line.len()));
        start += line.len();
    }
    found
}

/// Whether a value stands in the file itself, and its key is called like that of a secret.
fn is_secret(before: &str, value: &str) -> bool {
    let key = before.rsplit(['{', ',', '.']).next().unwrap_or_default().to_ascii_lowercase();
    let elsewhere = value.trim_start_matches(['[', ' ', '\t']).starts_with('{');
    !elsewhere && ["key", "token", "secret", "password"].iter().any(|word| key.contains(word))
}

impl Finding {
    fn groups<'a>(&'a self, path: &'a str, source: &'a str) -> Vec<Group<'a>> {
        let level = match self.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let title = level.primary_title(self.message.as_str());
        let group = match &self.at {
            Some(at) => {
                let mark = AnnotationKind::Primary.span(at.start.min(source.len())..at.end.min(source.len()));
                title.element(Snippet::source(source).path(path).annotation(mark))
            }
            None => Group::with_title(title),
        };
        let group = if self.fix.is_empty() { group } else { group.element(Level::HELP.message(self.fix.as_str())) };
        vec![group]
    }
}

/// Line and column of an offset, from 1.
fn position(source: &str, offset: usize) -> (usize, usize) {
    let before = &source[..source.floor_char_boundary(offset)];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (line, column)
}
