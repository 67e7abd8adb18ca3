//! What a link is to its incident.

use serde::{Deserialize, Serialize};

/// What a system's record can be told and asked, and what it stands for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// A record that is told and read, such as an Opsgenie alert or a PagerDuty incident made by the REST API.
    #[default]
    Record,
    /// A sender that is only heard: it can be neither told nor read, and holds whatever was agreed on.
    Source,
    /// An alert that is told by events and answers no questions, such as one behind a routing key.
    Events,
    /// The incident that a far side makes of what [`Role::Events`] is told. It is looked for and read, never written.
    Confirm,
    /// A message in a chat that shows the incident of another system. It is made once that is known to exist, told, and never
    /// asked; whether it can be made says nothing about the page.
    Post,
    /// The people who run us: told when a page is not known to exist, or when a delivery cannot be made.
    Operator,
}

impl Role {
    /// Whether this is the usual role, which is not stored.
    pub(crate) fn is_record(&self) -> bool {
        *self == Self::Record
    }

    /// Whether it is told what the incident is about beside its status and notes, without harm when it is told twice.
    pub(crate) fn is_described(self) -> bool {
        matches!(self, Self::Record | Self::Post)
    }

    /// Whether it stands for the incident itself, which people work on there.
    pub(crate) fn is_worked_on(self) -> bool {
        !matches!(self, Self::Operator | Self::Post)
    }

    /// Whether the far side can be asked what it holds.
    pub(crate) fn is_read(self) -> bool {
        matches!(self, Self::Record | Self::Confirm)
    }

    /// Whether the link takes on what was agreed on without being told: a sender cannot be told, and an alert behind a
    /// routing key is changed together with the incident that confirms it.
    pub(crate) fn follows(self, told_by: Self) -> bool {
        match self {
            Self::Source => true,
            Self::Events => told_by == Self::Confirm,
            Self::Record | Self::Confirm | Self::Operator | Self::Post => false,
        }
    }
}
