//! Services.
//!
//! ```
//! use pagerduty::rest::services::{self, NewService};
//! use pagerduty::{Client, ServiceId};
//!
//! let client = Client::builder().token("u+key").build()?;
//! let request = client.request(&services::get(&ServiceId::new("PSVC001"), &[]))?;
//! assert_eq!(request.url.path(), "/services/PSVC001");
//!
//! let new = NewService { auto_resolve_timeout: Some(0), ..NewService::new("API", "PPOL001") };
//! assert_eq!(client.request(&services::create(&new))?.url.path(), "/services");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use http::Method;
use serde_json::{Map, Value};

use super::Reference;
use super::integrations::Integration;
use super::object::{body, object};
use super::reference;
use super::urgency_rule::{IncidentUrgencyRule, ScheduledAction, SupportHours};
use crate::call::{Call, Effect, Segment, delete as delete_at, object as object_at, page};
use crate::ids::{EscalationPolicyId, ServiceId, TeamId};
use crate::open_enum::open_enum;
use crate::page::{Page, Paging};

const SERVICES: Segment<'static> = Segment::Fixed("services");

open_enum! {
    /// State of a service.
    ServiceStatus {
        /// No open incidents.
        Active = "active",
        /// Has acknowledged incidents.
        Warning = "warning",
        /// Has triggered incidents.
        Critical = "critical",
        /// In maintenance: makes no incidents.
        Maintenance = "maintenance",
        /// Switched off: makes no incidents.
        Disabled = "disabled",
    }
}

object! {
    /// A service.
    Service(ServiceId) {
        /// Name.
        name: String,
        /// Description.
        description: Option<String>,
        /// State.
        status: Option<ServiceStatus>,
        /// When it was made, ISO 8601.
        created_at: Option<String>,
        /// When its last incident was opened.
        last_incident_timestamp: Option<String>,
        /// Seconds after which an open incident resolves itself; `None` is never.
        auto_resolve_timeout: Option<u64>,
        /// Seconds after which an acknowledged incident is triggered again; `None` is never.
        acknowledgement_timeout: Option<u64>,
        /// `create_alerts_and_incidents`, or `create_incidents` on old services.
        alert_creation: Option<String>,
        /// How alerts are grouped, as it came.
        alert_grouping_parameters: Option<Map<String, Value>>,
        /// Whether notifications wait for alerts that may go by themselves, as it came.
        auto_pause_notifications_parameters: Option<Map<String, Value>>,
        /// Escalation policy of new incidents.
        escalation_policy: Option<Reference<EscalationPolicyId>>,
        /// Teams it belongs to.
        teams: Vec<Reference<TeamId>>,
        /// Ways in; in full with [`Include::Integrations`].
        integrations: Vec<Integration>,
        /// How the urgency of new incidents is decided.
        incident_urgency_rule: Option<IncidentUrgencyRule>,
        /// When the urgency rule counts as "in hours".
        support_hours: Option<SupportHours>,
        /// What happens to open incidents when the hours begin or end.
        scheduled_actions: Vec<ScheduledAction>,
    }
}

body! {
    /// A service to make; for a change, set only what is to change.
    #[derive(Default)]
    NewService as "service" {
        /// Name; no other service may have it.
        name: Option<String>,
        /// Description.
        description: Option<String>,
        /// `active` when it is made; `disabled` switches it off.
        status: Option<ServiceStatus>,
        /// Escalation policy of new incidents.
        #[serde(serialize_with = "reference::write")]
        escalation_policy: Option<EscalationPolicyId>,
        /// Seconds after which an open incident resolves itself; 0 is never.
        auto_resolve_timeout: Option<u32>,
        /// Seconds after which an acknowledged incident is triggered again; 0 is never.
        acknowledgement_timeout: Option<u32>,
        /// `create_alerts_and_incidents` is the only one that new services take.
        alert_creation: Option<String>,
        /// How the urgency of new incidents is decided.
        incident_urgency_rule: Option<IncidentUrgencyRule>,
        /// When the urgency rule counts as "in hours".
        support_hours: Option<SupportHours>,
        /// What happens to open incidents when the hours begin or end.
        scheduled_actions: Vec<ScheduledAction>,
        /// How alerts are grouped, in the API's own words.
        alert_grouping_parameters: Option<Map<String, Value>>,
        /// Whether notifications wait for alerts that may go by themselves, in the API's own words.
        auto_pause_notifications_parameters: Option<Map<String, Value>>,
    }
}

impl NewService {
    /// Starts a service that opens an incident for every alert.
    pub fn new(name: impl Into<String>, escalation_policy: impl Into<EscalationPolicyId>) -> Self {
        Self {
            name: Some(name.into()),
            escalation_policy: Some(escalation_policy.into()),
            alert_creation: Some("create_alerts_and_incidents".to_owned()),
            ..Self::default()
        }
    }
}

open_enum! {
    /// What to show in full instead of as a reference.
    Include {
        /// Escalation policies.
        EscalationPolicies = "escalation_policies",
        /// Teams.
        Teams = "teams",
        /// Integrations, with their keys.
        Integrations = "integrations",
        /// The parameters of paused notifications.
        AutoPauseNotificationsParameters = "auto_pause_notifications_parameters",
    }
}

/// Which services to list.
#[derive(Clone, Debug, Default)]
pub struct ServiceFilter {
    /// Part of a name or description.
    pub query: Option<String>,
    /// The exact name.
    pub name: Option<String>,
    /// Of these teams.
    pub team_ids: Vec<TeamId>,
    /// Time zone of the times in the answer.
    pub time_zone: Option<String>,
    /// What to show in full.
    pub include: Vec<Include>,
    /// Part of the list.
    pub paging: Paging,
}

/// Lists services by name (`GET /services`).
pub fn list(filter: &ServiceFilter) -> Call<Page<Service>> {
    page([SERVICES], "services")
        .query_opt("query", filter.query.as_ref())
        .query_opt("name", filter.name.as_ref())
        .query_set("team_ids[]", &filter.team_ids)
        .query_opt("time_zone", filter.time_zone.as_ref())
        .query_set("include[]", &filter.include)
        .paging(filter.paging)
}

/// Reads one service (`GET /services/{id}`).
pub fn get(id: &ServiceId, include: &[Include]) -> Call<Service> {
    object_at(Method::GET, one(id), "service").query_set("include[]", include)
}

/// Makes a service (`POST /services`).
pub fn create(new: &NewService) -> Call<Service> {
    let lacks = new.name.is_none() || new.escalation_policy.is_none();
    object_at(Method::POST, [SERVICES], "service")
        .wrapped("service", new)
        .refused_if(lacks, "a service needs a name and an escalation policy")
}

/// Changes a service (`PUT /services/{id}`).
pub fn update(id: &ServiceId, change: &NewService) -> Call<Service> {
    object_at(Method::PUT, one(id), "service").wrapped("service", change).with_effect(Effect::Repeatable)
}

/// Deletes a service with all its incidents (`DELETE /services/{id}`).
pub fn delete(id: &ServiceId) -> Call<()> {
    delete_at(one(id))
}

fn one(id: &ServiceId) -> [Segment<'_>; 2] {
    [SERVICES, Segment::Id(id.as_str())]
}
