//! What of inputs and outcomes is remembered: never a secret, and not more than a person wants to read.

use pagebridge_actions::{Action, Effect, Kind, Outcome};
use serde_json::{Map, Value, json};

/// What stands in the place of something that is not remembered.
const HIDDEN: &str = "***";

/// Largest input that is remembered, in bytes of JSON.
const INPUT_SIZE_BYTES_MAX: usize = 16 * 1024;

/// Largest result that is remembered, in bytes of JSON.
const RESULT_SIZE_BYTES_MAX: usize = 16 * 1024;

/// Most ids that are remembered of one run.
const IDS_MAX: usize = 100;

/// Parts of names of fields that hold secrets, wherever in an object they are.
const SECRET_NAMES: &[&str] = &[
    "secret",
    "token",
    "password",
    "passwd",
    "api_key",
    "apikey",
    "routing_key",
    "service_key",
    "integration_key",
    "authorization",
    "custom_headers",
    "credential",
];

/// What is remembered of an input. Of a field that the action does not have, only the name.
pub(crate) fn input(action: &Action, input: &Value) -> Value {
    let Value::Object(fields) = input else { return json!({}) };
    let kept: Map<String, Value> =
        fields.iter().map(|(name, value)| (name.clone(), field(action, name, value))).collect();
    small(Value::Object(kept), INPUT_SIZE_BYTES_MAX)
}

fn field(action: &Action, name: &str, value: &Value) -> Value {
    if matches!(name, "from_email" | "maximum") {
        return value.clone();
    }
    let Some(param) = action.params.iter().find(|param| param.name == name) else { return json!(HIDDEN) };
    match (param.kind, value) {
        _ if param.secret => json!(HIDDEN),
        // Chats and forms write objects as text.
        (Kind::Object | Kind::Json(_), Value::String(text)) => {
            serde_json::from_str(text).map_or_else(|_| json!(HIDDEN), cleaned)
        }
        (_, value) => cleaned(value.clone()),
    }
}

/// Hides what is called like a secret.
fn cleaned(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let clean = |(name, value): (String, Value)| {
                let value = if is_secret(&name) { json!(HIDDEN) } else { cleaned(value) };
                (name, value)
            };
            Value::Object(fields.into_iter().map(clean).collect())
        }
        Value::Array(values) => Value::Array(values.into_iter().map(cleaned).collect()),
        other => other,
    }
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRET_NAMES.iter().any(|word| name.contains(word))
}

fn small(value: Value, most: usize) -> Value {
    let size_bytes = value.to_string().len();
    if size_bytes <= most { value } else { json!({"left_out": format!("{size_bytes} bytes")}) }
}

/// What is remembered of an outcome: all of it where something was changed, so that a repeat can be answered.
pub(crate) fn outcome(action: Option<&Action>, outcome: &Outcome) -> Value {
    let mut kept = serde_json::to_value(outcome).expect("an outcome has text keys and cannot fail");
    let Some(result) = kept.get("result").cloned() else { return kept };
    let writes = action.is_some_and(|action| action.effect != Effect::ReadOnly);
    if writes {
        kept["ids"] = json!(ids(&result));
    }
    let left_out = || json!({"left_out": "it was only read"});
    kept["result"] = if writes { small(cleaned(result), RESULT_SIZE_BYTES_MAX) } else { left_out() };
    kept
}

/// The ids of what a result is about: its own, or those of the objects in it, down to the second level.
fn ids(result: &Value) -> Vec<String> {
    let mut found = Vec::new();
    collect(result, 2, &mut found);
    found.truncate(IDS_MAX);
    found
}

fn collect(value: &Value, depth: u32, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => match fields.get("id").and_then(Value::as_str) {
            Some(id) if !found.iter().any(|known| known == id) => found.push(id.to_owned()),
            Some(_) => {}
            None if depth > 0 => fields.values().for_each(|value| collect(value, depth - 1, found)),
            None => {}
        },
        Value::Array(values) => values.iter().for_each(|value| collect(value, depth, found)),
        _ => {}
    }
}

/// The outcome that is remembered, as it was; `None` if it is none.
pub(crate) fn recall(kept: &Value) -> Option<Outcome> {
    serde_json::from_value(kept.clone()).ok()
}
