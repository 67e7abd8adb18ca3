//! `/incidents`: create, read, update, snooze, merge; and the way to what hangs below one incident.

use serde_json::{Value, json};

use super::ask::{Ask, Given};
use super::catalogue;
use super::incident_list::INCLUDES;
use super::patch::Patch;
use crate::clock::after;
use crate::pagerduty::lifecycle::{INCIDENT_TYPE, Opening};
use crate::pagerduty::model::{
    Actor, ConferenceBridge, IncidentIx, PolicyIx, PriorityIx, ServiceState, Status, Urgency, UserIx,
};
use crate::pagerduty::refusal::Refusal;
use crate::pagerduty::state::State;
use crate::wire::Reply;

const KEY_CHARACTERS_MAX: usize = 255;
pub(super) const BULK_MAX: usize = 250;
pub(super) const ALERTS_MAX: usize = 1_000;
const SNOOZE_SECONDS_MAX: u32 = 604_800;
const DUPLICATE_KEY: &str = "Open incident with matching dedup key already exists on this service";

impl State {
    pub(crate) fn route_incidents(&mut self, ask: &Ask<'_>, parts: &[&str]) -> Result<Reply, Refusal> {
        match (ask.call.method.as_str(), parts) {
            ("GET", []) => self.list_incidents(ask),
            ("POST", []) => self.create_incident(ask),
            ("PUT", []) => self.update_incidents(ask),
            ("GET", ["types"]) => catalogue::list_incident_types(ask),
            (_, ["custom_fields", rest @ ..]) => self.route_custom_fields(ask, rest),
            (method, [id, rest @ ..]) => {
                let ix = self.find(id).ok_or_else(Refusal::not_found)?;
                match (method, rest) {
                    ("GET", []) => Ok(self.one(ask, 200, "incident", self.incident_shown(ask, ix, true), INCLUDES)),
                    ("PUT", []) => self.update_incident(ask, ix),
                    ("POST", ["snooze"]) => self.snooze_incident(ask, ix),
                    ("PUT", ["merge"]) => self.merge_incidents(ask, ix),
                    (_, ["notes", rest @ ..]) => self.route_notes(ask, ix, rest),
                    (_, ["alerts", rest @ ..]) => self.route_alerts(ask, ix, rest),
                    ("GET", ["log_entries"]) => self.list_log_entries(ask, Some(ix)),
                    (_, ["status_updates", rest @ ..]) => self.route_status_updates(ask, ix, rest),
                    (_, ["responder_requests", rest @ ..]) => self.route_responders(ask, ix, rest),
                    (_, ["custom_fields", "values"]) => self.route_field_values(ask, ix),
                    ("GET", [related]) => self.list_related(ask, ix, related),
                    _ => Err(Refusal::not_found()),
                }
            }
            _ => Err(Refusal::not_found()),
        }
    }

    fn create_incident(&mut self, ask: &Ask<'_>) -> Result<Reply, Refusal> {
        let requester = self.requester(ask.call, ask.caller)?;
        let given = ask.given("incident")?;
        let opening = self.opening(ask, &given)?;
        let ix = self.open_incident(opening, Actor::User(requester), ask.now);
        Ok(self.one(ask, 201, "incident", self.incident_json(ask.links, ix, true), INCLUDES))
    }

    fn opening(&mut self, ask: &Ask<'_>, given: &Given) -> Result<Opening, Refusal> {
        let title = given.text("title")?.filter(|title| !title.trim().is_empty());
        let title = title.ok_or_else(|| Refusal::invalid("Title cannot be empty"))?.to_owned();
        let service = given.get("service")["id"].as_str().and_then(|id| self.service_by_id(id));
        let service = service.ok_or_else(|| Refusal::invalid("Service not found"))?;
        if self.service_state(service) != ServiceState::Active {
            return Err(Refusal::invalid("Service is disabled or in maintenance"));
        }
        let key = match given.text("incident_key")? {
            None => self.random.hex32(),
            Some(key) if key.chars().count() <= KEY_CHARACTERS_MAX => key.to_owned(),
            Some(_) => return Err(Refusal::invalid("Incident key is too long (maximum is 255 characters)")),
        };
        if self.open_with_key(service, &key).is_some() {
            return Err(Refusal::arguments(DUPLICATE_KEY));
        }
        let (policy, assignees) = (given.get("escalation_policy"), self.assignees_of(given.get("assignments"))?);
        if !policy.is_null() && assignees.is_some() {
            return Err(Refusal::invalid("Assignments and escalation policy cannot be given together"));
        }
        if assignees.as_ref().is_some_and(|users| users.len() > 1) {
            return Err(Refusal::invalid("A new incident can be assigned to one user only"));
        }
        let policy = if policy.is_null() { self.service(service).policy } else { self.policy_of(policy)? };
        let assignee = assignees.and_then(|users| users.first().copied());
        if assignee.is_none() {
            self.check_staffed(ask, policy)?;
        }
        let given_urgency = urgency(given.get("urgency"))?;
        Ok(Opening {
            title,
            details: details(given.get("body"))?,
            key: Some(key),
            service,
            policy,
            urgency: given_urgency.unwrap_or_else(|| self.urgency_at(service, None, ask.now)),
            priority: self.priority_of(given.get("priority"))?,
            assignee,
            client: None,
            incident_type: incident_type(given.get("incident_type"))?.unwrap_or_else(|| INCIDENT_TYPE.to_owned()),
            conference_bridge: conference_bridge(given.get("conference_bridge"))?,
            alert: None,
        })
    }

