//! What hardly changes: users, services, escalation policies, priorities, abilities.

use serde_json::{Value, json};

use super::auth::Caller;
use super::model::{PolicyIx, ServiceIx, UserIx};
use super::paging::Page;
use super::refusal::Refusal;
use super::render::{Links, priority_object};
use super::state::State;
use crate::wire::{Call, Reply};

const ABILITIES: [&str; 4] = ["teams", "event_rules", "incident_priorities", "advanced_webhooks"];
const NOBODY: &str = "Because this request was made using an account-level access token, we were unable to determine \
    the user's identity. Please use a user-level token.";

impl State {
    pub(crate) fn list_users(&self, call: &Call, links: &Links) -> Result<Reply, Refusal> {
        let query = call.query("query").unwrap_or_default().to_lowercase();
        let matches = |ix: &UserIx| {
            let user = self.user(*ix);
            user.name.to_lowercase().contains(&query) || user.email.to_lowercase().contains(&query)
        };
        let users: Vec<UserIx> = self.users.iter().map(|(ix, _)| ix).filter(matches).collect();
        Ok(Page::of(call)?.reply("users", &users, |ix| self.user_json(links, *ix)))
    }

    pub(crate) fn get_user(&self, links: &Links, id: &str) -> Result<Reply, Refusal> {
        let ix = self.user_by_id(id).ok_or_else(Refusal::not_found)?;
        Ok(Reply::json(200, &json!({"user": self.user_json(links, ix)})))
    }

    pub(crate) fn me(&self, caller: Caller, links: &Links) -> Reply {
        match caller {
            Caller::User(ix) => Reply::json(200, &json!({"user": self.user_json(links, ix)})),
            Caller::Account => Reply::json(400, &json!({"error": NOBODY})),
        }
    }

    pub(crate) fn list_services(&self, call: &Call, links: &Links) -> Result<Reply, Refusal> {
        let query = call.query("query").unwrap_or_default().to_lowercase();
        let name = call.query("name");
        let matches = |ix: &ServiceIx| {
            let service = self.service(*ix);
            service.name.to_lowercase().contains(&query) && name.is_none_or(|name| service.name == name)
        };
        let services: Vec<ServiceIx> = self.services.iter().map(|(ix, _)| ix).filter(matches).collect();
        Ok(Page::of(call)?.reply("services", &services, |ix| self.service_json(links, *ix)))
    }

    pub(crate) fn get_service(&self, links: &Links, id: &str) -> Result<Reply, Refusal> {
        let ix = self.service_by_id(id).ok_or_else(Refusal::not_found)?;
        Ok(Reply::json(200, &json!({"service": self.service_json(links, ix)})))
    }

    pub(crate) fn list_policies(&self, call: &Call, links: &Links) -> Result<Reply, Refusal> {
        let query = call.query("query").unwrap_or_default().to_lowercase();
        let matches = |ix: &PolicyIx| self.policy(*ix).name.to_lowercase().contains(&query);
        let policies: Vec<PolicyIx> = self.policies.iter().map(|(ix, _)| ix).filter(matches).collect();
        Ok(Page::of(call)?.reply("escalation_policies", &policies, |ix| self.policy_json(links, *ix)))
    }

    pub(crate) fn get_policy(&self, links: &Links, id: &str) -> Result<Reply, Refusal> {
        let ix = self.policy_by_id(id).ok_or_else(Refusal::not_found)?;
        Ok(Reply::json(200, &json!({"escalation_policy": self.policy_json(links, ix)})))
    }

    pub(crate) fn list_priorities(&self, call: &Call, links: &Links) -> Result<Reply, Refusal> {
        let priorities: Vec<_> = self.priorities.iter().map(|(_, priority)| priority).collect();
        Ok(Page::of(call)?.reply("priorities", &priorities, |priority| priority_object(links, priority)))
    }
}

pub(crate) fn list_abilities() -> Reply {
    Reply::json(200, &json!({"abilities": ABILITIES.map(Value::from).to_vec()}))
}

pub(crate) fn get_ability(name: &str) -> Result<Reply, Refusal> {
    if ABILITIES.contains(&name) { Ok(Reply::empty(204)) } else { Err(Refusal::not_found()) }
}
