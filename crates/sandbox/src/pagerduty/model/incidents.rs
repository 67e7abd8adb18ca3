//! Incidents and what hangs below them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Actor, IncidentIx, IntegrationIx, PolicyIx, PriorityIx, Rule, ServiceIx, Status, TeamIx, Urgency, UserIx};

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Incident {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) details: Option<String>,
    pub(crate) key: Option<String>,
    pub(crate) service: ServiceIx,
    pub(crate) policy: PolicyIx,
    /// The policy as it was when the incident came to it.
    pub(crate) path: Path,
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
    pub(crate) timers: Timers,
    /// Notifications still to come.
    pub(crate) notices: Vec<Notice>,
    pub(crate) client: Option<Client>,
    pub(crate) incident_type: String,
    pub(crate) conference_bridge: Option<ConferenceBridge>,
    pub(crate) alerts: Vec<Alert>,
    pub(crate) notes: Vec<Note>,
    pub(crate) log: Vec<LogEntry>,
    pub(crate) responder_requests: Vec<ResponderRequest>,
    pub(crate) status_updates: Vec<StatusUpdate>,
    pub(crate) subscribers: Vec<Subscriber>,
    /// Values of custom fields by the field's id.
    pub(crate) custom_fields: BTreeMap<String, Value>,
}

impl Incident {
    pub(crate) fn is_open(&self) -> bool {
        self.status != Status::Resolved
    }

    pub(crate) fn is_triggered(&self) -> bool {
        self.status == Status::Triggered
    }
}

/// The levels that an incident climbs.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Path {
    pub(crate) rules: Vec<Rule>,
    /// How often the levels are still gone through again.
    pub(crate) loops_left: u32,
}

/// When something happens to an incident by itself.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct Timers {
    pub(crate) escalate_at: Option<Timestamp>,
    pub(crate) unacknowledge_at: Option<Timestamp>,
    pub(crate) resolve_at: Option<Timestamp>,
    /// When its urgency becomes high.
    pub(crate) urgent_at: Option<Timestamp>,
    /// The earliest of all timers, as `State::due` has it.
    pub(crate) armed_at: Option<Timestamp>,
}

/// A notification to come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Notice {
    pub(crate) at: Timestamp,
    pub(crate) user: UserIx,
    /// The id of the user's contact method.
    pub(crate) contact_method: String,
}

/// A field that the account adds to its incidents.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct CustomField {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) display_name: String,
    pub(crate) description: Option<String>,
    /// `string`, `integer`, `float`, `boolean`, `datetime` or `url`.
    pub(crate) data_type: String,
}

