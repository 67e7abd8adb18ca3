//! What the plugin does by itself when an Event is saved, and the alert intake that rests on it.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::form::{Form, Text};
use super::hooks::Change;
use super::model::{Event, Fields, Incident, Kind, SEVERITIES};
use super::refusal::{Refusal, json_reply};
use super::shelves::{CONTENT_TYPES, DEVICES, EVENT_SOURCES, TECHNICAL_SERVICES, content_type, shelf};
use super::state::State;
use crate::wire::Reply;

/// Events of the same technical service belong to one Incident when they come within this time of each other.
const WINDOW: SignedDuration = SignedDuration::from_mins(30);

/// What an Event is about.
struct Target {
    name: String,
    services: Vec<u64>,
    device: Option<u64>,
}

impl State {
    /// Opens or extends an Incident for an Event that is bad enough; calms those whose Events are all over.
    pub(crate) fn after_event(&mut self, id: u64, now: Timestamp) {
        let Some(event) = self.events.get(&id).cloned() else {
            return;
        };
        match event.status.as_str() {
            "triggered" if matches!(event.criticallity.as_str(), "critical" | "high") => self.correlate(&event, now),
            "ok" => self.calm(id, now),
            _ => {}
        }
    }

    fn correlate(&mut self, event: &Event, now: Timestamp) {
        let Some(target) = self.target_of(event) else {
            return;
        };
        let found = self.open_incident_of(event.id, &target, now);
        let (id, change) = match found {
            Some(id) => (id, Change::Updated),
            None => (self.open_incident(event, &target, now), Change::Created),
        };
        let Some(incident) = self.incidents.get_mut(&id) else {
            return;
        };
        if change == Change::Updated && incident.events.contains(&event.id) {
            return;
        }
        incident.events.push(event.id);
        incident.times.touch(now);
        self.incidents_of.entry(event.id).or_default().insert(id);
        self.touch_object(Kind::Incident, id, change, Value::Null, now);
    }

    fn target_of(&self, event: &Event) -> Option<Target> {
        let kind = content_type(event.content_type?)?;
        let id = event.object_id.filter(|_| event.is_valid)?;
        let name = self.name_of(kind.path, id)?.to_owned();
        let services = if kind.path == TECHNICAL_SERVICES {
            vec![id]
        } else {
            let list = if kind.path == DEVICES { "devices" } else { "vms" };
            let all = self.shelves.get(TECHNICAL_SERVICES).into_iter().flatten();
            let holds = |fields: &Fields| {
                let ids = fields.get(list).and_then(Value::as_array);
                ids.is_some_and(|ids| ids.iter().any(|one| one.as_u64() == Some(id)))
            };
            all.filter(|(_, item)| holds(&item.fields)).map(|(service, _)| *service).collect()
        };
        Some(Target { name, services, device: (kind.path == DEVICES).then_some(id) })
    }

    /// Finds the open Incident that an Event belongs to: its own, or one of the same services within the window.
    fn open_incident_of(&self, event: u64, target: &Target, now: Timestamp) -> Option<u64> {
        let own = self.incidents_of.get(&event).into_iter().flatten();
        let near = target.services.iter().filter_map(|service| self.incidents_at.get(service)).flatten();
        let within = |incident: &Incident| now.duration_since(incident.times.updated_at()) <= WINDOW;
        own.chain(near)
            .copied()
            .find(|id| self.incidents.get(id).is_some_and(|incident| !incident.is_over() && within(incident)))
    }

    fn open_incident(&mut self, event: &Event, target: &Target, now: Timestamp) -> u64 {
        let id = self.next_id(Kind::Incident.path());
        for service in &target.services {
            self.incidents_at.entry(*service).or_default().insert(id);
        }
        let title = format!("{}: {} - {}", event.criticallity, target.name, event.message);
        let incident = Incident {
            title: title.chars().take(255).collect(),
            description: format!("Incident created from alert: {}", event.message),
            severity: event.criticallity.clone(),
            reporter: "system".to_owned(),
            affected_services: target.services.clone(),
            affected_devices: target.device.into_iter().collect(),
            ..Incident::new(id, now)
        };
        self.incidents.insert(id, incident);
        id
    }

