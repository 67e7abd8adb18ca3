//! The file that says what the sandbox's PagerDuty holds at the start.
//!
//! Objects name each other by name, id or e-mail. Whether what they name is there is checked when it is put in
//! (`pagerduty::seeding`).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::civil::Time;
use serde::Deserialize;

/// What the sandbox's PagerDuty holds at the start, besides the automation user and the priorities.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SeedFile {
    pub(crate) users: Vec<SeedUser>,
    pub(crate) teams: Vec<SeedTeam>,
    pub(crate) schedules: Vec<SeedSchedule>,
    pub(crate) escalation_policies: Vec<SeedPolicy>,
    pub(crate) services: Vec<SeedService>,
    pub(crate) maintenance_windows: Vec<SeedWindow>,
    pub(crate) webhook_subscriptions: Vec<SeedSubscription>,
    pub(crate) incidents: Vec<SeedIncident>,
}

/// Says why a seed file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// The file cannot be read.
    #[error("cannot read the seed file {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// The text is not JSON, or not the JSON that is expected.
    #[error("seed file, at `{place}`: {why}")]
    Format {
        /// Where: `services[0].name`.
        place: String,
        /// What is wrong, and what is expected.
        why: String,
    },
    /// A value cannot be used, or names something that is not there.
    #[error("seed file, at `{place}`: {why}")]
    Value {
        /// Where: `services[0].escalation_policy`.
        place: String,
        /// What is wrong, and what is expected.
        why: String,
    },
}

impl SeedFile {
    /// Reads a seed file.
    ///
    /// # Errors
    /// [`SeedError`] if it cannot be read or is not what is expected.
    pub fn read(path: &Path) -> Result<SeedFile, SeedError> {
        let unreadable = |source| SeedError::Read { path: path.to_owned(), source };
        SeedFile::parse(&std::fs::read_to_string(path).map_err(unreadable)?)
    }

    /// Reads the text of a seed file.
    ///
    /// # Errors
    /// [`SeedError::Format`] if it is not what is expected.
    pub fn parse(text: &str) -> Result<SeedFile, SeedError> {
        let mut reader = serde_json::Deserializer::from_str(text);
        let read = serde_path_to_error::deserialize(&mut reader);
        let seed = read.map_err(|error| SeedError::Format {
            place: error.path().to_string(),
            why: with_expectation(error.inner().to_string()),
        })?;
        let more = |error: serde_json::Error| SeedError::Format { place: ".".to_owned(), why: error.to_string() };
        reader.end().map_err(more)?;
        Ok(seed)
    }
}

