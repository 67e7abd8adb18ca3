//! What RT sends and takes. A number may be a text and a text a number; everything but ids may be missing or null.

use pagebridge_core::Timestamp;
use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::marker::PhantomData;

/// Longest subject that RT keeps, in characters; the rest is cut off without a word.
pub(super) const SUBJECT_CHARS_MAX: usize = 200;

/// Longest note that is written, in characters; RT takes 10 MB unless it is told otherwise.
pub(super) const NOTE_CHARS_MAX: usize = 100_000;

/// The name of RT's own user, who opens tickets when somebody replies.
pub(super) const RT_SYSTEM: &str = "RT_System";

/// The name of the owner of tickets that nobody owns.
pub(super) const NOBODY: &str = "Nobody";

/// Items on a page, as many as RT gives.
pub(super) const PAGE: usize = 100;

/// The same, as it is asked for.
pub(super) const PAGE_TEXT: &str = "100";

/// A page of a list. How many there are in all is told by some lists only, and by some versions wrongly, so nothing here
/// depends on it but for tickets.
#[derive(Debug, Deserialize)]
#[serde(bound(deserialize = "T: Deserialize<'de>"))]
pub(super) struct Page<T> {
    #[serde(default = "Vec::new", deserialize_with = "list")]
    pub(super) items: Vec<T>,
    /// Which page it is. Some versions give the last one in place of one beyond it.
    #[serde(default, deserialize_with = "number_if_any")]
    pub(super) page: Option<i64>,
    /// How many pages there are; a number with a fraction in some answers, null in others.
    #[serde(default, deserialize_with = "number_if_any")]
    pub(super) pages: Option<i64>,
}

/// A ticket. Its queue and owner have names where they were asked for.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Ticket {
    #[serde(rename = "id", deserialize_with = "number")]
    pub(super) id: i64,
    #[serde(default, deserialize_with = "text")]
    pub(super) status: String,
    #[serde(default, deserialize_with = "text")]
    pub(super) subject: String,
    #[serde(default)]
    pub(super) queue: Ref,
    #[serde(default)]
    pub(super) owner: Ref,
    #[serde(default, deserialize_with = "number_if_any")]
    pub(super) priority: Option<i64>,
    #[serde(default, deserialize_with = "text")]
    pub(super) last_updated: String,
    #[serde(default, deserialize_with = "text")]
    pub(super) started: String,
    /// An empty text in lists where there are none.
    #[serde(default, deserialize_with = "list")]
    pub(super) custom_fields: Vec<Field>,
    /// What may be done with it; only told of a single ticket.
    #[serde(default, rename = "_hyperlinks", deserialize_with = "list")]
    pub(super) links: Vec<Link>,
}

/// The fields of a ticket that are read.
pub(super) const TICKET_FIELDS: &str = "Subject,Status,Queue,Owner,Priority,LastUpdated,Started,CustomFields";

/// The fields of its queue.
pub(super) const QUEUE_FIELDS: &str = "Name,SubjectTag";

impl Ticket {
    /// The value of a custom field; `None` when it is empty or not there.
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        let field = self.custom_fields.iter().find(|field| field.name.eq_ignore_ascii_case(name))?;
        field.values.iter().map(|value| value.0.trim()).find(|value| !value.is_empty())
    }

    /// Whether the ticket has such a field, filled or not.
    pub(super) fn has_field(&self, name: &str) -> bool {
        self.custom_fields.iter().any(|field| field.name.eq_ignore_ascii_case(name))
    }
}

/// Something that is named: a queue by its number, a user by name.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Ref {
    #[serde(deserialize_with = "text")]
    pub(super) id: String,
    #[serde(rename = "Name", deserialize_with = "text")]
    pub(super) name: String,
    #[serde(rename = "RealName", deserialize_with = "text")]
    pub(super) real_name: String,
    #[serde(rename = "SubjectTag", deserialize_with = "text")]
    pub(super) subject_tag: String,
}

/// A custom field with its values, or only its name.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Field {
    #[serde(deserialize_with = "text")]
    pub(super) name: String,
    #[serde(deserialize_with = "list")]
    pub(super) values: Vec<Text>,
}

/// A transaction, as lists show it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Transaction {
    #[serde(rename = "id", deserialize_with = "number")]
    pub(super) id: i64,
    /// The ticket.
    #[serde(default, deserialize_with = "number_if_any")]
    pub(super) object_id: Option<i64>,
    #[serde(rename = "Type", default, deserialize_with = "text")]
    pub(super) kind: String,
    #[serde(default, deserialize_with = "text")]
    pub(super) field: String,
    #[serde(default, deserialize_with = "text")]
    pub(super) old_value: String,
    #[serde(default, deserialize_with = "text")]
    pub(super) new_value: String,
    #[serde(default)]
    pub(super) creator: Ref,
    #[serde(default, deserialize_with = "text")]
    pub(super) created: String,
}

/// The fields of a transaction that are read.
pub(super) const TRANSACTION_FIELDS: &str = "ObjectId,Type,Field,OldValue,NewValue,Creator,Created";

impl Transaction {
    /// Whether it says where the ticket stands: a new status, or a person's word that the work has begun.
    pub(super) fn is_act(&self) -> bool {
        self.kind == "Status" || self.kind == "Set" && self.field == "Started"
    }

    /// Whether somebody wrote something.
    pub(super) fn is_note(&self) -> bool {
        matches!(self.kind.as_str(), "Comment" | "Correspond")
    }

    /// Who did it, as people know them.
    pub(super) fn author(&self) -> &str {
        let Ref { id, real_name, .. } = &self.creator;
        if real_name.trim().is_empty() { id } else { real_name }
    }

