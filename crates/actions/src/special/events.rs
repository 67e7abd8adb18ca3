//! Sending to the Events API: version 2, version 1, and changes. The key goes into the body, and nowhere else.

use pagerduty::events::{self as api, Event, Image, Severity, change, v1};
use pagerduty::{Call, Secret};
use serde_json::{Map, Value};

use crate::input::Args;
use crate::outcome::ActionError;
use crate::request::text;
use crate::run::Done;
use crate::session::{Session, Stop};

/// What is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EventKind {
    Trigger,
    Acknowledge,
    Resolve,
    TriggerV1,
    Change,
}

pub(crate) async fn send(session: &Session<'_>, kind: EventKind, args: &Args) -> Result<Done, Stop> {
    let call = call(session, kind, &Fields(args))?;
    Ok(Done::new(session.send(call).await?.value))
}

fn call(session: &Session<'_>, kind: EventKind, fields: &Fields<'_>) -> Result<Call<Value>, ActionError> {
    let key = key(session, kind, fields)?;
    let call = match kind {
        EventKind::Trigger => api::enqueue(&trigger(key, fields)).map(Call::untyped),
        EventKind::Acknowledge => api::enqueue(&Event::acknowledge(key, fields.text("dedup_key"))).map(Call::untyped),
        EventKind::Resolve => api::enqueue(&Event::resolve(key, fields.text("dedup_key"))).map(Call::untyped),
        EventKind::TriggerV1 => v1::create(&trigger_v1(key, fields)).map(Call::untyped),
        EventKind::Change => change::enqueue(&changed(key, fields)).map(Call::untyped),
    };
    call.map_err(|error| ActionError::invalid(error.to_string()))
}

fn key(session: &Session<'_>, kind: EventKind, fields: &Fields<'_>) -> Result<Secret, ActionError> {
    let caller = session.caller;
    let (name, own) = match kind {
        EventKind::TriggerV1 => ("service_key", caller.service_key.as_ref()),
        EventKind::Change => ("routing_key", caller.change_routing_key.as_ref()),
        EventKind::Trigger | EventKind::Acknowledge | EventKind::Resolve => ("routing_key", None),
    };
    let set_up = own.or(caller.routing_key.as_ref()).cloned();
    let key = fields.some(name).map(Secret::from).or(set_up);
    key.ok_or_else(|| ActionError::invalid(format!("there is no key to send with: give `{name}`, or set one up")))
}

fn trigger(key: Secret, fields: &Fields<'_>) -> Event {
    let severity = Severity::from(fields.text("severity").as_str());
    let mut event = Event::trigger(key, fields.text("summary"), fields.text("source"), severity);
    type Set = fn(Event, String) -> Event;
    let texts: [(&str, Set); 5] = [
        ("dedup_key", Event::with_dedup_key),
        ("timestamp", Event::with_timestamp),
        ("component", Event::with_component),
        ("group", Event::with_group),
        ("class", Event::with_class),
    ];
    for (name, set) in texts {
        if let Some(text) = fields.some(name) {
            event = set(event, text);
        }
    }
    if let Some(details) = fields.object("custom_details") {
        event = event.with_custom_details(details);
    }
    if let Some(client) = fields.some("client") {
        event = event.with_client(client, fields.some("client_url"));
    }
    for (href, text) in fields.links() {
        event = event.with_link(href, text);
    }
    for image in fields.list("images") {
        let part = |name: &str| image.get(name).map(text);
        event = event.with_image(Image { src: part("src").unwrap_or_default(), href: part("href"), alt: part("alt") });
    }
    event
}

fn trigger_v1(key: Secret, fields: &Fields<'_>) -> v1::Event {
    let mut event = v1::Event::trigger(key, fields.text("description"));
    if let Some(key) = fields.some("incident_key") {
        event = event.with_incident_key(key);
    }
    if let Some(details) = fields.object("details") {
        event = event.with_details(details);
    }
    if let Some(client) = fields.some("client") {
        event = event.with_client(client, fields.some("client_url"));
    }
    event
}

fn changed(key: Secret, fields: &Fields<'_>) -> change::ChangeEvent {
    let mut event = change::ChangeEvent::new(key, fields.text("summary"));
    if let Some(source) = fields.some("source") {
        event = event.with_source(source);
    }
    if let Some(timestamp) = fields.some("timestamp") {
        event = event.with_timestamp(timestamp);
    }
    if let Some(details) = fields.object("custom_details") {
        event = event.with_custom_details(details);
    }
    for (href, text) in fields.links() {
        event = event.with_link(href, text);
    }
    event
}

/// A checked input, read field by field.
struct Fields<'a>(&'a Args);

impl Fields<'_> {
    fn some(&self, name: &str) -> Option<String> {
        self.0.get(name).map(text)
    }

    fn text(&self, name: &str) -> String {
        self.some(name).unwrap_or_default()
    }

    fn object(&self, name: &str) -> Option<Map<String, Value>> {
        self.0.get(name)?.as_object().cloned()
    }

    fn list(&self, name: &str) -> &[Value] {
        self.0.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
    }

    fn links(&self) -> Vec<(String, Option<String>)> {
        self.list("links").iter().map(|link| (text(&link["href"]), link.get("text").map(text))).collect()
    }
}
