//! Sums and means over many incidents.

use http::Method;

use super::AnalyticsFilter;
use crate::call::{Call, Effect, Segment, object as object_at};
use crate::ids::{EscalationPolicyId, ServiceId, TeamId};
use crate::rest::object::{body, object};

body! {
    /// What to count, and in which pieces.
    #[derive(Default)]
    MetricsQuery {
        /// Which incidents.
        filters: AnalyticsFilter,
        /// A row per `day`, `week` or `month`; one row for all without it.
        aggregate_unit: Option<String>,
        /// Time zone in which days begin.
        time_zone: Option<String>,
    }
}

/// Whose incidents make one row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// All together.
    All,
    /// Each service's.
    Services,
    /// Each team's.
    Teams,
    /// Each escalation policy's.
    EscalationPolicies,
}

object! {
    /// One row. Durations are in seconds.
    Metrics {
        /// Start of the day, week or month.
        range_start: Option<String>,
        /// The service, if the rows are by service.
        service_id: Option<ServiceId>,
        /// Its name.
        service_name: Option<String>,
        /// The team, if the rows are by team or service.
        team_id: Option<TeamId>,
        /// Its name.
        team_name: Option<String>,
        /// The escalation policy, if the rows are by policy.
        escalation_policy_id: Option<EscalationPolicyId>,
        /// Its name.
        escalation_policy_name: Option<String>,
        /// Mean time to acknowledge.
        mean_seconds_to_first_ack: Option<f64>,
        /// Mean time until somebody worked on it.
        mean_seconds_to_engage: Option<f64>,
        /// Mean time until everybody who was wanted worked on it.
        mean_seconds_to_mobilize: Option<f64>,
        /// Mean time to resolve.
        mean_seconds_to_resolve: Option<f64>,
        /// Incidents.
        total_incident_count: Option<u64>,
        /// Escalations.
        total_escalation_count: Option<u64>,
        /// Interruptions at all hours.
        total_interruptions: Option<u64>,
        /// Interruptions in business hours.
        total_business_hour_interruptions: Option<u64>,
        /// Interruptions in the evening and at weekends.
        total_off_hour_interruptions: Option<u64>,
        /// Interruptions at night.
        total_sleep_hour_interruptions: Option<u64>,
        /// Notifications.
        total_notifications: Option<u64>,
        /// Seconds somebody worked, of all people together.
        total_engaged_seconds: Option<u64>,
        /// Seconds of snoozing.
        total_snoozed_seconds: Option<u64>,
    }
}

/// Counts incidents (`POST /analytics/metrics/incidents/{all,services,teams,escalation_policies}`).
pub fn metrics(by: By, query: &MetricsQuery) -> Call<Vec<Metrics>> {
    let by = match by {
        By::All => "all",
        By::Services => "services",
        By::Teams => "teams",
        By::EscalationPolicies => "escalation_policies",
    };
    let path = ["analytics", "metrics", "incidents", by].map(Segment::Fixed);
    object_at(Method::POST, path, "data").json(query).with_effect(Effect::Read)
}
