//! Log entries: what happened to incidents.
//!
//! ```
//! use pagerduty::rest::log_entries::{self, LogEntryFilter};
//! use pagerduty::Client;
//!
//! let client = Client::builder().token("u+key").build()?;
//! let request = client.request(&log_entries::of_incident(&"Q1".into(), &LogEntryFilter::default()))?;
//! assert_eq!(request.url.path(), "/incidents/Q1/log_entries");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use http::Method;
use serde_json::{Map, Value, json};

use super::Reference;
use super::object::object;
use crate::call::{Call, Effect, Segment, nothing, object as object_at, page};
use crate::ids::{IncidentId, LogEntryId, ObjectId, ServiceId, TeamId, UserId};
use crate::open_enum::open_enum;
use crate::page::{Page, Paging};

const ENTRIES: Segment<'static> = Segment::Fixed("log_entries");

object! {
    /// A log entry; [`kind`](Self::kind) says what happened, e.g. `acknowledge_log_entry`.
    LogEntry(LogEntryId) {
        /// When, ISO 8601.
        created_at: Option<String>,
        /// Who or what did it: a user, a service, an integration.
        agent: Option<Reference<ObjectId>>,
        /// By which way, as it came; with all its fields only with [`Include::Channels`].
        channel: Option<Map<String, Value>>,
        /// The incident.
        incident: Option<Reference<IncidentId>>,
        /// Its service.
        service: Option<Reference<ServiceId>>,
        /// Its teams.
        teams: Vec<Reference<TeamId>>,
        /// Links and pictures of the event, as they came.
        contexts: Vec<Map<String, Value>>,
        /// What the event said.
        event_details: Option<Map<String, Value>>,
        /// A note that came with it, e.g. why it was resolved.
        note: Option<String>,
        /// Who it was assigned to.
        assignees: Vec<Reference<ObjectId>>,
        /// Seconds until an acknowledgement ends.
        acknowledgement_timeout: Option<u64>,
        /// Who was notified.
        user: Option<Reference<UserId>>,
    }
}

open_enum! {
    /// What to show in full instead of as a reference.
    Include {
        /// Incidents.
        Incidents = "incidents",
        /// Services.
        Services = "services",
        /// The ways by which things happened.
        Channels = "channels",
        /// Teams.
        Teams = "teams",
    }
}

/// Which log entries to list.
#[derive(Clone, Debug, Default)]
pub struct LogEntryFilter {
    /// From when, ISO 8601.
    pub since: Option<String>,
    /// Until when.
    pub until: Option<String>,
    /// Only the most important ones.
    pub is_overview: bool,
    /// Of these teams; not for the entries of one incident.
    pub team_ids: Vec<TeamId>,
    /// Time zone of the times in the answer.
    pub time_zone: Option<String>,
    /// What to show in full.
    pub include: Vec<Include>,
    /// Part of the list.
    pub paging: Paging,
}

impl LogEntryFilter {
    fn apply<T>(&self, call: Call<T>) -> Call<T> {
        call.query_opt("since", self.since.as_ref())
            .query_opt("until", self.until.as_ref())
            .query_flag("is_overview", self.is_overview)
            .query_set("team_ids[]", &self.team_ids)
            .query_opt("time_zone", self.time_zone.as_ref())
            .query_set("include[]", &self.include)
            .paging(self.paging)
    }
}

/// Lists the log entries of the account (`GET /log_entries`), newest first.
pub fn list(filter: &LogEntryFilter) -> Call<Page<LogEntry>> {
    filter.apply(page([ENTRIES], "log_entries"))
}

/// Lists the log entries of one incident (`GET /incidents/{id}/log_entries`).
pub fn of_incident(incident: &IncidentId, filter: &LogEntryFilter) -> Call<Page<LogEntry>> {
    let path = [Segment::Fixed("incidents"), Segment::Id(incident.as_str()), ENTRIES];
    filter.apply(page(path, "log_entries"))
}

/// Reads one log entry (`GET /log_entries/{id}`).
pub fn get(id: &LogEntryId, time_zone: Option<&str>, include: &[Include]) -> Call<LogEntry> {
    object_at(Method::GET, [ENTRIES, Segment::Id(id.as_str())], "log_entry")
        .query_opt("time_zone", time_zone)
        .query_set("include[]", include)
}

/// Changes the channel of a log entry (`PUT /log_entries/{id}/channel`), the text of a trigger in most cases; the object needs the
/// channel's `type`.
pub fn update_channel(id: &LogEntryId, channel: &Map<String, Value>) -> Call<()> {
    nothing(Method::PUT, [ENTRIES, Segment::Id(id.as_str()), Segment::Fixed("channel")])
        .sent_by_user()
        .json(&json!({ "channel": channel }))
        .with_effect(Effect::Repeatable)
}
