//! What comes over the wire.

use serde::Deserialize;

/// What every answer has.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Envelope {
    #[serde(default)]
    pub(super) ok: bool,
    /// One word for what is wrong.
    #[serde(default)]
    pub(super) error: Option<String>,
    /// The scope that is missing, where that is what is wrong.
    #[serde(default)]
    pub(super) needed: Option<String>,
}

/// A message that was made or updated.
#[derive(Debug, Deserialize)]
pub(super) struct Posted {
    pub(super) channel: String,
    pub(super) ts: String,
}

/// A page of messages.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Page {
    #[serde(default)]
    pub(super) messages: Vec<Message>,
    #[serde(default)]
    pub(super) response_metadata: Option<Next>,
}

/// Where the next page begins; empty at the end.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Next {
    #[serde(default)]
    pub(super) next_cursor: String,
}

/// A message, as far as it is read.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Message {
    #[serde(default)]
    pub(super) ts: String,
    #[serde(default)]
    pub(super) metadata: Option<Metadata>,
}

/// What only programs see of a message.
#[derive(Debug, Deserialize)]
pub(super) struct Metadata {
    #[serde(default)]
    pub(super) event_type: String,
    #[serde(default)]
    pub(super) event_payload: Payload,
}

/// What we write there.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Payload {
    #[serde(default)]
    pub(super) mark: String,
    #[serde(default)]
    pub(super) status: String,
}

/// A channel.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Info {
    #[serde(default)]
    pub(super) channel: Channel,
}

/// A channel, as far as it is read.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Channel {
    #[serde(default)]
    pub(super) name: String,
    #[serde(default)]
    pub(super) is_member: bool,
    #[serde(default)]
    pub(super) is_archived: bool,
}

/// Who the token is.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Identity {
    #[serde(default)]
    pub(super) user: String,
    #[serde(default)]
    pub(super) team: String,
}
