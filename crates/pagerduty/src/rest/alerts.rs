//! Alerts of an incident: what events made, grouped into it.
//!
//! ```
//! use pagerduty::rest::alerts::{self, AlertUpdate};
//! use pagerduty::Client;
//!
//! let client = Client::builder().token("u+key").from("ann@example.com").build()?;
//! let call = alerts::update(&"Q1".into(), &"QA1".into(), &AlertUpdate::resolve());
//! assert_eq!(client.request(&call)?.url.path(), "/incidents/Q1/alerts/QA1");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use http::Method;
use serde::Serialize;
use serde_json::{Map, Value};

use super::Reference;
use super::incidents::BULK_MAX;
use super::object::{body, object};
use super::reference;
use crate::call::{Call, Segment, object as object_at, page};
use crate::events::Severity;
use crate::ids::{AlertId, IncidentId, IntegrationId, LogEntryId, ServiceId};
use crate::open_enum::open_enum;
use crate::page::{Page, Paging};

open_enum! {
    /// State of an alert; only incidents are acknowledged.
    AlertStatus {
        /// Open.
        Triggered = "triggered",
        /// Over.
        Resolved = "resolved",
    }
}

object! {
    /// An alert.
    Alert(AlertId) {
        /// State.
        status: Option<AlertStatus>,
        /// The dedup key of its events.
        alert_key: Option<String>,
        /// How bad it is.
        severity: Option<Severity>,
        /// Whether rules keep it from making an incident.
        suppressed: bool,
        /// When it was opened, ISO 8601.
        created_at: Option<String>,
        /// The service.
        service: Option<Reference<ServiceId>>,
        /// The incident it is in.
        incident: Option<Reference<IncidentId>>,
        /// The integration its events came by.
        integration: Option<Reference<IntegrationId>>,
        /// The log entry of its first event.
        first_trigger_log_entry: Option<Reference<LogEntryId>>,
        /// What the newest event said.
        body: Option<AlertBody>,
    }
}

object! {
    /// What an event said.
    AlertBody {
        /// Links and pictures, as they came.
        contexts: Vec<Map<String, Value>>,
        /// Custom details: an object, in most cases.
        details: Option<Value>,
        /// The event's fields in PagerDuty's common format, where they are shown.
        cef_details: Option<Map<String, Value>>,
    }
}

body! {
    /// What to change about an alert.
    #[derive(Default)]
    AlertUpdate as "alert" {
        /// New state.
        status: Option<AlertStatus>,
        /// Moves it into this incident.
        #[serde(serialize_with = "reference::write")]
        incident: Option<IncidentId>,
    }
}

impl AlertUpdate {
    /// Resolves.
    pub fn resolve() -> Self {
        Self { status: Some(AlertStatus::Resolved), incident: None }
    }

    /// Moves into another incident.
    pub fn move_to(incident: impl Into<IncidentId>) -> Self {
        Self { status: None, incident: Some(incident.into()) }
    }
}

open_enum! {
    /// What to show in full instead of as a reference.
    Include {
        /// Services.
        Services = "services",
        /// The log entries of the first events.
        FirstTriggerLogEntries = "first_trigger_log_entries",
        /// Incidents.
        Incidents = "incidents",
    }
}

/// Which alerts of an incident to list.
#[derive(Clone, Debug, Default)]
pub struct AlertFilter {
    /// In these states.
    pub statuses: Vec<AlertStatus>,
    /// With this key.
    pub alert_key: Option<String>,
    /// Order, e.g. `created_at:desc`.
    pub sort_by: Option<String>,
    /// What to show in full.
    pub include: Vec<Include>,
    /// Part of the list.
    pub paging: Paging,
}

/// Lists the alerts of an incident (`GET /incidents/{id}/alerts`).
pub fn list(incident: &IncidentId, filter: &AlertFilter) -> Call<Page<Alert>> {
    page(all(incident), "alerts")
        .query_set("statuses[]", &filter.statuses)
        .query_opt("alert_key", filter.alert_key.as_ref())
        .query_opt("sort_by", filter.sort_by.as_ref())
        .query_set("include[]", &filter.include)
        .paging(filter.paging)
}

/// Reads one alert (`GET /incidents/{id}/alerts/{alert}`).
pub fn get(incident: &IncidentId, id: &AlertId) -> Call<Alert> {
    object_at(Method::GET, one(incident, id), "alert")
}

/// Resolves an alert or moves it into another incident (`PUT /incidents/{id}/alerts/{alert}`).
pub fn update(incident: &IncidentId, id: &AlertId, update: &AlertUpdate) -> Call<Alert> {
    object_at(Method::PUT, one(incident, id), "alert")
        .sent_by_user()
        .wrapped("alert", update)
        .refused_if(update.status.is_none() && update.incident.is_none(), "the alert update changes nothing")
}

/// Changes up to [`BULK_MAX`] alerts, all or none (`PUT /incidents/{id}/alerts`).
pub fn update_many(incident: &IncidentId, updates: &[(AlertId, AlertUpdate)]) -> Call<Vec<Alert>> {
    #[derive(Serialize)]
    struct Entry<'a> {
        id: &'a AlertId,
        #[serde(flatten)]
        update: &'a AlertUpdate,
    }
    let entries: Vec<_> = updates.iter().map(|(id, update)| Entry { id, update }).collect();
    object_at(Method::PUT, all(incident), "alerts")
        .sent_by_user()
        .wrapped("alerts", &entries)
        .refused_if(entries.is_empty(), "there is no alert to change")
        .refused_if(entries.len() > BULK_MAX, "at most 250 alerts can be changed at once, split the list")
}

fn all(incident: &IncidentId) -> [Segment<'_>; 3] {
    [Segment::Fixed("incidents"), Segment::Id(incident.as_str()), Segment::Fixed("alerts")]
}

fn one<'a>(incident: &'a IncidentId, id: &'a AlertId) -> impl Iterator<Item = Segment<'a>> {
    all(incident).into_iter().chain([Segment::Id(id.as_str())])
}
