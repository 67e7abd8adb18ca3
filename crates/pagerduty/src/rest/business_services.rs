//! Business services: what customers see, made up of services.
//!
//! ```
//! use pagerduty::rest::business_services::{self, NewBusinessService};
//! use pagerduty::Client;
//!
//! let client = Client::builder().token("u+key").build()?;
//! let request = client.request(&business_services::create(&NewBusinessService::new("Shop")))?;
//! assert_eq!(request.url.path(), "/business_services");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use http::Method;

use super::Reference;
use super::object::{body, object};
use crate::call::{Call, Effect, Segment, delete as delete_at, object as object_at, page};
use crate::ids::{BusinessServiceId, IncidentId, ObjectId, TeamId};
use crate::page::{Page, Paging};

const SERVICES: Segment<'static> = Segment::Fixed("business_services");

object! {
    /// A business service.
    BusinessService(BusinessServiceId) {
        /// Name.
        name: String,
        /// Description.
        description: Option<String>,
        /// Who answers for it.
        point_of_contact: Option<String>,
        /// The team that owns it.
        team: Option<Reference<TeamId>>,
    }
}

object! {
    /// A business service that an incident touches.
    Impact(ObjectId) {
        /// Name.
        name: Option<String>,
        /// `impacted` or `not_impacted`.
        status: Option<String>,
    }
}

body! {
    /// A business service to make; for a change, set only what is to change.
    #[derive(Default)]
    NewBusinessService {
        /// Name.
        name: Option<String>,
        /// Description.
        description: Option<String>,
        /// Who answers for it.
        point_of_contact: Option<String>,
        /// The team that owns it.
        team: Option<OwnerTeam>,
    }
}

body! {
    /// The owner of a business service, which the API takes by id alone.
    OwnerTeam {
        /// Id of the team.
        id: TeamId,
    }
}

impl NewBusinessService {
    /// Starts a business service.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: Some(name.into()), ..Self::default() }
    }
}

/// Lists business services (`GET /business_services`).
pub fn list(paging: Paging) -> Call<Page<BusinessService>> {
    page([SERVICES], "business_services").paging(paging)
}

/// Reads one business service (`GET /business_services/{id}`).
pub fn get(id: &BusinessServiceId) -> Call<BusinessService> {
    object_at(Method::GET, one(id), "business_service")
}

/// Makes a business service (`POST /business_services`).
pub fn create(new: &NewBusinessService) -> Call<BusinessService> {
    object_at(Method::POST, [SERVICES], "business_service")
        .wrapped("business_service", new)
        .refused_if(new.name.is_none(), "a business service needs a name")
}

/// Changes a business service (`PUT /business_services/{id}`).
pub fn update(id: &BusinessServiceId, change: &NewBusinessService) -> Call<BusinessService> {
    object_at(Method::PUT, one(id), "business_service")
        .wrapped("business_service", change)
        .with_effect(Effect::Repeatable)
}

/// Deletes a business service (`DELETE /business_services/{id}`).
pub fn delete(id: &BusinessServiceId) -> Call<()> {
    delete_at(one(id))
}

/// Lists the business services that are touched now (`GET /business_services/impacts`).
pub fn impacts(paging: Paging) -> Call<Page<Impact>> {
    page([SERVICES, Segment::Fixed("impacts")], "services").paging(paging)
}

/// Lists the business services that one incident touches (`GET /incidents/{id}/business_services/impacts`).
pub fn impacts_of(incident: &IncidentId) -> Call<Page<Impact>> {
    let incident = Segment::Id(incident.as_str());
    page([Segment::Fixed("incidents"), incident, SERVICES, Segment::Fixed("impacts")], "services")
}

fn one(id: &BusinessServiceId) -> [Segment<'_>; 2] {
    [SERVICES, Segment::Id(id.as_str())]
}
