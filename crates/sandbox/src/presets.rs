//! Error bodies as PagerDuty's clients have met them, by name.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::pagerduty::{missing_scopes, words_of_status};
use crate::wire::{JSON, Reply};

/// The body of a refusal that a fault asks for: text that is sent as it is, or a preset by its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Value", into = "Value")]
pub enum RefusalBody {
    /// Sent as it is; as JSON if it is JSON, else as plain text.
    Text(String),
    /// A shape in which PagerDuty's REST API puts errors, written `{"preset": "errors_string"}`.
    Preset(Preset),
}

/// A shape in which PagerDuty's REST API, or something in front of it, puts errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Preset {
    /// `error` with `message` and `code`, without `errors`.
    ErrorsMissing,
    /// `errors` is an empty list.
    ErrorsEmpty,
    /// `errors` is a list of texts, as documented.
    ErrorsList,
    /// `errors` is one text.
    ErrorsString,
    /// `errors` is an object of lists: by field.
    ErrorsObject,
    /// `code` is a text.
    CodeString,
    /// `error` is a text, as `/users/me` has it.
    ErrorString,
    /// `error` is a list of texts, as change events have it.
    ErrorArray,
    /// An OAuth token lacks a scope: there is no `code`, but `required_scopes` and `token_scopes`.
    MissingScopes,
    /// A page for people instead of JSON.
    NotJson,
    /// Nothing at all.
    Empty,
}

/// Says why a refusal's body cannot be used.
#[derive(Debug, thiserror::Error)]
enum BodyError {
    #[error("`body` must be a text or {{\"preset\": \"NAME\"}}")]
    Kind,
    #[error("`preset` of `body`: {0}")]
    Preset(#[from] serde_json::Error),
}

impl TryFrom<Value> for RefusalBody {
    type Error = String;

    fn try_from(given: Value) -> Result<RefusalBody, String> {
        let body = match given {
            Value::String(text) => Ok(RefusalBody::Text(text)),
            Value::Object(mut fields) => match fields.remove("preset") {
                Some(name) if fields.is_empty() => {
                    serde_json::from_value(name).map(RefusalBody::Preset).map_err(BodyError::from)
                }
                _ => Err(BodyError::Kind),
            },
            _ => Err(BodyError::Kind),
        };
        body.map_err(|error| error.to_string())
    }
}

impl From<RefusalBody> for Value {
    fn from(body: RefusalBody) -> Value {
        match body {
            RefusalBody::Text(text) => text.into(),
            RefusalBody::Preset(preset) => json!({"preset": preset}),
        }
    }
}

impl From<&str> for RefusalBody {
    fn from(text: &str) -> RefusalBody {
        RefusalBody::Text(text.to_owned())
    }
}

impl RefusalBody {
    pub(crate) fn reply(&self, status: u16) -> Reply {
        match self {
            RefusalBody::Text(text) => match serde_json::from_str::<Value>(text) {
                Ok(Value::Object(_) | Value::Array(_)) => Reply::bytes(status, JSON, text.clone().into()),
                _ => Reply::text(status, text.clone()),
            },
            RefusalBody::Preset(preset) => preset.reply(status),
        }
    }
}

impl Preset {
    fn reply(self, status: u16) -> Reply {
        let (code, message) = words_of_status(status);
        let with_errors = |errors: Value| json!({"error": {"message": message, "code": code, "errors": errors}});
        let body = match self {
            Preset::ErrorsMissing => json!({"error": {"message": message, "code": code}}),
            Preset::ErrorsEmpty => with_errors(json!([])),
            Preset::ErrorsList => with_errors(json!(["The first reason.", "The second reason."])),
            Preset::ErrorsString => with_errors(json!("The only reason.")),
            Preset::ErrorsObject => with_errors(json!({"title": ["The reason for this field."]})),
            Preset::CodeString => {
                json!({"error": {"message": message, "code": code.to_string(), "errors": ["The reason."]}})
            }
            Preset::ErrorString => json!({"error": message}),
            Preset::ErrorArray => json!({"error": [message]}),
            Preset::MissingScopes => missing_scopes("incidents.write", "incidents.read"),
            Preset::NotJson => return Reply::html(status, format!("<html><h1>{status}</h1>{message}</html>")),
            Preset::Empty => return Reply::text(status, ""),
        };
        Reply::json(status, &body)
    }
}
