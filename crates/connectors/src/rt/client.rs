//! A small client for REST 2: builds an address, sends once, reads the answer up to a limit, and keeps apart what was
//! surely not applied from what may have been.

use super::Settings;
use super::wire::Problem;
use crate::http_client::{self, Broken, Unanswered};
use ::pagerduty::text::cut;
use http::header::{AUTHORIZATION, CONTENT_TYPE, ETAG, HeaderMap, HeaderValue, IF_MATCH, LOCATION};
use http::{Method, StatusCode};
use reqwest::Url;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::Semaphore;

/// How much of an answer is read. RT takes messages of 10 MB unless it is told otherwise.
const RESPONSE_SIZE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Calls under way at a time. Each costs RT a quarter of a second of computing, for the token alone.
const CALLS_MAX: usize = 3;

const MESSAGE_CHARS_MAX: usize = 300;

/// Why a call did not give its answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// The call cannot be made; surely not applied.
    #[error("the call cannot be sent: {0}")]
    Invalid(&'static str),
    /// The far side was not reached; surely not applied.
    #[error("could not reach RT, nothing was sent: {0}")]
    NotSent(String),
    /// No whole answer came; may or may not be applied.
    #[error("no answer from RT, the call may have been applied: {0}")]
    Unknown(String),
    /// The status says success, but the body is not what it should be; applied, as far as can be told.
    #[error("RT's answer with status {status} could not be read: {problem}")]
    Undecodable {
        /// HTTP status.
        status: u16,
        /// What is wrong with the body.
        problem: String,
    },
    /// The answer has more bytes than are read.
    #[error("RT's answer has more than {RESPONSE_SIZE_BYTES_MAX} bytes")]
    TooLarge,
    /// An answer with an error status.
    #[error("{0}")]
    Answer(ErrorAnswer),
}

/// An answer with an error status.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("RT answered {status}{}{message}", if self.message.is_empty() { "" } else { ": " })]
pub(super) struct ErrorAnswer {
    /// HTTP status.
    pub(super) status: u16,
    /// What it says, in words.
    pub(super) message: String,
    /// Whether it has RT's own shape. A 404 that has not is about the address, not about the ticket.
    pub(super) genuine: bool,
    /// How long it asks to wait, in milliseconds.
    pub(super) wait_ms: Option<u64>,
}

/// An answer with what its headers tell.
#[derive(Debug)]
pub(super) struct Answer<T> {
    /// The body.
    pub(super) body: T,
    /// The state that the body shows, to be given back with a change.
    pub(super) etag: Option<String>,
    /// The last part of the address of what was made.
    pub(super) made: Option<String>,
}

/// Calls one RT.
#[derive(Debug)]
pub(super) struct Client {
    http: reqwest::Client,
    base: Url,
    authorization: HeaderValue,
    calls: Semaphore,
}

impl Client {
    pub(super) fn new(settings: &Settings) -> Result<Self, String> {
        let http = http_client::client(settings.connect_timeout_ms, settings.timeout_ms, settings.proxy)?;
        let base = http_client::base_url("api_url", &settings.api_url, "https://rt.example.com/REST/2.0")?;
        if !base.path().trim_end_matches('/').ends_with("/REST/2.0") {
            let like = "https://rt.example.com/REST/2.0";
            return Err(format!("api_url `{base}` does not end in /REST/2.0; set it to an address like {like}"));
        }
        Ok(Self { http, base, authorization: authorization(settings)?, calls: Semaphore::new(CALLS_MAX) })
    }

    /// The address of the API.
    pub(super) fn base(&self) -> &Url {
        &self.base
    }

    /// Reads something.
    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<Answer<T>, Failure> {
        let url = self.url(path, query)?;
        self.send(self.http.request(Method::GET, url)).await
    }

    /// Makes something, or adds to it.
    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        path: &[&str],
        body: &impl Serialize,
    ) -> Result<Answer<T>, Failure> {
        let request = self.http.request(Method::POST, self.url(path, &[])?);
        self.send(with_json(request, body)).await
    }

    /// Changes something, if it is still as it was when `etag` was read. RT answers with sentences in the language of its
    /// user, whether or not anything was changed.
    pub(super) async fn put(
        &self,
        path: &[&str],
        etag: Option<&str>,
        body: &impl Serialize,
    ) -> Result<Answer<Vec<String>>, Failure> {
        let mut request = self.http.request(Method::PUT, self.url(path, &[])?);
        if let Some(etag) = etag {
            request = request.header(IF_MATCH, etag);
        }
        self.send(with_json(request, body)).await
    }

    fn url(&self, path: &[&str], query: &[(&str, &str)]) -> Result<Url, Failure> {
        // An empty or dotted id would silently address another endpoint.
        if path.iter().any(|segment| matches!(segment.trim(), "" | "." | "..")) {
            return Err(Failure::Invalid("an id in the path is empty or made of dots"));
        }
        let mut url = self.base.clone();
        url.path_segments_mut().expect("the base address is checked to be http(s)").pop_if_empty().extend(path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Ok(url)
    }

    async fn send<T: DeserializeOwned>(&self, request: reqwest::RequestBuilder) -> Result<Answer<T>, Failure> {
        let _permit = self.calls.acquire().await.expect("the semaphore is never closed");
        let request = request.header(AUTHORIZATION, self.authorization.clone()).header("accept", "application/json");
        let mut response = request.send().await.map_err(Unanswered::of)?;
        let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
        let (body, broken) = http_client::read(&mut response, RESPONSE_SIZE_BYTES_MAX).await;
        if !status.is_success() {
            return Err(Failure::Answer(error_answer(status, &headers, &body)));
        }
        match broken {
            Some(Broken::TooLarge) => return Err(Failure::TooLarge),
            Some(Broken::Lost(words)) => return Err(Failure::Unknown(words)),
            None => {}
        }
        let body = serde_json::from_slice(&body)
            .map_err(|error| Failure::Undecodable { status: status.as_u16(), problem: error.to_string() })?;
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let made = text(LOCATION).and_then(|place| place.rsplit('/').next()).map(str::to_owned);
        Ok(Answer { body, etag: text(ETAG).map(str::to_owned), made })
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

fn with_json(request: reqwest::RequestBuilder, body: &impl Serialize) -> reqwest::RequestBuilder {
    let json = serde_json::to_vec(body).expect("request types have string keys and cannot fail");
    request.header(CONTENT_TYPE, "application/json").body(json)
}

fn error_answer(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> ErrorAnswer {
    let problem: Problem = serde_json::from_slice(body).unwrap_or_default();
    let genuine = problem.message.is_some();
    let message = cut(problem.message.as_deref().unwrap_or_default(), MESSAGE_CHARS_MAX).into_owned();
    ErrorAnswer { status: status.as_u16(), message, genuine, wait_ms: http_client::retry_after_ms(headers) }
}

fn authorization(settings: &Settings) -> Result<HeaderValue, String> {
    let refused =
        "token is empty or holds characters that no token has; set it to an auth token of RT, like 1-31-0123..";
    // `Bearer` is refused by RT.
    http_client::authorization("token", settings.token.expose(), refused)
}
