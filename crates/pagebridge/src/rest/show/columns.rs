//! Which columns a table of each kind of object has.

use super::kinds::at;
use serde_json::{Value, json};

/// One column.
#[derive(Clone, Debug)]
pub(super) struct Column {
    pub(super) head: String,
    /// Names with dots between them; through lists too.
    pub(super) path: String,
    pub(super) form: Form,
    /// Left out in a terminal that is narrower than this.
    pub(super) width_min: usize,
    /// Not cut below this length.
    pub(super) length_min: usize,
}

/// How a value is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Any,
    Time,
    /// The length of a list.
    Count,
    /// The kind in a `type`.
    Kind,
    /// What a `type` says besides the kind: `email` of `email_notification`.
    Way,
    /// The object's name, or this word where there is none.
    Or(&'static str),
    TimeOr(&'static str),
}

impl Column {
    pub(super) fn new(head: &str, path: &str, form: Form) -> Self {
        Self { head: head.to_owned(), path: path.to_owned(), form, width_min: 0, length_min: 0 }
    }
}

/// Head, path, form, and the width of the terminal from which on it is shown.
type Plan = (&'static str, &'static str, Form, usize);

const INCIDENT: &[Plan] = &[
    ("#", "incident_number", Form::Any, 0),
    ("id", "id", Form::Any, 100),
    ("status", "status", Form::Any, 0),
    ("urgency", "urgency", Form::Any, 0),
    ("title", "title", Form::Any, 0),
    ("service", "service", Form::Any, 0),
    ("created", "created_at", Form::Time, 90),
    ("assigned to", "assignments.assignee", Form::Any, 120),
    ("url", "html_url", Form::Any, 150),
];

const ONCALL: &[Plan] = &[
    ("user", "user", Form::Any, 0),
    ("schedule", "schedule", Form::Or("Direct assignment"), 0),
    ("escalation policy", "escalation_policy", Form::Any, 0),
    ("level", "escalation_level", Form::Any, 0),
    ("from", "start", Form::TimeOr("always"), 110),
    ("until", "end", Form::TimeOr("always"), 90),
];

const USER: &[Plan] = &[
    ("id", "id", Form::Any, 0),
    ("name", "name", Form::Or(""), 0),
    ("e-mail", "email", Form::Any, 0),
    ("role", "role", Form::Any, 0),
    ("job title", "job_title", Form::Any, 120),
    ("time zone", "time_zone", Form::Any, 100),
    ("teams", "teams", Form::Any, 120),
];

const SERVICE: &[Plan] = &[
    ("id", "id", Form::Any, 0),
    ("name", "name", Form::Any, 0),
    ("status", "status", Form::Any, 0),
    ("escalation policy", "escalation_policy", Form::Any, 0),
    ("teams", "teams", Form::Any, 100),
    ("url", "html_url", Form::Any, 140),
];

const SCHEDULE: &[Plan] = &[
    ("id", "id", Form::Any, 0),
    ("name", "name", Form::Any, 0),
    ("time zone", "time_zone", Form::Any, 0),
    ("users", "users", Form::Any, 0),
    ("escalation policies", "escalation_policies", Form::Any, 100),
];

const ESCALATION_POLICY: &[Plan] = &[
    ("id", "id", Form::Any, 0),
    ("name", "name", Form::Any, 0),
    ("levels", "escalation_rules", Form::Count, 0),
    ("services", "services", Form::Any, 0),
    ("teams", "teams", Form::Any, 100),
];

const MAINTENANCE_WINDOW: &[Plan] = &[
    ("id", "id", Form::Any, 0),
    ("from", "start_time", Form::Time, 0),
    ("until", "end_time", Form::Time, 0),
    ("services", "services", Form::Any, 0),
    ("description", "description", Form::Any, 0),
    ("by", "created_by", Form::Any, 120),
];

const ALERT: &[Plan] = &[
    ("id", "id", Form::Any, 0),
    ("status", "status", Form::Any, 0),
    ("severity", "severity", Form::Any, 0),
    ("summary", "summary", Form::Any, 0),
    ("created", "created_at", Form::Time, 100),
    ("key", "alert_key", Form::Any, 130),
];

const LOG_ENTRY: &[Plan] = &[
    ("time", "created_at", Form::Time, 0),
    ("what", "type", Form::Way, 0),
    ("by", "agent", Form::Any, 0),
    ("incident", "incident", Form::Any, 0),
    ("id", "id", Form::Any, 130),
];

const NOTIFICATION: &[Plan] = &[
    ("time", "started_at", Form::Time, 0),
    ("how", "type", Form::Way, 0),
    ("user", "user", Form::Any, 0),
    ("address", "address", Form::Any, 0),
    ("status", "status", Form::Any, 0),
    ("id", "id", Form::Any, 130),
];

const SUBSCRIPTION: &[Plan] = &[
    ("id", "id", Form::Any, 0),
    ("active", "active", Form::Any, 0),
    ("url", "delivery_method.url", Form::Any, 0),
    ("of", "filter.type", Form::Kind, 0),
    ("events", "events", Form::Count, 0),
    ("description", "description", Form::Any, 100),
];

const CHANGE_EVENT: &[Plan] = &[
    ("id", "id", Form::Any, 0),
    ("time", "timestamp", Form::Time, 0),
    ("summary", "summary", Form::Any, 0),
    ("source", "source", Form::Any, 0),
    ("services", "services", Form::Any, 100),
];

const fn any(name: &'static str) -> Plan {
    (name, name, Form::Any, 0)
}

fn plan(kind: &str) -> &'static [Plan] {
    match kind {
        "incident" => INCIDENT,
        "oncall" => ONCALL,
        "user" => USER,
        "service" => SERVICE,
        "schedule" => SCHEDULE,
        "escalation_policy" => ESCALATION_POLICY,
        "maintenance_window" => MAINTENANCE_WINDOW,
        "alert" => ALERT,
        "log_entry" => LOG_ENTRY,
        "notification" => NOTIFICATION,
        "webhook_subscription" => SUBSCRIPTION,
        "change_event" => CHANGE_EVENT,
        "member" => const { &[any("user"), ("id", "user.id", Form::Any, 0), any("role")] },
        "team" | "priority" => const { &[any("id"), any("name"), any("description")] },
        "vendor" => const { &[any("id"), any("name")] },
        "tag" => const { &[any("id"), any("label")] },
        "note" => const { &[("time", "created_at", Form::Time, 0), ("by", "user", Form::Any, 0), any("content")] },
        "business_service" => {
            const { &[any("id"), any("name"), any("point_of_contact"), any("team"), any("description")] }
        }
        "contact_method" => const { &[any("id"), ("how", "type", Form::Way, 0), any("label"), any("address")] },
        "notification_rule" => {
            const {
                &[
                    any("id"),
                    any("urgency"),
                    ("minutes", "start_delay_in_minutes", Form::Any, 0),
                    ("by", "contact_method", Form::Any, 0),
                ]
            }
        }
        "integration" => {
            const { &[any("id"), ("name", "summary", Form::Any, 0), any("type"), any("service"), any("vendor")] }
        }
        "override" => {
            const { &[any("id"), ("from", "start", Form::Time, 0), ("until", "end", Form::Time, 0), any("user")] }
        }
        _ => &[],
    }
}

/// Gives the columns of a kind; of one that is not known, the names that its objects have.
pub(super) fn columns(kind: &str, rows: &[Value]) -> Vec<Column> {
    let known = plan(kind).iter().map(|&(head, path, form, width_min)| {
        let length_min = if path.ends_with("url") { usize::MAX } else { 0 };
        Column { width_min, length_min, ..Column::new(head, path, form) }
    });
    let known: Vec<Column> =
        known.filter(|column| column.form != Form::Any || rows.is_empty() || any_has(rows, &column.path)).collect();
    if !known.is_empty() {
        return known;
    }
    let mut names: Vec<&str> = Vec::new();
    for name in rows.iter().filter_map(Value::as_object).flat_map(|object| object.keys()) {
        if !names.contains(&name.as_str()) && !matches!(name.as_str(), "self" | "html_url" | "summary") {
            names.push(name);
        }
    }
    names.truncate(6);
    names.into_iter().map(|name| Column::new(&name.replace('_', " "), name, Form::Any)).collect()
}

fn any_has(rows: &[Value], path: &str) -> bool {
    let says = |value: &Value| !value.is_null() && *value != json!([]) && *value != json!("");
    rows.iter().any(|row| says(&at(row, path)))
}
