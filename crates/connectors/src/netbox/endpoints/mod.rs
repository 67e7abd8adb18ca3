//! The seven endpoints of the module that this replaces, under `/api/plugins/business-application/pagerduty/`, for those who
//! have scripts and buttons that call them.
//!
//! What is to be sent goes through the journal like everything else: it is kept first, then delivered, and the caller waits
//! for how that ends. So an answer of 502 does not mean that it is lost.

mod answer;
mod ask;
mod callers;
mod send;
mod status;

use super::NetBox;
use crate::Secret;
use answer::{detail, error};
use ask::{Action, Fields};
use callers::{Caller, Callers, Denied, NOT_ALLOWED};
use pagebridge_core::{BridgeName, SystemName};
use pagebridge_ports::{Answer, Asked, BoxFuture, Clock, Desk, Endpoint, StoreError};
use std::sync::Arc;

pub use callers::{CallerToken, May};

/// Where the old module had its endpoints, without the slash at the end.
pub const ENDPOINTS_PATH: &str = "/api/plugins/business-application/pagerduty";

/// Largest body that is taken, in bytes: the longest list of ids is far below.
pub const ENDPOINTS_BODY_SIZE_BYTES_MAX: usize = 1024 * 1024;

/// What the endpoints need besides the connection to NetBox.
#[derive(Clone, Debug)]
pub struct EndpointSettings {
    /// Whether anything is sent (`PAGERDUTY_ENABLED`).
    pub enabled: bool,
    /// How what is none of NetBox's objects is sent; `None` without a routing key.
    pub custom: Option<Custom>,
    /// Tokens that open the endpoints. Without any, NetBox is asked about the caller's.
    pub tokens: Vec<CallerToken>,
    /// How long an answer waits for PagerDuty's, in milliseconds (`PAGERDUTY_TIMEOUT`).
    pub timeout_ms: i64,
    /// Whether any rule writes to NetBox what people do in PagerDuty.
    pub way_back: bool,
}

/// How alerts in a caller's own words are sent, and tests.
#[derive(Clone, Debug)]
pub struct Custom {
    /// The system that they come from.
    pub source: SystemName,
    /// The bridge that carries them.
    pub bridge: BridgeName,
    /// The routing key that they are sent with; only its shape is ever told.
    pub routing_key: Secret,
}

/// The endpoints of one NetBox.
pub struct Endpoints {
    netbox: Arc<NetBox>,
    settings: EndpointSettings,
    callers: Callers,
}

impl Endpoints {
    /// Makes the endpoints; nothing is sent.
    #[must_use]
    pub fn new(netbox: Arc<NetBox>, settings: EndpointSettings, clock: Arc<dyn Clock>) -> Self {
        let callers = Callers::new(&settings.tokens, netbox.client.clone(), clock);
        Self { netbox, settings, callers }
    }

    async fn act(&self, action: Action, caller: &Caller, body: &[u8], desk: &Desk) -> Result<Answer, Stop> {
        if action == Action::Status {
            return Ok(self.status(desk).await?);
        }
        let fields = Fields::read(body).map_err(bad_request)?;
        match action {
            Action::SendEvent => {
                let id = fields.send_event().map_err(bad_request)?;
                self.ready(&answer::sent(&format!("Event {id}"), "", &missing_key()))?;
                self.send_event(id, desk).await
            }
            Action::SendIncident => {
                let asked = fields.send_incident().map_err(bad_request)?;
                self.ready(&answer::sent(&format!("Incident {}", asked.id), "", &missing_key()))?;
                self.send_incident(asked, desk).await
            }
            Action::ResolveEvent => {
                let asked = fields.resolve_event().map_err(bad_request)?;
                self.ready(&answer::not_configured())?;
                self.resolve_event(asked, desk).await
            }
            Action::BulkSendEvents => {
                let ids = fields.bulk_send_events().map_err(bad_request)?;
                self.ready(&answer::not_configured())?;
                Ok(answer::bulk(&self.send_events(ids, desk).await?))
            }
            Action::TriggerCustom => {
                self.ready(&answer::not_configured())?;
                let asked = fields.trigger_custom().map_err(bad_request)?;
                Ok(answer::custom(&self.trigger_custom(asked, desk).await?))
            }
            Action::Test | Action::Status => {
                self.ready(&answer::not_configured())?;
                let (trigger, resolve) = self.test(&caller.name, desk).await?;
                Ok(answer::tested(&trigger, &resolve))
            }
        }
    }

    /// Whether anything can be sent at all; the old module looked at this at the same places.
    fn ready(&self, without_key: &Answer) -> Result<(), Stop> {
        if !self.settings.enabled {
            return Err(Stop(answer::not_enabled()));
        }
        if self.settings.custom.is_none() { Err(Stop(without_key.clone())) } else { Ok(()) }
    }
}

fn missing_key() -> answer::Sent {
    answer::Sent::Not(answer::NOT_CONFIGURED.to_owned())
}

/// An answer that ends the matter.
struct Stop(Answer);

fn bad_request(text: String) -> Stop {
    Stop(error(400, text))
}

impl From<StoreError> for Stop {
    fn from(trouble: StoreError) -> Self {
        tracing::error!(error = %trouble, "what was to be sent was not kept; its sender is told to repeat it");
        Self(error(503, "nothing was sent: it could not be kept now; repeat the request"))
    }
}

impl Endpoint for Endpoints {
    fn answer<'a>(&'a self, asked: &'a Asked<'a>, desk: &'a Desk) -> BoxFuture<'a, Answer> {
        Box::pin(async move {
            let Some(action) = Action::of(asked.path) else { return detail(404, "Not found.") };
            let may = if action == Action::Status { May::Read } else { May::Send };
            let caller = match self.callers.check(asked.headers, may).await {
                Ok(caller) => caller,
                Err(Denied::Unknown(text)) => return detail(401, text),
                Err(Denied::NotAllowed) => return detail(403, NOT_ALLOWED),
                Err(Denied::Unsure(text)) => return error(503, text),
            };
            if *asked.method != action.method() {
                return detail(405, &format!("Method \"{}\" not allowed.", asked.method));
            }
            self.act(action, &caller, asked.body, desk).await.unwrap_or_else(|Stop(answer)| answer)
        })
    }

    fn refuse(&self, status: u16, text: &str) -> Answer {
        let text = if status >= 500 { format!("Unexpected error: {text}") } else { text.to_owned() };
        error(status, text)
    }
}
