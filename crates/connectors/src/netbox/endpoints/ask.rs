//! What may be asked, and the bodies that ask it. Pure.

use http::Method;
use pagebridge_core::EventAction;
use serde_json::{Map, Value};

/// Longest key of an alert, in characters.
const DEDUP_KEY_CHARS_MAX: usize = 255;

/// Most Events that are sent by one request.
pub(super) const EVENTS_MAX: usize = 1_000;

/// PagerDuty's severities, in the order in which the old module named them.
const SEVERITIES: [&str; 4] = ["critical", "error", "warning", "info"];

/// What may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Status,
    Test,
    SendEvent,
    SendIncident,
    ResolveEvent,
    TriggerCustom,
    BulkSendEvents,
}

impl Action {
    /// The action of a path below the endpoints' own.
    pub(super) fn of(path: &str) -> Option<Self> {
        Some(match path {
            "status" => Self::Status,
            "test" => Self::Test,
            "send-event" => Self::SendEvent,
            "send-incident" => Self::SendIncident,
            "resolve-event" => Self::ResolveEvent,
            "trigger-custom" => Self::TriggerCustom,
            "bulk-send-events" => Self::BulkSendEvents,
            _ => return None,
        })
    }

    pub(super) fn method(self) -> Method {
        if self == Self::Status { Method::GET } else { Method::POST }
    }
}

/// Which Incident to send, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SendIncident {
    pub(super) id: i64,
    pub(super) action: EventAction,
}

/// Which alert to resolve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Resolve {
    Event(i64),
    Key(String),
}

/// An alert in the caller's own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Custom {
    pub(super) summary: String,
    pub(super) severity: &'static str,
    pub(super) source: Option<String>,
    pub(super) dedup_key: Option<String>,
    pub(super) component: Option<String>,
    pub(super) group: Option<String>,
    pub(super) event_class: String,
    pub(super) custom_details: Map<String, Value>,
}

/// The fields of a body; what is wrong is said in words, for a 400.
pub(super) struct Fields(Map<String, Value>);

impl Fields {
    /// Reads a body; an empty one has no fields.
    pub(super) fn read(body: &[u8]) -> Result<Self, String> {
        if body.trim_ascii().is_empty() {
            return Ok(Self(Map::new()));
        }
        match serde_json::from_slice(body) {
            Ok(Value::Object(fields)) => Ok(Self(fields)),
            Ok(other) => Err(format!("Invalid data. Expected a dictionary, but got {}.", kind(&other))),
            Err(error) => Err(format!("JSON parse error - {error}")),
        }
    }

    pub(super) fn send_event(&self) -> Result<i64, String> {
        self.id("event_id")?.ok_or_else(|| "event_id is required".to_owned())
    }

    pub(super) fn send_incident(&self) -> Result<SendIncident, String> {
        let id = self.id("incident_id")?.ok_or("incident_id is required")?;
        let action = match self.get("action") {
            None => EventAction::Trigger,
            Some(Value::String(word)) if word == "trigger" => EventAction::Trigger,
            Some(Value::String(word)) if word == "acknowledge" => EventAction::Acknowledge,
            Some(Value::String(word)) if word == "resolve" => EventAction::Resolve,
            Some(other) => {
                let word = other.as_str().map_or_else(|| shown(other), shown_text);
                return Err(format!("Invalid action: {word}. Must be trigger, acknowledge, or resolve"));
            }
        };
        Ok(SendIncident { id, action })
    }

    /// The id of an Event counts before a key.
    pub(super) fn resolve_event(&self) -> Result<Resolve, String> {
        if let Some(id) = self.id("event_id")? {
            return Ok(Resolve::Event(id));
        }
        let key = self.dedup_key()?.ok_or("Either dedup_key or event_id is required")?;
        Ok(Resolve::Key(key))
    }

    pub(super) fn trigger_custom(&self) -> Result<Custom, String> {
        let summary = self.text("summary")?.ok_or("summary is required")?;
        let severity = match self.get("severity") {
            None => "warning",
            Some(word) => SEVERITIES.into_iter().find(|known| word == *known).ok_or_else(|| {
                "Invalid severity. Must be one of: ['critical', 'error', 'warning', 'info']".to_owned()
            })?,
        };
        let custom_details = match self.get("custom_details") {
            None => Map::new(),
            Some(Value::Object(details)) => details.clone(),
            Some(other) => return Err(format!("custom_details must be an object, not {}", kind(other))),
        };
        Ok(Custom {
            summary,
            severity,
            source: self.text("source")?,
            dedup_key: self.dedup_key()?,
            component: self.text("component")?,
            group: self.text("group")?,
            event_class: self.text("event_class")?.unwrap_or_else(|| "custom".to_owned()),
            custom_details,
        })
    }

