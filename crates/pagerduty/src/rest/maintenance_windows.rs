//! Maintenance windows: times in which services make no incidents.
//!
//! ```
//! use pagerduty::rest::maintenance_windows::{self, NewMaintenanceWindow};
//! use pagerduty::Client;
//!
//! let client = Client::builder().token("u+key").from("ann@example.com").build()?;
//! let new = NewMaintenanceWindow::new("2026-01-02T18:00:00Z", "2026-01-02T20:00:00Z", vec!["PSVC001".into()]);
//! let request = client.request(&maintenance_windows::create(&new))?;
//! assert_eq!(request.headers["from"], "ann@example.com");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use http::Method;

use super::Reference;
use super::object::{body, object};
use super::reference;
use crate::call::{Call, Effect, Segment, delete as delete_at, object as object_at, page};
use crate::ids::{MaintenanceWindowId, ServiceId, TeamId, UserId};
use crate::open_enum::open_enum;
use crate::page::{Page, Paging};

const WINDOWS: Segment<'static> = Segment::Fixed("maintenance_windows");

object! {
    /// A maintenance window.
    MaintenanceWindow(MaintenanceWindowId) {
        /// Number people use.
        sequence_number: Option<u64>,
        /// From when, ISO 8601.
        start_time: Option<String>,
        /// Until when.
        end_time: Option<String>,
        /// Why.
        description: Option<String>,
        /// Services that are quiet meanwhile.
        services: Vec<Reference<ServiceId>>,
        /// Teams of the services.
        teams: Vec<Reference<TeamId>>,
        /// Who made it.
        created_by: Option<Reference<UserId>>,
    }
}

body! {
    /// A maintenance window to make; for a change, set only what is to change.
    #[derive(Default)]
    NewMaintenanceWindow as "maintenance_window" {
        /// From when, ISO 8601; a time that is past becomes now.
        start_time: Option<String>,
        /// Until when.
        end_time: Option<String>,
        /// Why.
        description: Option<String>,
        /// Services that are to be quiet.
        #[serde(serialize_with = "reference::write")]
        services: Vec<ServiceId>,
    }
}

impl NewMaintenanceWindow {
    /// Starts a window.
    pub fn new(start_time: impl Into<String>, end_time: impl Into<String>, services: Vec<ServiceId>) -> Self {
        Self { start_time: Some(start_time.into()), end_time: Some(end_time.into()), description: None, services }
    }
}

open_enum! {
    /// Which windows by time.
    When {
        /// Over.
        Past = "past",
        /// Not begun.
        Future = "future",
        /// Under way.
        Ongoing = "ongoing",
        /// Under way or not begun.
        Open = "open",
        /// All.
        All = "all",
    }
}

open_enum! {
    /// What to show in full instead of as a reference.
    Include {
        /// Services.
        Services = "services",
        /// Teams.
        Teams = "teams",
        /// Who made it.
        Users = "users",
    }
}

/// Which maintenance windows to list.
#[derive(Clone, Debug, Default)]
pub struct MaintenanceWindowFilter {
    /// Part of a description.
    pub query: Option<String>,
    /// Of these services.
    pub service_ids: Vec<ServiceId>,
    /// Of these teams.
    pub team_ids: Vec<TeamId>,
    /// By time.
    pub when: Option<When>,
    /// What to show in full.
    pub include: Vec<Include>,
    /// Part of the list.
    pub paging: Paging,
}

/// Lists maintenance windows (`GET /maintenance_windows`).
pub fn list(filter: &MaintenanceWindowFilter) -> Call<Page<MaintenanceWindow>> {
    page([WINDOWS], "maintenance_windows")
        .query_opt("query", filter.query.as_ref())
        .query_set("service_ids[]", &filter.service_ids)
        .query_set("team_ids[]", &filter.team_ids)
        .query_opt("filter", filter.when.as_ref())
        .query_set("include[]", &filter.include)
        .paging(filter.paging)
}

/// Reads one maintenance window (`GET /maintenance_windows/{id}`).
pub fn get(id: &MaintenanceWindowId, include: &[Include]) -> Call<MaintenanceWindow> {
    object_at(Method::GET, one(id), "maintenance_window").query_set("include[]", include)
}

/// Makes a maintenance window (`POST /maintenance_windows`).
pub fn create(new: &NewMaintenanceWindow) -> Call<MaintenanceWindow> {
    let lacks = new.start_time.is_none() || new.end_time.is_none() || new.services.is_empty();
    object_at(Method::POST, [WINDOWS], "maintenance_window")
        .sent_by_user()
        .wrapped("maintenance_window", new)
        .refused_if(lacks, "a maintenance window needs a start, an end and a service")
}

/// Changes a maintenance window (`PUT /maintenance_windows/{id}`).
pub fn update(id: &MaintenanceWindowId, change: &NewMaintenanceWindow) -> Call<MaintenanceWindow> {
    object_at(Method::PUT, one(id), "maintenance_window")
        .wrapped("maintenance_window", change)
        .with_effect(Effect::Repeatable)
}

/// Deletes a window that has not begun, ends one that is under way (`DELETE /maintenance_windows/{id}`); one that is over is
/// refused with 405.
pub fn delete(id: &MaintenanceWindowId) -> Call<()> {
    delete_at(one(id))
}

fn one(id: &MaintenanceWindowId) -> [Segment<'_>; 2] {
    [WINDOWS, Segment::Id(id.as_str())]
}
