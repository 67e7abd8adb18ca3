//! `/escalation_policies`: who is asked in which order.

use serde_json::{Value, json};

use super::ask::{Ask, Given};
use super::include::Includes;
use crate::pagerduty::model::{Policy, PolicyIx, Rule, Target};
use crate::pagerduty::refusal::Refusal;
use crate::pagerduty::render::Links;
use crate::pagerduty::state::State;
use crate::wire::Reply;

const LOOPS_MAX: u32 = 9;
const DELAY_MINUTES_MAX: u32 = 10_080;
const TARGETS_MAX: usize = 10;
const INCLUDES: &Includes =
    &[("services", "services[]"), ("teams", "teams[]"), ("targets", "escalation_rules[].targets[]")];

impl State {
    pub(crate) fn route_policies(&mut self, ask: &Ask<'_>, parts: &[&str]) -> Result<Reply, Refusal> {
        let json = |state: &State, ix| state.policy_json(ask.links, ix);
        match (ask.call.method.as_str(), parts) {
            ("GET", []) => self.list_policies(ask),
            ("POST", []) => {
                let given = ask.given("escalation_policy")?;
                let mut policy = Policy {
                    id: self.random.short_id(),
                    name: given.needed("name")?.to_owned(),
                    description: None,
                    rules: Vec::new(),
                    num_loops: 0,
                    handoffs_always: false,
                    teams: Vec::new(),
                };
                self.change_policy(&mut policy, &given, None)?;
                let ix = self.policies.add(policy);
                Ok(self.one(ask, 201, "escalation_policy", json(self, ix), INCLUDES))
            }
            (method, [id]) => {
                let ix = self.policy_named(id)?;
                match method {
                    "GET" => Ok(self.one(ask, 200, "escalation_policy", json(self, ix), INCLUDES)),
                    "PUT" => {
                        let mut policy = self.policies[ix].clone();
                        self.change_policy(&mut policy, &ask.given("escalation_policy")?, Some(ix))?;
                        self.policies[ix] = policy;
                        Ok(self.one(ask, 200, "escalation_policy", json(self, ix), INCLUDES))
                    }
                    "DELETE" => {
                        if self.services.iter().any(|(_, service)| service.policy == ix) {
                            return Err(Refusal::invalid("Escalation policy can't be deleted while services use it"));
                        }
                        self.policies.delete(ix);
                        Ok(Reply::empty(204))
                    }
                    _ => Err(Refusal::not_found()),
                }
            }
            _ => Err(Refusal::not_found()),
        }
    }

    pub(crate) fn policy_named(&self, id: &str) -> Result<PolicyIx, Refusal> {
        self.policies.find(id).ok_or_else(|| Refusal::new(404, 5001, "Escalation Policy Not Found"))
    }

    fn list_policies(&self, ask: &Ask<'_>) -> Result<Reply, Refusal> {
        let users = ask.call.query_set("user_ids");
        let asks_one = |policy: &Policy| {
            let mut targets = policy.rules.iter().flat_map(|rule| &rule.targets);
            targets.any(|target| match target {
                Target::User(user) => users.contains(&self.user(*user).id.as_str()),
                Target::Schedule(schedule) => {
                    let mut layers = self.schedules[*schedule].layers.iter().flat_map(|layer| &layer.users);
                    layers.any(|user| users.contains(&self.user(*user).id.as_str()))
                }
            })
        };
        let matches = |(_, policy): &(PolicyIx, &Policy)| {
            ask.finds(&policy.name, "", &self.ids(&self.teams, &policy.teams)) && (users.is_empty() || asks_one(policy))
        };
        let mut policies: Vec<PolicyIx> = self.policies.iter().filter(matches).map(|(ix, _)| ix).collect();
        ask.sort_by_name(&self.policies, &mut policies, |policy| &policy.name);
        self.listed(ask, "escalation_policies", &policies, INCLUDES, |ix| self.policy_json(ask.links, *ix))
    }

