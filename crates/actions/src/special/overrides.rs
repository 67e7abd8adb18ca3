//! Making overrides: one answer, in which each has a status of its own.

use serde_json::{Value, json};

use crate::action::Action;
use crate::input::Args;
use crate::outcome::{ActionError, ErrorKind};
use crate::request::build;
use crate::run::{Done, Item, gathered};
use crate::session::{Session, Stop};

pub(crate) async fn create(session: &Session<'_>, action: &Action, args: &Args) -> Result<Done, Stop> {
    let mut built = build(action, args);
    built.body = Some(json!({"overrides": wanted(args)}));
    let answer = session.send(built.call()).await?.value;
    let answers = answer.as_array().map(Vec::as_slice).unwrap_or_default();
    let items = answers.iter().enumerate().map(|(place, one)| ((place + 1).to_string(), end(one)));
    let items: Vec<Item> = items.collect();
    if items.iter().all(|(_, end)| end.is_ok()) {
        let made = answers.iter().map(|one| one["override"].clone()).collect();
        return Ok(Done::new(Value::Array(made)));
    }
    gathered(items)
}

fn wanted(args: &Args) -> Vec<Value> {
    if let Some(Value::Array(overrides)) = args.get("data") {
        return overrides.iter().map(with_user_type).collect();
    }
    let field = |name: &str| args.get(name).cloned().unwrap_or_default();
    vec![with_user_type(&json!({"start": field("start"), "end": field("end"), "user": {"id": field("user_id")}}))]
}

fn with_user_type(one: &Value) -> Value {
    let mut one = one.clone();
    if let Some(Value::Object(user)) = one.get_mut("user") {
        user.entry("type").or_insert_with(|| json!("user_reference"));
    }
    one
}

fn end(one: &Value) -> Result<Done, Stop> {
    let status = one["status"].as_u64().and_then(|status| u16::try_from(status).ok()).unwrap_or(201);
    if (200..300).contains(&status) {
        return Ok(Done::new(one["override"].clone()));
    }
    let errors: Vec<String> = one["errors"].as_array().into_iter().flatten().map(crate::request::text).collect();
    let message = if errors.is_empty() { format!("refused with status {status}") } else { errors.join("; ") };
    let error = ActionError::new(ErrorKind::Refused, message);
    Err(ActionError { errors, http_status: Some(status), ..error }.into())
}
