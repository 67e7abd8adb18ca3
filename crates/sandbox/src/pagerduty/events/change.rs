//! `POST /v2/change/enqueue`: change events, which notify nobody and open nothing.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{answers, checks};
use crate::clock::parse_time;
use crate::pagerduty::model::{ChangeEvent, Integration};
use crate::pagerduty::state::State;
use crate::wire::{Call, Reply};

const LINKS_MAX: usize = 50;

impl State {
    pub(crate) fn enqueue_change(&mut self, call: &Call, now: Timestamp) -> Reply {
        self.try_enqueue_change(call, now).unwrap_or_else(|refused| refused)
    }

    fn try_enqueue_change(&mut self, call: &Call, now: Timestamp) -> Result<Reply, Reply> {
        let event = self.event_body(call)?;
        if list(&event["links"]).len() > LINKS_MAX {
            // Another layer of PagerDuty's answers this one, in a shape of its own.
            return Err(Reply::json(400, &json!({"error": ["links should have at most 50 item(s)"]})));
        }
        let errors = checks::change(&event);
        if !errors.is_empty() {
            return Err(answers::invalid(&errors));
        }
        let routing_key = event["routing_key"].as_str().unwrap_or_default();
        // Keys of the whole account are not taken here.
        let integration =
            self.integration_by_key(routing_key).filter(|ix| self.integrations[*ix].kind != Integration::GLOBAL);
        let integration = integration.ok_or_else(|| answers::unknown_key(&self.config, "Invalid routing key"))?;
        if !self.limits.event(&self.config, routing_key, now) {
            return Err(answers::throttled());
        }
        let payload = &event["payload"];
        let text = |field: &str| payload[field].as_str().map(str::to_owned);
        let id = self.random.long_id("Q");
        self.change_events.add(ChangeEvent {
            id,
            summary: text("summary").unwrap_or_default(),
            source: text("source"),
            at: payload["timestamp"].as_str().and_then(parse_time).unwrap_or(now),
            details: payload["custom_details"].clone(),
            links: list(&event["links"]).to_vec(),
            images: list(&event["images"]).to_vec(),
            integration,
        });
        Ok(Reply::json(202, &json!({"status": "success", "message": "Change event processed"})))
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}
