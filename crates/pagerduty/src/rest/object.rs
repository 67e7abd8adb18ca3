//! How objects are declared: what is read leniently, what is written only if set.

use serde_json::{Map, Value};

/// Declares objects that are read.
///
/// `Name(Id) { .. }` has the five fields of every full object, of which only the id must be there; `Name { .. }` has just its own.
/// Every field of the macro's body survives null, absence and other shapes.
macro_rules! object {
    ($(#[$meta:meta])* $name:ident($id:ty) { $($(#[$field_meta:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, serde::Deserialize)]
        pub struct $name {
            /// Id.
            pub id: $id,
            /// Type; ends in `_reference` where the answer holds only a pointer.
            #[serde(rename = "type", default, deserialize_with = "crate::lenient::field")]
            pub kind: String,
            /// Name, made by PagerDuty.
            #[serde(default, deserialize_with = "crate::lenient::field")]
            pub summary: Option<String>,
            /// Address in the API.
            #[serde(rename = "self", default, deserialize_with = "crate::lenient::field")]
            pub self_url: Option<String>,
            /// Address for people.
            #[serde(default, deserialize_with = "crate::lenient::field")]
            pub html_url: Option<String>,
            $(
                $(#[$field_meta])*
                #[serde(default, deserialize_with = "crate::lenient::field")]
                pub $field: $type,
            )*
        }

        impl crate::rest::Identified for $name {
            fn id(&self) -> &str {
                self.id.as_str()
            }
        }
    };
    ($(#[$meta:meta])* $name:ident { $($(#[$field_meta:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, serde::Deserialize)]
        pub struct $name {
            $(
                $(#[$field_meta])*
                #[serde(default, deserialize_with = "crate::lenient::field")]
                pub $field: $type,
            )*
        }
    };
}

/// Declares objects that are written: `Name as "type" { .. }`, or `Name { .. }` where no type is wanted. What is `None` or an
/// empty list is left out: absent means "as it is", null would mean "none".
macro_rules! body {
    ($(#[$meta:meta])* $name:ident as $kind:literal { $($(#[$field_meta:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, serde::Serialize)]
        #[serde(tag = "type", rename = $kind)]
        pub struct $name {
            $(
                $(#[$field_meta])*
                #[serde(skip_serializing_if = "crate::rest::object::Unset::is_unset")]
                pub $field: $type,
            )*
        }
    };
    ($(#[$meta:meta])* $name:ident { $($(#[$field_meta:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, serde::Serialize)]
        pub struct $name {
            $(
                $(#[$field_meta])*
                #[serde(skip_serializing_if = "crate::rest::object::Unset::is_unset")]
                pub $field: $type,
            )*
        }
    };
}

pub(crate) use {body, object};

/// A value that may stand for "leave it out".
pub(crate) trait Unset {
    fn is_unset(&self) -> bool {
        false
    }
}

impl<T> Unset for Option<T> {
    fn is_unset(&self) -> bool {
        self.is_none()
    }
}

impl<T> Unset for Vec<T> {
    fn is_unset(&self) -> bool {
        self.is_empty()
    }
}

impl Unset for Map<String, Value> {
    fn is_unset(&self) -> bool {
        self.is_empty()
    }
}

impl Unset for String {}
impl Unset for Value {}
impl Unset for bool {}
impl Unset for u32 {}
impl Unset for u64 {}
