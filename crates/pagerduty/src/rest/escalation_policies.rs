//! Escalation policies.
//!
//! ```
//! use pagerduty::{Client, EscalationPolicyId, rest::escalation_policies};
//!
//! let client = Client::builder().token("u+key").build()?;
//! let request = client.request(&escalation_policies::get(&EscalationPolicyId::new("PPOL001")))?;
//! assert_eq!(request.url.path(), "/escalation_policies/PPOL001");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use http::Method;
use serde::Deserialize;

use super::Reference;
use crate::call::{Call, Segment, object};
use crate::ids::{EscalationPolicyId, ObjectId, ServiceId, TeamId};
use crate::lenient;

/// An escalation policy.
#[derive(Clone, Debug, Deserialize)]
pub struct EscalationPolicy {
    /// Id.
    pub id: EscalationPolicyId,
    /// Name.
    #[serde(default, deserialize_with = "lenient::text")]
    pub name: String,
    /// Description.
    #[serde(default, deserialize_with = "lenient::option")]
    pub description: Option<String>,
    /// Address for people.
    #[serde(default, deserialize_with = "lenient::option")]
    pub html_url: Option<String>,
    /// How often the levels are gone through again.
    #[serde(default, deserialize_with = "lenient::option")]
    pub num_loops: Option<u64>,
    /// The levels, first to last.
    #[serde(default, deserialize_with = "lenient::list")]
    pub escalation_rules: Vec<EscalationRule>,
    /// Services that use it.
    #[serde(default, deserialize_with = "lenient::list")]
    pub services: Vec<Reference<ServiceId>>,
    /// Teams it belongs to.
    #[serde(default, deserialize_with = "lenient::list")]
    pub teams: Vec<Reference<TeamId>>,
}

/// One level of an escalation policy.
#[derive(Clone, Debug, Deserialize)]
pub struct EscalationRule {
    /// Id.
    #[serde(default, deserialize_with = "lenient::option")]
    pub id: Option<String>,
    /// Minutes until the next level.
    #[serde(default, deserialize_with = "lenient::option")]
    pub escalation_delay_in_minutes: Option<u64>,
    /// Users and schedules.
    #[serde(default, deserialize_with = "lenient::list")]
    pub targets: Vec<Reference<ObjectId>>,
}

/// Reads one escalation policy (`GET /escalation_policies/{id}`).
pub fn get(id: &EscalationPolicyId) -> Call<EscalationPolicy> {
    let path = [Segment::Fixed("escalation_policies"), Segment::Id(id.as_str())];
    object(Method::GET, path, "escalation_policy")
}
