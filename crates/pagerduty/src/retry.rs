//! Sending a call again, where that is safe and may help.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::time::{Duration, UNIX_EPOCH};

use crate::call::{Call, Effect};
use crate::client::Client;
use crate::error::{Class, Error};
use crate::rate_limit::Wait;
use crate::transport::Reply;
use crate::walk::Caller;

/// When to send a failed call again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Attempts in all, the first included (5).
    pub attempts_max: u32,
    /// Longest wait after the first attempt, in milliseconds (1000); it doubles with each attempt.
    pub backoff_ms_first: u64,
    /// Longest wait of our own, in milliseconds (30 000).
    pub backoff_ms_max: u64,
    /// Longest wait that is granted when the far side asks for one, in milliseconds (120 000). When it asks for more, the error is
    /// returned instead, so that the caller can plan.
    pub asked_ms_max: u64,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { attempts_max: 5, backoff_ms_first: 1000, backoff_ms_max: 30_000, asked_ms_max: 120_000 }
    }
}

impl RetryPolicy {
    /// Decides how many milliseconds to wait before the next attempt; `None` to give up.
    ///
    /// `attempt` is the number of the one that failed, from 1; `jitter` is from 0 to 1. Only throttling, 408, 5xx and trouble on
    /// the way are tried again, and an [`Effect::Once`] only if it was surely not applied.
    pub fn wait_ms(&self, error: &Error, attempt: u32, now_unix_ms: i64, jitter: f64) -> Option<u64> {
        if attempt >= self.attempts_max {
            return None;
        }
        let jitter = jitter.clamp(0.0, 1.0);
        match may_help(error)? {
            Some(asked) => {
                let asked_ms = asked.ms_from(now_unix_ms);
                // All who were told the same time must not come at the same time.
                let spread_ms = (self.backoff_ms_first as f64 * jitter) as u64;
                (asked_ms <= self.asked_ms_max).then_some(asked_ms + spread_ms)
            }
            None => {
                let doubled = self.backoff_ms_first.saturating_mul(1 << attempt.saturating_sub(1).min(30));
                let longest_ms = doubled.min(self.backoff_ms_max);
                Some((longest_ms as f64 * (0.5 + jitter / 2.0)) as u64)
            }
        }
    }
}

/// Tells whether another attempt is safe and may fare better, and how long the far side asks to wait before it.
fn may_help(error: &Error) -> Option<Option<Wait>> {
    match error {
        Error::Invalid { .. } | Error::Undecodable { .. } => None,
        Error::NotSent { .. } => Some(None),
        Error::Unknown { effect, .. } => (*effect != Effect::Once).then_some(None),
        Error::Response(response) => match response.class() {
            Class::Retry { wait } | Class::RateLimited { wait } => Some(wait),
            _ => None,
        },
    }
}

/// Carries out calls with a [`Client`], again and again by a [`RetryPolicy`]. Cheap to clone.
///
/// For programs that can wait. Who has a queue asks [`RetryPolicy::wait_ms`] and does not sleep here.
#[derive(Clone, Debug)]
pub struct Retrying {
    client: Client,
    policy: RetryPolicy,
}

impl Retrying {
    /// Wraps `client`.
    pub fn new(client: Client, policy: RetryPolicy) -> Self {
        Self { client, policy }
    }

    /// Sends `call` until it is answered, refused for good, or out of attempts.
    ///
    /// # Errors
    /// The [`Error`] of the last attempt.
    pub async fn call<T>(&self, call: &Call<T>) -> Result<Reply<T>, Error> {
        let mut attempt = 1;
        loop {
            let error = match self.client.call(call).await {
                Ok(reply) => return Ok(reply),
                Err(error) => error,
            };
            let Some(wait_ms) = self.policy.wait_ms(&error, attempt, now_unix_ms(), jitter()) else {
                return Err(error);
            };
            tokio::time::sleep(Duration::from_millis(wait_ms)).await;
            attempt += 1;
        }
    }

    /// Gives the client that sends each call once.
    pub fn client(&self) -> &Client {
        &self.client
    }
}

impl Caller for Retrying {
    async fn call<T: Send>(&self, call: &Call<T>) -> Result<Reply<T>, Error> {
        Self::call(self, call).await
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "compared with a time the far side gave, the process has no other clock here"
)]
fn now_unix_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// Every `RandomState` has other keys, which is random enough to spread callers.
fn jitter() -> f64 {
    RandomState::new().build_hasher().finish() as f64 / u64::MAX as f64
}
