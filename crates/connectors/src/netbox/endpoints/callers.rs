//! Who may call: holders of tokens of ours, or else everybody whom NetBox itself knows.

use super::super::client::{Client, Failure};
use crate::Secret;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use pagebridge_core::Timestamp;
use pagebridge_ports::Clock;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use subtle::{Choice, ConstantTimeEq};
use tokio::sync::Semaphore;

/// How long NetBox's word about a token counts, in milliseconds: who is locked out there is locked out here this much later.
const KNOWN_MS: i64 = 60_000;

/// How long a token that NetBox does not know is not asked about again, in milliseconds.
const UNKNOWN_MS: i64 = 10_000;

/// Tokens whose standing is remembered; more make all of them be asked about again.
const REMEMBERED_MAX: usize = 1_000;

/// Questions about tokens that NetBox is asked at the same time, so that guesses here are no flood there.
const ASKING_MAX: usize = 4;

/// Callers that may wait for such a question; more are told to come again.
const WAITING_MAX: usize = 32;

/// What a caller may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum May {
    /// Ask how things stand.
    Read,
    /// Have something sent.
    Send,
}

impl May {
    /// The words in the configuration.
    pub const WORDS: [&str; 2] = ["send", "read"];

    /// The permission with this name.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "read" => Some(Self::Read),
            "send" => Some(Self::Send),
            _ => None,
        }
    }
}

/// A token of ours.
#[derive(Clone, Debug)]
pub struct CallerToken {
    /// The token.
    pub token: Secret,
    /// What its holder may do.
    pub may: Vec<May>,
}

/// Who calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Caller {
    /// Their name in NetBox, as far as it tells.
    pub(super) name: String,
    may: Vec<May>,
}

/// Why somebody is not let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Denied {
    /// Who calls is not known: 401, in NetBox's words.
    Unknown(&'static str),
    /// Who calls may not do this: 403, in NetBox's words.
    NotAllowed,
    /// NetBox could not be asked: 503.
    Unsure(String),
}

pub(super) const NO_TOKEN: &str = "Authentication credentials were not provided.";
pub(super) const BAD_TOKEN: &str = "Invalid token";
pub(super) const NOT_ALLOWED: &str = "You do not have permission to perform this action.";

/// Remembered until a time; `None` is a token that NetBox does not know.
type Remembered = HashMap<[u8; 32], (Timestamp, Option<Caller>)>;

pub(super) struct Callers {
    tokens: Vec<([u8; 32], Vec<May>)>,
    netbox: Client,
    clock: Arc<dyn Clock>,
    remembered: Mutex<Remembered>,
    asking: Semaphore,
    waiting: Semaphore,
}

impl Callers {
    pub(super) fn new(tokens: &[CallerToken], netbox: Client, clock: Arc<dyn Clock>) -> Self {
        let own = |own: &CallerToken| (digest(own.token.expose()), own.may.clone());
        Self {
            tokens: tokens.iter().filter(|own| !own.token.expose().trim().is_empty()).map(own).collect(),
            netbox,
            clock,
            remembered: Mutex::default(),
            asking: Semaphore::new(ASKING_MAX),
            waiting: Semaphore::new(WAITING_MAX),
        }
    }

    /// Lets a caller in, or says why not.
    pub(super) async fn check(&self, headers: &HeaderMap, may: May) -> Result<Caller, Denied> {
        let token = offered(headers).ok_or(Denied::Unknown(NO_TOKEN))?;
        let caller = if self.tokens.is_empty() { self.known_to_netbox(token).await? } else { self.own(token) };
        let caller = caller.ok_or(Denied::Unknown(BAD_TOKEN))?;
        if caller.may.contains(&may) { Ok(caller) } else { Err(Denied::NotAllowed) }
    }

    /// Every token is compared, so that the time says nothing about which one fits.
    fn own(&self, token: &str) -> Option<Caller> {
        let offered = digest(token);
        let mut found = None;
        for (known, may) in &self.tokens {
            let fits: Choice = known.ct_eq(&offered);
            if bool::from(fits) {
                found = Some(Caller { name: "a holder of a token of Pagebridge".to_owned(), may: may.clone() });
            }
        }
        found
    }

    async fn known_to_netbox(&self, token: &str) -> Result<Option<Caller>, Denied> {
        let key = digest(token);
        if let Some(known) = self.remembered(&key) {
            return Ok(known);
        }
        let unsure = |why: String| Denied::Unsure(format!("NetBox cannot be asked about the token: {why}"));
        let _place =
            self.waiting.try_acquire().map_err(|_| unsure("too many tokens are being asked about".to_owned()))?;
        let _permit = self.asking.acquire().await.map_err(|_| unsure("Pagebridge is stopping".to_owned()))?;
        // Another request with the same token may have been first.
        if let Some(known) = self.remembered(&key) {
            return Ok(known);
        }
        let Ok(client) = self.netbox.with_token(token) else { return Ok(None) };
        let caller = ask(&client).await.map_err(|failure| unsure(failure.to_string()))?;
        let until = self.clock.now().plus_ms(if caller.is_some() { KNOWN_MS } else { UNKNOWN_MS });
        let mut remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        if remembered.len() >= REMEMBERED_MAX {
            remembered.clear();
        }
        remembered.insert(key, (until, caller.clone()));
        Ok(caller)
    }

    fn remembered(&self, key: &[u8; 32]) -> Option<Option<Caller>> {
        let remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        let (until, caller) = remembered.get(key)?;
        (self.clock.now() < *until).then(|| caller.clone())
    }
}

/// Asks NetBox whose token this is. Versions before 4.5 say only whether it is one, and everything wrong with a login is 403.
async fn ask(client: &Client) -> Result<Option<Caller>, Failure> {
    let answer = match client.get::<Value>(&["authentication-check"], &[]).await {
        Err(Failure::Answer(answer)) if answer.status == 404 => client.get::<Value>(&["status"], &[]).await,
        other => other,
    };
    match answer {
        Ok(user) => {
            let name = user.get("username").and_then(Value::as_str).unwrap_or("a user of NetBox").to_owned();
            Ok(Some(Caller { name, may: vec![May::Read, May::Send] }))
        }
        Err(Failure::Answer(answer)) if matches!(answer.status, 401 | 403) => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// The token of a request, after `Token` or `Bearer`.
fn offered(headers: &HeaderMap) -> Option<&str> {
    let (word, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.trim().split_once(' ')?;
    let known = ["token", "bearer"].iter().any(|known| word.eq_ignore_ascii_case(known));
    Some(token.trim()).filter(|token| known && !token.is_empty())
}

/// Stands for a token, so that none is kept, and none compared byte by byte.
fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_found_after_either_word() {
        for (value, wanted) in [
            ("Token abc", Some("abc")),
            ("token  abc ", Some("abc")),
            ("Bearer nbt_x.y", Some("nbt_x.y")),
            ("BEARER abc", Some("abc")),
            ("Basic abc", None),
            ("abc", None),
            ("Token ", None),
            ("Tokenabc", None),
        ] {
            let headers = HeaderMap::from_iter([(AUTHORIZATION, value.parse().expect("a header"))]);
            assert_eq!(offered(&headers), wanted, "{value}");
        }
        assert_eq!(offered(&HeaderMap::new()), None);
    }
}
