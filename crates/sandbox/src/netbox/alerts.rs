//! The plugin's alert intake: one event per `dedup_id`.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::model::{Event, Kind};
use super::state::State;
use super::validate;
use crate::wire::Reply;

const NEEDED: [&str; 5] = ["severity", "status", "message", "dedup_id", "target"];

impl State {
    pub(crate) fn take_alert(&mut self, given: &Map<String, Value>, now: Timestamp) -> Reply {
        let mut errors = Map::new();
        for name in NEEDED.into_iter().filter(|name| !given.contains_key(*name)) {
            errors.insert(name.to_owned(), Value::from(vec!["This field is required."]));
        }
        let text = |name: &str| given.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        for (name, choices) in [
            ("severity", ["critical", "high", "medium", "low"].as_slice()),
            ("status", ["triggered", "ok", "suppressed"].as_slice()),
        ] {
            if given.contains_key(name) && !choices.contains(&text(name).as_str()) {
                let why = format!("\"{}\" is not a valid choice.", text(name));
                errors.insert(name.to_owned(), Value::from(vec![why]));
            }
        }
        if !errors.is_empty() {
            return Reply::json(400, &json!({"errors": errors}));
        }
        let id = self.upsert(given, &text, now);
        self.event_saved(id, now);
        let open = |id: &&u64| self.incidents.get(id).is_some_and(|incident| incident.is_open());
        let event = &self.events[&id];
        let incident = event.incidents.iter().rev().find(open).filter(|_| event.status == "triggered");
        let message = "Alert processed successfully";
        Reply::json(201, &json!({"status": "success", "event_id": id, "incident_id": incident, "message": message}))
    }

    fn upsert(&mut self, given: &Map<String, Value>, text: &dyn Fn(&str) -> String, now: Timestamp) -> u64 {
        let dedup_id = text("dedup_id");
        let source = self.source(&text("source"));
        let named = given.get("target").and_then(|target| target.get("identifier")).and_then(Value::as_str);
        let target = named.and_then(|name| self.service_target(name));
        let there = self.events.values().find(|event| event.dedup_id == dedup_id).cloned();
        let fresh = there.is_none();
        let mut event = there.unwrap_or_else(|| Event { created_at: now, dedup_id, ..validate::blank_event() });
        if fresh {
            event.id = self.next_id("event");
        }
        event.message = text("message");
        event.status = text("status");
        event.criticallity = text("severity");
        event.event_source = Some(source);
        event.is_valid = target.is_some();
        event.target = target;
        event.raw = given.get("raw_data").cloned().unwrap_or_else(|| json!({}));
        (event.updated_at, event.last_seen_at) = (now, now);
        let id = event.id;
        self.events.insert(id, event);
        match fresh {
            true => self.note_created(Kind::Event, id),
            false => self.note_updated(Kind::Event, id, None),
        }
        id
    }
}
