//! From the command line or a file to events, before anything is sent.

use super::args::{Badness, SendArgs, Verb};
use crate::exit::{CliError, Exit};
use crate::output;
use pagerduty::events::{self, EVENT_SIZE_BYTES_MAX, Event, Image, Severity, raw};
use pagerduty::{Client, Secret};
use serde_json::{Map, Value, json};
use std::io::Read;
use std::path::Path;

/// How much a file of events may hold, in bytes.
const FILE_SIZE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Makes all events; none is sent when one of them cannot be.
///
/// # Errors
/// What is wrong, with which event.
pub(crate) fn all(
    args: &SendArgs,
    key: Option<&Secret>,
    no_key: impl Fn() -> Option<CliError>,
) -> Result<Vec<Map<String, Value>>, CliError> {
    let without = || no_key().unwrap_or_else(|| wrong("there is no routing key"));
    if let Some(path) = &args.file {
        return from_file(path, key, without);
    }
    let key = key.ok_or_else(without)?;
    Ok(vec![one(args, key)?])
}

/// A command line that is well formed, but lacks or has something.
fn wrong(message: impl Into<String>) -> CliError {
    CliError::new(Exit::Usage, message, "`pagebridge send --help` tells every option")
}

fn one(args: &SendArgs, key: &Secret) -> Result<Map<String, Value>, CliError> {
    let dedup_key = args.key.as_deref().or(args.dedup_key.as_deref()).map(str::trim).filter(|key| !key.is_empty());
    let event = match (args.action, dedup_key) {
        (Some(Verb::Acknowledge), Some(alert)) => Event::acknowledge(key.clone(), alert),
        (Some(Verb::Resolve), Some(alert)) => Event::resolve(key.clone(), alert),
        (Some(Verb::Acknowledge | Verb::Resolve), None) => {
            return Err(wrong("the key of the alert is missing: say which one, as in `send resolve srv01-disk-space`"));
        }
        _ => return trigger(args, key, dedup_key),
    };
    body(&event, false)
}

fn trigger(args: &SendArgs, key: &Secret, dedup_key: Option<&str>) -> Result<Map<String, Value>, CliError> {
    let summary = args.summary.as_deref().filter(|text| !text.trim().is_empty());
    let summary = summary.ok_or_else(|| wrong("the summary is missing: give --summary"))?;
    let source = args.source.clone().filter(|text| !text.trim().is_empty()).unwrap_or_else(hostname);
    let severity = match args.severity {
        Badness::Critical => Severity::Critical,
        Badness::Error => Severity::Error,
        Badness::Warning => Severity::Warning,
        Badness::Info => Severity::Info,
    };
    let dedup_key = dedup_key.map_or_else(token, str::to_owned);
    let mut event = Event::trigger(key.clone(), summary, source, severity).with_dedup_key(dedup_key);
    let with = |event: Event, value: &Option<String>, set: fn(Event, String) -> Event| match value {
        Some(value) if !value.trim().is_empty() => set(event, value.clone()),
        _ => event,
    };
    event = with(event, &args.component, Event::with_component);
    event = with(event, &args.group, Event::with_group);
    event = with(event, &args.class, Event::with_class);
    event = with(event, &args.timestamp, Event::with_timestamp);
    let details = details(args.details.as_deref(), &args.detail)?;
    let has_details = !details.is_empty();
    if has_details {
        event = event.with_custom_details(details);
    }
    if let Some(client) = args.client.as_deref().filter(|text| !text.trim().is_empty()) {
        event = event.with_client(client, args.client_url.clone());
    }
    for (text, href) in &args.links {
        event = event.with_link(href, text.clone());
    }
    for (alt, src) in &args.images {
        event = event.with_image(Image { src: src.clone(), href: None, alt: alt.clone() });
    }
    body(&event, has_details)
}

/// The JSON of an event, as it is sent.
fn body(event: &Event, has_details: bool) -> Result<Map<String, Value>, CliError> {
    let failed = |error: &dyn std::fmt::Display| wrong(error.to_string());
    let call = events::enqueue(event).map_err(|error| failed(&error))?;
    let client = Client::builder().build().map_err(|error| failed(&error))?;
    let request = client.request(&call).map_err(|error| failed(&error))?;
    let bytes = request.body.unwrap_or_default();
    let body: Map<String, Value> = serde_json::from_slice(&bytes).map_err(|error| failed(&error))?;
    let left_out = &body.get("payload").map_or(Value::Null, |payload| payload["custom_details"]["details"].clone());
    if has_details && left_out.as_str().is_some_and(|text| text.starts_with("left out: ")) {
        let told =
            format!("the details are too large and were left out; an event may have {EVENT_SIZE_BYTES_MAX} bytes");
        output::complain(&format!("{}: {told}", output::yellow("warning")));
    }
    Ok(body)
}

