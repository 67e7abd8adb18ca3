//! What the plugin's serializers take. What they do not know, or hold as read-only, they ignore.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::model::{Event, Incident};
use super::state::State;

/// A value, or what is wrong with each field.
pub(crate) type Fields<T> = Result<T, Map<String, Value>>;

const EVENT_STATUSES: [&str; 3] = ["triggered", "ok", "suppressed"];
const INCIDENT_STATUSES: [&str; 6] = ["new", "investigating", "identified", "monitoring", "resolved", "closed"];
const SEVERITIES: [&str; 4] = ["critical", "high", "medium", "low"];

const REQUIRED: &str = "This field is required.";
const NULL: &str = "This field may not be null.";
const BLANK: &str = "This field may not be blank.";
const NO_STRING: &str = "Not a valid string.";
const NO_TIME: &str =
    "Datetime has wrong format. Use one of these formats instead: YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z].";

/// Reads fields one by one and gathers what is wrong.
struct Form<'a> {
    given: &'a Map<String, Value>,
    /// Fields that are not given stay as they are.
    partial: bool,
    errors: Map<String, Value>,
}

impl<'a> Form<'a> {
    fn new(given: &'a Map<String, Value>, partial: bool) -> Self {
        Form { given, partial, errors: Map::new() }
    }

    fn wrong(&mut self, name: &str, text: &str) {
        self.errors.insert(name.to_owned(), Value::from(vec![text]));
    }

    /// A text. Without a length it may be empty and left out.
    fn text(&mut self, name: &str, into: &mut String, length_max: Option<usize>, needed: bool) {
        match self.given.get(name) {
            None if needed && !self.partial => self.wrong(name, REQUIRED),
            None => {}
            Some(Value::Null) => self.wrong(name, NULL),
            Some(Value::String(text)) if text.is_empty() && needed => self.wrong(name, BLANK),
            Some(Value::String(text)) => match length_max.filter(|max| text.chars().count() > *max) {
                Some(max) => self.wrong(name, &format!("Ensure this field has no more than {max} characters.")),
                None => into.clone_from(text),
            },
            Some(Value::Number(number)) => *into = number.to_string(),
            Some(_) => self.wrong(name, NO_STRING),
        }
    }

    fn choice(&mut self, name: &str, into: &mut String, choices: &[&str]) {
        match self.given.get(name) {
            None if !self.partial => self.wrong(name, REQUIRED),
            None => {}
            Some(Value::Null) => self.wrong(name, NULL),
            Some(Value::String(text)) if choices.contains(&text.as_str()) => into.clone_from(text),
            Some(other) => {
                let shown = other.as_str().map_or_else(|| other.to_string(), str::to_owned);
                self.wrong(name, &format!("\"{shown}\" is not a valid choice."));
            }
        }
    }

    fn time(&mut self, name: &str, needed: bool) -> Option<Option<Timestamp>> {
        match self.given.get(name) {
            None if needed && !self.partial => self.wrong(name, REQUIRED),
            None => {}
            Some(Value::Null) if needed => self.wrong(name, NULL),
            Some(Value::Null) => return Some(None),
            Some(value) => match value.as_str().and_then(|text| text.parse().ok()) {
                Some(time) => return Some(Some(time)),
                None => self.wrong(name, NO_TIME),
            },
        }
        None
    }

    fn end<T>(self, value: T) -> Fields<T> {
        if self.errors.is_empty() { Ok(value) } else { Err(self.errors) }
    }
}

pub(crate) fn incident(given: &Map<String, Value>, before: Option<&Incident>) -> Fields<Incident> {
    let mut incident = before.cloned().unwrap_or_else(blank_incident);
    let mut form = Form::new(given, before.is_some());
    form.text("title", &mut incident.title, Some(255), true);
    form.text("description", &mut incident.description, None, false);
    form.choice("status", &mut incident.status, &INCIDENT_STATUSES);
    form.choice("severity", &mut incident.severity, &SEVERITIES);
    form.text("reporter", &mut incident.reporter, Some(120), false);
    form.text("commander", &mut incident.commander, Some(120), false);
    if let Some(time) = form.time("detected_at", false) {
        incident.detected_at = time;
    }
    if let Some(time) = form.time("resolved_at", false) {
        incident.resolved_at = time;
    }
    match given.get("pagerduty_dedup_key") {
        None => {}
        Some(Value::Null) => incident.pagerduty_dedup_key = None,
        Some(_) => {
            let mut key = String::new();
            form.text("pagerduty_dedup_key", &mut key, Some(255), false);
            incident.pagerduty_dedup_key = Some(key);
        }
    }
    form.end(incident)
}

pub(crate) fn event(state: &State, given: &Map<String, Value>, before: Option<&Event>) -> Fields<Event> {
    let mut event = before.cloned().unwrap_or_else(blank_event);
    let mut form = Form::new(given, before.is_some());
    form.text("message", &mut event.message, Some(255), true);
    form.text("dedup_id", &mut event.dedup_id, Some(128), true);
    form.choice("status", &mut event.status, &EVENT_STATUSES);
    form.choice("criticallity", &mut event.criticallity, &SEVERITIES);
    if let Some(Some(time)) = form.time("last_seen_at", true) {
        event.last_seen_at = time;
    }
    match given.get("raw") {
        None if before.is_none() => form.wrong("raw", REQUIRED),
        None => {}
        Some(Value::Null) => form.wrong("raw", NULL),
        Some(raw) => event.raw = raw.clone(),
    }
    match given.get("is_valid") {
        Some(Value::Bool(valid)) => event.is_valid = *valid,
        Some(_) => form.wrong("is_valid", "Must be a valid boolean."),
        None => {}
    }
    match given.get("event_source") {
        Some(Value::Null) => event.event_source = None,
        Some(id) => match id.as_u64().filter(|id| state.sources.contains_key(id)) {
            Some(id) => event.event_source = Some(id),
            None => form.wrong("event_source", &format!("Invalid pk \"{id}\" - object does not exist.")),
        },
        None => {}
    }
    let target = (given.get("content_type").and_then(Value::as_u64), given.get("object_id").and_then(Value::as_u64));
    if let (Some(content_type), Some(id)) = target {
        event.target = state.target(content_type, id);
    }
    form.end(event)
}

pub(crate) fn blank_incident() -> Incident {
    Incident {
        id: 0,
        title: String::new(),
        description: String::new(),
        status: String::new(),
        severity: String::new(),
        detected_at: None,
        resolved_at: None,
        reporter: String::new(),
        commander: String::new(),
        pagerduty_dedup_key: None,
        created_at: Timestamp::UNIX_EPOCH,
        updated_at: Timestamp::UNIX_EPOCH,
        services: BTreeSet::new(),
        events: BTreeSet::new(),
    }
}

pub(crate) fn blank_event() -> Event {
    Event {
        id: 0,
        message: String::new(),
        dedup_id: String::new(),
        status: String::new(),
        criticallity: String::new(),
        event_source: None,
        target: None,
        raw: Value::Null,
        is_valid: true,
        created_at: Timestamp::UNIX_EPOCH,
        last_seen_at: Timestamp::UNIX_EPOCH,
        updated_at: Timestamp::UNIX_EPOCH,
        incidents: BTreeSet::new(),
    }
}
