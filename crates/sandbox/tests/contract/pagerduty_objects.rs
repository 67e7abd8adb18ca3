//! One object of each kind in PagerDuty's look-alike, made over REST, and the bodies that make and change them.

use serde_json::{Value, json};

use crate::common::World;

/// The ids of one object of each kind.
pub(crate) struct Objects {
    pub(crate) user: String,
    pub(crate) contact_method: String,
    pub(crate) rule: String,
    pub(crate) team: String,
    pub(crate) schedule: String,
    pub(crate) cover: String,
    pub(crate) policy: String,
    pub(crate) service: String,
    pub(crate) integration: String,
    pub(crate) business_service: String,
    pub(crate) window: String,
    pub(crate) schema: String,
    pub(crate) extension: String,
    pub(crate) tag: String,
    pub(crate) orchestration: String,
    pub(crate) vendor: String,
    pub(crate) field: String,
    pub(crate) subscription: String,
    pub(crate) incident: String,
    pub(crate) other_incident: String,
    pub(crate) alert: String,
    pub(crate) log_entry: String,
    pub(crate) note: String,
    pub(crate) change: String,
    pub(crate) now: jiff::Timestamp,
}

impl Objects {
    pub(crate) async fn make(world: &World) -> Objects {
        let now = world.sandbox.clock().now();
        let user = made(world, "/users", "user", json!({"name": "Cleo Novak", "email": "cleo@example.test"})).await;
        let team = made(world, "/teams", "team", json!({"name": "Databases"})).await;
        let joined = world.pd("PUT", &format!("/teams/{team}/users/{user}"), Some(json!({"role": "responder"}))).await;
        assert_eq!((joined.status, joined.text.as_str()), (204, ""));
        let ann = first(world, "/users?query=ann", "users").await;
        let schedule = made(world, "/schedules", "schedule", schedule_body("Nights", &ann, now)).await;
        let cover = json!({"overrides": [cover_body(&user, now)]});
        let cover = world.pd("POST", &format!("/schedules/{schedule}/overrides"), Some(cover)).await;
        let policy = made(world, "/escalation_policies", "escalation_policy", policy_body("Third line", &ann)).await;
        let default = first(world, "/escalation_policies?query=default", "escalation_policies").await;
        let service = made(world, "/services", "service", service_body("Checkout", &default)).await;
        let integrations = format!("/services/{service}/integrations");
        let schema = first(world, "/extension_schemas", "extension_schemas").await;
        let incident = alerting_incident(world).await;
        let below = format!("/incidents/{incident}");
        let change = json!({"routing_key": world.sandbox.routing_key, "payload": {"summary": "deployed 1.2"}});
        assert_eq!(world.pd("POST", "/v2/change/enqueue", Some(change)).await.status, 202);
        Objects {
            contact_method: first(world, &format!("/users/{user}/contact_methods"), "contact_methods").await,
            rule: first(world, &format!("/users/{user}/notification_rules"), "notification_rules").await,
            cover: text(&cover.body[0]["override"]["id"]),
            integration: made(world, &integrations, "integration", integration_body("Events API")).await,
            business_service: made(world, "/business_services", "business_service", json!({"name": "Shop"})).await,
            window: made(world, "/maintenance_windows", "maintenance_window", window_body(&service, now)).await,
            orchestration: made(world, "/event_orchestrations", "orchestration", json!({"name": "Shop"})).await,
            extension: made(world, "/extensions", "extension", extension_body("Chat", &schema, &service)).await,
            tag: made(world, "/tags", "tag", json!({"type": "tag", "label": "night"})).await,
            vendor: first(world, "/vendors", "vendors").await,
            field: made(world, "/incidents/custom_fields", "field", json!({"name": "region"})).await,
            subscription: made(world, "/webhook_subscriptions", "webhook_subscription", subscription_body()).await,
            other_incident: world.incident("by hand", None).await,
            alert: first(world, &format!("{below}/alerts"), "alerts").await,
            log_entry: trigger_entry(world, &below).await,
            change: first(world, "/change_events", "change_events").await,
            note: made(world, &format!("{below}/notes"), "note", json!({"content": "x"})).await,
            user,
            team,
            schedule,
            policy,
            service,
            schema,
            incident,
            now,
        }
    }

