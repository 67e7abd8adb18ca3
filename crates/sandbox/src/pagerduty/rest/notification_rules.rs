//! `/users/{id}/notification_rules`: when a user is reached by what.

use serde_json::{Value, json};

use super::ask::{Ask, Given};
use super::include::Includes;
use crate::pagerduty::model::{NotificationRule, Urgency, UserIx};
use crate::pagerduty::refusal::Refusal;
use crate::pagerduty::render::{Links, with};
use crate::pagerduty::state::State;
use crate::wire::Reply;

const KIND: &str = "assignment_notification_rule";
const INCLUDES: &Includes = &[("contact_methods", "contact_method")];
/// PagerDuty gives no limit; a week is more than anybody waits for a page.
const DELAY_MINUTES_MAX: u32 = 10_080;

impl State {
    pub(crate) fn route_notification_rules(
        &mut self,
        ask: &Ask<'_>,
        user: UserIx,
        parts: &[&str],
    ) -> Result<Reply, Refusal> {
        let json = |state: &State, place: usize| {
            state.notification_rule_json(ask.links, user, &state.users[user].notification_rules[place])
        };
        match (ask.call.method.as_str(), parts) {
            ("GET", []) => self.list_notification_rules(ask, user),
            ("POST", []) => {
                let given = ask.given("notification_rule")?;
                let mut rule = NotificationRule {
                    id: self.random.short_id(),
                    delay_minutes: 0,
                    contact_method: String::new(),
                    urgency: Urgency::High,
                };
                self.change_rule(user, &mut rule, &given)?;
                let rules = &mut self.users[user].notification_rules;
                rules.push(rule);
                let place = rules.len() - 1;
                Ok(self.one(ask, 201, "notification_rule", json(self, place), INCLUDES))
            }
            (method, [id]) => {
                let place = self.users[user].notification_rules.iter().position(|one| one.id == *id);
                let place = place.ok_or_else(Refusal::not_found)?;
                match method {
                    "GET" => Ok(self.one(ask, 200, "notification_rule", json(self, place), INCLUDES)),
                    "PUT" => {
                        let mut rule = self.users[user].notification_rules[place].clone();
                        self.change_rule(user, &mut rule, &ask.given("notification_rule")?)?;
                        self.users[user].notification_rules[place] = rule;
                        Ok(self.one(ask, 200, "notification_rule", json(self, place), INCLUDES))
                    }
                    "DELETE" => {
                        self.users[user].notification_rules.remove(place);
                        Ok(Reply::empty(204))
                    }
                    _ => Err(Refusal::not_found()),
                }
            }
            _ => Err(Refusal::not_found()),
        }
    }

    fn list_notification_rules(&self, ask: &Ask<'_>, user: UserIx) -> Result<Reply, Refusal> {
        let urgency = match ask.call.query("urgency").unwrap_or("high") {
            "all" => None,
            text => Some(Urgency::parse(text).ok_or_else(|| Refusal::invalid("Urgency must be high, low or all"))?),
        };
        let rules = self.users[user].notification_rules.iter();
        let rules = rules.filter(|rule| urgency.is_none_or(|urgency| rule.urgency == urgency));
        let shown = |rule: &NotificationRule| self.notification_rule_json(ask.links, user, rule);
        Ok(self.all_of(ask, "notification_rules", rules, INCLUDES, shown))
    }

    fn change_rule(&self, user: UserIx, rule: &mut NotificationRule, given: &Given) -> Result<(), Refusal> {
        if let Some(kind) = given.text("type")?.filter(|kind| kind.trim_end_matches("_reference") != KIND) {
            return Err(Refusal::invalid(format!("Type must be {KIND}, not {kind}")));
        }
        if let Some(delay) = given.whole("start_delay_in_minutes", 0..=DELAY_MINUTES_MAX)? {
            rule.delay_minutes = delay;
        }
        if let Some(urgency) = given.text("urgency")? {
            let urgency = Urgency::parse(urgency);
            rule.urgency = urgency.ok_or_else(|| Refusal::invalid("Urgency must be one of: high, low"))?;
        }
        if let Some(id) = given.get("contact_method")["id"].as_str() {
            id.clone_into(&mut rule.contact_method);
        }
        if self.users[user].contact_methods.iter().any(|method| method.id == rule.contact_method) {
            return Ok(());
        }
        Err(Refusal::invalid("Contact method not found"))
    }

    pub(crate) fn notification_rule_ref(&self, links: &Links, user: UserIx, rule: &NotificationRule) -> Value {
        let path = format!("users/{}/notification_rules/{}", self.user(user).id, rule.id);
        let summary = format!("{} minutes: channel {}", rule.delay_minutes, rule.contact_method);
        let mut shown = links.object(&format!("{KIND}_reference"), &rule.id, &summary, &path, "");
        shown["html_url"] = Value::Null;
        shown
    }

    pub(crate) fn notification_rule_json(&self, links: &Links, user: UserIx, rule: &NotificationRule) -> Value {
        let method = self.user(user).contact_methods.iter().find(|method| method.id == rule.contact_method);
        with(
            self.notification_rule_ref(links, user, rule),
            json!({
                "type": KIND,
                "start_delay_in_minutes": rule.delay_minutes,
                "urgency": rule.urgency.text(),
                "contact_method": method.map(|method| self.contact_method_ref(links, user, method)),
            }),
        )
    }
}
