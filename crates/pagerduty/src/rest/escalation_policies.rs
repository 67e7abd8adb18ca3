//! Escalation policies.
//!
//! ```
//! use pagerduty::rest::escalation_policies::{self, NewEscalationPolicy, NewEscalationRule, Target};
//! use pagerduty::{Client, EscalationPolicyId};
//!
//! let client = Client::builder().token("u+key").build()?;
//! let request = client.request(&escalation_policies::get(&EscalationPolicyId::new("PPOL001")))?;
//! assert_eq!(request.url.path(), "/escalation_policies/PPOL001");
//!
//! let first = NewEscalationRule::new(30, vec![Target::Schedule("PSCHED1".into())]);
//! let second = NewEscalationRule::new(30, vec![Target::User("PUSR001".into())]);
//! let new = NewEscalationPolicy::new("Default", vec![first, second]);
//! assert_eq!(client.request(&escalation_policies::create(&new))?.url.path(), "/escalation_policies");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use http::Method;
use serde::{Serialize, Serializer};

use super::Reference;
use super::object::{Unset, body, object};
use super::reference::{self, RefBody};
use crate::call::{Call, Effect, Segment, delete as delete_at, object as object_at, page};
use crate::ids::{EscalationPolicyId, ObjectId, ScheduleId, ServiceId, TeamId, UserId};
use crate::open_enum::open_enum;
use crate::page::{Page, Paging};

const POLICIES: Segment<'static> = Segment::Fixed("escalation_policies");

object! {
    /// An escalation policy.
    EscalationPolicy(EscalationPolicyId) {
        /// Name.
        name: String,
        /// Description.
        description: Option<String>,
        /// How often the levels are gone through again.
        num_loops: Option<u64>,
        /// When people hear that their shift changes: `if_has_services` or `always`.
        on_call_handoff_notifications: Option<String>,
        /// The levels, first to last.
        escalation_rules: Vec<EscalationRule>,
        /// Services that use it.
        services: Vec<Reference<ServiceId>>,
        /// Teams it belongs to.
        teams: Vec<Reference<TeamId>>,
    }
}

object! {
    /// One level of an escalation policy.
    EscalationRule {
        /// Id.
        id: Option<String>,
        /// Minutes until the next level.
        escalation_delay_in_minutes: Option<u64>,
        /// Users and schedules.
        targets: Vec<Reference<ObjectId>>,
    }
}

body! {
    /// An escalation policy to make; for a change, set only what is to change.
    #[derive(Default)]
    NewEscalationPolicy as "escalation_policy" {
        /// Name.
        name: Option<String>,
        /// Description.
        description: Option<String>,
        /// How often the levels are gone through again, at most 9.
        num_loops: Option<u32>,
        /// When people hear that their shift changes: `if_has_services` or `always`.
        on_call_handoff_notifications: Option<String>,
        /// The levels, first to last.
        escalation_rules: Vec<NewEscalationRule>,
        /// The team it belongs to; there can be one.
        #[serde(serialize_with = "reference::write")]
        teams: Vec<TeamId>,
    }
}

body! {
    /// A level of an escalation policy to make.
    NewEscalationRule {
        /// Minutes until the next level.
        escalation_delay_in_minutes: u32,
        /// Users and schedules, 1 to 10.
        targets: Vec<Target>,
    }
}

/// Who is told at a level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A user.
    User(UserId),
    /// Whoever is on call on a schedule.
    Schedule(ScheduleId),
}

impl Serialize for Target {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::User(id) => RefBody::new(id.as_str(), "user_reference").serialize(serializer),
            Self::Schedule(id) => RefBody::new(id.as_str(), "schedule_reference").serialize(serializer),
        }
    }
}

impl Unset for Target {}

impl NewEscalationPolicy {
    /// Starts a policy with these levels, first to last.
    pub fn new(name: impl Into<String>, escalation_rules: Vec<NewEscalationRule>) -> Self {
        Self { name: Some(name.into()), escalation_rules, ..Self::default() }
    }
}

impl NewEscalationRule {
    /// Makes a level that waits so many minutes before the next.
    pub fn new(escalation_delay_in_minutes: u32, targets: Vec<Target>) -> Self {
        Self { escalation_delay_in_minutes, targets }
    }
}

open_enum! {
    /// What to show in full instead of as a reference.
    Include {
        /// Services that use the policy.
        Services = "services",
        /// Teams.
        Teams = "teams",
        /// Users and schedules.
        Targets = "targets",
    }
}

/// Which escalation policies to list.
#[derive(Clone, Debug, Default)]
pub struct EscalationPolicyFilter {
    /// Part of a name.
    pub query: Option<String>,
    /// With one of these users on some level.
    pub user_ids: Vec<UserId>,
    /// Of these teams.
    pub team_ids: Vec<TeamId>,
    /// What to show in full.
    pub include: Vec<Include>,
    /// Part of the list.
    pub paging: Paging,
}

/// Lists escalation policies by name (`GET /escalation_policies`).
pub fn list(filter: &EscalationPolicyFilter) -> Call<Page<EscalationPolicy>> {
    page([POLICIES], "escalation_policies")
        .query_opt("query", filter.query.as_ref())
        .query_set("user_ids[]", &filter.user_ids)
        .query_set("team_ids[]", &filter.team_ids)
        .query_set("include[]", &filter.include)
        .paging(filter.paging)
}

/// Reads one escalation policy (`GET /escalation_policies/{id}`).
pub fn get(id: &EscalationPolicyId) -> Call<EscalationPolicy> {
    object_at(Method::GET, one(id), "escalation_policy")
}

/// Makes an escalation policy (`POST /escalation_policies`).
pub fn create(new: &NewEscalationPolicy) -> Call<EscalationPolicy> {
    let lacks = new.name.is_none() || new.escalation_rules.is_empty();
    object_at(Method::POST, [POLICIES], "escalation_policy")
        .sent_by_user()
        .wrapped("escalation_policy", new)
        .refused_if(lacks, "an escalation policy needs a name and a level")
}

/// Changes an escalation policy (`PUT /escalation_policies/{id}`).
///
/// Incidents that are open keep to the policy as it was when they were opened.
pub fn update(id: &EscalationPolicyId, change: &NewEscalationPolicy) -> Call<EscalationPolicy> {
    object_at(Method::PUT, one(id), "escalation_policy")
        .wrapped("escalation_policy", change)
        .with_effect(Effect::Repeatable)
}

/// Deletes an escalation policy (`DELETE /escalation_policies/{id}`); refused while a service uses it.
pub fn delete(id: &EscalationPolicyId) -> Call<()> {
    delete_at(one(id))
}

fn one(id: &EscalationPolicyId) -> [Segment<'_>; 2] {
    [POLICIES, Segment::Id(id.as_str())]
}
