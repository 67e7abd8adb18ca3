//! `/incidents/{id}/status_updates`: what stakeholders are told, and who they are.

use serde_json::{Value, json};

use super::ask::Ask;
use crate::pagerduty::model::{Actor, IncidentIx, StatusUpdate, Subscriber};
use crate::pagerduty::refusal::Refusal;
use crate::pagerduty::state::State;
use crate::wire::Reply;

const ACCOUNT: &str = "PSANDBX";

impl State {
    pub(crate) fn route_status_updates(
        &mut self,
        ask: &Ask<'_>,
        ix: IncidentIx,
        parts: &[&str],
    ) -> Result<Reply, Refusal> {
        match (ask.call.method.as_str(), parts) {
            ("POST", []) => self.publish_status_update(ask, ix),
            ("GET", ["subscribers"]) => self.listed(ask, "subscribers", &self.incident(ix).subscribers, &[], |one| {
                let (id, kind) = self.subscriber_parts(*one);
                json!({
                    "subscriber_id": id, "subscriber_type": kind,
                    "has_indirect_subscription": false, "subscribed_via": null,
                })
            }),
            ("POST", ["subscribers"]) => self.add_subscribers(ask, ix),
            ("POST", ["unsubscribe"]) => self.remove_subscribers(ask, ix),
            _ => Err(Refusal::not_found()),
        }
    }

    fn publish_status_update(&mut self, ask: &Ask<'_>, ix: IncidentIx) -> Result<Reply, Refusal> {
        let by = self.requester(ask.call, ask.caller)?;
        let given = ask.body()?;
        let (subject, html_message) = (given.text("subject")?, given.text("html_message")?);
        if subject.is_some() != html_message.is_some() {
            return Err(Refusal::invalid("Subject and html_message must be given together"));
        }
        let update = StatusUpdate {
            id: self.random.long_id("P"),
            at: ask.now,
            by,
            message: given.needed("message")?.to_owned(),
            subject: subject.map(str::to_owned),
            html_message: html_message.map(str::to_owned),
        };
        self.incident_mut(ix).status_updates.push(update.clone());
        let data = json!({
            "type": "incident_status_update", "id": update.id, "message": update.message, "trimmed": false,
        });
        self.tell_part(ix, "incident.status_update_published", Actor::User(by), data, ask.now);
        let mut shown = json!({
            "id": update.id,
            "message": update.message,
            "created_at": ask.links.time(update.at),
            "sender": self.user_ref(ask.links, by),
        });
        if let (Some(subject), Some(html)) = (update.subject, update.html_message) {
            shown["subject"] = subject.into();
            shown["html_message"] = html.into();
        }
        Ok(Reply::json(200, &json!({"status_update": shown})))
    }

    fn add_subscribers(&mut self, ask: &Ask<'_>, ix: IncidentIx) -> Result<Reply, Refusal> {
        let body = ask.body()?;
        let given = body.list("subscribers")?.ok_or_else(|| Refusal::invalid("Subscribers can't be blank"))?;
        let incident = self.incident(ix).id.clone();
        let mut results = Vec::with_capacity(given.len());
        for one in given {
            let found = self.subscriber(one);
            let result = match found {
                None => "unauthorized",
                Some(found) if self.incident(ix).subscribers.contains(&found) => "duplicate",
                Some(found) => {
                    self.incident_mut(ix).subscribers.push(found);
                    "success"
                }
            };
            results.push(json!({
                "account_id": ACCOUNT,
                "subscribable_id": incident,
                "subscribable_type": "incident",
                "subscriber_id": one["subscriber_id"],
                "subscriber_type": one["subscriber_type"],
                "result": result,
            }));
        }
        Ok(Reply::json(200, &json!({"subscriptions": results})))
    }

    fn remove_subscribers(&mut self, ask: &Ask<'_>, ix: IncidentIx) -> Result<Reply, Refusal> {
        let body = ask.body()?;
        let given = body.list("subscribers")?.ok_or_else(|| Refusal::invalid("Subscribers can't be blank"))?;
        let (mut deleted, mut unauthorized, mut missing) = (0, 0, 0);
        for one in given {
            let found = self.subscriber(one);
            let subscribers = &mut self.incident_mut(ix).subscribers;
            match found {
                None => unauthorized += 1,
                Some(found) if subscribers.contains(&found) => {
                    subscribers.retain(|one| *one != found);
                    deleted += 1;
                }
                Some(_) => missing += 1,
            }
        }
        let counts =
            json!({"deleted_count": deleted, "unauthorized_count": unauthorized, "non_existent_count": missing});
        Ok(Reply::json(200, &counts))
    }

    fn subscriber(&self, given: &Value) -> Option<Subscriber> {
        let id = given["subscriber_id"].as_str()?;
        match given["subscriber_type"].as_str()? {
            "user" => self.users.find(id).map(Subscriber::User),
            "team" => self.teams.find(id).map(Subscriber::Team),
            _ => None,
        }
    }

    fn subscriber_parts(&self, one: Subscriber) -> (&str, &'static str) {
        match one {
            Subscriber::User(user) => (&self.user(user).id, "user"),
            Subscriber::Team(team) => (&self.teams[team].id, "team"),
        }
    }
}
