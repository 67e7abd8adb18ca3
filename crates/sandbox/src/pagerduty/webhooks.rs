//! Makes PagerDuty's v3 webhooks: the envelope, the data, the signature, and who gets them.

use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::Sha256;

use super::model::{Actor, Filter, IncidentIx, Note, Subscription};
use super::render::Links;
use super::state::State;
use crate::clock::milliseconds;
use crate::outgoing::Parcel;

/// Notes longer than this are cut in webhooks, and marked as cut.
const NOTE_BYTES_MAX: usize = 40_000;

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
        let content = cut(&note.content, NOTE_BYTES_MAX);
        let data = json!({
            "type": "incident_note",
            "id": note.id,
            "content": content,
            "trimmed": content.len() < note.content.len(),
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
        self.address(place, "pagey.ping", "", &event);
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
            self.address(place, event_type, &about, &event);
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
    fn address(&mut self, place: usize, event_type: &str, about: &str, event: &Value) {
        let webhook_id = self.random.uuid();
        let subscription = &self.subscriptions[place];
        let body = event.to_string();
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

/// Signs a body with each secret; the secret is used as the text it is, not decoded.
fn signatures(secrets: &[String], body: &[u8]) -> String {
    let sign = |secret: &String| {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
        mac.update(body);
        format!("v1={}", hex::encode(mac.finalize().into_bytes()))
    };
    secrets.iter().map(sign).collect::<Vec<_>>().join(",")
}

/// Cuts text to at most `max` bytes, at a character.
fn cut(text: &str, max: usize) -> &str {
    let mut end = text.len().min(max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vector of the facts: computed elsewhere, so that a mistake here cannot agree with itself.
    #[test]
    fn the_signature_matches_the_published_vector() {
        let body = concat!(
            r#"{"event":{"id":"01HZX3Q0000000000000000001","event_type":"incident.annotated","resource_type":"incident","#,
            r#""occurred_at":"2026-01-02T03:04:05.678Z","agent":null,"client":null,"data":{"incident":{"html_url":"#,
            r#""https://acme.pagerduty.com/incidents/Q0000000000001","id":"Q0000000000001","self":"#,
            r#""https://api.pagerduty.com/incidents/Q0000000000001","summary":"Disk full on db-1","#,
            r#""type":"incident_reference"},"id":"PNOTE01","content":"café — 99 % 🔥","trimmed":false,"#,
            r#""type":"incident_note"}}}"#,
        );
        assert_eq!(body.len(), 487);
        let secrets = ["Zm9v+YmFy/emulator-secret-A==".to_owned(), "rotated-secret-B".to_owned()];
        assert_eq!(
            signatures(&secrets, body.as_bytes()),
            "v1=a26abf49aaf9b329380084020aefa3374acddbdc2d77f641234f31d8615755ca,\
             v1=e11afe983dd81cc1e1b9f0a638cc30033ef6dc05e476ebf072182ee3b765fbca"
        );
    }

    #[test]
    fn notes_are_cut_at_characters() {
        assert_eq!(cut("aé", 2), "a");
        assert_eq!(cut("aé", 3), "aé");
    }
}
