//! JSON Schemas from rows.

use serde_json::{Map, Value, json};

use crate::action::{Action, Answer, Identity};
use crate::param::{Kind, Param, Preset};

/// Most items that a listing gives: PagerDuty shows no more of a list.
pub(crate) const MAXIMUM_MAX: i64 = 10_000;

/// Most ids in one run.
pub(crate) const SEVERAL_MAX: usize = 1_000;

/// Gives the fields of the input, those that are not in the row included.
pub(crate) fn params(action: &Action) -> Vec<Param> {
    let mut params = action.params.to_vec();
    if action.identity != Identity::Unneeded {
        let about = "E-mail address of the user in whose name it is done; else the one that is set up";
        params.push(Param::aside("from_email", Kind::Text, about));
    }
    if let Answer::List(_, preset) = action.route.answer {
        let about = "How many to give at most; `more` tells whether there are more";
        params.push(Param::aside("maximum", Kind::Integer(1, MAXIMUM_MAX), about).or(Preset::Integer(preset)));
    }
    params
}

pub(crate) fn input(action: &Action) -> Value {
    let params = params(action);
    let properties: Map<String, Value> = params.iter().map(|param| (param.name.to_owned(), property(param))).collect();
    let required: Vec<&str> =
        params.iter().filter(|param| param.required && param.preset.is_none()).map(|param| param.name).collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": action.title,
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

fn property(param: &Param) -> Value {
    let mut schema = of_kind(param.kind, param.required);
    if param.several {
        schema["type"] = json!(["string", "array"]);
        schema["items"] = json!({"type": "string", "minLength": 1});
        schema["minItems"] = json!(1);
        schema["maxItems"] = json!(SEVERAL_MAX);
    }
    schema["description"] = json!(param.description);
    if let Some(preset) = param.preset {
        schema["default"] = value(preset);
    }
    if param.secret {
        schema["writeOnly"] = json!(true);
        schema["format"] = json!("password");
    }
    schema
}

fn of_kind(kind: Kind, required: bool) -> Value {
    let words = |choices: &[&str]| json!({"type": "string", "enum": choices});
    match kind {
        Kind::Text if !required => json!({"type": "string"}),
        Kind::Text | Kind::Id | Kind::Incident => json!({"type": "string", "minLength": 1}),
        Kind::Texts | Kind::Incidents => {
            let least = usize::from(required);
            json!({"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": least})
        }
        Kind::Choice(choices) => words(choices),
        Kind::Choices(choices) => json!({"type": "array", "items": words(choices)}),
        Kind::Integer(least, most) => json!({"type": "integer", "minimum": least, "maximum": most}),
        Kind::Boolean => json!({"type": "boolean"}),
        Kind::Object => json!({"type": "object"}),
        Kind::Json(schema) => schema(),
    }
}

pub(crate) fn value(preset: Preset) -> Value {
    match preset {
        Preset::Text(text) => json!(text),
        Preset::Integer(number) => json!(number),
        Preset::Boolean(flag) => json!(flag),
        Preset::Texts(texts) => json!(texts),
    }
}

pub(crate) fn output(action: &Action) -> Value {
    let object = |name: &str| json!({"title": name, "type": "object"});
    match action.route.answer {
        Answer::Object(name) => object(name),
        Answer::All(name) | Answer::List(name, _) => {
            json!({"title": name, "type": "array"})
        }
        Answer::Made => json!({"type": "array", "items": {"type": "object"}}),
        Answer::Whole => json!({"type": "object"}),
        Answer::Deleted => one_flag("deleted"),
        Answer::Success => one_flag("success"),
    }
}

fn one_flag(name: &str) -> Value {
    json!({"type": "object", "properties": {name: {"const": true}}, "required": [name], "additionalProperties": false})
}
