//! What each events API refuses, in PagerDuty's words; where those are not known, by the same pattern.

use serde_json::Value;

const SUMMARY_CHARACTERS_MAX: usize = 1_024;
const KEY_CHARACTERS_MAX: usize = 255;
const ROUTING_KEY_CHARACTERS: usize = 32;

/// Lists everything that is wrong with an event, in PagerDuty's words.
pub(super) fn event(event: &Value) -> Vec<String> {
    let mut errors = routing_key(event["routing_key"].as_str().unwrap_or_default());
    let action = event["event_action"].as_str().unwrap_or_default();
    if action.is_empty() {
        errors.push("'event_action' is missing or blank".to_owned());
    } else if !matches!(action, "trigger" | "acknowledge" | "resolve") {
        errors.push("'event_action' is invalid (must be one of: trigger acknowledge resolve)".to_owned());
    }
    if length(&event["dedup_key"]) > KEY_CHARACTERS_MAX {
        errors.push("'dedup_key' is too long (maximum is 255 characters)".to_owned());
    }
    if !matches!(action, "acknowledge" | "resolve") {
        payload(&event["payload"], &mut errors);
    } else if is_blank(&event["dedup_key"]) {
        errors.push("'dedup_key' is missing or blank".to_owned());
    }
    errors
}

fn routing_key(key: &str) -> Vec<String> {
    let mut errors = Vec::new();
    if key.chars().count() != ROUTING_KEY_CHARACTERS {
        errors.push("Length of 'routing_key' is incorrect (should be 32 characters)".to_owned());
    }
    if key.contains(|character: char| !character.is_ascii_alphanumeric()) {
        errors.push("'routing_key' cannot contain non-alphanumeric characters.".to_owned());
    }
    errors
}

fn payload(payload: &Value, errors: &mut Vec<String>) {
    if !payload.is_object() {
        errors.push("'payload' is missing or blank".to_owned());
        return;
    }
    for field in ["summary", "severity", "source"] {
        if is_blank(&payload[field]) {
            errors.push(format!("'payload.{field}' is missing or blank"));
        }
    }
    let severity = payload["severity"].as_str().unwrap_or_default();
    if !severity.trim().is_empty() && !matches!(severity, "critical" | "error" | "warning" | "info") {
        errors.push("'payload.severity' is invalid (must be one of: critical error warning info)".to_owned());
    }
    summary_length(&payload["summary"], errors);
}

/// Lists everything that is wrong with a change event.
pub(super) fn change(event: &Value) -> Vec<String> {
    let mut errors = routing_key(event["routing_key"].as_str().unwrap_or_default());
    let payload = &event["payload"];
    if !payload.is_object() {
        errors.push("'payload' is missing or blank".to_owned());
        return errors;
    }
    if is_blank(&payload["summary"]) {
        errors.push("'payload.summary' is missing or blank".to_owned());
    }
    summary_length(&payload["summary"], &mut errors);
    errors
}

/// Lists everything that is wrong with an event of version 1.
pub(super) fn v1(event: &Value) -> Vec<String> {
    let mut errors = Vec::new();
    if length(&event["service_key"]) != ROUTING_KEY_CHARACTERS {
        errors.push("Service key is the wrong length (should be 32 characters)".to_owned());
    }
    let kind = event["event_type"].as_str().unwrap_or_default();
    if !matches!(kind, "trigger" | "acknowledge" | "resolve") {
        errors.push("event_type is invalid (must be one of: trigger acknowledge resolve)".to_owned());
    }
    if length(&event["incident_key"]) > KEY_CHARACTERS_MAX {
        errors.push("Incident key is too long (maximum is 255 characters)".to_owned());
    }
    if matches!(kind, "acknowledge" | "resolve") {
        if is_blank(&event["incident_key"]) {
            errors.push("Incident key is missing or blank".to_owned());
        }
        return errors;
    }
    if is_blank(&event["description"]) {
        errors.push("Description is missing or blank".to_owned());
    } else if length(&event["description"]) > SUMMARY_CHARACTERS_MAX {
        errors.push("Description is too long (maximum is 1024 characters)".to_owned());
    }
    errors
}

fn summary_length(summary: &Value, errors: &mut Vec<String>) {
    if length(summary) > SUMMARY_CHARACTERS_MAX {
        // The misspelling is PagerDuty's own.
        errors.push("'summary' is too long (maiximum is 1024 characters)".to_owned());
    }
}

fn is_blank(value: &Value) -> bool {
    value.as_str().is_none_or(|text| text.trim().is_empty())
}

/// Counts characters, not bytes.
fn length(value: &Value) -> usize {
    value.as_str().map_or(0, |text| text.chars().count())
}
