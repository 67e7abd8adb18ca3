//! Who a request is from: signatures and tokens, as data, and one function that checks them over the raw bytes.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use http::HeaderMap;
use pagerduty::Secret;
use sha2::{Digest, Sha256};
use std::fmt;
use subtle::ConstantTimeEq;

/// How far the time in a signed request may be off, in seconds, both ways.
pub const CLOCK_WINDOW_S: i64 = 300;

/// How a sender proves who it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scheme {
    /// Where the proof is.
    header: &'static str,
    /// What stands in front of it.
    prefix: &'static str,
    kind: Kind,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    /// HMAC-SHA256 in hex over `v0:TIME:BODY`; the time, in Unix seconds, is in this header.
    HexWithTime(&'static str),
    /// HMAC-SHA256 in base64 over the body; the key is base64 itself.
    Base64,
    /// The secret itself.
    Token,
}

/// Slack signs what it sends.
pub(crate) const SLACK: Scheme =
    Scheme { header: "x-slack-signature", prefix: "v0=", kind: Kind::HexWithTime("x-slack-request-timestamp") };
/// Teams signs what an outgoing webhook sends; when, is in the body.
pub(crate) const TEAMS: Scheme = Scheme { header: "authorization", prefix: "HMAC ", kind: Kind::Base64 };
/// Mattermost shows the token of the slash command.
pub(crate) const MATTERMOST: Scheme = Scheme { header: "authorization", prefix: "Token ", kind: Kind::Token };

/// Why a request is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unproven {
    /// No secret is configured that could prove anything.
    NoSecret,
    /// The header is not there, or empty, or not in the form that the sender uses.
    Missing(&'static str),
    /// The header is there more than once.
    Twice(&'static str),
    /// Made with another secret, or changed on the way.
    Mismatch,
    /// Too old, or from the future.
    Stale,
}

impl fmt::Display for Unproven {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSecret => f.write_str("no secret is configured for this path"),
            Self::Missing(header) => write!(f, "the header `{header}` is missing, or not in the form of this chat"),
            Self::Twice(header) => write!(f, "the header `{header}` is there more than once"),
            Self::Mismatch => f.write_str(
                "the proof does not fit: compare the secret with the chat's, and let no proxy change the body",
            ),
            Self::Stale => write!(f, "the request is more than {CLOCK_WINDOW_S} s off our clock; compare the clocks"),
        }
    }
}

/// Checks that a request was made by someone who has one of the secrets.
pub(crate) fn check(
    scheme: &Scheme,
    headers: &HeaderMap,
    body: &[u8],
    secrets: &[Secret],
    now_unix_ms: i64,
) -> Result<(), Unproven> {
    if secrets.iter().all(|secret| secret.expose().is_empty()) {
        return Err(Unproven::NoSecret);
    }
    let offered = one(headers, scheme.header)?;
    let offered = offered.strip_prefix(scheme.prefix).map(str::trim).filter(|rest| !rest.is_empty());
    let offered = offered.ok_or(Unproven::Missing(scheme.header))?;
    let time = match scheme.kind {
        Kind::HexWithTime(header) => Some(one(headers, header)?),
        Kind::Base64 | Kind::Token => None,
    };
    let mut fits = subtle::Choice::from(0);
    // Every secret is tried, so that the time says nothing about which one fits; an empty one would let anybody in.
    for secret in secrets.iter().filter(|secret| !secret.expose().is_empty()) {
        fits |= scheme.fits(offered, time, body, secret);
    }
    if !bool::from(fits) {
        return Err(Unproven::Mismatch);
    }
    match time.map(str::parse::<i64>) {
        None => Ok(()),
        Some(Ok(sent_s)) if is_fresh(sent_s.saturating_mul(1_000), now_unix_ms) => Ok(()),
        Some(_) => Err(Unproven::Stale),
    }
}

/// Whether a time is near enough to now.
pub(crate) fn is_fresh(sent_unix_ms: i64, now_unix_ms: i64) -> bool {
    now_unix_ms.abs_diff(sent_unix_ms) <= CLOCK_WINDOW_S.unsigned_abs() * 1_000
}

/// What is in a header that must be there once.
fn one<'h>(headers: &'h HeaderMap, name: &'static str) -> Result<&'h str, Unproven> {
    let mut values = headers.get_all(name).iter();
    let value = values.next().and_then(|value| value.to_str().ok()).ok_or(Unproven::Missing(name))?;
    if values.next().is_some() {
        return Err(Unproven::Twice(name));
    }
    if value.trim().is_empty() { Err(Unproven::Missing(name)) } else { Ok(value.trim()) }
}

impl Scheme {
    fn fits(&self, offered: &str, time: Option<&str>, body: &[u8], secret: &Secret) -> subtle::Choice {
        match self.kind {
            Kind::HexWithTime(_) => {
                let message = [b"v0:", time.unwrap_or_default().as_bytes(), b":", body];
                same_mac(secret.expose().as_bytes(), &message, hex::decode(offered).ok())
            }
            Kind::Base64 => match STANDARD.decode(secret.expose()) {
                Ok(key) => same_mac(&key, &[body], STANDARD.decode(offered).ok()),
                Err(_) => subtle::Choice::from(0),
            },
            Kind::Token => same_secret(offered, secret),
        }
    }
}

fn same_mac(key: &[u8], message: &[&[u8]], offered: Option<Vec<u8>>) -> subtle::Choice {
    mac(key, message).as_slice().ct_eq(offered.unwrap_or_default().as_slice())
}

fn mac(key: &[u8], message: &[&[u8]]) -> [u8; 32] {
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key).expect("HMAC takes keys of any length");
    message.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

/// Compares by hashes, since texts of different lengths cannot be compared in constant time.
fn same_secret(offered: &str, secret: &Secret) -> subtle::Choice {
    Sha256::digest(offered).as_slice().ct_eq(Sha256::digest(secret.expose()).as_slice())
}

/// Gives the `mac` that a Mattermost button carries: the only proof that it is one of ours.
#[must_use]
pub fn button_mac(secret: &Secret, action: &str, incident: &str) -> String {
    hex::encode(mac(secret.expose().as_bytes(), &[b"v1:", action.as_bytes(), b":", incident.as_bytes()]))
}

/// Checks the `mac` of a Mattermost button.
pub(crate) fn is_our_button(secrets: &[Secret], action: &str, incident: &str, offered: &str) -> bool {
    let offered = hex::decode(offered).unwrap_or_default();
    let mut fits = subtle::Choice::from(0);
    for secret in secrets.iter().filter(|secret| !secret.expose().is_empty()) {
        let wanted = mac(secret.expose().as_bytes(), &[b"v1:", action.as_bytes(), b":", incident.as_bytes()]);
        fits |= wanted.as_slice().ct_eq(offered.as_slice());
    }
    bool::from(fits)
}

#[cfg(test)]
mod tests;
