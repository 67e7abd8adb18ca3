//! The request that a row and an input make. No I/O.

use http::Method;
use pagerduty::Call;
use pagerduty::rest::raw;
use serde_json::{Map, Value, json};

use crate::action::{Action, Verb};
use crate::mend;
use crate::param::{Param, Place};

/// The parts of a request.
#[derive(Clone, Debug)]
pub(crate) struct Built {
    method: Method,
    parts: Vec<String>,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) body: Option<Value>,
    repeatable: bool,
}

impl Built {
    pub(crate) fn get(path: &[&str], query: &[(&str, &str)]) -> Self {
        Self {
            method: Method::GET,
            parts: path.iter().map(|&part| part.to_owned()).collect(),
            query: query.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect(),
            body: None,
            repeatable: true,
        }
    }

    pub(crate) fn path(&self) -> Vec<&str> {
        self.parts.iter().map(String::as_str).collect()
    }

    /// Makes the call; it answers with the whole body.
    pub(crate) fn call(&self) -> Call<Value> {
        let call = raw::request_at(self.method.clone(), &self.path(), &self.query, self.body.as_ref());
        if self.repeatable { call.repeatable() } else { call }
    }
}

/// Builds the main request of `action` from a checked input.
pub(crate) fn build(action: &Action, args: &Map<String, Value>) -> Built {
    let route = action.route;
    let place = |part: &str| match part.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
        Some(name) => text(args.get(name).unwrap_or(&Value::Null)),
        None => part.to_owned(),
    };
    Built {
        method: match route.method {
            Verb::Get => Method::GET,
            Verb::Post => Method::POST,
            Verb::Put => Method::PUT,
            Verb::Delete => Method::DELETE,
        },
        parts: route.path.trim_start_matches('/').split('/').map(place).collect(),
        query: query(action.params, args),
        body: body(action, args),
        repeatable: action.is_repeatable(),
    }
}

fn query(params: &[Param], args: &Map<String, Value>) -> Vec<(String, String)> {
    let mut query = Vec::new();
    for param in params {
        let (Place::Query(name), Some(value)) = (param.place, args.get(param.name)) else { continue };
        match value {
            Value::Array(values) => query.extend(values.iter().map(|value| (name.to_owned(), text(value)))),
            value => query.push((name.to_owned(), text(value))),
        }
    }
    query
}

/// Gives the body; `None` where there is nothing to say.
fn body(action: &Action, args: &Map<String, Value>) -> Option<Value> {
    let mut body = Map::new();
    for param in action.params {
        if let Some(value) = args.get(param.name) {
            put(&mut body, param.place, value);
        }
    }
    for &(path, value) in action.route.fixed {
        fix(&mut body, path, value);
    }
    if let Some(wrapper) = action.route.wrapper {
        mend::mend(wrapper, &mut body);
        return Some(json!({wrapper: body}));
    }
    (!body.is_empty()).then_some(Value::Object(body))
}

fn put(body: &mut Map<String, Value>, place: Place, value: &Value) {
    let reference = |id: &Value, kind: &str| json!({"id": id, "type": kind});
    let ids = || match value {
        Value::Array(ids) => ids.clone(),
        one => vec![one.clone()],
    };
    match place {
        Place::Body(path) => set(body, path, value.clone()),
        Place::References(path, kind) => {
            append(body, path, ids().iter().map(|id| reference(id, kind)).collect());
        }
        Place::Wrapped(path, name, kind) => {
            append(body, path, ids().iter().map(|id| json!({name: reference(id, kind)})).collect());
        }
        Place::Subscribers(kind) => {
            let one = |id: &Value| json!({"subscriber_id": id, "subscriber_type": kind});
            append(body, "subscribers", ids().iter().map(one).collect());
        }
        Place::Whole => {
            if let Value::Object(fields) = value {
                body.extend(fields.clone());
            }
        }
        Place::Path | Place::Query(_) | Place::Aside => {}
    }
}

fn append(body: &mut Map<String, Value>, path: &str, mut values: Vec<Value>) {
    match body.get_mut(path) {
        Some(Value::Array(list)) => list.append(&mut values),
        _ => set(body, path, Value::Array(values)),
    }
}

/// Sets a field, and makes the objects around it.
pub(crate) fn set(object: &mut Map<String, Value>, path: &str, value: Value) {
    match path.split_once('.') {
        None => {
            object.insert(path.to_owned(), value);
        }
        Some((first, rest)) => {
            let inner = object.entry(first).or_insert_with(|| json!({}));
            if let Value::Object(inner) = inner {
                set(inner, rest, value);
            }
        }
    }
}

/// Sets a field that is not there yet, if the object around it is.
fn fix(object: &mut Map<String, Value>, path: &str, value: &str) {
    match path.split_once('.') {
        None => {
            object.entry(path).or_insert_with(|| json!(value));
        }
        Some((first, rest)) => {
            if let Some(Value::Object(inner)) = object.get_mut(first) {
                fix(inner, rest, value);
            }
        }
    }
}

pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
