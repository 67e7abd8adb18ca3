//! What many objects share.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};

use crate::ids::IncidentId;
use crate::lenient;

/// A pointer to another object; decodes from the full object as well.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(bound = "I: DeserializeOwned")]
pub struct Reference<I> {
    /// Id of the object.
    pub id: I,
    /// E.g. `user_reference`, or `user` when the object was included in full.
    #[serde(rename = "type", default, deserialize_with = "lenient::text")]
    pub kind: String,
    /// The object's name, made by PagerDuty.
    #[serde(default, deserialize_with = "lenient::option")]
    pub summary: Option<String>,
    /// Address in the API.
    #[serde(rename = "self", default, deserialize_with = "lenient::option")]
    pub self_url: Option<String>,
    /// Address for people.
    #[serde(default, deserialize_with = "lenient::option")]
    pub html_url: Option<String>,
}

/// Why an incident is resolved, when it was not simply that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResolveReason {
    /// Merged into another incident, not fixed.
    Merged {
        /// The incident it became part of.
        into: Option<Reference<IncidentId>>,
    },
    /// A reason this crate does not know.
    Other {
        /// Its type.
        kind: String,
    },
}

impl<'de> Deserialize<'de> for ResolveReason {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Wire {
            #[serde(rename = "type", default, deserialize_with = "lenient::text")]
            kind: String,
            #[serde(default, deserialize_with = "lenient::option")]
            incident: Option<Reference<IncidentId>>,
        }
        let wire = Wire::deserialize(deserializer)?;
        Ok(match wire.kind.as_str() {
            "merge_resolve_reason" => Self::Merged { into: wire.incident },
            _ => Self::Other { kind: wire.kind },
        })
    }
}

/// A reference in a request: id and type are all it takes.
#[derive(Serialize)]
pub(crate) struct RefBody<'a> {
    id: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
}

impl<'a> RefBody<'a> {
    pub(crate) fn new(id: &'a str, kind: &'static str) -> Self {
        Self { id, kind }
    }
}
