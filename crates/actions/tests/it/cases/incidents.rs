//! Incidents, help with them, and events.

use serde_json::json;

use super::Case;
use crate::world::KEY;

const DISK: &str = "$disk";
const CPU: &str = "$cpu";
const OLD: &str = "$old";

pub(crate) fn incidents() -> Vec<Case> {
    vec![
        (
            "incident.create.rest_v2.simple",
            json!({"from_email": "ben@example.test", "title": "slow", "service_id": "PSHOP01", "details": "very"}),
        ),
        (
            "incident.create.rest_v2.simple",
            json!({"title": "slow", "service_id": "PSHOP01", "urgency": "low", "incident_key": "web-1/slow", "priority_id": "$priority"}),
        ),
        (
            "incident.create.rest_v2",
            json!({"data": {
                "type": "incident", "title": "slow", "service": {"id": "PSHOP01", "type": "service"},
                "assignments": [{"id": "PUSER02", "type": "user_reference"}],
            }}),
        ),
        (
            "incident.create.rest_v2",
            json!({"data": {
                "title": "slow", "service": {"id": "PSHOP01"}, "priority": {"id": "$priority"},
                "escalation_policy": {"id": "PPOLIC2"}, "body": {"type": "incident_body", "details": "very"},
            }}),
        ),
        ("incident.get", json!({"entity_id": DISK})),
        ("incident.get", json!({"entity_id": "#1", "include": "services, users"})),
        ("incident.get", json!({"entity_id": "db-1/disk"})),
        ("incident.find", json!({})),
        (
            "incident.find",
            json!({
                "maximum": "2", "since": "2026-11-01T00:00:00Z", "until": "2026-12-01T00:00:00Z",
                "statuses": ["triggered", "acknowledged"], "user_ids": ["PUSER01"], "team_ids": [], "urgencies": "high,low",
                "time_zone": "UTC", "include": ["services"], "sort_by": "created_at:desc", "service_ids": "PSHOP01",
            }),
        ),
        ("incident.find", json!({"date_range": "all", "incident_key": "db-1/cpu"})),
        ("incident.find_alerts", json!({"entity_id": "$alerted"})),
        ("incident.find_log_entries", json!({"entity_id": DISK, "is_overview": "true", "include": ["channels"]})),
        ("incident.find_notes", json!({"entity_id": DISK})),
        ("incident.create_note", json!({"from_email": "ben@example.test", "entity_id": DISK, "content": "looking"})),
        ("incident.acknowledge", json!({"from_email": "ben@example.test", "entity_id": DISK})),
        ("incident.acknowledge", json!({"entity_id": [DISK, "db-1/cpu", "#1"]})),
        ("incident.resolve", json!({"entity_id": DISK, "resolution": "deleted logs"})),
        ("incident.resolve", json!({"entity_id": OLD})),
        ("incident.resolve", json!({"entity_id": [DISK, OLD]})),
        ("incident.acknowledge_all", json!({"service_ids": ["PSHOP01"], "maximum": 1})),
        ("incident.resolve_all", json!({"urgencies": "high", "resolution": "false alarm"})),
        ("incident.reopen", json!({"entity_id": OLD})),
        ("incident.reassign", json!({"entity_id": DISK, "user_ids": ["PUSER01", "PUSER02"]})),
        ("incident.escalate", json!({"entity_id": DISK, "escalation_level": 2})),
        (
            "incident.update",
            json!({"entity_id": DISK, "title": "disk nearly full", "urgency": "low", "priority_id": "$priority"}),
        ),
        ("incident.update", json!({"entity_id": DISK, "escalation_policy_id": "PPOLIC2"})),
        ("incident.snooze", json!({"entity_id": "$acknowledged"})),
        ("incident.merge", json!({"entity_id": "db-1/disk", "source_incidents": [CPU]})),
    ]
}

pub(crate) fn incident_help() -> Vec<Case> {
    let some = json!({"entity_id": DISK, "user_ids": ["PUSER02"], "team_ids": ["PTEAM01"]});
    vec![
        (
            "incident.request_responders",
            json!({"entity_id": DISK, "message": "please help", "user_ids": ["PUSER02"], "escalation_policy_ids": "PPOLIC2"}),
        ),
        (
            "incident.request_responders",
            json!({"entity_id": DISK, "message": "please help", "user_ids": ["PUSER02"], "requester_id": "PUSER01"}),
        ),
        ("incident.cancel_responders", json!({"entity_id": DISK, "user_ids": ["PUSER02"], "requester_id": "PUSER01"})),
        ("incident.create_status_update", json!({"entity_id": DISK, "message": "we know the cause"})),
        ("incident.find_subscribers", json!({"entity_id": DISK})),
        ("incident.add_subscribers", some.clone()),
        ("incident.remove_subscribers", some),
        ("incident.get_alert", json!({"entity_id": "$alerted", "resource_id": "$alert"})),
        ("incident.resolve_alert", json!({"entity_id": "$alerted", "resource_id": "$alert"})),
        ("incident.find_related_change_events", json!({"entity_id": DISK})),
        ("change_event.find", json!({"since": "2026-11-01T00:00:00Z", "until": "2026-12-01T00:00:00Z"})),
        ("change_event.get", json!({"entity_id": "$change"})),
    ]
}

pub(crate) fn events() -> Vec<Case> {
    vec![
        (
            "incident.create.events_v1",
            json!({"service_key": KEY, "description": "slow", "details": {"load": 9}, "client": "", "client_url": "", "incident_key": "web-1/slow"}),
        ),
        (
            "incident.create.events_v1",
            json!({"description": "slow", "client": "monitor", "client_url": "https://monitor.example.test/1"}),
        ),
        ("event.trigger", json!({"summary": "slow", "source": "web-1"})),
        (
            "event.trigger",
            json!({
                "routing_key": KEY, "summary": "disk full", "source": "srv01", "severity": "warning", "dedup_key": "srv01-disk-space",
                "timestamp": "2026-11-27T11:59:00Z", "component": "storage", "group": "infrastructure", "class": "disk",
                "custom_details": "{\"used\": \"95%\"}", "client": "monitor", "client_url": "https://monitor.example.test/2",
                "links": [{"href": "https://runbook.example.test/disk", "text": "Runbook"}],
                "images": [{"src": "https://graphs.example.test/disk.png", "href": "https://graphs.example.test/disk", "alt": "Disk"}],
            }),
        ),
        ("event.acknowledge", json!({"dedup_key": "srv01-disk-space"})),
        ("event.resolve", json!({"dedup_key": ["srv01-disk-space", "srv02-disk-space"]})),
        (
            "change_event.create",
            json!({
                "summary": "Deployed api-service v2.5.0", "source": "ci", "timestamp": "2026-11-27T11:59:00Z",
                "custom_details": {"version": "2.5.0"}, "links": [{"href": "https://ci.example.test/7", "text": "View Pipeline"}],
            }),
        ),
    ]
}
