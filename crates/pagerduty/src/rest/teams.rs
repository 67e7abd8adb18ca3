//! Teams, and who and what belongs to them.
//!
//! ```
//! use pagerduty::{Client, rest::teams::{self, Role}};
//!
//! let client = Client::builder().token("u+key").build()?;
//! let call = teams::add_user(&"PTEAM01".into(), &"PUSR001".into(), Some(&Role::Responder));
//! let request = client.request(&call)?;
//! assert_eq!(request.url.path(), "/teams/PTEAM01/users/PUSR001");
//! assert_eq!(request.body.as_deref(), Some(br#"{"role":"responder"}"#.as_slice()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use http::Method;
use serde_json::json;

use super::Reference;
use super::object::{body, object};
use super::reference;
use crate::call::{Call, Effect, Segment, delete as delete_at, nothing, object as object_at, page};
use crate::ids::{EscalationPolicyId, ObjectId, TeamId, UserId};
use crate::open_enum::open_enum;
use crate::page::{Page, Paging};

const TEAMS: Segment<'static> = Segment::Fixed("teams");

open_enum! {
    /// What a member may do in a team.
    Role {
        /// Look.
        Observer = "observer",
        /// Work on incidents.
        Responder = "responder",
        /// Change the team.
        Manager = "manager",
    }
}

object! {
    /// A team.
    Team(TeamId) {
        /// Name.
        name: String,
        /// Description.
        description: Option<String>,
        /// The team above it.
        parent: Option<Reference<ObjectId>>,
        /// Role of who is added without one.
        default_role: Option<String>,
    }
}

object! {
    /// Who belongs to a team.
    Member {
        /// The user.
        user: Option<Reference<UserId>>,
        /// What the user may do.
        role: Option<Role>,
    }
}

body! {
    /// A team to make; for a change, set only what is to change.
    #[derive(Default)]
    NewTeam as "team" {
        /// Name, at most 100 characters.
        name: Option<String>,
        /// Description, at most 1024 characters.
        description: Option<String>,
        /// The team above it.
        #[serde(serialize_with = "reference::write")]
        parent: Option<TeamId>,
    }
}

impl NewTeam {
    /// Starts a team.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: Some(name.into()), ..Self::default() }
    }
}

/// Which teams to list.
#[derive(Clone, Debug, Default)]
pub struct TeamFilter {
    /// Part of a name.
    pub query: Option<String>,
    /// Part of the list.
    pub paging: Paging,
}

/// Lists teams (`GET /teams`).
pub fn list(filter: &TeamFilter) -> Call<Page<Team>> {
    page([TEAMS], "teams").query_opt("query", filter.query.as_ref()).paging(filter.paging)
}

/// Reads one team (`GET /teams/{id}`).
pub fn get(id: &TeamId) -> Call<Team> {
    object_at(Method::GET, one(id), "team")
}

/// Makes a team (`POST /teams`).
pub fn create(new: &NewTeam) -> Call<Team> {
    object_at(Method::POST, [TEAMS], "team").wrapped("team", new).refused_if(new.name.is_none(), "a team needs a name")
}

/// Changes a team (`PUT /teams/{id}`).
pub fn update(id: &TeamId, change: &NewTeam) -> Call<Team> {
    object_at(Method::PUT, one(id), "team").wrapped("team", change).with_effect(Effect::Repeatable)
}

/// Deletes a team (`DELETE /teams/{id}`); its open incidents go to `reassign_to`. Refused while it owns things.
pub fn delete(id: &TeamId, reassign_to: Option<&TeamId>) -> Call<()> {
    delete_at(one(id)).query_opt("reassignment_team", reassign_to)
}

/// Lists who belongs to a team (`GET /teams/{id}/members`).
pub fn members(id: &TeamId, paging: Paging) -> Call<Page<Member>> {
    page([TEAMS, Segment::Id(id.as_str()), Segment::Fixed("members")], "members").paging(paging)
}

/// Puts a user in a team (`PUT /teams/{id}/users/{user}`), with the team's default role unless one is given.
pub fn add_user(id: &TeamId, user: &UserId, role: Option<&Role>) -> Call<()> {
    let call = nothing(Method::PUT, in_team(id, "users", user.as_str())).with_effect(Effect::Repeatable);
    match role {
        Some(role) => call.json(&json!({ "role": role })),
        None => call,
    }
}

/// Takes a user out of a team (`DELETE /teams/{id}/users/{user}`).
pub fn remove_user(id: &TeamId, user: &UserId) -> Call<()> {
    delete_at(in_team(id, "users", user.as_str()))
}

/// Gives an escalation policy to a team (`PUT /teams/{id}/escalation_policies/{policy}`).
pub fn add_escalation_policy(id: &TeamId, policy: &EscalationPolicyId) -> Call<()> {
    nothing(Method::PUT, in_team(id, "escalation_policies", policy.as_str())).with_effect(Effect::Repeatable)
}

/// Takes an escalation policy from a team (`DELETE /teams/{id}/escalation_policies/{policy}`).
pub fn remove_escalation_policy(id: &TeamId, policy: &EscalationPolicyId) -> Call<()> {
    delete_at(in_team(id, "escalation_policies", policy.as_str()))
}

fn one(id: &TeamId) -> [Segment<'_>; 2] {
    [TEAMS, Segment::Id(id.as_str())]
}

fn in_team<'a>(id: &'a TeamId, what: &'static str, member: &'a str) -> [Segment<'a>; 4] {
    [TEAMS, Segment::Id(id.as_str()), Segment::Fixed(what), Segment::Id(member)]
}
