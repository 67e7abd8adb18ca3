//! The plugin's endpoints. Who is logged in may do everything there, whatever the permissions say.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::api::{crash, method_not_allowed, no_route, object, page};
use super::model::Kind;
use super::state::State;
use crate::wire::{Call, Reply};

impl State {
    pub(crate) fn plugin(&mut self, call: &Call, parts: &[&str], now: Timestamp) -> Reply {
        match parts {
            ["events", rest @ ..] => self.objects(Kind::Event, call, rest, now),
            ["incidents", rest @ ..] => self.objects(Kind::Incident, call, rest, now),
            ["alerts", "generic"] => match call.method.as_str() {
                "POST" => object(call).map_or_else(|reply| reply, |given| self.take_alert(&given, now)),
                other => method_not_allowed(other),
            },
            ["event-sources"] => self.event_sources(call),
            ["technical-services"] => self.technical_services(call, now),
            // The main branch selects a relation there that is no more.
            ["technical-services", _] => crash("FieldError", "Cannot resolve keyword 'dependencies' into field."),
            ["business-applications" | "maintenance" | "changes"] if call.method == "GET" => page(call, &[], &|_| None),
            _ => no_route(),
        }
    }

    fn objects(&mut self, kind: Kind, call: &Call, parts: &[&str], now: Timestamp) -> Reply {
        match (call.method.as_str(), parts) {
            ("GET", []) => self.list(kind, call, now),
            ("POST", []) => self.create_reply(kind, call, now),
            ("POST", ["bulk-update-status"]) => self.bulk_update(kind, call),
            ("POST", ["bulk-delete"]) => self.bulk_delete(kind, call, now),
            (_, [] | ["bulk-update-status" | "bulk-delete"]) => method_not_allowed(call.method.as_str()),
            (method, [id, rest @ ..]) => {
                let Some(id) = id.parse().ok().filter(|id| self.has(kind, *id)) else {
                    let detail = format!("No {} matches the given query.", kind.title());
                    return Reply::json(404, &json!({"detail": detail}));
                };
                match (method, rest) {
                    ("GET", []) => self.show(kind, id, 200, now),
                    ("PATCH" | "PUT", []) => self.edit_reply(kind, call, id, now),
                    ("DELETE", []) => {
                        self.delete(kind, id, now);
                        Reply::empty(204)
                    }
                    ("GET", ["blast-radius"]) if kind == Kind::Incident => {
                        let shown = self.shown(kind, id, now).unwrap_or_default();
                        Reply::json(200, &shown["blast_radius"])
                    }
                    (_, []) => method_not_allowed(method),
                    _ => no_route(),
                }
            }
        }
    }

    fn show(&self, kind: Kind, id: u64, status: u16, now: Timestamp) -> Reply {
        Reply::json(status, &self.shown(kind, id, now).unwrap_or_default())
    }

    fn create_reply(&mut self, kind: Kind, call: &Call, now: Timestamp) -> Reply {
        let given = match object(call) {
            Ok(given) => given,
            Err(reply) => return reply,
        };
        match self.create(kind, &given, now) {
            Ok(id) => self.show(kind, id, 201, now),
            Err(errors) => Reply::json(400, &errors.into()),
        }
    }

    fn edit_reply(&mut self, kind: Kind, call: &Call, id: u64, now: Timestamp) -> Reply {
        let given = match object(call) {
            Ok(given) => given,
            Err(reply) => return reply,
        };
        if call.method == "PUT" {
            let probe = self.missing(kind, &given);
            if !probe.is_empty() {
                return Reply::json(400, &probe.into());
            }
        }
        match self.edit(kind, id, &given, false, now) {
            Ok(()) => self.show(kind, id, 200, now),
            Err(errors) => Reply::json(400, &errors.into()),
        }
    }

    /// A PUT needs everything that a new object needs.
    fn missing(&self, kind: Kind, given: &Map<String, Value>) -> Map<String, Value> {
        let needed: &[&str] = match kind {
            Kind::Event => &["message", "dedup_id", "status", "criticallity", "last_seen_at", "raw"],
            Kind::Incident => &["title", "status", "severity"],
        };
        let missing = needed.iter().filter(|name| !given.contains_key(**name));
        missing.map(|name| ((*name).to_owned(), Value::from(vec!["This field is required."]))).collect()
    }

