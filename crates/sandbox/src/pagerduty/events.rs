//! `POST /v2/enqueue`: the Events API v2.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::lifecycle::{ALERTS_MAX, INCIDENT_TYPE, Opening};
use super::model::{Actor, Alert, Client, IncidentIx, IntegrationIx, LogKind, ServiceIx, ServiceState, Status};
use super::state::State;
use crate::wire::{Call, Reply};

const BODY_BYTES_MAX: usize = 524_288;
const SUMMARY_CHARACTERS_MAX: usize = 1_024;
const DEDUP_KEY_CHARACTERS_MAX: usize = 255;
const ROUTING_KEY_CHARACTERS: usize = 32;

impl State {
    pub(crate) fn enqueue(&mut self, call: &Call, now: Timestamp) -> Reply {
        if call.body.len() > BODY_BYTES_MAX {
            return invalid(&["Event object is too large (maximum is 512 KB)".to_owned()]);
        }
        let Ok(event) = serde_json::from_slice::<Value>(&call.body) else {
            return unrecognized();
        };
        if !event.is_object() {
            return unrecognized();
        }
        let errors = faults_of(&event);
        if !errors.is_empty() {
            return invalid(&errors);
        }
        let routing_key = event["routing_key"].as_str().unwrap_or_default();
        let Some(integration) = self.integration_by_key(routing_key) else {
            return invalid(&["Invalid routing key".to_owned()]);
        };
        if !self.limits.event(routing_key, now) {
            return throttled();
        }
        let dedup_key = match event["dedup_key"].as_str().filter(|key| !key.is_empty()) {
            Some(key) => key.to_owned(),
            None => self.random.hex32(),
        };
        let became = self.take_event(&event, integration, &dedup_key, now);
        *self.events.entry(became).or_default() += 1;
        Reply::json(202, &json!({"status": "success", "message": "Event processed", "dedup_key": dedup_key}))
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

/// Lists everything that is wrong with an event, in PagerDuty's words.
fn faults_of(event: &Value) -> Vec<String> {
    let mut errors = routing_key_faults(event["routing_key"].as_str().unwrap_or_default());
    let action = event["event_action"].as_str().unwrap_or_default();
    if action.is_empty() {
        errors.push("'event_action' is missing or blank".to_owned());
    } else if !matches!(action, "trigger" | "acknowledge" | "resolve") {
        errors.push("'event_action' is invalid (must be one of: trigger acknowledge resolve)".to_owned());
    }
    let dedup_key = event["dedup_key"].as_str().unwrap_or_default();
    if dedup_key.chars().count() > DEDUP_KEY_CHARACTERS_MAX {
        errors.push("'dedup_key' is too long (maximum is 255 characters)".to_owned());
    }
    match action {
        "trigger" => payload_faults(&event["payload"], &mut errors),
        "acknowledge" | "resolve" if dedup_key.is_empty() => {
            errors.push("'dedup_key' is missing or blank".to_owned());
        }
        _ => {}
    }
    errors
}

fn routing_key_faults(key: &str) -> Vec<String> {
    let mut errors = Vec::new();
    if key.chars().count() != ROUTING_KEY_CHARACTERS {
        errors.push("Length of 'routing_key' is incorrect (should be 32 characters)".to_owned());
    }
    if key.contains(|character: char| !character.is_ascii_alphanumeric()) {
        errors.push("'routing_key' cannot contain non-alphanumeric characters.".to_owned());
    }
    errors
}

fn payload_faults(payload: &Value, errors: &mut Vec<String>) {
    if !payload.is_object() {
        errors.push("'payload' is missing or blank".to_owned());
        return;
    }
    for field in ["summary", "severity", "source"] {
        if payload[field].as_str().is_none_or(|text| text.trim().is_empty()) {
            errors.push(format!("'payload.{field}' is missing or blank"));
        }
    }
    let severity = payload["severity"].as_str().unwrap_or_default();
    if !severity.is_empty() && !matches!(severity, "critical" | "error" | "warning" | "info") {
        errors.push("'payload.severity' is invalid (must be one of: critical error warning info)".to_owned());
    }
    if payload["summary"].as_str().is_some_and(|summary| summary.chars().count() > SUMMARY_CHARACTERS_MAX) {
        // The misspelling is PagerDuty's own.
        errors.push("'summary' is too long (maiximum is 1024 characters)".to_owned());
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

fn invalid(errors: &[String]) -> Reply {
    Reply::json(400, &json!({"status": "invalid event", "message": "Event object is invalid", "errors": errors}))
}

fn unrecognized() -> Reply {
    let body = json!({
        "status": "Unrecognized object",
        "message": "Event object format is unrecognized",
        "errors": ["JSON parse error"],
    });
    Reply::json(400, &body)
}

pub(crate) fn throttled() -> Reply {
    let body = json!({
        "status": "throttle exceeded",
        "message": "Requests for this service are arriving too quickly.  Please retry later.",
    });
    Reply::json(429, &body)
}