    /// Refuses a policy with nobody on call at any level.
    pub(super) fn check_staffed(&self, ask: &Ask<'_>, policy: PolicyIx) -> Result<(), Refusal> {
        if self.is_staffed(policy, ask.now) {
            return Ok(());
        }
        Err(Refusal::new(400, 1015, "Escalation Policy Has No User On Call"))
    }

    fn update_incident(&mut self, ask: &Ask<'_>, ix: IncidentIx) -> Result<Reply, Refusal> {
        let requester = self.requester(ask.call, ask.caller)?;
        let patch = Patch::parse(self, ask, ix, &ask.given("incident")?)?;
        patch.check(self)?;
        patch.apply(self, Actor::User(requester), ask.now);
        Ok(self.one(ask, 200, "incident", self.incident_json(ask.links, ix, false), INCLUDES))
    }

    /// Updates several incidents, all or none.
    fn update_incidents(&mut self, ask: &Ask<'_>) -> Result<Reply, Refusal> {
        let requester = self.requester(ask.call, ask.caller)?;
        let body = ask.body()?;
        let given = body.list("incidents")?.ok_or_else(|| Refusal::invalid("Incidents must be an array"))?;
        if given.len() > BULK_MAX {
            return Err(Refusal::new(413, 2001, "Invalid Input Provided").because("at most 250 incidents at once"));
        }
        let parse = |one: &Value| {
            let ix = one["id"].as_str().and_then(|id| self.find(id));
            let ix = ix.ok_or_else(|| Refusal::new(404, 5001, "Incident Not Found"))?;
            Patch::parse(self, ask, ix, &Given(one.clone()))
        };
        let patches = given.iter().map(parse).collect::<Result<Vec<Patch>, Refusal>>()?;
        patches.iter().try_for_each(|patch| patch.check(self))?;
        for patch in &patches {
            patch.apply(self, Actor::User(requester), ask.now);
        }
        let shown = patches.iter().map(|patch| self.incident_json(ask.links, patch.ix, false));
        let shown = shown.map(|shown| self.including(ask, INCLUDES, shown)).collect();
        Ok(echo("incidents", shown))
    }

    fn snooze_incident(&mut self, ask: &Ask<'_>, ix: IncidentIx) -> Result<Reply, Refusal> {
        let requester = self.requester(ask.call, ask.caller)?;
        let invalid = || Refusal::new(400, 1013, "Snooze Duration is Invalid");
        let duration = ask.body()?.whole("duration", 1..=SNOOZE_SECONDS_MAX).map_err(|_| invalid())?;
        let duration = duration.ok_or_else(invalid)?;
        match self.incident(ix).status {
            Status::Acknowledged => {}
            Status::Triggered if !self.config.snooze_needs_acknowledgement => {
                self.acknowledge(ix, Actor::User(requester), ask.now);
            }
            Status::Triggered => return Err(Refusal::new(400, 1012, "Incident is not Acknowledged")),
            Status::Resolved => return Err(Refusal::new(400, 1001, "Incident Already Resolved")),
        }
        let until = after(ask.now, u64::from(duration) * 1_000);
        self.snooze(ix, until, Actor::User(requester), ask.now);
        Ok(self.one(ask, 201, "incident", self.incident_json(ask.links, ix, false), INCLUDES))
    }

