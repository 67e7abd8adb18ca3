//! Calls Mattermost's REST API, version 4.

use super::Settings;
use super::wire::Problem;
use crate::chat::client::{Answer, Client as Chat, Connecting, Failure as Lost};
use crate::http_client;
use ::pagerduty::text::cut;
use http::Method;
use serde::de::DeserializeOwned;
use serde_json::Value;

const MESSAGE_CHARS_MAX: usize = 300;

/// Why a call did not give its answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// There is no whole answer.
    #[error("{0}")]
    Lost(Lost),
    /// The status says success, but the body is not what it should be.
    #[error("Mattermost's answer with status {0} could not be read")]
    Undecodable(u16),
    /// An answer with an error status.
    #[error("Mattermost answered {status}{}{message}", if .message.is_empty() { "" } else { ": " })]
    Refused {
        /// HTTP status.
        status: u16,
        /// Mattermost's name for it; empty when the answer is not Mattermost's.
        id: String,
        /// What it says, in words.
        message: String,
        /// How long it asks to wait, in milliseconds.
        wait_ms: Option<u64>,
    },
}

/// Calls one Mattermost.
#[derive(Debug)]
pub(super) struct Client(Chat);

impl Client {
    pub(super) fn new(settings: &Settings) -> Result<Self, String> {
        let base = http_client::base_url("api_url", &settings.api_url, "https://chat.example.com")?;
        let refused =
            "bot_token is empty or holds characters that no token has; set it to the access token of a bot account";
        let authorization = http_client::authorization("Bearer", settings.bot_token.expose(), refused)?;
        let Settings { connect_timeout_ms, timeout_ms, proxy, .. } = *settings;
        Ok(Self(Chat::new(base, Some(authorization), Connecting { connect_timeout_ms, timeout_ms, proxy })?))
    }

    /// The page of a post, which finds the team by itself.
    pub(super) fn page(&self, post: &str) -> String {
        format!("{}/_redirect/pl/{post}", self.0.base().as_str().trim_end_matches('/'))
    }

    pub(super) async fn get<T: DeserializeOwned>(&self, path: &[&str], query: &[(&str, &str)]) -> Result<T, Failure> {
        read(self.0.get(&below_api(path), query).await)
    }

    pub(super) async fn send<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &[&str],
        body: &Value,
    ) -> Result<T, Failure> {
        read(self.0.send_json(method, &below_api(path), body).await)
    }
}

fn below_api<'a>(path: &[&'a str]) -> Vec<&'a str> {
    ["api", "v4"].into_iter().chain(path.iter().copied()).collect()
}

fn read<T: DeserializeOwned>(answer: Result<Answer, Lost>) -> Result<T, Failure> {
    let answer = answer.map_err(Failure::Lost)?;
    let (status, wait_ms) = (answer.status, answer.wait_ms());
    if !(200..300).contains(&status) {
        let Problem { id, message } = serde_json::from_value(answer.body).unwrap_or_default();
        return Err(Failure::Refused { status, id, message: cut(&message, MESSAGE_CHARS_MAX).into_owned(), wait_ms });
    }
    serde_json::from_value(answer.body).map_err(|_| Failure::Undecodable(status))
}
