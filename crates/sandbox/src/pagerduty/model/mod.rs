//! The objects that PagerDuty holds.

mod incidents;
mod oncall;
mod orchestrations;
mod people;
mod services;
mod shelf;
mod subscriptions;

use serde::{Deserialize, Serialize};

pub(crate) use self::incidents::{
    Alert, Channel, ChannelKind, Client, ConferenceBridge, CustomField, FieldChange, Incident, LogEntry, LogKind, Note,
    Notice, Notification, NotificationKind, Path, Reply as ResponderReply, Responder, ResponderRequest,
    ResponderTarget, StatusUpdate, Subscriber, Timers,
};
pub(crate) use self::oncall::{Layer, Override, Policy, Restriction, Rule, Schedule, Target};
pub(crate) use self::orchestrations::{Orchestration, Rules, ServiceRules};
pub(crate) use self::people::{ContactKind, ContactMethod, Member, NotificationRule, Team, TeamRole, User};
pub use self::services::ServiceState;
pub(crate) use self::services::{
    BusinessService, ChangeEvent, Extension, ExtensionSchema, Integration, MaintenanceWindow, Priority, Service,
    SupportHours, Tag, UrgencyChoice, UrgencyRule, Vendor,
};
pub(crate) use self::shelf::{Kept, Place, Shelf};
pub(crate) use self::subscriptions::{Filter, Subscription};

macro_rules! index {
    ($(#[$doc:meta] $name:ident),*) => {
        $(
            #[$doc]
            #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
            pub(crate) struct $name(pub(crate) usize);

            impl Place for $name {
                fn at(place: usize) -> $name {
                    $name(place)
                }

                fn place(self) -> usize {
                    self.0
                }
            }
        )*
    };
}

index! {
    /// Names a user.
    UserIx,
    /// Names a team.
    TeamIx,
    /// Names a schedule.
    ScheduleIx,
    /// Names an escalation policy.
    PolicyIx,
    /// Names a service.
    ServiceIx,
    /// Names an integration of a service.
    IntegrationIx,
    /// Names a maintenance window.
    WindowIx,
    /// Names a business service.
    BusinessIx,
    /// Names a priority.
    PriorityIx,
    /// Names a vendor.
    VendorIx,
    /// Names an extension.
    ExtensionIx,
    /// Names a kind of extension.
    SchemaIx,
    /// Names a tag.
    TagIx,
    /// Names a change event.
    ChangeIx,
    /// Names a custom field.
    FieldIx,
    /// Names a global orchestration.
    OrchestrationIx,
    /// Names an incident by its place, which is its number less one.
    IncidentIx
}

macro_rules! kept {
    ($($kind:ty => $index:ty),* $(,)?) => {
        $(
            impl Kept for $kind {
                type Ix = $index;

                fn id(&self) -> &str {
                    &self.id
                }
            }
        )*
    };
}

kept! {
    User => UserIx,
    Team => TeamIx,
    Schedule => ScheduleIx,
    Policy => PolicyIx,
    Service => ServiceIx,
    Integration => IntegrationIx,
    MaintenanceWindow => WindowIx,
    BusinessService => BusinessIx,
    Priority => PriorityIx,
    Vendor => VendorIx,
    Extension => ExtensionIx,
    ExtensionSchema => SchemaIx,
    Tag => TagIx,
    ChangeEvent => ChangeIx,
    CustomField => FieldIx,
    Orchestration => OrchestrationIx,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
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

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Actor {
    User(UserIx),
    /// An event that came in through an integration.
    Integration(IntegrationIx),
    /// A timer or a rule of PagerDuty's own.
    Automation,
}
