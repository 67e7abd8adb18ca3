//! The Events APIs: what an event does, whichever version it came in.

mod answers;
mod change;
mod checks;
mod v1;
mod v2;

use jiff::Timestamp;
use serde_json::Value;

use super::lifecycle::{ALERTS_MAX, INCIDENT_TYPE, Opening};
use super::model::{Actor, Alert, Client, IncidentIx, IntegrationIx, LogKind, ServiceIx, ServiceState, Status};
use super::state::State;
use crate::wire::{Call, Reply};

pub(crate) use self::answers::refusal;

const BODY_BYTES_MAX: usize = 524_288;

impl State {
    /// Reads an event's body, which every version wants to be a JSON object of limited size.
    fn event_body(&self, call: &Call) -> Result<Value, Reply> {
        if call.body.len() > BODY_BYTES_MAX {
            return Err(answers::too_large(self.config.too_large_status));
        }
        match serde_json::from_slice::<Value>(&call.body) {
            Ok(event) if event.is_object() => Ok(event),
            _ => Err(answers::unrecognized()),
        }
    }

    /// Gives an accepted event its key and its effect; returns the key.
    fn accept(&mut self, event: &Value, given_key: &Value, integration: IntegrationIx, now: Timestamp) -> String {
        let key = match given_key.as_str().filter(|key| !key.is_empty()) {
            Some(key) => key.to_owned(),
            None => self.random.hex32(),
        };
        let became = self.take_event(event, integration, &key, now);
        *self.events.entry(became).or_default() += 1;
        key
    }