    /// Puts ids for the placeholders of a path, and the query that it cannot do without.
    pub(crate) fn fill(&self, path: &str, method: &str) -> String {
        let own: &str = match path.split('/').nth(1).unwrap_or_default() {
            "users" | "{entity_type}" => &self.user,
            "tags" => &self.tag,
            "teams" => &self.team,
            "schedules" => &self.schedule,
            "escalation_policies" => &self.policy,
            "services" => &self.service,
            "business_services" => &self.business_service,
            "maintenance_windows" => &self.window,
            "extension_schemas" => &self.schema,
            "extensions" => &self.extension,
            "event_orchestrations" => &self.orchestration,
            "vendors" => &self.vendor,
            "webhook_subscriptions" => &self.subscription,
            "incidents" | "analytics" => &self.incident,
            "log_entries" => &self.log_entry,
            "change_events" => &self.change,
            "abilities" => "teams",
            _ => "PNONE01",
        };
        let filled: [(&str, &str); 12] = [
            ("{id}", own),
            ("{entity_type}", "users"),
            ("{alert_id}", &self.alert),
            ("{note_id}", &self.note),
            ("{field_id}", &self.field),
            ("{override_id}", &self.cover),
            ("{integration_id}", &self.integration),
            ("{user_id}", &self.user),
            ("{service_id}", &self.service),
            ("{escalation_policy_id}", &self.policy),
            ("{contact_method_id}", &self.contact_method),
            ("{notification_rule_id}", &self.rule),
        ];
        let mut path = filled.into_iter().fold(path.to_owned(), |path, (name, id)| path.replace(name, id));
        while let (Some(begin), Some(end)) = (path.find('{'), path.find('}')) {
            path.replace_range(begin..=end, "PNONE02");
        }
        if method == "GET" && (path == "/notifications" || path.ends_with("/overrides")) {
            let (since, until) = (self.now, self.hours(72));
            path = format!("{path}?since={since}&until={until}");
        }
        path
    }

    /// Brings about what a call needs that nothing else does.
    pub(crate) async fn prepare(&self, world: &World, method: &str, path: &str) {
        if path == "/incidents/{id}/snooze" {
            assert_eq!(world.put_status(&self.incident, "acknowledged").await.status, 200);
        }
        if (method, path) == ("DELETE", "/teams/{id}/escalation_policies/{escalation_policy_id}") {
            let path = format!("/teams/{}/escalation_policies/{}", self.team, self.policy);
            assert_eq!(world.pd("PUT", &path, None).await.status, 204);
        }
    }

    /// Makes the body of a call that succeeds; none for one that needs none.
    pub(crate) fn body(&self, world: &World, method: &str, path: &str) -> Option<Value> {
        let body = self.body_of_people(world, method, path);
        body.or_else(|| self.body_of_services(method, path)).or_else(|| self.body_of_incidents(world, method, path))
    }

    fn body_of_people(&self, world: &World, method: &str, path: &str) -> Option<Value> {
        Some(match (method, path) {
            ("POST", "/users") => json!({"user": {"name": "Dan", "email": "dan@example.test"}}),
            ("PUT", "/users/{id}") => json!({"user": {"name": "Cleo N."}}),
            ("POST", "/users/{id}/contact_methods") => {
                json!({"contact_method": {"type": "sms_contact_method", "label": "Work", "address": "5550100"}})
            }
            ("PUT", "/users/{id}/contact_methods/{contact_method_id}") => json!({"contact_method": {"label": "Mail"}}),
            ("POST", "/users/{id}/notification_rules") => json!({"notification_rule": {
                "type": "assignment_notification_rule", "start_delay_in_minutes": 5, "urgency": "high",
                "contact_method": {"id": self.contact_method, "type": "email_contact_method"},
            }}),
            ("PUT", "/users/{id}/notification_rules/{notification_rule_id}") => {
                json!({"notification_rule": {"start_delay_in_minutes": 1}})
            }
            ("POST", "/teams") => json!({"team": {"name": "Networks"}}),
            ("PUT", "/teams/{id}") => json!({"team": {"description": "keeps the data"}}),
            ("PUT", "/teams/{id}/users/{user_id}") => json!({"role": "manager"}),
            ("POST", "/schedules" | "/schedules/preview") => {
                json!({"schedule": schedule_body("Days", &self.user, self.now)})
            }
            ("PUT", "/schedules/{id}") => json!({"schedule": {"name": "Nights and days"}}),
            ("POST", "/schedules/{id}/overrides") => json!({"overrides": [cover_body(&self.user, self.now)]}),
            ("POST", "/escalation_policies") => {
                json!({"escalation_policy": policy_body("Fourth line", &world.sandbox.from_id)})
            }
            ("PUT", "/escalation_policies/{id}") => json!({"escalation_policy": {"num_loops": 2}}),
            _ => return None,
        })
    }

