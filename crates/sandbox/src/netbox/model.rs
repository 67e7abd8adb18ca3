//! What NetBox and its Business Application plugin hold.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub(crate) const EVENT_STATUSES: &[&str] = &["triggered", "ok", "suppressed"];
pub(crate) const INCIDENT_STATUSES: &[&str] =
    &["new", "investigating", "identified", "monitoring", "resolved", "closed"];
/// Of an Incident's `severity` and an Event's `criticallity`.
pub(crate) const SEVERITIES: &[&str] = &["critical", "high", "medium", "low"];

/// A JSON object, as clients send it and as the simple models are kept.
pub(crate) type Fields = Map<String, Value>;

/// Which kind of object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Kind {
    Event,
    Incident,
}

impl Kind {
    /// How error messages name it.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Kind::Event => "Event",
            Kind::Incident => "Incident",
        }
    }

    /// Its part of the path.
    pub(crate) fn path(self) -> &'static str {
        match self {
            Kind::Event => "events",
            Kind::Incident => "incidents",
        }
    }

    pub(crate) fn of_path(path: &str) -> Option<Kind> {
        [Kind::Event, Kind::Incident].into_iter().find(|kind| kind.path() == path)
    }

    pub(crate) fn object_type(self) -> &'static str {
        match self {
            Kind::Event => "business_application.event",
            Kind::Incident => "business_application.incident",
        }
    }

    pub(crate) fn statuses(self) -> &'static [&'static str] {
        match self {
            Kind::Event => EVENT_STATUSES,
            Kind::Incident => INCIDENT_STATUSES,
        }
    }
}

/// When an object was made and last saved. NetBox keeps each twice, some microseconds apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Times {
    created: Timestamp,
    changed: Timestamp,
}

impl Times {
    pub(crate) fn new(now: Timestamp) -> Times {
        Times { created: now, changed: now }
    }

    pub(crate) fn touch(&mut self, now: Timestamp) {
        self.changed = now;
    }

    pub(crate) fn created(&self) -> Timestamp {
        plus_us(self.created, 11)
    }

    pub(crate) fn last_updated(&self) -> Timestamp {
        plus_us(self.changed, 27)
    }

    pub(crate) fn created_at(&self) -> Timestamp {
        plus_us(self.created, 43)
    }

    pub(crate) fn updated_at(&self) -> Timestamp {
        plus_us(self.changed, 48)
    }
}

fn plus_us(at: Timestamp, us: i64) -> Timestamp {
    at.checked_add(SignedDuration::from_micros(us)).unwrap_or(at)
}

/// An Event of the plugin.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Event {
    pub(crate) id: u64,
    pub(crate) message: String,
    pub(crate) dedup_id: String,
    pub(crate) status: String,
    pub(crate) criticallity: String,
    pub(crate) last_seen_at: Timestamp,
    pub(crate) raw: Value,
    pub(crate) event_source: Option<u64>,
    pub(crate) content_type: Option<u64>,
    pub(crate) object_id: Option<u64>,
    pub(crate) is_valid: bool,
    pub(crate) times: Times,
}

/// An Incident of the plugin.
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
    pub(crate) affected_services: Vec<u64>,
    pub(crate) affected_devices: Vec<u64>,
    pub(crate) events: Vec<u64>,
    pub(crate) times: Times,
}

impl Event {
    pub(crate) fn new(id: u64, now: Timestamp) -> Event {
        Event {
            id,
            message: String::new(),
            dedup_id: String::new(),
            status: "triggered".to_owned(),
            criticallity: "low".to_owned(),
            last_seen_at: now,
            raw: Value::Object(Map::new()),
            event_source: None,
            content_type: None,
            object_id: None,
            is_valid: true,
            times: Times::new(now),
        }
    }
}

impl Incident {
    pub(crate) fn new(id: u64, now: Timestamp) -> Incident {
        Incident {
            id,
            title: String::new(),
            description: String::new(),
            status: "new".to_owned(),
            severity: "low".to_owned(),
            detected_at: None,
            resolved_at: None,
            reporter: String::new(),
            commander: String::new(),
            pagerduty_dedup_key: None,
            affected_services: Vec::new(),
            affected_devices: Vec::new(),
            events: Vec::new(),
            times: Times::new(now),
        }
    }

    pub(crate) fn is_over(&self) -> bool {
        matches!(self.status.as_str(), "resolved" | "closed")
    }
}

/// Renders a time as REST replies have it: with microseconds, unless there are none.
pub(crate) fn rest_time(at: Timestamp) -> String {
    if at.subsec_nanosecond() == 0 { at.to_string() } else { format!("{at:.6}") }
}

/// Renders a time as the snapshots of webhooks have it: cut to milliseconds.
pub(crate) fn snapshot_time(at: Timestamp) -> String {
    let cut = Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at);
    if at.subsec_nanosecond() == 0 { at.to_string() } else { format!("{cut:.3}") }
}
