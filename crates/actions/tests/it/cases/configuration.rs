//! Escalation policies, services, maintenance windows, webhooks, the account, and its records.

use serde_json::json;

use super::Case;

pub(crate) fn escalation_policies() -> Vec<Case> {
    let policy = json!({
        "type": "escalation_policy", "name": "Third Line", "num_loops": 1,
        "escalation_rules": [{"escalation_delay_in_minutes": 30, "targets": [{"id": "PUSER01", "type": "user"}]}],
        "teams": [{"id": "PTEAM01"}],
    });
    vec![
        ("escalation_policy.create", json!({"from_email": "ben@example.test", "data": policy})),
        ("escalation_policy.get", json!({"entity_id": "PPOLICY"})),
        ("escalation_policy.get", json!({"entity_id": ["PPOLICY", "PPOLIC2"]})),
        ("escalation_policy.update", json!({"entity_id": "PPOLIC2", "data": {"name": "Reserve"}})),
        ("escalation_policy.delete", json!({"entity_id": "PPOLIC2"})),
        (
            "escalation_policy.find",
            json!({"maximum": 1, "user_ids": ["PUSER01"], "team_ids": [], "include": ["services"], "query": "Default"}),
        ),
        ("escalation_policy.find_services", json!({"entity_id": "PPOLICY"})),
    ]
}

pub(crate) fn services() -> Vec<Case> {
    let service = json!({
        "type": "user", "name": "Blog", "escalation_policy": {"id": "PPOLICY"}, "acknowledgement_timeout": null,
        "incident_urgency_rule": {"type": "constant", "urgency": "low"},
    });
    vec![
        (
            "service.create.simple",
            json!({"from_email": "ben@example.test", "name": "Blog", "escalation_policy_id": "PPOLICY"}),
        ),
        (
            "service.create.simple",
            json!({"name": "Blog", "description": "words", "auto_resolve_timeout": "0", "escalation_policy_id": "PPOLICY"}),
        ),
        ("service.create", json!({"data": service})),
        ("service.get", json!({"entity_id": "PSHOP01", "include": ["integrations"]})),
        ("service.find", json!({"query": "Shop", "team_ids": "", "include": null})),
        ("service.update", json!({"entity_id": "PSHOP01", "data": {"description": "sells"}})),
        ("service.delete", json!({"entity_id": "POFFICE"})),
        ("service.find_integrations", json!({"entity_id": "PSHOP01"})),
        ("service.get_integrations", json!({"entity_id": "PSHOP01", "resource_id": "$integration"})),
        ("integration.get", json!({"entity_id": "PSHOP01", "resource_id": "$integration", "include": ["services"]})),
        ("integration.create", json!({"entity_id": "PSHOP01"})),
        (
            "integration.update",
            json!({"entity_id": "PSHOP01", "resource_id": "$integration", "data": {"name": "Monitor"}}),
        ),
        ("business_service.find", json!({})),
        ("business_service.get", json!({"entity_id": "$business"})),
        (
            "business_service.create",
            json!({"name": "Sales", "description": "sells", "point_of_contact": "Ann", "team_id": "PTEAM01"}),
        ),
        ("business_service.update", json!({"entity_id": "$business", "data": {"name": "Trade"}})),
        ("business_service.delete", json!({"entity_id": "$business"})),
    ]
}

pub(crate) fn records() -> Vec<Case> {
    vec![
        (
            "log_entry.find",
            json!({"since": "2026-11-01T00:00:00Z", "until": "2026-12-01T00:00:00Z", "include": ["incidents"]}),
        ),
        ("log_entry.get", json!({"entity_id": "$log_entry"})),
        ("notification.find", json!({})),
        ("notification.find", json!({"since": "2026-11-20T00:00:00Z", "filter": "email_notification"})),
    ]
}

pub(crate) fn maintenance_windows() -> Vec<Case> {
    let window = json!({
        "type": "maintenance_window", "start_time": "2027-02-01T00:00:00Z", "end_time": "2027-02-01T01:00:00Z",
        "services": [{"id": "PSHOP01", "type": "service_reference"}],
    });
    let times = json!({"start_time": "2027-02-01T00:00:00Z", "end_time": "2027-02-01T01:00:00Z", "service_id": "PSHOP01", "description": "update"});
    vec![
        ("maintenance_window.create.simple", times),
        ("maintenance_window.create", json!({"data": window})),
        ("maintenance_window.get", json!({"entity_id": "$window"})),
        (
            "maintenance_window.find",
            json!({"filter": "future", "service_ids": ["POFFICE"], "team_ids": [], "include": ["services"], "query": ""}),
        ),
        ("maintenance_window.update", json!({"entity_id": "$window", "data": {"description": "longer"}})),
        ("maintenance_window.delete", json!({"entity_id": "$window"})),
    ]
}

pub(crate) fn webhooks() -> Vec<Case> {
    let subscription = json!({
        "delivery_method": {
            "type": "http_delivery_method", "url": "https://bridge.example.test/pd-webhook",
            "custom_headers": [{"name": "X-Key", "value": "shared"}],
        },
        "events": ["incident.triggered"],
        "filter": {"type": "service_reference", "id": "PSHOP01"},
    });
    let hook = json!({"entity_id": "$hook"});
    vec![
        (
            "webhook_subscription.create.simple",
            json!({"url": "https://bridge.example.test/pd-webhook", "events": "incident.triggered, incident.resolved", "description": "the bridge"}),
        ),
        ("webhook_subscription.create", json!({"data": subscription})),
        ("webhook_subscription.get", hook.clone()),
        ("webhook_subscription.find", json!({"filter_type": "account"})),
        (
            "webhook_subscription.update",
            json!({"entity_id": "$hook", "active": "false", "events": ["incident.triggered", "incident.resolved"]}),
        ),
        ("webhook_subscription.enable", hook.clone()),
        ("webhook_subscription.ping", hook.clone()),
        ("webhook_subscription.delete", hook),
    ]
}

pub(crate) fn account() -> Vec<Case> {
    vec![
        ("priority.find", json!({})),
        ("vendor.find", json!({})),
        ("ability.find", json!({})),
        ("tag.find", json!({"query": "db"})),
        ("tag.create", json!({"label": "db"})),
        ("tag.delete", json!({"entity_id": "$tag"})),
        (
            "tag.change",
            json!({"entity_type": "users", "entity_id": "PUSER01", "add": ["$tag"], "remove": "$other_tag"}),
        ),
    ]
}
