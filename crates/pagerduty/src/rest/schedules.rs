//! Schedules: who is on call when.
//!
//! ```
//! use pagerduty::rest::schedules::{self, NewLayer, NewSchedule};
//! use pagerduty::Client;
//!
//! let client = Client::builder().token("u+key").build()?;
//! let weekly = NewLayer::new("2026-01-05T09:00:00Z", 7 * 24 * 3600, vec!["PUSR001".into(), "PUSR002".into()]);
//! let new = NewSchedule::new("Primary", "Europe/Berlin", vec![weekly]);
//! let request = client.request(&schedules::create(&new, false))?;
//! assert_eq!(request.url.path(), "/schedules");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use http::Method;

use super::Reference;
use super::object::object;
use super::users::User;
use crate::call::{Call, Effect, Segment, delete as delete_at, object as object_at, page};
use crate::ids::{EscalationPolicyId, ScheduleId, TeamId, UserId};
use crate::open_enum::open_enum;
use crate::page::{Page, Paging};

pub use super::schedule_body::{NewLayer, NewSchedule, Restriction};

const SCHEDULES: Segment<'static> = Segment::Fixed("schedules");

object! {
    /// A schedule. Entries are worked out only when a window is asked for.
    Schedule(ScheduleId) {
        /// Name.
        name: String,
        /// Description.
        description: Option<String>,
        /// Time zone.
        time_zone: Option<String>,
        /// Everybody who is on it.
        users: Vec<Reference<UserId>>,
        /// Teams it belongs to.
        teams: Vec<Reference<TeamId>>,
        /// Policies that use it.
        escalation_policies: Vec<Reference<EscalationPolicyId>>,
        /// The layers; those later in the list win.
        schedule_layers: Vec<Layer>,
        /// What the overrides make of it.
        overrides_subschedule: Option<SubSchedule>,
        /// What all layers and overrides together make.
        final_schedule: Option<SubSchedule>,
    }
}

object! {
    /// A layer of a schedule: people who take turns.
    Layer {
        /// Id.
        id: Option<String>,
        /// Name.
        name: Option<String>,
        /// When it takes effect, ISO 8601 like the times below.
        start: Option<String>,
        /// When it ends; `None` is never.
        end: Option<String>,
        /// Who takes turns, in order.
        users: Vec<LayerUser>,
        /// The hours it is limited to.
        restrictions: Vec<Restriction>,
        /// When the first turn began.
        rotation_virtual_start: Option<String>,
        /// How long a turn is, in seconds.
        rotation_turn_length_seconds: Option<u64>,
        /// Who it puts on call in the window that was asked for.
        rendered_schedule_entries: Vec<Entry>,
        /// How much of the window it covers, in percent.
        rendered_coverage_percentage: Option<f64>,
    }
}

object! {
    /// Who is in a layer.
    LayerUser {
        /// The user.
        user: Option<Reference<UserId>>,
    }
}

object! {
    /// The part of a schedule that overrides, or everything, make.
    SubSchedule {
        /// `Overrides` or `Final Schedule`.
        name: Option<String>,
        /// Who it puts on call in the window that was asked for.
        rendered_schedule_entries: Vec<Entry>,
        /// How much of the window it covers, in percent.
        rendered_coverage_percentage: Option<f64>,
    }
}

object! {
    /// A shift.
    Entry {
        /// Who is on call.
        user: Option<Reference<UserId>>,
        /// From when; cut at the window.
        start: Option<String>,
        /// Until when; cut at the window.
        end: Option<String>,
    }
}

open_enum! {
    /// What to show in a list of schedules.
    Include {
        /// The layers.
        ScheduleLayers = "schedule_layers",
        /// What the overrides make.
        OverridesSubschedule = "overrides_subschedule",
        /// What everything makes.
        FinalSchedule = "final_schedule",
    }
}

/// A window in which shifts are worked out, ISO 8601. With one end only, it spans two weeks.
#[derive(Clone, Debug, Default)]
pub struct Window {
    /// From when.
    pub since: Option<String>,
    /// Until when.
    pub until: Option<String>,
    /// Time zone of the times in the answer.
    pub time_zone: Option<String>,
    /// Whether shifts are shown in full although they reach out of the window.
    pub overflow: bool,
}

impl<T> Call<T> {
    fn window(self, window: &Window) -> Self {
        self.query_opt("since", window.since.as_ref())
            .query_opt("until", window.until.as_ref())
            .query_opt("time_zone", window.time_zone.as_ref())
            .query_flag("overflow", window.overflow)
    }
}

/// Which schedules to list.
#[derive(Clone, Debug, Default)]
pub struct ScheduleFilter {
    /// Part of a name.
    pub query: Option<String>,
    /// The window for what is included.
    pub window: Window,
    /// What to show.
    pub include: Vec<Include>,
    /// Part of the list.
    pub paging: Paging,
}

/// Lists schedules (`GET /schedules`).
pub fn list(filter: &ScheduleFilter) -> Call<Page<Schedule>> {
    page([SCHEDULES], "schedules")
        .query_opt("query", filter.query.as_ref())
        .window(&filter.window)
        .query_set("include[]", &filter.include)
        .paging(filter.paging)
}

/// Reads one schedule (`GET /schedules/{id}`).
pub fn get(id: &ScheduleId, window: &Window) -> Call<Schedule> {
    object_at(Method::GET, one(id), "schedule").window(window)
}

/// Makes a schedule (`POST /schedules`); `overflow` is for the shifts in the answer.
pub fn create(new: &NewSchedule, overflow: bool) -> Call<Schedule> {
    object_at(Method::POST, [SCHEDULES], "schedule")
        .query_flag("overflow", overflow)
        .wrapped("schedule", new)
        .refused_if(new.schedule_layers.is_empty(), "a schedule needs a layer")
}

/// Works out what a schedule would be, without making it (`POST /schedules/preview`).
pub fn preview(new: &NewSchedule, window: &Window) -> Call<Schedule> {
    object_at(Method::POST, [SCHEDULES, Segment::Fixed("preview")], "schedule")
        .window(window)
        .wrapped("schedule", new)
        .with_effect(Effect::Read)
}

/// Changes a schedule (`PUT /schedules/{id}`). The layers are replaced as a whole.
pub fn update(id: &ScheduleId, change: &NewSchedule, overflow: bool) -> Call<Schedule> {
    object_at(Method::PUT, one(id), "schedule")
        .query_flag("overflow", overflow)
        .wrapped("schedule", change)
        .with_effect(Effect::Repeatable)
}

/// Deletes a schedule (`DELETE /schedules/{id}`); refused while an escalation policy uses it.
pub fn delete(id: &ScheduleId) -> Call<()> {
    delete_at(one(id))
}

/// Lists everybody who is on call in a window (`GET /schedules/{id}/users`), now without one; there are no pages.
pub fn users(id: &ScheduleId, since: Option<&str>, until: Option<&str>) -> Call<Vec<User>> {
    object_at(Method::GET, [SCHEDULES, Segment::Id(id.as_str()), Segment::Fixed("users")], "users")
        .query_opt("since", since)
        .query_opt("until", until)
}

fn one(id: &ScheduleId) -> [Segment<'_>; 2] {
    [SCHEDULES, Segment::Id(id.as_str())]
}
