//! The Events API: tell PagerDuty that something is wrong, is being worked on, or is over.
//!
//! This module is version 2, which is the one to use; [`v1`] is the old one, and [`change`] is for what was changed rather than what
//! is wrong. A success means *queued*, not that an incident exists: events to a disabled service, or when nobody is on call, are dropped
//! without a word. Whoever needs the incident confirms it through REST or webhooks.
//!
//! ```
//! use pagerduty::events::{self, Event, Severity};
//! use pagerduty::Client;
//!
//! let event = Event::trigger("0123456789abcdef0123456789abcdef", "disk full", "db-1", Severity::Critical)
//!     .with_dedup_key("db-1/disk");
//! let client = Client::builder().build()?;
//! let request = client.request(&events::enqueue(&event)?)?;
//! assert_eq!(request.url.as_str(), "https://events.pagerduty.com/v2/enqueue");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod change;
mod fit;
mod key;
pub mod raw;
mod sender;
pub mod v1;
mod wire;

use http::Method;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::call::{Call, Effect, Host, Segment, whole};
use crate::lenient;
use crate::open_enum::open_enum;
use crate::secret::Secret;

pub use key::{KeyError, KeyKind, key_kind};
pub use sender::{SendError, Sender};

/// Largest body that is sent. The limit is documented as "512 KB"; this is the smaller reading.
pub const EVENT_SIZE_BYTES_MAX: usize = 512_000;

open_enum! {
    /// How bad it is; decides the urgency where the service says so.
    Severity {
        /// Worst.
        Critical = "critical",
        /// Bad.
        Error = "error",
        /// May become bad.
        Warning = "warning",
        /// Good to know.
        Info = "info",
    }
}

/// What an event asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Opens an alert, or adds to the open one with the same dedup key.
    Trigger,
    /// Acknowledges the incident of the open alert with this dedup key.
    Acknowledge,
    /// Resolves the open alert with this dedup key.
    Resolve,
}

impl Action {
    /// Gives the text on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Trigger => "trigger",
            Self::Acknowledge => "acknowledge",
            Self::Resolve => "resolve",
        }
    }
}

/// One event, made by [`Event::trigger`], [`Event::acknowledge`] or [`Event::resolve`].
#[derive(Clone, Debug)]
pub struct Event {
    routing_key: Secret,
    action: Action,
    dedup_key: Option<String>,
    payload: Option<Payload>,
    client: Option<(String, Option<String>)>,
    links: Vec<Link>,
    images: Vec<Image>,
}

/// What a trigger says about the problem.
#[derive(Clone, Debug)]
struct Payload {
    summary: String,
    source: String,
    severity: Severity,
    timestamp: Option<String>,
    component: Option<String>,
    group: Option<String>,
    class: Option<String>,
    custom_details: Option<Map<String, Value>>,
}

/// A link shown with the alert.
#[derive(Clone, Debug)]
pub struct Link {
    /// Address.
    pub href: String,
    /// Text to click on.
    pub text: Option<String>,
}

/// A picture shown with the alert.
#[derive(Clone, Debug)]
pub struct Image {
    /// Address of the picture; must be `https`.
    pub src: String,
    /// Address behind the picture.
    pub href: Option<String>,
    /// Text in its place.
    pub alt: Option<String>,
}

impl Event {
    /// Reports a problem at `source` (a host, usually).
    ///
    /// A blank `summary` or `source` is sent as `(no summary)` or `unknown`, and a long summary is cut: a shortened page is better
    /// than a refused one. Give a [dedup key](Event::with_dedup_key), or a repeat pages twice.
    pub fn trigger(
        routing_key: impl Into<Secret>,
        summary: impl Into<String>,
        source: impl Into<String>,
        severity: Severity,
    ) -> Self {
        let payload = Payload {
            summary: summary.into(),
            source: source.into(),
            severity,
            timestamp: None,
            component: None,
            group: None,
            class: None,
            custom_details: None,
        };
        Self { payload: Some(payload), ..Self::bare(routing_key.into(), Action::Trigger, None) }
    }

    /// Says that somebody works on the open alert with this key. Without such an alert it is dropped, and still a success.
    pub fn acknowledge(routing_key: impl Into<Secret>, dedup_key: impl Into<String>) -> Self {
        Self::bare(routing_key.into(), Action::Acknowledge, Some(dedup_key.into()))
    }

    /// Says that the problem with this key is over. Without an open alert it is dropped, and still a success.
    pub fn resolve(routing_key: impl Into<Secret>, dedup_key: impl Into<String>) -> Self {
        Self::bare(routing_key.into(), Action::Resolve, Some(dedup_key.into()))
    }

