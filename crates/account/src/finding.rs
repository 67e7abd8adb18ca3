//! What a check found.

use serde::Serialize;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// As it should be.
    Ok,
    /// Works, but a person should know.
    Warning,
    /// Somebody is not paged, or something is refused.
    Failed,
}

/// What a finding is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Object {
    /// What it is, such as `service`.
    pub kind: &'static str,
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its page for people, where the API names one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

impl Object {
    /// Names an object.
    pub fn new(kind: &'static str, id: &str, name: &str, url: Option<&String>) -> Self {
        Self { kind, id: id.to_owned(), name: name.to_owned(), url: url.cloned() }
    }
}

/// One thing that a check found: that all is well, or what is not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The check, one of [`CHECKS`](crate::CHECKS) or [`AUDITS`](crate::AUDITS).
    pub check: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What it is about, where that is one object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object: Option<Object>,
    /// What was found.
    pub detail: String,
    /// What a person can do; empty when nothing need be done.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub remedy: String,
}

impl Finding {
    /// All is well.
    pub fn ok(check: &'static str, detail: impl Into<String>) -> Self {
        Self { check, severity: Severity::Ok, object: None, detail: detail.into(), remedy: String::new() }
    }

    /// A person should know.
    pub fn warning(check: &'static str, detail: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, remedy: remedy.into(), ..Self::ok(check, detail) }
    }

    /// Somebody is not paged, or something is refused.
    pub fn failed(check: &'static str, detail: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { severity: Severity::Failed, ..Self::warning(check, detail, remedy) }
    }

    /// Says what it is about.
    #[must_use]
    pub fn about(mut self, object: Object) -> Self {
        self.object = Some(object);
        self
    }
}

/// A check as the documentation lists it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckInfo {
    /// Its name in findings.
    pub name: &'static str,
    /// What it finds.
    pub finds: &'static str,
    /// What to do about it.
    pub remedy: &'static str,
    /// Where the rule comes from.
    pub source: &'static str,
}

/// Gives `all is well` where a check found nothing.
pub(crate) fn or_ok(check: &'static str, found: Vec<Finding>, well: impl FnOnce() -> String) -> Vec<Finding> {
    if found.is_empty() { vec![Finding::ok(check, well())] } else { found }
}

/// Writes a number with its noun: `1 service`, `2 services`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    let many = match noun.strip_suffix('y') {
        Some(stem) => format!("{stem}ies"),
        None => format!("{noun}s"),
    };
    if number == 1 { format!("1 {noun}") } else { format!("{number} {many}") }
}

/// Lists the first few of many names.
pub(crate) fn some_of<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    const SHOWN: usize = 3;
    let all: Vec<&str> = names.into_iter().collect();
    let more = all.len().saturating_sub(SHOWN);
    let shown = all.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ");
    if more == 0 { shown } else { format!("{shown} and {more} more") }
}