    fn merge_incidents(&mut self, ask: &Ask<'_>, target: IncidentIx) -> Result<Reply, Refusal> {
        let requester = self.requester(ask.call, ask.caller)?;
        let body = ask.body()?;
        let given = body.list("source_incidents")?;
        let given = given.ok_or_else(|| Refusal::invalid("Source incidents must be an array"))?;
        let source = |one: &Value| {
            let found = one["id"].as_str().and_then(|id| self.find(id)).filter(|ix| *ix != target);
            found.ok_or_else(|| Refusal::new(404, 5001, "Incident Not Found"))
        };
        let mut sources = given.iter().map(source).collect::<Result<Vec<_>, _>>()?;
        sources.sort_unstable();
        sources.dedup();
        if !self.incident(target).is_open() {
            return Err(Refusal::new(400, 1001, "Incident Already Resolved"));
        }
        if sources.iter().any(|ix| self.incident(*ix).merged_into.is_some()) {
            return Err(Refusal::new(400, 1019, "Incident Already Merged"));
        }
        if !self.can_merge(target, &sources) {
            return Err(Refusal::arguments("An incident can have at most 1000 alerts"));
        }
        self.merge(target, &sources, Actor::User(requester), ask.now);
        Ok(Reply::json(200, &json!({"incident": self.incident_ref(ask.links, target)})))
    }

    pub(super) fn policy_of(&self, reference: &Value) -> Result<PolicyIx, Refusal> {
        let found = reference["id"].as_str().and_then(|id| self.policy_by_id(id));
        found.ok_or_else(|| Refusal::new(400, 1014, "Escalation Policy Not Found"))
    }

    /// Reads a priority, given as an object or by name.
    pub(super) fn priority_of(&self, given: &Value) -> Result<Option<PriorityIx>, Refusal> {
        let name = match given {
            Value::Null => return Ok(None),
            Value::String(name) => Some(name.as_str()),
            object => object["id"].as_str().or(object["name"].as_str()),
        };
        let found = name.and_then(|name| self.priority_by(name));
        found.map(Some).ok_or_else(|| Refusal::new(400, 1020, "Invalid Priority"))
    }

    pub(super) fn assignees_of(&self, given: &Value) -> Result<Option<Vec<UserIx>>, Refusal> {
        let Some(given) = given.as_array() else {
            return Ok(None);
        };
        let user = |one: &Value| {
            let found = one["assignee"]["id"].as_str().and_then(|id| self.user_by_id(id));
            found.ok_or_else(|| Refusal::new(400, 1007, "Assigned To User Not Found"))
        };
        given.iter().map(user).collect::<Result<Vec<_>, _>>().map(Some)
    }
}

/// Replies to a bulk update with what was updated, in the form of a page.
pub(super) fn echo(root: &str, shown: Vec<Value>) -> Reply {
    Reply::json(200, &json!({root: shown, "limit": BULK_MAX, "offset": 0, "more": false, "total": null}))
}

/// Reads the details of an incident's body, which are a plain string.
fn details(body: &Value) -> Result<Option<String>, Refusal> {
    match (&body["details"], body) {
        (Value::String(details), _) => Ok(Some(details.clone())),
        (Value::Null, Value::Null | Value::Object(_)) => Ok(None),
        _ => Err(Refusal::invalid("Body details must be a string")),
    }
}

/// Reads the type of an incident, given by name; there is only one.
pub(super) fn incident_type(given: &Value) -> Result<Option<String>, Refusal> {
    match given["name"].as_str() {
        None => Ok(None),
        Some(INCIDENT_TYPE) => Ok(Some(INCIDENT_TYPE.to_owned())),
        Some(_) => Err(Refusal::invalid("Incident type not found")),
    }
}

pub(super) fn conference_bridge(given: &Value) -> Result<Option<ConferenceBridge>, Refusal> {
    if given.is_null() {
        return Ok(None);
    }
    let given = Given(given.clone());
    Ok(Some(ConferenceBridge {
        number: given.text("conference_number")?.map(str::to_owned),
        url: given.text("conference_url")?.map(str::to_owned),
    }))
}

pub(super) fn urgency(given: &Value) -> Result<Option<Urgency>, Refusal> {
    match given {
        Value::Null => Ok(None),
        Value::String(text) => {
            let urgency = Urgency::parse(text);
            urgency.map(Some).ok_or_else(|| Refusal::invalid("Urgency must be one of: high, low"))
        }
        _ => Err(Refusal::invalid("Urgency must be one of: high, low")),
    }
}
