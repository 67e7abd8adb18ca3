//! Event orchestrations: rules that an event meets before it becomes an alert. They are kept, but not applied.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A global orchestration with a routing key of its own.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Orchestration {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    /// The id of its integration.
    pub(crate) integration: String,
    pub(crate) key: String,
    pub(crate) global: Rules,
    pub(crate) router: Rules,
    pub(crate) unrouted: Rules,
    pub(crate) created_at: Timestamp,
}

/// The rules of one path, as given.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Rules {
    /// Null for a single empty set.
    pub(crate) sets: Value,
    /// Null for what the path does by itself.
    pub(crate) catch_all: Value,
}

/// The rules of a service.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct ServiceRules {
    /// Whether they are in use.
    pub(crate) active: bool,
    pub(crate) rules: Rules,
}
