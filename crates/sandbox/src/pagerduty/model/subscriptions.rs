//! Webhook subscriptions.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Serialize, Deserialize)]
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

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Filter {
    Account,
    Service(String),
    Team(String),
}
