//! Leaving things out, the least needed first, until an event fits the limit.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{EVENT_SIZE_BYTES_MAX, EventError};

/// An event's JSON that can do without parts of itself.
pub(super) trait Shrinks: Serialize {
    /// Puts `note` in place of the details, if there are any.
    fn drop_details(&mut self, note: Cow<'static, Map<String, Value>>);

    /// Leaves out links and pictures.
    fn drop_links(&mut self);
}

/// Serialises `body`, leaving out first its details, then its links and pictures, until it fits.
pub(super) fn fit(mut body: impl Shrinks) -> Result<Vec<u8>, EventError> {
    let mut bytes = to_bytes(&body);
    if bytes.len() > EVENT_SIZE_BYTES_MAX {
        body.drop_details(note(bytes.len()));
        bytes = to_bytes(&body);
    }
    if bytes.len() > EVENT_SIZE_BYTES_MAX {
        body.drop_links();
        bytes = to_bytes(&body);
    }
    if bytes.len() > EVENT_SIZE_BYTES_MAX {
        return Err(EventError::TooLarge { size_bytes: bytes.len() });
    }
    Ok(bytes)
}

fn to_bytes(body: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(body).expect("an event has string keys and cannot fail")
}

/// A word in place of the details, so that who reads the alert knows that there was more.
fn note(size_bytes: usize) -> Cow<'static, Map<String, Value>> {
    let note = format!("left out: the event was {size_bytes} bytes, {EVENT_SIZE_BYTES_MAX} are allowed");
    Cow::Owned(Map::from_iter([("details".to_owned(), json!(note))]))
}

pub(super) fn unless_blank<'a>(text: &'a str, otherwise: &'a str) -> &'a str {
    if text.trim().is_empty() { otherwise } else { text }
}
