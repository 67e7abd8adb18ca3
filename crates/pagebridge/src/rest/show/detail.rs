//! One object in full.

use crate::output::{self, Times};
use serde_json::Value;

/// Names that come first.
const FIRST: &[&str] = &["incident_number", "id", "name", "title", "summary", "status", "urgency", "type"];

/// Writes every field of `object` that says something, a line each.
pub(super) fn show(object: &Value, times: &Times) {
    let mut lines = Vec::new();
    collect("", object, times, &mut lines);
    let mut table = output::pairs();
    for (name, text) in &lines {
        table.add_row([name.as_str(), text.as_str()]);
    }
    output::say_table(&table, "nothing");
}

fn collect(prefix: &str, value: &Value, times: &Times, lines: &mut Vec<(String, String)>) {
    let Some(object) = value.as_object() else {
        lines.push((prefix.to_owned(), plain(value, times)));
        return;
    };
    let rank = |key: &str| FIRST.iter().position(|first| *first == key).unwrap_or(FIRST.len());
    let mut keys: Vec<&String> = object.keys().filter(|key| *key != "self").collect();
    keys.sort_by_key(|key| rank(key));
    // The summary repeats the name.
    let is_repeat = |key: &str| {
        key == "summary"
            && ["name", "title"].iter().any(|other| object.get(*other).is_some_and(|name| *name == object["summary"]))
    };
    for key in keys.into_iter().filter(|key| !is_repeat(key)) {
        let (value, name) = (&object[key], if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") });
        match value {
            Value::Null => {}
            Value::String(text) if text.is_empty() => {}
            Value::Array(items) if items.is_empty() => {}
            Value::Object(inner) if inner.get("summary").is_some_and(Value::is_string) || inner.is_empty() => {
                lines.push((name, with_id(value)));
            }
            Value::Object(_) => collect(&name, value, times, lines),
            Value::Array(items) if items.iter().any(Value::is_object) => {
                let each: Vec<String> = items
                    .iter()
                    .map(|item| if self::name(item).is_empty() { compact(item) } else { with_id(item) })
                    .collect();
                lines.push((name, each.join("\n")));
            }
            other => lines.push((name, plain(other, times))),
        }
    }
}

fn with_id(value: &Value) -> String {
    match (name(value), value["id"].as_str()) {
        (name, Some(id)) if name == id => name,
        (name, Some(id)) => format!("{name} ({id})"),
        (name, None) => name,
    }
}

fn compact(value: &Value) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// What an object is called.
pub(super) fn name(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Object(_) => {
            let inner = ["assignee", "acknowledger", "user"]
                .iter()
                .find_map(|inner| value.get(*inner))
                .filter(|v| v.is_object());
            let own = ["summary", "name", "id"].iter().find_map(|key| value[*key].as_str());
            own.map(str::to_owned).or_else(|| inner.map(name)).unwrap_or_default()
        }
        _ => String::new(),
    }
}

/// A value on one line.
pub(super) fn plain(value: &Value, times: &Times) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => times.show(text),
        Value::Bool(flag) => if *flag { "yes" } else { "no" }.to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Array(items) => items.iter().map(|item| plain(item, times)).collect::<Vec<_>>().join(", "),
        Value::Object(_) => {
            let name = name(value);
            if name.is_empty() { compact(value) } else { name }
        }
    }
}
