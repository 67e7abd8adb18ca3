//! Integrations: the ways into a service, each with a routing key or an address. They cannot be deleted by the API.
//!
//! ```
//! use pagerduty::rest::integrations::{self, NewIntegration};
//! use pagerduty::Client;
//!
//! let client = Client::builder().token("u+key").build()?;
//! let request = client.request(&integrations::create(&"PSVC001".into(), &NewIntegration::events_api_v2("Events API")))?;
//! assert_eq!(
//!     request.body.as_deref(),
//!     Some(br#"{"integration":{"type":"events_api_v2_inbound_integration","name":"Events API"}}"#.as_slice())
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use http::Method;

use super::Reference;
use super::object::{body, object};
use super::reference;
use crate::call::{Call, Effect, Segment, object as object_at};
use crate::ids::{IntegrationId, ServiceId, VendorId};
use crate::secret::Secret;

object! {
    /// An integration. What a service holds without including it is only the first five fields.
    Integration(IntegrationId) {
        /// Name.
        name: String,
        /// The service it leads to.
        service: Option<Reference<ServiceId>>,
        /// When it was made, ISO 8601.
        created_at: Option<String>,
        /// The product it is made for.
        vendor: Option<Reference<VendorId>>,
        /// The routing key of events that come by it.
        integration_key: Option<Secret>,
        /// The address of mails that come by it.
        integration_email: Option<String>,
    }
}

body! {
    /// An integration to make or change.
    NewIntegration {
        /// Type, e.g. `events_api_v2_inbound_integration`.
        #[serde(rename = "type")]
        kind: String,
        /// Name.
        name: Option<String>,
        /// The product it is made for.
        #[serde(serialize_with = "reference::write")]
        vendor: Option<VendorId>,
        /// The address of an e-mail integration.
        integration_email: Option<String>,
    }
}

impl NewIntegration {
    /// Starts a way in for the Events API v2 and change events.
    pub fn events_api_v2(name: impl Into<String>) -> Self {
        Self::of_kind("events_api_v2_inbound_integration", name)
    }

    /// Starts a way in for the Events API v1.
    pub fn events_api_v1(name: impl Into<String>) -> Self {
        Self::of_kind("generic_events_api_inbound_integration", name)
    }

    /// Starts a way in of another type.
    pub fn of_kind(kind: impl Into<String>, name: impl Into<String>) -> Self {
        Self { kind: kind.into(), name: Some(name.into()), vendor: None, integration_email: None }
    }
}

/// Makes an integration (`POST /services/{id}/integrations`).
pub fn create(service: &ServiceId, new: &NewIntegration) -> Call<Integration> {
    let path = [Segment::Fixed("services"), Segment::Id(service.as_str()), Segment::Fixed("integrations")];
    object_at(Method::POST, path, "integration").wrapped("integration", new)
}

/// Reads one integration (`GET /services/{id}/integrations/{integration}`).
pub fn get(service: &ServiceId, id: &IntegrationId) -> Call<Integration> {
    object_at(Method::GET, one(service, id), "integration")
}

/// Changes an integration (`PUT /services/{id}/integrations/{integration}`).
pub fn update(service: &ServiceId, id: &IntegrationId, change: &NewIntegration) -> Call<Integration> {
    object_at(Method::PUT, one(service, id), "integration")
        .wrapped("integration", change)
        .with_effect(Effect::Repeatable)
}

fn one<'a>(service: &'a ServiceId, id: &'a IntegrationId) -> [Segment<'a>; 4] {
    let service = Segment::Id(service.as_str());
    [Segment::Fixed("services"), service, Segment::Fixed("integrations"), Segment::Id(id.as_str())]
}
