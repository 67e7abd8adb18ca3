//! `/webhook_subscriptions`.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::auth::Caller;
use super::model::{Actor, Filter, Subscription};
use super::paging::Page;
use super::refusal::{Refusal, object};
use super::render::Links;
use super::state::State;
use crate::outgoing::Outgoing;
use crate::wire::{Call, Reply};

const REDACTED: &str = "-- redacted --";
const PER_SCOPE_MAX: usize = 10;
/// What can be subscribed to; `pagey.ping` cannot.
const EVENT_TYPES: &str = "incident.triggered incident.acknowledged incident.unacknowledged incident.resolved \
    incident.reopened incident.escalated incident.delegated incident.reassigned incident.priority_updated \
    incident.service_updated incident.incident_type.changed incident.annotated incident.status_update_published \
    incident.responder.added incident.responder.replied incident.conference_bridge.updated \
    incident.custom_field_values.updated incident.role.assigned incident.task.created incident.task.updated \
    incident.task.completed incident.action_invocation.created incident.action_invocation.updated \
    incident.action_invocation.terminated incident.workflow.started incident.workflow.completed service.created \
    service.updated service.deleted service.custom_field_values.updated";

impl State {
    /// Finds a subscription that was not deleted.
    pub(crate) fn subscription(&self, id: &str) -> Result<usize, Refusal> {
        let found = self.subscriptions.iter().position(|one| one.id == id && !one.removed);
        found.ok_or_else(Refusal::not_found)
    }

    pub(crate) fn list_subscriptions(&self, call: &Call, links: &Links, outgoing: &Outgoing) -> Result<Reply, Refusal> {
        let kind = call.query("filter_type");
        let id = call.query("filter_id");
        let matches = |one: &&Subscription| {
            let (its_kind, its_id) = filter_parts(&one.filter);
            let kind_matches = kind.is_none_or(|kind| its_kind.strip_suffix("_reference") == Some(kind));
            !one.removed && kind_matches && id.is_none_or(|id| its_id == Some(id))
        };
        let found: Vec<&Subscription> = self.subscriptions.iter().filter(matches).collect();
        Ok(Page::of(call)?.reply("webhook_subscriptions", &found, |one| shown(links, one, outgoing, None)))
    }

    pub(crate) fn get_subscription(&self, links: &Links, id: &str, outgoing: &Outgoing) -> Result<Reply, Refusal> {
        Ok(reply(links, &self.subscriptions[self.subscription(id)?], outgoing, None))
    }

    pub(crate) fn create_subscription(
        &mut self,
        call: &Call,
        links: &Links,
        outgoing: &Outgoing,
    ) -> Result<Reply, Refusal> {
        let body = object(call.header("content-type"), &call.body)?;
        let given = &body["webhook_subscription"];
        let url = given["delivery_method"]["url"].as_str().filter(|url| is_web_url(url));
        let url = url.ok_or_else(|| Refusal::invalid("Delivery method url must be an http(s) URL"))?;
        let events = events_of(given)?.ok_or_else(|| Refusal::invalid("Events must have at least one item"))?;
        let filter = self.filter_of(given)?;
        self.check_scope(&filter)?;
        let headers = headers_of(&given["delivery_method"])?;
        let secret = self.random.secret();
        let subscription = Subscription {
            id: self.random.short_id(),
            url: url.to_owned(),
            description: given["description"].as_str().unwrap_or_default().to_owned(),
            headers,
            secrets: vec![secret.clone()],
            events,
            filter,
            active: given["active"].as_bool().unwrap_or(true),
            removed: false,
        };
        let reply = reply(links, &subscription, outgoing, Some(&secret));
        self.subscriptions.push(subscription);
        Ok(reply)
    }

    pub(crate) fn update_subscription(
        &mut self,
        call: &Call,
        links: &Links,
        id: &str,
        outgoing: &Outgoing,
    ) -> Result<Reply, Refusal> {
        let place = self.subscription(id)?;
        let body = object(call.header("content-type"), &call.body)?;
        let given = &body["webhook_subscription"];
        let events = events_of(given)?;
        let filter = if given["filter"].is_null() { None } else { Some(self.filter_of(given)?) };
        if let Some(filter) = filter.as_ref().filter(|filter| **filter != self.subscriptions[place].filter) {
            self.check_scope(filter)?;
        }
        // The delivery method cannot be changed: what is given for it is ignored.
        let subscription = &mut self.subscriptions[place];
        if let Some(events) = events {
            subscription.events = events;
        }
        if let Some(filter) = filter {
            subscription.filter = filter;
        }
        if let Some(description) = given["description"].as_str() {
            description.clone_into(&mut subscription.description);
        }
        if let Some(active) = given["active"].as_bool() {
            subscription.active = active;
        }
        Ok(reply(links, &self.subscriptions[place], outgoing, None))
    }

    pub(crate) fn delete_subscription(&mut self, id: &str, outgoing: &Outgoing) -> Result<Reply, Refusal> {
        let place = self.subscription(id)?;
        self.subscriptions[place].removed = true;
        outgoing.discard(id);
        Ok(Reply::empty(204))
    }

    pub(crate) fn enable_subscription(
        &mut self,
        links: &Links,
        id: &str,
        outgoing: &Outgoing,
    ) -> Result<Reply, Refusal> {
        let place = self.subscription(id)?;
        outgoing.enable(id);
        self.subscriptions[place].active = true;
        Ok(reply(links, &self.subscriptions[place], outgoing, None))
    }

