//! A small client: builds an address, sends once, reads the answer up to a limit, and keeps apart what was surely not
//! applied from what may have been.

use super::Settings;
use super::wire::{Accepted, Problem};
use crate::http_client::{self, Broken, Unanswered};
use ::pagerduty::text::cut;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use http::{Method, StatusCode};
use reqwest::Url;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// How much of an answer is read; a full page of the longest notes is about 2.5 MB.
const RESPONSE_SIZE_BYTES_MAX: usize = 8 * 1024 * 1024;

const MESSAGE_CHARS_MAX: usize = 300;

/// Why a call did not give its answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// The call cannot be made; surely not applied.
    #[error("the call cannot be sent: {0}")]
    Invalid(&'static str),
    /// The far side was not reached; surely not applied.
    #[error("could not reach Opsgenie, nothing was sent: {0}")]
    NotSent(String),
    /// No whole answer came; may or may not be applied.
    #[error("no answer from Opsgenie, the call may have been applied: {0}")]
    Unknown(String),
    /// The status says success, but the body is not what it should be; applied, as far as can be told.
    #[error("Opsgenie's answer with status {status} could not be read: {problem}")]
    Undecodable {
        /// HTTP status.
        status: u16,
        /// What is wrong with the body.
        problem: String,
    },
    /// An answer with an error status.
    #[error("{0}")]
    Answer(ErrorAnswer),
}

/// An answer with an error status.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Opsgenie answered {status}{}{message}", if self.message.is_empty() { "" } else { ": " })]
pub(super) struct ErrorAnswer {
    /// HTTP status.
    pub(super) status: u16,
    /// What it says, in words.
    pub(super) message: String,
    /// Whether it has Opsgenie's own shape. A 404 that has not is about the address, not about the alert.
    pub(super) genuine: bool,
    /// How long it asks to wait, in milliseconds.
    pub(super) wait_ms: Option<u64>,
}

/// Calls one Opsgenie account.
#[derive(Clone, Debug)]
pub(super) struct Client {
    http: reqwest::Client,
    base: Url,
    authorization: HeaderValue,
}

impl Client {
    pub(super) fn new(settings: &Settings) -> Result<Self, String> {
        let http = http_client::client(settings.connect_timeout_ms, settings.timeout_ms, settings.proxy)?;
        let base = http_client::base_url("api_url", &settings.api_url, "https://api.opsgenie.com")?;
        Ok(Self { http, base, authorization: authorization(settings)? })
    }

    /// Where people look at alerts, for the vendor's own hosts.
    pub(super) fn web_url(&self) -> Option<String> {
        match self.base.host_str()? {
            "api.opsgenie.com" => Some("https://app.opsgenie.com".to_owned()),
            "api.eu.opsgenie.com" => Some("https://app.eu.opsgenie.com".to_owned()),
            _ => None,
        }
    }

    /// Reads something.
    pub(super) async fn get<T: DeserializeOwned>(&self, path: &[&str], query: &[(&str, &str)]) -> Result<T, Failure> {
        let url = self.url(path, query)?;
        self.send(self.http.request(Method::GET, url)).await
    }

    /// Asks for a change; gives the id under which its result can be asked for.
    pub(super) async fn post(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
        body: &impl Serialize,
    ) -> Result<String, Failure> {
        let url = self.url(path, query)?;
        let json = serde_json::to_vec(body).expect("request types have string keys and cannot fail");
        let request = self.http.request(Method::POST, url).header(CONTENT_TYPE, "application/json").body(json);
        let accepted: Accepted = self.send(request).await?;
        Ok(accepted.request_id)
    }

    /// An address below `/v2/alerts`.
    fn url(&self, path: &[&str], query: &[(&str, &str)]) -> Result<Url, Failure> {
        // An empty or dotted id would silently address another endpoint.
        if path.iter().any(|segment| matches!(segment.trim(), "" | "." | "..")) {
            return Err(Failure::Invalid("an id in the path is empty or made of dots"));
        }
        let mut url = self.base.clone();
        url.path_segments_mut()
            .expect("the base address is checked to be http(s)")
            .pop_if_empty()
            .extend(["v2", "alerts"])
            .extend(path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Ok(url)
    }

    async fn send<T: DeserializeOwned>(&self, request: reqwest::RequestBuilder) -> Result<T, Failure> {
        let request = request.header(AUTHORIZATION, self.authorization.clone()).header("accept", "application/json");
        let mut response = request.send().await.map_err(Unanswered::of)?;
        let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
        let (body, broken) = http_client::read(&mut response, RESPONSE_SIZE_BYTES_MAX).await;
        if !status.is_success() {
            return Err(Failure::Answer(error_answer(status, &headers, &body)));
        }
        if let Some(failure) = broken {
            return Err(failure.on(status));
        }
        serde_json::from_slice(&body)
            .map_err(|error| Failure::Undecodable { status: status.as_u16(), problem: error.to_string() })
    }
}

impl Broken {
    fn on(self, status: StatusCode) -> Failure {
        match self {
            Self::TooLarge => {
                let problem = format!("it has more than {RESPONSE_SIZE_BYTES_MAX} bytes");
                Failure::Undecodable { status: status.as_u16(), problem }
            }
            Self::Lost(words) => Failure::Unknown(words),
        }
    }
}

impl From<Unanswered> for Failure {
    fn from(unanswered: Unanswered) -> Self {
        match unanswered {
            Unanswered::NotSent(words) => Self::NotSent(words),
            Unanswered::Unknown(words) => Self::Unknown(words),
        }
    }
}

fn error_answer(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> ErrorAnswer {
    let problem: Problem = serde_json::from_slice(body).unwrap_or_default();
    let genuine = problem.message.is_some();
    let mut message = problem.message.unwrap_or_default();
    if let Some(errors) = problem.errors.as_object() {
        let more = errors.iter().map(|(field, text)| format!("{field}: {}", text.as_str().unwrap_or("is wrong")));
        message = std::iter::once(message).chain(more).filter(|t| !t.is_empty()).collect::<Vec<_>>().join("; ");
    }
    ErrorAnswer {
        status: status.as_u16(),
        message: cut(&message, MESSAGE_CHARS_MAX).into_owned(),
        genuine,
        wait_ms: asked_to_wait(status, headers),
    }
}

/// Opsgenie's own header is documented; something in front of it may send the usual one.
fn asked_to_wait(status: StatusCode, headers: &HeaderMap) -> Option<u64> {
    let seconds = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
    let asked = seconds(RETRY_AFTER.as_str());
    let throttled = status == StatusCode::TOO_MANY_REQUESTS;
    let asked = asked.or_else(|| throttled.then(|| seconds("x-ratelimit-period-in-sec")).flatten());
    asked.map(|s| s.saturating_mul(1_000))
}

fn authorization(settings: &Settings) -> Result<HeaderValue, String> {
    let refused = "api_key is empty or holds characters that no key has; set it to the key of an API integration";
    http_client::authorization("GenieKey", settings.api_key.expose(), refused)
}
