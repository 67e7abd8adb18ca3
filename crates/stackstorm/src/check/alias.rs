//! `aliases/`.

use std::collections::BTreeMap;

use serde_json::Value;

use super::fields::{Is, Keys, is_there, keys, of_this_pack};
use super::{Check, Fields};

const DIRECTORY: &str = "aliases";

const KEYS: Keys = Keys {
    required: &["name", "pack", "action_ref"],
    known: &[
        ("name", Is::Text),
        ("pack", Is::Text),
        ("action_ref", Is::Text),
        ("description", Is::Text),
        ("enabled", Is::Flag),
        ("formats", Is::List),
        ("ack", Is::Map),
        ("result", Is::Map),
        ("immutable_parameters", Is::Map),
        ("extra", Is::Map),
        ("id", Is::Text),
        ("ref", Is::Text),
        ("uid", Is::Text),
        ("metadata_file", Is::Text),
    ],
    closed: true,
};

const REPLY_KEYS: Keys = Keys {
    required: &[],
    known: &[("enabled", Is::Flag), ("format", Is::Text), ("extra", Is::Map), ("append_url", Is::Flag)],
    closed: false,
};

pub(super) fn all(check: &mut Check<'_>) {
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    for (file, fields) in check.read_all(DIRECTORY) {
        keys(check, &file, "", &fields, &KEYS);
        of_this_pack(check, &file, &fields);
        for key in ["ack", "result"] {
            if let Some(Value::Object(reply)) = fields.get(key) {
                keys(check, &file, &format!("in `{key}`, "), reply, &REPLY_KEYS);
            }
        }
        if let Some(reference) = fields.get("action_ref").and_then(Value::as_str) {
            is_there(check, &file, "action_ref", reference);
        }
        formats(check, &file, &fields);
        let Some(name) = fields.get("name").and_then(Value::as_str) else { continue };
        if let Some(other) = names.insert(name.to_owned(), file.clone()) {
            check.fault(&file, format!("{other} is called `{name}` too; StackStorm would keep one of them"));
        }
        if !check.name.is_empty() && !name.starts_with(check.name.as_str()) {
            let pack = check.name.clone();
            check.warn(&file, format!("an alias of another pack may be called `{name}` too, and would take its place: put `{pack}_` before it"));
        }
    }
}

/// A format is text, or an object with what is shown and what is recognised.
fn formats(check: &mut Check<'_>, file: &str, fields: &Fields) {
    let Some(Value::Array(formats)) = fields.get("formats") else { return };
    for format in formats {
        let texts: Vec<&str> = match format {
            Value::String(text) => vec![text],
            Value::Object(format) => {
                let display = format.get("display").is_none_or(Value::is_string);
                let texts: Option<Vec<&str>> = match format.get("representation") {
                    None => Some(Vec::new()),
                    Some(Value::Array(texts)) => texts.iter().map(Value::as_str).collect(),
                    Some(_) => None,
                };
                if !display || texts.is_none() {
                    check.fault(file, "a format's `display` has to be text, its `representation` a list of texts");
                }
                texts.unwrap_or_default()
            }
            _ => {
                check.fault(file, "each of `formats` has to be text, or a map with `display` and `representation`");
                continue;
            }
        };
        for text in texts {
            named(check, file, fields, text);
        }
    }
}

/// What a format has between braces is a parameter of the action.
fn named(check: &mut Check<'_>, file: &str, fields: &Fields, format: &str) {
    let reference = fields.get("action_ref").and_then(Value::as_str).unwrap_or_default();
    let Some((pack, action)) = reference.split_once('.') else { return };
    if pack != check.name {
        return;
    }
    let Some(action) = check.actions.get(action) else { return };
    let parameters = action.get("parameters").and_then(Value::as_object).cloned().unwrap_or_default();
    for part in format.split("{{").skip(1) {
        let Some((inside, _)) = part.split_once("}}") else {
            check.fault(file, format!("the format `{format}` has {{{{ without }}}}"));
            return;
        };
        let name = inside.split('=').next().unwrap_or_default().trim();
        if !parameters.contains_key(name) {
            check.fault(file, format!("a format names `{name}`, which is no parameter of `{reference}`"));
        }
    }
}
