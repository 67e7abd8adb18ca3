//! A webhook of ours: JSON by POST, signed as PagerDuty signs.

use super::channel::{Channel, Failure, Sent};
use super::message::Message;
use crate::Secret;
use crate::outcome::with_causes;
use http::header::{CONTENT_TYPE, HeaderName};
use pagebridge_ports::BoxFuture;
use reqwest::Url;

/// `v1=` and the HMAC-SHA256 of the body with the secret, in hex.
const SIGNATURE: HeaderName = HeaderName::from_static("x-pagebridge-signature");

/// The message's id, the same for repeats; also in the body.
const DELIVERY: HeaderName = HeaderName::from_static("x-pagebridge-delivery");

/// When the message was made, in seconds since 1970; for filters. What is signed is the `at` of the body.
const TIMESTAMP: HeaderName = HeaderName::from_static("x-pagebridge-timestamp");

/// What sending webhooks needs.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where to; it may be secret, since for some receivers whoever knows it may post.
    pub url: Secret,
    /// What the body is signed with.
    pub secret: Secret,
    /// How long making a connection may take, in milliseconds.
    pub connect_timeout_ms: u64,
    /// How long one message may take, in milliseconds.
    pub timeout_ms: u64,
    /// Whether the proxy variables of the environment count.
    pub proxy: bool,
}

/// The channel.
pub(super) struct Hook {
    secret: Secret,
    name: String,
    url: Url,
    http: reqwest::Client,
}

impl Hook {
    /// Makes the channel; nothing is sent.
    pub(super) fn new(settings: Settings) -> Result<Self, String> {
        let refused =
            || "url is not an address of http or https; set it to one like https://example.com/alarms".to_owned();
        let url = Url::parse(settings.url.expose().trim()).map_err(|_| refused())?;
        let host = url.host_str().filter(|_| matches!(url.scheme(), "http" | "https")).ok_or_else(refused)?;
        let name = format!("webhook to {host}");
        if settings.secret.expose().trim().is_empty() {
            return Err("secret is empty; set it to what the receiver checks the signature with".to_owned());
        }
        // A redirect would carry the news to wherever it points; the client follows none.
        let http = crate::http_client::client(settings.connect_timeout_ms, settings.timeout_ms, settings.proxy)?;
        Ok(Self { secret: settings.secret, name, url, http })
    }

    async fn post(&self, message: &Message) -> Result<Sent, Failure> {
        let request = self
            .http
            .post(self.url.clone())
            .header(CONTENT_TYPE, "application/json")
            .header(SIGNATURE, ::pagerduty::webhook::sign(&self.secret, message.json.as_bytes()))
            .header(DELIVERY, &message.id)
            .header(TIMESTAMP, message.at.0.div_euclid(1_000))
            .body(message.json.clone());
        let response = request.send().await.map_err(|error| {
            // The address may be secret.
            let words = with_causes(&error.without_url());
            Failure::new(format!("no answer: {words}"), "look at `url`, name resolution, the firewall and the proxy")
        })?;
        let status = response.status();
        if status.is_success() {
            return Ok(Sent { detail: format!("answered {}", status.as_u16()), but: None });
        }
        let remedy = match status.as_u16() {
            300..=399 => "set `url` to where the receiver really is; redirects are not followed",
            401 | 403 => "give the receiver the same secret, and see that it checks the raw body",
            404 | 405 | 410 => "look at `url`; the receiver must take POST there",
            _ => "look at the receiver's log; any answer of 200 to 299 counts as taken",
        };
        Err(Failure::new(format!("answered {}", status.as_u16()), remedy))
    }
}

impl Channel for Hook {
    fn name(&self) -> &str {
        &self.name
    }

    fn send<'a>(&'a self, message: &'a Message) -> BoxFuture<'a, Result<Sent, Failure>> {
        Box::pin(self.post(message))
    }

    /// Looks at nothing beyond what `new` did: a receiver may take any call for a message.
    fn check(&self) -> BoxFuture<'_, Result<String, Failure>> {
        let found = "address and secret are there; it was not called: `pagebridge operator test` does that".to_owned();
        Box::pin(std::future::ready(Ok(found)))
    }
}
