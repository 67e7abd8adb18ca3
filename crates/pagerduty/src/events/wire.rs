//! The JSON of an event, fitted into the limits.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{EVENT_SIZE_BYTES_MAX, Event, EventError, Image, Link, Payload};
use crate::text::{SUMMARY_CHARS_MAX, cut};

#[derive(Serialize)]
struct Body<'a> {
    routing_key: &'a str,
    event_action: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    dedup_key: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<PayloadBody<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    links: Vec<LinkBody<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    images: Vec<ImageBody<'a>>,
}

#[derive(Serialize)]
struct PayloadBody<'a> {
    summary: Cow<'a, str>,
    source: &'a str,
    severity: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    component: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    class: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    custom_details: Option<Cow<'a, Map<String, Value>>>,
}

#[derive(Serialize)]
struct LinkBody<'a> {
    href: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
}

#[derive(Serialize)]
struct ImageBody<'a> {
    src: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    href: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    alt: Option<&'a str>,
}

/// Serialises `event`, leaving out first its details, then its links and images, until it fits.
pub(super) fn body(event: &Event) -> Result<Vec<u8>, EventError> {
    let mut body = Body::from(event);
    let mut bytes = body.to_bytes();
    if bytes.len() > EVENT_SIZE_BYTES_MAX {
        body.drop_details(bytes.len());
        bytes = body.to_bytes();
    }
    if bytes.len() > EVENT_SIZE_BYTES_MAX {
        body.links.clear();
        body.images.clear();
        bytes = body.to_bytes();
    }
    if bytes.len() > EVENT_SIZE_BYTES_MAX {
        return Err(EventError::TooLarge { size_bytes: bytes.len() });
    }
    Ok(bytes)
}

impl<'a> From<&'a Event> for Body<'a> {
    fn from(event: &'a Event) -> Self {
        let client = event.client.as_ref();
        Self {
            routing_key: event.routing_key.expose(),
            event_action: event.action.as_str(),
            dedup_key: event.dedup_key(),
            payload: event.payload.as_ref().map(PayloadBody::from),
            client: client.map(|(name, _)| name.as_str()),
            client_url: client.and_then(|(_, url)| url.as_deref()),
            links: event.links.iter().map(LinkBody::from).collect(),
            images: event.images.iter().map(ImageBody::from).collect(),
        }
    }
}

impl Body<'_> {
    fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("an event has string keys and cannot fail")
    }

    /// Leaves a word in their place, so that who reads the alert knows that there was more.
    fn drop_details(&mut self, size_bytes: usize) {
        if let Some(payload) = &mut self.payload
            && payload.custom_details.is_some()
        {
            let note = format!("left out: the event was {size_bytes} bytes, {EVENT_SIZE_BYTES_MAX} are allowed");
            payload.custom_details = Some(Cow::Owned(Map::from_iter([("details".to_owned(), json!(note))])));
        }
    }
}

impl<'a> From<&'a Payload> for PayloadBody<'a> {
    fn from(payload: &'a Payload) -> Self {
        Self {
            summary: cut(unless_blank(&payload.summary, "(no summary)"), SUMMARY_CHARS_MAX),
            source: unless_blank(&payload.source, "unknown"),
            severity: payload.severity.as_str(),
            timestamp: payload.timestamp.as_deref(),
            component: payload.component.as_deref(),
            group: payload.group.as_deref(),
            class: payload.class.as_deref(),
            custom_details: payload.custom_details.as_ref().map(Cow::Borrowed),
        }
    }
}

impl<'a> From<&'a Link> for LinkBody<'a> {
    fn from(link: &'a Link) -> Self {
        Self { href: &link.href, text: link.text.as_deref() }
    }
}

impl<'a> From<&'a Image> for ImageBody<'a> {
    fn from(image: &'a Image) -> Self {
        Self { src: &image.src, href: image.href.as_deref(), alt: image.alt.as_deref() }
    }
}

fn unless_blank<'a>(text: &'a str, otherwise: &'a str) -> &'a str {
    if text.trim().is_empty() { otherwise } else { text }
}
