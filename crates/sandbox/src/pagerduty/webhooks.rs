//! Makes PagerDuty's v3 webhooks: the envelope, the data, and who gets them.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::envelope::{signatures, sized};
use super::model::{Actor, Filter, IncidentIx, Note, Subscription};
use super::render::Links;
use super::state::State;
use crate::clock::milliseconds;
use crate::outgoing::Parcel;

impl State {
    /// Tells every subscriber what happened to an incident, in its new state.
    pub(crate) fn tell(&mut self, ix: IncidentIx, event_type: &str, by: Actor, now: Timestamp) {
        if self.listeners(ix, event_type).is_empty() {
            return;
        }
        let data = self.incident_webhook_json(&self.own_links(), ix);
        self.post(ix, event_type, by, data, now);
    }

    /// Tells every subscriber of a note; the data is the note, without the incident's key or service.
    pub(crate) fn tell_note(&mut self, ix: IncidentIx, note: &Note, now: Timestamp) {
        let event_type = "incident.annotated";
        if self.listeners(ix, event_type).is_empty() {
            return;
        }
        let data = json!({
            "type": "incident_note",
            "id": note.id,
            "content": note.content,
            "trimmed": false,
            "incident": self.incident_ref(&self.own_links(), ix),
        });
        self.post(ix, event_type, Actor::User(note.by), data, now);
    }

    /// Sends the test event to one subscription.
    pub(crate) fn ping(&mut self, place: usize, by: Actor, now: Timestamp) {
        let data = json!({"type": "ping", "message": "Hello from your friend Pagey!"});
        let mut agent = self.actor_ref(&self.own_links(), by);
        if agent.is_object() {
            agent = json!({"id": agent["id"], "type": agent["type"]});
        }
        let event = self.event("pagey.ping", agent, Value::Null, data, now);
        self.address(place, "pagey.ping", "", event);
    }

    fn post(&mut self, ix: IncidentIx, event_type: &str, by: Actor, data: Value, now: Timestamp) {
        let agent = self.actor_ref(&self.own_links(), by);
        let client = self.incident(ix).client.as_ref().map_or(Value::Null, |client| {
            let mut shown = json!({"name": client.name});
            if let Some(url) = &client.url {
                shown["url"] = url.clone().into();
            }
            shown
        });
        let event = self.event(event_type, agent, client, data, now);
        let about = self.incident(ix).id.clone();
        for place in self.listeners(ix, event_type) {
            self.address(place, event_type, &about, event.clone());
        }
    }

    fn event(&mut self, event_type: &str, agent: Value, client: Value, data: Value, now: Timestamp) -> Value {
        json!({"event": {
            "id": self.random.ulid(now.as_millisecond()),
            "event_type": event_type,
            "resource_type": event_type.split('.').next(),
            "occurred_at": milliseconds(now),
            "agent": agent,
            "client": client,
            "data": data,
        }})
    }

    /// Puts one event into an envelope for one subscription, signed with each of its secrets.
    fn address(&mut self, place: usize, event_type: &str, about: &str, event: Value) {
        let webhook_id = self.random.uuid();
        let subscription = &self.subscriptions[place];
        let (body, care) = sized(event);
        let mut headers = vec![
            ("content-type".to_owned(), "application/json".to_owned()),
            ("accept".to_owned(), "application/json".to_owned()),
            ("user-agent".to_owned(), "PagerDuty-Webhook/V3.0".to_owned()),
            ("x-pagerduty-signature".to_owned(), signatures(&subscription.secrets, body.as_bytes())),
            ("x-webhook-id".to_owned(), webhook_id.clone()),
            ("x-webhook-subscription".to_owned(), subscription.id.clone()),
        ];
        headers.extend(subscription.headers.iter().cloned());
        self.outbox.push(Parcel {
            target: subscription.id.clone(),
            lane: format!("{}/{about}", subscription.id),
            url: subscription.url.clone(),
            headers,
            body: body.into(),
            label: event_type.to_owned(),
            about: about.to_owned(),
            webhook_id,
            care,
        });
    }

    fn listeners(&self, ix: IncidentIx, event_type: &str) -> Vec<usize> {
        let service = &self.service(self.incident(ix).service).id;
        let listens = |one: &Subscription| {
            one.active && !one.removed && (one.events.is_empty() || one.events.iter().any(|event| event == event_type))
        };
        let covers = |one: &Subscription| match &one.filter {
            Filter::Account => true,
            Filter::Service(id) => id == service,
            Filter::Team(_) => false,
        };
        let places = self.subscriptions.iter().enumerate().filter(|(_, one)| listens(one) && covers(one));
        places.map(|(place, _)| place).collect()
    }

    fn own_links(&self) -> Links {
        Links { api: self.api_base.clone(), web: self.config.web_base.clone() }
    }
}
