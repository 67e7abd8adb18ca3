//! Figures from PagerDuty's analytics. They lag by up to a day.

use super::{Figures, Unit};
use futures_util::{StreamExt, TryStreamExt};
use jiff::Timestamp;
use pagerduty::rest::analytics::{AnalyticsFilter, By, Metrics, MetricsQuery, metrics};
use pagerduty::rest::incidents::Urgency;
use pagerduty::rest::services::{self, ServiceFilter};
use pagerduty::rest::users;
use pagerduty::{Caller, Error, ServiceId, items};

/// What makes a group at PagerDuty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RemoteBy {
    /// All together.
    All,
    /// Each service.
    Service,
    /// Each team.
    Team,
    /// Each escalation policy.
    EscalationPolicy,
}

/// What is asked of PagerDuty.
#[derive(Clone, Debug)]
pub struct Remote {
    /// Incidents that began from this time on.
    pub since: Timestamp,
    /// Incidents that began before this time.
    pub until: Timestamp,
    /// What makes a group.
    pub by: RemoteBy,
    /// In which pieces.
    pub unit: Option<Unit>,
    /// The zone in which days begin, as an IANA name.
    pub zone: String,
    /// On these services only.
    pub services: Vec<String>,
    /// Of these teams only.
    pub teams: Vec<String>,
    /// Of this urgency only.
    pub urgency: Option<Urgency>,
}

/// Services that are named for a user's own key, at most.
const SERVICES_MAX: usize = 1_000;

/// Reads the figures.
///
/// A user's own key has to name services or teams: all services are named then, unless some are.
///
/// # Errors
/// That of the first call that failed.
pub async fn read_figures<C: Caller>(caller: &C, remote: &Remote) -> Result<Vec<Figures>, Error> {
    let mut services: Vec<ServiceId> = remote.services.iter().map(|id| id.as_str().into()).collect();
    let is_scoped = !services.is_empty() || !remote.teams.is_empty();
    if !is_scoped && caller.call(&users::me()).await.is_ok() {
        let all = items(caller, services::list(&ServiceFilter::default())).take(SERVICES_MAX);
        services = all.map_ok(|service| service.id).try_collect().await?;
    }
    let query = MetricsQuery {
        filters: AnalyticsFilter {
            created_at_start: Some(remote.since.to_string()),
            created_at_end: Some(remote.until.to_string()),
            urgency: remote.urgency.clone(),
            service_ids: services,
            team_ids: remote.teams.iter().map(|id| id.as_str().into()).collect(),
            ..AnalyticsFilter::default()
        },
        aggregate_unit: remote.unit.map(|unit| unit.as_str().to_owned()),
        time_zone: Some(remote.zone.clone()),
    };
    let by = match remote.by {
        RemoteBy::All => By::All,
        RemoteBy::Service => By::Services,
        RemoteBy::Team => By::Teams,
        RemoteBy::EscalationPolicy => By::EscalationPolicies,
    };
    let rows = caller.call(&metrics(by, &query)).await?.value;
    let mut rows: Vec<Figures> =
        rows.iter().map(|row| figures(remote.by, row)).filter(|row| row.incidents > 0).collect();
    rows.sort_by(|a, b| (&a.from, &a.group).cmp(&(&b.from, &b.group)));
    Ok(rows)
}

pub(super) fn figures(by: RemoteBy, row: &Metrics) -> Figures {
    let group = match by {
        RemoteBy::All => None,
        RemoteBy::Service => row.service_name.clone().or_else(|| row.service_id.as_ref().map(ToString::to_string)),
        RemoteBy::Team => row.team_name.clone().or_else(|| row.team_id.as_ref().map(ToString::to_string)),
        RemoteBy::EscalationPolicy => {
            row.escalation_policy_name.clone().or_else(|| row.escalation_policy_id.as_ref().map(ToString::to_string))
        }
    };
    Figures {
        // The day is all that matters of it.
        from: row.range_start.as_ref().map(|start| start.chars().take(10).collect()),
        group,
        incidents: row.total_incident_count.unwrap_or(0),
        acknowledged: None,
        resolved: None,
        mean_seconds_to_first_ack: row.mean_seconds_to_first_ack,
        mean_seconds_to_resolve: row.mean_seconds_to_resolve,
        business_hour_interruptions: row.total_business_hour_interruptions.unwrap_or(0),
        off_hour_interruptions: row.total_off_hour_interruptions.unwrap_or(0),
        sleep_hour_interruptions: row.total_sleep_hour_interruptions.unwrap_or(0),
    }
}
