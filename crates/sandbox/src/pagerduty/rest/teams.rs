//! `/teams`: who belongs together, and what belongs to them.

use serde_json::{Value, json};

use super::ask::{Ask, Given};
use super::include::Includes;
use crate::pagerduty::model::{Member, Team, TeamIx, TeamRole};
use crate::pagerduty::refusal::Refusal;
use crate::pagerduty::render::Links;
use crate::pagerduty::state::State;
use crate::wire::Reply;

const NAME_CHARACTERS_MAX: usize = 100;
const DESCRIPTION_CHARACTERS_MAX: usize = 1_024;
const MEMBER_INCLUDES: &Includes = &[("users", "user")];

impl State {
    pub(crate) fn route_teams(&mut self, ask: &Ask<'_>, parts: &[&str]) -> Result<Reply, Refusal> {
        let json = |state: &State, ix| state.team_json(ask.links, ix);
        match (ask.call.method.as_str(), parts) {
            ("GET", []) => self.list_teams(ask),
            ("POST", []) => {
                let given = ask.given("team")?;
                let mut team = Team {
                    id: self.random.short_id(),
                    name: given.needed("name")?.to_owned(),
                    description: None,
                    parent: None,
                    default_role: "manager".to_owned(),
                    members: Vec::new(),
                };
                self.change_team(&mut team, &given, None)?;
                let ix = self.teams.add(team);
                Ok(self.one(ask, 201, "team", json(self, ix), &[]))
            }
            (method, [id, rest @ ..]) => {
                let ix = self.team(id)?;
                match (method, rest) {
                    ("GET", []) => Ok(self.one(ask, 200, "team", json(self, ix), &[])),
                    ("PUT", []) => {
                        let mut team = self.teams[ix].clone();
                        self.change_team(&mut team, &ask.given("team")?, Some(ix))?;
                        self.teams[ix] = team;
                        Ok(self.one(ask, 200, "team", json(self, ix), &[]))
                    }
                    ("DELETE", []) => self.delete_team(ask, ix),
                    ("GET", ["members"]) => self.list_members(ask, ix),
                    ("PUT", ["users", user]) => self.join_team(ask, ix, user),
                    ("DELETE", ["users", user]) => self.leave_team(ix, user),
                    ("PUT" | "DELETE", ["escalation_policies", policy]) => self.give_policy(ask, ix, policy),
                    _ => Err(Refusal::not_found()),
                }
            }
            _ => Err(Refusal::not_found()),
        }
    }

    fn team(&self, id: &str) -> Result<TeamIx, Refusal> {
        self.teams.find(id).ok_or_else(|| Refusal::new(404, 6001, "Team Not Found"))
    }

    fn list_teams(&self, ask: &Ask<'_>) -> Result<Reply, Refusal> {
        let teams = self.teams.iter().filter(|(_, team)| ask.finds(&team.name, "", &[team.id.as_str()]));
        let mut teams: Vec<TeamIx> = teams.map(|(ix, _)| ix).collect();
        ask.sort_by_name(&self.teams, &mut teams, |team| &team.name);
        self.listed(ask, "teams", &teams, &[], |ix| self.team_json(ask.links, *ix))
    }

    fn change_team(&self, team: &mut Team, given: &Given, own: Option<TeamIx>) -> Result<(), Refusal> {
        given.change("name", &mut team.name)?;
        given.change_or_clear("description", &mut team.description)?;
        if team.name.chars().count() > NAME_CHARACTERS_MAX {
            return Err(Refusal::invalid("Name is too long (maximum is 100 characters)"));
        }
        if team.description.as_ref().is_some_and(|text| text.chars().count() > DESCRIPTION_CHARACTERS_MAX) {
            return Err(Refusal::invalid("Description is too long (maximum is 1024 characters)"));
        }
        if self.teams.find_by(|one| one.name == team.name).is_some_and(|taken| Some(taken) != own) {
            return Err(Refusal::invalid("Name has already been taken"));
        }
        given.change("default_role", &mut team.default_role)?;
        if !matches!(team.default_role.as_str(), "manager" | "none") {
            return Err(Refusal::invalid("Default role must be one of: manager, none"));
        }
        if given.has("parent") {
            team.parent = given.reference("parent", &self.teams)?;
            if team.parent.is_some() && team.parent == own {
                return Err(Refusal::invalid("Parent cannot be the team itself"));
            }
        }
        Ok(())
    }

