//! Shows Events and Incidents as the REST API does, and as the snapshots of webhooks do.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::model::{Event, Incident, Kind, rest_time, snapshot_time};
use super::shelves::{DEVICES, EVENT_SOURCES, TECHNICAL_SERVICES, content_type};
use super::state::State;

impl State {
    /// Shows an Event or an Incident; null if there is none.
    pub(crate) fn shown(&self, kind: Kind, id: u64, now: Timestamp) -> Value {
        match kind {
            Kind::Event => self.events.get(&id).map(|event| self.event_json(event)),
            Kind::Incident => self.incidents.get(&id).map(|incident| self.incident_json(incident, now)),
        }
        .unwrap_or_default()
    }

    /// Shows the flat model; null if there is none.
    pub(crate) fn snapshot_of(&self, kind: Kind, id: u64) -> Value {
        match kind {
            Kind::Event => self.events.get(&id).map(event_snapshot),
            Kind::Incident => self.incidents.get(&id).map(incident_snapshot),
        }
        .unwrap_or_default()
    }

    pub(crate) fn event_json(&self, event: &Event) -> Value {
        let incidents: Vec<u64> = self.incidents_of.get(&event.id).into_iter().flatten().copied().collect();
        let target = event.content_type.zip(event.object_id);
        // What Python's `and` leaves: null, false, or the number of the target.
        let has_valid_target = match target {
            _ if !event.is_valid => json!(false),
            None => Value::Null,
            Some((_, id)) => id.into(),
        };
        let display = target.filter(|_| event.is_valid).and_then(|(kind, id)| self.target_name(kind, id));
        let mut shown = json!({
            "id": event.id,
            "created_at": rest_time(event.times.created_at()),
            "last_seen_at": rest_time(event.last_seen_at),
            "updated_at": rest_time(event.times.updated_at()),
            "content_type": event.content_type,
            "object_id": event.object_id,
            "message": event.message,
            "dedup_id": event.dedup_id,
            "status": event.status,
            "criticallity": event.criticallity,
            "event_source": event.event_source,
            "raw": event.raw,
            "is_valid": event.is_valid,
            "has_valid_target": has_valid_target,
            "target_display": display.unwrap_or("Invalid Target"),
            "incidents_count": incidents.len(),
            "time_to_incident": self.time_to_incident(event, incidents.first()),
            "incident_ids": incidents,
            "correlation_score": 0.0,
            "created": rest_time(event.times.created()),
            "last_updated": rest_time(event.times.last_updated()),
        });
        // A relation that is not there has no name at all, not even null.
        if let Some(name) = event.event_source.and_then(|id| self.name_of(EVENT_SOURCES, id)) {
            shown["event_source_name"] = name.into();
        }
        if let Some(kind) = event.content_type.and_then(content_type) {
            shown["content_type_name"] = kind.model.into();
        }
        shown
    }

    fn time_to_incident(&self, event: &Event, first: Option<&u64>) -> Option<i64> {
        let incident = self.incidents.get(first?)?;
        Some(minutes(event.times.created_at(), incident.times.created_at()).max(0))
    }

    fn target_name(&self, content_type_id: u64, id: u64) -> Option<&str> {
        self.name_of(content_type(content_type_id)?.path, id)
    }

