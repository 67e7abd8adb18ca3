//! Takes NetBox's webhooks. NetBox sends each once and in no certain order, so all that counts is which object it is about:
//! the object itself is read. Only a deletion cannot be read any more.

use super::NetBox;
use super::wire::{Hook, Name, Object};
use ::pagerduty::{Secret, text::cut, time};
use hmac::{Hmac, KeyInit, Mac};
use http::HeaderMap;
use pagebridge_core::{Actor, Input, InputId, News, Status, Timestamp};
use pagebridge_ports::{Receive, Received, Refusal};
use sha2::Sha512;

/// Hexadecimal HMAC-SHA512 of the body, with the webhook's secret.
const SIGNATURE: &str = "x-hook-signature";

/// Longest part of a body that is shown, in characters.
const SHOWN_CHARS_MAX: usize = 80;

const REMEDY: &str = "leave the webhook's method, content type and body template as NetBox has them";

impl Receive for NetBox {
    fn receive(&self, headers: &HeaderMap, body: &[u8]) -> Result<Received, Refusal> {
        self.verify(headers, body)?;
        self.follow.heard_at(self.clock.now());
        let hook = parse(body)?;
        let Some(kind) = hook.kind() else {
            let model = hook.object_type.as_deref().or(hook.model.as_deref()).unwrap_or_default();
            let detail = format!("objects of the type `{}` are not followed", printable(model));
            return Ok(Received::Ignored { reason: "type", detail });
        };
        let Some(object) = Object::read(kind, &hook.data) else {
            return Err(Refusal::field("data.id", format!("`data.id` is no id of an object; {REMEDY}")));
        };
        let name = object.name();
        let news = match hook.event.as_str() {
            "deleted" => News::Status(Status::Resolved),
            "created" | "updated" => {
                self.follow.hint(name);
                News::Hint
            }
            other => {
                let detail = format!("the event `{}` changes nothing elsewhere", printable(other));
                return Ok(Received::Ignored { reason: "event", detail });
            }
        };
        Ok(Received::Input(Box::new(self.input(&hook, name, news))))
    }
}

impl NetBox {
    fn verify(&self, headers: &HeaderMap, body: &[u8]) -> Result<(), Refusal> {
        let secrets = &self.settings.webhook_secrets;
        if secrets.is_empty() {
            let remedy = "no secret is configured here, so nobody can send; set webhook_secrets to the secret of NetBox's webhook";
            return if self.settings.insecure { Ok(()) } else { Err(Refusal::Unauthorized(remedy.to_owned())) };
        }
        let Some(value) = headers.get(SIGNATURE) else {
            return Err(Refusal::Unauthorized(
                "the header `X-Hook-Signature` is missing; set the secret of NetBox's webhook to the one that is configured here"
                    .to_owned(),
            ));
        };
        if is_signed(value.as_bytes(), body, secrets) {
            return Ok(());
        }
        Err(Refusal::Unauthorized(
            "the header `X-Hook-Signature` does not fit the body; compare the secret of NetBox's webhook with the one that is configured here"
                .to_owned(),
        ))
    }

    /// What a webhook tells of a record that is known here. One that is not is looked at by the follower, which knows by then
    /// to which routing key it belongs.
    fn input(&self, hook: &Hook, name: Name, news: News) -> Input {
        let system = &self.settings.system;
        let record = name.to_string();
        let at = hook.timestamp.as_deref();
        let id =
            hook.request_id().or(at).map(|cause| InputId::from_parts(&[system.as_str(), cause, &record, &hook.event]));
        Input {
            id: id.unwrap_or_default(),
            actor: hook.user().map(|user| Actor::person(&printable(user))),
            occurred_at: at.and_then(time::unix_ms).map(Timestamp),
            url: Some(self.page_of(name)),
            ..Input::news(system.clone(), &record, news)
        }
    }
}

/// Every secret is tried, so that the time says nothing about which one fits.
fn is_signed(header: &[u8], body: &[u8], secrets: &[Secret]) -> bool {
    let Ok(signature) = hex::decode(header.trim_ascii()) else { return false };
    let fits = |secret: &Secret| {
        let secret = secret.expose().as_bytes();
        let mut mac = Hmac::<Sha512>::new_from_slice(secret).expect("a key may have any length");
        mac.update(body);
        !secret.is_empty() && mac.verify_slice(&signature).is_ok()
    };
    secrets.iter().fold(false, |any, secret| fits(secret) | any)
}

fn parse(body: &[u8]) -> Result<Hook, Refusal> {
    if body.trim_ascii().is_empty() {
        return Err(Refusal::field("", format!("the body is empty; {REMEDY}")));
    }
    serde_json::from_slice(body).map_err(|error| {
        let text = error.to_string();
        let field = text.strip_prefix("missing field `").and_then(|rest| rest.split('`').next()).unwrap_or_default();
        Refusal::field(field, format!("the body is not what NetBox sends: {text}; {REMEDY}"))
    })
}

/// What a sender wrote, made fit to be shown and kept.
fn printable(text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    cut(&text, SHOWN_CHARS_MAX).into_owned()
}
