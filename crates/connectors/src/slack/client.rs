//! Calls Slack's Web API, which says with 200 what is wrong as well.

use super::Settings;
use super::wire::Envelope;
use crate::chat::client::{Answer, Client as Chat, Connecting, Failure as Lost};
use crate::http_client;
use http::Method;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Why a call did not give its answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// There is no whole answer.
    #[error("{0}")]
    Lost(Lost),
    /// The answer is not Slack's.
    #[error("Slack's answer with status {status} could not be read")]
    Undecodable {
        /// HTTP status.
        status: u16,
        /// How long it asks to wait, in milliseconds.
        wait_ms: Option<u64>,
    },
    /// Slack says no.
    #[error("Slack answered `{error}`{}", .needed.as_ref().map(|scope| format!(", the scope `{scope}` is missing")).unwrap_or_default())]
    Refused {
        /// Slack's word.
        error: String,
        /// The scope that is missing.
        needed: Option<String>,
        /// How long it asks to wait, in milliseconds.
        wait_ms: Option<u64>,
    },
}

/// Calls one Slack.
#[derive(Debug)]
pub(super) struct Client(Chat);

impl Client {
    pub(super) fn new(settings: &Settings) -> Result<Self, String> {
        let base = http_client::base_url("api_url", &settings.api_url, super::API_URL)?;
        let refused = "bot_token is empty or holds characters that no token has; set it to the Bot User OAuth Token, like xoxb-..";
        let authorization = http_client::authorization("Bearer", settings.bot_token.expose(), refused)?;
        let Settings { connect_timeout_ms, timeout_ms, proxy, .. } = *settings;
        Ok(Self(Chat::new(base, Some(authorization), Connecting { connect_timeout_ms, timeout_ms, proxy })?))
    }

    /// Calls a method that reads; it takes its arguments in the query.
    pub(super) async fn ask<T: DeserializeOwned>(&self, method: &str, query: &[(&str, &str)]) -> Result<T, Failure> {
        read(self.0.get(&[method], query).await)
    }

    /// Calls a method that writes.
    pub(super) async fn tell<T: DeserializeOwned>(&self, method: &str, body: &Value) -> Result<T, Failure> {
        read(self.0.send_json(Method::POST, &[method], body).await)
    }
}

fn read<T: DeserializeOwned>(answer: Result<Answer, Lost>) -> Result<T, Failure> {
    let answer = answer.map_err(Failure::Lost)?;
    let wait_ms = answer.wait_ms();
    let undecodable = Failure::Undecodable { status: answer.status, wait_ms };
    let envelope: Envelope = match answer.body.is_object() {
        true => serde_json::from_value(answer.body.clone()).unwrap_or_default(),
        false => return Err(undecodable),
    };
    if let Some(error) = envelope.error.filter(|_| !envelope.ok) {
        return Err(Failure::Refused { error, needed: envelope.needed, wait_ms });
    }
    match serde_json::from_value(answer.body) {
        Ok(body) if envelope.ok => Ok(body),
        _ => Err(undecodable),
    }
}
