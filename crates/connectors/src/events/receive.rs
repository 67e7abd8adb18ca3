//! Takes what senders of events send.

use super::keys::{Keyring, Lead, PASSED_KEYS_MAX};
use super::wire::{EVENT_SIZE_BYTES_MAX, Heard, Kept, Wrong};
use super::{map, v1, v2};
use crate::Secret;
use http::HeaderMap;
use pagebridge_core::SystemName;
use pagebridge_ports::{Answer, Receive, Received, Refusal};
use std::sync::Arc;

/// Which of the three APIs a path speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speech {
    /// Alerts, version 2.
    V2,
    /// Alerts, version 1.
    V1,
    /// Changes.
    Change,
}

impl Speech {
    /// The path on which PagerDuty takes it.
    #[must_use]
    pub fn path(self) -> &'static str {
        match self {
            Self::V2 => "/v2/enqueue",
            Self::V1 => "/generic/2010-04-15/create_event.json",
            Self::Change => "/v2/change/enqueue",
        }
    }
}

/// Hears senders on one path. The routing key in the body is the credential, as at PagerDuty.
pub struct Sender {
    system: SystemName,
    speech: Speech,
    keyring: Arc<Keyring>,
}

impl Sender {
    /// Hears senders for the system of this name.
    #[must_use]
    pub fn new(system: SystemName, speech: Speech, keyring: Arc<Keyring>) -> Self {
        Self { system, speech, keyring }
    }

    /// Largest body that is taken, in bytes.
    pub const BODY_SIZE_BYTES_MAX: usize = EVENT_SIZE_BYTES_MAX;

    fn refuse(wrong: &Wrong) -> Refusal {
        Refusal::Answered { answer: wrong.answer(), detail: wrong.detail() }
    }

    fn hear(&self, body: &[u8]) -> Result<Heard, Wrong> {
        match self.speech {
            Speech::V2 => v2::alert(body),
            Speech::V1 => v1::alert(body),
            Speech::Change => v2::change(body),
        }
    }
}

/// A key that nobody has had before: 32 letters and digits.
#[expect(clippy::disallowed_methods, reason = "the one place where a sender leaves the key of its alert to us")]
fn fresh_key() -> String {
    uuid::Uuid::now_v7().simple().to_string()
}

impl Receive for Sender {
    fn receive(&self, _headers: &HeaderMap, body: &[u8]) -> Result<Received, Refusal> {
        let heard = self.hear(body).map_err(|wrong| Self::refuse(&wrong))?;
        let invalid = |detail: String| Refusal::Answered {
            answer: Wrong::Fields(vec!["Invalid routing key".to_owned()]).answer(),
            detail,
        };
        let (target, sender) = match self.keyring.follow(&Secret::new(heard.routing_key.clone())) {
            Lead::To(system) => (system, None),
            Lead::New(sender) => (sender.system.clone(), Some(sender)),
            Lead::Unknown => {
                return Err(invalid("no configured routing key is this one, and none is passed on".into()));
            }
            Lead::Full => {
                let detail = format!("{PASSED_KEYS_MAX} keys of senders are passed on already; configure this one");
                return Err(invalid(detail));
            }
        };
        let alert_key = match (&heard.said, &heard.dedup_key) {
            (Kept::Change(_), _) => format!("change-{}", fresh_key()),
            (_, Some(key)) => key.clone(),
            // PagerDuty makes one up too; ours is constant over the repeats of the delivery.
            (_, None) => fresh_key(),
        };
        let input = map::input(&self.system, &target, &heard, &alert_key);
        Ok(Received::Taken { input: Box::new(input), answer: map::answer(&heard, &alert_key), sender })
    }

    fn too_large(&self, limit: usize) -> Option<Answer> {
        let wrong = Wrong::Fields(vec![format!("Event is too large (maximum is {limit} bytes)")]);
        Some(wrong.answer())
    }
}