    fn change_policy(&mut self, policy: &mut Policy, given: &Given, own: Option<PolicyIx>) -> Result<(), Refusal> {
        given.change("name", &mut policy.name)?;
        if self.policies.find_by(|one| one.name == policy.name).is_some_and(|taken| Some(taken) != own) {
            return Err(Refusal::invalid("Name has already been taken"));
        }
        given.change_or_clear("description", &mut policy.description)?;
        if let Some(loops) = given.whole("num_loops", 0..=LOOPS_MAX)? {
            policy.num_loops = loops;
        }
        match given.text("on_call_handoff_notifications")? {
            None => {}
            Some(text @ ("always" | "if_has_services")) => policy.handoffs_always = text == "always",
            Some(_) => {
                return Err(Refusal::invalid("On call handoff notifications must be one of: always, if_has_services"));
            }
        }
        if let Some(teams) = given.references("teams", &self.teams)? {
            if teams.len() > 1 {
                return Err(Refusal::invalid("Teams can hold at most one team"));
            }
            policy.teams = teams;
        }
        if let Some(rules) = given.list("escalation_rules")? {
            policy.rules = rules.iter().map(|rule| self.rule(&Given(rule.clone()))).collect::<Result<_, _>>()?;
        }
        if policy.rules.is_empty() {
            return Err(Refusal::invalid("Escalation rules can't be empty"));
        }
        Ok(())
    }

    fn rule(&mut self, given: &Given) -> Result<Rule, Refusal> {
        let delay = given.whole("escalation_delay_in_minutes", 1..=DELAY_MINUTES_MAX)?;
        let targets = given.list("targets")?.unwrap_or_default();
        if targets.is_empty() || targets.len() > TARGETS_MAX {
            return Err(Refusal::invalid("Each escalation rule needs 1 to 10 targets"));
        }
        Ok(Rule {
            id: given.text("id")?.map_or_else(|| self.random.short_id(), str::to_owned),
            delay_minutes: delay.ok_or_else(|| Refusal::invalid("Escalation delay in minutes can't be blank"))?,
            targets: targets.iter().map(|target| self.target(target)).collect::<Result<_, _>>()?,
            round_robin: given.get("escalation_rule_assignment_strategy")["type"] == "round_robin",
        })
    }

    fn target(&self, given: &Value) -> Result<Target, Refusal> {
        let id = given["id"].as_str().unwrap_or_default();
        let found = match given["type"].as_str() {
            Some("user" | "user_reference") => self.users.find(id).map(Target::User),
            Some("schedule" | "schedule_reference") => self.schedules.find(id).map(Target::Schedule),
            _ => return Err(Refusal::invalid("Target type must be user_reference or schedule_reference")),
        };
        found.ok_or_else(|| Refusal::invalid(format!("Target {id} not found")))
    }

    pub(crate) fn target_ref(&self, links: &Links, target: Target) -> Value {
        match target {
            Target::User(user) => self.user_ref(links, user),
            Target::Schedule(schedule) => self.schedule_ref(links, schedule),
        }
    }

    pub(crate) fn policy_json(&self, links: &Links, ix: PolicyIx) -> Value {
        let policy = self.policy(ix);
        let rule = |rule: &Rule| {
            let targets: Vec<Value> = rule.targets.iter().map(|target| self.target_ref(links, *target)).collect();
            let strategy = if rule.round_robin { "round_robin" } else { "assign_to_everyone" };
            json!({
                "id": rule.id,
                "escalation_delay_in_minutes": rule.delay_minutes,
                "targets": targets,
                "escalation_rule_assignment_strategy": {"type": strategy},
            })
        };
        let services = self.services.iter().filter(|(_, service)| service.policy == ix);
        let services: Vec<Value> = services.map(|(service, _)| self.service_ref(links, service)).collect();
        links.full(
            policy,
            json!({
                "name": policy.name, "description": policy.description, "num_loops": policy.num_loops,
                "on_call_handoff_notifications": if policy.handoffs_always { "always" } else { "if_has_services" },
                "escalation_rules": policy.rules.iter().map(rule).collect::<Vec<_>>(),
                "services": services, "teams": self.team_refs(links, &policy.teams),
            }),
        )
    }
}