    /// Deletes a team that owns nothing, or whose things go to another.
    fn delete_team(&mut self, ask: &Ask<'_>, ix: TeamIx) -> Result<Reply, Refusal> {
        let heir = match ask.call.query("reassignment_team").filter(|id| !id.is_empty()) {
            Some(id) => Some(self.team(id)?),
            None => None,
        };
        let policies = self.policies.iter().any(|(_, policy)| policy.teams.contains(&ix));
        let schedules = self.schedules.iter().any(|(_, schedule)| schedule.teams.contains(&ix));
        let business = self.business_services.iter().any(|(_, service)| service.team == Some(ix));
        if heir.is_none() && (policies || schedules || business) {
            return Err(Refusal::new(400, 6006, "Team has existing associations"));
        }
        let swap = |teams: &mut Vec<TeamIx>| {
            teams.iter_mut().filter(|team| **team == ix).for_each(|team| {
                *team = heir.unwrap_or(*team);
            })
        };
        let policies: Vec<_> = self.policies.iter().map(|(policy, _)| policy).collect();
        policies.into_iter().for_each(|policy| swap(&mut self.policies[policy].teams));
        let schedules: Vec<_> = self.schedules.iter().map(|(schedule, _)| schedule).collect();
        schedules.into_iter().for_each(|schedule| swap(&mut self.schedules[schedule].teams));
        let services = self.business_services.iter().filter(|(_, service)| service.team == Some(ix));
        let services: Vec<_> = services.map(|(service, _)| service).collect();
        services.into_iter().for_each(|service| self.business_services[service].team = heir);
        self.teams.delete(ix);
        Ok(Reply::empty(204))
    }

    fn list_members(&self, ask: &Ask<'_>, ix: TeamIx) -> Result<Reply, Refusal> {
        self.listed(
            ask,
            "members",
            &self.teams[ix].members,
            MEMBER_INCLUDES,
            |member| json!({"user": self.user_ref(ask.links, member.user), "role": member.role.text()}),
        )
    }

    fn join_team(&mut self, ask: &Ask<'_>, ix: TeamIx, user: &str) -> Result<Reply, Refusal> {
        let user = self.users.find(user).ok_or_else(|| Refusal::new(404, 2013, "User not found"))?;
        let given = if ask.call.body.is_empty() { Given(json!({})) } else { ask.body()? };
        let role = match given.text("role")? {
            None => TeamRole::Manager,
            Some(text) => TeamRole::parse(text)
                .ok_or_else(|| Refusal::invalid("Role must be one of: observer, responder, manager"))?,
        };
        let members = &mut self.teams[ix].members;
        members.retain(|member| member.user != user);
        members.push(Member { user, role });
        Ok(Reply::empty(204))
    }

    fn leave_team(&mut self, ix: TeamIx, user: &str) -> Result<Reply, Refusal> {
        let user = self.users.find(user).ok_or_else(|| Refusal::new(404, 2013, "User not found"))?;
        let members = &mut self.teams[ix].members;
        let place = members.iter().position(|member| member.user == user).ok_or_else(Refusal::not_found)?;
        members.remove(place);
        Ok(Reply::empty(204))
    }

    fn give_policy(&mut self, ask: &Ask<'_>, ix: TeamIx, policy: &str) -> Result<Reply, Refusal> {
        let policy = self.policy_named(policy)?;
        let teams = &mut self.policies[policy].teams;
        if ask.call.method == http::Method::PUT {
            *teams = vec![ix];
        } else if teams.contains(&ix) {
            teams.retain(|team| *team != ix);
        } else {
            return Err(Refusal::not_found());
        }
        Ok(Reply::empty(204))
    }

    pub(crate) fn team_ref(&self, links: &Links, ix: TeamIx) -> Value {
        links.reference(&self.teams[ix])
    }

    pub(crate) fn team_refs(&self, links: &Links, teams: &[TeamIx]) -> Vec<Value> {
        teams.iter().map(|team| self.team_ref(links, *team)).collect()
    }

    pub(crate) fn team_json(&self, links: &Links, ix: TeamIx) -> Value {
        let team = &self.teams[ix];
        links.full(
            team,
            json!({
                "name": team.name,
                "description": team.description,
                "parent": team.parent.map(|parent| self.team_ref(links, parent)),
                "default_role": team.default_role,
            }),
        )
    }
}