    /// Moves the Incidents whose Events are all ok to `monitoring`. Only the status is written: their times stay.
    fn calm(&mut self, event: u64, now: Timestamp) {
        let incidents: Vec<u64> = self.incidents_of.get(&event).into_iter().flatten().copied().collect();
        for id in incidents {
            let is_ok = |id: &u64| self.events.get(id).is_none_or(|event| event.status == "ok");
            let calm = self.incidents.get(&id).is_some_and(|incident| {
                !incident.is_over() && incident.status != "monitoring" && incident.events.iter().all(is_ok)
            });
            if let Some(incident) = self.incidents.get_mut(&id).filter(|_| calm) {
                "monitoring".clone_into(&mut incident.status);
                self.touch_object(Kind::Incident, id, Change::Updated, Value::Null, now);
            }
        }
    }

    /// Takes an alert in: one Event per `dedup_id`.
    pub(crate) fn take_alert(&mut self, given: &Fields, now: Timestamp) -> Result<Reply, Refusal> {
        let alert = read_alert(given)?;
        let source = self.event_source(&alert.source, now);
        let target = CONTENT_TYPES.iter().find(|kind| kind.target == alert.target.0);
        let target = target.and_then(|kind| Some((kind.id, self.named(kind.path, &alert.target.1)?.id)));
        let known = self.events.values().rev().find(|event| event.dedup_id == alert.dedup_id).map(|event| event.id);
        let id = known.unwrap_or_else(|| self.next_id(Kind::Event.path()));
        let held = self.events.remove(&id).unwrap_or_else(|| Event::new(id, now));
        let mut event = Event {
            message: alert.message,
            dedup_id: alert.dedup_id,
            status: alert.status,
            criticallity: alert.severity,
            last_seen_at: alert.at.unwrap_or(now),
            raw: alert.raw,
            event_source: Some(source),
            content_type: target.map(|(kind, _)| kind),
            object_id: target.map(|(_, id)| id),
            is_valid: target.is_some(),
            ..held
        };
        event.times.touch(now);
        let triggered = event.status == "triggered";
        self.events.insert(id, event);
        let change = if known.is_some() { Change::Updated } else { Change::Created };
        self.touch_object(Kind::Event, id, change, Value::Null, now);
        self.after_event(id, now);
        let incident = self.incidents_of.get(&id).filter(|_| triggered).and_then(|incidents| incidents.last());
        let body = json!({
            "status": "success",
            "event_id": id,
            "incident_id": incident,
            "message": "Alert processed successfully",
        });
        Ok(json_reply(201, &body))
    }

    fn event_source(&mut self, name: &str, now: Timestamp) -> u64 {
        if let Some(item) = self.named(EVENT_SOURCES, name) {
            return item.id;
        }
        let fields = [("name".to_owned(), json!(name))].into_iter().collect();
        let shelf = shelf(EVENT_SOURCES).expect("it is in the list");
        self.create_item(shelf, &fields, now).unwrap_or_default()
    }
}

struct Alert {
    source: String,
    severity: String,
    status: String,
    message: String,
    dedup_id: String,
    at: Option<Timestamp>,
    target: (String, String),
    raw: Value,
}

fn read_alert(given: &Fields) -> Result<Alert, Refusal> {
    let mut form = Form::new(given, false);
    let source = form.text("source", Text::required(64)).unwrap_or_default();
    let severity = form.choice("severity", SEVERITIES).unwrap_or_default();
    let status = form.choice("status", Kind::Event.statuses()).unwrap_or_default();
    let message = form.text("message", Text::required(255)).unwrap_or_default();
    let dedup_id = form.text("dedup_id", Text::required(128)).unwrap_or_default();
    let at = form.time("timestamp", false).flatten();
    let target = match form.value("target", true) {
        Some(Value::Object(target)) => {
            let text = |name: &str| target.get(name).and_then(Value::as_str).map(str::to_owned);
            let both = text("type").zip(text("identifier"));
            if both.is_none() {
                form.wrong("target", "Target must have 'type' and 'identifier' fields.");
            }
            both.unwrap_or_default()
        }
        Some(_) => {
            form.wrong("target", "Expected a dictionary of items.");
            Default::default()
        }
        None => Default::default(),
    };
    let raw = given.get("raw_data").cloned().unwrap_or_else(|| json!({}));
    let errors = form.errors();
    if !errors.is_empty() {
        return Err(Refusal::InvalidAlert(errors));
    }
    Ok(Alert { source, severity, status, message, dedup_id, at, target, raw })
}
