//! Change events as they are read; they are sent by [`events::change`](crate::events::change).
//!
//! ```
//! use pagerduty::rest::change_events::{self, ChangeEventFilter};
//! use pagerduty::Client;
//!
//! let client = Client::builder().token("u+key").build()?;
//! let request = client.request(&change_events::of_service(&"PSVC001".into(), &ChangeEventFilter::default()))?;
//! assert_eq!(request.url.path(), "/services/PSVC001/change_events");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use http::Method;
use serde_json::{Map, Value};

use super::Reference;
use super::object::object;
use crate::call::{Call, Segment, object as object_at, page};
use crate::ids::{ChangeEventId, IntegrationId, ServiceId, TeamId};
use crate::page::{Page, Paging};

const EVENTS: Segment<'static> = Segment::Fixed("change_events");

object! {
    /// A change event; [`summary`](Self::summary) is what the sender wrote.
    ChangeEvent(ChangeEventId) {
        /// When, ISO 8601.
        timestamp: Option<String>,
        /// Where.
        source: Option<String>,
        /// By which integration it came.
        integration: Option<Reference<IntegrationId>>,
        /// Services it is on.
        services: Vec<Reference<ServiceId>>,
        /// Links.
        links: Vec<ChangeLink>,
        /// Free fields.
        custom_details: Map<String, Value>,
    }
}

object! {
    /// A link of a change event.
    ChangeLink {
        /// Address.
        href: Option<String>,
        /// Text to click on.
        text: Option<String>,
    }
}

/// Which change events to list. Times must be UTC.
#[derive(Clone, Debug, Default)]
pub struct ChangeEventFilter {
    /// From when, ISO 8601 with `Z`.
    pub since: Option<String>,
    /// Until when.
    pub until: Option<String>,
    /// Of these teams.
    pub team_ids: Vec<TeamId>,
    /// By these integrations.
    pub integration_ids: Vec<IntegrationId>,
    /// Part of the list.
    pub paging: Paging,
}

impl ChangeEventFilter {
    fn apply<T>(&self, call: Call<T>) -> Call<T> {
        call.query_opt("since", self.since.as_ref())
            .query_opt("until", self.until.as_ref())
            .query_set("team_ids[]", &self.team_ids)
            .query_set("integration_ids[]", &self.integration_ids)
            .paging(self.paging)
    }
}

/// Lists the change events of the account (`GET /change_events`).
pub fn list(filter: &ChangeEventFilter) -> Call<Page<ChangeEvent>> {
    filter.apply(page([EVENTS], "change_events"))
}

/// Lists the change events of one service (`GET /services/{id}/change_events`).
pub fn of_service(service: &ServiceId, filter: &ChangeEventFilter) -> Call<Page<ChangeEvent>> {
    filter.apply(page([Segment::Fixed("services"), Segment::Id(service.as_str()), EVENTS], "change_events"))
}

/// Reads one change event (`GET /change_events/{id}`).
pub fn get(id: &ChangeEventId) -> Call<ChangeEvent> {
    object_at(Method::GET, [EVENTS, Segment::Id(id.as_str())], "change_event")
}
