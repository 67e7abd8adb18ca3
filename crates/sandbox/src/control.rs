//! The control API: what tests and people do to a sandbox over HTTP.

mod chat;
mod netbox;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::chat::ChatError;
use crate::clock::parse_time;
use crate::faults::{Fault, FaultId};
use crate::listener::{Answer, Ending};
use crate::netbox::NetBoxError;
use crate::opsgenie::{AlertAct, NewAlert, OpsgenieError};
use crate::page;
use crate::pagerduty::{ActError, IncidentAct, NewIncident, ServiceState, SettingsError};
use crate::running::Handle;
use crate::wire::{Call, Reply};

/// Who acts when a call does not say.
const PAGERDUTY_PERSON: &str = "Ann Berg";
const OPSGENIE_PERSON: &str = "dana@example.test";

/// Answers the control API and the page.
#[derive(Debug)]
pub(crate) struct Control {
    handle: Handle,
}

/// Says why a control call was refused.
#[derive(Debug, thiserror::Error)]
enum ControlError {
    #[error("no such control endpoint: {0}; see the crate's README")]
    NoEndpoint(String),
    #[error("cannot read the body: {0}")]
    Body(String),
    #[error("unknown action `{0}`; see the crate's README")]
    NoAction(String),
    #[error("`{0}` is missing in the body")]
    Missing(&'static str),
    #[error("no fault has the id {0}")]
    NoFault(String),
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error(transparent)]
    PagerDuty(#[from] ActError),
    #[error(transparent)]
    Opsgenie(#[from] OpsgenieError),
    #[error(transparent)]
    NetBox(#[from] NetBoxError),
    #[error(transparent)]
    Chat(#[from] ChatError),
}

impl ControlError {
    fn status(&self) -> u16 {
        match self {
            ControlError::NoEndpoint(_)
            | ControlError::NoFault(_)
            | ControlError::PagerDuty(
                ActError::NoIncident(_)
                | ActError::NoSubscription(_)
                | ActError::NoService(_)
                | ActError::NoContactMethod(_),
            )
            | ControlError::Opsgenie(OpsgenieError::NoAlert(_) | OpsgenieError::NoHook(_))
            | ControlError::Chat(ChatError::NoMessage(_))
            | ControlError::NetBox(
                NetBoxError::NoList { .. }
                | NetBoxError::NoObject { .. }
                | NetBoxError::NoHook(_)
                | NetBoxError::NoToken(_),
            ) => 404,
            ControlError::PagerDuty(_) | ControlError::Opsgenie(_) | ControlError::NetBox(_) => 409,
            _ => 400,
        }
    }
}

impl Answer for Control {
    async fn answer(self: Arc<Self>, call: Call) -> Ending {
        if is_foreign(&call) {
            return Ending::Answer(page::foreign());
        }
        if let Some(reply) = page::answer(&self.handle, &call) {
            return Ending::Answer(reply);
        }
        let reply = self.dispatch(&call);
        let refused = |error: ControlError| Reply::json(error.status(), &json!({"error": error.to_string()}));
        Ending::Answer(reply.unwrap_or_else(refused))
    }
}

impl Control {
    pub(crate) fn new(handle: Handle) -> Control {
        Control { handle }
    }

    fn dispatch(&self, call: &Call) -> Result<Reply, ControlError> {
        let parts = call.parts();
        match (call.method.as_str(), parts.as_slice()) {
            ("GET", ["state"]) => Ok(shown(&self.handle.snapshot())),
            ("GET", ["faults"]) => Ok(shown(&self.handle.snapshot().faults)),
            ("POST", ["faults"]) => self.add_faults(call),
            ("DELETE", ["faults"]) => {
                self.handle.faults().reset();
                Ok(Reply::empty(204))
            }
            ("DELETE", ["faults", id]) => {
                let removed = id.parse().is_ok_and(|id| self.handle.faults().remove(FaultId(id)));
                if removed { Ok(Reply::empty(204)) } else { Err(ControlError::NoFault((*id).to_owned())) }
            }
            ("GET", ["clock"]) => Ok(self.time()),
            ("POST", ["clock", "advance"]) => {
                self.handle.clock().advance(read::<Advance>(call)?.ms);
                Ok(self.time())
            }
            (_, ["pagerduty", rest @ ..]) => self.pagerduty(call, rest),
            (_, ["opsgenie", rest @ ..]) => self.opsgenie(call, rest),
            (_, ["netbox", rest @ ..]) => netbox::answer(self.handle.netbox(), call, rest),
            (_, ["slack", rest @ ..]) => chat::slack(&self.handle, call, rest),
            (_, ["mattermost", rest @ ..]) => chat::mattermost(&self.handle, call, rest),
            _ => Err(no_endpoint(call)),
        }
    }

    fn pagerduty(&self, call: &Call, parts: &[&str]) -> Result<Reply, ControlError> {
        let pagerduty = self.handle.pagerduty();
        match (call.method.as_str(), parts) {
            ("GET", ["settings"]) => Ok(shown(&pagerduty.settings())),
            ("POST", ["settings"]) => Ok(shown(&pagerduty.change_settings(read(call)?)?)),
            ("GET", ["incidents", id]) => Ok(shown(&pagerduty.incident(id)?)),
            ("POST", ["incidents"]) => {
                let body: OpenBody = read(call)?;
                let new = NewIncident {
                    title: body.title,
                    incident_key: body.incident_key,
                    service_id: body.service_id,
                    low_urgency: body.urgency.as_deref() == Some("low"),
                };
                Ok(shown(&pagerduty.open(new, body.user.as_deref().unwrap_or(PAGERDUTY_PERSON))?))
            }
            ("POST", ["incidents", id, action]) => {
                let body: ActBody = read(call)?;
                let user = body.user.clone().unwrap_or_else(|| PAGERDUTY_PERSON.to_owned());
                Ok(shown(&pagerduty.act(id, incident_act(action, body)?, &user)?))
            }
            ("POST", ["services", id]) => {
                pagerduty.set_service(id, read::<ServiceBody>(call)?.status)?;
                Ok(Reply::empty(204))
            }
            ("POST", ["tokens"]) => {
                let body: PagerDutyTokenBody = read(call)?;
                let token = pagerduty.add_token(body.user.as_deref(), body.read_only);
                Ok(Reply::json(201, &json!({"token": token})))
            }
            ("POST", ["contact-methods", id]) => {
                let body: ContactMethodBody = read(call)?;
                pagerduty.set_contact_method(id, body.enabled, body.blacklisted)?;
                Ok(Reply::empty(204))
            }
            ("POST", ["webhooks", id, "disable"]) => {
                pagerduty.disable_subscription(id)?;
                Ok(Reply::empty(204))
            }
            ("POST", ["webhooks"]) => {
                let body: SubscribeBody = read(call)?;
                let events: Vec<&str> = body.events.iter().map(String::as_str).collect();
                let id = pagerduty.subscribe(&body.url, body.secret.as_deref(), &events);
                let secret = body.secret.unwrap_or_else(|| pagerduty.read(|state| state.webhook_secret.clone()));
                Ok(Reply::json(201, &json!({"id": id, "secret": secret})))
            }
            ("POST", ["webhooks", id, "secrets"]) => {
                pagerduty.add_secret(id, &read::<SecretBody>(call)?.secret)?;
                Ok(Reply::empty(204))
            }
            ("DELETE", ["webhooks", id]) => {
                pagerduty.unsubscribe(id)?;
                Ok(Reply::empty(204))
            }
            _ => Err(no_endpoint(call)),
        }
    }

    fn opsgenie(&self, call: &Call, parts: &[&str]) -> Result<Reply, ControlError> {
        let opsgenie = self.handle.opsgenie();
        match (call.method.as_str(), parts) {
            ("GET", ["alerts", id]) => Ok(shown(&opsgenie.alert(id)?)),
            ("POST", ["alerts"]) => {
                let body: AlertBody = read(call)?;
                let user = body.user.clone().unwrap_or_else(|| OPSGENIE_PERSON.to_owned());
                Ok(shown(&opsgenie.create_alert(new_alert(body)?, &user)))
            }
            ("POST", ["alerts", id, action]) => {
                let body: ActBody = read(call)?;
                let user = body.user.clone().unwrap_or_else(|| OPSGENIE_PERSON.to_owned());
                Ok(shown(&opsgenie.act(id, alert_act(action, body)?, &user)?))
            }
            ("POST", ["webhooks"]) => {
                let body: HookBody = read(call)?;
                let headers: Vec<_> =
                    body.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
                Ok(Reply::json(201, &json!({"id": opsgenie.subscribe(&body.url, &headers)})))
            }
            ("DELETE", ["webhooks", id]) => {
                opsgenie.unsubscribe(id)?;
                Ok(Reply::empty(204))
            }
            _ => Err(no_endpoint(call)),
        }
    }

    /// Adds one fault, or every fault of a list.
    fn add_faults(&self, call: &Call) -> Result<Reply, ControlError> {
        let given: Value = read(call)?;
        let one_by_one = match given {
            Value::Array(faults) => faults,
            one => vec![one],
        };
        let parse = |fault: &Value| Fault::parse(fault.to_string().as_bytes());
        let faults: Result<Vec<Fault>, _> = one_by_one.iter().map(parse).collect();
        let faults = faults.map_err(|error| ControlError::Body(error.to_string()))?;
        let ids: Vec<FaultId> = faults.into_iter().map(|fault| self.handle.add_fault(fault)).collect();
        Ok(Reply::json(201, &json!({"ids": ids})))
    }

    fn time(&self) -> Reply {
        Reply::json(200, &json!({"now": self.handle.clock().now()}))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    ms: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OpenBody {
    title: String,
    incident_key: Option<String>,
    service_id: Option<String>,
    urgency: Option<String>,
    user: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SubscribeBody {
    url: String,
    secret: Option<String>,
    #[serde(default)]
    events: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SecretBody {
    secret: String,
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
#[derive(Default)]
struct PagerDutyTokenBody {
    user: Option<String>,
    read_only: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ContactMethodBody {
    enabled: bool,
    #[serde(default)]
    blacklisted: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ServiceBody {
    status: ServiceState,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HookBody {
    url: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AlertBody {
    message: String,
    alias: Option<String>,
    #[serde(default)]
    description: String,
    #[serde(default)]
    entity: String,
    priority: Option<String>,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    details: BTreeMap<String, String>,
    #[serde(default)]
    actions: Vec<String>,
    note: Option<String>,
    user: Option<String>,
}

/// What an act on an incident or an alert may need.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ActBody {
    user: Option<String>,
    note: Option<String>,
    resolution: Option<String>,
    into: Option<String>,
    to: Option<String>,
    seconds: Option<u64>,
    until: Option<String>,
    priority: Option<String>,
    tags: Vec<String>,
    details: BTreeMap<String, String>,
    message: Option<String>,
    description: Option<String>,
}

fn incident_act(action: &str, body: ActBody) -> Result<IncidentAct, ControlError> {
    Ok(match action {
        "acknowledge" => IncidentAct::Acknowledge,
        "unacknowledge" => IncidentAct::Unacknowledge,
        "resolve" => IncidentAct::Resolve { resolution: body.resolution },
        "reopen" => IncidentAct::Reopen,
        "note" => IncidentAct::Note(body.note.ok_or(ControlError::Missing("note"))?),
        "merge" => IncidentAct::MergeInto(body.into.ok_or(ControlError::Missing("into"))?),
        "reassign" => IncidentAct::ReassignTo(body.to.ok_or(ControlError::Missing("to"))?),
        "escalate" => IncidentAct::Escalate,
        "snooze" => IncidentAct::Snooze(body.seconds.ok_or(ControlError::Missing("seconds"))?),
        "priority" => IncidentAct::Priority(body.priority.ok_or(ControlError::Missing("priority"))?),
        other => return Err(ControlError::NoAction(other.to_owned())),
    })
}

fn alert_act(action: &str, body: ActBody) -> Result<AlertAct, ControlError> {
    Ok(match action {
        "acknowledge" => AlertAct::Acknowledge,
        "unacknowledge" => AlertAct::Unacknowledge,
        "close" => AlertAct::Close,
        "note" => AlertAct::AddNote(body.note.ok_or(ControlError::Missing("note"))?),
        "assign" => AlertAct::Assign(body.to.ok_or(ControlError::Missing("to"))?),
        "escalate" => AlertAct::Escalate(body.to.ok_or(ControlError::Missing("to"))?),
        "responder" => AlertAct::AddResponder(body.to.ok_or(ControlError::Missing("to"))?),
        "team" => AlertAct::AddTeam(body.to.ok_or(ControlError::Missing("to"))?),
        "snooze" => {
            let until = body.until.as_deref().and_then(parse_time);
            AlertAct::Snooze(until.ok_or(ControlError::Missing("until"))?)
        }
        "tags" => AlertAct::AddTags(body.tags),
        "untag" => AlertAct::RemoveTags(body.tags),
        "details" => AlertAct::AddDetails(body.details),
        "priority" => AlertAct::Priority(priority(body.priority.as_deref())?.ok_or(ControlError::Missing("priority"))?),
        "message" => AlertAct::Message(body.message.ok_or(ControlError::Missing("message"))?),
        "description" => AlertAct::Description(body.description.ok_or(ControlError::Missing("description"))?),
        "delete" => AlertAct::Delete,
        "custom" => AlertAct::Custom(body.to.ok_or(ControlError::Missing("to"))?),
        other => return Err(ControlError::NoAction(other.to_owned())),
    })
}

fn new_alert(body: AlertBody) -> Result<NewAlert, ControlError> {
    Ok(NewAlert {
        priority: priority(body.priority.as_deref())?,
        message: body.message,
        alias: body.alias,
        description: body.description,
        entity: body.entity,
        source: None,
        tags: body.tags,
        details: body.details,
        actions: body.actions,
        responders: Vec::new(),
        note: body.note,
    })
}

fn priority(given: Option<&str>) -> Result<Option<u8>, ControlError> {
    let Some(given) = given else {
        return Ok(None);
    };
    let number = given.strip_prefix('P').and_then(|digit| digit.parse().ok()).filter(|number| (1..=5).contains(number));
    number.map(Some).ok_or_else(|| ControlError::Body(format!("priority `{given}` is not one of P1 to P5")))
}

/// Reads a body; an empty one counts as no fields.
fn read<T: DeserializeOwned>(call: &Call) -> Result<T, ControlError> {
    let body: &[u8] = if call.body.is_empty() { b"{}" } else { &call.body };
    serde_json::from_slice(body).map_err(|error| ControlError::Body(error.to_string()))
}

fn shown(value: &impl Serialize) -> Reply {
    match serde_json::to_value(value) {
        Ok(value) => Reply::json(200, &value),
        Err(error) => Reply::text(500, error.to_string()),
    }
}

/// Tells whether a page of another site made a browser send this write.
///
/// Browsers say where a write comes from, other clients say nothing: what says nothing is let in.
fn is_foreign(call: &Call) -> bool {
    if matches!(call.method.as_str(), "GET" | "HEAD" | "OPTIONS") {
        return false;
    }
    if let Some(site) = call.header("sec-fetch-site") {
        return !matches!(site, "same-origin" | "none");
    }
    let host = call.header("host").unwrap_or_default();
    let origin = call.header("origin").and_then(|origin| origin.split_once("://"));
    match (call.header("origin"), origin) {
        (None, _) => false,
        (Some(_), Some((_, authority))) => !authority.eq_ignore_ascii_case(host),
        (Some(_), None) => true,
    }
}

fn no_endpoint(call: &Call) -> ControlError {
    ControlError::NoEndpoint(format!("{} /{}", call.method, call.segments.join("/")))
}
