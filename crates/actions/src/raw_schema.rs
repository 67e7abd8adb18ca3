//! Schemas of objects in the caller's own words: what is known of them is checked, what is not is passed on.

use serde_json::{Value, json};

fn object(required: &[&str], properties: Value) -> Value {
    json!({"type": "object", "required": required, "properties": properties})
}

fn list(items: Value) -> Value {
    json!({"type": "array", "items": items})
}

fn text() -> Value {
    json!({"type": "string", "minLength": 1})
}

/// A name that the types `kind` and `kind_reference` are good for.
fn reference(kind: &str) -> Value {
    object(&["id"], json!({"id": text(), "type": {"enum": [kind, format!("{kind}_reference")]}}))
}

fn words(words: &[&str]) -> Value {
    json!({"type": "string", "enum": words})
}

/// Seconds or minutes; null for never.
fn span() -> Value {
    json!({"type": ["integer", "null"], "minimum": 0})
}

/// Text that may be null.
fn maybe_text() -> Value {
    json!({"type": ["string", "null"]})
}

pub(crate) fn incident() -> Value {
    // The pack has the user where PagerDuty has `assignee` around it: both are taken.
    let assignment = json!({"anyOf": [
        reference("user"),
        object(&["assignee"], json!({"assignee": reference("user")})),
    ]});
    let mut schema = object(
        &["title", "service"],
        json!({
            "type": words(&["incident"]),
            "title": text(),
            "service": reference("service"),
            "urgency": words(&["high", "low"]),
            "incident_key": {"type": "string", "maxLength": 255},
            "priority": reference("priority"),
            "body": object(&[], json!({"type": words(&["incident_body"]), "details": {"type": "string"}})),
            "assignments": list(assignment),
            "escalation_policy": reference("escalation_policy"),
        }),
    );
    schema["not"] = json!({"required": ["assignments", "escalation_policy"]});
    schema["$comment"] = json!("Assignments and escalation policy exclude each other.");
    schema
}

pub(crate) fn escalation_policy_update() -> Value {
    let target = object(
        &["id", "type"],
        json!({"id": text(), "type": words(&["user", "schedule", "user_reference", "schedule_reference"])}),
    );
    let rule = object(
        &["escalation_delay_in_minutes", "targets"],
        json!({"escalation_delay_in_minutes": {"type": "integer", "minimum": 0}, "targets": list(target)}),
    );
    object(
        &[],
        json!({
            "type": words(&["escalation_policy", "escalation_policy_reference"]),
            "name": text(),
            "description": maybe_text(),
            "num_loops": {"type": "integer", "minimum": 0},
            "repeat_enabled": {"type": "boolean"},
            "escalation_rules": list(rule),
            "services": list(reference("service")),
            "teams": list(reference("team")),
        }),
    )
}

pub(crate) fn escalation_policy() -> Value {
    needing(escalation_policy_update(), &["name", "escalation_rules"])
}

pub(crate) fn service_update() -> Value {
    let urgency =
        object(&[], json!({"type": words(&["constant"]), "urgency": words(&["low", "high", "severity_based"])}));
    let action = object(
        &["type", "to_urgency", "at"],
        json!({
            "type": words(&["urgency_change"]),
            "to_urgency": words(&["high"]),
            "at": object(&["type", "name"], json!({
                "type": words(&["named_time"]),
                "name": words(&["support_hours_start", "support_hours_end"]),
            })),
        }),
    );
    object(
        &[],
        json!({
            // `user` is the default in the pack, and mended.
            "type": words(&["service", "service_reference", "user"]),
            "name": text(),
            "description": maybe_text(),
            "auto_resolve_timeout": span(),
            "acknowledgement_timeout": span(),
            "status": words(&["active", "warning", "critical", "maintenance", "disabled"]),
            "alert_creation": words(&["create_alerts_and_incidents", "create_incidents"]),
            "alert_grouping": {"enum": ["time", "intelligent", null]},
            "alert_grouping_timeout": span(),
            "escalation_policy": reference("escalation_policy"),
            "incident_urgency_rule": object(&[], json!({
                "type": words(&["constant", "use_support_hours"]),
                "urgency": words(&["low", "high", "severity_based"]),
                "during_support_hours": urgency.clone(),
                "outside_support_hours": urgency,
            })),
            "support_hours": json!({"type": ["object", "null"], "properties": {
                "type": words(&["fixed_time_per_day"]),
                "time_zone": text(),
                "start_time": time_of_day(),
                "end_time": time_of_day(),
                "days_of_week": list(json!({"type": "integer", "minimum": 1, "maximum": 7})),
            }}),
            "scheduled_actions": list(action),
        }),
    )
}

pub(crate) fn service() -> Value {
    needing(service_update(), &["name", "escalation_policy"])
}

fn time_of_day() -> Value {
    json!({"type": "string", "pattern": "^[0-2][0-9]:[0-5][0-9](:[0-5][0-9])?$"})
}

pub(crate) fn integration() -> Value {
    object(&[], json!({"type": text(), "name": text(), "vendor": reference("vendor")}))
}

