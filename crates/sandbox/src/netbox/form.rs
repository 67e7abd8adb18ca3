//! Reads the fields that a client sends, and collects what is wrong with them.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::model::Fields;
use super::refusal::Refusal;
use crate::clock::parse_time;
use crate::wire::Call;

const NULL: &str = "This field may not be null.";

/// The fields of one body.
pub(crate) struct Form<'a> {
    given: &'a Fields,
    /// Whether what is required may be absent, as in a PATCH.
    partial: bool,
    errors: Fields,
}

/// What a text must be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Text {
    pub(crate) characters_max: usize,
    pub(crate) required: bool,
    pub(crate) blank: bool,
}

impl Text {
    pub(crate) const fn required(characters_max: usize) -> Text {
        Text { characters_max, required: true, blank: false }
    }

    pub(crate) const fn optional(characters_max: usize) -> Text {
        Text { characters_max, required: false, blank: true }
    }
}

impl<'a> Form<'a> {
    pub(crate) fn new(given: &'a Fields, partial: bool) -> Form<'a> {
        Form { given, partial, errors: Fields::new() }
    }

    /// Returns a field's value; none, with an error if it is required, when it is absent.
    pub(crate) fn value(&mut self, name: &str, required: bool) -> Option<&'a Value> {
        let value = self.given.get(name);
        if value.is_none() && required && !self.partial {
            self.wrong(name, "This field is required.");
        }
        value
    }

    pub(crate) fn wrong(&mut self, name: &str, why: &str) {
        self.errors.insert(name.to_owned(), json!([why]));
    }

    pub(crate) fn text(&mut self, name: &str, rule: Text) -> Option<String> {
        let text = match self.value(name, rule.required)? {
            Value::String(text) => text.trim().to_owned(),
            Value::Number(number) => number.to_string(),
            Value::Null => return self.refuse(name, NULL),
            _ => return self.refuse(name, "Not a valid string."),
        };
        if text.is_empty() && !rule.blank {
            return self.refuse(name, "This field may not be blank.");
        }
        if text.chars().count() > rule.characters_max {
            let why = format!("Ensure this field has no more than {} characters.", rule.characters_max);
            return self.refuse(name, &why);
        }
        Some(text)
    }

    /// Reads a text that may be null; the outer option tells whether it was sent.
    pub(crate) fn text_or_null(&mut self, name: &str, rule: Text) -> Option<Option<String>> {
        match self.value(name, rule.required)? {
            Value::Null => Some(None),
            _ => self.text(name, rule).map(Some),
        }
    }

    pub(crate) fn choice(&mut self, name: &str, choices: &[&str]) -> Option<String> {
        let value = self.value(name, true)?;
        match value {
            Value::Null => self.refuse(name, NULL),
            Value::String(text) if choices.contains(&text.as_str()) => Some(text.clone()),
            Value::String(text) => self.refuse(name, &format!("\"{text}\" is not a valid choice.")),
            other => self.refuse(name, &format!("\"{other}\" is not a valid choice.")),
        }
    }

    /// Reads a time; the outer option tells whether it was sent.
    pub(crate) fn time(&mut self, name: &str, required: bool) -> Option<Option<Timestamp>> {
        let at = match self.value(name, required)? {
            Value::Null if required => return self.refuse(name, NULL),
            Value::Null => return Some(None),
            Value::String(text) => parse_time(text),
            _ => None,
        };
        if at.is_none() {
            let why = "Datetime has wrong format. Use one of these formats instead: \
                       YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z].";
            return self.refuse(name, why);
        }
        Some(at)
    }

    /// Reads the number of an object, or of a content type; the outer option tells whether it was sent.
    pub(crate) fn number_or_null(&mut self, name: &str) -> Option<Option<u64>> {
        match self.value(name, false)? {
            Value::Null => Some(None),
            Value::Number(number) if number.as_u64().is_some() => Some(number.as_u64()),
            Value::String(text) if text.parse::<u64>().is_ok() => Some(text.parse().ok()),
            Value::String(_) => self.refuse(name, "A valid integer is required."),
            _ => self.refuse(name, "Incorrect type. Expected pk value."),
        }
    }

    pub(crate) fn flag(&mut self, name: &str) -> Option<bool> {
        match self.value(name, false)? {
            Value::Bool(flag) => Some(*flag),
            Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
            Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
            Value::Null => self.refuse(name, NULL),
            _ => self.refuse(name, "Must be a valid boolean."),
        }
    }

    pub(crate) fn done(self) -> Result<(), Refusal> {
        if self.errors.is_empty() { Ok(()) } else { Err(Refusal::Invalid(self.errors)) }
    }

    pub(crate) fn errors(self) -> Fields {
        self.errors
    }

    fn refuse<T>(&mut self, name: &str, why: &str) -> Option<T> {
        self.wrong(name, why);
        None
    }
}

/// Reads a body that must be an object; an empty one is one without fields.
pub(crate) fn object(call: &Call) -> Result<Fields, Refusal> {
    if call.body.is_empty() {
        return Ok(Fields::new());
    }
    match serde_json::from_slice::<Value>(&call.body) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(other) => {
            let kind = match other {
                Value::Array(_) => "list",
                Value::String(_) => "str",
                Value::Number(_) => "int",
                Value::Bool(_) => "bool",
                _ => "NoneType",
            };
            let why = format!("Invalid data. Expected a dictionary, but got {kind}.");
            Err(Refusal::Invalid([("non_field_errors".to_owned(), json!([why]))].into_iter().collect()))
        }
        Err(error) => Err(Refusal::Detail(400, parse_error(&error))),
    }
}

/// Says where a body stops being JSON, in Python's words.
fn parse_error(error: &serde_json::Error) -> String {
    let expected = match error.to_string() {
        text if text.contains("key must be a string") => "property name enclosed in double quotes",
        text if text.contains("expected `:`") => "':' delimiter",
        text if text.contains("expected `,`") => "',' delimiter",
        _ => "value",
    };
    let (line, column) = (error.line(), error.column());
    let character = column.saturating_sub(1);
    format!("JSON parse error - Expecting {expected}: line {line} column {column} (char {character})")
}