    pub(crate) fn incident_json(&self, incident: &Incident, now: Timestamp) -> Value {
        let services = incident.affected_services.iter().map(|id| self.affected_service(*id));
        let devices = incident.affected_devices.iter().map(|id| json!({"id": id, "name": self.name_of(DEVICES, *id)}));
        let events = incident.events.iter().filter_map(|id| self.events.get(id));
        let sources: BTreeSet<&str> =
            events.clone().filter_map(|event| self.name_of(EVENT_SOURCES, event.event_source?)).collect();
        let seen: Vec<Timestamp> = events.map(|event| event.times.created_at()).collect();
        let window = seen.iter().min().zip(seen.iter().max()).map_or(0, |(first, last)| minutes(*first, *last));
        json!({
            "id": incident.id,
            "title": incident.title,
            "description": incident.description,
            "status": incident.status,
            "severity": incident.severity,
            "created_at": rest_time(incident.times.created_at()),
            "updated_at": rest_time(incident.times.updated_at()),
            "detected_at": incident.detected_at.map(rest_time),
            "resolved_at": incident.resolved_at.map(rest_time),
            "responders_count": 0,
            "affected_services_count": incident.affected_services.len(),
            "affected_devices_count": incident.affected_devices.len(),
            "events_count": incident.events.len(),
            "affected_services": services.collect::<Vec<_>>(),
            "affected_devices": devices.collect::<Vec<_>>(),
            "event_sources": sources,
            "correlation_window": window,
            "blast_radius": self.blast_radius(incident),
            "duration_minutes": minutes(incident.times.created_at(), incident.resolved_at.unwrap_or(now)).max(0),
            "auto_created": false,
            "recent_context_events": [],
            "device_discovery_metadata": {"total_devices": incident.affected_devices.len(), "discovery_methods": []},
            "reporter": incident.reporter,
            "commander": incident.commander,
            "pagerduty_dedup_key": incident.pagerduty_dedup_key,
            "created": rest_time(incident.times.created()),
            "last_updated": rest_time(incident.times.last_updated()),
        })
    }

    pub(crate) fn blast_radius(&self, incident: &Incident) -> Value {
        let below: usize = incident.affected_services.iter().map(|id| self.downstream_of(*id)).sum();
        let applications: BTreeSet<u64> = incident
            .affected_services
            .iter()
            .filter_map(|id| self.item(TECHNICAL_SERVICES, *id)?.fields.get("business_apps")?.as_array())
            .flatten()
            .filter_map(Value::as_u64)
            .collect();
        json!({
            "affected_services": incident.affected_services.len(),
            "affected_devices": incident.affected_devices.len(),
            "potential_downstream_services": below,
            "potential_connected_devices": 0,
            "affected_business_applications": applications.len(),
        })
    }

    fn affected_service(&self, id: u64) -> Value {
        let item = self.item(TECHNICAL_SERVICES, id);
        let field = |name: &str| item.and_then(|item| item.fields.get(name)).cloned().unwrap_or_default();
        json!({
            "id": id,
            "name": field("name"),
            "service_type": field("service_type"),
            "health_status": self.health_of(id),
        })
    }

    /// Tells how a technical service is by the worst of its open Incidents.
    pub(crate) fn health_of(&self, service: u64) -> &'static str {
        let open = self.incidents_at.get(&service).into_iter().flatten().filter_map(|id| self.incidents.get(id));
        let worst = open.filter(|incident| !incident.is_over()).map(|incident| match incident.severity.as_str() {
            "critical" => 0,
            "high" => 1,
            _ => 2,
        });
        ["down", "degraded", "warning", "healthy"][worst.min().unwrap_or(3)]
    }
}

fn minutes(from: Timestamp, to: Timestamp) -> i64 {
    to.as_second().saturating_sub(from.as_second()) / 60
}

fn event_snapshot(event: &Event) -> Value {
    json!({
        "created": snapshot_time(event.times.created()),
        "last_updated": snapshot_time(event.times.last_updated()),
        "created_at": snapshot_time(event.times.created_at()),
        "last_seen_at": snapshot_time(event.last_seen_at),
        "updated_at": snapshot_time(event.times.updated_at()),
        "content_type": event.content_type,
        "object_id": event.object_id,
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

fn incident_snapshot(incident: &Incident) -> Value {
    json!({
        "created": snapshot_time(incident.times.created()),
        "last_updated": snapshot_time(incident.times.last_updated()),
        "title": incident.title,
        "description": incident.description,
        "status": incident.status,
        "severity": incident.severity,
        "created_at": snapshot_time(incident.times.created_at()),
        "updated_at": snapshot_time(incident.times.updated_at()),
        "detected_at": incident.detected_at.map(snapshot_time),
        "resolved_at": incident.resolved_at.map(snapshot_time),
        "reporter": incident.reporter,
        "commander": incident.commander,
        "pagerduty_dedup_key": incident.pagerduty_dedup_key,
        "responders": [],
        "affected_services": incident.affected_services,
        "affected_devices": incident.affected_devices,
        "events": incident.events,
        "custom_fields": {},
        "tags": [],
    })
}
