//! The asynchronous part: what was accepted, waits to be processed, and has a result afterwards.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::model::{AlertAct, NewAlert, Who};
use super::state::{AlertName, State};
use crate::clock::{after, milliseconds};
use crate::state_file::pairs;

/// An accepted write.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Write {
    Create(NewAlert),
    Act { name: AlertName, act: AlertAct, note: Option<String> },
}

#[derive(Debug, Serialize, Deserialize)]
struct Waiting {
    request_id: String,
    write: Write,
    who: Who,
}

/// Accepted writes by the time they are due, and the results of those processed.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Requests {
    next: u64,
    #[serde(with = "pairs")]
    waiting: BTreeMap<(Timestamp, u64), Waiting>,
    #[serde(with = "pairs")]
    results: HashMap<String, Value>,
}

impl Requests {
    pub(crate) fn result(&self, request_id: &str) -> Option<&Value> {
        self.results.get(request_id)
    }

    pub(crate) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        self.waiting.first_key_value().map(|((due, _), _)| *due)
    }
}

impl State {
    /// Accepts a write; returns the id of the request.
    pub(crate) fn accept(&mut self, write: Write, who: Who, now: Timestamp) -> String {
        let request_id = self.random.uuid();
        let jitter_ms = self.random.below(self.config.processing_jitter_ms.saturating_add(1));
        let due = after(now, self.config.processing_ms.saturating_add(jitter_ms));
        let key = (due, self.requests.next);
        self.requests.next += 1;
        self.requests.waiting.insert(key, Waiting { request_id: request_id.clone(), write, who });
        request_id
    }

    /// Processes what is due, in order of its time.
    pub(crate) fn process(&mut self, now: Timestamp) {
        while self.requests.next_due().is_some_and(|due| due <= now) {
            let Some((_, waiting)) = self.requests.waiting.pop_first() else {
                return;
            };
            let (action, done) = self.process_one(waiting.write, &waiting.who, now);
            let result = self.result_json(&action, done, now);
            self.requests.results.insert(waiting.request_id, result);
        }
    }

    fn process_one(
        &mut self,
        write: Write,
        who: &Who,
        now: Timestamp,
    ) -> (String, Result<(usize, &'static str), &'static str>) {
        match write {
            Write::Create(new) => ("Create".to_owned(), Ok(self.create(new, who, now))),
            Write::Act { name, act, note } => {
                let action = act.name().to_owned();
                let Some(place) = self.find(&name) else {
                    return (action, Err("Alert does not exist"));
                };
                let done = self.act(place, &act, who, now).map(|text| (place, text));
                if let (Ok(_), Some(note)) = (&done, note) {
                    self.attach_note(place, &note, who, now);
                }
                (action, done)
            }
        }
    }

    fn result_json(&self, action: &str, done: Result<(usize, &'static str), &'static str>, now: Timestamp) -> Value {
        let alert = done.ok().map(|(place, _)| &self.alerts[place]);
        json!({
            "success": done.is_ok(),
            "isSuccess": done.is_ok(),
            "action": action,
            "status": done.map_or_else(|why| why, |(_, text)| text),
            "alertId": alert.map_or("", |alert| alert.id.as_str()),
            "alias": alert.map_or("", |alert| alert.alias.as_str()),
            "processedAt": milliseconds(now),
            "integrationId": self.integration_id,
        })
    }
}
