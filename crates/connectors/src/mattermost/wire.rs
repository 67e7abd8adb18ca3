//! What comes over the wire.

use serde::Deserialize;
use std::collections::BTreeMap;

/// An answer with an error status.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Problem {
    /// Mattermost's name for it.
    #[serde(default)]
    pub(super) id: String,
    /// What it says, in words.
    #[serde(default)]
    pub(super) message: String,
}

/// A list of posts.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Posts {
    #[serde(default)]
    pub(super) posts: BTreeMap<String, Post>,
}

/// A post, as far as it is read.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Post {
    #[serde(default)]
    pub(super) id: String,
    #[serde(default)]
    pub(super) delete_at: i64,
    #[serde(default)]
    pub(super) props: Option<Props>,
}

/// What programs keep with a post.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Props {
    #[serde(default)]
    pub(super) pagebridge: Option<Ours>,
}

/// What we write there.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Ours {
    #[serde(default)]
    pub(super) mark: String,
    #[serde(default)]
    pub(super) status: String,
}

/// A user.
#[derive(Debug, Default, Deserialize)]
pub(super) struct User {
    #[serde(default)]
    pub(super) username: String,
}

/// A channel.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Channel {
    #[serde(default)]
    pub(super) display_name: String,
    #[serde(default)]
    pub(super) delete_at: i64,
}
