//! Keys of a file: which there must be, which there may be, and what they hold.

use serde_json::Value;

use super::{Check, Fields};

/// What a key holds.
#[derive(Clone, Copy, Debug)]
pub(super) enum Is {
    Text,
    Flag,
    Map,
    List,
    Texts,
}

impl Is {
    fn fits(self, value: &Value) -> bool {
        match self {
            Self::Text => value.is_string(),
            Self::Flag => value.is_boolean(),
            Self::Map => value.is_object(),
            Self::List => value.is_array(),
            Self::Texts => value.as_array().is_some_and(|items| items.iter().all(Value::is_string)),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Flag => "true or false",
            Self::Map => "a map",
            Self::List => "a list",
            Self::Texts => "a list of texts",
        }
    }
}

/// The keys of a kind of file.
pub(super) struct Keys {
    pub(super) required: &'static [&'static str],
    pub(super) known: &'static [(&'static str, Is)],
    /// Whether others are refused.
    pub(super) closed: bool,
}

/// Compares; `place` is where in the file, with a space after it, or empty.
pub(super) fn keys(check: &mut Check<'_>, file: &str, place: &str, fields: &Fields, keys: &Keys) {
    for name in keys.required {
        let given = fields.get(*name).is_some_and(|value| !value.is_null() && value.as_str() != Some(""));
        if !given {
            check.fault(file, format!("{place}`{name}` is missing"));
        }
    }
    for (name, value) in fields {
        match keys.known.iter().find(|(known, _)| known == name) {
            Some((_, is)) if !is.fits(value) => {
                check.fault(file, format!("{place}`{name}` has to be {}", is.name()));
            }
            Some(_) => {}
            None if keys.closed => check.fault(file, format!("{place}`{name}` is no key that StackStorm knows here")),
            None => {}
        }
    }
}

/// `pack`, if it is given, names this pack.
pub(super) fn of_this_pack(check: &mut Check<'_>, file: &str, fields: &Fields) {
    if let Some(pack) = fields.get("pack").and_then(Value::as_str)
        && pack != check.name
        && !check.name.is_empty()
    {
        let message = format!("`pack` is `{pack}`, but the pack is called `{}`", check.name);
        check.fault(file, message);
    }
}

/// What is referred to is there, if it is of this pack.
pub(super) fn is_there(check: &mut Check<'_>, file: &str, key: &str, reference: &str) {
    match reference.split_once('.') {
        None | Some((_, "") | ("", _)) => {
            check.fault(file, format!("`{key}` is `{reference}`; it has to be a pack, a dot, and an action"));
        }
        Some((pack, action)) if pack == check.name && !check.actions.contains_key(action) => {
            check.fault(file, format!("`{key}` is `{reference}`, and the pack has no action `{action}`"));
        }
        Some(_) => {}
    }
}

/// `^[a-z0-9_]+$`
pub(super) fn is_pack_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// `^\w+$`
pub(super) fn is_word(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || c == '_')
}
