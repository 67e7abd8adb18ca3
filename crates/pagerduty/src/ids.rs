//! One type per kind of id, so that a user cannot be passed where an incident is meant.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        ///
        /// Opaque: compared and sent as it came.
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Wraps an id as PagerDuty wrote it.
            pub fn new(id: impl Into<String>) -> Self {
                Self(id.into())
            }

            /// Gives the id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(id: &str) -> Self {
                Self::new(id)
            }
        }

        impl From<String> for $name {
            fn from(id: String) -> Self {
                Self::new(id)
            }
        }
    )+};
}

ids! {
    /// Id of an incident, e.g. `Q1A2B3C4D5E6F7`; an incident number is accepted by most calls too.
    IncidentId,
    /// Id of a note on an incident.
    NoteId,
    /// Id of a service.
    ServiceId,
    /// Id of a user.
    UserId,
    /// Id of a team.
    TeamId,
    /// Id of an escalation policy.
    EscalationPolicyId,
    /// Id of a priority.
    PriorityId,
    /// Id of a webhook subscription.
    SubscriptionId,
    /// Id of an alert of an incident.
    AlertId,
    /// Id of a log entry.
    LogEntryId,
    /// Id of an integration of a service.
    IntegrationId,
    /// Id of a contact method of a user.
    ContactMethodId,
    /// Id of a notification rule of a user.
    NotificationRuleId,
    /// Id of a schedule.
    ScheduleId,
    /// Id of an override of a schedule.
    OverrideId,
    /// Id of a maintenance window.
    MaintenanceWindowId,
    /// Id of a vendor.
    VendorId,
    /// Id of an extension.
    ExtensionId,
    /// Id of the schema of an extension.
    ExtensionSchemaId,
    /// Id of a business service.
    BusinessServiceId,
    /// Id of a change event.
    ChangeEventId,
    /// Id of a tag.
    TagId,
    /// Id of an object whose kind is only known from the reference's `type`.
    ObjectId,
}