/// Adds what is expected to the messages of the time library, which only tell what is wrong.
fn with_expectation(why: String) -> String {
    if why.contains("failed to parse") {
        return format!("{why}; expected a time such as 2026-01-31T09:00:00Z, or 09:00:00 for a time of day");
    }
    why
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SeedUser {
    pub(crate) id: Option<String>,
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) role: Option<String>,
    pub(crate) time_zone: Option<String>,
    pub(crate) job_title: Option<String>,
    /// When they are e-mailed; without it, at once for both urgencies.
    pub(crate) notification_rules: Option<Vec<SeedNotificationRule>>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SeedNotificationRule {
    pub(crate) delay_minutes: u32,
    pub(crate) urgency: SeedUrgency,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SeedUrgency {
    High,
    Low,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SeedTeam {
    pub(crate) id: Option<String>,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    #[serde(default)]
    pub(crate) members: Vec<SeedMember>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SeedMember {
    pub(crate) user: String,
    pub(crate) role: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SeedSchedule {
    pub(crate) id: Option<String>,
    pub(crate) name: String,
    pub(crate) time_zone: String,
    pub(crate) layers: Vec<SeedLayer>,
    #[serde(default)]
    pub(crate) overrides: Vec<SeedOverride>,
    #[serde(default)]
    pub(crate) teams: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SeedLayer {
    pub(crate) name: Option<String>,
    pub(crate) start: Timestamp,
    pub(crate) end: Option<Timestamp>,
    pub(crate) turn_seconds: u32,
    pub(crate) users: Vec<String>,
    #[serde(default)]
    pub(crate) restrictions: Vec<SeedRestriction>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SeedRestriction {
    /// From 1 for Monday; every day without it.
    pub(crate) weekday: Option<i8>,
    pub(crate) start: Time,
    pub(crate) duration_seconds: u32,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SeedOverride {
    pub(crate) start: Timestamp,
    pub(crate) end: Timestamp,
    pub(crate) user: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SeedPolicy {
    pub(crate) id: Option<String>,
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) num_loops: u32,
    pub(crate) rules: Vec<SeedRule>,
    pub(crate) team: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SeedRule {
    pub(crate) delay_minutes: u32,
    pub(crate) targets: Vec<SeedTarget>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SeedTarget {
    User(String),
    Schedule(String),
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SeedService {
    pub(crate) id: Option<String>,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    #[serde(default)]
    pub(crate) disabled: bool,
    pub(crate) escalation_policy: String,
    /// Seconds; none switches it off.
    pub(crate) acknowledgement_timeout: Option<u32>,
    /// Seconds; none switches it off.
    pub(crate) auto_resolve_timeout: Option<u32>,
    /// `high`, `low` or `severity_based`, which is the default.
    pub(crate) urgency: Option<String>,
    pub(crate) support_hours: Option<SeedSupportHours>,
    /// Groups alerts that come within so many seconds; 0 for as long as the incident is open.
    pub(crate) group_alerts_seconds: Option<u32>,
    #[serde(default)]
    pub(crate) integrations: Vec<SeedIntegration>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SeedSupportHours {
    pub(crate) time_zone: String,
    /// From 1 for Monday.
    pub(crate) days_of_week: Vec<i8>,
    pub(crate) start_time: Time,
    pub(crate) end_time: Time,
    /// `high`, `low` or `severity_based`.
    pub(crate) urgency_during: String,
    pub(crate) urgency_outside: String,
    /// Whether open incidents of low urgency become high when the hours begin.
    #[serde(default)]
    pub(crate) raise_at_start: bool,
    /// Whether they do when the hours end.
    #[serde(default)]
    pub(crate) raise_at_end: bool,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SeedIntegration {
    pub(crate) id: Option<String>,
    pub(crate) name: Option<String>,
    #[serde(rename = "type", default)]
    pub(crate) kind: SeedIntegrationKind,
    /// The routing key or service key, 32 letters and digits; drawn when absent.
    pub(crate) key: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SeedIntegrationKind {
    #[default]
    EventsV2,
    EventsV1,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SeedWindow {
    pub(crate) services: Vec<String>,
    pub(crate) start: Timestamp,
    pub(crate) end: Timestamp,
    pub(crate) description: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SeedSubscription {
    pub(crate) id: Option<String>,
    pub(crate) url: String,
    /// The account's default secret when absent.
    pub(crate) secret: Option<String>,
    /// Every type when empty.
    #[serde(default)]
    pub(crate) events: Vec<String>,
    /// At most one of service and team; the whole account without either.
    pub(crate) service: Option<String>,
    pub(crate) team: Option<String>,
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) description: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SeedIncident {
    pub(crate) title: String,
    pub(crate) service: String,
    /// Drawn when absent.
    pub(crate) key: Option<String>,
    pub(crate) urgency: Option<SeedUrgency>,
    pub(crate) priority: Option<String>,
    #[serde(default)]
    pub(crate) status: SeedStatus,
    /// Who acknowledged or resolved it; the automation user when absent.
    pub(crate) by: Option<String>,
    #[serde(default)]
    pub(crate) notes: Vec<SeedNote>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SeedStatus {
    #[default]
    Triggered,
    Acknowledged,
    Resolved,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SeedNote {
    pub(crate) user: String,
    pub(crate) content: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_told_with_its_place_and_what_is_expected() {
        for (text, wanted) in [
            (r#"{"services": [{"nmae": "x"}]}"#, ["services[0].nmae", "expected one of `id`, `name`"]),
            (r#"{"services": [{"name": 7}]}"#, ["services[0].name", "expected a string"]),
            (r#"{"users": [{"name": "Ann"}]}"#, ["users[0]", "missing field `email`"]),
            (
                r#"{"incidents": [{"title": "x", "service": "s", "status": "open"}]}"#,
                ["incidents[0].status", "`triggered`"],
            ),
            (
                r#"{"schedules": [{"name": "p", "time_zone": "UTC", "layers": [{"start": "soon"}]}]}"#,
                ["schedules[0].layers[0].start", "expected a time such as"],
            ),
            (r#"{"users": []} {}"#, [".", "trailing characters"]),
            ("users:", [".", "line 1 column 1"]),
        ] {
            let error = SeedFile::parse(text).expect_err(text).to_string();
            assert!(wanted.iter().all(|part| error.contains(part)), "{text}: {error}");
        }
    }
}
