//! Lists and single objects as replies, with `include[]`: references swapped for the objects in full.

use serde_json::{Value, json};

use super::ask::Ask;
use crate::pagerduty::model::{IncidentIx, Kept};
use crate::pagerduty::paging::Page;
use crate::pagerduty::refusal::Refusal;
use crate::pagerduty::render::Links;
use crate::pagerduty::state::State;
use crate::wire::Reply;

/// Which references an include names, as paths: `assignments[].assignee`.
pub(crate) type Includes = [(&'static str, &'static str)];

impl State {
    /// Replies with one page of a list.
    pub(crate) fn listed<T>(
        &self,
        ask: &Ask<'_>,
        root: &str,
        items: &[T],
        includes: &Includes,
        render: impl Fn(&T) -> Value,
    ) -> Result<Reply, Refusal> {
        let page = Page::of(ask.call)?;
        Ok(page.reply(root, items, |item| self.including(ask, includes, render(item))))
    }

    /// Replies with a whole list that is not paged.
    pub(crate) fn all_of<T>(
        &self,
        ask: &Ask<'_>,
        root: &str,
        items: impl IntoIterator<Item = T>,
        includes: &Includes,
        render: impl Fn(T) -> Value,
    ) -> Reply {
        let shown: Vec<Value> = items.into_iter().map(|item| self.including(ask, includes, render(item))).collect();
        Reply::json(200, &json!({root: shown}))
    }

    /// Replies with one object.
    pub(crate) fn one(&self, ask: &Ask<'_>, status: u16, root: &str, object: Value, includes: &Includes) -> Reply {
        Reply::json(status, &json!({root: self.including(ask, includes, object)}))
    }

    /// Swaps the references that the query includes.
    pub(crate) fn including(&self, ask: &Ask<'_>, includes: &Includes, mut object: Value) -> Value {
        let wanted = ask.call.query_set("include");
        for (name, path) in includes {
            if wanted.contains(name) {
                self.swap(ask.links, &mut object, path);
            }
        }
        object
    }

    fn swap(&self, links: &Links, at: &mut Value, path: &str) {
        if path.is_empty() {
            if let Some(full) = self.in_full(links, at) {
                *at = full;
            }
            return;
        }
        let (first, rest) = path.split_once('.').unwrap_or((path, ""));
        let (name, each) = first.strip_suffix("[]").map_or((first, false), |name| (name, true));
        let Some(field) = at.get_mut(name) else {
            return;
        };
        match field {
            Value::Array(list) if each => list.iter_mut().for_each(|one| self.swap(links, one, rest)),
            Value::Null => {}
            field => self.swap(links, field, rest),
        }
    }

    /// Renders the object that a reference names; none for what is no reference, or names nothing.
    fn in_full(&self, links: &Links, reference: &Value) -> Option<Value> {
        let kind = reference["type"].as_str()?.strip_suffix("_reference")?;
        let id = reference["id"].as_str()?;
        match kind {
            "user" => self.users.find(id).map(|ix| self.user_json(links, ix)),
            "team" => self.teams.find(id).map(|ix| self.team_json(links, ix)),
            "schedule" => self.schedules.find(id).map(|ix| self.schedule_brief(links, ix)),
            "escalation_policy" => self.policies.find(id).map(|ix| self.policy_json(links, ix)),
            "service" => self.services.find(id).map(|ix| self.service_json(links, ix)),
            "incident" => self.find(id).map(|ix| self.incident_json(links, ix, false)),
            "assignment_notification_rule" => self.notification_rule_in_full(links, id),
            _ if kind.ends_with("_contact_method") => self.contact_method_in_full(links, id),
            _ if kind.ends_with("_log_entry") => self.log_entry_in_full(links, id),
            _ => self.integrations.find(id).map(|ix| self.integration_json(links, ix)),
        }
    }

    fn log_entry_in_full(&self, links: &Links, id: &str) -> Option<Value> {
        let (ix, place) = self.log_entry_by_id(id)?;
        Some(self.log_json(links, ix, &self.incident(ix).log[place], false))
    }

    fn contact_method_in_full(&self, links: &Links, id: &str) -> Option<Value> {
        let mut users = self.users.iter();
        users.find_map(|(ix, user)| {
            let method = user.contact_methods.iter().find(|method| method.id == id)?;
            Some(self.contact_method_json(links, ix, method))
        })
    }

    fn notification_rule_in_full(&self, links: &Links, id: &str) -> Option<Value> {
        let mut users = self.users.iter();
        users.find_map(|(ix, user)| {
            let rule = user.notification_rules.iter().find(|rule| rule.id == id)?;
            Some(self.notification_rule_json(links, ix, rule))
        })
    }

    /// Finds a log entry: its incident, and its place there.
    pub(crate) fn log_entry_by_id(&self, id: &str) -> Option<(IncidentIx, usize)> {
        let mut incidents = self.incidents.iter().enumerate();
        incidents.find_map(|(number, incident)| {
            let place = incident.log.iter().position(|entry| entry.id == id)?;
            Some((IncidentIx(number), place))
        })
    }

    /// Lists the ids of objects, for a filter.
    pub(crate) fn ids<'a, T: Kept>(
        &'a self,
        shelf: &'a crate::pagerduty::model::Shelf<T>,
        of: &[T::Ix],
    ) -> Vec<&'a str> {
        of.iter().map(|ix| shelf[*ix].id()).collect()
    }
}
