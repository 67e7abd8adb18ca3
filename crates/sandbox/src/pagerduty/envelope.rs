//! Seals webhooks: their size, and their signature.

use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;

use crate::outgoing::Care;

/// Up to this size a webhook is sent in order and until it arrives; longer texts are cut to it.
const GUARANTEED_BYTES_MAX: usize = 55 * 1024;
/// Above the former and up to this size it is sent once; above this never.
const BYTES_MAX: usize = 256 * 1024;

/// Writes an event, with its text cut and marked as cut if the event would be too large otherwise.
pub(crate) fn sized(mut event: Value) -> (String, Care) {
    let mut body = event.to_string();
    if body.len() > GUARANTEED_BYTES_MAX && trim(&mut event["event"]["data"], body.len() - GUARANTEED_BYTES_MAX) {
        body = event.to_string();
    }
    let care = if body.len() <= GUARANTEED_BYTES_MAX {
        Care::Guaranteed
    } else if body.len() <= BYTES_MAX {
        Care::BestEffort
    } else {
        Care::Dropped("larger than 256 KB")
    };
    (body, care)
}

/// Takes `excess` bytes off the text of a note or status update; returns whether there was one to cut.
fn trim(data: &mut Value, excess: usize) -> bool {
    if !data["trimmed"].is_boolean() {
        return false;
    }
    let Some(text) = ["content", "message"].into_iter().find(|field| data[field].is_string()) else {
        return false;
    };
    let content = data[text].as_str().unwrap_or_default();
    let mut left: usize = content.chars().map(written_bytes).sum::<usize>().saturating_sub(excess);
    let fits = |(_, character): &(usize, char)| {
        let bytes = written_bytes(*character);
        let fits = bytes <= left;
        left = left.saturating_sub(bytes);
        fits
    };
    let end = content.char_indices().take_while(fits).last().map_or(0, |(at, character)| at + character.len_utf8());
    data[text] = content[..end].into();
    data["trimmed"] = true.into();
    true
}

/// Tells how many bytes JSON needs for a character.
fn written_bytes(character: char) -> usize {
    match character {
        '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
        control if control < ' ' => 6,
        other => other.len_utf8(),
    }
}

/// Signs a body with each secret; the secret is used as the text it is, not decoded.
pub(crate) fn signatures(secrets: &[String], body: &[u8]) -> String {
    let sign = |secret: &String| {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
        mac.update(body);
        format!("v1={}", hex::encode(mac.finalize().into_bytes()))
    };
    secrets.iter().map(sign).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The vector of the facts: computed elsewhere, so that a mistake here cannot agree with itself.
    #[test]
    fn the_signature_matches_the_published_vector() {
        let body = concat!(
            r#"{"event":{"id":"01HZX3Q0000000000000000001","event_type":"incident.annotated","resource_type":"incident","#,
            r#""occurred_at":"2026-01-02T03:04:05.678Z","agent":null,"client":null,"data":{"incident":{"html_url":"#,
            r#""https://acme.pagerduty.com/incidents/Q0000000000001","id":"Q0000000000001","self":"#,
            r#""https://api.pagerduty.com/incidents/Q0000000000001","summary":"Disk full on db-1","#,
            r#""type":"incident_reference"},"id":"PNOTE01","content":"café — 99 % 🔥","trimmed":false,"#,
            r#""type":"incident_note"}}}"#,
        );
        assert_eq!(body.len(), 487);
        let secrets = ["Zm9v+YmFy/emulator-secret-A==".to_owned(), "rotated-secret-B".to_owned()];
        assert_eq!(
            signatures(&secrets, body.as_bytes()),
            "v1=a26abf49aaf9b329380084020aefa3374acddbdc2d77f641234f31d8615755ca,\
             v1=e11afe983dd81cc1e1b9f0a638cc30033ef6dc05e476ebf072182ee3b765fbca"
        );
    }

    fn note(content: &str) -> Value {
        json!({"event": {"data": {"type": "incident_note", "content": content, "trimmed": false}}})
    }

    #[test]
    fn a_long_note_is_cut_at_a_character_to_the_guaranteed_size() {
        assert_eq!(sized(note("short")), (note("short").to_string(), Care::Guaranteed));
        for character in ["a", "é", "🔥", "\n", "\u{1}"] {
            let (body, care) = sized(note(&character.repeat(60_000)));
            assert_eq!(care, Care::Guaranteed);
            assert!((GUARANTEED_BYTES_MAX - 8..=GUARANTEED_BYTES_MAX).contains(&body.len()), "{}", body.len());
            let read: Value = serde_json::from_str(&body).expect("still JSON");
            assert_eq!(read["event"]["data"]["trimmed"], true);
        }
    }

    #[test]
    fn what_cannot_be_cut_is_sent_once_or_not_at_all() {
        let incident = |bytes: usize| json!({"event": {"data": {"type": "incident", "title": "x".repeat(bytes)}}});
        assert_eq!(sized(incident(50_000)).1, Care::Guaranteed);
        assert_eq!(sized(incident(60_000)).1, Care::BestEffort);
        assert_eq!(sized(incident(262_144)).1, Care::Dropped("larger than 256 KB"));
    }
}
