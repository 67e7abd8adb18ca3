//! Settings from the environment.

use std::error::Error;

use pagerduty::{Client, RetryPolicy, Retrying};

/// Makes a sender that tries again when that may help.
pub(crate) fn sender() -> Result<Retrying, Box<dyn Error>> {
    let mut builder = Client::builder();
    if let Some(url) = given("PAGERDUTY_API_URL") {
        builder = builder.rest_url(url);
    }
    if let Some(url) = given("PAGERDUTY_EVENTS_URL") {
        builder = builder.events_url(url);
    }
    if let Some(token) = given("PAGERDUTY_API_TOKEN") {
        builder = builder.token(token);
    }
    // Needed with an account's token, whenever something is changed.
    if let Some(email) = given("PAGERDUTY_FROM") {
        builder = builder.from(email);
    }
    Ok(Retrying::new(builder.build()?, RetryPolicy::default()))
}

/// Gives a variable that the recipe cannot do without.
pub(crate) fn needed(name: &str) -> Result<String, String> {
    given(name).ok_or_else(|| format!("set {name}"))
}

fn given(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.trim().is_empty())
}

/// Gives two times in ISO 8601, UTC.
#[expect(clippy::disallowed_methods, reason = "a program for people, which has no other clock")]
pub(crate) fn now_and_in_hours(hours: i64) -> (String, String) {
    let now = jiff::Timestamp::now();
    let second = |time: jiff::Timestamp| time.round(jiff::Unit::Second).unwrap_or(time).to_string();
    (second(now), second(now + jiff::SignedDuration::from_hours(hours)))
}
