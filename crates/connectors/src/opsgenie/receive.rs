//! Takes Opsgenie's webhooks.

use super::wire::{ALERT_ID_CHARS_MAX, Hook};
use super::{Opsgenie, map};
use crate::auth;
use crate::text::is_blank;
use http::HeaderMap;
use pagebridge_core::{Input, News};
use pagebridge_ports::{Receive, Received, Refusal};
use serde_json::Value;

impl Receive for Opsgenie {
    fn receive(&self, headers: &HeaderMap, body: &[u8]) -> Result<Received, Refusal> {
        auth::check(headers, self.header.as_ref(), &self.settings.webhook_secrets)?;
        let hook = parse(body)?;
        if let Some(reason) = self.foreign(&hook) {
            return Ok(reason);
        }
        let Some(news) = map::news(&hook) else {
            let detail = format!("the action `{}` changes nothing elsewhere", printable(&hook.action));
            return Ok(Received::Ignored { reason: "action", detail });
        };
        Ok(Received::Input(Box::new(self.input(&hook, news))))
    }
}

impl Opsgenie {
    /// Says why a webhook is none of ours. One that does not name its integration could be anybody's, so it is not
    /// taken either when one is configured.
    fn foreign(&self, hook: &Hook) -> Option<Received> {
        let wanted = self.settings.integration_id.as_deref()?;
        let detail = match hook.integration_id.as_deref() {
            Some(id) if id.trim().eq_ignore_ascii_case(wanted.trim()) => return None,
            Some(id) => format!("the webhook is of the integration `{}`, only `{wanted}` is taken", printable(id)),
            None => format!("the webhook names no `integrationId`, only `{wanted}` is taken"),
        };
        Some(Received::Ignored { reason: "integration", detail })
    }

    fn input(&self, hook: &Hook, news: News) -> Input {
        let id = &hook.alert.alert_id;
        // `alert.source` says who made the alert, only the outer `source` says who did this.
        let source = hook.source.as_ref().and_then(|s| s.name.as_deref());
        Input {
            id: map::input_id(&self.settings.system, hook, &news),
            actor: self.ours().actor(hook.alert.username.as_deref(), source),
            occurred_at: map::occurred_at(&hook.alert),
            asks: true,
            url: self.url_of(id),
            ..Input::news(self.settings.system.clone(), id, news)
        }
    }
}

/// Reads a body. A key that comes twice is refused, since it would be a guess which of the two is meant.
fn parse(body: &[u8]) -> Result<Hook, Refusal> {
    // Looking at the whole once is cheaper than at each string; a body that is no text may still hold all that is read.
    let read = std::str::from_utf8(body).map_or_else(|_| serde_json::from_slice(body), serde_json::from_str);
    let hook: Hook = read.map_err(|error| explain(body, &error))?;
    let id = &hook.alert.alert_id;
    let problem = if is_blank(id) {
        "`alert.alertId` is empty; expected the id that Opsgenie gave the alert".to_owned()
    } else if id.chars().count() > ALERT_ID_CHARS_MAX {
        format!(
            "`alert.alertId` has more than {ALERT_ID_CHARS_MAX} characters; expected the id that Opsgenie gave the alert"
        )
    } else if id.chars().any(char::is_control) || matches!(id.as_str(), "." | "..") {
        "`alert.alertId` is no id; expected the one that Opsgenie gave the alert".to_owned()
    } else {
        return Ok(hook);
    };
    Err(Refusal::field("alert.alertId", problem))
}

/// A field that is read, with what it may hold.
struct Field {
    path: &'static [&'static str],
    expected: Expected,
    required: bool,
}

#[derive(Clone, Copy)]
enum Expected {
    Object,
    Text,
    TextOrNumber,
}

impl Expected {
    fn fits(self, value: &Value) -> bool {
        match self {
            Self::Object => value.is_object(),
            Self::Text => value.is_string(),
            Self::TextOrNumber => value.is_string() || value.is_i64(),
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Object => "an object",
            Self::Text => "a string",
            Self::TextOrNumber => "a string or a whole number",
        }
    }
}

const fn required(path: &'static [&'static str], expected: Expected) -> Field {
    Field { path, expected, required: true }
}

const fn optional(path: &'static [&'static str], expected: Expected) -> Field {
    Field { path, expected, required: false }
}

/// Outer fields before inner ones, so that the first that does not fit is the one to name.
const FIELDS: &[Field] = &[
    required(&["action"], Expected::Text),
    required(&["alert"], Expected::Object),
    required(&["alert", "alertId"], Expected::Text),
    optional(&["alert", "message"], Expected::Text),
    optional(&["alert", "description"], Expected::Text),
    optional(&["alert", "priority"], Expected::TextOrNumber),
    optional(&["alert", "tinyId"], Expected::TextOrNumber),
    optional(&["alert", "username"], Expected::Text),
    optional(&["alert", "note"], Expected::Text),
    optional(&["note"], Expected::Text),
    optional(&["source"], Expected::Object),
    optional(&["source", "name"], Expected::Text),
    optional(&["integrationId"], Expected::Text),
];

const REMEDY: &str = "send what Opsgenie's Webhook integration sends";

/// Finds out which field is wrong. Slow, which matters to nobody: bodies that are fine never come here.
fn explain(body: &[u8], error: &serde_json::Error) -> Refusal {
    if body.trim_ascii().is_empty() {
        return Refusal::field("", format!("the body is empty; {REMEDY}"));
    }
    if let Err(error) = std::str::from_utf8(body) {
        let at = error.valid_up_to();
        return Refusal::field("", format!("the body is not UTF-8 from byte {at} on; {REMEDY}"));
    }
    let value: Value = match serde_json::from_slice(body) {
        Ok(value) => value,
        Err(error) => return Refusal::field("", format!("the body is not JSON: {error}; {REMEDY}")),
    };
    if !value.is_object() {
        return Refusal::field("", format!("the body is {}, not an object; {REMEDY}", kind(&value)));
    }
    FIELDS.iter().find_map(|field| field.problem(&value)).unwrap_or_else(|| twice(error))
}

impl Field {
    fn problem(&self, body: &Value) -> Option<Refusal> {
        let name = self.path.join(".");
        let expected = self.expected.words();
        let value = self.path.iter().fold(body, |value, key| &value[*key]);
        match value {
            Value::Null if self.required => {
                Some(Refusal::field(&name, format!("`{name}` is missing; expected {expected}; {REMEDY}")))
            }
            Value::Null => None,
            value if self.expected.fits(value) => None,
            value => {
                let found = kind(value);
                Some(Refusal::field(&name, format!("`{name}` is {found}; expected {expected}; {REMEDY}")))
            }
        }
    }
}

/// Every field fits, so what is left is a key that comes twice; only the parser knows which.
fn twice(error: &serde_json::Error) -> Refusal {
    let text = error.to_string();
    let key = text.strip_prefix("duplicate field `").and_then(|rest| rest.split('`').next()).unwrap_or_default();
    let path = if FIELDS.iter().any(|f| f.path == [key]) { key.to_owned() } else { format!("alert.{key}") };
    match key {
        "" => Refusal::field("", format!("the body is not what this path takes: {text}; {REMEDY}")),
        _ => {
            Refusal::field(&path, format!("`{key}` comes twice, so it is not clear which is meant ({text}); {REMEDY}"))
        }
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// What a sender wrote, made fit to be shown.
fn printable(text: &str) -> String {
    const SHOWN_CHARS_MAX: usize = 80;
    let text: String = text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    ::pagerduty::text::cut(&text, SHOWN_CHARS_MAX).into_owned()
}
