//! What kind of object a result holds.

use pagebridge_actions::Action;
use serde_json::{Value, json};

/// What a result holds.
pub(super) struct Rows {
    /// e.g. `incident`
    pub(super) kind: String,
    pub(super) rows: Vec<Value>,
    pub(super) is_list: bool,
}

impl Rows {
    pub(super) fn of(action: &Action, result: &Value) -> Self {
        let titled = action.output()["title"].as_str().map(singular);
        let (key, inner) = unwrapped(result);
        let is_list = inner.is_array();
        let rows: Vec<Value> = inner.as_array().cloned().unwrap_or_else(|| vec![inner.clone()]);
        // What an override came to is a list of `status` and `override`.
        let rows: Vec<Value> = rows
            .into_iter()
            .map(|row| row.get("override").filter(|inner| inner.is_object()).cloned().unwrap_or(row))
            .collect();
        let by_type = || rows.first()?["type"].as_str().map(kind_of_type);
        let kind = titled.or_else(|| key.map(singular)).or_else(by_type).unwrap_or_else(|| noun(action));
        Self { kind, rows, is_list }
    }
}

/// The object or list in a wrapper of one name.
fn unwrapped(result: &Value) -> (Option<&str>, &Value) {
    match result.as_object().map(|object| object.iter().collect::<Vec<_>>()).as_deref() {
        Some([(key, inner)]) if inner.is_object() || inner.is_array() => (Some(key.as_str()), inner),
        _ => (None, result),
    }
}

fn noun(action: &Action) -> String {
    action.name.split('.').next().unwrap_or_default().to_owned()
}

fn singular(word: &str) -> String {
    match (word.strip_suffix("ies"), word.strip_suffix('s')) {
        (Some(stem), _) => format!("{stem}y"),
        (None, Some(stem)) if !word.ends_with("ss") => stem.to_owned(),
        _ => word.to_owned(),
    }
}

/// For people: `no escalation policies`.
pub(super) fn plural(kind: &str) -> String {
    let words = if kind == "oncall" { "one is on call".to_owned() } else { kind.replace('_', " ") };
    match words.strip_suffix('y') {
        _ if kind == "oncall" => words,
        Some(stem) => format!("{stem}ies"),
        None => format!("{words}s"),
    }
}

/// What a type says besides its kind.
pub(super) fn way(text: &str) -> String {
    let kind = kind_of_type(text);
    text.strip_suffix(&kind).map_or(text, |way| way.trim_end_matches('_')).replace('_', " ")
}

/// `user_reference` is a `user`, `email_contact_method` a `contact_method`.
pub(super) fn kind_of_type(text: &str) -> String {
    let text = text.strip_suffix("_reference").unwrap_or(text);
    let families = ["log_entry", "contact_method", "notification_rule", "integration", "notification"];
    families
        .iter()
        .find(|family| text.ends_with(*family))
        .map_or_else(|| text.to_owned(), |family| (*family).to_owned())
}

/// The value at a path; through a list it is the list of what its members have.
pub(super) fn at(value: &Value, path: &str) -> Value {
    let Some((first, rest)) = path.split_once('.').or((!path.is_empty()).then_some((path, ""))) else {
        return value.clone();
    };
    match value {
        Value::Array(items) => items.iter().map(|item| at(item, path)).filter(|found| !found.is_null()).collect(),
        other => at(other.get(first).unwrap_or(&json!(null)), rest),
    }
}
