//! The JSON of an event of version 2.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::{Map, Value};

use super::fit::{Shrinks, fit, unless_blank};
use super::{Event, EventError, Image, Link, Payload};
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
pub(super) struct LinkBody<'a> {
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

/// Serialises `event`, fitted into the limit.
pub(super) fn body(event: &Event) -> Result<Vec<u8>, EventError> {
    fit(Body::from(event))
}

/// A link without an address would have the whole event refused.
pub(super) fn links(links: &[Link]) -> impl Iterator<Item = LinkBody<'_>> {
    links.iter().filter(|link| !link.href.trim().is_empty()).map(LinkBody::from)
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
            links: links(&event.links).collect(),
            images: images(&event.images).collect(),
        }
    }
}

fn images(images: &[Image]) -> impl Iterator<Item = ImageBody<'_>> {
    images.iter().filter(|image| !image.src.trim().is_empty()).map(ImageBody::from)
}

impl Shrinks for Body<'_> {
    fn drop_details(&mut self, note: Cow<'static, Map<String, Value>>) {
        if let Some(details) = self.payload.as_mut().and_then(|payload| payload.custom_details.as_mut()) {
            *details = note;
        }
    }

    fn drop_links(&mut self) {
        self.links.clear();
        self.images.clear();
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