    fn body_of_services(&self, method: &str, path: &str) -> Option<Value> {
        Some(match (method, path) {
            ("POST", "/services") => json!({"service": service_body("Search", &self.policy)}),
            ("PUT", "/services/{id}") => json!({"service": {"description": "where money comes from"}}),
            ("POST", "/services/{id}/integrations") => json!({"integration": integration_body("Second")}),
            ("PUT", "/services/{id}/integrations/{integration_id}") => json!({"integration": {"name": "Renamed"}}),
            ("POST", "/business_services") => json!({"business_service": {"name": "Office"}}),
            ("PUT" | "PATCH", "/business_services/{id}") => json!({"business_service": {"name": "The shop"}}),
            ("POST", "/maintenance_windows") => json!({"maintenance_window": window_body(&self.service, self.now)}),
            ("PUT", "/maintenance_windows/{id}") => json!({"maintenance_window": {"description": "longer"}}),
            ("POST", "/tags") => json!({"tag": {"type": "tag", "label": "day"}}),
            ("POST", "/{entity_type}/{id}/change_tags") => {
                json!({"add": [{"type": "tag_reference", "id": self.tag}, {"type": "tag", "label": "new"}]})
            }
            ("POST", "/extensions") => json!({"extension": extension_body("Second", &self.schema, &self.service)}),
            ("PUT", "/extensions/{id}") => json!({"extension": {"name": "Renamed"}}),
            ("POST", "/event_orchestrations") => json!({"orchestration": {"name": "Second"}}),
            ("PUT", "/event_orchestrations/{id}") => json!({"orchestration": {"name": "Renamed"}}),
            ("PUT", "/event_orchestrations/services/{service_id}/active") => json!({"active": true}),
            ("PUT", path) if path.starts_with("/event_orchestrations/") => {
                json!({"orchestration_path": {"catch_all": {"actions": {"suppress": true}}}})
            }
            ("POST", "/webhook_subscriptions") => json!({"webhook_subscription": subscription_body()}),
            ("PUT", "/webhook_subscriptions/{id}") => json!({"webhook_subscription": {"description": "changed"}}),
            _ => return None,
        })
    }

    fn body_of_incidents(&self, world: &World, method: &str, path: &str) -> Option<Value> {
        let me = &world.sandbox.from_id;
        let incident = json!({"type": "incident_reference", "id": self.incident, "status": "acknowledged"});
        let subscriber = json!([{"subscriber_id": self.user, "subscriber_type": "user"}]);
        let helper = json!({"id": self.user, "type": "user_reference"});
        let target = json!({"responder_request_target": helper});
        Some(match (method, path) {
            ("POST", "/incidents/custom_fields") => json!({"field": {"name": "cause"}}),
            ("PUT", "/incidents/custom_fields/{field_id}") => json!({"field": {"display_name": "Region"}}),
            ("POST", "/incidents") => world.incident_body("another", None),
            ("PUT", "/incidents") => json!({"incidents": [incident]}),
            ("PUT", "/incidents/{id}") => json!({"incident": incident}),
            ("PUT", "/incidents/{id}/merge") => {
                json!({"source_incidents": [{"id": self.other_incident, "type": "incident_reference"}]})
            }
            ("POST", "/incidents/{id}/snooze") => json!({"duration": 3600}),
            ("POST", "/incidents/{id}/notes") | ("PUT", "/incidents/{id}/notes/{note_id}") => {
                json!({"note": {"content": "freed 20 GB"}})
            }
            ("PUT", "/incidents/{id}/alerts") => json!({"alerts": [{"id": self.alert, "status": "resolved"}]}),
            ("PUT", "/incidents/{id}/alerts/{alert_id}") => json!({"alert": {"status": "resolved"}}),
            ("PUT", "/incidents/{id}/custom_fields/values") => {
                json!({"custom_fields": [{"name": "region", "value": "eu"}]})
            }
            ("POST", "/incidents/{id}/status_updates") => json!({"message": "working on it"}),
            ("POST", "/incidents/{id}/status_updates/subscribers" | "/incidents/{id}/status_updates/unsubscribe") => {
                json!({"subscribers": subscriber})
            }
            ("POST", "/incidents/{id}/responder_requests") => {
                json!({"requester_id": me, "message": "please help", "responder_request_targets": [target]})
            }
            ("PUT", "/incidents/{id}/responder_requests/cancel") => {
                json!({"requester_id": me, "responder_request_targets": [helper]})
            }
            ("PUT", "/log_entries/{id}/channel") => json!({"channel": {"type": "api", "details": "more"}}),
            ("POST", path) if path.starts_with("/analytics") => json!({"filters": {}}),
            _ => return None,
        })
    }

