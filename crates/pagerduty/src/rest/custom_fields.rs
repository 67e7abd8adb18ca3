//! Values of custom fields of an incident.
//!
//! ```
//! use pagerduty::rest::custom_fields::{self, Field};
//! use pagerduty::Client;
//! use serde_json::json;
//!
//! let client = Client::builder().token("u+key").build()?;
//! let call = custom_fields::set(&"Q1".into(), &[(Field::Name("customer".to_owned()), json!("acme"))]);
//! assert_eq!(client.request(&call)?.url.path(), "/incidents/Q1/custom_fields/values");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use http::Method;
use serde_json::{Value, json};

use super::object::object;
use crate::call::{Call, Effect, Segment, object as object_at};
use crate::ids::IncidentId;

object! {
    /// The value of a custom field.
    FieldValue {
        /// Id of the field.
        id: Option<String>,
        /// Name of the field.
        name: Option<String>,
        /// Name for people.
        display_name: Option<String>,
        /// `string`, `integer`, `float`, `boolean`, `datetime`, `url`.
        data_type: Option<String>,
        /// `single_value`, `single_value_fixed`, `multi_value`, `multi_value_fixed`.
        field_type: Option<String>,
        /// The value; null if there is none.
        value: Value,
    }
}

/// A field, by one of its names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Field {
    /// By id.
    Id(String),
    /// By name.
    Name(String),
}

/// Reads the values (`GET /incidents/{id}/custom_fields/values`).
pub fn get(incident: &IncidentId) -> Call<Vec<FieldValue>> {
    object_at(Method::GET, values(incident), "custom_fields")
}

/// Sets some values (`PUT /incidents/{id}/custom_fields/values`); null empties one.
pub fn set(incident: &IncidentId, fields: &[(Field, Value)]) -> Call<Vec<FieldValue>> {
    let field = |(field, value): &(Field, Value)| match field {
        Field::Id(id) => json!({ "id": id, "value": value }),
        Field::Name(name) => json!({ "name": name, "value": value }),
    };
    let fields: Vec<Value> = fields.iter().map(field).collect();
    object_at(Method::PUT, values(incident), "custom_fields")
        .wrapped("custom_fields", &fields)
        .with_effect(Effect::Repeatable)
        .refused_if(fields.is_empty(), "there is no custom field to set")
}

fn values(incident: &IncidentId) -> [Segment<'_>; 4] {
    let incident = Segment::Id(incident.as_str());
    [Segment::Fixed("incidents"), incident, Segment::Fixed("custom_fields"), Segment::Fixed("values")]
}
