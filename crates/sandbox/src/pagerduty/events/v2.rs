//! `POST /v2/enqueue`: the Events API v2.

use jiff::Timestamp;
use serde_json::json;

use super::{answers, checks};
use crate::pagerduty::state::State;
use crate::wire::{Call, Reply};

impl State {
    pub(crate) fn enqueue(&mut self, call: &Call, now: Timestamp) -> Reply {
        self.try_enqueue(call, now).unwrap_or_else(|refused| refused)
    }

    fn try_enqueue(&mut self, call: &Call, now: Timestamp) -> Result<Reply, Reply> {
        let event = self.event_body(call)?;
        let errors = checks::event(&event);
        if !errors.is_empty() {
            return Err(answers::invalid(&errors));
        }
        let routing_key = event["routing_key"].as_str().unwrap_or_default();
        let integration = self.integration_by_key(routing_key);
        let integration = integration.ok_or_else(|| answers::unknown_key(&self.config, "Invalid routing key"))?;
        if !self.limits.event(&self.config, routing_key, now) {
            return Err(answers::throttled());
        }
        let key = self.accept(&event, &event["dedup_key"], integration, now);
        Ok(Reply::json(202, &json!({"status": "success", "message": "Event processed", "dedup_key": key})))
    }
}
