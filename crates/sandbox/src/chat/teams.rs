//! The look-alike of a Teams workflow: an address that takes cards, answers 202, and can be asked nothing.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::config::Credentials;
use crate::counters::EndpointCount;
use crate::faults::System;
use crate::random::Random;
use crate::shell::{LookAlike, Shared};
use crate::wire::{Call, Reply};

/// A card may be so large.
const CARD_MAX: usize = 28 * 1024;
const CARD: &str = "application/vnd.microsoft.card.adaptive";

/// The look-alike of a Teams workflow.
#[derive(Debug)]
pub struct Teams {
    url: String,
    shared: Shared,
    state: Mutex<State>,
}

/// Everything that was posted.
#[derive(Debug, Clone, Serialize)]
pub struct TeamsSnapshot {
    /// The cards, oldest first.
    pub cards: Vec<TeamsCard>,
    /// Calls by endpoint.
    pub calls: BTreeMap<String, EndpointCount>,
}

/// One posted card.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TeamsCard {
    /// When it came.
    pub at: Timestamp,
    /// The Adaptive Card.
    pub content: Value,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct State {
    id: String,
    signature: String,
    cards: Vec<TeamsCard>,
}

impl Teams {
    pub(super) fn new(given: &Credentials, mut random: Random, url: &str, shared: Shared) -> Teams {
        let signature = given.teams_signature.clone().unwrap_or_else(|| random.token(""));
        let state = State { id: random.hex32(), signature, cards: Vec::new() };
        Teams { url: url.to_owned(), shared, state: Mutex::new(state) }
    }

    /// Shows everything that was posted.
    pub fn snapshot(&self) -> TeamsSnapshot {
        TeamsSnapshot { cards: self.lock().cards.clone(), calls: self.shared.counters.of(System::Teams) }
    }

    /// The workflow's address, which is its secret.
    pub(crate) fn workflow_url(&self) -> String {
        let state = self.lock();
        format!(
            "{}/workflows/{}/triggers/manual/paths/invoke?api-version=1&sig={}",
            self.url, state.id, state.signature
        )
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LookAlike for Teams {
    const SYSTEM: System = System::Teams;

    fn label(call: &Call) -> String {
        match call.parts().as_slice() {
            ["workflows", _, ..] => format!("{} /workflows/{{id}}", call.method),
            parts => format!("{} /{}", call.method, parts.join("/")),
        }
    }

    fn handle(&self, call: &Call, now: Timestamp) -> Reply {
        let mut state = self.lock();
        let right = matches!(call.parts().as_slice(), ["workflows", id, "triggers", "manual", "paths", "invoke"] if *id == state.id);
        if !right || call.query("sig") != Some(&state.signature) {
            return refused(401, "DirectApiAuthorizationRequired", "The request has no valid signature.");
        }
        if call.method != http::Method::POST {
            return refused(405, "MethodNotAllowed", "The trigger takes POST.");
        }
        if call.body.len() > CARD_MAX {
            return refused(413, "RequestEntityTooLarge", "The payload is larger than 28 KB.");
        }
        let body: Value = serde_json::from_slice(&call.body).unwrap_or_default();
        let card = body["attachments"]
            .get(0)
            .filter(|one| one["contentType"] == CARD && one["content"]["type"] == "AdaptiveCard");
        let Some(card) = card.filter(|_| body["type"] == "message") else {
            return refused(400, "TriggerInputSchemaMismatch", "The body is not a message with an Adaptive Card.");
        };
        state.cards.push(TeamsCard { at: now, content: card["content"].clone() });
        self.shared.changed.notify_one();
        Reply::empty(202)
    }

    fn refusal(&self, _label: &str, status: u16) -> Reply {
        refused(status, "GatewayError", "The request failed.")
    }
}

fn refused(status: u16, code: &str, message: &str) -> Reply {
    Reply::json(status, &json!({"error": {"code": code, "message": message}}))
}