    /// Known filters count, with their last value; all others are ignored, and everything comes back.
    fn list(&self, kind: Kind, call: &Call, now: Timestamp) -> Reply {
        let is = |name: &str, value: &str| call.query(name).is_none_or(|wanted| wanted == value);
        let has = |name: &str, value: &str| {
            let contains = |wanted: &str| value.to_lowercase().contains(&wanted.to_lowercase());
            call.query(name).is_none_or(contains)
        };
        let mut ids: Vec<u64> = match kind {
            Kind::Incident => self
                .incidents
                .values()
                .filter(|one| is("status", &one.status) && is("severity", &one.severity))
                .filter(|one| {
                    has("title", &one.title) && has("reporter", &one.reporter) && has("commander", &one.commander)
                })
                .map(|one| one.id)
                .collect(),
            Kind::Event => self
                .events
                .values()
                .filter(|one| is("status", &one.status) && is("criticality", &one.criticallity))
                .filter(|one| {
                    let source = one.event_source.and_then(|id| self.sources.get(&id)).map_or("", String::as_str);
                    has("message", &one.message) && has("event_source", source)
                })
                .map(|one| one.id)
                .collect(),
        };
        self.order(kind, &mut ids, call.query("ordering").unwrap_or_default());
        page(call, &ids, &|id| self.shown(kind, id, now))
    }

    fn order(&self, kind: Kind, ids: &mut [u64], ordering: &str) {
        match (ordering, kind) {
            ("id", _) => ids.sort_unstable(),
            ("-id", _) => ids.sort_unstable_by(|a, b| b.cmp(a)),
            ("updated_at" | "last_updated", Kind::Incident) => ids.sort_by_key(|id| self.incidents[id].updated_at),
            ("-updated_at" | "-last_updated", Kind::Incident) => {
                ids.sort_by_key(|id| std::cmp::Reverse(self.incidents[id].updated_at));
            }
            // Newest first is the default of both.
            (_, Kind::Incident) => ids.sort_by_key(|id| std::cmp::Reverse((self.incidents[id].created_at, *id))),
            (_, Kind::Event) => ids.sort_by_key(|id| std::cmp::Reverse((self.events[id].last_seen_at, *id))),
        }
    }

    fn bulk_update(&mut self, kind: Kind, call: &Call) -> Reply {
        let given = object(call).unwrap_or_default();
        let status = given.get("status").and_then(Value::as_str).unwrap_or_default();
        let ids = ids_of(&given);
        if ids.is_empty() || status.is_empty() {
            return Reply::json(400, &json!({"error": "ids and status are required"}));
        }
        let count = self.bulk_status(kind, &ids, status);
        let message = format!("Successfully updated status for {count} {}s", kind.word());
        Reply::json(200, &json!({"success": true, "updated_count": count, "message": message}))
    }

    fn bulk_delete(&mut self, kind: Kind, call: &Call, now: Timestamp) -> Reply {
        let ids = ids_of(&object(call).unwrap_or_default());
        if ids.is_empty() {
            return Reply::json(400, &json!({"error": "ids are required"}));
        }
        let count = ids.into_iter().filter(|id| self.delete(kind, *id, now)).count();
        let message = format!("Successfully deleted {count} {}s", kind.word());
        Reply::json(200, &json!({"success": true, "deleted_count": count, "message": message}))
    }

    fn event_sources(&mut self, call: &Call) -> Reply {
        match call.method.as_str() {
            "GET" => {
                let ids: Vec<u64> = self.sources.keys().copied().collect();
                page(call, &ids, &|id| Some(json!({"id": id, "name": self.sources.get(&id)?, "description": ""})))
            }
            "POST" => {
                let given = object(call).unwrap_or_default();
                let name = given.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
                if name.is_empty() {
                    return Reply::json(400, &json!({"name": ["This field is required."]}));
                }
                let id = self.source(&name);
                Reply::json(201, &json!({"id": id, "name": name, "description": ""}))
            }
            other => method_not_allowed(other),
        }
    }

    fn technical_services(&mut self, call: &Call, now: Timestamp) -> Reply {
        match call.method.as_str() {
            "GET" => crash("FieldError", "Cannot resolve keyword 'dependencies' into field."),
            "POST" => {
                let given = object(call).unwrap_or_default();
                let name = given.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
                if name.is_empty() {
                    return Reply::json(400, &json!({"name": ["This field is required."]}));
                }
                let id = self.new_service(&name, now);
                let service = &self.services[&id];
                Reply::json(201, &service_json(service))
            }
            other => method_not_allowed(other),
        }
    }
}

fn service_json(service: &super::model::Service) -> Value {
    json!({
        "id": service.id,
        "name": service.name,
        "service_type": service.service_type,
        "devices": [],
        "vms": [],
        "clusters": [],
        "business_apps": [],
        "business_apps_count": 0,
        "vms_count": 0,
        "devices_count": 0,
        "clusters_count": 0,
        "upstream_dependencies_count": 0,
        "downstream_dependencies_count": 0,
        "pagerduty_service_definition": null,
        "pagerduty_router_rule": null,
        "pagerduty_config": null,
        "has_pagerduty_integration": false,
        "health_status": "healthy",
        "active_incidents_count": 0,
        "recent_events_count": 0,
        "blast_radius_estimate": {"downstream_services": 0, "business_applications": 0, "total_devices_vms": 0},
        "created": super::view::micros(service.created),
        "last_updated": super::view::micros(service.created),
    })
}

fn ids_of(given: &Map<String, Value>) -> Vec<u64> {
    given.get("ids").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_u64).collect()
}
