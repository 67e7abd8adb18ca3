//! The HTTP client that connectors share.

use crate::outcome::with_causes;
use crate::tls::install_provider_if_none;
use http::header::{HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{Response, Url, redirect};
use std::time::Duration;

/// Sets up a client that says who we are and follows no redirect, which would carry a credential to wherever it points.
/// Times are in milliseconds.
pub(crate) fn client(connect_timeout_ms: u64, timeout_ms: u64, proxy: bool) -> Result<reqwest::Client, String> {
    install_provider_if_none();
    let mut http = reqwest::Client::builder()
        .user_agent(concat!("pagebridge/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(Duration::from_millis(connect_timeout_ms))
        .timeout(Duration::from_millis(timeout_ms))
        .redirect(redirect::Policy::none());
    if !proxy {
        http = http.no_proxy();
    }
    http.build().map_err(|error| format!("cannot set up the HTTP client: {}", with_causes(&error)))
}

/// Reads the base address of an API.
pub(crate) fn base_url(setting: &str, text: &str, like: &str) -> Result<Url, String> {
    let refused = || format!("{setting} `{text}` is not a base address; set it to one like {like}");
    let url = Url::parse(text.trim()).map_err(|_| refused())?;
    let plain = url.query().is_none() && url.fragment().is_none();
    if matches!(url.scheme(), "http" | "https") && url.has_host() && plain { Ok(url) } else { Err(refused()) }
}

/// The header that says who calls; it prints as `Sensitive`. `refused` says in words what is wrong with a credential that
/// is empty or does not fit into a header, without it.
pub(crate) fn authorization(word: &str, credential: &str, refused: &str) -> Result<HeaderValue, String> {
    let credential = credential.trim();
    if credential.is_empty() {
        return Err(refused.to_owned());
    }
    let mut header = HeaderValue::from_str(&format!("{word} {credential}")).map_err(|_| refused.to_owned())?;
    header.set_sensitive(true);
    Ok(header)
}

/// How long an answer asks to wait, in milliseconds.
pub(crate) fn retry_after_ms(headers: &HeaderMap) -> Option<u64> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse::<u64>().ok()?;
    Some(seconds.saturating_mul(1_000))
}

/// Why there is no answer.
pub(crate) enum Unanswered {
    /// The far side was not reached; surely not applied.
    NotSent(String),
    /// Perhaps applied.
    Unknown(String),
}

impl Unanswered {
    /// Tells a call that never left from one that may have arrived; errs on the side of "may have".
    pub(crate) fn of(error: reqwest::Error) -> Self {
        let error = error.without_url();
        let words = with_causes(&error);
        if error.is_connect() || error.is_builder() { Self::NotSent(words) } else { Self::Unknown(words) }
    }
}

/// Why a body did not come whole.
pub(crate) enum Broken {
    /// It has more bytes than were to be read.
    TooLarge,
    /// The connection was lost.
    Lost(String),
}

/// Reads a body, at most `size_max` bytes of it.
pub(crate) async fn read(response: &mut Response, size_max: usize) -> (Vec<u8>, Option<Broken>) {
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() > size_max => return (body, Some(Broken::TooLarge)),
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => return (body, None),
            Err(error) => return (body, Some(Broken::Lost(with_causes(&error.without_url())))),
        }
    }
}
