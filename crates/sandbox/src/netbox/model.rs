//! The objects.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Kind {
    Event,
    Incident,
}

impl Kind {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Kind::Event => "event",
            Kind::Incident => "incident",
        }
    }

    /// The name in `No Incident matches the given query.`
    pub(crate) fn title(self) -> &'static str {
        match self {
            Kind::Event => "Event",
            Kind::Incident => "Incident",
        }
    }
}

/// What an event is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Target {
    pub(crate) content_type: u64,
    pub(crate) model: String,
    pub(crate) id: u64,
    pub(crate) name: String,
}

/// What a monitoring tool has told.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Event {
    pub(crate) id: u64,
    pub(crate) message: String,
    pub(crate) dedup_id: String,
    pub(crate) status: String,
    pub(crate) criticallity: String,
    pub(crate) event_source: Option<u64>,
    pub(crate) target: Option<Target>,
    pub(crate) raw: Value,
    pub(crate) is_valid: bool,
    pub(crate) created_at: Timestamp,
    pub(crate) last_seen_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    pub(crate) incidents: BTreeSet<u64>,
}

/// What people work on.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Incident {
    pub(crate) id: u64,
    pub(crate) title: String,
    pub(crate) description: String,
    pub(crate) status: String,
    pub(crate) severity: String,
    pub(crate) detected_at: Option<Timestamp>,
    pub(crate) resolved_at: Option<Timestamp>,
    pub(crate) reporter: String,
    pub(crate) commander: String,
    pub(crate) pagerduty_dedup_key: Option<String>,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    pub(crate) services: BTreeSet<u64>,
    pub(crate) events: BTreeSet<u64>,
}

impl Incident {
    pub(crate) fn is_open(&self) -> bool {
        !matches!(self.status.as_str(), "resolved" | "closed")
    }
}

/// A technical service.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Service {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) service_type: String,
    pub(crate) created: Timestamp,
}

/// An API token.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Token {
    pub(crate) key: String,
    pub(crate) user: String,
    pub(crate) write_enabled: bool,
    /// Whether its user has permissions on core objects.
    pub(crate) permitted: bool,
}
