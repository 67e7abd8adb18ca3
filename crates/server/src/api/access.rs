//! Who asks the API, and what that one may do there.

use crate::app::Shared;
use crate::problem::Problem;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{AUTHORIZATION, HOST, ORIGIN};
use http::{HeaderMap, StatusCode};
use pagebridge_access::{Principal, Role};
use pagerduty::Secret;
use sha2::{Digest, Sha256};
use std::net::IpAddr;
use std::sync::Arc;
use subtle::{ConditionallySelectable, ConstantTimeEq};

/// How the one is called in the audit trail that has the token without a name of its own.
pub const API: &str = "api";

/// How the one is called in the audit trail that needs no token, being on the same machine.
pub const LOCAL: &str = "local";

/// What a written hash begins with.
const SHA256: &str = "sha256:";

/// Who may use the API.
#[derive(Clone)]
pub struct Access {
    tokens: Vec<Token>,
    without: Without,
}

/// What becomes of those who show no token, when there are none.
#[derive(Clone)]
enum Without {
    /// Whoever is on this machine and speaks to it by a local name may do everything.
    Local(Arc<Principal>),
    /// Nobody gets in: it listens to other machines.
    Closed,
}

#[derive(Clone)]
struct Token {
    hash: TokenHash,
    principal: Arc<Principal>,
}

/// A token as it is compared: its hash, so that all have one length.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    /// The hash of a token.
    #[must_use]
    pub fn of(token: &str) -> Self {
        Self(Sha256::digest(token).into())
    }

    /// Reads `sha256:` and 64 hexadecimal digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix(SHA256)?;
        if digits.len() != 64 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        let mut hash = [0; 32];
        for (byte, place) in hash.iter_mut().zip(0..) {
            *byte = u8::from_str_radix(&digits[2 * place..2 * place + 2], 16).ok()?;
        }
        Some(Self(hash))
    }
}

impl std::fmt::Display for TokenHash {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.write_str(SHA256)?;
        self.0.iter().try_for_each(|byte| write!(to, "{byte:02x}"))
    }
}

impl std::fmt::Debug for TokenHash {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.write_str("***")
    }
}

impl Access {
    /// Decides from the address listened on and the one token that may do everything, if there is one.
    #[must_use]
    pub fn new(listen: IpAddr, token: Option<&Secret>) -> Self {
        let local = || Arc::new(Principal::new(LOCAL, Role::Admin));
        let without = if listen.is_loopback() { Without::Local(local()) } else { Without::Closed };
        let access = Self { tokens: Vec::new(), without };
        match token {
            Some(token) => access.with_token(TokenHash::of(token.expose()), Principal::new(API, Role::Admin)),
            None => access,
        }
    }

    /// Lets in whoever has this token, as this principal.
    #[must_use]
    pub fn with_token(mut self, hash: TokenHash, principal: Principal) -> Self {
        self.tokens.push(Token { hash, principal: Arc::new(principal) });
        self
    }

    /// Tells who asks.
    fn check(&self, headers: &HeaderMap) -> Result<Arc<Principal>, Problem> {
        if !self.tokens.is_empty() {
            return self.check_token(headers);
        }
        match &self.without {
            Without::Local(local) => check_local(headers).map(|()| local.clone()),
            Without::Closed => Err(forbidden("this server listens to other machines and has no API token")),
        }
    }

    /// Looks at all tokens however early one fits, so that the time taken tells nothing.
    fn check_token(&self, headers: &HeaderMap) -> Result<Arc<Principal>, Problem> {
        let given = headers.get(AUTHORIZATION).and_then(|v| v.to_str().ok()?.strip_prefix("Bearer "));
        let given = TokenHash::of(given.unwrap_or_default().trim());
        let mut found = u32::MAX;
        for (place, token) in (0..).zip(&self.tokens) {
            found.conditional_assign(&place, given.0.ct_eq(&token.hash.0));
        }
        let token = usize::try_from(found).ok().and_then(|place| self.tokens.get(place));
        token.map(|token| token.principal.clone()).ok_or_else(|| {
            let detail = "the API token is missing or wrong";
            Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", detail)
                .remedy("send `Authorization: Bearer TOKEN`; commands take the token from PAGEBRIDGE_API_TOKEN")
        })
    }
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
        .remedy("set `api_token` or `[[server.tokens]]` in the configuration")
}

fn is_local(authority: &str) -> bool {
    let host = match authority.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Refuses whoever may not; handlers behind it take who asks with `axum::Extension<Arc<Principal>>`.
pub(crate) async fn guard(State(app): State<Arc<Shared>>, mut request: Request, next: Next) -> Response {
    match app.access.check(request.headers()) {
        Ok(principal) => {
            request.extensions_mut().insert(principal);
            next.run(request).await
        }
        Err(refused) => refused.into_response(),
    }
}

/// Refuses whoever has less than this role.
pub(crate) fn at_least(who: &Principal, role: Role) -> Result<(), Problem> {
    if who.role >= role {
        return Ok(());
    }
    let (name, has, needed) = (&who.name, who.role.as_str(), role.as_str());
    let detail = format!("{name} has the role {has}, and {needed} is needed for this");
    Err(Problem::new(StatusCode::FORBIDDEN, "not_allowed", detail).remedy("use a token with that role"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(access: &Access, headers: &[(&'static str, &str)]) -> Result<Arc<Principal>, Problem> {
        let headers = headers
            .iter()
            .map(|(k, v)| (http::HeaderName::from_static(k), http::HeaderValue::from_str(v).expect("a header")));
        access.check(&headers.collect())
    }

    fn status(access: &Access, headers: &[(&'static str, &str)]) -> u16 {
        check(access, headers).err().map_or(200, |p| p.status.as_u16())
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

    #[test]
    fn each_token_is_its_own_principal_and_shuts_out_those_without() {
        let here = "127.0.0.1".parse().expect("an address");
        let ci = Principal::new("token ci", Role::Responder);
        let access = Access::new(here, Some(&Secret::new("all"))).with_token(TokenHash::of("ci-1"), ci);
        let who = |token: &str| {
            let bearer = format!("Bearer {token}");
            check(&access, &[("authorization", &bearer)]).map(|p| (p.name.clone(), p.role)).ok()
        };
        assert_eq!(who("all"), Some((API.to_owned(), Role::Admin)));
        assert_eq!(who("ci-1"), Some(("token ci".to_owned(), Role::Responder)));
        assert_eq!(who("ci-2"), None);
        assert_eq!(status(&access, &[("host", "localhost")]), 401);
    }

    #[test]
    fn a_written_hash_is_that_of_the_token_and_is_never_printed_by_chance() {
        let hash = TokenHash::of("ci-1");
        let written = hash.to_string();
        assert_eq!(TokenHash::parse(&written), Some(hash));
        assert_eq!(TokenHash::parse(&written.to_uppercase().replace("SHA256", "sha256")), Some(hash));
        for wrong in ["", "sha256:", &written[7..], &written[..70], &written.replace("sha256", "md5"), "sha256:é"] {
            assert_eq!(TokenHash::parse(wrong), None, "{wrong}");
        }
        assert_eq!(format!("{hash:?}"), "***");
    }
}
