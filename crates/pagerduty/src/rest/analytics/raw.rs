//! One row per incident.

use http::Method;
use serde::Deserialize;

use super::AnalyticsFilter;
use crate::call::{Call, Effect, Segment, whole};
use crate::error::Error;
use crate::ids::{EscalationPolicyId, IncidentId, PriorityId, ServiceId, TeamId, UserId};
use crate::lenient;
use crate::page::Pages;
use crate::rest::object::{body, object};

body! {
    /// Which rows to read, and in which order.
    #[derive(Default)]
    RawQuery {
        /// Which incidents.
        filters: AnalyticsFilter,
        /// `asc` or `desc`.
        order: Option<String>,
        /// Field to sort by, e.g. `created_at`.
        order_by: Option<String>,
        /// Rows in a page, 1 to 1000.
        limit: Option<u32>,
        /// Time zone of the times in the answer.
        time_zone: Option<String>,
        /// Where to go on, from [`RawPage::last`].
        starting_after: Option<String>,
    }
}

/// A page of rows.
#[derive(Clone, Debug, Deserialize)]
pub struct RawPage {
    /// The rows.
    #[serde(default, deserialize_with = "lenient::list")]
    pub data: Vec<RawIncident>,
    /// Where to go on.
    #[serde(default, deserialize_with = "lenient::option")]
    pub last: Option<String>,
    /// Whether there is more.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub more: bool,
}

object! {
    /// How one incident was dealt with. Durations are in seconds.
    RawIncident {
        /// Id.
        id: Option<IncidentId>,
        /// The short number people use.
        incident_number: Option<u64>,
        /// Title.
        description: Option<String>,
        /// Status.
        status: Option<String>,
        /// Urgency.
        urgency: Option<String>,
        /// Whether it counts as major.
        major: bool,
        /// Whether it resolved itself.
        auto_resolved: bool,
        /// When it was opened, ISO 8601.
        created_at: Option<String>,
        /// When it was resolved.
        resolved_at: Option<String>,
        /// Service.
        service_id: Option<ServiceId>,
        /// Name of the service.
        service_name: Option<String>,
        /// Team.
        team_id: Option<TeamId>,
        /// Name of the team.
        team_name: Option<String>,
        /// Escalation policy.
        escalation_policy_id: Option<EscalationPolicyId>,
        /// Name of the escalation policy.
        escalation_policy_name: Option<String>,
        /// Priority.
        priority_id: Option<PriorityId>,
        /// Name of the priority.
        priority_name: Option<String>,
        /// Rank of the priority.
        priority_order: Option<u64>,
        /// Until the first acknowledgement.
        seconds_to_first_ack: Option<u64>,
        /// Until somebody worked on it.
        seconds_to_engage: Option<u64>,
        /// Until everybody who was wanted worked on it.
        seconds_to_mobilize: Option<u64>,
        /// Until it was resolved.
        seconds_to_resolve: Option<u64>,
        /// Work on it, of all people together.
        engaged_seconds: Option<u64>,
        /// How long it was snoozed.
        snoozed_seconds: Option<u64>,
        /// What people say they spent on it.
        user_defined_effort_seconds: Option<u64>,
        /// People who worked on it.
        engaged_user_count: Option<u64>,
        /// People who did anything about it.
        active_user_count: Option<u64>,
        /// Acknowledgements.
        acknowledgement_count: Option<u64>,
        /// Assignments.
        assignment_count: Option<u64>,
        /// Reassignments.
        reassignment_count: Option<u64>,
        /// Escalations.
        escalation_count: Option<u64>,
        /// Escalations by hand.
        manual_escalation_count: Option<u64>,
        /// Escalations because nobody came.
        timeout_escalation_count: Option<u64>,
        /// Interruptions at all hours.
        total_interruptions: Option<u64>,
        /// Interruptions in business hours.
        business_hour_interruptions: Option<u64>,
        /// Interruptions in the evening and at weekends.
        off_hour_interruptions: Option<u64>,
        /// Interruptions at night.
        sleep_hour_interruptions: Option<u64>,
        /// Notifications.
        total_notifications: Option<u64>,
        /// Who acknowledged it.
        acknowledged_user_ids: Vec<UserId>,
        /// Names of who acknowledged it.
        acknowledged_user_names: Vec<String>,
        /// Who it was assigned to.
        assigned_user_ids: Vec<UserId>,
        /// Names of who it was assigned to.
        assigned_user_names: Vec<String>,
        /// Who joined in.
        joined_user_ids: Vec<UserId>,
        /// Names of who joined in.
        joined_user_names: Vec<String>,
        /// Who resolved it.
        resolved_by_user_id: Option<UserId>,
        /// Name of who resolved it.
        resolved_by_user_name: Option<String>,
    }
}

object! {
    /// How one person answered to an incident.
    RawResponse {
        /// Who.
        responder_id: Option<UserId>,
        /// Name.
        responder_name: Option<String>,
        /// What the person did, e.g. `joined`.
        response_status: Option<String>,
        /// When the person was asked, ISO 8601.
        requested_at: Option<String>,
        /// When the person answered.
        responded_at: Option<String>,
        /// Seconds in between.
        time_to_respond_seconds: Option<u64>,
    }
}

object! {
    /// The answers to one incident.
    RawResponses {
        /// Each answer.
        responses: Vec<RawResponse>,
    }
}

const RAW: [Segment<'static>; 3] = [Segment::Fixed("analytics"), Segment::Fixed("raw"), Segment::Fixed("incidents")];

/// Reads rows (`POST /analytics/raw/incidents`). With [`items`](crate::items), all of them.
pub fn raw_incidents(query: &RawQuery) -> Call<RawPage> {
    whole(Method::POST, RAW).json(query).with_effect(Effect::Read)
}

/// Reads one row (`GET /analytics/raw/incidents/{id}`).
pub fn raw_incident(id: &IncidentId) -> Call<RawIncident> {
    whole(Method::GET, RAW.into_iter().chain([Segment::Id(id.as_str())]))
}

/// Reads how people answered to one incident (`GET /analytics/raw/incidents/{id}/responses`).
pub fn raw_responses(id: &IncidentId) -> Call<RawResponses> {
    whole(Method::GET, RAW.into_iter().chain([Segment::Id(id.as_str()), Segment::Fixed("responses")]))
}

impl Pages for RawPage {
    type Item = RawIncident;

    fn start(call: Call<Self>) -> Call<Self> {
        call
    }

    fn next(&self, call: &Call<Self>) -> Result<Option<Call<Self>>, Error> {
        let last = self.last.as_deref().filter(|last| self.more && !self.data.is_empty() && !last.is_empty());
        Ok(last.map(|last| call.clone().with_body_field("starting_after", last)))
    }

    fn into_items(self) -> Vec<RawIncident> {
        self.data
    }
}