pub(crate) fn schedule() -> Value {
    let restriction = object(
        &["type", "duration_seconds", "start_time_of_day"],
        json!({
            "type": words(&["daily_restriction", "weekly_restriction"]),
            "duration_seconds": {"type": "integer", "minimum": 1},
            "start_time_of_day": time_of_day(),
            "start_day_of_week": {"type": "integer", "minimum": 1, "maximum": 7},
        }),
    );
    let layer = object(
        &["start", "rotation_virtual_start", "rotation_turn_length_seconds", "users"],
        json!({
            "start": text(),
            "end": maybe_text(),
            "rotation_virtual_start": text(),
            "rotation_turn_length_seconds": {"type": "integer", "minimum": 1},
            "name": maybe_text(),
            "users": list(object(&["user"], json!({"user": reference("user")}))),
            "restrictions": list(restriction),
        }),
    );
    object(
        &["time_zone", "schedule_layers"],
        json!({
            "type": words(&["schedule"]),
            "time_zone": text(),
            "name": text(),
            "description": maybe_text(),
            "schedule_layers": list(layer),
        }),
    )
}

pub(crate) fn overrides() -> Value {
    let one = object(&["start", "end", "user"], json!({"start": text(), "end": text(), "user": reference("user")}));
    json!({"type": "array", "items": one, "minItems": 1})
}

pub(crate) fn maintenance_window_update() -> Value {
    object(
        &[],
        json!({
            "type": words(&["maintenance_window", "maintenance_window_reference"]),
            "start_time": text(),
            "end_time": text(),
            "description": maybe_text(),
            "services": list(reference("service")),
        }),
    )
}

pub(crate) fn maintenance_window() -> Value {
    needing(maintenance_window_update(), &["start_time", "end_time", "services"])
}

pub(crate) fn team_update() -> Value {
    object(&[], json!({"type": words(&["team"]), "name": text(), "description": maybe_text()}))
}

pub(crate) fn team() -> Value {
    needing(team_update(), &["name"])
}

pub(crate) fn user_update() -> Value {
    object(
        &[],
        json!({
            "type": words(&["user"]),
            "name": text(),
            "email": {"type": "string", "minLength": 3},
            "time_zone": text(),
            "color": words(COLORS),
            "role": words(ROLES),
            "description": maybe_text(),
            "job_title": maybe_text(),
        }),
    )
}

pub(crate) fn user() -> Value {
    needing(user_update(), &["name", "email"])
}

pub(crate) fn contact_method() -> Value {
    object(&["type", "label", "address"], json!({"type": words(CONTACT_METHODS), "label": text(), "address": text()}))
}

pub(crate) fn notification_rule() -> Value {
    object(
        &["start_delay_in_minutes", "contact_method"],
        json!({
            "start_delay_in_minutes": {"type": "integer", "minimum": 0},
            "contact_method": object(&["id"], json!({"id": text(), "type": text()})),
            "urgency": words(&["high", "low"]),
            "type": words(&["assignment_notification_rule"]),
        }),
    )
}

pub(crate) fn webhook_subscription() -> Value {
    object(
        &["delivery_method", "events", "filter"],
        json!({
            "type": words(&["webhook_subscription"]),
            "active": {"type": "boolean"},
            "description": maybe_text(),
            "delivery_method": object(&["type", "url"], json!({"type": words(&["http_delivery_method"]), "url": text()})),
            "events": {"type": "array", "items": text(), "minItems": 1},
            "filter": object(&["type"], json!({"type": words(FILTERS), "id": text()})),
        }),
    )
}

pub(crate) fn business_service() -> Value {
    object(
        &[],
        json!({
            "name": text(),
            "description": maybe_text(),
            "point_of_contact": maybe_text(),
            "team": object(&["id"], json!({"id": text()})),
        }),
    )
}

pub(crate) fn links() -> Value {
    list(object(&["href"], json!({"href": text(), "text": {"type": "string"}})))
}

pub(crate) fn images() -> Value {
    let src = json!({"type": "string", "pattern": "^https://"});
    list(object(&["src"], json!({"src": src, "href": text(), "alt": {"type": "string"}})))
}

fn needing(mut schema: Value, required: &[&str]) -> Value {
    schema["required"] = json!(required);
    schema
}

pub(crate) const FILTERS: &[&str] = &["account_reference", "service_reference", "team_reference"];

pub(crate) const CONTACT_METHODS: &[&str] =
    &["email_contact_method", "phone_contact_method", "push_notification_contact_method", "sms_contact_method"];

pub(crate) const ROLES: &[&str] =
    &["read_only_user", "owner", "admin", "user", "observer", "limited_user", "team_responder", "restricted_access"];

/// What PagerDuty paints users in.
pub(crate) const COLORS: &[&str] = &[
    "purple",
    "red",
    "green",
    "blue",
    "teal",
    "orange",
    "brown",
    "turquoise",
    "dark-slate-blue",
    "cayenne",
    "orange-red",
    "dark-orchid",
    "dark-slate-grey",
    "lime",
    "dark-magenta",
    "lime-green",
    "midnight-blue",
    "deep-pink",
    "dark-green",
    "dark-orange",
    "dark-cyan",
    "darkolive-green",
    "dark-slate-gray",
    "grey20",
    "firebrick",
    "maroon",
    "crimson",
    "dark-red",
    "dark-goldenrod",
    "chocolate",
    "medium-violet-red",
    "sea-green",
    "olivedrab",
    "forest-green",
    "dark-olive-green",
    "blue-violet",
    "royal-blue",
    "indigo",
    "slate-blue",
    "saddle-brown",
    "steel-blue",
];
