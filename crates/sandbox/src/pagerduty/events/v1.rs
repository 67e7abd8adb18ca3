//! `POST /generic/2010-04-15/create_event.json`: the Events API v1, old and still in use.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{answers, checks};
use crate::pagerduty::state::State;
use crate::wire::{Call, Reply};

/// Events of version 1 have no severity; they are taken for the most severe.
const SEVERITY: &str = "critical";

impl State {
    pub(crate) fn create_event(&mut self, call: &Call, now: Timestamp) -> Reply {
        self.try_create_event(call, now).unwrap_or_else(|refused| refused)
    }

    fn try_create_event(&mut self, call: &Call, now: Timestamp) -> Result<Reply, Reply> {
        let event = self.event_body(call)?;
        let errors = checks::v1(&event);
        if !errors.is_empty() {
            return Err(answers::invalid(&errors));
        }
        let service_key = event["service_key"].as_str().unwrap_or_default();
        let integration = self.integration_by_key(service_key);
        let integration = integration.ok_or_else(|| answers::unknown_key(&self.config, "Invalid service key"))?;
        if !self.limits.event(&self.config, service_key, now) {
            // This version has no 429.
            return Err(Reply::text(403, ""));
        }
        let key = self.accept(&as_v2(&event), &event["incident_key"], integration, now);
        Ok(Reply::json(200, &json!({"status": "success", "message": "Event processed", "incident_key": key})))
    }
}

/// Says the same in version 2; whatever else the sender put in, such as an empty `event_action`, is left out.
fn as_v2(event: &Value) -> Value {
    let of_kind = |kind: &str| -> Vec<Value> {
        let contexts = event["contexts"].as_array().map_or(&[] as &[Value], Vec::as_slice);
        contexts.iter().filter(|context| context["type"] == kind).cloned().collect()
    };
    json!({
        "event_action": event["event_type"],
        "payload": {
            "summary": event["description"], "severity": SEVERITY, "custom_details": event["details"],
        },
        "client": event["client"], "client_url": event["client_url"],
        "links": of_kind("link"), "images": of_kind("image"),
    })
}
