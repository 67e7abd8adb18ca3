//! Change events.

use super::{Lint, found, v2};
use pagerduty::Secret;
use pagerduty::events::{KeyKind, key_kind};
use serde_json::Value;

/// Most links of a change event.
const LINKS_MAX: usize = 50;

pub(super) fn lint(event: &Value) -> Vec<Lint> {
    let mut all = Vec::new();
    all.extend(v2::routing_key(event, "routing_key"));
    if key_kind(&Secret::new(v2::text(&event["routing_key"]))) == Ok(KeyKind::Ruleset) {
        all.push(found("change-key", "routing_key", "it begins with R"));
    }
    let payload = &event["payload"];
    all.extend(v2::judge_summary(v2::text(&payload["summary"]), "payload.summary"));
    all.extend(v2::judge_time(&payload["timestamp"], "payload.timestamp"));
    all.extend(v2::judge_details(&payload["custom_details"], "payload.custom_details"));
    all.extend(v2::judge_links(&event["links"]));
    let links = event["links"].as_array().map_or(0, Vec::len);
    if links > LINKS_MAX {
        all.push(found("links", "links", format!("there are {links}, {LINKS_MAX} are the most")));
    }
    if v2::text(&payload["source"]).is_empty() {
        all.push(found("source-default", "payload.source", "it is missing, so nobody sees where the change was made"));
    }
    all
}