    pub(super) fn bulk_send_events(&self) -> Result<Vec<i64>, String> {
        let list = self.get("event_ids").and_then(Value::as_array).filter(|list| !list.is_empty());
        let list = list.ok_or("event_ids is required and must be a non-empty list")?;
        if list.len() > EVENTS_MAX {
            return Err(format!("event_ids has {} ids, and {EVENTS_MAX} are taken at once", list.len()));
        }
        let id =
            |(at, value): (usize, &Value)| number(value).ok_or_else(|| no_number(&format!("event_ids[{at}]"), value));
        list.iter().enumerate().map(id).collect()
    }

    /// What is there; `null` and an empty text are as good as nothing.
    fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null() && value.as_str().is_none_or(|text| !text.trim().is_empty()))
    }

    fn id(&self, name: &str) -> Result<Option<i64>, String> {
        self.get(name).map(|value| number(value).ok_or_else(|| no_number(name, value))).transpose()
    }

    fn text(&self, name: &str) -> Result<Option<String>, String> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(other) => Err(format!("{name} must be a text, not {}", kind(other))),
        }
    }

    fn dedup_key(&self) -> Result<Option<String>, String> {
        let key = self.text("dedup_key")?;
        match key.as_ref().map(|key| key.chars().count()) {
            Some(chars) if chars > DEDUP_KEY_CHARS_MAX => {
                Err(format!("dedup_key has {chars} characters, and {DEDUP_KEY_CHARS_MAX} are taken at most"))
            }
            _ => Ok(key),
        }
    }
}

/// An id as NetBox has them; digits in a text are as good.
fn number(value: &Value) -> Option<i64> {
    let number = match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    number.filter(|number| *number > 0)
}

fn no_number(name: &str, value: &Value) -> String {
    format!("{name} must be a whole number from 1 on, not {}", shown(value))
}

/// A value short enough for an answer.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => format!("\"{}\"", shown_text(text)),
        Value::Array(_) | Value::Object(_) => kind(value).to_owned(),
        other => other.to_string(),
    }
}

fn shown_text(text: &str) -> String {
    ::pagerduty::text::cut(text, 40).into_owned()
}

