//! Services.
//!
//! ```
//! use pagerduty::{Client, ServiceId, rest::services};
//!
//! let client = Client::builder().token("u+key").build()?;
//! let request = client.request(&services::get(&ServiceId::new("PSVC001")))?;
//! assert_eq!(request.url.path(), "/services/PSVC001");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use http::Method;
use serde::Deserialize;

use super::Reference;
use crate::call::{Call, Segment, object};
use crate::ids::{EscalationPolicyId, ObjectId, ServiceId, TeamId};
use crate::lenient;
use crate::open_enum::open_enum;

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

/// A service.
#[derive(Clone, Debug, Deserialize)]
pub struct Service {
    /// Id.
    pub id: ServiceId,
    /// Name.
    #[serde(default, deserialize_with = "lenient::text")]
    pub name: String,
    /// Description.
    #[serde(default, deserialize_with = "lenient::option")]
    pub description: Option<String>,
    /// State.
    #[serde(default, deserialize_with = "lenient::option")]
    pub status: Option<ServiceStatus>,
    /// Address for people.
    #[serde(default, deserialize_with = "lenient::option")]
    pub html_url: Option<String>,
    /// Seconds after which an open incident resolves itself; `None` is never.
    #[serde(default, deserialize_with = "lenient::option")]
    pub auto_resolve_timeout: Option<u64>,
    /// Seconds after which an acknowledged incident is triggered again; `None` is never.
    #[serde(default, deserialize_with = "lenient::option")]
    pub acknowledgement_timeout: Option<u64>,
    /// Escalation policy of new incidents.
    #[serde(default, deserialize_with = "lenient::option")]
    pub escalation_policy: Option<Reference<EscalationPolicyId>>,
    /// Teams it belongs to.
    #[serde(default, deserialize_with = "lenient::list")]
    pub teams: Vec<Reference<TeamId>>,
    /// Ways in.
    #[serde(default, deserialize_with = "lenient::list")]
    pub integrations: Vec<Reference<ObjectId>>,
}

/// Reads one service (`GET /services/{id}`).
pub fn get(id: &ServiceId) -> Call<Service> {
    object(Method::GET, [Segment::Fixed("services"), Segment::Id(id.as_str())], "service")
}
