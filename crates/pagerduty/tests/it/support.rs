//! What several tests use.

use std::fmt::Write;

use pagerduty::{Call, Client};

/// A client that never sends.
pub(crate) fn client() -> Client {
    Client::builder().token("u+test-token").from("bridge@example.com").build().expect("the settings are valid")
}

/// Writes the request of `call` as a reviewer wants to read it; the credential shows as `***`.
pub(crate) fn render<T>(call: &Call<T>) -> String {
    let request = client().request(call).expect("the call is valid");
    let mut text = format!("{} {}\n", request.method, request.url);
    for (name, value) in &request.headers {
        let value = if value.is_sensitive() { "***" } else { value.to_str().expect("ASCII") };
        writeln!(text, "{name}: {value}").expect("a string takes everything");
    }
    text + std::str::from_utf8(request.body.as_deref().unwrap_or_default()).expect("UTF-8")
}

/// Gives the body of `call` as JSON.
pub(crate) fn body<T>(call: &Call<T>) -> serde_json::Value {
    let request = client().request(call).expect("the call is valid");
    serde_json::from_slice(&request.body.expect("the call has a body")).expect("JSON")
}

/// Writes `call` in one line: method, address with its query readable, `from` if it carries the address of a user, body.
pub(crate) fn line<T>(call: &Call<T>) -> String {
    let request = client().request(call).expect("the call is valid");
    let query: Vec<String> = request.url.query_pairs().map(|(name, value)| format!("{name}={value}")).collect();
    let mut text = format!("{} {}", request.method, request.url.path());
    if !query.is_empty() {
        write!(text, "?{}", query.join("&")).expect("a string takes everything");
    }
    if request.headers.contains_key("from") {
        text.push_str(" from");
    }
    match request.body {
        Some(body) => text + " " + std::str::from_utf8(&body).expect("UTF-8"),
        None => text,
    }
}

/// Puts the lines of several calls under each other.
macro_rules! lines {
    ($($call:expr),+ $(,)?) => {
        [$(crate::support::line(&$call)),+].join("\n")
    };
}

pub(crate) use lines;

macro_rules! fixture {
    ($path:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/pagerduty/", $path))
    };
}

pub(crate) use fixture;
