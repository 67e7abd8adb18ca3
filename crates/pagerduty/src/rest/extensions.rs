//! Extensions of services, and the schemas that say what there is; webhooks of version 2 live here.
//!
//! ```
//! use pagerduty::rest::extensions::{self, NewExtension};
//! use pagerduty::Client;
//!
//! let client = Client::builder().token("u+key").build()?;
//! let new = NewExtension::new("Chat", "PSCHEMA", vec!["PSVC001".into()]);
//! assert_eq!(client.request(&extensions::create(&new))?.url.path(), "/extensions");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use http::Method;
use serde_json::{Map, Value};

use super::Reference;
use super::object::{body, object};
use super::reference;
use crate::call::{Call, Effect, Segment, delete as delete_at, object as object_at, page};
use crate::ids::{ExtensionId, ExtensionSchemaId, ObjectId, ServiceId};
use crate::page::{Page, Paging};
use crate::secret::Secret;

const EXTENSIONS: Segment<'static> = Segment::Fixed("extensions");
const SCHEMAS: Segment<'static> = Segment::Fixed("extension_schemas");

object! {
    /// An extension.
    Extension(ExtensionId) {
        /// Name.
        name: String,
        /// Where it sends to; may hold a secret.
        endpoint_url: Option<Secret>,
        /// Services it extends.
        extension_objects: Vec<Reference<ObjectId>>,
        /// What it is.
        extension_schema: Option<Reference<ExtensionSchemaId>>,
        /// Whether PagerDuty switched it off after failures; see [`enable`].
        temporarily_disabled: bool,
    }
}

object! {
    /// What an extension can be.
    ExtensionSchema(ExtensionSchemaId) {
        /// Short name, e.g. `webhook_v2`.
        key: Option<String>,
        /// Name for people.
        label: Option<String>,
        /// Description.
        description: Option<String>,
        /// What makes it send, e.g. `incident.trigger`.
        send_types: Vec<String>,
        /// Address of the instructions.
        guide_url: Option<String>,
    }
}

body! {
    /// An extension to make; for a change, set only what is to change.
    #[derive(Default)]
    NewExtension as "extension" {
        /// Name.
        name: Option<String>,
        /// Where it sends to.
        endpoint_url: Option<String>,
        /// What it is.
        #[serde(serialize_with = "reference::write")]
        extension_schema: Option<ExtensionSchemaId>,
        /// Services it extends.
        #[serde(serialize_with = "reference::write")]
        extension_objects: Vec<ServiceId>,
        /// What its schema wants, in the API's own words.
        config: Option<Map<String, Value>>,
    }
}

impl NewExtension {
    /// Starts an extension.
    pub fn new(name: impl Into<String>, schema: impl Into<ExtensionSchemaId>, services: Vec<ServiceId>) -> Self {
        Self {
            name: Some(name.into()),
            extension_schema: Some(schema.into()),
            extension_objects: services,
            ..Self::default()
        }
    }
}

/// Which extensions to list.
#[derive(Clone, Debug, Default)]
pub struct ExtensionFilter {
    /// Part of a name.
    pub query: Option<String>,
    /// Of this service.
    pub service_id: Option<ServiceId>,
    /// Of this schema.
    pub schema_id: Option<ExtensionSchemaId>,
    /// Part of the list.
    pub paging: Paging,
}

/// Lists extensions (`GET /extensions`).
pub fn list(filter: &ExtensionFilter) -> Call<Page<Extension>> {
    page([EXTENSIONS], "extensions")
        .query_opt("query", filter.query.as_ref())
        .query_opt("extension_object_id", filter.service_id.as_ref())
        .query_opt("extension_schema_id", filter.schema_id.as_ref())
        .paging(filter.paging)
}

/// Reads one extension (`GET /extensions/{id}`).
pub fn get(id: &ExtensionId) -> Call<Extension> {
    object_at(Method::GET, one(id), "extension")
}

/// Makes an extension (`POST /extensions`).
pub fn create(new: &NewExtension) -> Call<Extension> {
    let lacks = new.name.is_none() || new.extension_schema.is_none() || new.extension_objects.is_empty();
    object_at(Method::POST, [EXTENSIONS], "extension")
        .wrapped("extension", new)
        .refused_if(lacks, "an extension needs a name, a schema and a service")
}

/// Changes an extension (`PUT /extensions/{id}`).
pub fn update(id: &ExtensionId, change: &NewExtension) -> Call<Extension> {
    object_at(Method::PUT, one(id), "extension").wrapped("extension", change).with_effect(Effect::Repeatable)
}

/// Deletes an extension (`DELETE /extensions/{id}`).
pub fn delete(id: &ExtensionId) -> Call<()> {
    delete_at(one(id))
}

/// Switches an extension on again (`POST /extensions/{id}/enable`).
pub fn enable(id: &ExtensionId) -> Call<Extension> {
    let path = [EXTENSIONS, Segment::Id(id.as_str()), Segment::Fixed("enable")];
    object_at(Method::POST, path, "extension").with_effect(Effect::Repeatable)
}

/// Lists what extensions can be (`GET /extension_schemas`).
pub fn schemas(paging: Paging) -> Call<Page<ExtensionSchema>> {
    page([SCHEMAS], "extension_schemas").paging(paging)
}

/// Reads what one kind of extension is (`GET /extension_schemas/{id}`).
pub fn schema(id: &ExtensionSchemaId) -> Call<ExtensionSchema> {
    object_at(Method::GET, [SCHEMAS, Segment::Id(id.as_str())], "extension_schema")
}

fn one(id: &ExtensionId) -> [Segment<'_>; 2] {
    [EXTENSIONS, Segment::Id(id.as_str())]
}
