//! What outlives a crash: each request from its acceptance to its end, and for a while after it, so that none is done twice.

use crate::reply::Reply;
use crate::request::Request;
use pagebridge_ports::{Store, StoreError};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// What the names of our values begin with.
pub(crate) const PREFIX: &str = "chat/";

/// The largest value that a store keeps, in bytes.
const SIZE_BYTES_MAX: usize = 4_096;

/// How far a request has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    /// It was taken.
    Accepted,
    /// An action has begun that must not be repeated without looking.
    Begun,
    /// It is done, and the answer is on its way.
    Done,
    /// Nothing is left to do.
    Ended,
}

/// What is kept of one request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) at_ms: i64,
    /// The process that works on it.
    pub(crate) owner: String,
    pub(crate) state: State,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) request: Option<Request>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reply: Option<Reply>,
}

/// The name that a request is kept under.
pub(crate) fn name(key: &str) -> String {
    format!("{PREFIX}{}", &hex::encode(Sha256::digest(key))[..40])
}

impl Row {
    /// Keeps it; durable when this returns.
    pub(crate) async fn keep(&self, store: &dyn Store, name: &str) -> Result<(), StoreError> {
        store.keep(name, &self.written()).await
    }

    /// Whether it is small enough to be kept.
    pub(crate) fn fits(&self) -> bool {
        self.text().len() <= SIZE_BYTES_MAX
    }

    fn text(&self) -> String {
        serde_json::to_string(self).expect("a row has text keys and cannot fail")
    }

    /// As it is kept: a long answer is not.
    fn written(&self) -> String {
        let text = self.text();
        if text.len() <= SIZE_BYTES_MAX || self.reply.is_none() {
            return text;
        }
        let short = Reply::told(vec!["it was done; look with `show` or `incidents` how it stands".to_owned()]);
        Self { reply: Some(short), ..self.clone() }.text()
    }

    /// All that are kept. What cannot be read, being from another version, is left alone.
    pub(crate) async fn all(store: &dyn Store) -> Result<Vec<(String, Self)>, StoreError> {
        let kept = store.kept().await?;
        let own = kept.into_iter().filter(|(name, _)| name.starts_with(PREFIX));
        Ok(own.filter_map(|(name, value)| Some((name, serde_json::from_str(value.expose()).ok()?))).collect())
    }
}
