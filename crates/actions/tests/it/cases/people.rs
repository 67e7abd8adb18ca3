//! Schedules, teams and users.

use serde_json::json;

use super::Case;

pub(crate) fn schedules() -> Vec<Case> {
    let schedule = json!({
        "time_zone": "Europe/Berlin", "name": "Nights",
        "schedule_layers": [{
            "start": "2026-12-01T20:00:00Z", "rotation_virtual_start": "2026-12-01T20:00:00Z",
            "rotation_turn_length_seconds": 604800, "users": [{"user": {"id": "PUSER01"}}],
            "restrictions": [{"type": "daily_restriction", "duration_seconds": 36000, "start_time_of_day": "21:00:00"}],
        }],
    });
    let times = json!({"entity_id": "PSCHED1", "since": "2027-01-01T00:00:00Z", "until": "2027-02-01T00:00:00Z"});
    let shift = json!({"entity_id": "PSCHED1", "start": "2026-12-01T00:00:00Z", "end": "2026-12-01T08:00:00Z", "user_id": "PUSER02"});
    vec![
        ("schedule.create", json!({"data": schedule, "overflow": true})),
        ("schedule.get", times.clone()),
        ("schedule.find", json!({"query": "Pri", "maximum": 5})),
        ("schedule.update", json!({"entity_id": "PSCHED2", "data": schedule})),
        ("schedule.delete", json!({"entity_id": "PSCHED2"})),
        ("schedule.get_on_call", json!({"entity_id": "PSCHED1"})),
        ("schedule.find_overrides", times),
        ("schedule.create_override.simple", shift),
        (
            "schedule.create_override",
            json!({"entity_id": "PSCHED1", "data": [
                {"start": "2026-12-01T00:00:00Z", "end": "2026-12-01T08:00:00Z", "user": {"id": "PUSER01"}},
                {"start": "2026-12-02T00:00:00Z", "end": "2026-12-02T08:00:00Z", "user": {"id": "PUSER02", "type": "user_reference"}},
            ]}),
        ),
        ("schedule.delete_override", json!({"entity_id": "PSCHED1", "resource_id": "$override"})),
        ("on_call.find", json!({})),
        (
            "on_call.find",
            json!({
                "time_zone": "Europe/Berlin", "include": ["users"], "user_ids": ["PUSER01"], "escalation_policy_ids": ["PPOLICY"],
                "schedule_ids": ["PSCHED1"], "since": "2026-11-27T00:00:00Z", "until": "2026-12-27T00:00:00Z", "earliest": true,
            }),
        ),
    ]
}

pub(crate) fn teams() -> Vec<Case> {
    let member = json!({"entity_id": "PTEAM01", "user": "PUSER02"});
    let policy = json!({"entity_id": "PTEAM01", "escalation_policy": "PPOLICY"});
    vec![
        ("team.create.simple", json!({"name": "Web", "description": "the site"})),
        ("team.create", json!({"data": {"type": "team", "name": "Web"}})),
        ("team.get", json!({"entity_id": "PTEAM01"})),
        ("team.find", json!({"query": "Plat"})),
        ("team.update", json!({"entity_id": "PTEAM01", "data": {"name": "Base"}})),
        ("team.delete", json!({"entity_id": "PTEAM02"})),
        ("team.find_members", json!({"entity_id": "PTEAM01"})),
        ("team.add_user", member.clone()),
        ("team.add_user", json!({"entity_id": "PTEAM02", "user": "PUSER02", "role": "observer"})),
        ("team.remove_user", json!({"entity_id": "PTEAM01", "user": "PUSER01"})),
        ("team.add_escalation_policy", policy),
        ("team.remove_escalation_policy", json!({"entity_id": "$team_with_policy", "escalation_policy": "PPOLICY"})),
    ]
}

pub(crate) fn users() -> Vec<Case> {
    let contact = json!({"entity_id": "PUSER01", "resource_id": "$contact"});
    let rule = json!({"entity_id": "PUSER01", "resource_id": "$rule"});
    let phone = json!({"type": "phone_contact_method", "label": "Mobile", "address": "5555550100"});
    let mut phone_form = phone.clone();
    phone_form["entity_id"] = json!("PUSER01");
    vec![
        ("user.create.simple", json!({"name": "Cleo Park", "email": "cleo@example.test"})),
        (
            "user.create",
            json!({"from_email": "ben@example.test", "data": {"type": "user", "name": "Cleo Park", "email": "cleo@example.test", "color": "lime"}}),
        ),
        ("user.get", json!({"entity_id": "PUSER01", "include": ["contact_methods"]})),
        ("user.find", json!({"query": "ann", "team_ids": ["PTEAM01"]})),
        (
            "user.update",
            json!({"entity_id": "PUSER02", "data": {"name": "Ben A. Okafor", "email": "ben@example.test"}}),
        ),
        ("user.delete", json!({"entity_id": "$new_user"})),
        ("user.find_contact_methods", json!({"entity_id": "PUSER01"})),
        ("user.get_contact_method", contact.clone()),
        ("user.create_contact_method.simple", phone_form),
        ("user.create_contact_method", json!({"entity_id": "PUSER01", "data": phone})),
        ("user.delete_contact_method", json!({"entity_id": "PUSER01", "resource_id": "$phone"})),
        ("user.find_notification_rules", json!({"entity_id": "PUSER01", "include": ["contact_methods"]})),
        ("user.get_notification_rule", rule.clone()),
        (
            "user.create_notification_rule.simple",
            json!({"entity_id": "PUSER01", "start_delay_in_minutes": "5", "contact_method_id": "$contact", "contact_method_type": "email_contact_method"}),
        ),
        (
            "user.create_notification_rule.simple",
            json!({"entity_id": "PUSER01", "contact_method_id": "$contact", "urgency": "low"}),
        ),
        (
            "user.create_notification_rule",
            json!({"entity_id": "PUSER01", "data": {"start_delay_in_minutes": 7, "contact_method": {"id": "$contact"}}}),
        ),
        ("user.delete_notification_rule", rule),
    ]
}