/// What the sender of an event called itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Client {
    pub(crate) name: String,
    pub(crate) url: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ConferenceBridge {
    pub(crate) number: Option<String>,
    pub(crate) url: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Alert {
    pub(crate) id: String,
    pub(crate) key: String,
    pub(crate) open: bool,
    pub(crate) summary: String,
    pub(crate) severity: String,
    /// The body's details: the event's payload.
    pub(crate) details: Value,
    /// The body's contexts: links and images in PagerDuty's form.
    pub(crate) contexts: Vec<Value>,
    /// Whether it was let in without an incident of its own being opened for it.
    pub(crate) suppressed: bool,
    pub(crate) integration: IntegrationIx,
    pub(crate) created_at: Timestamp,
    pub(crate) triggers: u64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Note {
    pub(crate) id: String,
    pub(crate) by: UserIx,
    pub(crate) content: String,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct LogEntry {
    pub(crate) id: String,
    pub(crate) at: Timestamp,
    pub(crate) kind: LogKind,
    pub(crate) by: Actor,
    pub(crate) channel: Channel,
    pub(crate) note: Option<String>,
    /// Whom it was assigned to by this (assign, escalate, delegate).
    pub(crate) assignees: Vec<UserIx>,
    /// Who was notified (notify).
    pub(crate) user: Option<UserIx>,
    /// Until when it is quiet: the acknowledgement time-out or the snooze.
    pub(crate) until: Option<Timestamp>,
    pub(crate) change: Option<FieldChange>,
}

/// Which field of an incident became what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct FieldChange {
    pub(crate) field: String,
    pub(crate) value: Value,
}

macro_rules! named {
    ($(#[$doc:meta])* $kind:ident { $($variant:ident = $text:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
        pub(crate) enum $kind {
            $(#[serde(rename = $text)] $variant),*
        }

        impl $kind {
            pub(crate) fn text(self) -> &'static str {
                match self {
                    $($kind::$variant => $text),*
                }
            }

            #[allow(dead_code, reason = "not every kind is read from text")]
            pub(crate) fn parse(text: &str) -> Option<$kind> {
                match text {
                    $($text => Some($kind::$variant),)*
                    _ => None,
                }
            }
        }
    };
}

named! {
    /// What a log entry tells of: the first part of its type, `trigger` of `trigger_log_entry`.
    LogKind {
        Trigger = "trigger",
        Acknowledge = "acknowledge",
        Unacknowledge = "unacknowledge",
        Resolve = "resolve",
        Escalate = "escalate",
        Delegate = "delegate",
        Assign = "assign",
        Annotate = "annotate",
        Notify = "notify",
        Snooze = "snooze",
        UrgencyChange = "urgency_change",
        ExhaustEscalationPath = "exhaust_escalation_path",
        RepeatEscalationPath = "repeat_escalation_path",
        ReachAckLimit = "reach_ack_limit",
        ReachTriggerLimit = "reach_trigger_limit",
        FieldValueChange = "field_value_change",
        CustomFieldValueChange = "custom_field_value_change",
    }
}

named! {
    /// The way something was done.
    ChannelKind {
        Api = "api",
        Email = "email",
        WebTrigger = "web_trigger",
        Website = "website",
        Mobile = "mobile",
        Auto = "auto",
        Timeout = "timeout",
        Note = "note",
        Sms = "sms",
        Phone = "phone",
    }
}

/// The way something was done, with what came that way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Channel {
    pub(crate) kind: ChannelKind,
    /// Shown only where channels are included; null for nothing.
    pub(crate) details: Value,
}

impl From<ChannelKind> for Channel {
    fn from(kind: ChannelKind) -> Channel {
        Channel { kind, details: Value::Null }
    }
}

/// Somebody else who was asked to help.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ResponderRequest {
    pub(crate) id: String,
    pub(crate) at: Timestamp,
    pub(crate) requester: UserIx,
    pub(crate) message: String,
    pub(crate) targets: Vec<(ResponderTarget, Vec<Responder>)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ResponderTarget {
    User(UserIx),
    Policy(PolicyIx),
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Responder {
    pub(crate) user: UserIx,
    pub(crate) state: Reply,
    pub(crate) updated_at: Timestamp,
}

named! {
    /// What a responder answered.
    Reply {
        Pending = "pending",
        Joined = "joined",
        Declined = "declined",
        Cancelled = "user_cancelled",
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct StatusUpdate {
    pub(crate) id: String,
    pub(crate) at: Timestamp,
    pub(crate) by: UserIx,
    pub(crate) message: String,
    pub(crate) subject: Option<String>,
    pub(crate) html_message: Option<String>,
}

/// Who is told of an incident's status updates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Subscriber {
    User(UserIx),
    Team(TeamIx),
}

/// One attempt to reach a user.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Notification {
    pub(crate) id: String,
    pub(crate) kind: NotificationKind,
    pub(crate) at: Timestamp,
    pub(crate) address: String,
    pub(crate) user: UserIx,
    pub(crate) incident: IncidentIx,
}

named! {
    /// How a user was reached.
    NotificationKind {
        Sms = "sms_notification",
        Email = "email_notification",
        Phone = "phone_notification",
        Push = "push_notification",
    }
}
