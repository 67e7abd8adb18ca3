//! Objects as the API and the webhooks show them.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::model::{Event, Incident, Kind};
use super::state::State;

/// A time as the API writes it: microseconds.
pub(crate) fn micros(at: Timestamp) -> String {
    format!("{at:.6}")
}

/// A time as the snapshots of webhooks have it: milliseconds.
fn millis(at: Timestamp) -> String {
    format!("{at:.3}")
}

impl State {
    pub(crate) fn incident_json(&self, incident: &Incident, now: Timestamp) -> Value {
        let services: Vec<Value> = incident.services.iter().filter_map(|id| self.services.get(id)).map(|service| {
            let down = if incident.is_open() { "down" } else { "healthy" };
            json!({"id": service.id, "name": service.name, "service_type": service.service_type, "health_status": down})
        }).collect();
        let sources: Vec<&String> = incident
            .events
            .iter()
            .filter_map(|id| self.events.get(id)?.event_source)
            .filter_map(|id| self.sources.get(&id))
            .collect();
        // It follows the clock, so that no two readings of an open incident are the same.
        let until = incident.resolved_at.unwrap_or(now);
        let minutes = (until.as_second() - incident.created_at.as_second()).max(0) / 60;
        json!({
            "id": incident.id,
            "title": incident.title,
            "description": incident.description,
            "status": incident.status,
            "severity": incident.severity,
            "created_at": micros(incident.created_at),
            "updated_at": micros(incident.updated_at),
            "detected_at": incident.detected_at.map(|at| at.to_string()),
            "resolved_at": incident.resolved_at.map(|at| at.to_string()),
            "responders_count": 0,
            "affected_services_count": services.len(),
            "affected_devices_count": 0,
            "events_count": incident.events.len(),
            "affected_services": services,
            "affected_devices": [],
            "event_sources": sources,
            "correlation_window": 0,
            "blast_radius": {
                "affected_services": incident.services.len(),
                "affected_devices": 0,
                "potential_downstream_services": 0,
                "potential_connected_devices": 0,
                "affected_business_applications": 0,
            },
            "duration_minutes": minutes,
            "auto_created": false,
            "recent_context_events": [],
            "device_discovery_metadata": {"total_devices": 0, "discovery_methods": []},
            "reporter": incident.reporter,
            "commander": incident.commander,
            "pagerduty_dedup_key": incident.pagerduty_dedup_key,
            "created": micros(incident.created_at),
            "last_updated": micros(incident.updated_at),
        })
    }

    pub(crate) fn event_json(&self, event: &Event) -> Value {
        let mut shown = json!({
            "id": event.id,
            "created_at": micros(event.created_at),
            "last_seen_at": event.last_seen_at.to_string(),
            "updated_at": micros(event.updated_at),
            "content_type": event.target.as_ref().map(|target| target.content_type),
            "object_id": event.target.as_ref().map(|target| target.id),
            "message": event.message,
            "dedup_id": event.dedup_id,
            "status": event.status,
            "criticallity": event.criticallity,
            "event_source": event.event_source,
            "raw": event.raw,
            "is_valid": event.is_valid,
            "has_valid_target": valid_target(event),
            "target_display": event.target.as_ref().map_or("Invalid Target", |target| target.name.as_str()),
            "incidents_count": event.incidents.len(),
            "incident_ids": event.incidents,
            "time_to_incident": null,
            "correlation_score": 0.0,
            "created": micros(event.created_at),
            "last_updated": micros(event.updated_at),
        });
        if let Some(name) = event.event_source.and_then(|id| self.sources.get(&id)) {
            shown["event_source_name"] = name.as_str().into();
        }
        if let Some(target) = &event.target {
            shown["content_type_name"] = target.model.as_str().into();
        }
        shown
    }

    pub(crate) fn shown(&self, kind: Kind, id: u64, now: Timestamp) -> Option<Value> {
        match kind {
            Kind::Event => self.events.get(&id).map(|event| self.event_json(event)),
            Kind::Incident => self.incidents.get(&id).map(|incident| self.incident_json(incident, now)),
        }
    }

    /// The flat form of the snapshots in webhooks.
    pub(crate) fn flat(&self, kind: Kind, id: u64) -> Option<Value> {
        Some(match kind {
            Kind::Event => flat_event(self.events.get(&id)?),
            Kind::Incident => flat_incident(self.incidents.get(&id)?),
        })
    }
}

/// Python's `is_valid and content_type and object_id`.
fn valid_target(event: &Event) -> Value {
    match (&event.target, event.is_valid) {
        (_, false) => Value::Bool(false),
        (None, true) => Value::Null,
        (Some(target), true) => target.id.into(),
    }
}

fn flat_incident(incident: &Incident) -> Value {
    json!({
        "created": millis(incident.created_at),
        "last_updated": millis(incident.updated_at),
        "title": incident.title,
        "description": incident.description,
        "status": incident.status,
        "severity": incident.severity,
        "created_at": millis(incident.created_at),
        "updated_at": millis(incident.updated_at),
        "detected_at": incident.detected_at.map(|at| at.to_string()),
        "resolved_at": incident.resolved_at.map(|at| at.to_string()),
        "reporter": incident.reporter,
        "commander": incident.commander,
        "pagerduty_dedup_key": incident.pagerduty_dedup_key,
        "responders": [],
        "affected_services": incident.services,
        "affected_devices": [],
        "events": incident.events,
        "custom_fields": {},
        "tags": [],
    })
}

fn flat_event(event: &Event) -> Value {
    json!({
        "created": millis(event.created_at),
        "last_updated": millis(event.updated_at),
        "created_at": millis(event.created_at),
        "last_seen_at": event.last_seen_at.to_string(),
        "updated_at": millis(event.updated_at),
        "content_type": event.target.as_ref().map(|target| target.content_type),
        "object_id": event.target.as_ref().map(|target| target.id),
        "message": event.message,
        "dedup_id": event.dedup_id,
        "status": event.status,
        "criticallity": event.criticallity,
        "event_source": event.event_source,
        "raw": event.raw,
        "is_valid": event.is_valid,
        "custom_fields": {},
        "tags": [],
    })
}

/// Before an object changes, or is gone, its picture lacks the time of the last change.
pub(crate) fn before(mut flat: Value) -> Value {
    if let Some(fields) = flat.as_object_mut() {
        fields.remove("last_updated");
    }
    flat
}

/// An object with one field.
pub(crate) fn one(name: &str, value: impl Into<Value>) -> Value {
    Value::Object(Map::from_iter([(name.to_owned(), value.into())]))
}
