//! `rules/`.

use serde_json::Value;

use super::Check;
use super::fields::{Is, Keys, is_there, keys, of_this_pack};

const DIRECTORY: &str = "rules";

const KEYS: Keys = Keys {
    required: &["name", "trigger", "action"],
    known: &[
        ("name", Is::Text),
        ("pack", Is::Text),
        ("description", Is::Text),
        ("type", Is::Map),
        ("trigger", Is::Map),
        ("criteria", Is::Map),
        ("action", Is::Map),
        ("enabled", Is::Flag),
        ("context", Is::Map),
        ("tags", Is::List),
        ("id", Is::Text),
        ("ref", Is::Text),
        ("uid", Is::Text),
        ("metadata_file", Is::Text),
    ],
    closed: true,
};

const TRIGGER: Keys = Keys {
    required: &["type"],
    known: &[("type", Is::Text), ("description", Is::Text), ("parameters", Is::Map), ("ref", Is::Text)],
    closed: false,
};

const ACTION: Keys = Keys {
    required: &["ref"],
    known: &[("ref", Is::Text), ("description", Is::Text), ("parameters", Is::Map)],
    closed: true,
};

pub(super) fn all(check: &mut Check<'_>) {
    for (file, fields) in check.read_all(DIRECTORY) {
        keys(check, &file, "", &fields, &KEYS);
        of_this_pack(check, &file, &fields);
        if let Some(Value::Object(trigger)) = fields.get("trigger") {
            keys(check, &file, "in `trigger`, ", trigger, &TRIGGER);
        }
        let Some(Value::Object(action)) = fields.get("action") else { continue };
        keys(check, &file, "in `action`, ", action, &ACTION);
        let Some(reference) = action.get("ref").and_then(Value::as_str) else { continue };
        is_there(check, &file, "ref", reference);
        parameters(check, &file, reference, action.get("parameters"));
        if !fields.contains_key("enabled") {
            check.warn(&file, "without `enabled` a rule is off");
        }
    }
}

/// What a rule gives to an action of this pack are parameters of it.
fn parameters(check: &mut Check<'_>, file: &str, reference: &str, given: Option<&Value>) {
    let known = reference
        .split_once('.')
        .filter(|(pack, _)| *pack == check.name)
        .and_then(|(_, action)| check.actions.get(action)?.get("parameters")?.as_object().cloned());
    let (Some(known), Some(Value::Object(given))) = (known, given) else { return };
    for name in given.keys().filter(|name| !known.contains_key(*name)) {
        check.fault(file, format!("`{name}` is no parameter of `{reference}`"));
    }
}
