//! Events as they are kept until they are passed on, and the answers that senders expect.

use pagebridge_core::EventAction;
use pagebridge_ports::Answer;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// Longest summary or description, in characters.
pub(super) const SUMMARY_CHARS_MAX: usize = 1_024;
/// Longest key of an alert, in characters.
pub(super) const DEDUP_KEY_CHARS_MAX: usize = 255;
/// Largest event taken, in bytes.
pub(super) const EVENT_SIZE_BYTES_MAX: usize = 524_288;
/// Most links of a change event.
pub(super) const CHANGE_LINKS_MAX: usize = 50;

/// What an event says, kept as JSON. Stored: fields may be added with a default, never renamed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "api", rename_all = "snake_case")]
pub(super) enum Kept {
    /// An alert by the Events API v2.
    V2(Said),
    /// An alert by the Events API v1.
    V1(Said),
    /// A change event.
    Change(Said),
}

/// The fields of all three; each uses those that it has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Said {
    pub(super) summary: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) source: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) severity: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) timestamp: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) component: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) group: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) class: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) details: Option<Map<String, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) client: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) client_url: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) links: Vec<Link>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) images: Vec<Image>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Link {
    pub(super) href: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Image {
    pub(super) src: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) href: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) alt: Option<String>,
}

/// One event, understood.
#[derive(Clone, Debug)]
pub(super) struct Heard {
    pub(super) routing_key: String,
    pub(super) action: EventAction,
    /// The sender's key of the alert; a trigger may leave it to us.
    pub(super) dedup_key: Option<String>,
    pub(super) said: Kept,
}

/// What is wrong with an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wrong {
    /// It is no JSON object.
    NotAnObject,
    /// These fields are wrong.
    Fields(Vec<String>),
    /// A change event has too many links, which has a form of answer of its own.
    TooManyLinks,
}

impl Wrong {
    /// The answer as PagerDuty gives it.
    pub(super) fn answer(&self) -> Answer {
        let body = match self {
            Self::NotAnObject => json!({
                "status": "Unrecognized object",
                "message": "Event object format is unrecognized",
                "errors": ["JSON parse error"],
            }),
            Self::Fields(errors) => invalid(errors),
            Self::TooManyLinks => json!({ "error": [format!("links should have at most {CHANGE_LINKS_MAX} item(s)")] }),
        };
        Answer { status: 400, body: body.to_string() }
    }

    /// The same in words, for our log.
    pub(super) fn detail(&self) -> String {
        match self {
            Self::NotAnObject => "the body is not a JSON object".to_owned(),
            Self::Fields(errors) => errors.join("; "),
            Self::TooManyLinks => format!("more than {CHANGE_LINKS_MAX} links"),
        }
    }
}

fn invalid(errors: &[String]) -> Value {
    json!({ "status": "invalid event", "message": "Event object is invalid", "errors": errors })
}

/// The fields of a JSON object, read one by one with everything that is wrong noted.
pub(super) struct Fields<'a> {
    object: &'a Map<String, Value>,
}

impl<'a> Fields<'a> {
    pub(super) fn new(object: &'a Map<String, Value>) -> Self {
        Self { object }
    }

    /// A text that is there; blank ones, `null` and other shapes count as missing, numbers as their digits.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        let text = match self.object.get(name)? {
            Value::String(text) => text.replace('\0', "\u{fffd}"),
            Value::Number(number) => number.to_string(),
            _ => return None,
        };
        (!text.trim().is_empty()).then_some(text)
    }

    /// A text that may be missing.
    pub(super) fn object(&self, name: &str) -> Option<&'a Map<String, Value>> {
        self.object.get(name)?.as_object()
    }

    /// Free fields. What is no object is kept under a name of its own rather than lost.
    pub(super) fn details(&self, name: &str) -> Option<Map<String, Value>> {
        match self.object.get(name)? {
            Value::Null => None,
            Value::Object(object) => Some(object.clone()).filter(|o| !o.is_empty()),
            Value::String(text) if text.trim().is_empty() => None,
            other => Some(Map::from_iter([("details".to_owned(), other.clone())])),
        }
    }

    pub(super) fn objects(&self, name: &str) -> impl Iterator<Item = Fields<'a>> {
        let list = self.object.get(name).and_then(Value::as_array);
        list.into_iter().flatten().filter_map(Value::as_object).map(Fields::new)
    }

    /// Links that lead somewhere; those without an address are left out, as PagerDuty's own senders do.
    pub(super) fn links(&self, name: &str) -> Vec<Link> {
        let link = |l: Fields<'_>| Some(Link { href: l.text("href")?, text: l.text("text") });
        self.objects(name).filter_map(link).collect()
    }

    pub(super) fn images(&self, name: &str) -> Vec<Image> {
        let image = |i: Fields<'_>| Some(Image { src: i.text("src")?, href: i.text("href"), alt: i.text("alt") });
        self.objects(name).filter_map(image).collect()
    }
}

/// Reads a body as one JSON object.
pub(super) fn object(body: &[u8]) -> Result<Map<String, Value>, Wrong> {
    serde_json::from_slice(body).map_err(|_| Wrong::NotAnObject)
}

/// Says what is wrong with a routing key, in PagerDuty's words.
pub(super) fn routing_key(fields: &Fields<'_>, errors: &mut Vec<String>) -> String {
    let Some(key) = fields.text("routing_key") else {
        errors.push("'routing_key' is missing or blank".to_owned());
        return String::new();
    };
    if key.chars().count() != 32 {
        errors.push("Length of 'routing_key' is incorrect (should be 32 characters)".to_owned());
    }
    if !key.bytes().all(|b| b.is_ascii_alphanumeric()) {
        errors.push("'routing_key' cannot contain non-alphanumeric characters.".to_owned());
    }
    key
}

/// Reads the action by its word.
pub(super) fn action(word: &str) -> Option<EventAction> {
    match word {
        "trigger" => Some(EventAction::Trigger),
        "acknowledge" => Some(EventAction::Acknowledge),
        "resolve" => Some(EventAction::Resolve),
        _ => None,
    }
}
