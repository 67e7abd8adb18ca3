//! Events API v2.

use super::{Lint, advice, found};
use jiff::Timestamp;
use pagerduty::Secret;
use pagerduty::events::{KeyError, key_kind};
use serde_json::Value;

const ACTIONS: [&str; 3] = ["trigger", "acknowledge", "resolve"];
const SEVERITIES: [&str; 4] = ["critical", "error", "warning", "info"];
/// Longest dedup key, in characters.
pub(super) const KEY_CHARS_MAX: usize = 255;
/// Longest summary, in characters.
pub(super) const SUMMARY_CHARS_MAX: usize = 1024;

pub(super) fn lint(event: &Value) -> Vec<Lint> {
    let mut all = Vec::new();
    all.extend(routing_key(event, "routing_key"));
    let action = event["event_action"].as_str().unwrap_or_default();
    all.extend(judge_action(action, "event_action", &event["event_action"]));
    let key = text(&event["dedup_key"]);
    all.extend(judge_key(key, "dedup_key"));
    match action {
        "acknowledge" | "resolve" => {
            if key.is_empty() {
                all.push(found(
                    "dedup-key-needed",
                    "dedup_key",
                    format!("{action} says of nothing that it is over or taken"),
                ));
            }
            return all;
        }
        _ if !event["payload"].is_object() => {
            all.push(found("payload", "payload", "there is none"));
            return all;
        }
        _ => {}
    }
    all.extend(judge_payload(&event["payload"]));
    all.extend(judge_links(&event["links"]));
    all.extend(judge_images(&event["images"]));
    let about = advice::About {
        summary: text(&event["payload"]["summary"]),
        source: text(&event["payload"]["source"]),
        places: ["source", "component", "group"].map(|name| text(&event["payload"][name])).to_vec(),
        key: (key, "dedup_key"),
        details: &event["payload"]["custom_details"],
        links: event["links"].as_array().map_or(&[], Vec::as_slice),
        names: advice::Names {
            summary: "payload.summary",
            source: "payload.source",
            details: "payload.custom_details",
            links: "links",
        },
    };
    all.extend(advice::judge(&about));
    all
}

/// A text without blanks around it; empty when it is none.
pub(super) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default().trim()
}

pub(super) fn routing_key(event: &Value, field: &str) -> Option<Lint> {
    let key = text(&event[field]);
    // The program that sends the event may add it.
    if key.is_empty() && event[field].is_null() {
        return None;
    }
    let rest_key = key.len() == 20 || key.starts_with("u+") || key.starts_with("y_");
    match key_kind(&Secret::new(key)) {
        Ok(_) => None,
        Err(_) if rest_key => Some(found("api-key", field, "it looks like a REST API key")),
        Err(KeyError::Length { chars }) => {
            Some(found("routing-key", field, format!("it has {chars} characters instead of 32")))
        }
        Err(_) => Some(found("routing-key", field, "it has characters that are no letters or digits")),
    }
}

pub(super) fn judge_action(action: &str, field: &str, given: &Value) -> Option<Lint> {
    if ACTIONS.contains(&action) {
        return None;
    }
    let detail = match given {
        Value::String(text) if !text.is_empty() => format!("`{text}` is none of {}", ACTIONS.join(", ")),
        _ => "it is missing".to_owned(),
    };
    Some(found("action", field, detail))
}

pub(super) fn judge_key(key: &str, field: &str) -> Option<Lint> {
    let chars = key.chars().count();
    (chars > KEY_CHARS_MAX)
        .then(|| found("dedup-key-length", field, format!("it has {chars} characters, {KEY_CHARS_MAX} are the most")))
}

pub(super) fn judge_summary(summary: &str, field: &str) -> Option<Lint> {
    let chars = summary.chars().count();
    if chars == 0 {
        return Some(found("summary", field, "it is missing or blank"));
    }
    (chars > SUMMARY_CHARS_MAX)
        .then(|| found("summary-length", field, format!("it has {chars} characters, {SUMMARY_CHARS_MAX} are the most")))
}

fn judge_payload(payload: &Value) -> Vec<Lint> {
    let mut all = Vec::new();
    all.extend(judge_summary(text(&payload["summary"]), "payload.summary"));
    if text(&payload["source"]).is_empty() {
        all.push(found("source", "payload.source", "it is missing or blank"));
    }
    let severity = payload["severity"].as_str().unwrap_or_default();
    if !SEVERITIES.contains(&severity) {
        let detail = if severity.is_empty() {
            "it is missing or blank".to_owned()
        } else {
            format!("`{severity}` is none of {}", SEVERITIES.join(", "))
        };
        all.push(found("severity", "payload.severity", detail));
    }
    all.extend(judge_time(&payload["timestamp"], "payload.timestamp"));
    all.extend(judge_details(&payload["custom_details"], "payload.custom_details"));
    all
}

pub(super) fn judge_time(value: &Value, field: &str) -> Option<Lint> {
    let text = match value {
        Value::Null => return None,
        Value::String(text) => text,
        other => return Some(found("timestamp", field, format!("`{other}` is no text"))),
    };
    // Offsets without a colon are common, and taken.
    let is_time = text.parse::<Timestamp>().is_ok() || Timestamp::strptime("%Y-%m-%dT%H:%M:%S%.f%z", text).is_ok();
    (!is_time).then(|| found("timestamp", field, format!("`{text}` is no time with a date and an offset")))
}

pub(super) fn judge_details(value: &Value, field: &str) -> Option<Lint> {
    (!value.is_null() && !value.is_object()).then(|| found("custom-details", field, "it is no object"))
}

pub(super) fn judge_links(links: &Value) -> Vec<Lint> {
    let lacks = |link: &Value| text(&link["href"]).is_empty();
    let found = |place: usize| found("links", format!("links[{place}].href"), "it is missing");
    links
        .as_array()
        .into_iter()
        .flatten()
        .enumerate()
        .filter(|(_, link)| lacks(link))
        .map(|(place, _)| found(place))
        .collect()
}

pub(super) fn judge_images(images: &Value) -> Vec<Lint> {
    let mut all = Vec::new();
    for (place, image) in images.as_array().into_iter().flatten().enumerate() {
        let (field, src) = (format!("images[{place}].src"), text(&image["src"]));
        if src.is_empty() {
            all.push(found("images", field, "it is missing"));
        } else if !src.to_ascii_lowercase().starts_with("https://") {
            all.push(found("images", field, "it is not https"));
        }
    }
    all
}
