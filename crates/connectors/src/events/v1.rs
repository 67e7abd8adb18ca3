//! Events of the API v1, with its own words. Senders of it add fields of v2, `null`s and blanks; none of that matters.

use super::wire::{self, DEDUP_KEY_CHARS_MAX, Fields, Heard, Image, Kept, Link, SUMMARY_CHARS_MAX, Said, Wrong};
use pagebridge_core::EventAction;

/// Understands the body of `/generic/2010-04-15/create_event.json`.
pub(super) fn alert(body: &[u8]) -> Result<Heard, Wrong> {
    let object = wire::object(body)?;
    let fields = Fields::new(&object);
    let mut errors = Vec::new();
    let key = fields.text("service_key");
    match &key {
        None => errors.push("Service key is missing or blank".to_owned()),
        Some(key) if key.chars().count() != 32 => {
            errors.push("Service key is the wrong length (should be 32 characters)".to_owned());
        }
        Some(key) if !key.bytes().all(|b| b.is_ascii_alphanumeric()) => {
            errors.push("Service key cannot contain non-alphanumeric characters".to_owned());
        }
        Some(_) => {}
    }
    let action = fields.text("event_type").and_then(|word| wire::action(&word));
    if action.is_none() {
        errors.push("event_type is invalid (must be one of: trigger acknowledge resolve)".to_owned());
    }
    let incident_key = fields.text("incident_key");
    match &incident_key {
        Some(key) if key.chars().count() > DEDUP_KEY_CHARS_MAX => {
            errors.push(format!("Incident key is too long (maximum is {DEDUP_KEY_CHARS_MAX} characters)"));
        }
        None if matches!(action, Some(EventAction::Acknowledge | EventAction::Resolve)) => {
            errors.push("Incident key is missing or blank".to_owned());
        }
        _ => {}
    }
    let description = fields.text("description");
    if action == Some(EventAction::Trigger) {
        match &description {
            None => errors.push("Description is missing or blank".to_owned()),
            Some(text) if text.chars().count() > SUMMARY_CHARS_MAX => {
                errors.push(format!("Description is too long (maximum is {SUMMARY_CHARS_MAX} characters)"));
            }
            Some(_) => {}
        }
    }
    let (Some(routing_key), Some(action), true) = (key, action, errors.is_empty()) else {
        return Err(Wrong::Fields(errors));
    };
    let said = Said {
        summary: description.unwrap_or_default(),
        details: fields.details("details"),
        client: fields.text("client"),
        client_url: fields.text("client_url"),
        links: links(&fields),
        images: images(&fields),
        ..Said::default()
    };
    Ok(Heard { routing_key, action, dedup_key: incident_key, said: Kept::V1(said) })
}

fn links(fields: &Fields<'_>) -> Vec<Link> {
    let contexts = fields.objects("contexts").filter(|c| c.text("type").as_deref() == Some("link"));
    contexts.filter_map(|c| Some(Link { href: c.text("href")?, text: c.text("text") })).collect()
}

fn images(fields: &Fields<'_>) -> Vec<Image> {
    let contexts = fields.objects("contexts").filter(|c| c.text("type").as_deref() == Some("image"));
    contexts.filter_map(|c| Some(Image { src: c.text("src")?, href: c.text("href"), alt: c.text("alt") })).collect()
}
