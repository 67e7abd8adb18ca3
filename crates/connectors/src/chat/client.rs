//! A small client for a chat's API: sends once, reads the answer up to a limit, and keeps apart what was surely not applied
//! from what may have been.

use crate::http_client::{self, Broken, Unanswered};
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, Method};
use reqwest::Url;
use serde_json::Value;

/// How much of an answer is read: a page of a channel's messages may be long.
const RESPONSE_SIZE_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Why there is no whole answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Failure {
    /// The far side was not reached; surely not applied.
    #[error("could not reach the chat, nothing was sent: {0}")]
    NotSent(String),
    /// No whole answer came; may or may not be applied.
    #[error("no answer from the chat, the call may have been applied: {0}")]
    Unknown(String),
}

/// An answer, whatever its status.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    /// The body as JSON; null when it is none.
    pub(crate) body: Value,
}

impl Answer {
    /// How long it asks to wait, in milliseconds.
    pub(crate) fn wait_ms(&self) -> Option<u64> {
        http_client::retry_after_ms(&self.headers)
    }
}

/// Calls one chat.
pub(crate) struct Client {
    http: reqwest::Client,
    base: Url,
    authorization: Option<HeaderValue>,
}

/// The address may be the secret.
impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}

/// How to connect; times are in milliseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Connecting {
    pub(crate) connect_timeout_ms: u64,
    pub(crate) timeout_ms: u64,
    pub(crate) proxy: bool,
}

impl Client {
    /// Calls with a bearer token, or with none where the address is the secret.
    pub(crate) fn new(base: Url, authorization: Option<HeaderValue>, how: Connecting) -> Result<Self, String> {
        let http = http_client::client(how.connect_timeout_ms, how.timeout_ms, how.proxy)?;
        Ok(Self { http, base, authorization })
    }

    /// The address of the API.
    pub(crate) fn base(&self) -> &Url {
        &self.base
    }

    /// Reads something.
    pub(crate) async fn get(&self, path: &[&str], query: &[(&str, &str)]) -> Result<Answer, Failure> {
        let mut url = self.url(path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        self.send(self.http.request(Method::GET, url)).await
    }

    /// Sends JSON.
    pub(crate) async fn send_json(&self, method: Method, path: &[&str], body: &Value) -> Result<Answer, Failure> {
        let request = self.http.request(method, self.url(path));
        self.send(request.header(CONTENT_TYPE, "application/json; charset=utf-8").body(body.to_string())).await
    }

    fn url(&self, path: &[&str]) -> Url {
        let mut url = self.base.clone();
        if !path.is_empty() {
            url.path_segments_mut().expect("the base address is checked to be http(s)").pop_if_empty().extend(path);
        }
        url
    }

    async fn send(&self, mut request: reqwest::RequestBuilder) -> Result<Answer, Failure> {
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization.clone());
        }
        let mut response =
            request.header("accept", "application/json").send().await.map_err(|error| match Unanswered::of(error) {
                Unanswered::NotSent(words) => Failure::NotSent(words),
                Unanswered::Unknown(words) => Failure::Unknown(words),
            })?;
        let (status, headers) = (response.status().as_u16(), std::mem::take(response.headers_mut()));
        let (body, broken) = http_client::read(&mut response, RESPONSE_SIZE_BYTES_MAX).await;
        match broken {
            Some(Broken::TooLarge) => {
                return Err(Failure::Unknown(format!("the answer has more than {RESPONSE_SIZE_BYTES_MAX} bytes")));
            }
            Some(Broken::Lost(words)) => return Err(Failure::Unknown(words)),
            None => {}
        }
        Ok(Answer { status, headers, body: serde_json::from_slice(&body).unwrap_or_default() })
    }
}