    /// Refuses one more subscription in a scope that is full.
    fn check_scope(&self, filter: &Filter) -> Result<(), Refusal> {
        let in_scope = self.subscriptions.iter().filter(|one| !one.removed && one.filter == *filter).count();
        if in_scope < PER_SCOPE_MAX { Ok(()) } else { Err(Refusal::new(400, 2019, "Product Limit Reached")) }
    }

    fn filter_of(&self, given: &Value) -> Result<Filter, Refusal> {
        let id = given["filter"]["id"].as_str().map(str::to_owned);
        match (given["filter"]["type"].as_str(), id) {
            (Some("account_reference"), _) => Ok(Filter::Account),
            (Some("service_reference"), Some(id)) if self.service_by_id(&id).is_some() => Ok(Filter::Service(id)),
            (Some("service_reference"), Some(_)) => Err(Refusal::invalid("Filter service not found")),
            (Some("team_reference"), Some(id)) => Ok(Filter::Team(id)),
            (Some("service_reference" | "team_reference"), None) => Err(Refusal::invalid("Filter id cannot be empty")),
            _ => Err(Refusal::invalid("Filter type must be account_reference, service_reference or team_reference")),
        }
    }

    pub(crate) fn ping_subscription(&mut self, caller: Caller, id: &str, now: Timestamp) -> Result<Reply, Refusal> {
        let place = self.subscription(id)?;
        let by = match caller {
            Caller::User(user) => Actor::User(user),
            Caller::Account => Actor::Automation,
        };
        self.ping(place, by, now);
        Ok(Reply::empty(202))
    }
}

/// Reads the event types; none may be given, but not an empty list.
fn events_of(given: &Value) -> Result<Option<Vec<String>>, Refusal> {
    let events = match &given["events"] {
        Value::Null => return Ok(None),
        Value::Array(events) if !events.is_empty() => events,
        Value::Array(_) => return Err(Refusal::invalid("Events must have at least one item")),
        _ => return Err(Refusal::invalid("Events must be an array of event types")),
    };
    let known = |event: &Value| {
        let event = event.as_str().ok_or_else(|| Refusal::invalid("Events must be strings"))?;
        let known = EVENT_TYPES.split(' ').any(|known| known == event);
        known
            .then(|| event.to_owned())
            .ok_or_else(|| Refusal::invalid(format!("Event {event} is not a known event type")))
    };
    events.iter().map(known).collect::<Result<Vec<String>, _>>().map(Some)
}

/// Tells what is wrong with where and what a subscription sends.
pub(crate) fn check_delivery(url: &str, events: &[String], headers: &[(String, String)]) -> Result<(), String> {
    if !is_web_url(url) {
        return Err(format!("`{url}` is not an http(s) URL"));
    }
    if let Some(unknown) = events.iter().find(|event| !is_event_type(event)) {
        return Err(format!("`{unknown}` is not a known event type"));
    }
    match headers.iter().find(|(name, value)| !is_sendable(name, value)) {
        Some((name, _)) => Err(format!("the header `{name}` cannot be sent over HTTP")),
        None => Ok(()),
    }
}

fn is_event_type(text: &str) -> bool {
    EVENT_TYPES.split(' ').any(|known| known == text)
}

fn is_sendable(name: &str, value: &str) -> bool {
    http::HeaderName::from_bytes(name.as_bytes()).is_ok() && http::HeaderValue::from_str(value).is_ok()
}

fn is_web_url(text: &str) -> bool {
    reqwest::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

fn headers_of(method: &Value) -> Result<Vec<(String, String)>, Refusal> {
    let given = method["custom_headers"].as_array().map_or(&[] as &[Value], Vec::as_slice);
    let mut headers: Vec<(String, String)> = Vec::new();
    for one in given {
        let (Some(name), Some(value)) = (one["name"].as_str(), one["value"].as_str()) else {
            return Err(Refusal::invalid("Custom headers need a name and a value"));
        };
        if !is_sendable(name, value) {
            return Err(Refusal::invalid(format!("Custom header {name} cannot be sent over HTTP")));
        }
        if headers.iter().any(|(taken, _)| taken.eq_ignore_ascii_case(name)) {
            return Err(Refusal::invalid("Custom header names must be unique"));
        }
        headers.push((name.to_owned(), value.to_owned()));
    }
    Ok(headers)
}

fn filter_parts(filter: &Filter) -> (&'static str, Option<&str>) {
    match filter {
        Filter::Account => ("account_reference", None),
        Filter::Service(id) => ("service_reference", Some(id)),
        Filter::Team(id) => ("team_reference", Some(id)),
    }
}

/// Renders a subscription; the secret is shown only in the reply to its creation.
fn shown(links: &Links, one: &Subscription, outgoing: &Outgoing, secret: Option<&str>) -> Value {
    let headers = one.headers.iter().map(|(name, _)| json!({"name": name, "value": REDACTED}));
    let (kind, id) = filter_parts(&one.filter);
    let mut filter = json!({"type": kind});
    if let Some(id) = id {
        filter["id"] = id.into();
    }
    json!({
        "id": one.id,
        "type": "webhook_subscription",
        "summary": null,
        "self": format!("{}/webhook_subscriptions/{}", links.api, one.id),
        "html_url": null,
        "active": one.active,
        "description": one.description,
        "events": one.events,
        "filter": filter,
        "delivery_method": {
            "id": format!("D{}", one.id),
            "type": "http_delivery_method",
            "url": one.url,
            "custom_headers": headers.collect::<Vec<_>>(),
            "secret": secret,
            "temporarily_disabled": outgoing.is_disabled(&one.id),
        },
    })
}

fn reply(links: &Links, one: &Subscription, outgoing: &Outgoing, secret: Option<&str>) -> Reply {
    Reply::json(200, &json!({"webhook_subscription": shown(links, one, outgoing, secret)}))
}
