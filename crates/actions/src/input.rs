//! Checking an input: what forms and chats write as text becomes what is meant, presets are filled in, and the schema decides.

use serde_json::{Map, Value, json};

use crate::action::Action;
use crate::outcome::ActionError;
use crate::param::{Kind, Param};
use crate::schema;

/// A checked input.
pub(crate) type Args = Map<String, Value>;

const ERRORS_MAX: usize = 20;

pub(crate) fn check(action: &Action, input: Value) -> Result<Args, ActionError> {
    let mut args = match input {
        Value::Object(args) => args,
        Value::Null => Map::new(),
        _ => return Err(ActionError::invalid(format!("the input of `{}` is a JSON object", action.name))),
    };
    let params = schema::params(action);
    for param in &params {
        meant(param, &mut args);
    }
    let schema = schema::input(action);
    let validator = jsonschema::validator_for(&schema).expect("schemas of the catalogue are checked by a test");
    let instance = Value::Object(args);
    let mut errors: Vec<String> = validator
        .iter_errors(&instance)
        .take(ERRORS_MAX)
        .map(|error| {
            let place = error.instance_path().as_str().trim_start_matches('/').replace('/', ".");
            // A value may be a secret, so it is not repeated.
            let problem = error.masked_with("it").to_string();
            if place.is_empty() { problem.replacen("it ", "", 1) } else { format!("`{place}`: {problem}") }
        })
        .collect();
    errors.dedup();
    if errors.is_empty() {
        let Value::Object(args) = instance else { unreachable!("made above") };
        return Ok(args);
    }
    let message = format!("the input of `{}` is not right: {}", action.name, errors.join("; "));
    Err(ActionError { errors, ..ActionError::invalid(message) })
}

/// Reads one field as it is meant, and fills in what is left out.
fn meant(param: &Param, args: &mut Args) {
    if args.get(param.name).is_some_and(|value| value.is_null() || value.as_str() == Some("")) {
        args.remove(param.name);
    }
    match (args.remove(param.name), param.preset) {
        (Some(value), _) => {
            args.insert(param.name.to_owned(), as_kind(param.kind, value));
        }
        (None, Some(preset)) => {
            args.insert(param.name.to_owned(), schema::value(preset));
        }
        (None, None) => {}
    }
}

fn as_kind(kind: Kind, value: Value) -> Value {
    match (kind, value) {
        (Kind::Integer(..), Value::String(text)) => match text.trim().parse::<i64>() {
            Ok(number) => json!(number),
            Err(_) => Value::String(text),
        },
        (Kind::Boolean, Value::String(text)) => match text.trim().to_ascii_lowercase().as_str() {
            "true" => json!(true),
            "false" => json!(false),
            _ => Value::String(text),
        },
        (Kind::Texts | Kind::Incidents | Kind::Choices(_), Value::String(text)) => {
            let bare = text.trim().strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(&text);
            Value::Array(bare.split(',').map(str::trim).filter(|part| !part.is_empty()).map(Value::from).collect())
        }
        (Kind::Choices(_), Value::Array(words)) => Value::Array(words.into_iter().map(without_brackets).collect()),
        (Kind::Texts | Kind::Incidents, Value::Array(values)) => {
            Value::Array(values.into_iter().map(number_to_text).collect())
        }
        (Kind::Object | Kind::Json(_), Value::String(text)) => match serde_json::from_str(&text) {
            Ok(value @ (Value::Object(_) | Value::Array(_))) => value,
            _ => Value::String(text),
        },
        (Kind::Text | Kind::Id | Kind::Incident, Value::Array(values)) => {
            Value::Array(values.into_iter().map(number_to_text).collect())
        }
        (Kind::Text | Kind::Id | Kind::Incident, value) => number_to_text(value),
        (_, value) => value,
    }
}

/// StackStorm splits what is typed in a chat at the commas, whatever stands around it: `[a,b]` comes as `[a` and `b]`.
fn without_brackets(word: Value) -> Value {
    match word {
        Value::String(word) => Value::from(word.trim().trim_start_matches('[').trim_end_matches(']').trim()),
        other => other,
    }
}

fn number_to_text(value: Value) -> Value {
    match value {
        Value::Number(number) => Value::String(number.to_string()),
        other => other,
    }
}
