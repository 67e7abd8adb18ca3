//! Parameters of an action, and settings of a pack: each is a JSON Schema (draft 4) with a few keys of StackStorm's own.

use std::collections::BTreeMap;

use serde_json::Value;

use super::fields::is_word;
use super::runner::OVERRIDABLE;
use super::{Check, Fields};

const TYPES: &[&str] = &["array", "boolean", "integer", "null", "number", "object", "string"];

/// What a schema may say.
const KEYWORDS: &[&str] = &[
    "$schema",
    "additionalItems",
    "additionalProperties",
    "allOf",
    "anyOf",
    "default",
    "definitions",
    "dependencies",
    "description",
    "enum",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "id",
    "immutable",
    "items",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "multipleOf",
    "not",
    "oneOf",
    "pattern",
    "patternProperties",
    "position",
    "properties",
    "required",
    "secret",
    "title",
    "type",
    "uniqueItems",
];

pub(super) fn settings(check: &mut Check<'_>, file: &str, fields: &Fields) {
    for (name, schema) in fields {
        one(check, file, name, schema);
    }
}

/// Checks the parameters of an action on a runner.
pub(super) fn parameters(check: &mut Check<'_>, file: &str, fields: &Fields, runner: &Value) {
    let mut positions: BTreeMap<u64, &str> = BTreeMap::new();
    for (name, schema) in fields {
        if !is_word(name) {
            check.fault(file, format!("parameter `{name}`: a name may have letters, digits and _ only"));
        }
        one(check, file, name, schema);
        let Some(schema) = schema.as_object() else { continue };
        let of_runner = runner.get(name).and_then(Value::as_object);
        if let Some(of_runner) = of_runner {
            overriding(check, file, name, schema, of_runner);
        }
        let has_default = schema.contains_key("default") || of_runner.is_some_and(|own| own.contains_key("default"));
        if schema.contains_key("immutable") && !has_default {
            check.fault(file, format!("parameter `{name}`: what is `immutable` needs a `default`"));
        }
        if let Some(position) = schema.get("position").and_then(Value::as_u64)
            && let Some(other) = positions.insert(position, name)
        {
            check.fault(file, format!("parameters `{other}` and `{name}` both have position {position}"));
        }
    }
    let (first, last) = (positions.keys().next().copied(), positions.keys().last().copied());
    if let (Some(first), Some(last)) = (first, last)
        && last - first != positions.len() as u64 - 1
    {
        let given: Vec<String> = positions.keys().map(ToString::to_string).collect();
        check.fault(file, format!("positions {} have a gap", given.join(", ")));
    }
}

/// What the runner has, and the action says too.
fn overriding(check: &mut Check<'_>, file: &str, name: &str, schema: &Fields, of_runner: &Fields) {
    for (key, value) in schema {
        if !OVERRIDABLE.contains(&key.as_str()) && of_runner.get(key) != Some(value) {
            let may = OVERRIDABLE.join(", ");
            check.fault(file, format!("parameter `{name}` is the runner's; `{key}` cannot be changed, only {may}"));
        }
    }
}

/// Checks one schema.
fn one(check: &mut Check<'_>, file: &str, name: &str, schema: &Value) {
    let mut fault = |message: String| check.fault(file, format!("parameter `{name}`: {message}"));
    let Some(schema) = schema.as_object() else {
        fault("it has to be a map".to_owned());
        return;
    };
    for key in unknown(schema) {
        fault(format!("`{key}` is no keyword that StackStorm knows"));
    }
    match schema.get("type") {
        Some(Value::String(kind)) if TYPES.contains(&kind.as_str()) => {}
        Some(Value::String(kind)) => fault(format!("`type` is `{kind}`; it has to be one of {}", TYPES.join(", "))),
        Some(_) => fault("`type` has to be one word, not a list".to_owned()),
        None => {}
    }
    for key in ["required", "secret", "immutable", "uniqueItems"] {
        if schema.get(key).is_some_and(|value| !value.is_boolean()) {
            fault(format!("`{key}` has to be true or false"));
        }
    }
    if schema.get("position").is_some_and(|value| value.as_u64().is_none()) {
        fault("`position` has to be a whole number from 0".to_owned());
    }
    for key in ["description", "title", "pattern"] {
        if schema.get(key).is_some_and(|value| !value.is_string()) {
            fault(format!("`{key}` has to be text"));
        }
    }
    for key in ["properties", "patternProperties", "definitions", "dependencies"] {
        if schema.get(key).is_some_and(|value| !value.is_object()) {
            fault(format!("`{key}` has to be a map"));
        }
    }
    match schema.get("enum").map(Value::as_array) {
        Some(None) => fault("`enum` has to be a list".to_owned()),
        Some(Some(words)) if words.is_empty() => fault("`enum` may not be empty".to_owned()),
        Some(Some(words)) if (1..words.len()).any(|at| words[..at].contains(&words[at])) => {
            fault("`enum` has the same value twice".to_owned());
        }
        _ => {}
    }
}

/// The keywords that StackStorm does not know, of a schema and of those within it.
fn unknown(schema: &Fields) -> Vec<&str> {
    let mut found: Vec<&str> = schema.keys().map(String::as_str).filter(|key| !KEYWORDS.contains(key)).collect();
    let maps =
        ["properties", "patternProperties", "definitions"].iter().filter_map(|key| schema.get(*key)?.as_object());
    let lists = ["items", "allOf", "anyOf", "oneOf"].iter().filter_map(|key| schema.get(*key)?.as_array());
    let single = ["items", "additionalItems", "additionalProperties", "not"].iter().filter_map(|key| schema.get(*key));
    let within = maps.flat_map(Fields::values).chain(lists.flatten()).chain(single);
    found.extend(within.filter_map(Value::as_object).flat_map(unknown));
    found
}
