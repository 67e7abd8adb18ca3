//! What a message says, as Slack's blocks.

use crate::chat::card::{ACKNOWLEDGE, Button, Card, RESOLVE};
use ::pagerduty::text::cut;
use pagebridge_core::{Delivery, RecordRef, Status};
use serde_json::{Value, json};

/// By what our messages are told from others.
pub(super) const EVENT_TYPE: &str = "pagebridge_incident";

/// By what our replies are told from others.
pub(super) const NOTE_TYPE: &str = "pagebridge_note";

/// Slack's limit for the text of a section, in characters.
const SECTION_CHARS_MAX: usize = 3_000;

/// The most of a note that is written, in characters; beyond 4,000 Slack advises against it.
const NOTE_CHARS_MAX: usize = 3_900;

/// Slack's limit for what a button carries, in characters.
const VALUE_CHARS_MAX: usize = 2_000;

/// The block with the buttons.
const ACTIONS_BLOCK: &str = "pb_actions";

/// A message as it is posted or updated, but for where.
pub(super) fn message(delivery: &Delivery, mark: &str) -> Value {
    let card = Card::of(delivery);
    json!({
        "text": headline(&card),
        "attachments": [{"color": card.color(), "fallback": escape(&card.summary()), "blocks": blocks(&card)}],
        "metadata": {
            "event_type": EVENT_TYPE,
            "event_payload": {"mark": mark, "status": card.status.as_str()},
        },
        "unfurl_links": false,
        "unfurl_media": false,
    })
}

/// A reply with a note.
pub(super) fn note(delivery: &Delivery) -> Value {
    let text = escaped(&delivery.note, NOTE_CHARS_MAX);
    json!({
        "text": text,
        "metadata": {"event_type": NOTE_TYPE, "event_payload": {"mark": delivery.mark}},
        "unfurl_links": false,
        "unfurl_media": false,
    })
}

/// What is shown above the bar, and in notifications: where it stands, and its title with the way to PagerDuty.
fn headline(card: &Card) -> String {
    let title = match &card.url {
        Some(url) => format!("<{}|{}>", escape(&url.replace('|', "%7C")), escape(&card.title)),
        None => escape(&card.title),
    };
    format!("{}: {title}", escape(&card.standing))
}

fn blocks(card: &Card) -> Value {
    let mut blocks = Vec::new();
    if !card.body.is_empty() && card.status != Status::Resolved {
        let text = escaped(&card.body, SECTION_CHARS_MAX);
        blocks.push(json!({"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": true}}));
    }
    let facts = card.facts.iter().map(|(label, value)| format!("{label}: {}", escape(value)));
    // The parts are bounded each, so this cuts nothing but what would be refused.
    let facts = cut(&facts.collect::<Vec<_>>().join("  |  "), SECTION_CHARS_MAX).into_owned();
    blocks.push(json!({"type": "context", "elements": [{"type": "mrkdwn", "text": facts, "verbatim": true}]}));
    if let Some(incident) = card.incident.as_deref().filter(|id| id.chars().count() <= VALUE_CHARS_MAX) {
        let buttons: Vec<Value> = card.buttons().into_iter().map(|one| button(one, incident)).collect();
        blocks.push(json!({"type": "actions", "block_id": ACTIONS_BLOCK, "elements": buttons}));
    }
    json!(blocks)
}

fn button(button: Button, incident: &str) -> Value {
    let mut made = json!({
        "type": "button", "action_id": button.action, "value": incident,
        "text": {"type": "plain_text", "text": button.label},
    });
    if button == ACKNOWLEDGE {
        made["style"] = json!("primary");
    } else if button == RESOLVE {
        made["confirm"] = json!({
            "title": {"type": "plain_text", "text": "Resolve the incident?"},
            "text": {"type": "plain_text", "text": "Nobody is paged for it any more."},
            "confirm": {"type": "plain_text", "text": "Resolve"},
            "deny": {"type": "plain_text", "text": "Cancel"},
        });
    }
    made
}

/// The record of a message: its channel and its time.
pub(super) fn record(channel: &str, ts: &str) -> RecordRef {
    RecordRef::id(&format!("{channel}:{ts}"))
}

/// The channel and the time of a record.
pub(super) fn place(record: &RecordRef) -> Option<(&str, &str)> {
    record.id.0.split_once(':').filter(|(channel, ts)| !channel.is_empty() && !ts.is_empty())
}

/// A time as Slack's messages have it.
pub(super) fn ts(ms: i64) -> String {
    format!("{}.{:06}", ms.max(0) / 1_000, ms.max(0) % 1_000 * 1_000)
}

/// What strangers wrote, so that it can neither link, nor mention anybody.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// The same, cut so that it fits after it was escaped.
fn escaped(text: &str, chars_max: usize) -> String {
    let mut room = chars_max;
    loop {
        let escaped = escape(&cut(text, room));
        let over = escaped.chars().count().saturating_sub(chars_max);
        if over == 0 {
            return escaped;
        }
        room = room.saturating_sub(over.div_ceil(5).max(1));
    }
}

#[cfg(test)]
#[path = "map_tests.rs"]
mod tests;
