//! Who is on call.
//!
//! ```
//! use pagerduty::rest::oncalls::{self, OnCallFilter};
//! use pagerduty::Client;
//!
//! let client = Client::builder().token("u+key").build()?;
//! let filter = OnCallFilter { escalation_policy_ids: vec!["PPOL001".into()], ..OnCallFilter::default() };
//! assert_eq!(client.request(&oncalls::list(&filter))?.url.path(), "/oncalls");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use super::Reference;
use super::object::object;
use crate::call::{Call, Segment, page};
use crate::ids::{EscalationPolicyId, ScheduleId, UserId};
use crate::open_enum::open_enum;
use crate::page::{Page, Paging};

object! {
    /// Somebody who is on call at one level of an escalation policy.
    OnCall {
        /// Who.
        user: Option<Reference<UserId>>,
        /// By which schedule; `None` for a user who is a direct target of the policy.
        schedule: Option<Reference<ScheduleId>>,
        /// For which policy.
        escalation_policy: Option<Reference<EscalationPolicyId>>,
        /// At which level, from 1.
        escalation_level: Option<u64>,
        /// Since when, ISO 8601; `None` is always.
        start: Option<String>,
        /// Until when; `None` is for ever.
        end: Option<String>,
    }
}

open_enum! {
    /// What to show in full instead of as a reference.
    Include {
        /// Escalation policies.
        EscalationPolicies = "escalation_policies",
        /// Users.
        Users = "users",
        /// Schedules.
        Schedules = "schedules",
    }
}

/// Which on-calls to list.
#[derive(Clone, Debug, Default)]
pub struct OnCallFilter {
    /// Of these users.
    pub user_ids: Vec<UserId>,
    /// For these policies.
    pub escalation_policy_ids: Vec<EscalationPolicyId>,
    /// By these schedules.
    pub schedule_ids: Vec<ScheduleId>,
    /// From when, ISO 8601; now without.
    pub since: Option<String>,
    /// Until when, at most 90 days ahead; now without.
    pub until: Option<String>,
    /// Only the earliest of each user, policy and level.
    pub earliest: bool,
    /// Time zone of the times in the answer.
    pub time_zone: Option<String>,
    /// What to show in full.
    pub include: Vec<Include>,
    /// Part of the list.
    pub paging: Paging,
}

/// Lists who is on call (`GET /oncalls`), for every policy and level unless the filter says otherwise.
pub fn list(filter: &OnCallFilter) -> Call<Page<OnCall>> {
    page([Segment::Fixed("oncalls")], "oncalls")
        .query_set("user_ids[]", &filter.user_ids)
        .query_set("escalation_policy_ids[]", &filter.escalation_policy_ids)
        .query_set("schedule_ids[]", &filter.schedule_ids)
        .query_opt("since", filter.since.as_ref())
        .query_opt("until", filter.until.as_ref())
        .query_flag("earliest", filter.earliest)
        .query_opt("time_zone", filter.time_zone.as_ref())
        .query_set("include[]", &filter.include)
        .paging(filter.paging)
}
