//! Change events: what was deployed, switched or reconfigured, so that who works on an incident sees it. Nobody is notified.
//!
//! ```
//! use pagerduty::Client;
//! use pagerduty::events::change::{self, ChangeEvent};
//!
//! let event = ChangeEvent::new("0123456789abcdef0123456789abcdef", "Deployed api-service v2.5.0 to production")
//!     .with_source("ci")
//!     .with_link("https://ci.example.com/run/7", Some("View Pipeline".to_owned()));
//! let client = Client::builder().build()?;
//! let request = client.request(&change::enqueue(&event)?)?;
//! assert_eq!(request.url.as_str(), "https://events.pagerduty.com/v2/change/enqueue");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::borrow::Cow;

use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::fit::{Shrinks, fit, unless_blank};
use super::wire::{LinkBody, links};
use super::{EventError, KeyError, KeyKind, Link, key_kind};
use crate::call::{Call, Host, Segment, whole};
use crate::lenient;
use crate::secret::Secret;
use crate::text::{SUMMARY_CHARS_MAX, cut};

/// Most links an event may have; more are refused, so those past it are left out.
pub const LINKS_MAX: usize = 50;

/// Something that was changed.
#[derive(Clone, Debug)]
pub struct ChangeEvent {
    routing_key: Secret,
    summary: String,
    source: Option<String>,
    timestamp: Option<String>,
    custom_details: Option<Map<String, Value>>,
    links: Vec<Link>,
}

impl ChangeEvent {
    /// Reports a change; a long summary is cut, a blank one sent as `(no summary)`.
    ///
    /// The key must be of an integration of a service; a ruleset's will not do.
    pub fn new(routing_key: impl Into<Secret>, summary: impl Into<String>) -> Self {
        Self {
            routing_key: routing_key.into(),
            summary: summary.into(),
            source: None,
            timestamp: None,
            custom_details: None,
            links: Vec::new(),
        }
    }

    /// Sets where it was changed.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<String>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Sets when it was changed, in ISO 8601; PagerDuty takes the time of arrival otherwise.
    #[must_use]
    pub fn with_timestamp(mut self, timestamp: impl Into<String>) -> Self {
        self.timestamp = Some(timestamp.into());
        self
    }

    /// Sets free fields; they go first when the event is too large.
    #[must_use]
    pub fn with_custom_details(mut self, details: Map<String, Value>) -> Self {
        self.custom_details = Some(details);
        self
    }

    /// Adds a link; there can be [`LINKS_MAX`].
    #[must_use]
    pub fn with_link(mut self, href: impl Into<String>, text: Option<String>) -> Self {
        self.links.push(Link { href: href.into(), text });
        self
    }
}

/// The answer to a change event. There is no key.
#[derive(Clone, Debug, Deserialize)]
pub struct ChangeEnqueued {
    /// `success`.
    #[serde(default, deserialize_with = "lenient::option")]
    pub status: Option<String>,
    /// For people; never match on it.
    #[serde(default, deserialize_with = "lenient::option")]
    pub message: Option<String>,
}

/// Queues `event` (`POST /v2/change/enqueue`).
///
/// Sent twice it shows twice, which is all the harm: see [`Call::repeatable`].
///
/// # Errors
/// [`EventError`] if the event cannot be sent as it is.
pub fn enqueue(event: &ChangeEvent) -> Result<Call<ChangeEnqueued>, EventError> {
    if key_kind(&event.routing_key)? == KeyKind::Ruleset {
        return Err(KeyError::Ruleset.into());
    }
    let path = [Segment::Fixed("v2"), Segment::Fixed("change"), Segment::Fixed("enqueue")];
    let body = fit(Body {
        routing_key: event.routing_key.expose(),
        payload: Payload {
            summary: cut(unless_blank(&event.summary, "(no summary)"), SUMMARY_CHARS_MAX),
            source: event.source.as_deref(),
            timestamp: event.timestamp.as_deref(),
            custom_details: event.custom_details.as_ref().map(Cow::Borrowed),
        },
        links: links(&event.links).take(LINKS_MAX).collect(),
    })?;
    Ok(whole(Method::POST, path).on(Host::Events).succeeds_with(202).body(body))
}

#[derive(Serialize)]
struct Body<'a> {
    routing_key: &'a str,
    payload: Payload<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    links: Vec<LinkBody<'a>>,
}

#[derive(Serialize)]
struct Payload<'a> {
    summary: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    custom_details: Option<Cow<'a, Map<String, Value>>>,
}

impl Shrinks for Body<'_> {
    fn drop_details(&mut self, note: Cow<'static, Map<String, Value>>) {
        if let Some(details) = &mut self.payload.custom_details {
            *details = note;
        }
    }

    fn drop_links(&mut self) {
        self.links.clear();
    }
}