    /// Lets an accepted event have its effect, which may be none; returns what became of it.
    fn take_event(&mut self, event: &Value, integration: IntegrationIx, key: &str, now: Timestamp) -> &'static str {
        let service = self.integrations[integration].service;
        let route = (integration, key.to_owned());
        let open = self.by_alert.get(&route).copied().filter(|ix| self.open_alert(*ix, integration, key).is_some());
        let by = Actor::Integration(integration);
        match (event["event_action"].as_str().unwrap_or_default(), open) {
            ("trigger", Some(ix)) => self.repeat(ix, event, integration, key, now),
            ("trigger", None) if self.service_state(service) != ServiceState::Active => "dropped: service not active",
            ("trigger", None) if !self.is_staffed(self.service(service).policy, now) => "dropped: nobody on call",
            ("trigger", None) if self.is_full(service) => "dropped: too many open incidents",
            ("trigger", None) => {
                if let Some(ix) = self.group_of(service, now) {
                    return self.join(ix, event, integration, key, now);
                }
                let opening = self.event_opening(event, integration, key, now);
                let ix = self.open_incident(opening, by, now);
                self.by_alert.insert(route, ix);
                "triggered"
            }
            (_, None) => "dropped: no open alert",
            ("acknowledge", Some(ix)) => {
                if self.incident(ix).status == Status::Triggered {
                    self.acknowledge(ix, by, now);
                }
                "acknowledged"
            }
            (_, Some(ix)) => {
                if let Some(place) = self.open_alert(ix, integration, key) {
                    self.incident_mut(ix).alerts[place].open = false;
                }
                self.resolve_if_quiet(ix, by, now);
                "resolved"
            }
        }
    }

    /// Finds the open alert that an integration's event with this key means.
    fn open_alert(&self, ix: IncidentIx, integration: IntegrationIx, key: &str) -> Option<usize> {
        let meant = |alert: &Alert| alert.open && alert.integration == integration && alert.key == key;
        self.incident(ix).alerts.iter().position(meant)
    }

    /// Adds a trigger to an open alert: its content becomes the newest event's, nobody is paged again.
    fn repeat(
        &mut self,
        ix: IncidentIx,
        event: &Value,
        integration: IntegrationIx,
        key: &str,
        now: Timestamp,
    ) -> &'static str {
        if let Some(place) = self.open_alert(ix, integration, key) {
            let incident = self.incident_mut(ix);
            incident.updated_at = now;
            let alert = &mut incident.alerts[place];
            alert.triggers += 1;
            alert.summary = text(&event["payload"]["summary"]);
            alert.severity = text(&event["payload"]["severity"]);
            alert.details = event["payload"].clone();
            alert.contexts = contexts(event);
            self.log(ix, LogKind::Trigger, Actor::Integration(integration), now);
        }
        "repeated"
    }

    /// Finds the open incident that a service groups new alerts into; none if it does not group.
    fn group_of(&self, service: ServiceIx, now: Timestamp) -> Option<IncidentIx> {
        let grouping = &self.service(service).alert_grouping;
        let by_time = grouping["type"] == "time";
        if !by_time && !self.config.group_alerts {
            return None;
        }
        // In seconds; zero, or none, groups for as long as the incident is open.
        let timeout_s = grouping["config"]["timeout"].as_i64().filter(|seconds| *seconds > 0).filter(|_| by_time);
        let joins = |ix: &IncidentIx| {
            let incident = self.incident(*ix);
            let in_time = timeout_s.is_none_or(|seconds| now.duration_since(incident.created_at).as_secs() < seconds);
            let has_room = (1..ALERTS_MAX).contains(&incident.alerts.len());
            incident.service == service && in_time && has_room
        };
        self.open.iter().rev().copied().find(joins)
    }

    /// Adds an alert to an open incident; the title stays, and nobody is paged again.
    fn join(
        &mut self,
        ix: IncidentIx,
        event: &Value,
        integration: IntegrationIx,
        key: &str,
        now: Timestamp,
    ) -> &'static str {
        let alert = self.new_alert(event, integration, key, now);
        self.file_key(key, ix);
        self.by_alert.insert((integration, key.to_owned()), ix);
        let incident = self.incident_mut(ix);
        incident.alerts.push(alert);
        incident.updated_at = now;
        self.log(ix, LogKind::Trigger, Actor::Integration(integration), now);
        "grouped"
    }

    fn new_alert(&mut self, event: &Value, integration: IntegrationIx, key: &str, now: Timestamp) -> Alert {
        let payload = &event["payload"];
        Alert {
            id: self.random.long_id("Q"),
            key: key.to_owned(),
            open: true,
            summary: text(&payload["summary"]),
            severity: text(&payload["severity"]),
            details: payload.clone(),
            contexts: contexts(event),
            suppressed: false,
            integration,
            created_at: now,
            triggers: 1,
        }
    }

    fn event_opening(&mut self, event: &Value, integration: IntegrationIx, key: &str, now: Timestamp) -> Opening {
        let service = self.integrations[integration].service;
        let alert = self.new_alert(event, integration, key, now);
        let client = event["client"].as_str().filter(|name| !name.is_empty()).map(|name| Client {
            name: name.to_owned(),
            url: event["client_url"].as_str().filter(|url| !url.is_empty()).map(str::to_owned),
        });
        Opening {
            title: alert.summary.clone(),
            details: None,
            // Incidents made from events have no key of their own; the alert has it.
            key: None,
            service,
            policy: self.service(service).policy,
            urgency: self.urgency_at(service, Some(&alert.severity), now),
            priority: None,
            assignee: None,
            client,
            incident_type: INCIDENT_TYPE.to_owned(),
            conference_bridge: None,
            alert: Some(alert),
        }
    }
}

/// Renders an event's links and images as an alert's body shows them.
fn contexts(event: &Value) -> Vec<Value> {
    let shown = |kind: &'static str, list: &Value| {
        let each = list.as_array().map_or(&[] as &[Value], Vec::as_slice).iter();
        let each = each.filter_map(|one| one.as_object().cloned()).map(move |mut one| {
            one.insert("type".to_owned(), kind.into());
            Value::Object(one)
        });
        each.collect::<Vec<_>>()
    };
    [shown("link", &event["links"]), shown("image", &event["images"])].concat()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
