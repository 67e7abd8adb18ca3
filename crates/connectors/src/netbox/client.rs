//! A small client: builds an address, sends once, reads the answer up to a limit, and keeps apart what was surely not
//! applied from what may have been.

use super::Settings;
use super::wire::problem;
use crate::http_client::{self, Broken, Unanswered};
use ::pagerduty::text::cut;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use http::{Method, StatusCode};
use reqwest::Url;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// How much of an answer is read; a full page of objects is about 0.5 MB, more only with very long descriptions.
const RESPONSE_SIZE_BYTES_MAX: usize = 32 * 1024 * 1024;

const MESSAGE_CHARS_MAX: usize = 300;

/// How tokens of version 2 begin; NetBox goes by this as well.
const TOKEN_V2_PREFIX: &str = "nbt_";

/// Why a call did not give its answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// The far side was not reached; surely not applied.
    #[error("could not reach NetBox, nothing was sent: {0}")]
    NotSent(String),
    /// No whole answer came; may or may not be applied.
    #[error("no answer from NetBox, the call may have been applied: {0}")]
    Unknown(String),
    /// The status says success, but the body is not what it should be; applied, as far as can be told.
    #[error("NetBox's answer with status {status} could not be read: {problem}")]
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
#[error("NetBox answered {status}{}{message}", if self.message.is_empty() { "" } else { ": " })]
pub(super) struct ErrorAnswer {
    /// HTTP status.
    pub(super) status: u16,
    /// What it says, in words.
    pub(super) message: String,
    /// Whether it has the form of NetBox's API. A 404 that has not is about the address, not about the object.
    pub(super) genuine: bool,
    /// How long it asks to wait, in milliseconds.
    pub(super) wait_ms: Option<u64>,
}

impl Failure {
    /// Whether NetBox or the plugin failed over the request, which is rolled back then.
    pub(super) fn is_a_crash(&self) -> bool {
        matches!(self, Self::Answer(ErrorAnswer { status: 500, genuine: true, .. }))
    }
}

/// Calls one NetBox.
#[derive(Clone, Debug)]
pub(super) struct Client {
    http: reqwest::Client,
    base: Url,
    authorization: HeaderValue,
}

impl Client {
    pub(super) fn new(settings: &Settings) -> Result<Self, String> {
        let http = http_client::client(settings.connect_timeout_ms, settings.timeout_ms, settings.proxy)?;
        let authorization = authorization(settings.token.expose())?;
        Ok(Self { http, base: base_url(&settings.api_url)?, authorization })
    }

    /// The same with another token: that of somebody who calls us.
    pub(super) fn with_token(&self, token: &str) -> Result<Self, String> {
        Ok(Self { authorization: authorization(token)?, ..self.clone() })
    }

    /// Where people look at NetBox, without a slash at the end.
    pub(super) fn web_url(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    /// Reads something below `/api`.
    pub(super) async fn get<T: DeserializeOwned>(&self, path: &[&str], query: &[(&str, &str)]) -> Result<T, Failure> {
        self.send(self.http.request(Method::GET, self.url(path, query))).await
    }

    /// Changes or makes something below `/api`.
    pub(super) async fn write<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &[&str],
        body: &impl Serialize,
    ) -> Result<T, Failure> {
        let json = serde_json::to_vec(body).expect("request types have string keys and cannot fail");
        let request = self.http.request(method, self.url(path, &[])).header(CONTENT_TYPE, "application/json");
        self.send(request.body(json)).await
    }

    /// An address below `/api`; all of NetBox's end in a slash.
    fn url(&self, path: &[&str], query: &[(&str, &str)]) -> Url {
        let mut url = self.base.clone();
        let segments = ["api"].iter().chain(path).chain(&[""]);
        url.path_segments_mut().expect("the base address is checked to be http(s)").pop_if_empty().extend(segments);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    async fn send<T: DeserializeOwned>(&self, request: reqwest::RequestBuilder) -> Result<T, Failure> {
        let request = request.header(AUTHORIZATION, self.authorization.clone()).header("accept", "application/json");
        let mut response = request.send().await.map_err(Unanswered::of)?;
        let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
        let (body, broken) = http_client::read(&mut response, RESPONSE_SIZE_BYTES_MAX).await;
        if !status.is_success() {
            return Err(Failure::Answer(error_answer(status, &headers, &body)));
        }
        match broken {
            Some(Broken::TooLarge) => {
                let problem = format!("it has more than {RESPONSE_SIZE_BYTES_MAX} bytes");
                return Err(Failure::Undecodable { status: status.as_u16(), problem });
            }
            Some(Broken::Lost(words)) => return Err(Failure::Unknown(words)),
            None => {}
        }
        serde_json::from_slice(&body)
            .map_err(|error| Failure::Undecodable { status: status.as_u16(), problem: error.to_string() })
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
    let said = problem(body);
    ErrorAnswer {
        status: status.as_u16(),
        genuine: said.is_some(),
        message: cut(&said.unwrap_or_default(), MESSAGE_CHARS_MAX).into_owned(),
        wait_ms: http_client::retry_after_ms(headers),
    }
}

/// The address of NetBox; that of its API is taken as well.
fn base_url(text: &str) -> Result<Url, String> {
    let refused = || format!("api_url `{text}` is not a base address; set it to one like https://netbox.example.com");
    let plain = text.trim().trim_end_matches('/');
    let url = Url::parse(plain.strip_suffix("/api").unwrap_or(plain)).map_err(|_| refused())?;
    let plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    if matches!(url.scheme(), "http" | "https") && url.has_host() && plain { Ok(url) } else { Err(refused()) }
}

fn authorization(token: &str) -> Result<HeaderValue, String> {
    let refused = "token is empty or holds characters that no token has; set it to an API token of NetBox";
    let word = if token.trim().starts_with(TOKEN_V2_PREFIX) { "Bearer" } else { "Token" };
    http_client::authorization(word, token, refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_of_the_api_is_taken_as_well() {
        for text in ["https://nb.test", "https://nb.test/", " https://nb.test/api", "https://nb.test/api/"] {
            assert_eq!(base_url(text).expect(text).as_str(), "https://nb.test/");
        }
        assert_eq!(base_url("http://h:8000/netbox/api/").expect("a path").as_str(), "http://h:8000/netbox");
        for text in ["", "nb.test", "ftp://nb.test", "https://nb.test/?a=1", "https://me@nb.test"] {
            assert!(base_url(text).expect_err(text).contains("api_url"), "{text}");
        }
    }

    #[test]
    fn the_word_before_a_token_goes_by_its_version() {
        for (token, header) in [(" abc123 ", "Token abc123"), ("nbt_a.b", "Bearer nbt_a.b")] {
            let value = authorization(token).expect(token);
            assert_eq!(value.to_str().expect("text"), header);
            assert!(value.is_sensitive() && !format!("{value:?}").contains("ab"));
        }
        for token in ["", "  ", "a\nb"] {
            assert!(!authorization(token).expect_err("no token").contains("a\nb"));
        }
    }
}
