//! Text that must not be printed.

use std::fmt;

use serde::{Deserialize, Deserializer};

/// A token, routing key or signing secret; `Debug` prints `***`.
///
/// There is no `Display` and no `Serialize`, so that the only way out is [`Secret::expose`].
///
/// ```
/// let token = pagerduty::Secret::new("u+secret");
/// assert_eq!(format!("{token:?}"), "***");
/// assert_eq!(token.expose(), "u+secret");
/// ```
#[derive(Clone)]
pub struct Secret(Box<str>);

impl Secret {
    /// Wraps `text`.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into().into_boxed_str())
    }

    /// Gives the text back, to be put on the wire and nowhere else.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}
