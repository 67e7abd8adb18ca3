//! What a drill came to.

use serde::Serialize;

/// The figures of a drill, and what had to hold.
#[derive(Debug, Serialize)]
pub(crate) struct Verdict {
    pub(crate) title: &'static str,
    pub(crate) figures: Vec<Figure>,
    pub(crate) checks: Vec<Check>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Figure {
    pub(crate) what: &'static str,
    pub(crate) value: i64,
}

/// One thing that had to hold.
#[derive(Debug, Serialize)]
pub(crate) struct Check {
    pub(crate) what: &'static str,
    pub(crate) holds: bool,
    /// What was found that should not be.
    pub(crate) found: Vec<String>,
}

impl Verdict {
    pub(crate) fn new(title: &'static str) -> Self {
        Self { title, figures: Vec::new(), checks: Vec::new() }
    }

    pub(crate) fn figure(&mut self, what: &'static str, value: usize) {
        self.figures.push(Figure { what, value: i64::try_from(value).unwrap_or(i64::MAX) });
    }

    /// Holds when nothing was found that should not be.
    pub(crate) fn none(&mut self, what: &'static str, found: Vec<String>) {
        self.checks.push(Check { what, holds: found.is_empty(), found });
    }

    pub(crate) fn holds(&mut self, what: &'static str, holds: bool, found: impl Into<String>) {
        let found = if holds { Vec::new() } else { vec![found.into()] };
        self.checks.push(Check { what, holds, found });
    }
}
