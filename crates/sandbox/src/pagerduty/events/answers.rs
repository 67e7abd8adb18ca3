//! How the events APIs answer what they do not take.

use serde_json::{Value, json};

use crate::config::PagerDutyConfig;
use crate::wire::Reply;

pub(super) fn invalid(errors: &[String]) -> Reply {
    Reply::json(400, &invalid_body(errors))
}

fn invalid_body(errors: &[String]) -> Value {
    json!({"status": "invalid event", "message": "Event object is invalid", "errors": errors})
}

pub(super) fn unrecognized() -> Reply {
    let body = json!({
        "status": "Unrecognized object",
        "message": "Event object format is unrecognized",
        "errors": ["JSON parse error"],
    });
    Reply::json(400, &body)
}

/// Refuses an event by its size; the wording is ours, no source tells PagerDuty's.
pub(super) fn too_large(status: u16) -> Reply {
    Reply::json(status, &invalid_body(&["Event object is too large (maximum is 512 KB)".to_owned()]))
}

/// Refuses a key that looks right but belongs to nothing: in `errors`, or as bare text, as both have been seen.
pub(super) fn unknown_key(config: &PagerDutyConfig, text: &str) -> Reply {
    if config.unknown_key_as_text { Reply::text(400, text) } else { invalid(&[text.to_owned()]) }
}

pub(super) fn throttled() -> Reply {
    let body = json!({
        "status": "throttle exceeded",
        "message": "Requests for this service are arriving too quickly.  Please retry later.",
    });
    Reply::json(429, &body)
}

/// Makes the refusal of an events endpoint for a status that a fault chose; none for other endpoints.
pub(crate) fn refusal(label: &str, status: u16) -> Option<Reply> {
    let is_v1 = label.contains("/generic/");
    if !is_v1 && !label.contains("/enqueue") {
        return None;
    }
    Some(match status {
        // Version 1 throttles so.
        403 if is_v1 => Reply::text(403, ""),
        429 => throttled(),
        400..=499 => Reply::json(status, &invalid_body(&["a fault of the sandbox refuses this event".to_owned()])),
        _ => Reply::json(
            status,
            &json!({
                "status": "error", "message": "Internal Server Error", "errors": ["a fault of the sandbox"],
            }),
        ),
    })
}
