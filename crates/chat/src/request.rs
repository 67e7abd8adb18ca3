//! What somebody in a chat asked for, in the same form for all chats.

use serde::{Deserialize, Serialize};

/// The way that a request came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Form {
    /// Slack's slash command.
    Slack,
    /// A button under a message in Slack.
    SlackButton,
    /// Mattermost's slash command.
    Mattermost,
    /// A button under a post in Mattermost.
    MattermostButton,
    /// Teams' outgoing webhook.
    Teams,
    /// Any program's HTTP request.
    Plain,
}

impl Form {
    /// The chat's name, as it is in audit rows and in the configuration.
    pub(crate) fn chat(self) -> &'static str {
        match self {
            Self::Slack | Self::SlackButton => "slack",
            Self::Mattermost | Self::MattermostButton => "mattermost",
            Self::Teams => "teams",
            Self::Plain => "http",
        }
    }
}

/// A request that is proven to be from the chat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Request {
    pub(crate) form: Form,
    /// What tells a repeat from another request.
    pub(crate) key: String,
    /// The chat's own id of the user.
    pub(crate) user: String,
    /// Where it was asked.
    #[serde(default)]
    pub(crate) channel: String,
    /// What was asked for, as a command.
    pub(crate) text: String,
    /// Where a later answer goes. Whoever knows it can write into the channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) response_url: Option<String>,
}

/// What the buttons under a posted incident ask for.
pub(crate) fn command_of_button(action: &str, incident: &str) -> Option<String> {
    // An id, and nothing that could say more.
    let is_id = !incident.is_empty() && incident.len() <= 64 && incident.bytes().all(|b| b.is_ascii_alphanumeric());
    if !is_id {
        return None;
    }
    match action {
        "pb_ack" => Some(format!("ack {incident}")),
        "pb_resolve" => Some(format!("resolve {incident}")),
        "pb_escalate" => Some(format!("escalate {incident}")),
        "pb_snooze" => Some(format!("snooze {incident} 1h")),
        _ => None,
    }
}