/// As NetBox names what a body holds.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float",
        Value::Number(_) => "int",
        Value::String(_) => "str",
        Value::Array(_) => "list",
        Value::Object(_) => "dict",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(body: &str) -> Fields {
        Fields::read(body.as_bytes()).expect(body)
    }

    #[test]
    fn a_body_that_is_no_object_is_named() {
        for (body, words) in [
            ("[1]", "Expected a dictionary, but got list."),
            ("\"x\"", "but got str."),
            ("7", "but got int."),
            ("null", "but got null."),
            ("event_id=1", "JSON parse error - "),
            ("{\"event_id\": 1", "JSON parse error - "),
            ("\u{feff}", "JSON parse error - "),
        ] {
            let told = Fields::read(body.as_bytes()).err().expect(body);
            assert!(told.contains(words), "{body}: {told}");
        }
        assert!(Fields::read(b"\xff{}").is_err() && Fields::read(b" \n").is_ok());
    }

    #[test]
    fn ids_are_whole_numbers_from_1_on() {
        for (id, wanted) in [("123", 123), ("\"123\"", 123), ("\" 7 \"", 7), ("9223372036854775807", i64::MAX)] {
            assert_eq!(fields(&format!("{{\"event_id\": {id}}}")).send_event(), Ok(wanted));
        }
        for id in ["0", "-1", "1.5", "1.0", "\"abc\"", "\"1.5\"", "true", "false", "[1]", "{}", "9223372036854775808"] {
            let told = fields(&format!("{{\"event_id\": {id}}}")).send_event().expect_err(id);
            assert!(told.starts_with("event_id must be a whole number from 1 on, not "), "{told}");
        }
        for nothing in ["{}", "{\"event_id\": null}", "{\"event_id\": \"\"}"] {
            assert_eq!(fields(nothing).send_event(), Err("event_id is required".to_owned()), "{nothing}");
            assert_eq!(
                fields(nothing).resolve_event(),
                Err("Either dedup_key or event_id is required".to_owned()),
                "{nothing}"
            );
        }
    }

    #[test]
    fn an_incident_is_sent_by_an_action_that_is_checked_after_its_id() {
        let sent = |action| Ok(SendIncident { id: 5, action });
        assert_eq!(fields(r#"{"incident_id": 5}"#).send_incident(), sent(EventAction::Trigger));
        for (word, action) in [
            ("trigger", EventAction::Trigger),
            ("acknowledge", EventAction::Acknowledge),
            ("resolve", EventAction::Resolve),
        ] {
            assert_eq!(fields(&format!(r#"{{"incident_id": "5", "action": "{word}"}}"#)).send_incident(), sent(action));
        }
        for (body, told) in [
            (r#"{"action": "close"}"#, "incident_id is required"),
            (
                r#"{"incident_id": 5, "action": "close"}"#,
                "Invalid action: close. Must be trigger, acknowledge, or resolve",
            ),
            (r#"{"incident_id": 5, "action": 7}"#, "Invalid action: 7. Must be trigger, acknowledge, or resolve"),
        ] {
            assert_eq!(fields(body).send_incident(), Err(told.to_owned()), "{body}");
        }
    }

    #[test]
    fn an_alert_is_resolved_by_id_or_by_key() {
        for (body, wanted) in [
            (r#"{"event_id": 4, "dedup_key": "k"}"#, Ok(Resolve::Event(4))),
            (r#"{"dedup_key": "netbox-event-abc123"}"#, Ok(Resolve::Key("netbox-event-abc123".to_owned()))),
            (r#"{"dedup_key": 7}"#, Err("dedup_key must be a text, not int".to_owned())),
            (
                r#"{"event_id": 0, "dedup_key": "k"}"#,
                Err("event_id must be a whole number from 1 on, not 0".to_owned()),
            ),
        ] {
            assert_eq!(fields(body).resolve_event(), wanted, "{body}");
        }
        let long = format!(r#"{{"dedup_key": "{}"}}"#, "k".repeat(256));
        assert!(fields(&long).resolve_event().expect_err("too long").contains("256 characters"));
    }

    #[test]
    fn an_own_alert_has_defaults_and_types() {
        let custom = fields(r#"{"summary": "Disk full"}"#).trigger_custom().expect("enough");
        assert_eq!(
            (custom.severity, custom.event_class.as_str(), custom.custom_details.len()),
            ("warning", "custom", 0)
        );
        let wrong = "Invalid severity. Must be one of: ['critical', 'error', 'warning', 'info']";
        for (more, told) in [
            (r#""severity": "Critical""#, wrong),
            (r#""severity": 1"#, wrong),
            (r#""custom_details": [1]"#, "custom_details must be an object, not list"),
            (r#""custom_details": "x""#, "custom_details must be an object, not str"),
            (r#""source": {}"#, "source must be a text, not dict"),
            (r#""component": 1.5"#, "component must be a text, not float"),
        ] {
            let body = format!(r#"{{"summary": "Disk full", {more}}}"#);
            assert_eq!(fields(&body).trigger_custom(), Err(told.to_owned()), "{body}");
        }
        for body in ["{}", r#"{"summary": " "}"#] {
            assert_eq!(fields(body).trigger_custom(), Err("summary is required".to_owned()));
        }
        assert_eq!(
            fields(r#"{"summary": ["x"]}"#).trigger_custom(),
            Err("summary must be a text, not list".to_owned())
        );
    }

    #[test]
    fn a_list_of_events_is_a_list_of_ids() {
        assert_eq!(fields(r#"{"event_ids": [1, "2", 3]}"#).bulk_send_events(), Ok(vec![1, 2, 3]));
        let needed = "event_ids is required and must be a non-empty list";
        for (body, told) in [
            ("{}", needed),
            (r#"{"event_ids": []}"#, needed),
            (r#"{"event_ids": "1,2"}"#, needed),
            (r#"{"event_ids": {"1": 2}}"#, needed),
            (r#"{"event_ids": [1, 0]}"#, "event_ids[1] must be a whole number from 1 on, not 0"),
            (r#"{"event_ids": [[1]]}"#, "event_ids[0] must be a whole number from 1 on, not list"),
        ] {
            assert_eq!(fields(body).bulk_send_events(), Err(told.to_owned()), "{body}");
        }
        let many = format!(r#"{{"event_ids": [{}]}}"#, vec!["1"; EVENTS_MAX + 1].join(","));
        assert!(fields(&many).bulk_send_events().expect_err("too many").contains("1000"));
    }
}
