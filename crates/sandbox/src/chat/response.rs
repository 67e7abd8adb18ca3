//! Addresses that a chat hands out with a command or a click, for answers that come later.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::clock::after;

/// An address takes so many answers.
const ANSWERS_MAX: usize = 5;
/// And is good for so long.
const GOOD_MS: u64 = 30 * 60 * 1_000;

/// One answer that came to such an address.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Responded {
    /// The address's last part.
    pub id: String,
    /// When it came.
    pub at: Timestamp,
    /// What came.
    pub body: Value,
}

/// The addresses of one chat.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct ResponseUrls {
    made: BTreeMap<String, Timestamp>,
    pub(super) responded: Vec<Responded>,
}

impl ResponseUrls {
    pub(super) fn make(&mut self, id: String, now: Timestamp) {
        self.made.insert(id, now);
    }

    /// Takes an answer.
    ///
    /// # Errors
    /// `expired_url` or `used_url`, as Slack calls them.
    pub(super) fn take(&mut self, id: &str, body: Value, now: Timestamp) -> Result<(), &'static str> {
        match self.made.get(id) {
            Some(made) if now <= after(*made, GOOD_MS) => {}
            _ => return Err("expired_url"),
        }
        if self.responded.iter().filter(|one| one.id == id).count() >= ANSWERS_MAX {
            return Err("used_url");
        }
        self.responded.push(Responded { id: id.to_owned(), at: now, body });
        Ok(())
    }
}
