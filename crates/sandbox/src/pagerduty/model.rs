//! The objects that PagerDuty holds.

use jiff::Timestamp;

macro_rules! index {
    ($(#[$doc:meta] $name:ident),*) => {
        $(
            #[$doc]
            #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
            pub(crate) struct $name(pub(crate) usize);
        )*
    };
}

index! {
    /// Names a user; users are never removed.
    UserIx,
    /// Names a service; services are never removed.
    ServiceIx,
    /// Names an escalation policy; policies are never removed.
    PolicyIx,
    /// Names a priority.
    PriorityIx,
    /// Names an incident by its place, which is its number less one.
    IncidentIx
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Triggered,
    Acknowledged,
    Resolved,
}

impl Status {
    pub(crate) fn text(self) -> &'static str {
        match self {
            Status::Triggered => "triggered",
            Status::Acknowledged => "acknowledged",
            Status::Resolved => "resolved",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Status> {
        [Status::Triggered, Status::Acknowledged, Status::Resolved].into_iter().find(|status| status.text() == text)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Urgency {
    High,
    Low,
}

impl Urgency {
    pub(crate) fn text(self) -> &'static str {
        match self {
            Urgency::High => "high",
            Urgency::Low => "low",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Urgency> {
        [Urgency::High, Urgency::Low].into_iter().find(|urgency| urgency.text() == text)
    }
}

/// Who did something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Actor {
    User(UserIx),
    /// An event that came in through a service's integration.
    Integration(ServiceIx),
    /// A timer or a rule of PagerDuty's own.
    Automation,
}

#[derive(Debug, Clone)]
pub(crate) struct User {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) email: String,
}

#[derive(Debug, Clone)]
pub(crate) struct Service {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) state: ServiceState,
    pub(crate) policy: PolicyIx,
    pub(crate) integration_id: String,
    pub(crate) routing_key: String,
    pub(crate) created_at: Timestamp,
    pub(crate) last_incident_at: Option<Timestamp>,
}

/// Whether a service takes new incidents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ServiceState {
    /// It takes them.
    Active,
    /// It is in a maintenance window: events are accepted and dropped.
    Maintenance,
    /// It is disabled: events are accepted and dropped.
    Disabled,
}

#[derive(Debug, Clone)]
pub(crate) struct Policy {
    pub(crate) id: String,
    pub(crate) name: String,
    /// The users of each level; never without a level.
    pub(crate) levels: Vec<Vec<UserIx>>,
    pub(crate) delay_minutes: u32,
}

#[derive(Debug, Clone)]
pub(crate) struct Priority {
    pub(crate) id: String,
    pub(crate) name: String,
}

#[derive(Debug, Clone)]
pub(crate) struct Incident {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) details: Option<String>,
    pub(crate) key: Option<String>,
    pub(crate) service: ServiceIx,
    pub(crate) policy: PolicyIx,
    pub(crate) level: usize,
    pub(crate) urgency: Urgency,
    pub(crate) priority: Option<PriorityIx>,
    pub(crate) status: Status,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    pub(crate) status_at: Timestamp,
    pub(crate) status_by: Actor,
    pub(crate) assignments: Vec<(Timestamp, UserIx)>,
    pub(crate) direct: bool,
    pub(crate) acknowledgements: Vec<(Timestamp, Actor)>,
    pub(crate) resolved_at: Option<Timestamp>,
    pub(crate) reopened_at: Option<Timestamp>,
    pub(crate) merged_into: Option<IncidentIx>,
    pub(crate) snoozed_until: Option<Timestamp>,
    pub(crate) client: Option<Client>,
    pub(crate) alerts: Vec<Alert>,
    pub(crate) notes: Vec<Note>,
    pub(crate) log: Vec<LogEntry>,
}

impl Incident {
    pub(crate) fn is_open(&self) -> bool {
        self.status != Status::Resolved
    }
}

/// What the sender of an event called itself.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Client {
    pub(crate) name: String,
    pub(crate) url: Option<String>,
}

#[derive(Debug, Clone)]
pub(crate) struct Alert {
    pub(crate) id: String,
    pub(crate) key: String,
    pub(crate) open: bool,
    pub(crate) summary: String,
    pub(crate) severity: String,
    pub(crate) details: serde_json::Value,
    pub(crate) created_at: Timestamp,
    pub(crate) triggers: u64,
}

#[derive(Debug, Clone)]
pub(crate) struct Note {
    pub(crate) id: String,
    pub(crate) by: UserIx,
    pub(crate) content: String,
    pub(crate) created_at: Timestamp,
}

#[derive(Debug, Clone)]
pub(crate) struct LogEntry {
    pub(crate) id: String,
    pub(crate) at: Timestamp,
    /// The first part of the type: `trigger` of `trigger_log_entry`.
    pub(crate) kind: &'static str,
    pub(crate) by: Actor,
    pub(crate) note: Option<String>,
}

#[derive(Debug, Clone)]
pub(crate) struct Subscription {
    pub(crate) id: String,
    pub(crate) url: String,
    pub(crate) description: String,
    pub(crate) headers: Vec<(String, String)>,
    /// More than one during a rotation; the first is the newest.
    pub(crate) secrets: Vec<String>,
    /// Empty means every type.
    pub(crate) events: Vec<String>,
    pub(crate) filter: Filter,
    pub(crate) active: bool,
    pub(crate) removed: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Filter {
    Account,
    Service(String),
    Team(String),
}
