//! NetBox's words for status and severity, and what each asks for. Both tables can be changed.

use pagebridge_core::Status;
use std::collections::BTreeMap;

/// Statuses of an Incident, in the order in which it goes through them.
pub(super) const INCIDENT_STATUSES: [&str; 6] =
    ["new", "investigating", "identified", "monitoring", "resolved", "closed"];
/// Statuses of an Event.
pub(super) const EVENT_STATUSES: [&str; 3] = ["triggered", "ok", "suppressed"];

/// Which status asks for what. Upper and lower case are the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statuses {
    table: BTreeMap<String, Status>,
}

impl Statuses {
    /// As the document of the old module says: `monitoring` ends an alert.
    #[must_use]
    pub fn documented() -> Self {
        Self::coded().with("monitoring", Status::Resolved)
    }

    /// As its code did: `monitoring` acknowledges.
    #[must_use]
    pub fn coded() -> Self {
        use Status::{Acknowledged, Resolved, Triggered};
        let table = [
            (Triggered, ["triggered", "new", "investigating", "identified"].as_slice()),
            (Acknowledged, &["acknowledged", "monitoring"]),
            (Resolved, &["ok", "resolved", "closed", "suppressed"]),
        ];
        let words = table.into_iter().flat_map(|(status, words)| words.iter().map(move |word| (*word, status)));
        Self { table: words.map(|(word, status)| (word.to_owned(), status)).collect() }
    }

    /// The preset with this name.
    #[must_use]
    pub fn preset(name: &str) -> Option<Self> {
        match name {
            "documented" => Some(Self::documented()),
            "coded" => Some(Self::coded()),
            _ => None,
        }
    }

    /// The same with one status changed.
    #[must_use]
    pub fn with(mut self, word: &str, status: Status) -> Self {
        self.table.insert(word.trim().to_lowercase(), status);
        self
    }

    /// What a status asks for. One that nobody knows pages, as it always did: a page too many is better than none.
    #[must_use]
    pub fn of(&self, word: &str) -> Status {
        self.known(word).unwrap_or(Status::Triggered)
    }

    /// The same; `None` for a status that nobody knows.
    #[must_use]
    pub fn known(&self, word: &str) -> Option<Status> {
        self.table.get(word.trim().to_lowercase().as_str()).copied()
    }

    /// The same where an acknowledgement is written as `word`: that status, and what comes after it and is not over,
    /// counts as acknowledged, or what is written would be read as something else.
    pub(super) fn acknowledged_from(self, word: &str) -> Self {
        let from = INCIDENT_STATUSES.iter().skip_while(|status| **status != word);
        let open: Vec<&str> = from.copied().filter(|status| self.of(status) != Status::Resolved).collect();
        open.into_iter().fold(self, |statuses, status| statuses.with(status, Status::Acknowledged))
    }

    /// Statuses of Incidents that are not over.
    pub(super) fn open_incidents(&self) -> Vec<&'static str> {
        INCIDENT_STATUSES.into_iter().filter(|word| self.of(word) != Status::Resolved).collect()
    }

    /// Statuses of Events that are not over.
    pub(super) fn open_events(&self) -> Vec<&'static str> {
        EVENT_STATUSES.into_iter().filter(|word| self.of(word) != Status::Resolved).collect()
    }
}

/// Which severity pages how loudly.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Severities {
    changed: BTreeMap<String, String>,
}

impl Severities {
    /// The severities that PagerDuty knows.
    pub const PAGERDUTY: [&str; 4] = ["critical", "error", "warning", "info"];

    /// The same with one word changed, exactly as NetBox writes it; `None` when PagerDuty has no such severity.
    #[must_use]
    pub fn with(mut self, word: &str, severity: &str) -> Option<Self> {
        Self::PAGERDUTY.contains(&severity).then(|| {
            self.changed.insert(word.to_owned(), severity.to_owned());
            self
        })
    }

    /// PagerDuty's severity for NetBox's. The old module knew words in lower and in upper case and took all others for
    /// `warning`.
    #[must_use]
    pub fn of(&self, word: &str) -> &str {
        if let Some(severity) = self.changed.get(word) {
            return severity;
        }
        match word {
            "CRITICAL" | "critical" => "critical",
            "HIGH" | "high" => "error",
            "LOW" | "low" | "INFO" | "info" | "OK" | "ok" => "info",
            _ => "warning",
        }
    }
}
