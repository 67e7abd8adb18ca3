//! Makes PagerDuty's v3 webhooks: the envelope, the data, and who gets them.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::envelope::{signatures, sized};
use super::model::{Actor, Filter, IncidentIx, Note, ServiceIx, Subscription, TeamIx};
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
        let data = json!({"type": "incident_note", "id": note.id, "content": note.content, "trimmed": false});
        self.tell_part(ix, "incident.annotated", Actor::User(note.by), data, now);
    }

    /// Tells every subscriber of an incident's conference bridge.
    pub(crate) fn tell_bridge(&mut self, ix: IncidentIx, by: Actor, now: Timestamp) {
        let bridge = self.incident(ix).conference_bridge.as_ref();
        let number = bridge.and_then(|bridge| bridge.number.as_ref());
        let numbers: Vec<Value> = number.iter().map(|number| json!({"label": "", "number": number})).collect();
        let url = bridge.and_then(|bridge| bridge.url.as_ref());
        let data = json!({"type": "incident_conference_bridge", "conference_numbers": numbers, "conference_url": url});
        self.tell_part(ix, "incident.conference_bridge.updated", by, data, now);
    }

    /// Tells every subscriber of something that belongs to an incident; the incident is added as a reference.
    pub(crate) fn tell_part(&mut self, ix: IncidentIx, event_type: &str, by: Actor, mut data: Value, now: Timestamp) {
        if self.listeners(ix, event_type).is_empty() {
            return;
        }
        data["incident"] = self.incident_ref(&self.own_links(), ix);
        self.post(ix, event_type, by, data, now);
    }

    /// Tells every subscriber of a service that was made, changed or deleted.
    pub(crate) fn tell_service(&mut self, service: ServiceIx, event_type: &str, by: Actor, now: Timestamp) {
        let teams = self.policy(self.service(service).policy).teams.clone();
        let listeners = self.listeners_of(service, &teams, event_type);
        if listeners.is_empty() {
            return;
        }
        let links = self.own_links();
        let mut data = self.service_ref(&links, service);
        data["type"] = "service".into();
        data["alert_creation"] = self.service(service).alert_creation.clone().into();
        data["teams"] = teams.iter().map(|team| self.team_ref(&links, *team)).collect::<Vec<_>>().into();
        let agent = self.actor_ref(&links, by);
        let event = self.event(event_type, agent, Value::Null, data, now);
        let about = self.service(service).id.clone();
        for place in listeners {
            self.address(place, event_type, &about, event.clone());
        }
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
        let incident = self.incident(ix);
        self.listeners_of(incident.service, &self.policy(incident.policy).teams, event_type)
    }

    fn listeners_of(&self, service: ServiceIx, teams: &[TeamIx], event_type: &str) -> Vec<usize> {
        let listens = |one: &Subscription| {
            one.active && !one.removed && (one.events.is_empty() || one.events.iter().any(|event| event == event_type))
        };
        let covers = |one: &Subscription| match &one.filter {
            Filter::Account => true,
            Filter::Service(id) => *id == self.service(service).id,
            Filter::Team(id) => teams.iter().any(|team| self.teams[*team].id == *id),
        };
        let places = self.subscriptions.iter().enumerate().filter(|(_, one)| listens(one) && covers(one));
        places.map(|(place, _)| place).collect()
    }

    pub(crate) fn own_links(&self) -> Links {
        Links::new(self.api_base.clone(), self.config.web_base.clone())
    }
}
