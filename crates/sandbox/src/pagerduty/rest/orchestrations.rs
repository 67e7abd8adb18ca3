//! `/event_orchestrations`: global orchestrations and those of services. Their rules are kept, but not applied.

use serde_json::{Value, json};

use super::ask::{Ask, Given};
use crate::clock::seconds;
use crate::pagerduty::model::{Orchestration, OrchestrationIx, Rules};
use crate::pagerduty::refusal::Refusal;
use crate::pagerduty::render::Links;
use crate::pagerduty::state::State;
use crate::wire::Reply;

impl State {
    pub(crate) fn route_orchestrations(&mut self, ask: &Ask<'_>, parts: &[&str]) -> Result<Reply, Refusal> {
        match (ask.call.method.as_str(), parts) {
            ("GET", []) => {
                let all: Vec<OrchestrationIx> = self.orchestrations.iter().map(|(ix, _)| ix).collect();
                self.listed(ask, "orchestrations", &all, &[], |ix| self.orchestration_json(ask.links, *ix))
            }
            ("POST", []) => {
                let given = ask.given("orchestration")?;
                let mut made = Orchestration {
                    id: self.random.short_id(),
                    name: given.needed("name")?.to_owned(),
                    description: None,
                    integration: self.random.short_id(),
                    key: format!("R{}", &self.random.hex32()[1..]),
                    global: Rules::default(),
                    router: Rules::default(),
                    unrouted: Rules::default(),
                    created_at: ask.now,
                };
                given.change_or_clear("description", &mut made.description)?;
                let ix = self.orchestrations.add(made);
                Ok(self.one(ask, 201, "orchestration", self.orchestration_json(ask.links, ix), &[]))
            }
            (_, ["services", service, rest @ ..]) => self.route_service_rules(ask, service, rest),
            (_, [id, rest @ ..]) => {
                let ix = self.orchestrations.find(id).ok_or_else(Refusal::not_found)?;
                self.route_orchestration(ask, ix, rest)
            }
            _ => Err(Refusal::not_found()),
        }
    }

    fn route_orchestration(&mut self, ask: &Ask<'_>, ix: OrchestrationIx, parts: &[&str]) -> Result<Reply, Refusal> {
        match (ask.call.method.as_str(), parts) {
            ("GET", []) => {}
            ("PUT", []) => {
                let given = ask.given("orchestration")?;
                let mut changed = self.orchestrations[ix].clone();
                given.change("name", &mut changed.name)?;
                given.change_or_clear("description", &mut changed.description)?;
                self.orchestrations[ix] = changed;
            }
            ("DELETE", []) => {
                self.orchestrations.delete(ix);
                return Ok(Reply::empty(204));
            }
            (method @ ("GET" | "PUT"), [path @ ("global" | "router" | "unrouted")]) => {
                let id = self.orchestrations[ix].id.clone();
                let orchestration = &mut self.orchestrations[ix];
                let rules = match *path {
                    "global" => &mut orchestration.global,
                    "router" => &mut orchestration.router,
                    _ => &mut orchestration.unrouted,
                };
                if method == "PUT" {
                    change(rules, &ask.given("orchestration_path")?)?;
                }
                let parent = json!({
                    "id": id, "type": "event_orchestration_reference",
                    "self": format!("{}/event_orchestrations/{id}", ask.links.api),
                });
                let itself = format!("{}/event_orchestrations/{id}/{path}", ask.links.api);
                return Ok(path_reply(path, &itself, &parent, rules));
            }
            _ => return Err(Refusal::not_found()),
        }
        Ok(self.one(ask, 200, "orchestration", self.orchestration_json(ask.links, ix), &[]))
    }

    fn route_service_rules(&mut self, ask: &Ask<'_>, service: &str, parts: &[&str]) -> Result<Reply, Refusal> {
        let ix = self.service_by_id(service).ok_or_else(Refusal::not_found)?;
        let parent = self.service_ref(ask.links, ix);
        let own = self.service_rules.entry(service.to_owned()).or_default();
        match (ask.call.method.as_str(), parts) {
            (method @ ("GET" | "PUT"), []) => {
                if method == "PUT" {
                    change(&mut own.rules, &ask.given("orchestration_path")?)?;
                }
                let itself = format!("{}/event_orchestrations/services/{service}", ask.links.api);
                Ok(path_reply("service", &itself, &parent, &own.rules))
            }
            ("GET", ["active"]) => Ok(Reply::json(200, &json!({"active": own.active}))),
            ("PUT", ["active"]) => {
                let wanted = ask.body()?.flag("active")?;
                own.active = wanted.ok_or_else(|| Refusal::invalid("Active can't be blank"))?;
                Ok(Reply::json(200, &json!({"active": own.active})))
            }
            _ => Err(Refusal::not_found()),
        }
    }

    fn orchestration_json(&self, links: &Links, ix: OrchestrationIx) -> Value {
        let one = &self.orchestrations[ix];
        let integration = json!({
            "id": one.integration, "label": format!("{} Default Integration", one.name),
            "parameters": {"routing_key": one.key, "type": "global"},
        });
        json!({
            "id": one.id, "self": format!("{}/event_orchestrations/{}", links.api, one.id), "name": one.name,
            "description": one.description, "team": null, "integrations": [integration], "routes": 0,
            "created_at": seconds(one.created_at), "updated_at": seconds(one.created_at),
        })
    }
}

/// Takes over sets and what happens to events that meet no rule.
fn change(rules: &mut Rules, given: &Given) -> Result<(), Refusal> {
    if let Some(sets) = given.list("sets")? {
        if sets.iter().all(|set| set["id"] != "start") {
            return Err(Refusal::invalid("Sets must have one with the id `start`"));
        }
        rules.sets = given.get("sets").clone();
    }
    if given.has("catch_all") {
        rules.catch_all = given.get("catch_all").clone();
    }
    Ok(())
}

fn path_reply(kind: &str, itself: &str, parent: &Value, rules: &Rules) -> Reply {
    let sets = if rules.sets.is_null() { json!([{"id": "start", "rules": []}]) } else { rules.sets.clone() };
    let by_itself = if kind == "router" { json!({"route_to": "unrouted"}) } else { json!({}) };
    let catch_all = if rules.catch_all.is_null() { json!({"actions": by_itself}) } else { rules.catch_all.clone() };
    let path = json!({"type": kind, "self": itself, "parent": parent, "sets": sets, "catch_all": catch_all});
    Reply::json(200, &json!({"orchestration_path": path}))
}
