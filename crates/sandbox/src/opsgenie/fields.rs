//! Reads and checks the fields of writes.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use super::model::{AlertAct, NewAlert};
use super::refusal::Refusal;
use crate::clock::parse_time;
use crate::wire::Call;

const MESSAGE_MAX: usize = 130;
const ALIAS_MAX: usize = 512;
const DESCRIPTION_MAX: usize = 15_000;
const NOTE_MAX: usize = 25_000;
const USER_MAX: usize = 100;
const TAGS_MAX: usize = 20;
const DETAILS_MAX: usize = 8_000;

pub(crate) fn new_alert(body: &Value) -> Result<NewAlert, Refusal> {
    limited(body, "user", USER_MAX)?;
    Ok(NewAlert {
        message: required(body, "message", MESSAGE_MAX)?,
        alias: limited(body, "alias", ALIAS_MAX)?.filter(|alias| !alias.is_empty()),
        description: limited(body, "description", DESCRIPTION_MAX)?.unwrap_or_default(),
        entity: limited(body, "entity", ALIAS_MAX)?.unwrap_or_default(),
        source: limited(body, "source", USER_MAX)?.filter(|source| !source.is_empty()),
        priority: priority(&body["priority"])?,
        tags: texts(body, "tags", TAGS_MAX)?,
        details: details(&body["details"])?,
        actions: texts(body, "actions", TAGS_MAX)?,
        responders: body["responders"].as_array().cloned().unwrap_or_default(),
        note: limited(body, "note", NOTE_MAX)?,
    })
}

/// Reads the action that a call asks for; `parts` is what follows the alert's name in the path.
pub(crate) fn act(call: &Call, parts: &[&str], body: &Value, now: Timestamp) -> Result<AlertAct, Refusal> {
    limited(body, "user", USER_MAX)?;
    limited(body, "source", USER_MAX)?;
    limited(body, "note", NOTE_MAX)?;
    let listed = |name: &str| {
        let joined = call.query(name).unwrap_or_default();
        joined.split(',').filter(|part| !part.is_empty()).map(str::to_owned).collect::<Vec<_>>()
    };
    match (call.method.as_str(), parts) {
        ("DELETE", []) => Ok(AlertAct::Delete),
        ("POST", ["acknowledge"]) => Ok(AlertAct::Acknowledge),
        ("POST", ["unacknowledge"]) => Ok(AlertAct::Unacknowledge),
        ("POST", ["close"]) => Ok(AlertAct::Close),
        ("POST", ["notes"]) => Ok(AlertAct::AddNote(required(body, "note", NOTE_MAX)?)),
        ("POST", ["assign"]) => Ok(AlertAct::Assign(reference(body, "owner")?)),
        ("POST", ["snooze"]) => {
            let end = body["endTime"].as_str().and_then(parse_time).filter(|end| *end > now);
            let wrong = || Refusal::invalid("endTime", "endTime should be a future date in ISO 8601 format.");
            Ok(AlertAct::Snooze(end.ok_or_else(wrong)?))
        }
        ("POST", ["escalate"]) => Ok(AlertAct::Escalate(reference(body, "escalation")?)),
        ("POST", ["responders"]) => Ok(AlertAct::AddResponder(reference(body, "responder")?)),
        ("POST", ["teams"]) => Ok(AlertAct::AddTeam(reference(body, "team")?)),
        ("POST", ["tags"]) => Ok(AlertAct::AddTags(texts(body, "tags", TAGS_MAX)?)),
        ("DELETE", ["tags"]) => Ok(AlertAct::RemoveTags(listed("tags"))),
        ("POST", ["details"]) => Ok(AlertAct::AddDetails(details(&body["details"])?)),
        ("DELETE", ["details"]) => Ok(AlertAct::RemoveDetails(listed("keys"))),
        ("PUT", ["message"]) => Ok(AlertAct::Message(required(body, "message", MESSAGE_MAX)?)),
        ("PUT", ["description"]) => Ok(AlertAct::Description(required(body, "description", DESCRIPTION_MAX)?)),
        ("PUT", ["priority"]) => {
            let priority = priority(&body["priority"])?;
            priority.map(AlertAct::Priority).ok_or_else(|| empty("priority"))
        }
        ("POST", ["actions", name]) => Ok(AlertAct::Custom((*name).to_owned())),
        _ => Err(Refusal::not_found("No such endpoint.")),
    }
}

fn empty(field: &str) -> Refusal {
    let mut name = field.to_owned();
    if let Some(first) = name.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    Refusal::invalid(field, &format!("{name} can not be empty."))
}

fn required(body: &Value, field: &str, max: usize) -> Result<String, Refusal> {
    limited(body, field, max)?.filter(|text| !text.trim().is_empty()).ok_or_else(|| empty(field))
}

/// Reads an optional text and refuses one that is too long, counted in characters.
fn limited(body: &Value, field: &str, max: usize) -> Result<Option<String>, Refusal> {
    match &body[field] {
        Value::Null => Ok(None),
        Value::String(text) if text.chars().count() <= max => Ok(Some(text.clone())),
        Value::String(_) => Err(Refusal::invalid(field, &format!("{field} can not be longer than {max} characters."))),
        _ => Err(Refusal::invalid(field, &format!("{field} should be a string."))),
    }
}

fn priority(given: &Value) -> Result<Option<u8>, Refusal> {
    let wrong = || Refusal::invalid("priority", "Priority should be one of [ P1, P2, P3, P4, P5 ].");
    match given {
        Value::Null => Ok(None),
        Value::String(text) => {
            let number = text.strip_prefix('P').and_then(|digit| digit.parse().ok());
            number.filter(|number| (1..=5).contains(number)).map(Some).ok_or_else(wrong)
        }
        _ => Err(wrong()),
    }
}

fn texts(body: &Value, field: &str, max: usize) -> Result<Vec<String>, Refusal> {
    let given = match &body[field] {
        Value::Null => return Ok(Vec::new()),
        Value::Array(given) if given.len() <= max => given,
        _ => return Err(Refusal::invalid(field, &format!("{field} should be a list of at most {max} strings."))),
    };
    let text = |one: &Value| one.as_str().map(str::to_owned);
    let texts: Option<Vec<String>> = given.iter().map(text).collect();
    texts.ok_or_else(|| Refusal::invalid(field, &format!("{field} should be a list of strings.")))
}

fn details(given: &Value) -> Result<BTreeMap<String, String>, Refusal> {
    let wrong = || Refusal::invalid("details", "details should be an object of strings.");
    let given = match given {
        Value::Null => return Ok(BTreeMap::new()),
        Value::Object(given) => given,
        _ => return Err(wrong()),
    };
    let pair = |(key, value): (&String, &Value)| Some((key.clone(), value.as_str()?.to_owned()));
    let details: BTreeMap<String, String> = given.iter().map(pair).collect::<Option<_>>().ok_or_else(wrong)?;
    let length: usize = details.iter().map(|(key, value)| key.chars().count() + value.chars().count()).sum();
    if length > DETAILS_MAX {
        return Err(Refusal::invalid("details", "details can not be longer than 8000 characters in total."));
    }
    Ok(details)
}

/// Reads the name of a user, team or escalation, or its id.
fn reference(body: &Value, field: &str) -> Result<String, Refusal> {
    let given = &body[field];
    let name = ["username", "name", "id"].iter().find_map(|key| given[*key].as_str());
    name.map(str::to_owned).ok_or_else(|| empty(field))
}
