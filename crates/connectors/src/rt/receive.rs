//! Takes the posts of RT's scrip. They only say that something changed; what it was is read by the follower, which is
//! woken. RT sends a post once, so nothing may depend on one.

use super::Rt;
use crate::auth;
use crate::text::is_blank;
use http::{HeaderMap, HeaderName};
use pagebridge_ports::{Receive, Received, Refusal};
use serde_json::Value;

/// `v1=` and the HMAC-SHA256 of the body with the secret, in hex.
const SIGNATURE: HeaderName = HeaderName::from_static("x-pagebridge-signature");

impl Receive for Rt {
    fn receive(&self, headers: &HeaderMap, body: &[u8]) -> Result<Received, Refusal> {
        if !self.takes_posts() {
            let words = "posts of a scrip are taken when a token is set that they must carry; none is";
            return Err(Refusal::Unauthorized(words.to_owned()));
        }
        auth::check(headers, None, &self.settings.push_tokens)?;
        self.check_signature(headers, body)?;
        let ticket = ticket(body)?;
        self.follow.wake();
        let detail = format!("ticket {ticket} has changed; what changed is being read");
        Ok(Received::Ignored { reason: "woken", detail })
    }
}

impl Rt {
    /// Whether anything is set that could prove who posts.
    pub(super) fn takes_posts(&self) -> bool {
        !self.settings.push_tokens.is_empty() || !self.settings.push_secrets.is_empty()
    }

    fn check_signature(&self, headers: &HeaderMap, body: &[u8]) -> Result<(), Refusal> {
        if self.settings.push_secrets.is_empty() {
            return Ok(());
        }
        let refused =
            |words: &str| Refusal::Unauthorized(format!("{words}; export the scrip anew, and put it into RT"));
        let header = headers.get(&SIGNATURE).and_then(|value| value.to_str().ok());
        let header = header.ok_or_else(|| refused("the header `X-Pagebridge-Signature` is missing"))?;
        ::pagerduty::webhook::verify(&self.settings.push_secrets, header, body)
            .map_err(|_| refused("no signature in `X-Pagebridge-Signature` fits a secret that is configured here"))
    }
}

/// The number of the ticket.
fn ticket(body: &[u8]) -> Result<i64, Refusal> {
    const REMEDY: &str = "send what the exported scrip sends";
    let body: Value = serde_json::from_slice(body)
        .map_err(|error| Refusal::field("", format!("the body is not JSON: {error}; {REMEDY}")))?;
    let number = match &body["ticket"] {
        Value::Number(number) => number.as_i64(),
        Value::String(text) if !is_blank(text) => text.trim().parse().ok(),
        _ => None,
    };
    let refused = || Refusal::field("ticket", format!("`ticket` is not the number of a ticket; {REMEDY}"));
    number.filter(|number| *number > 0).ok_or_else(refused)
}
