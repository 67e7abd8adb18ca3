//! Finding out why it does not work.

use std::error::Error;

use pagerduty::events::{self, Event, Severity, key_kind};
use pagerduty::rest::users::{self, UserFilter};
use pagerduty::{Paging, Retrying, Secret};

/// Makes a small call, and tells what was sent and what the token may still send.
pub(crate) async fn limits(sender: &Retrying) -> Result<String, Box<dyn Error>> {
    let call = users::list(&UserFilter { paging: Paging { limit: Some(1), offset: None }, ..UserFilter::default() });
    // The request shows the token as `Sensitive`, so that it may be pasted into a ticket.
    let request = sender.client().request(&call)?;
    let reply = sender.call(&call).await?;
    let limit = reply.rate_limit;
    Ok(format!(
        "{request:?}\nanswered {}: {:?} of {:?} requests left",
        reply.status,
        limit.remaining.unwrap_or_default(),
        limit.limit.unwrap_or_default(),
    ))
}

/// Triggers and resolves a harmless alert, and tells what PagerDuty says to it. `mark` makes its key a new one.
pub(crate) async fn try_key(sender: &Retrying, routing_key: &str, mark: &str) -> Result<String, Box<dyn Error>> {
    let kind = key_kind(&Secret::new(routing_key))?;
    let event = Event::trigger(routing_key, "Test of the routing key", "test-script", Severity::Info)
        .with_dedup_key(format!("test-{mark}"));
    let queued = sender.call(&events::enqueue(&event)?).await?.value;
    let key = queued.dedup_key.ok_or("PagerDuty gave no dedup key")?;
    sender.call(&events::enqueue(&Event::resolve(routing_key, key.as_str()))?).await?;
    Ok(format!("{kind:?} key: {} ({key})", queued.message.unwrap_or_default()))
}
