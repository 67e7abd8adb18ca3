//! Services and what belongs to them: integrations, maintenance windows, change events, extensions.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Time;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{IntegrationIx, PolicyIx, SchemaIx, ServiceIx, TeamIx, Urgency, UserIx, VendorIx};

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Service {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    /// What it was set to; a maintenance window counts besides (`State::service_state`).
    pub(crate) state: ServiceState,
    pub(crate) policy: PolicyIx,
    /// None switches it off.
    pub(crate) auto_resolve_seconds: Option<u32>,
    /// None switches it off.
    pub(crate) acknowledgement_seconds: Option<u32>,
    pub(crate) urgency_rule: UrgencyRule,
    pub(crate) support_hours: Option<SupportHours>,
    /// Whether open incidents become high at the start or end of the support hours: PagerDuty's objects, as given.
    pub(crate) scheduled_actions: Vec<Value>,
    /// `create_alerts_and_incidents` or `create_incidents`.
    pub(crate) alert_creation: String,
    /// As given; alerts are not grouped by it.
    pub(crate) alert_grouping: Value,
    pub(crate) created_at: Timestamp,
    pub(crate) last_incident_at: Option<Timestamp>,
}

impl Service {
    /// Makes a service without time-outs whose incidents take their urgency from the severity.
    pub(crate) fn new(id: String, name: &str, policy: PolicyIx, now: Timestamp) -> Service {
        Service {
            id,
            name: name.to_owned(),
            description: None,
            state: ServiceState::Active,
            policy,
            auto_resolve_seconds: None,
            acknowledgement_seconds: None,
            urgency_rule: UrgencyRule::Constant(UrgencyChoice::BySeverity),
            support_hours: None,
            scheduled_actions: Vec::new(),
            alert_creation: "create_alerts_and_incidents".to_owned(),
            alert_grouping: Value::Null,
            created_at: now,
            last_incident_at: None,
        }
    }
}

/// Whether a service takes new incidents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ServiceState {
    /// It takes them.
    Active,
    /// It is in a maintenance window: events are accepted and dropped.
    Maintenance,
    /// It is disabled: events are accepted and dropped.
    Disabled,
}

/// How a service decides the urgency of a new incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum UrgencyRule {
    Constant(UrgencyChoice),
    /// By whether the service's support hours are on.
    SupportHours {
        during: UrgencyChoice,
        outside: UrgencyChoice,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum UrgencyChoice {
    Always(Urgency),
    BySeverity,
}

impl UrgencyChoice {
    pub(crate) fn text(self) -> &'static str {
        match self {
            UrgencyChoice::Always(urgency) => urgency.text(),
            UrgencyChoice::BySeverity => "severity_based",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<UrgencyChoice> {
        match text {
            "severity_based" => Some(UrgencyChoice::BySeverity),
            _ => Urgency::parse(text).map(UrgencyChoice::Always),
        }
    }

    /// Decides; an incident made by hand has no severity and is of high urgency.
    pub(crate) fn of(self, severity: Option<&str>) -> Urgency {
        match (self, severity) {
            (UrgencyChoice::Always(urgency), _) => urgency,
            (UrgencyChoice::BySeverity, Some("warning" | "info")) => Urgency::Low,
            (UrgencyChoice::BySeverity, _) => Urgency::High,
        }
    }
}

/// The hours of a week in which a service is looked after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SupportHours {
    /// An IANA name.
    pub(crate) time_zone: String,
    /// From 1 for Monday.
    pub(crate) days: Vec<i8>,
    pub(crate) start: Time,
    /// The same day, after `start`.
    pub(crate) end: Time,
}

impl SupportHours {
    pub(crate) fn zone(&self) -> TimeZone {
        TimeZone::get(&self.time_zone).unwrap_or(TimeZone::UTC)
    }

    /// Tells whether they are on.
    pub(crate) fn cover(&self, at: Timestamp) -> bool {
        let local = at.to_zoned(self.zone());
        self.days.contains(&local.weekday().to_monday_one_offset()) && (self.start..self.end).contains(&local.time())
    }
}

/// A way in for events.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Integration {
    pub(crate) id: String,
    /// The object's type, such as `events_api_v2_inbound_integration`.
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) service: ServiceIx,
    /// The routing key or service key; none for e-mail.
    pub(crate) key: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) vendor: Option<VendorIx>,
    pub(crate) created_at: Timestamp,
}

impl Integration {
    pub(crate) const EVENTS_V2: &str = "events_api_v2_inbound_integration";
    pub(crate) const EVENTS_V1: &str = "generic_events_api_inbound_integration";
    pub(crate) const EMAIL: &str = "generic_email_inbound_integration";
    /// A routing key of the whole account that leads to this service; no service shows it.
    pub(crate) const GLOBAL: &str = "global_orchestration";
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct MaintenanceWindow {
    pub(crate) id: String,
    pub(crate) number: u64,
    pub(crate) start: Timestamp,
    pub(crate) end: Timestamp,
    pub(crate) description: Option<String>,
    pub(crate) services: Vec<ServiceIx>,
    pub(crate) created_by: UserIx,
}

impl MaintenanceWindow {
    pub(crate) fn is_on(&self, now: Timestamp) -> bool {
        self.start <= now && now < self.end
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct BusinessService {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) point_of_contact: Option<String>,
    pub(crate) team: Option<TeamIx>,
}

/// One priority; the first of the account's list is the most severe.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Priority {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) color: String,
}

/// A maker of monitoring tools that an integration can name.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Vendor {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) website_url: String,
    /// The type of integration that it uses.
    pub(crate) integration_kind: String,
}

/// A kind of extension, such as the generic webhooks of old.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ExtensionSchema {
    pub(crate) id: String,
    pub(crate) key: String,
    pub(crate) label: String,
    pub(crate) description: String,
    pub(crate) send_types: Vec<String>,
}

/// Something of another maker that is told about a service's incidents. It is kept, but not called.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Extension {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) schema: SchemaIx,
    pub(crate) endpoint_url: Option<String>,
    pub(crate) services: Vec<ServiceIx>,
    /// As given.
    pub(crate) config: Value,
    pub(crate) disabled: bool,
}

/// A label on users, teams and escalation policies.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Tag {
    pub(crate) id: String,
    pub(crate) label: String,
    /// What has it: kind as in the path (`users`), and id.
    pub(crate) on: BTreeSet<(String, String)>,
}

/// A change that somebody made, told through `/v2/change/enqueue`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ChangeEvent {
    pub(crate) id: String,
    pub(crate) summary: String,
    pub(crate) source: Option<String>,
    pub(crate) at: Timestamp,
    /// As given.
    pub(crate) details: Value,
    pub(crate) links: Vec<Value>,
    pub(crate) images: Vec<Value>,
    pub(crate) integration: IntegrationIx,
}
