//! Who may use the API.

use crate::app::Shared;
use crate::problem::Problem;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{AUTHORIZATION, HOST, ORIGIN};
use http::{HeaderMap, StatusCode};
use pagerduty::Secret;
use sha2::{Digest, Sha256};
use std::net::IpAddr;
use std::sync::Arc;
use subtle::ConstantTimeEq;

/// Who may use the API.
#[derive(Clone)]
pub enum Access {
    /// Whoever has the token.
    Token(TokenHash),
    /// Whoever is on this machine and speaks to it by a local name.
    Local,
    /// Nobody: it listens to other machines and has no token.
    Closed,
}

/// A token as it is compared: its hash, so that all have one length.
#[derive(Clone)]
pub struct TokenHash([u8; 32]);

impl Access {
    /// Decides from the address listened on and the configured token.
    #[must_use]
    pub fn new(listen: IpAddr, token: Option<&Secret>) -> Self {
        match token {
            Some(token) => Self::Token(TokenHash(Sha256::digest(token.expose()).into())),
            None if listen.is_loopback() => Self::Local,
            None => Self::Closed,
        }
    }

    fn check(&self, headers: &HeaderMap) -> Result<(), Problem> {
        match self {
            Self::Token(wanted) => check_token(wanted, headers),
            Self::Local => check_local(headers),
            Self::Closed => Err(forbidden("this server listens to other machines and has no API token")),
        }
    }
}

fn check_token(wanted: &TokenHash, headers: &HeaderMap) -> Result<(), Problem> {
    let given = headers.get(AUTHORIZATION).and_then(|v| v.to_str().ok()?.strip_prefix("Bearer "));
    let given: [u8; 32] = Sha256::digest(given.unwrap_or_default().trim()).into();
    if bool::from(given.ct_eq(&wanted.0)) {
        return Ok(());
    }
    let detail = "the API token is missing or wrong";
    Err(Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", detail)
        .remedy("send `Authorization: Bearer TOKEN`; commands take the token from PAGEBRIDGE_API_TOKEN"))
}

/// Without a token, a page in somebody's browser or a proxy on the same machine must not get in: both send a
/// `Host` or an `Origin` that is not a local one.
fn check_local(headers: &HeaderMap) -> Result<(), Problem> {
    let text = |name| headers.get(name).map(|v: &http::HeaderValue| v.to_str().unwrap_or("?"));
    if !text(HOST).is_none_or(is_local) {
        return Err(forbidden("without an API token only local names such as `localhost` may be used to reach it"));
    }
    let origin = text(ORIGIN).map(|origin| origin.split_once("://").map_or(origin, |(_, host)| host));
    if !origin.is_none_or(is_local) {
        return Err(forbidden("without an API token it does not answer pages of other sites"));
    }
    Ok(())
}

fn forbidden(detail: &str) -> Problem {
    Problem::new(StatusCode::FORBIDDEN, "forbidden", detail)
        .remedy("set `api_token` under `[server]` in the configuration")
}

fn is_local(authority: &str) -> bool {
    let host = match authority.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Refuses whoever may not.
pub(crate) async fn guard(State(app): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    match app.access.check(request.headers()) {
        Ok(()) => next.run(request).await,
        Err(refused) => refused.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(access: &Access, headers: &[(&'static str, &str)]) -> u16 {
        let headers = headers
            .iter()
            .map(|(k, v)| (http::HeaderName::from_static(k), http::HeaderValue::from_str(v).expect("a header")));
        access.check(&headers.collect()).err().map_or(200, |p| p.status.as_u16())
    }

    #[test]
    fn without_a_token_only_local_callers_get_in() {
        let local = Access::new("127.0.0.1".parse().expect("an address"), None);
        for (host, wanted) in [
            ("localhost:8080", 200),
            ("127.0.0.1:8080", 200),
            ("[::1]:8080", 200),
            ("LOCALHOST", 200),
            ("bridge.example.com", 403),
            ("127.0.0.1.example.com", 403),
            ("localhost.example.com:8080", 403),
            ("", 403),
        ] {
            assert_eq!(status(&local, &[("host", host)]), wanted, "{host}");
        }
        assert_eq!(status(&local, &[]), 200);
        assert_eq!(status(&local, &[("host", "localhost"), ("origin", "https://evil.example")]), 403);
        assert_eq!(status(&local, &[("host", "localhost"), ("origin", "null")]), 403);
        assert_eq!(status(&local, &[("host", "localhost"), ("origin", "http://localhost:8080")]), 200);
    }

    #[test]
    fn on_other_addresses_there_is_no_way_in_without_a_token() {
        let any = "0.0.0.0".parse().expect("an address");
        assert_eq!(status(&Access::new(any, None), &[("host", "localhost")]), 403);
        let access = Access::new(any, Some(&Secret::new("right")));
        assert_eq!(status(&access, &[]), 401);
        assert_eq!(status(&access, &[("authorization", "Bearer wrong")]), 401);
        assert_eq!(status(&access, &[("authorization", "Basic right")]), 401);
        assert_eq!(status(&access, &[("authorization", "Bearer right")]), 200);
    }
}
