//! What many objects share.

use serde::de::DeserializeOwned;
use serde::ser::SerializeSeq;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::object::Unset;
use crate::ids::{
    BusinessServiceId, ContactMethodId, EscalationPolicyId, ExtensionSchemaId, IncidentId, ObjectId, PriorityId,
    ScheduleId, ServiceId, TagId, TeamId, UserId, VendorId,
};
use crate::lenient;

/// An object with an id of its own.
pub trait Identified {
    /// Gives the id as text.
    fn id(&self) -> &str;
}

impl Identified for Reference<ObjectId> {
    fn id(&self) -> &str {
        self.id.as_str()
    }
}

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

/// A field that is written as a reference, or as a list of them, by `#[serde(serialize_with = "reference::write")]`.
pub(crate) trait WriteReference {
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error>;
}

pub(crate) fn write<T: WriteReference, S: Serializer>(field: &T, serializer: S) -> Result<S::Ok, S::Error> {
    field.write(serializer)
}

impl<T: WriteReference> WriteReference for Option<T> {
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Some(field) => field.write(serializer),
            None => serializer.serialize_none(),
        }
    }
}

impl<T: WriteReference> WriteReference for Vec<T> {
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.len()))?;
        for field in self {
            list.serialize_element(&Written(field))?;
        }
        list.end()
    }
}

/// Makes a field that is written as a reference an ordinary value.
pub(crate) struct Written<'a, T>(pub(crate) &'a T);

impl<T: WriteReference> Serialize for Written<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.write(serializer)
    }
}

macro_rules! references {
    ($($id:ident as $kind:literal),+ $(,)?) => {$(
        impl WriteReference for $id {
            fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                RefBody::new(self.as_str(), $kind).serialize(serializer)
            }
        }

        impl Unset for $id {}
    )+};
}

references! {
    BusinessServiceId as "business_service_reference",
    ContactMethodId as "contact_method_reference",
    EscalationPolicyId as "escalation_policy_reference",
    ExtensionSchemaId as "extension_schema_reference",
    IncidentId as "incident_reference",
    PriorityId as "priority_reference",
    ScheduleId as "schedule_reference",
    ServiceId as "service_reference",
    TagId as "tag_reference",
    TeamId as "team_reference",
    UserId as "user_reference",
    VendorId as "vendor_reference",
}
