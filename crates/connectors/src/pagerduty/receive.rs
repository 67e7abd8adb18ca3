//! Takes PagerDuty's webhooks.

use super::subscription::Known;
use super::{PagerDuty, Settings, map, wire};
use crate::auth;
use ::pagerduty::webhook::{self, ID_HEADER, ParseError, SIGNATURE_HEADER, SUBSCRIPTION_HEADER, SignatureError};
use http::HeaderMap;
use pagebridge_ports::{Receive, Received, Refusal};
use std::sync::Arc;

impl Receive for PagerDuty {
    fn receive(&self, headers: &HeaderMap, body: &[u8]) -> Result<Received, Refusal> {
        self.verify(headers, body)?;
        self.understand(headers, body)
    }
}

/// PagerDuty's webhooks as the page `/PagerDuty/WebHook.html` of the extension for Request Tracker takes them: their
/// subscription sends a header `Authorization: token ...`. What means nothing to us is answered 2xx, since PagerDuty switches
/// off a subscription that is refused.
pub struct WebHookPage(pub Arc<PagerDuty>);

impl Receive for WebHookPage {
    fn receive(&self, headers: &HeaderMap, body: &[u8]) -> Result<Received, Refusal> {
        let Settings { webhook_tokens, webhook_secrets, .. } = &self.0.settings;
        auth::check(headers, None, webhook_tokens)?;
        if webhook_tokens.is_empty() || !webhook_secrets.is_empty() {
            self.0.verify(headers, body)?;
        }
        match self.0.understand(headers, body) {
            Err(Refusal::Malformed { field, detail }) if !field.is_empty() => {
                Ok(Received::Ignored { reason: "no_event", detail })
            }
            understood => understood,
        }
    }
}

impl PagerDuty {
    fn understand(&self, headers: &HeaderMap, body: &[u8]) -> Result<Received, Refusal> {
        let event = wire::parse(body).map_err(|error| explain(body, &error))?;
        let webhook_id = headers.get(ID_HEADER).and_then(|id| id.to_str().ok());
        Ok(
            match map::input(
                &self.settings.system,
                &event,
                webhook_id,
                self.ours(),
                &self.settings.opens,
                self.settings.posts.as_ref(),
            ) {
                Ok(input) => Received::Input(Box::new(input)),
                Err(map::Nothing { reason, detail }) => Received::Ignored { reason, detail },
            },
        )
    }

    /// Whether the webhook names a subscription that another node of ours may have made a moment ago. Refusing it would
    /// cost it: PagerDuty repeats what is answered 503, drops what is answered 401, and rests after three drops.
    fn may_know_soon(&self, headers: &HeaderMap, known: &Known) -> bool {
        let subscription = headers.get(SUBSCRIPTION_HEADER).and_then(|id| id.to_str().ok());
        self.settings.webhook_url.is_some() && subscription.is_some_and(|id| known.may_be_late(id, self.clock.now()))
    }

    /// Checks the signature over the bytes as they came. Even with `insecure` a signature that is there must fit, as
    /// long as there is a secret to compare it with.
    fn verify(&self, headers: &HeaderMap, body: &[u8]) -> Result<(), Refusal> {
        let known = self.secrets.known();
        let secrets = &known.secrets;
        let signatures: Vec<&str> =
            headers.get_all(SIGNATURE_HEADER).iter().filter_map(|value| value.to_str().ok()).collect();
        if self.settings.insecure && (signatures.is_empty() || secrets.is_empty()) {
            return Ok(());
        }
        if signatures.is_empty() && !secrets.is_empty() {
            let detail = format!("the header `{SIGNATURE_HEADER}` is missing; check that the sender is PagerDuty");
            return Err(Refusal::Unauthorized(detail));
        }
        match webhook::verify(secrets, &signatures.join(","), body) {
            Ok(()) => Ok(()),
            // What is wrong then is the body, and saying so lets nobody in.
            Err(SignatureError::EmptyBody) => Err(Refusal::field("", format!("the body is empty; {REMEDY}"))),
            Err(_) if self.may_know_soon(headers, &known) => {
                self.upkeep.early.notify_one();
                Err(Refusal::Later(
                    "the secret of this subscription may be just being kept; it is looked for".to_owned(),
                ))
            }
            Err(error) => Err(Refusal::Unauthorized(error.to_string())),
        }
    }
}

const REMEDY: &str = "send what a PagerDuty webhook subscription of version 3 sends";

fn explain(body: &[u8], error: &ParseError) -> Refusal {
    match error {
        ParseError::NotJson(_) if body.trim_ascii().is_empty() => {
            Refusal::field("", format!("the body is empty; {REMEDY}"))
        }
        ParseError::NotJson(source) => match std::str::from_utf8(body) {
            Err(error) => {
                let at = error.valid_up_to();
                Refusal::field("", format!("the body is not UTF-8 from byte {at} on; {REMEDY}"))
            }
            Ok(_) => Refusal::field("", format!("the body is not JSON: {source}; {REMEDY}")),
        },
        ParseError::Missing("event") => Refusal::field("event", format!("`event` is missing or no object; {REMEDY}")),
        ParseError::Missing(name) => {
            let path = format!("event.{name}");
            Refusal::field(&path, format!("`{path}` is missing or no string; {REMEDY}"))
        }
        ParseError::Data { kind: "a note", source } => Refusal::field(
            "event.data.incident.id",
            format!("`event.data` is not a note that names its incident in `incident.id`: {source}; {REMEDY}"),
        ),
        ParseError::Data { kind, source } => Refusal::field(
            "event.data.id",
            format!("`event.data` is not {kind} with an `id`, a string: {source}; {REMEDY}"),
        ),
    }
}
