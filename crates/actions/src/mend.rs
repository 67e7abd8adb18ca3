//! Mending what objects in the caller's own words often get wrong, or have always left out.

use serde_json::{Map, Value, json};

/// What an object is when it does not say its type.
const TYPES: &[(&str, &str)] = &[
    ("incident", "incident"),
    ("escalation_policy", "escalation_policy"),
    ("service", "service"),
    ("integration", "events_api_v2_inbound_integration"),
    ("schedule", "schedule"),
    ("maintenance_window", "maintenance_window"),
    ("team", "team"),
    ("user", "user"),
    ("notification_rule", "assignment_notification_rule"),
    ("webhook_subscription", "webhook_subscription"),
    ("tag", "tag"),
];

/// Fields that hold a reference, or a list of them, and the type of it when it does not say.
const REFERENCES: &[(&str, &str)] = &[
    ("service", "service_reference"),
    ("services", "service_reference"),
    ("escalation_policy", "escalation_policy_reference"),
    ("priority", "priority_reference"),
    ("user", "user_reference"),
    ("users", "user_reference"),
    ("team", "team_reference"),
    ("teams", "team_reference"),
    ("assignee", "user_reference"),
    ("vendor", "vendor_reference"),
];

/// Mends the object that goes into the body under the name `wrapper`.
pub(crate) fn mend(wrapper: &str, object: &mut Map<String, Value>) {
    let kind = TYPES.iter().find(|(name, _)| *name == wrapper).map(|(_, kind)| *kind);
    if let Some(kind) = kind {
        object.entry("type").or_insert_with(|| json!(kind));
    }
    match wrapper {
        "incident" => wrap_assignees(object),
        // The pack's schema has this for a default.
        "service" if object.get("type") == Some(&json!("user")) => {
            object.insert("type".to_owned(), json!("service"));
        }
        "notification_rule" => {
            object.entry("urgency").or_insert_with(|| json!("high"));
        }
        _ => {}
    }
    // The team that owns a business service is told by its id alone.
    if wrapper != "business_service" {
        object.iter_mut().for_each(|(name, value)| refer(name, value));
    }
}

/// Makes `[{"id", "type"}]` the `[{"assignee": {"id", "type"}}]` that the API takes.
fn wrap_assignees(incident: &mut Map<String, Value>) {
    let Some(Value::Array(assignments)) = incident.get_mut("assignments") else { return };
    for assignment in assignments {
        if assignment.get("assignee").is_none() && assignment.get("id").is_some() {
            *assignment = json!({ "assignee": assignment.take() });
        }
    }
}

/// Fills in the types of references, at any depth.
fn refer(name: &str, value: &mut Value) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(|value| refer(name, value)),
        Value::Object(fields) => {
            let kind = REFERENCES.iter().find(|(field, _)| *field == name).map(|(_, kind)| *kind);
            if let Some(kind) = kind.filter(|_| fields.contains_key("id")) {
                fields.entry("type").or_insert_with(|| json!(kind));
            }
            fields.iter_mut().for_each(|(name, value)| refer(name, value));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mended(wrapper: &str, mut value: Value) -> Value {
        mend(wrapper, value.as_object_mut().expect("an object"));
        value
    }

    #[test]
    fn assignments_get_their_assignee_and_references_their_type() {
        let given =
            json!({"title": "t", "service": {"id": "P1"}, "assignments": [{"id": "P2"}, {"assignee": {"id": "P3"}}]});
        let expected = json!({
            "type": "incident",
            "title": "t",
            "service": {"id": "P1", "type": "service_reference"},
            "assignments": [
                {"assignee": {"id": "P2", "type": "user_reference"}},
                {"assignee": {"id": "P3", "type": "user_reference"}},
            ],
        });
        assert_eq!(mended("incident", given), expected);
    }

    #[test]
    fn what_is_said_stays() {
        let given = json!({"type": "service", "escalation_policy": {"id": "P1", "type": "escalation_policy"}});
        assert_eq!(mended("service", given.clone()), given);
        assert_eq!(mended("service", json!({"type": "user"})), json!({"type": "service"}));
    }
}