    pub(crate) fn hours(&self, ahead: i64) -> jiff::Timestamp {
        hours_after(self.now, ahead)
    }
}

/// Makes an object and returns its id.
pub(crate) async fn made(world: &World, path: &str, root: &str, object: Value) -> String {
    let answer = world.pd("POST", path, Some(json!({root: object}))).await;
    assert!(matches!(answer.status, 200 | 201), "{path}: {}", answer.text);
    text(&answer.body[root]["id"])
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is not a text")).to_owned()
}

pub(crate) fn hours_after(at: jiff::Timestamp, ahead: i64) -> jiff::Timestamp {
    at + jiff::SignedDuration::from_hours(ahead)
}

/// Returns the id of the first object of a list.
async fn first(world: &World, path: &str, root: &str) -> String {
    text(&world.pd("GET", path, None).await.body[root][0]["id"])
}

/// Lets an event open an incident, and returns its id.
async fn alerting_incident(world: &World) -> String {
    let event = json!({
        "routing_key": world.sandbox.routing_key, "event_action": "trigger", "dedup_key": "objects",
        "payload": {"summary": "disk full", "source": "db-07", "severity": "critical"},
    });
    assert_eq!(world.pd("POST", "/v2/enqueue", Some(event)).await.status, 202);
    first(world, "/incidents?incident_key=objects", "incidents").await
}

/// Returns the id of the log entry of an incident's trigger.
async fn trigger_entry(world: &World, incident: &str) -> String {
    let entries = world.pd("GET", &format!("{incident}/log_entries"), None).await.body;
    let entries = entries["log_entries"].as_array().expect("a list");
    text(&entries.iter().find(|entry| entry["type"] == "trigger_log_entry").expect("it was triggered")["id"])
}

pub(crate) fn schedule_body(name: &str, user: &str, now: jiff::Timestamp) -> Value {
    json!({
        "type": "schedule", "name": name, "time_zone": "Europe/Berlin",
        "schedule_layers": [{
            "start": now.to_string(), "rotation_virtual_start": now.to_string(),
            "rotation_turn_length_seconds": 86_400, "users": [{"user": {"id": user, "type": "user_reference"}}],
        }],
    })
}

pub(crate) fn cover_body(user: &str, now: jiff::Timestamp) -> Value {
    json!({
        "start": hours_after(now, 24).to_string(), "end": hours_after(now, 32).to_string(),
        "user": {"id": user, "type": "user_reference"},
    })
}

pub(crate) fn policy_body(name: &str, user: &str) -> Value {
    let target = json!({"id": user, "type": "user_reference"});
    json!({
        "type": "escalation_policy", "name": name,
        "escalation_rules": [{"escalation_delay_in_minutes": 10, "targets": [target]}],
    })
}

pub(crate) fn service_body(name: &str, policy: &str) -> Value {
    json!({
        "type": "service", "name": name, "status": "active",
        "escalation_policy": {"id": policy, "type": "escalation_policy_reference"},
        "auto_resolve_timeout": 14_400, "acknowledgement_timeout": 1_800,
    })
}

fn integration_body(name: &str) -> Value {
    json!({"type": "events_api_v2_inbound_integration", "name": name})
}

fn window_body(service: &str, now: jiff::Timestamp) -> Value {
    json!({
        "type": "maintenance_window", "description": "upgrade",
        "start_time": hours_after(now, 1).to_string(), "end_time": hours_after(now, 2).to_string(),
        "services": [{"id": service, "type": "service_reference"}],
    })
}

fn extension_body(name: &str, schema: &str, service: &str) -> Value {
    json!({
        "name": name, "endpoint_url": "https://chat.example.test/hook",
        "extension_schema": {"id": schema, "type": "extension_schema_reference"},
        "extension_objects": [{"id": service, "type": "service_reference"}],
    })
}

fn subscription_body() -> Value {
    json!({
        "type": "webhook_subscription", "description": "bridge", "events": ["incident.priority_updated"],
        "delivery_method": {"type": "http_delivery_method", "url": "http://127.0.0.1:1/hook"},
        "filter": {"type": "account_reference"},
    })
}
