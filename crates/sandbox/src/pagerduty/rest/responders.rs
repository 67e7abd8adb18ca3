//! `/incidents/{id}/responder_requests`: asking others to help.

use serde_json::{Value, json};

use super::ask::{Ask, Given};
use crate::pagerduty::model::{
    Actor, IncidentIx, Responder, ResponderReply, ResponderRequest, ResponderTarget, UserIx,
};
use crate::pagerduty::refusal::Refusal;
use crate::pagerduty::render::Links;
use crate::pagerduty::state::State;
use crate::wire::Reply;

impl State {
    pub(crate) fn route_responders(&mut self, ask: &Ask<'_>, ix: IncidentIx, parts: &[&str]) -> Result<Reply, Refusal> {
        match (ask.call.method.as_str(), parts) {
            ("POST", []) => self.request_responders(ask, ix),
            ("PUT", ["cancel"]) => self.cancel_responders(ask, ix),
            _ => Err(Refusal::not_found()),
        }
    }

    fn request_responders(&mut self, ask: &Ask<'_>, ix: IncidentIx) -> Result<Reply, Refusal> {
        let given = ask.body()?;
        let requester = self.requester_of(&given)?;
        if !self.incident(ix).is_open() {
            return Err(Refusal::new(400, 1001, "Incident Already Resolved"));
        }
        let wanted = given.list("responder_request_targets")?.unwrap_or_default();
        let target = |one: &Value| {
            let target =
                if one["responder_request_target"].is_object() { &one["responder_request_target"] } else { one };
            self.responder_target(target).ok_or_else(|| Refusal::invalid("Responder request target not found"))
        };
        let targets = wanted.iter().map(target).collect::<Result<Vec<_>, _>>()?;
        if targets.is_empty() {
            return Err(Refusal::invalid("Responder request targets can't be empty"));
        }
        let responder = |user| Responder { user, state: ResponderReply::Pending, updated_at: ask.now };
        let targets = targets.into_iter().map(|target| {
            let users = match target {
                ResponderTarget::User(user) => vec![user],
                ResponderTarget::Policy(policy) => self.on_call(&self.policy(policy).rules, 0, ask.now),
            };
            (target, users.into_iter().map(responder).collect())
        });
        let targets = targets.collect();
        let request = ResponderRequest {
            id: self.random.long_id("Q"),
            at: ask.now,
            requester,
            message: given.text("message")?.unwrap_or_default().to_owned(),
            targets,
        };
        let shown = self.responder_request_json(ask.links, ix, &request);
        self.tell_responders(ask, ix, &request);
        self.incident_mut(ix).responder_requests.push(request);
        self.incident_mut(ix).updated_at = ask.now;
        Ok(Reply::json(200, &json!({"responder_request": shown})))
    }

    fn tell_responders(&mut self, ask: &Ask<'_>, ix: IncidentIx, request: &ResponderRequest) {
        let by = Actor::User(request.requester);
        for (target, responders) in &request.targets {
            for responder in responders {
                let links = self.own_links();
                let policy = match target {
                    ResponderTarget::Policy(policy) => self.policy_ref(&links, *policy),
                    ResponderTarget::User(_) => Value::Null,
                };
                let data = json!({
                    "type": "incident_responder",
                    "user": self.user_ref(&links, responder.user),
                    "escalation_policy": policy,
                    "message": request.message,
                    "state": responder.state.text(),
                });
                self.tell_part(ix, "incident.responder.added", by, data, ask.now);
            }
        }
    }

    /// Takes back what was asked and not answered; tells for each target what became of it.
    fn cancel_responders(&mut self, ask: &Ask<'_>, ix: IncidentIx) -> Result<Reply, Refusal> {
        let given = ask.body()?;
        self.requester_of(&given)?;
        let wanted = given.list("responder_request_targets")?.unwrap_or_default();
        let mut results = Vec::with_capacity(wanted.len());
        for one in wanted {
            let target = self.responder_target(one);
            let requests = &mut self.incident_mut(ix).responder_requests;
            let asked = requests.iter_mut().flat_map(|request| &mut request.targets);
            let of_target = asked.filter(|(asked, _)| Some(*asked) == target);
            let mut result = "not_found";
            for responder in of_target.flat_map(|(_, responders)| responders) {
                result = match responder.state {
                    ResponderReply::Pending => {
                        responder.state = ResponderReply::Cancelled;
                        responder.updated_at = ask.now;
                        "cancelled"
                    }
                    ResponderReply::Joined => "joined",
                    ResponderReply::Declined => "declined",
                    ResponderReply::Cancelled => result,
                };
            }
            results.push(json!({"id": one["id"], "type": one["type"], "result": result}));
        }
        Ok(Reply::json(200, &json!({"responder_request_targets": results})))
    }

    fn requester_of(&self, given: &Given) -> Result<UserIx, Refusal> {
        let found = given.text("requester_id")?.and_then(|id| self.users.find(id));
        let unknown = Refusal { errors: Some(Vec::new()), ..Refusal::new(400, 1008, "Requester User Not Found") };
        found.ok_or(unknown)
    }

    fn responder_target(&self, given: &Value) -> Option<ResponderTarget> {
        let id = given["id"].as_str()?;
        match given["type"].as_str()? {
            "user" | "user_reference" => self.users.find(id).map(ResponderTarget::User),
            "escalation_policy" | "escalation_policy_reference" => self.policies.find(id).map(ResponderTarget::Policy),
            _ => None,
        }
    }

    /// Renders everybody who was asked to help with an incident.
    pub(super) fn responders_json(&self, links: &Links, ix: IncidentIx) -> Vec<Value> {
        let requests = self.incident(ix).responder_requests.iter();
        let each =
            requests.flat_map(|request| request.targets.iter().map(move |(_, responders)| (request, responders)));
        each.flat_map(|(request, responders)| self.responder_list(links, ix, request, responders)).collect()
    }

    pub(super) fn responder_requests_json(&self, links: &Links, ix: IncidentIx) -> Vec<Value> {
        let requests = self.incident(ix).responder_requests.iter();
        requests.map(|request| self.responder_request_json(links, ix, request)).collect()
    }

    fn responder_request_json(&self, links: &Links, ix: IncidentIx, request: &ResponderRequest) -> Value {
        let target = |(target, responders): &(ResponderTarget, Vec<Responder>)| {
            let (kind, id, name) = match target {
                ResponderTarget::User(user) => ("user", &self.user(*user).id, &self.user(*user).name),
                ResponderTarget::Policy(policy) => {
                    ("escalation_policy", &self.policy(*policy).id, &self.policy(*policy).name)
                }
            };
            json!({"responder_request_target": {
                "type": kind, "id": id, "summary": name,
                "incidents_responders": self.responder_list(links, ix, request, responders),
            }})
        };
        json!({
            "id": request.id,
            "incident": self.incident_ref(links, ix),
            "requester": self.user_ref(links, request.requester),
            "requested_at": links.time(request.at),
            "message": request.message,
            "responder_request_targets": request.targets.iter().map(target).collect::<Vec<_>>(),
        })
    }

    fn responder_list(
        &self,
        links: &Links,
        ix: IncidentIx,
        request: &ResponderRequest,
        responders: &[Responder],
    ) -> Vec<Value> {
        let shown = |one: &Responder| {
            json!({
                "state": one.state.text(),
                "user": self.user_ref(links, one.user),
                "incident": self.incident_ref(links, ix),
                "updated_at": links.time(one.updated_at),
                "message": request.message,
                "requester": self.user_ref(links, request.requester),
                "requested_at": links.time(request.at),
            })
        };
        responders.iter().map(shown).collect()
    }
}