    fn bare(routing_key: Secret, action: Action, dedup_key: Option<String>) -> Self {
        Self { routing_key, action, dedup_key, payload: None, client: None, links: Vec::new(), images: Vec::new() }
    }

    /// Sets the key that later events name this alert by; see [`shorten_key`](crate::text::shorten_key) for long ones.
    #[must_use]
    pub fn with_dedup_key(mut self, key: impl Into<String>) -> Self {
        self.dedup_key = Some(key.into());
        self
    }

    /// Sets when the problem was seen, in ISO 8601.
    #[must_use]
    pub fn with_timestamp(self, timestamp: impl Into<String>) -> Self {
        self.payload(|payload| payload.timestamp = Some(timestamp.into()))
    }

    /// Sets the part of the source that is broken.
    #[must_use]
    pub fn with_component(self, component: impl Into<String>) -> Self {
        self.payload(|payload| payload.component = Some(component.into()))
    }

    /// Sets the group of components it belongs to.
    #[must_use]
    pub fn with_group(self, group: impl Into<String>) -> Self {
        self.payload(|payload| payload.group = Some(group.into()))
    }

    /// Sets the kind of problem.
    #[must_use]
    pub fn with_class(self, class: impl Into<String>) -> Self {
        self.payload(|payload| payload.class = Some(class.into()))
    }

    /// Sets free fields; they go first when the event is too large.
    #[must_use]
    pub fn with_custom_details(self, details: Map<String, Value>) -> Self {
        self.payload(|payload| payload.custom_details = Some(details))
    }

    /// Names the sending program, and where to see the problem in it. Shown for triggers only.
    #[must_use]
    pub fn with_client(mut self, name: impl Into<String>, url: Option<String>) -> Self {
        self.client = Some((name.into(), url));
        self
    }

    /// Adds a link.
    #[must_use]
    pub fn with_link(mut self, href: impl Into<String>, text: Option<String>) -> Self {
        self.links.push(Link { href: href.into(), text });
        self
    }

    /// Adds a picture.
    #[must_use]
    pub fn with_image(mut self, image: Image) -> Self {
        self.images.push(image);
        self
    }

    /// Gives the dedup key as it is sent.
    pub fn dedup_key(&self) -> Option<std::borrow::Cow<'_, str>> {
        let key = self.dedup_key.as_deref().filter(|key| !key.trim().is_empty())?;
        Some(crate::text::shorten_key(key))
    }

    /// Only a trigger has a payload; on the other actions it would be ignored.
    fn payload(mut self, set: impl FnOnce(&mut Payload)) -> Self {
        if let Some(payload) = &mut self.payload {
            set(payload);
        }
        self
    }
}

/// The answer to an event.
#[derive(Clone, Debug, Deserialize)]
pub struct Enqueued {
    /// `success`.
    #[serde(default, deserialize_with = "lenient::option")]
    pub status: Option<String>,
    /// For people; never match on it.
    #[serde(default, deserialize_with = "lenient::option")]
    pub message: Option<String>,
    /// The key of the alert: ours, or the one PagerDuty made up.
    #[serde(default, deserialize_with = "lenient::option")]
    pub dedup_key: Option<String>,
}

/// Queues `event` (`POST /v2/enqueue`). Anything but a 202 with JSON is not taken for a success.
///
/// Harmless to repeat when it has a dedup key, up to the next event with that key.
///
/// # Errors
/// [`EventError`] if the event cannot be sent as it is.
pub fn enqueue(event: &Event) -> Result<Call<Enqueued>, EventError> {
    key_kind(&event.routing_key)?;
    let key = event.dedup_key();
    if key.is_none() && event.action != Action::Trigger {
        return Err(EventError::NoDedupKey { action: event.action.as_str() });
    }
    let effect = if key.is_some() { Effect::Repeatable } else { Effect::Once };
    Ok(whole(Method::POST, [Segment::Fixed("v2"), Segment::Fixed("enqueue")])
        .on(Host::Events)
        .with_effect(effect)
        .succeeds_with(202)
        .body(wire::body(event)?))
}

/// Why an event cannot be sent.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    /// The key cannot be one.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The far side would not know which alert is meant.
    #[error("an event to {action} needs a dedup key")]
    NoDedupKey {
        /// The action.
        action: &'static str,
    },
    /// Too large even without details, links and images.
    #[error("the event is {size_bytes} bytes without its details, shorten its fields to fit {EVENT_SIZE_BYTES_MAX}")]
    TooLarge {
        /// Size of what is left.
        size_bytes: usize,
    },
}
