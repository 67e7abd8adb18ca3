//! What a card says, as an Adaptive Card.

use crate::chat::card::{Card, plain_markdown};
use ::pagerduty::text::cut;
use pagebridge_core::{Delivery, Status};
use serde_json::{Value, json};

/// The most of a note that is written, in characters; a card may have 28 KB.
const NOTE_CHARS_MAX: usize = 3_000;

/// A card about where the incident stands.
pub(super) fn status(delivery: &Delivery) -> Value {
    let card = Card::of(delivery);
    let mut body = vec![text(&card.title, "Large", "Default"), text(&card.standing, "Medium", mood(card.status))];
    if delivery.uncertain {
        body.push(text("This may be here twice: Teams did not answer the first time.", "Small", "Default"));
    }
    if !card.body.is_empty() && card.status != Status::Resolved {
        body.push(text(&card.body, "Default", "Default"));
    }
    let facts = card.facts.iter().map(|(label, value)| json!({"title": label, "value": plain_markdown(value)}));
    body.push(json!({"type": "FactSet", "facts": facts.collect::<Vec<_>>()}));
    message(body, card.url.as_deref())
}

/// A card with a note.
pub(super) fn note(delivery: &Delivery) -> Value {
    let card = Card::of(delivery);
    let body =
        vec![text(&card.title, "Medium", "Default"), text(&cut(&delivery.note, NOTE_CHARS_MAX), "Default", "Default")];
    message(body, card.url.as_deref())
}

fn message(body: Vec<Value>, url: Option<&str>) -> Value {
    let actions: Vec<Value> = url
        .map(|url| json!({"type": "Action.OpenUrl", "title": "Open in PagerDuty", "url": url}))
        .into_iter()
        .collect();
    let content = json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": body,
        "actions": actions,
    });
    let attachment = json!({"contentType": "application/vnd.microsoft.card.adaptive", "content": content});
    json!({"type": "message", "attachments": [attachment]})
}

fn text(text: &str, size: &str, color: &str) -> Value {
    json!({"type": "TextBlock", "text": plain_markdown(text), "size": size, "color": color, "wrap": true})
}

fn mood(status: Status) -> &'static str {
    match status {
        Status::Triggered => "Attention",
        Status::Acknowledged => "Warning",
        Status::Resolved => "Good",
    }
}

#[cfg(test)]
#[path = "map_tests.rs"]
mod tests;