    /// When, by RT's clock.
    pub(super) fn at(&self) -> Option<Timestamp> {
        date(&self.created)
    }
}

/// A part of a message, with its text decoded.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Attachment {
    #[serde(default, deserialize_with = "number_if_any")]
    pub(super) transaction_id: Option<i64>,
    #[serde(default, deserialize_with = "text")]
    pub(super) content_type: String,
    #[serde(default, deserialize_with = "text")]
    pub(super) filename: String,
    #[serde(default, deserialize_with = "text")]
    pub(super) content: String,
}

/// A queue.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct QueueInfo {
    #[serde(default, deserialize_with = "text")]
    pub(super) name: String,
    #[serde(default, deserialize_with = "text")]
    pub(super) subject_tag: String,
    #[serde(default, deserialize_with = "text")]
    pub(super) lifecycle: String,
    #[serde(default, deserialize_with = "text")]
    pub(super) disabled: String,
    #[serde(default, deserialize_with = "list")]
    pub(super) ticket_custom_fields: Vec<Field>,
    /// What may be done with it.
    #[serde(default, rename = "_hyperlinks", deserialize_with = "list")]
    pub(super) links: Vec<Link>,
}

/// Something that may be done.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Link {
    #[serde(rename = "ref", deserialize_with = "text")]
    pub(super) reference: String,
}

/// A user.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct User {
    #[serde(default, deserialize_with = "text")]
    pub(super) name: String,
}

/// What RT says about itself.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct About {
    #[serde(default, deserialize_with = "text")]
    pub(super) version: String,
}

/// The answer to the making of a ticket.
#[derive(Debug, Deserialize)]
pub(super) struct Made {
    #[serde(deserialize_with = "number")]
    pub(super) id: i64,
}

/// An error answer; ours to judge only if it has a message.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Problem {
    pub(super) message: Option<String>,
}

/// The body of a new ticket. It names no requestor: RT would mail them.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct NewTicket<'a> {
    pub(super) queue: &'a str,
    pub(super) subject: &'a str,
    pub(super) content: &'a str,
    pub(super) content_type: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) priority: Option<i64>,
    pub(super) custom_fields: BTreeMap<&'a str, &'a str>,
}

/// The body of a comment or of correspondence.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct NewMessage<'a> {
    pub(super) content: &'a str,
    pub(super) content_type: &'a str,
}

/// The body of a change; what is `None` stays as it is.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Change<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) status: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) started: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) owner: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) subject: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) priority: Option<i64>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) custom_fields: BTreeMap<&'a str, &'a str>,
}

/// A text of TicketSQL or TransactionSQL. What looks like a custom field is one to RT even within quotes, so whoever
/// searches for a text compares what was found.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('\'');
    for c in text.chars() {
        if matches!(c, '\'' | '\\') {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted.push('\'');
    quoted
}

/// `(a = 'x' OR a = 'y')`, of terms that are quoted already; there must be one at least.
pub(super) fn any_of(column: &str, terms: impl IntoIterator<Item = String>) -> String {
    let terms: Vec<String> = terms.into_iter().map(|term| format!("{column} = {term}")).collect();
    format!("({})", terms.join(" OR "))
}

/// A time in a query: so long ago. RT reads a date in its user's time zone and takes no zone along with it, while this
/// means the same everywhere, and however far its clock and ours are apart.
pub(super) fn ago(ms: i64) -> String {
    let seconds = ms.max(0).unsigned_abs().div_ceil(1_000).max(1);
    format!("'{seconds} seconds ago'")
}

/// A date of RT's; `None` for the one that means none.
pub(super) fn date(text: &str) -> Option<Timestamp> {
    let ms = ::pagerduty::time::unix_ms(text.trim())?;
    (ms > 0).then_some(Timestamp(ms))
}

/// A date as RT takes it: UTC, whole seconds.
pub(super) fn date_text(at: Timestamp) -> String {
    let at = jiff::Timestamp::from_second(at.0.div_euclid(1_000)).unwrap_or_default();
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A text, or whatever can be read as one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Text(pub(super) String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text(deserializer).map(Self)
    }
}

fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(deserializer.deserialize_any(Scalar)?.unwrap_or_default())
}

fn number_if_any<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    let text = deserializer.deserialize_any(Scalar)?.unwrap_or_default();
    Ok(whole(&text))
}

fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    number_if_any(deserializer)?.ok_or_else(|| de::Error::custom("an id is no number"))
}

/// A whole number, with or without a fraction of nothing.
fn whole(text: &str) -> Option<i64> {
    let text = text.trim();
    text.strip_suffix(".0").unwrap_or(text).parse().ok()
}

/// A text, a number or a truth, as text; anything else is none.
struct Scalar;

impl<'de> Visitor<'de> for Scalar {
    type Value = Option<String>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a string, a number or null")
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Some(text.to_owned()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Some(number.to_string()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Some(number.to_string()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
        Ok(Some(format!("{number:?}")))
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Self::Value, E> {
        Ok(Some(if truth { "1" } else { "0" }.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        while items.next_element::<de::IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn visit_map<A: de::MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        while entries.next_entry::<de::IgnoredAny, de::IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}

/// A list; anything else is an empty one.
fn list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    deserializer.deserialize_any(Items(PhantomData))
}

struct Items<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Items<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut list = Vec::with_capacity(items.size_hint().unwrap_or_default());
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(list)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }

    fn visit_map<A: de::MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        while entries.next_entry::<de::IgnoredAny, de::IgnoredAny>()?.is_some() {}
        Ok(Vec::new())
    }
}

#[cfg(test)]
mod tests;
