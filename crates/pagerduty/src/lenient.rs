//! Decoding that survives `null` anywhere and optional parts of another shape than expected.
//!
//! Only what a caller cannot do without (an object's own id) is strict.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

/// Decodes to `None` what is null or of an unexpected shape.
pub(crate) fn option<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    let value = Value::deserialize(deserializer)?;
    Ok(serde_json::from_value(value).ok())
}

/// Decodes a list; null is an empty one, and elements that are null or unreadable are left out.
pub(crate) fn list<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    let Value::Array(values) = Value::deserialize(deserializer)? else {
        return Ok(Vec::new());
    };
    Ok(values.into_iter().filter_map(|value| serde_json::from_value(value).ok()).collect())
}

/// Decodes text; null is empty, a number or boolean its text.
pub(crate) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) => text,
        Value::Null => String::new(),
        other => other.to_string(),
    })
}

/// Decodes a flag; anything but `true` is false.
pub(crate) fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Ok(Value::deserialize(deserializer)? == Value::Bool(true))
}

/// A field type that reads something from every value.
pub(crate) trait Lenient: Sized {
    fn read(value: Value) -> Self;
}

/// Decodes by the field's own [`Lenient`].
pub(crate) fn field<'de, D: Deserializer<'de>, T: Lenient>(deserializer: D) -> Result<T, D::Error> {
    Value::deserialize(deserializer).map(T::read)
}

impl<T: DeserializeOwned> Lenient for Option<T> {
    fn read(value: Value) -> Self {
        serde_json::from_value(value).ok()
    }
}

impl<T: DeserializeOwned> Lenient for Vec<T> {
    fn read(value: Value) -> Self {
        list(value).unwrap_or_default()
    }
}

impl Lenient for String {
    fn read(value: Value) -> Self {
        text(value).unwrap_or_default()
    }
}

impl Lenient for bool {
    fn read(value: Value) -> Self {
        value == Value::Bool(true)
    }
}

impl Lenient for Value {
    fn read(value: Value) -> Self {
        value
    }
}

impl Lenient for Map<String, Value> {
    fn read(value: Value) -> Self {
        match value {
            Value::Object(fields) => fields,
            _ => Self::new(),
        }
    }
}
