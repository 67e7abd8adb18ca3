//! Events in the caller's own words: read from a file, or kept by a program that sends them later.
//!
//! ```
//! use pagerduty::Client;
//! use pagerduty::events::raw;
//! use serde_json::json;
//!
//! let event = json!({
//!     "routing_key": "0123456789abcdef0123456789abcdef",
//!     "event_action": "resolve",
//!     "dedup_key": "db-1/disk",
//! });
//! let call = raw::enqueue(event.as_object().expect("an object"))?;
//! let request = Client::builder().build()?.request(&call)?;
//! assert_eq!(request.url.as_str(), "https://events.pagerduty.com/v2/enqueue");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use http::Method;
use serde_json::{Map, Value};

use super::change::ChangeEnqueued;
use super::{Action, EVENT_SIZE_BYTES_MAX, Enqueued, EventError, KeyError, KeyKind, key_kind};
use crate::call::{Call, Effect, Host, Segment, whole};
use crate::secret::Secret;

/// Queues an event of version 2 as it is. Only what would surely be refused, or could not be repeated safely, is looked at.
///
/// # Errors
/// [`EventError`] if the routing key cannot be one, an event other than a trigger has no dedup key, or it is too large.
pub fn enqueue(event: &Map<String, Value>) -> Result<Call<Enqueued>, EventError> {
    let text = |name: &str| event.get(name).and_then(Value::as_str).unwrap_or_default();
    key_kind(&Secret::new(text("routing_key")))?;
    let has_key = !text("dedup_key").trim().is_empty();
    let others = [Action::Acknowledge, Action::Resolve].map(Action::as_str);
    if let Some(action) = others.into_iter().find(|action| !has_key && *action == text("event_action")) {
        return Err(EventError::NoDedupKey { action });
    }
    let effect = if has_key { Effect::Repeatable } else { Effect::Once };
    let call = whole(Method::POST, [Segment::Fixed("v2"), Segment::Fixed("enqueue")]);
    Ok(call.on(Host::Events).with_effect(effect).succeeds_with(202).body(body(event)?))
}

/// Queues a change event as it is.
///
/// # Errors
/// [`EventError`] if the routing key cannot be one of a service's integration, or it is too large.
pub fn change(event: &Map<String, Value>) -> Result<Call<ChangeEnqueued>, EventError> {
    let key = event.get("routing_key").and_then(Value::as_str).unwrap_or_default();
    if key_kind(&Secret::new(key))? == KeyKind::Ruleset {
        return Err(KeyError::Ruleset.into());
    }
    let call = whole(Method::POST, ["v2", "change", "enqueue"].map(Segment::Fixed));
    Ok(call.on(Host::Events).succeeds_with(202).body(body(event)?))
}

fn body(event: &Map<String, Value>) -> Result<Vec<u8>, EventError> {
    let bytes = serde_json::to_vec(event).expect("JSON can be written as JSON");
    if bytes.len() > EVENT_SIZE_BYTES_MAX {
        return Err(EventError::TooLarge { size_bytes: bytes.len() });
    }
    Ok(bytes)
}
