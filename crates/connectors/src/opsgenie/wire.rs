//! What Opsgenie sends and takes. Everything but ids may be missing or null.

use serde::de::{self, Deserializer, IgnoredAny, MapAccess, SeqAccess, Unexpected, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Longest texts that Opsgenie takes, in characters.
pub(super) const MESSAGE_CHARS_MAX: usize = 130;
pub(super) const DESCRIPTION_CHARS_MAX: usize = 15_000;
pub(super) const NOTE_CHARS_MAX: usize = 25_000;
pub(super) const USER_CHARS_MAX: usize = 100;

/// Longest alert id that is taken. It is also the `incident_key` of the incident that is made for it, which cannot be
/// longer; real ones have 36 characters, or 50.
pub(super) const ALERT_ID_CHARS_MAX: usize = 255;

/// A webhook. Of `alert` only the id is certain to be there.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Hook {
    pub(super) action: String,
    pub(super) alert: HookAlert,
    /// The text of a note, in the shape of the old proxy's own examples.
    pub(super) note: Option<String>,
    pub(super) source: Option<HookSource>,
    pub(super) integration_id: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct HookAlert {
    pub(super) alert_id: String,
    pub(super) tiny_id: Option<Scalar>,
    pub(super) message: Option<String>,
    pub(super) description: Option<String>,
    #[serde(default, deserialize_with = "details")]
    pub(super) details: Map<String, Value>,
    /// `"P2"`, or the number 2 in older payloads.
    pub(super) priority: Option<Scalar>,
    /// Who did it: an e-mail address, or what an API call gave as its `user`.
    pub(super) username: Option<String>,
    /// Milliseconds, or with six more digits in older payloads.
    #[serde(default, deserialize_with = "number")]
    pub(super) updated_at: Option<i64>,
    pub(super) note: Option<String>,
}

/// How the action came in.
#[derive(Debug, Deserialize)]
pub(super) struct HookSource {
    pub(super) name: Option<String>,
}

/// Something that is text in some payloads and a number in others.
#[derive(Debug)]
pub(super) enum Scalar {
    Text(String),
    Number(i64),
}

impl std::fmt::Display for Scalar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Number(number) => write!(f, "{number}"),
        }
    }
}

// The shapes below could be told apart by derived code, which would first copy everything; this is on the way of every
// webhook.

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor)
    }
}

struct ScalarVisitor;

impl Visitor<'_> for ScalarVisitor {
    type Value = Scalar;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a string or a whole number")
    }

    fn visit_str<E>(self, text: &str) -> Result<Scalar, E> {
        Ok(Scalar::Text(text.to_owned()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Scalar, E> {
        Ok(Scalar::Number(number))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Scalar, E> {
        let number = i64::try_from(number).map_err(|_| E::invalid_value(Unexpected::Unsigned(number), &self))?;
        Ok(Scalar::Number(number))
    }
}

/// Details that are no object carry nothing that could be shown, and an alert must not be lost over them.
fn details<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Map<String, Value>, D::Error> {
    deserializer.deserialize_any(Details)
}

struct Details;

impl<'de> Visitor<'de> for Details {
    type Value = Map<String, Value>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("anything")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut fields = Map::new();
        while let Some((name, value)) = entries.next_entry()? {
            fields.insert(name, value);
        }
        Ok(fields)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Map::new())
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Map::new())
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Map::new())
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Map::new())
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Map::new())
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Map::new())
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(Map::new())
    }
}

/// A time that cannot be read is no time; what happened counts all the same.
fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    deserializer.deserialize_any(Time)
}

struct Time;

impl<'de> Visitor<'de> for Time {
    type Value = Option<i64>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("anything")
    }

    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Some(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(i64::try_from(number).ok())
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(text.trim().parse().ok())
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}

/// An answer that holds what was asked for.
#[derive(Debug, Deserialize)]
pub(super) struct Envelope<T> {
    pub(super) data: T,
    pub(super) paging: Option<Paging>,
}

/// Where a list goes on.
#[derive(Debug, Deserialize)]
pub(super) struct Paging {
    /// An absolute address.
    pub(super) next: Option<String>,
}

/// An alert as the API shows it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Alert {
    pub(super) id: String,
    pub(super) status: String,
    #[serde(default)]
    pub(super) acknowledged: Option<bool>,
    pub(super) message: Option<String>,
    pub(super) description: Option<String>,
    #[serde(default, deserialize_with = "details")]
    pub(super) details: Map<String, Value>,
    pub(super) priority: Option<Scalar>,
    pub(super) report: Option<Report>,
}

/// Who did what to an alert.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Report {
    pub(super) acknowledged_by: Option<String>,
    pub(super) closed_by: Option<String>,
}

/// A note as the API shows it; it has no id.
#[derive(Debug, Deserialize)]
pub(super) struct AlertNote {
    pub(super) note: Option<String>,
    pub(super) owner: Option<String>,
}

/// The answer to a write: valid, but not done yet.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Accepted {
    pub(super) request_id: String,
}

/// What became of a write.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RequestStatus {
    is_success: Option<bool>,
    success: Option<bool>,
    pub(super) status: Option<String>,
    pub(super) alert_id: Option<String>,
}

impl RequestStatus {
    pub(super) fn succeeded(&self) -> bool {
        self.is_success.or(self.success).unwrap_or(false)
    }
}

/// An error answer; ours to judge only if it has a message.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Problem {
    pub(super) message: Option<String>,
    #[serde(default)]
    pub(super) errors: Value,
}

/// The body of acknowledge, unacknowledge and close.
#[derive(Debug, Serialize)]
pub(super) struct Act<'a> {
    pub(super) user: &'a str,
    pub(super) source: &'a str,
}

/// The body of a new note.
#[derive(Debug, Serialize)]
pub(super) struct NewNote<'a> {
    pub(super) note: &'a str,
    pub(super) user: &'a str,
    pub(super) source: &'a str,
}

/// The body of a new alert.
#[derive(Debug, Serialize)]
pub(super) struct NewAlert<'a> {
    pub(super) message: &'a str,
    pub(super) alias: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(super) description: &'a str,
    pub(super) priority: &'a str,
    pub(super) user: &'a str,
    pub(super) source: &'a str,
}