/// Puts together what `--details` and `--detail` say; the latter win.
///
/// # Errors
/// When the former is not a JSON object or cannot be read.
pub(crate) fn details(whole: Option<&str>, single: &[(String, Value)]) -> Result<Map<String, Value>, CliError> {
    let mut details = match whole.map(str::trim).filter(|text| !text.is_empty()) {
        None => Map::new(),
        Some(text) => {
            let text = match text.strip_prefix('@').or_else(|| (text == "-").then_some(text)) {
                Some(path) => read(Path::new(path))?,
                None => text.to_owned(),
            };
            match serde_json::from_str(&text) {
                _ if text.trim().is_empty() => Map::new(),
                Ok(Value::Object(details)) => details,
                Ok(_) => return Err(wrong("--details is JSON, but not an object")),
                Err(error) => return Err(wrong(format!("--details is not JSON: {error}"))),
            }
        }
    };
    details.extend(single.iter().cloned());
    Ok(details)
}

fn from_file(
    path: &Path,
    key: Option<&Secret>,
    no_key: impl Fn() -> CliError,
) -> Result<Vec<Map<String, Value>>, CliError> {
    let text = read(path)?;
    let mut events = Vec::new();
    for (index, value) in serde_json::Deserializer::from_str(&text).into_iter::<Value>().enumerate() {
        let number = index + 1;
        let value = value.map_err(|error| wrong(format!("event {number} is not JSON: {error}; nothing was sent")))?;
        let Value::Object(mut event) = value else {
            return Err(wrong(format!("event {number} is not an object; nothing was sent")));
        };
        if event.get("routing_key").and_then(Value::as_str).is_none_or(str::is_empty) {
            event.insert("routing_key".to_owned(), json!(key.ok_or_else(&no_key)?.expose()));
        }
        check(&mut event).map_err(|what| wrong(format!("event {number}: {what}; nothing was sent")))?;
        events.push(event);
    }
    if events.is_empty() {
        return Err(wrong(format!("{} holds no event", path.display())));
    }
    Ok(events)
}

/// Looks at an event of a file, and gives a trigger its key.
fn check(event: &mut Map<String, Value>) -> Result<(), String> {
    let action = event.get("event_action").and_then(Value::as_str).unwrap_or_default();
    if !["trigger", "acknowledge", "resolve"].contains(&action) {
        return Err("`event_action` must be trigger, acknowledge or resolve".to_owned());
    }
    let has_key = event.get("dedup_key").and_then(Value::as_str).is_some_and(|key| !key.trim().is_empty());
    if action == "trigger" && !has_key {
        event.insert("dedup_key".to_owned(), json!(token()));
    }
    raw::enqueue(event).map(drop).map_err(|error| error.to_string())
}

fn read(path: &Path) -> Result<String, CliError> {
    let (shown, limit) = (path.display(), FILE_SIZE_BYTES_MAX + 1);
    let mut text = String::new();
    let read = if path == Path::new("-") {
        std::io::stdin().lock().take(limit).read_to_string(&mut text)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(limit).read_to_string(&mut text))
    };
    let size = read.map_err(|error| wrong(format!("{shown} cannot be read: {error}")))?;
    if size as u64 >= limit {
        return Err(wrong(format!("{shown} is larger than {FILE_SIZE_BYTES_MAX} bytes")));
    }
    Ok(text)
}

/// The name of this machine.
pub(crate) fn hostname() -> String {
    let name = rustix::system::uname();
    let name = name.nodename().to_string_lossy().trim().to_owned();
    if name.is_empty() { "unknown".to_owned() } else { name }
}

/// A key that no other alert has.
#[expect(
    clippy::disallowed_methods,
    reason = "a command has no port of entropy, and its test reads the key from the output"
)]
pub(crate) fn token() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(event: Value) -> Result<Map<String, Value>, String> {
        let Value::Object(mut event) = event else { panic!("an object") };
        check(&mut event).map(|()| event)
    }

    #[test]
    fn a_trigger_of_a_file_gets_a_key_and_keeps_all_else() {
        let key = "0123456789abcdef0123456789abcdef";
        let event = json!({"routing_key": key, "event_action": "trigger", "payload": {"summary": "s"}, "new": [1]});
        let made = checked(event).expect("it can be sent");
        assert_eq!(made["dedup_key"].as_str().map(str::len), Some(32));
        assert_eq!(made["new"], json!([1]));
        let with_key = json!({"routing_key": key, "event_action": "trigger", "dedup_key": "k"});
        assert_eq!(checked(with_key).expect("it can be sent")["dedup_key"], "k");
        for (event, told) in [
            (json!({"routing_key": key, "event_action": "resolve"}), "needs a dedup key"),
            (json!({"routing_key": key, "event_action": "triger"}), "`event_action` must be"),
            (json!({"routing_key": "u+token", "event_action": "trigger"}), "7 characters instead of 32"),
        ] {
            let error = checked(event).expect_err("refused");
            assert!(error.contains(told) && !error.contains("u+token"), "{error}");
        }
    }

    #[test]
    fn single_details_win_over_the_whole() {
        let single = [("cpu".to_owned(), json!(95))];
        let all = details(Some(r#"{"cpu": 1, "host": "a"}"#), &single).expect("an object");
        assert_eq!(Value::Object(all), json!({"cpu": 95, "host": "a"}));
        assert!(details(Some("[1]"), &[]).is_err() && details(Some("{"), &[]).is_err());
        assert!(details(Some("  "), &[]).expect("blank is none").is_empty());
    }

    #[test]
    fn this_machine_has_a_name() {
        assert!(!hostname().trim().is_empty());
    }
}
