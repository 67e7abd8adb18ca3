//! What a post says, as an attachment with buttons.

use super::{BUTTONS_PATH, Buttons};
use crate::chat::card::{ACKNOWLEDGE, Button, Card, RESOLVE, plain_markdown};
use ::pagerduty::text::cut;
use hmac::{Hmac, KeyInit, Mac};
use pagebridge_core::{Delivery, Status};
use serde_json::{Value, json};
use sha2::Sha256;

/// The most of a note that is written, in characters; Mattermost takes 16,383.
const NOTE_CHARS_MAX: usize = 8_000;

/// A post's message and props, as it is made or patched, but for where.
pub(super) fn post(delivery: &Delivery, mark: &str, buttons: Option<&Buttons>) -> Value {
    let card = Card::of(delivery);
    json!({
        // The attachment says it all; the text would be shown above it.
        "message": "",
        "props": {
            "attachments": [attachment(&card, buttons)],
            "pagebridge": {"mark": mark, "status": card.status.as_str()},
        },
    })
}

/// A reply with a note.
pub(super) fn note(delivery: &Delivery) -> Value {
    json!({
        "message": plain_markdown(&cut(&delivery.note, NOTE_CHARS_MAX / 2)),
        "props": {"pagebridge": {"mark": delivery.mark}},
    })
}

fn attachment(card: &Card, buttons: Option<&Buttons>) -> Value {
    let mut text = plain_markdown(&card.standing);
    if !card.body.is_empty() && card.status != Status::Resolved {
        text = format!("{text}\n\n{}", plain_markdown(&card.body));
    }
    let fact = |(label, value): &(&'static str, String)| json!({"short": true, "title": label, "value": plain_markdown(value)});
    let mut attachment = json!({
        "fallback": plain_markdown(&card.summary()),
        "color": card.color(),
        "title": plain_markdown(&card.title),
        "text": text,
        "fields": card.facts.iter().map(fact).collect::<Vec<_>>(),
    });
    if let Some(url) = &card.url {
        attachment["title_link"] = json!(url);
    }
    if let Some((incident, buttons)) = card.incident.as_deref().zip(buttons) {
        let actions: Vec<Value> = card.buttons().into_iter().map(|one| action(one, incident, buttons)).collect();
        attachment["actions"] = json!(actions);
    }
    attachment
}

fn action(button: Button, incident: &str, buttons: &Buttons) -> Value {
    let style = match button {
        ACKNOWLEDGE => "primary",
        RESOLVE => "success",
        _ => "default",
    };
    json!({
        // Older servers take only letters and digits.
        "id": button.action.replace('_', ""),
        "name": button.label,
        "type": "button",
        "style": style,
        "integration": {
            "url": format!("{}{BUTTONS_PATH}", buttons.public_url.trim().trim_end_matches('/')),
            "context": {"incident": incident, "action": button.action, "mac": code(buttons, button.action, incident)},
        },
    })
}

/// The code that proves that we made this button: it comes back with a click.
fn code(buttons: &Buttons, action: &str, incident: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(buttons.secret.expose().as_bytes()).expect("any key fits");
    mac.update(format!("v1:{action}:{incident}").as_bytes());
    hex::encode(mac.finalize().into_bytes())
}

#[cfg(test)]
#[path = "map_tests.rs"]
mod tests;
