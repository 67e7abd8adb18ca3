//! A type per id, so that one cannot be passed for another.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;
use std::sync::Arc;

/// Number of one of our incidents, given by the store in order of creation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct IncidentId(pub i64);

impl fmt::Display for IncidentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(#[serde(with = "shared_text")] Arc<str>);

        impl $name {
            /// Wraps a name that is known to be valid (configuration checks it with [`Self::parse`]).
            #[must_use]
            pub fn new(name: &str) -> Self {
                Self(name.into())
            }

            /// Accepts 1 to 40 characters of `a-z 0-9 _ -`.
            ///
            /// # Errors
            /// Says in words what is wrong with the name.
            pub fn parse(name: &str) -> Result<Self, &'static str> {
                if name.is_empty() || name.len() > 40 {
                    return Err("a name has 1 to 40 characters");
                }
                let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
                if !name.chars().all(fits) {
                    return Err("a name has only lower-case letters, digits, `-` and `_`");
                }
                Ok(Self(name.into()))
            }

            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

/// Names are shared, not copied; they are stored as text.
mod shared_text {
    use serde::{Deserialize, Deserializer, Serializer};
    use std::sync::Arc;

    pub(super) fn serialize<S: Serializer>(text: &Arc<str>, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(text)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Arc<str>, D::Error> {
        Box::<str>::deserialize(from).map(Arc::from)
    }
}

name_type!(
    /// Name of one configured system, such as `opsgenie` or `pagerduty-eu`.
    SystemName
);
name_type!(
    /// Name of one configured bridge.
    BridgeName
);

/// The far side's own id of a record: an alert id, an incident id, a ticket number.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RecordId(pub String);

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Identity of one input, made by the connector from what the sender repeats unchanged (webhook id, event id);
/// 0 means that the input has no identity and is judged by its content alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct InputId(pub u64);

impl InputId {
    /// Derives an identity from the parts that repeat in every copy of the input.
    #[must_use]
    pub fn from_parts(parts: &[&str]) -> Self {
        let mut hasher = Sha256::new();
        for part in parts {
            hasher.update((part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
        Self(first_u64(&hasher.finalize()).max(1))
    }
}

/// Proof of the right to try one lane until a time; a settle with any other token is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LeaseToken(pub i64);

/// What a [`Key`] value is to its system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyKind {
    /// The far side's id of the record.
    Record,
    /// The key we gave when we created the record (PagerDuty's `incident_key`, an alias, a custom field).
    CreateKey,
    /// The id of another system's record, which this record says it belongs to. It finds an incident that has no record
    /// of this system yet, and makes a new one take the other record over instead of making one.
    Linked,
}

/// A way in which an input names the record that it is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Key {
    /// What the value is.
    pub kind: KeyKind,
    /// The value, exactly as the far side writes it.
    pub value: String,
}

impl Key {
    /// The 64-bit hash under which stores index the value. The system is left out on purpose: the id of an Opsgenie
    /// alert is also the `incident_key` of its PagerDuty incident, and one index row serves both.
    #[must_use]
    pub fn hash(&self) -> i64 {
        hash_text(&self.value)
    }
}

/// First 64 bits of the SHA-256 of a text. Stored for ever, so it may never change.
#[must_use]
pub fn hash_text(text: &str) -> i64 {
    first_u64(&Sha256::digest(text.as_bytes())).cast_signed()
}

fn first_u64(digest: &[u8]) -> u64 {
    let mut first = [0; 8];
    first.copy_from_slice(&digest[..8]);
    u64::from_be_bytes(first)
}
