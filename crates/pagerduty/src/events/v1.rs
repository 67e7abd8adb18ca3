//! The Events API v1, for senders and integrations that know no other. New ones should use [version 2](super).
//!
//! ```
//! use pagerduty::Client;
//! use pagerduty::events::v1::{self, Event};
//!
//! let event = Event::trigger("0123456789abcdef0123456789abcdef", "disk full").with_incident_key("db-1/disk");
//! let client = Client::builder().build()?;
//! let request = client.request(&v1::create(&event)?)?;
//! assert_eq!(request.url.path(), "/generic/2010-04-15/create_event.json");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::borrow::Cow;

use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::fit::{Shrinks, fit, unless_blank};
use super::{Action, EventError, Image, Link, key_kind};
use crate::call::{Call, Effect, Host, Segment, whole};
use crate::lenient;
use crate::secret::Secret;
use crate::text::{SUMMARY_CHARS_MAX, cut, shorten_key};

/// One event, made by [`Event::trigger`], [`Event::acknowledge`] or [`Event::resolve`].
#[derive(Clone, Debug)]
pub struct Event {
    service_key: Secret,
    action: Action,
    incident_key: Option<String>,
    description: Option<String>,
    details: Option<Map<String, Value>>,
    client: Option<(String, Option<String>)>,
    links: Vec<Link>,
    images: Vec<Image>,
}

impl Event {
    /// Reports a problem; a long description is cut, a blank one sent as `(no description)`.
    pub fn trigger(service_key: impl Into<Secret>, description: impl Into<String>) -> Self {
        let bare = Self::bare(service_key.into(), Action::Trigger, None);
        Self { description: Some(description.into()), ..bare }
    }

    /// Says that somebody works on the open incident with this key.
    pub fn acknowledge(service_key: impl Into<Secret>, incident_key: impl Into<String>) -> Self {
        Self::bare(service_key.into(), Action::Acknowledge, Some(incident_key.into()))
    }

    /// Says that the problem with this key is over.
    pub fn resolve(service_key: impl Into<Secret>, incident_key: impl Into<String>) -> Self {
        Self::bare(service_key.into(), Action::Resolve, Some(incident_key.into()))
    }

    fn bare(service_key: Secret, action: Action, incident_key: Option<String>) -> Self {
        Self {
            service_key,
            action,
            incident_key,
            description: None,
            details: None,
            client: None,
            links: Vec::new(),
            images: Vec::new(),
        }
    }

    /// Sets the key that later events name this incident by; see [`shorten_key`] for long ones.
    #[must_use]
    pub fn with_incident_key(mut self, key: impl Into<String>) -> Self {
        self.incident_key = Some(key.into());
        self
    }

    /// Says more in words; on the other actions it shows in the incident's log.
    #[must_use]
    pub fn with_description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// Sets free fields; they go first when the event is too large.
    #[must_use]
    pub fn with_details(mut self, details: Map<String, Value>) -> Self {
        self.details = Some(details);
        self
    }

    /// Names the sending program, and where to see the problem in it. Sent with triggers only.
    #[must_use]
    pub fn with_client(mut self, name: impl Into<String>, url: Option<String>) -> Self {
        self.client = Some((name.into(), url));
        self
    }

    /// Adds a link. Sent with triggers only.
    #[must_use]
    pub fn with_link(mut self, href: impl Into<String>, text: Option<String>) -> Self {
        self.links.push(Link { href: href.into(), text });
        self
    }

    /// Adds a picture. Sent with triggers only.
    #[must_use]
    pub fn with_image(mut self, image: Image) -> Self {
        self.images.push(image);
        self
    }

    fn key(&self) -> Option<Cow<'_, str>> {
        self.incident_key.as_deref().filter(|key| !key.trim().is_empty()).map(shorten_key)
    }
}

/// The answer to an event.
#[derive(Clone, Debug, Deserialize)]
pub struct Created {
    /// `success`.
    #[serde(default, deserialize_with = "lenient::option")]
    pub status: Option<String>,
    /// For people; never match on it.
    #[serde(default, deserialize_with = "lenient::option")]
    pub message: Option<String>,
    /// The key of the incident: ours, or the one PagerDuty made up.
    #[serde(default, deserialize_with = "lenient::option")]
    pub incident_key: Option<String>,
}

/// Queues `event` (`POST /generic/2010-04-15/create_event.json`). Anything but a 200 with JSON is not taken for a success; a 403
/// says that too much is sent.
///
/// # Errors
/// [`EventError`] if the event cannot be sent as it is.
pub fn create(event: &Event) -> Result<Call<Created>, EventError> {
    key_kind(&event.service_key)?;
    let key = event.key();
    if key.is_none() && event.action != Action::Trigger {
        return Err(EventError::NoDedupKey { action: event.action.as_str() });
    }
    let effect = if key.is_some() { Effect::Repeatable } else { Effect::Once };
    Ok(whole(Method::POST, ["generic", "2010-04-15", "create_event.json"].map(Segment::Fixed))
        .on(Host::Events)
        .with_effect(effect)
        .succeeds_with(200)
        .throttled_with(403)
        .body(fit(Body::new(event, key))?))
}

#[derive(Serialize)]
struct Body<'a> {
    service_key: &'a str,
    event_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    incident_key: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<Cow<'a, Map<String, Value>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    contexts: Vec<Context<'a>>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Context<'a> {
    Link {
        href: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        text: Option<&'a str>,
    },
    Image {
        src: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        href: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        alt: Option<&'a str>,
    },
}

impl<'a> Body<'a> {
    fn new(event: &'a Event, incident_key: Option<Cow<'a, str>>) -> Self {
        let is_trigger = event.action == Action::Trigger;
        let description = event.description.as_deref().map(|text| unless_blank(text, "(no description)"));
        let client = event.client.as_ref().filter(|_| is_trigger);
        Self {
            service_key: event.service_key.expose(),
            event_type: event.action.as_str(),
            incident_key,
            description: description.map(|text| cut(text, SUMMARY_CHARS_MAX)),
            details: event.details.as_ref().map(Cow::Borrowed),
            client: client.map(|(name, _)| name.as_str()),
            client_url: client.and_then(|(_, url)| url.as_deref()),
            contexts: if is_trigger { contexts(event) } else { Vec::new() },
        }
    }
}

/// One without an address would have the whole event refused.
fn contexts(event: &Event) -> Vec<Context<'_>> {
    let links = event.links.iter().filter(|link| !link.href.trim().is_empty());
    let images = event.images.iter().filter(|image| !image.src.trim().is_empty());
    let links = links.map(|link| Context::Link { href: &link.href, text: link.text.as_deref() });
    let images = images.map(|i| Context::Image { src: &i.src, href: i.href.as_deref(), alt: i.alt.as_deref() });
    links.chain(images).collect()
}

impl Shrinks for Body<'_> {
    fn drop_details(&mut self, note: Cow<'static, Map<String, Value>>) {
        if let Some(details) = &mut self.details {
            *details = note;
        }
    }

    fn drop_links(&mut self) {
        self.contexts.clear();
    }
}
