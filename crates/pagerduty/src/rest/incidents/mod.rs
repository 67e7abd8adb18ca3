//! Incidents: create, get, list, update (also many at once), merge, snooze.
//!
//! ```
//! use pagerduty::rest::incidents::{self, IncidentFilter, IncidentStatus};
//! use pagerduty::Client;
//!
//! let client = Client::builder().token("u+key").build()?;
//! let open = IncidentFilter {
//!     incident_key: Some("db-1/disk".to_owned()),
//!     statuses: vec![IncidentStatus::Triggered, IncidentStatus::Acknowledged],
//!     ..IncidentFilter::default()
//! };
//! let request = client.request(&incidents::list(&open))?;
//! assert_eq!(
//!     request.url.query(),
//!     Some("incident_key=db-1%2Fdisk&statuses%5B%5D=triggered&statuses%5B%5D=acknowledged")
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod filter;
mod object;
mod write;

use http::Method;
use serde::Serialize;
use serde_json::json;

use crate::call::{Call, Segment, object, page};
use crate::ids::IncidentId;
use crate::page::Page;
use crate::rest::reference::Written;

pub use filter::{DateRange, IncidentFilter, Include, Order, SortField};
pub use object::{
    Acknowledgement, AlertCounts, Assignment, ConferenceBridge, Incident, IncidentStatus, IncidentTypeName,
    PendingAction, Urgency,
};
pub use write::{IncidentUpdate, NewIncident};

/// Longest snooze: a week.
pub const SNOOZE_S_MAX: u32 = 604_800;

/// How many incidents or alerts one call can change.
pub const BULK_MAX: usize = 250;

const INCIDENTS: Segment<'static> = Segment::Fixed("incidents");

/// Opens an incident (`POST /incidents`).
///
/// With an incident key, an open incident on the service that has the same one makes this fail with
/// [`Class::Duplicate`](crate::Class::Duplicate), which makes a repeat after a time-out safe.
pub fn create(new: &NewIncident) -> Call<Incident> {
    object(Method::POST, [INCIDENTS], "incident").sent_by_user().wrapped("incident", new)
}

/// Reads one incident (`GET /incidents/{id}`). The answer holds references in place of what is not in `include`.
pub fn get(id: &IncidentId, include: &[Include]) -> Call<Incident> {
    object(Method::GET, [INCIDENTS, Segment::Id(id.as_str())], "incident").query_set("include[]", include)
}

/// Lists incidents (`GET /incidents`), of the last month unless the filter has a date range.
pub fn list(filter: &IncidentFilter) -> Call<Page<Incident>> {
    filter.apply(page([INCIDENTS], "incidents"))
}

/// Changes an incident (`PUT /incidents/{id}`).
///
/// Setting `triggered` or `acknowledged` on a resolved incident reopens it.
pub fn update(id: &IncidentId, update: &IncidentUpdate) -> Call<Incident> {
    let call = object(Method::PUT, [INCIDENTS, Segment::Id(id.as_str())], "incident")
        .sent_by_user()
        .wrapped("incident", update);
    if update.is_empty() { call.refused("the incident update changes nothing") } else { call }
}

/// Changes up to [`BULK_MAX`] incidents, all or none (`PUT /incidents`).
pub fn update_many(updates: &[(IncidentId, IncidentUpdate)]) -> Call<Vec<Incident>> {
    #[derive(Serialize)]
    struct Entry<'a> {
        id: &'a IncidentId,
        #[serde(flatten)]
        update: &'a IncidentUpdate,
    }
    let entries: Vec<_> = updates.iter().map(|(id, update)| Entry { id, update }).collect();
    object(Method::PUT, [INCIDENTS], "incidents")
        .sent_by_user()
        .wrapped("incidents", &entries)
        .refused_if(entries.is_empty(), "there is no incident to change")
        .refused_if(entries.len() > BULK_MAX, "at most 250 incidents can be changed at once, split the list")
}

/// Moves the alerts of `sources` into `target` and resolves `sources` (`PUT /incidents/{id}/merge`). The target must be open; the
/// answer holds little more than its id.
pub fn merge(target: &IncidentId, sources: &[IncidentId]) -> Call<Incident> {
    let path = [INCIDENTS, Segment::Id(target.as_str()), Segment::Fixed("merge")];
    let references: Vec<_> = sources.iter().map(Written).collect();
    object(Method::PUT, path, "incident")
        .sent_by_user()
        .wrapped("source_incidents", &references)
        .refused_if(sources.is_empty(), "there is no incident to merge into the target")
        .refused_if(sources.contains(target), "an incident cannot be merged into itself")
}

/// Keeps an acknowledged incident quiet for `duration_s` seconds (`POST /incidents/{id}/snooze`); the range is 1 to [`SNOOZE_S_MAX`].
pub fn snooze(id: &IncidentId, duration_s: u32) -> Call<Incident> {
    let path = [INCIDENTS, Segment::Id(id.as_str()), Segment::Fixed("snooze")];
    let call = object(Method::POST, path, "incident").sent_by_user().json(&json!({ "duration": duration_s }));
    if (1..=SNOOZE_S_MAX).contains(&duration_s) { call } else { call.refused("a snooze lasts from 1 second to a week") }
}
