//! Events of the API v2 and change events, checked as PagerDuty checks them and with its words.

use super::wire::{
    self, CHANGE_LINKS_MAX, DEDUP_KEY_CHARS_MAX, Fields, Heard, Kept, SUMMARY_CHARS_MAX, Said, Wrong, routing_key,
};
use pagebridge_core::EventAction;
use serde_json::Map;

const SEVERITIES: [&str; 4] = ["critical", "error", "warning", "info"];

/// Understands the body of `/v2/enqueue`.
pub(super) fn alert(body: &[u8]) -> Result<Heard, Wrong> {
    let object = wire::object(body)?;
    let fields = Fields::new(&object);
    let mut errors = Vec::new();
    let routing_key = routing_key(&fields, &mut errors);
    let action = match fields.text("event_action") {
        None => {
            errors.push("'event_action' is missing or blank".to_owned());
            None
        }
        Some(word) => {
            let action = wire::action(&word);
            if action.is_none() {
                errors.push("'event_action' is invalid (must be one of: trigger acknowledge resolve)".to_owned());
            }
            action
        }
    };
    let dedup_key = dedup_key(&fields, action, &mut errors);
    let said = said(&fields, action, &mut errors);
    match action {
        Some(action) if errors.is_empty() => Ok(Heard { routing_key, action, dedup_key, said: Kept::V2(said) }),
        _ => Err(Wrong::Fields(errors)),
    }
}

fn dedup_key(fields: &Fields<'_>, action: Option<EventAction>, errors: &mut Vec<String>) -> Option<String> {
    let key = fields.text("dedup_key");
    match &key {
        Some(key) if key.chars().count() > DEDUP_KEY_CHARS_MAX => {
            errors.push(format!("'dedup_key' is too long (maximum is {DEDUP_KEY_CHARS_MAX} characters)"));
        }
        None if matches!(action, Some(EventAction::Acknowledge | EventAction::Resolve)) => {
            errors.push("'dedup_key' is missing or blank".to_owned());
        }
        _ => {}
    }
    key
}

/// What a trigger says. On other actions a payload is not looked at, though senders do send one.
fn said(fields: &Fields<'_>, action: Option<EventAction>, errors: &mut Vec<String>) -> Said {
    let nothing = Map::new();
    let payload = fields.object("payload");
    let must = action == Some(EventAction::Trigger);
    if must && payload.is_none() {
        errors.push("'payload' is missing or blank".to_owned());
        return Said::default();
    }
    let payload = Fields::new(payload.unwrap_or(&nothing));
    let mut needed = |name: &str| {
        let text = payload.text(name);
        if must && text.is_none() {
            errors.push(format!("'payload.{name}' is missing or blank"));
        }
        text
    };
    let (summary, source, severity) = (needed("summary"), needed("source"), needed("severity"));
    let severity = severity.filter(|word| {
        let known = SEVERITIES.contains(&word.as_str());
        if must && !known {
            errors.push(format!("'payload.severity' is invalid (must be one of: {})", SEVERITIES.join(" ")));
        }
        known
    });
    if must && summary.as_ref().is_some_and(|s| s.chars().count() > SUMMARY_CHARS_MAX) {
        // The misspelling is PagerDuty's.
        errors.push(format!("'summary' is too long (maiximum is {SUMMARY_CHARS_MAX} characters)"));
    }
    Said {
        summary: summary.unwrap_or_default(),
        source,
        severity,
        timestamp: timestamp(&payload),
        component: payload.text("component"),
        group: payload.text("group"),
        class: payload.text("class"),
        details: payload.details("custom_details"),
        client: fields.text("client"),
        client_url: fields.text("client_url"),
        links: fields.links("links"),
        images: fields.images("images"),
    }
}

/// A time that cannot be read is left out: an event refused later for it would be a page lost.
fn timestamp(payload: &Fields<'_>) -> Option<String> {
    payload.text("timestamp").filter(|text| ::pagerduty::time::unix_ms(text).is_some())
}

/// Understands the body of `/v2/change/enqueue`.
pub(super) fn change(body: &[u8]) -> Result<Heard, Wrong> {
    let object = wire::object(body)?;
    let fields = Fields::new(&object);
    if fields.objects("links").count() > CHANGE_LINKS_MAX {
        return Err(Wrong::TooManyLinks);
    }
    let mut errors = Vec::new();
    let routing_key = routing_key(&fields, &mut errors);
    if errors.is_empty() && routing_key.starts_with('R') {
        errors.push("Invalid routing key".to_owned());
    }
    let Some(payload) = fields.object("payload") else {
        errors.push("'payload' is missing or blank".to_owned());
        return Err(Wrong::Fields(errors));
    };
    let payload = Fields::new(payload);
    let summary = payload.text("summary");
    match &summary {
        None => errors.push("'payload.summary' is missing or blank".to_owned()),
        Some(text) if text.chars().count() > SUMMARY_CHARS_MAX => {
            errors.push(format!("'summary' is too long (maiximum is {SUMMARY_CHARS_MAX} characters)"));
        }
        Some(_) => {}
    }
    if !errors.is_empty() {
        return Err(Wrong::Fields(errors));
    }
    let said = Said {
        summary: summary.unwrap_or_default(),
        source: payload.text("source"),
        timestamp: timestamp(&payload),
        details: payload.details("custom_details"),
        links: fields.links("links"),
        ..Said::default()
    };
    Ok(Heard { routing_key, action: EventAction::Trigger, dedup_key: None, said: Kept::Change(said) })
}
