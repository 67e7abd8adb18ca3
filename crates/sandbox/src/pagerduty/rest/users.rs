//! `/users`: who can be paged and who can page.

use serde_json::{Value, json};

use super::ask::{Ask, Given};
use super::include::Includes;
use crate::pagerduty::auth::Caller;
use crate::pagerduty::model::{Target, TeamIx, User, UserIx};
use crate::pagerduty::refusal::Refusal;
use crate::pagerduty::render::Links;
use crate::pagerduty::seed;
use crate::pagerduty::state::State;
use crate::wire::Reply;

const ROLES: [&str; 9] = [
    "admin",
    "limited_user",
    "observer",
    "owner",
    "read_only_user",
    "restricted_access",
    "read_only_limited_user",
    "user",
    "team_responder",
];
const INCLUDES: &Includes =
    &[("contact_methods", "contact_methods[]"), ("notification_rules", "notification_rules[]"), ("teams", "teams[]")];
const NOBODY: &str = "Because this request was made using an account-level access token, we were unable to determine \
    the user's identity. Please use a user-level token.";

impl State {
    pub(crate) fn route_users(&mut self, ask: &Ask<'_>, parts: &[&str]) -> Result<Reply, Refusal> {
        match (ask.call.method.as_str(), parts) {
            ("GET", []) => self.list_users(ask),
            ("POST", []) => self.create_user(ask),
            ("GET", ["me"]) => Ok(self.me(ask)),
            (method, [id, rest @ ..]) => {
                let ix = self.users.find(id).ok_or_else(|| Refusal::new(404, 2013, "User not found"))?;
                match (method, rest) {
                    ("GET", []) => Ok(self.one(ask, 200, "user", self.user_json(ask.links, ix), INCLUDES)),
                    ("PUT", []) => self.update_user(ask, ix),
                    ("DELETE", []) => self.delete_user(ix),
                    (_, ["contact_methods", rest @ ..]) => self.route_contact_methods(ask, ix, rest),
                    (_, ["notification_rules", rest @ ..]) => self.route_notification_rules(ask, ix, rest),
                    _ => Err(Refusal::not_found()),
                }
            }
            _ => Err(Refusal::not_found()),
        }
    }

    fn list_users(&self, ask: &Ask<'_>) -> Result<Reply, Refusal> {
        let matches = |(ix, user): &(UserIx, &User)| {
            let teams = self.teams_of(*ix);
            ask.finds(&user.name, &user.email, &self.ids(&self.teams, &teams))
        };
        let users: Vec<UserIx> = self.users.iter().filter(matches).map(|(ix, _)| ix).collect();
        self.listed(ask, "users", &users, INCLUDES, |ix| self.user_json(ask.links, *ix))
    }

    fn create_user(&mut self, ask: &Ask<'_>) -> Result<Reply, Refusal> {
        self.requester(ask.call, ask.caller)?;
        let given = ask.given("user")?;
        let (name, email) = (given.needed("name")?, given.needed("email")?);
        let mut user = seed::user(&mut self.random, name, email.to_owned());
        self.change_user(&mut user, &given, None)?;
        let ix = self.users.add(user);
        Ok(self.one(ask, 201, "user", self.user_json(ask.links, ix), INCLUDES))
    }

    fn update_user(&mut self, ask: &Ask<'_>, ix: UserIx) -> Result<Reply, Refusal> {
        let given = ask.given("user")?;
        let mut user = self.users[ix].clone();
        self.change_user(&mut user, &given, Some(ix))?;
        self.users[ix] = user;
        Ok(self.one(ask, 200, "user", self.user_json(ask.links, ix), INCLUDES))
    }

    fn change_user(&self, user: &mut User, given: &Given, own: Option<UserIx>) -> Result<(), Refusal> {
        given.change("name", &mut user.name)?;
        given.change("email", &mut user.email)?;
        if !user.email.contains('@') {
            return Err(Refusal::invalid("Email is invalid"));
        }
        if self.user_by_email(&user.email).is_some_and(|taken| Some(taken) != own) {
            return Err(Refusal::invalid("Email has already been taken"));
        }
        given.change("role", &mut user.role)?;
        if !ROLES.contains(&user.role.as_str()) {
            return Err(Refusal::invalid(format!("Role must be one of: {}", ROLES.join(", "))));
        }
        given.change_zone("time_zone", &mut user.time_zone)?;
        given.change("color", &mut user.color)?;
        given.change_or_clear("job_title", &mut user.job_title)?;
        given.change_or_clear("description", &mut user.description)
    }

    /// Deletes a user whom nothing needs any more.
    fn delete_user(&mut self, ix: UserIx) -> Result<Reply, Refusal> {
        let assigned =
            self.open.iter().any(|open| self.incident(*open).assignments.iter().any(|(_, user)| *user == ix));
        let mut policies = self.policies.iter().flat_map(|(_, policy)| &policy.rules);
        let escalates = policies.any(|rule| rule.targets.contains(&Target::User(ix)));
        let mut layers = self.schedules.iter().flat_map(|(_, schedule)| &schedule.layers);
        let scheduled = layers.any(|layer| layer.users.contains(&ix));
        for (used, by) in [(assigned, "open incidents"), (escalates, "escalation policies"), (scheduled, "schedules")] {
            if used {
                return Err(Refusal::invalid(format!("User cannot be deleted while they are on {by}")));
            }
        }
        for team in self.teams_of(ix) {
            self.teams[team].members.retain(|member| member.user != ix);
        }
        self.users.delete(ix);
        Ok(Reply::empty(204))
    }

    fn me(&self, ask: &Ask<'_>) -> Reply {
        match ask.caller {
            Caller::User(ix) => self.one(ask, 200, "user", self.user_json(ask.links, ix), INCLUDES),
            Caller::Account => Reply::json(400, &json!({"error": NOBODY})),
        }
    }

    /// Lists the teams that a user is a member of.
    pub(crate) fn teams_of(&self, ix: UserIx) -> Vec<TeamIx> {
        let teams = self.teams.iter().filter(|(_, team)| team.members.iter().any(|member| member.user == ix));
        teams.map(|(team, _)| team).collect()
    }

    pub(crate) fn user_json(&self, links: &Links, ix: UserIx) -> Value {
        let user = self.user(ix);
        let teams: Vec<Value> = self.teams_of(ix).into_iter().map(|team| self.team_ref(links, team)).collect();
        let methods: Vec<Value> =
            user.contact_methods.iter().map(|method| self.contact_method_ref(links, ix, method)).collect();
        let rules: Vec<Value> =
            user.notification_rules.iter().map(|rule| self.notification_rule_ref(links, ix, rule)).collect();
        links.full(
            user,
            json!({
                "name": user.name, "email": user.email, "time_zone": user.time_zone, "color": user.color,
                "role": user.role, "avatar_url": format!("{}/avatars/{}.png", links.web, user.id),
                "description": user.description, "invitation_sent": false, "job_title": user.job_title,
                "teams": teams, "contact_methods": methods, "notification_rules": rules,
            }),
        )
    }
}
