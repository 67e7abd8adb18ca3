//! Makes Opsgenie's webhooks, in the shapes that were documented or seen.

use serde_json::{Value, json};

use super::model::{Alert, AlertAct, Way, Who};
use super::state::State;
use crate::clock::milliseconds;
use crate::config::NumberFormat;
use crate::outgoing::{Care, Parcel};

/// Descriptions are cut to this many characters in webhooks.
const DESCRIPTION_CHARACTERS_MAX: usize = 1_000;

/// A URL that gets every action, with its own headers.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub(crate) struct Hook {
    pub(crate) id: String,
    pub(crate) url: String,
    pub(crate) headers: Vec<(String, String)>,
}

impl State {
    pub(crate) fn tell_created(&mut self, place: usize, who: &Who) {
        let old = self.draws_old_format();
        let alert = &self.alerts[place];
        let mut shown = self.common(alert, who, old);
        shown["tags"] = alert.tags.clone().into();
        shown["priority"] = priority(alert.priority, old);
        shown["teams"] = json!([]);
        shown["actions"] = alert.actions.clone().into();
        if old {
            shown["alertType"] = 0.into();
            shown["recipients"] = json!([]);
            shown["insertedAt"] = shown["updatedAt"].clone();
            shown["userFullName"] = who.name.clone().into();
        } else {
            shown["responders"] = alert.responders.clone().into();
        }
        self.describe(alert, &mut shown);
        let mut body = self.envelope("Create", shown, who);
        if old {
            let id = self.random.uuid();
            body["alertFlowContext"] = json!({"content": {}, "requestId": id, "traceId": id});
        }
        self.post(place, "Create", &body);
    }

    pub(crate) fn tell(&mut self, place: usize, act: &AlertAct, old_priority: u8, who: &Who) {
        let old = self.draws_old_format();
        let alert = &self.alerts[place];
        let name = act.name().to_owned();
        let mut body = match act {
            AlertAct::Escalate(escalation) => self.escalation(alert, escalation),
            _ => {
                let mut shown = self.common(alert, who, old);
                shown["tags"] = alert.tags.clone().into();
                self.details_of(act, alert, old_priority, old, &mut shown);
                self.envelope(&name, shown, who)
            }
        };
        if let AlertAct::AddNote(text) = act {
            let at = if self.config.note_at_top { &mut body["note"] } else { &mut body["alert"]["note"] };
            *at = text.clone().into();
        }
        self.post(place, &name, &body);
    }

    pub(crate) fn tell_snooze_ended(&mut self, place: usize) {
        let old = self.draws_old_format();
        let who = Who { name: "System".to_owned(), user_id: String::new(), way: Way::Web, source: String::new() };
        let alert = &self.alerts[place];
        let mut shown = self.common(alert, &who, old);
        shown["tags"] = alert.tags.clone().into();
        shown["priority"] = priority(alert.priority, old);
        let body = self.envelope("SnoozeEnded", shown, &who);
        self.post(place, "SnoozeEnded", &body);
    }

    /// Adds what only some actions carry.
    fn details_of(&self, act: &AlertAct, alert: &Alert, old_priority: u8, old: bool, shown: &mut Value) {
        match act {
            AlertAct::Assign(owner) => shown["owner"] = owner.clone().into(),
            AlertAct::AddTags(tags) => shown["addedTags"] = tags.join(",").into(),
            AlertAct::RemoveTags(tags) => shown["removedTags"] = tags.join(",").into(),
            AlertAct::AddResponder(name) => shown["responder"] = name.clone().into(),
            AlertAct::AddTeam(name) => shown["team"] = name.clone().into(),
            AlertAct::Snooze(until) => {
                shown["snoozeEndDate"] = milliseconds(*until).into();
                shown["snoozedUntil"] = milliseconds(*until).into();
                shown["priority"] = priority(alert.priority, old);
            }
            AlertAct::Priority(_) => {
                shown["priority"] = priority(alert.priority, old);
                shown["oldPriority"] = priority(old_priority, old);
                self.describe(alert, shown);
            }
            AlertAct::Message(_) => shown["priority"] = priority(alert.priority, old),
            AlertAct::Description(_) => {
                shown["priority"] = priority(alert.priority, old);
                shown["description"] = alert.description.clone().into();
            }
            AlertAct::Custom(_) => self.describe(alert, shown),
            AlertAct::Delete => {
                if let Some(shown) = shown.as_object_mut() {
                    shown.remove("tags");
                }
            }
            _ => {}
        }
    }

    fn common(&self, alert: &Alert, who: &Who, old: bool) -> Value {
        let updated_ms = alert.updated_at.as_millisecond();
        // The older form has six more digits, of which the last are a counter.
        let updated_at = if old { updated_ms * 1_000_000 + 100 + alert.log.len() as i64 } else { updated_ms };
        json!({
            "alertId": alert.id,
            "tinyId": alert.tiny.to_string(),
            "alias": alert.alias,
            "message": alert.message,
            "entity": alert.entity,
            "source": alert.source,
            "createdAt": alert.created_at.as_millisecond(),
            "updatedAt": updated_at,
            "username": who.name,
            "userId": who.user_id,
        })
    }

    fn describe(&self, alert: &Alert, shown: &mut Value) {
        if self.config.description_and_details {
            let cut: String = alert.description.chars().take(DESCRIPTION_CHARACTERS_MAX).collect();
            shown["description"] = cut.into();
            shown["details"] = json!(alert.details);
        }
    }

    fn envelope(&self, action: &str, alert: Value, who: &Who) -> Value {
        let source = match who.way {
            Way::Web => json!({"name": "", "type": "web"}),
            Way::Api => json!({"name": who.source, "type": "API"}),
        };
        json!({
            "action": action,
            "alert": alert,
            "source": source,
            "integrationId": self.integration_id,
            "integrationName": "Bridge",
            "integrationType": "Webhook",
        })
    }

    /// Makes the odd one out: the alert has only its id, and there is no source.
    fn escalation(&self, alert: &Alert, name: &str) -> Value {
        json!({
            "action": "Escalate",
            "alert": {"alertId": alert.id},
            "escalationId": self.person(name).user_id,
            "escalationName": name,
            "escalationTime": 0,
            "repeatCount": 0,
            "escalationNotify": {"name": name, "id": self.person(name).user_id, "type": "default", "entity": "user"},
            "integrationId": self.integration_id,
            "integrationName": "Bridge",
        })
    }

    fn draws_old_format(&mut self) -> bool {
        match self.config.number_format {
            NumberFormat::New => false,
            NumberFormat::Old => true,
            NumberFormat::Random => self.random.chance(0.5),
        }
    }

    fn post(&mut self, place: usize, action: &str, body: &Value) {
        let alert_id = self.alerts[place].id.clone();
        let text = body.to_string();
        for hook in &self.hooks {
            let mut headers = vec![("content-type".to_owned(), "application/json".to_owned())];
            headers.extend(hook.headers.iter().cloned());
            self.outbox.push(Parcel {
                target: hook.id.clone(),
                lane: format!("{}/{alert_id}", hook.id),
                url: hook.url.clone(),
                headers,
                body: text.clone().into(),
                label: action.to_owned(),
                about: alert_id.clone(),
                webhook_id: self.random.uuid(),
                care: Care::Guaranteed,
            });
        }
    }
}

fn priority(priority: u8, old: bool) -> Value {
    if old { priority.into() } else { format!("P{priority}").into() }
}
