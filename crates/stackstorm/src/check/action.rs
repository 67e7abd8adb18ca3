//! `actions/`.

use serde_json::Value;

use super::fields::{Is, Keys, keys, of_this_pack};
use super::{Check, Fields, param, runner};

const DIRECTORY: &str = "actions";

const KEYS: Keys = Keys {
    required: &["name", "runner_type"],
    known: &[
        ("name", Is::Text),
        ("runner_type", Is::Text),
        ("description", Is::Text),
        ("enabled", Is::Flag),
        ("entry_point", Is::Text),
        ("pack", Is::Text),
        ("parameters", Is::Map),
        ("output_schema", Is::Map),
        ("tags", Is::List),
        ("notify", Is::Map),
        ("id", Is::Text),
        ("ref", Is::Text),
        ("uid", Is::Text),
        ("metadata_file", Is::Text),
    ],
    closed: true,
};

pub(super) fn all(check: &mut Check<'_>) {
    if !check.files.keys().any(|file| file.starts_with("actions/")) {
        check.fault("actions/", "it is missing; a pack has to have actions");
    }
    for (file, fields) in check.read_all(DIRECTORY) {
        one(check, &file, &fields);
        if let Some(name) = fields.get("name").and_then(Value::as_str)
            && check.actions.insert(name.to_owned(), fields.clone()).is_some()
        {
            check.fault(&file, format!("there are two actions called `{name}`; the later takes the other's place"));
        }
    }
}

fn one(check: &mut Check<'_>, file: &str, fields: &Fields) {
    keys(check, file, "", fields, &KEYS);
    of_this_pack(check, file, fields);
    let Some(name) = fields.get("runner_type").and_then(Value::as_str) else { return };
    let Some(of_runner) = runner::parameters(name) else {
        check.fault(file, format!("there is no runner `{name}`"));
        return;
    };
    let entry_point = fields.get("entry_point").and_then(Value::as_str).unwrap_or_default();
    if runner::runs_file(name) && !check.files.contains_key(&format!("actions/{entry_point}")) {
        check.fault(file, format!("`entry_point` is `{entry_point}`, and there is no such file in actions/"));
    }
    if let Some(Value::Object(parameters)) = fields.get("parameters") {
        param::parameters(check, file, parameters, &of_runner);
    }
}
