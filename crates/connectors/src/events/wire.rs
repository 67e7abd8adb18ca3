//! Events as they are kept until they are passed on, and the answers that senders expect.

use pagebridge_core::EventAction;
use pagebridge_ports::Answer;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// Longest summary or description, in characters.
pub(crate) const SUMMARY_CHARS_MAX: usize = 1_024;
/// Longest key of an alert, in characters.
pub(crate) const DEDUP_KEY_CHARS_MAX: usize = 255;
/// Largest event taken, in bytes.
pub(crate) const EVENT_SIZE_BYTES_MAX: usize = 524_288;
/// Most links of a change event.
pub(crate) const CHANGE_LINKS_MAX: usize = 50;

/// What an event says, kept as JSON. Stored: fields may be added with a default, never renamed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "api", rename_all = "snake_case")]
pub(crate) enum Kept {
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
pub(crate) struct Said {
    pub(crate) summary: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) source: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) severity: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) timestamp: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) component: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) group: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) class: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) details: Option<Map<String, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) client: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) client_url: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) links: Vec<Link>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) images: Vec<Image>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Link {
    pub(crate) href: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) text: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Image {
    pub(crate) src: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) href: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) alt: Option<String>,
}

/// One event, understood.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    pub(crate) routing_key: String,
    pub(crate) action: EventAction,
    /// The sender's key of the alert; a trigger may leave it to us.
    pub(crate) dedup_key: Option<String>,
    pub(crate) said: Kept,
}

/// What is wrong with an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// It is no JSON object.
    NotAnObject,
    /// These fields are wrong.
    Fields(Vec<String>),
    /// A change event has too many links, which has a form of answer of its own.
    TooManyLinks,
}

impl Wrong {
    /// The answer as PagerDuty gives it.
    pub(crate) fn answer(&self) -> Answer {
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
    pub(crate) fn detail(&self) -> String {
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
pub(crate) struct Fields<'a> {
    object: &'a Map<String, Value>,
}

impl<'a> Fields<'a> {
    pub(crate) fn new(object: &'a Map<String, Value>) -> Self {
        Self { object }
    }

    /// A text that is there; blank ones, `null` and other shapes count as missing, numbers as their digits.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        let text = match self.object.get(name)? {
            Value::String(text) => text.replace('\0', "\u{fffd}"),
            Value::Number(number) => number.to_string(),
            _ => return None,
        };
        (!text.trim().is_empty()).then_some(text)
    }

    /// A text that may be missing.
    pub(crate) fn object(&self, name: &str) -> Option<&'a Map<String, Value>> {
        self.object.get(name)?.as_object()
    }

    /// Free fields. What is no object is kept under a name of its own rather than lost.
    pub(crate) fn details(&self, name: &str) -> Option<Map<String, Value>> {
        match self.object.get(name)? {
            Value::Null => None,
            Value::Object(object) => Some(object.clone()).filter(|o| !o.is_empty()),
            Value::String(text) if text.trim().is_empty() => None,
            other => Some(Map::from_iter([("details".to_owned(), other.clone())])),
        }
    }

    pub(crate) fn objects(&self, name: &str) -> impl Iterator<Item = Fields<'a>> {
        let list = self.object.get(name).and_then(Value::as_array);
        list.into_iter().flatten().filter_map(Value::as_object).map(Fields::new)
    }

    /// Links that lead somewhere; those without an address are left out, as PagerDuty's own senders do.
    pub(crate) fn links(&self, name: &str) -> Vec<Link> {
        let link = |l: Fields<'_>| Some(Link { href: l.text("href")?, text: l.text("text") });
        self.objects(name).filter_map(link).collect()
    }

    pub(crate) fn images(&self, name: &str) -> Vec<Image> {
        let image = |i: Fields<'_>| Some(Image { src: i.text("src")?, href: i.text("href"), alt: i.text("alt") });
        self.objects(name).filter_map(image).collect()
    }
}

/// Reads a body as one JSON object.
pub(crate) fn object(body: &[u8]) -> Result<Map<String, Value>, Wrong> {
    serde_json::from_slice(body).map_err(|_| Wrong::NotAnObject)
}

/// Says what is wrong with a routing key, in PagerDuty's words.
pub(crate) fn routing_key(fields: &Fields<'_>, errors: &mut Vec<String>) -> String {
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
pub(crate) fn action(word: &str) -> Option<EventAction> {
    match word {
        "trigger" => Some(EventAction::Trigger),
        "acknowledge" => Some(EventAction::Acknowledge),
        "resolve" => Some(EventAction::Resolve),
        _ => None,
    }
}
