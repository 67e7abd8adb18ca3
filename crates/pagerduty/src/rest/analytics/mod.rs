//! Analytics: how incidents were dealt with. The numbers lag by up to a day.
//!
//! A user's own key must name teams or services in the filter.
//!
//! ```
//! use pagerduty::rest::analytics::{self, AnalyticsFilter, By, MetricsQuery};
//! use pagerduty::Client;
//!
//! let client = Client::builder().token("u+key").build()?;
//! let january = AnalyticsFilter {
//!     created_at_start: Some("2026-01-01T00:00:00Z".to_owned()),
//!     created_at_end: Some("2026-02-01T00:00:00Z".to_owned()),
//!     ..AnalyticsFilter::default()
//! };
//! let query = MetricsQuery { filters: january, ..MetricsQuery::default() };
//! let request = client.request(&analytics::metrics(By::Services, &query))?;
//! assert_eq!(request.url.path(), "/analytics/metrics/incidents/services");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod metrics;
mod raw;

use crate::ids::{PriorityId, ServiceId, TeamId};
use crate::rest::incidents::Urgency;
use crate::rest::object::body;

pub use metrics::{By, Metrics, MetricsQuery, metrics};
pub use raw::{RawIncident, RawPage, RawQuery, RawResponse, RawResponses, raw_incident, raw_incidents, raw_responses};

body! {
    /// Which incidents to count. Empty parts do not restrict.
    #[derive(Default)]
    AnalyticsFilter {
        /// Opened from this time, ISO 8601.
        created_at_start: Option<String>,
        /// Opened before this time.
        created_at_end: Option<String>,
        /// Changed after this time.
        updated_after: Option<String>,
        /// Of this urgency.
        urgency: Option<Urgency>,
        /// Only major ones, or only others.
        major: Option<bool>,
        /// Of these teams.
        team_ids: Vec<TeamId>,
        /// On these services.
        service_ids: Vec<ServiceId>,
        /// Of these priorities.
        priority_ids: Vec<PriorityId>,
        /// Of priorities with these names.
        priority_names: Vec<String>,
        /// Of these incident types.
        incident_type_ids: Vec<String>,
    }
}

impl crate::rest::object::Unset for AnalyticsFilter {}
