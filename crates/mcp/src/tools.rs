//! Actions as tools: names, schemas, and what a client is told of their effect.

use pagebridge_actions::{Action, Catalogue, Effect};
use serde_json::{Map, Value, json};

/// The field by which a call is only shown.
pub(crate) const DRY_RUN: &str = "dry_run";

/// One tool.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tool {
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) description: String,
    pub(crate) input: Map<String, Value>,
    pub(crate) hints: Hints,
}

/// What a client may expect of a call. Nothing is enforced by them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hints {
    pub(crate) read_only: bool,
    /// More than something is added.
    pub(crate) destructive: bool,
    /// A second call with the same input changes nothing more.
    pub(crate) idempotent: bool,
}

/// The name of a tool: some clients take only letters, digits, `_` and `-`.
pub(crate) fn tool_name(action: &str) -> String {
    action.replace('.', "_")
}

/// Finds the action behind a tool; its own name is taken too.
pub(crate) fn action_of(catalogue: &Catalogue, tool: &str) -> Option<&'static Action> {
    catalogue.actions().find(|action| action.name == tool || tool_name(action.name) == tool)
}

/// Makes a tool of an action.
pub(crate) fn tool(action: &Action) -> Tool {
    let hints = hints(action);
    let mut input = match action.input() {
        Value::Object(schema) => schema,
        _ => Map::new(),
    };
    if let Some(Value::Object(properties)) = input.get_mut("properties").filter(|_| !hints.read_only) {
        let about = "Show the requests instead of sending them";
        properties.insert(DRY_RUN.to_owned(), json!({"type": "boolean", "default": false, "description": about}));
    }
    let description = [action.title, action.description].into_iter().filter(|text| !text.is_empty());
    let sentences = description.map(|text| format!("{}.", text.trim_end_matches('.')));
    Tool {
        name: tool_name(action.name),
        title: action.title.to_owned(),
        description: sentences.collect::<Vec<_>>().join(" "),
        input,
        hints,
    }
}

/// Changes by `PUT` that take nothing away: an acknowledgement ends by itself.
const ADDITIVE: &[&str] = &["incident.acknowledge"];

/// Calls by `POST` that end or overwrite something.
const ENDING: &[&str] = &["event.resolve", "tag.change"];

/// Calls by `POST` that say how something is to be.
const STATING: &[&str] = &["event.acknowledge", "event.resolve"];

fn hints(action: &Action) -> Hints {
    let call = action.call();
    let overwrites = call.starts_with("PUT ") && !ADDITIVE.contains(&action.name);
    Hints {
        read_only: action.effect == Effect::ReadOnly,
        destructive: action.effect == Effect::Destructive
            || action.effect == Effect::Writes && (overwrites || ENDING.contains(&action.name)),
        idempotent: action.is_repeatable() || STATING.contains(&action.name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_action_is_a_tool_with_a_name_of_its_own_that_clients_take() {
        let catalogue = Catalogue::new();
        let mut names = BTreeSet::new();
        for action in catalogue.actions() {
            let tool = tool(action);
            let fits = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
            assert!((1..=64).contains(&tool.name.len()) && tool.name.bytes().all(fits), "{}", tool.name);
            assert!(names.insert(tool.name.clone()), "two tools are called {}", tool.name);
            assert_eq!(action_of(&catalogue, &tool.name).map(|found| found.name), Some(action.name));
            assert_eq!(tool.input["type"], "object", "{}", tool.name);
            assert_eq!(tool.input["properties"].get(DRY_RUN).is_some(), !tool.hints.read_only, "{}", tool.name);
            jsonschema::validator_for(&Value::Object(tool.input)).expect("a schema");
        }
    }

    #[test]
    fn hints_tell_the_effect() {
        let catalogue = Catalogue::new();
        for (name, read_only, destructive, idempotent) in [
            ("incident.find", true, false, true),
            ("on_call.find", true, false, true),
            ("incident.acknowledge", false, false, true),
            ("incident.create_note", false, false, false),
            ("incident.snooze", false, false, false),
            ("incident.resolve", false, true, true),
            ("incident.reassign", false, true, true),
            ("incident.merge", false, true, true),
            ("event.trigger", false, false, false),
            ("event.resolve", false, true, true),
            ("service.create", false, false, false),
            ("service.delete", false, true, true),
        ] {
            let hints = hints(catalogue.get(name).expect(name));
            assert_eq!(hints, Hints { read_only, destructive, idempotent }, "{name}");
        }
    }
}
