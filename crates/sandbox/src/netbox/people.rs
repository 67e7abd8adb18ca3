//! What people do in NetBox's web pages, and what can be looked at and set up from outside.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::Value;

use super::NetBox;
use super::api::fields;
use super::auth::{NetBoxRights, NewToken};
use super::hooks::{Cause, Hook};
use super::model::{Event, Incident, Kind, Times};
use super::objects::bulk_status;
use super::refusal::Refusal;
use super::shelves::{SHELVES, Shelf, shelf};
use super::state::State;
use crate::counters::EndpointCount;
use crate::faults::System;
use crate::outgoing::{WebhookCounts, WebhookRecord};

/// How many of the newest Events and Incidents a snapshot shows.
const SHOWN_MAX: usize = 1_000;

/// Says why a person's act cannot be done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NetBoxError {
    /// There is no such list.
    #[error("no list is called `{given}`; there are: events, incidents, {}", lists())]
    NoList {
        /// The name.
        given: String,
    },
    /// There is no such object.
    #[error("there is no {what} with the id {id}")]
    NoObject {
        /// The list.
        what: String,
        /// The id.
        id: u64,
    },
    /// There is no such event rule.
    #[error("no webhook has the id `{0}`")]
    NoHook(String),
    /// There is no such token.
    #[error("no token is `{0}`")]
    NoToken(String),
    /// The form is refused.
    #[error("NetBox refuses: {0}")]
    Refused(String),
}

/// Everything that NetBox holds, but for the older ones of many Events and Incidents.
#[derive(Debug, Clone, Serialize)]
pub struct NetBoxSnapshot {
    /// How many Events there are.
    pub events_count: usize,
    /// How many Incidents there are.
    pub incidents_count: usize,
    /// The newest Events, as the API shows them, oldest first; at most 1,000.
    pub events: Vec<Value>,
    /// The newest Incidents, likewise.
    pub incidents: Vec<Value>,
    /// All other objects, by the path of their list.
    pub others: BTreeMap<String, Vec<Value>>,
    /// Webhooks so far.
    pub webhooks: WebhookCounts,
    /// The latest attempts to send webhooks.
    pub webhook_log: Vec<WebhookRecord>,
    /// Calls by endpoint.
    pub calls: BTreeMap<String, EndpointCount>,
}

/// A list: of the two that matter, or of the simple ones.
#[derive(Clone, Copy)]
enum List {
    Object(Kind),
    Item(&'static Shelf),
}

impl NetBox {
    /// Shows what NetBox holds.
    pub fn snapshot(&self) -> NetBoxSnapshot {
        let now = self.shared.clock.now();
        let state = self.lock();
        let newest = |ids: Vec<u64>, kind: Kind| -> Vec<Value> {
            ids.into_iter().rev().map(|id| state.shown(kind, id, now)).collect()
        };
        let others = state.shelves.iter().filter_map(|(path, items)| {
            let shelf = shelf(path)?;
            Some((path.clone(), items.keys().map(|id| state.item_json(shelf, *id, "", false)).collect()))
        });
        NetBoxSnapshot {
            events_count: state.events.len(),
            incidents_count: state.incidents.len(),
            events: newest(state.events.keys().rev().take(SHOWN_MAX).copied().collect(), Kind::Event),
            incidents: newest(state.incidents.keys().rev().take(SHOWN_MAX).copied().collect(), Kind::Incident),
            others: others.collect(),
            webhooks: self.outgoing.counts(),
            webhook_log: self.outgoing.records(),
            calls: self.shared.counters.of(System::NetBox),
        }
    }

    /// Makes an event rule with its webhook, for these object types (`business_application.incident`) and event types
    /// (`object_created`), or for all; returns its id. Without a secret it signs with the sandbox's, with an empty one not
    /// at all.
    pub fn subscribe(&self, url: &str, secret: Option<&str>, object_types: &[&str], event_types: &[&str]) -> String {
        let mut state = self.lock();
        let owned = |list: &[&str]| list.iter().map(|one| (*one).to_owned()).collect();
        let hook = Hook {
            id: state.random.uuid(),
            url: url.to_owned(),
            secret: secret.map_or_else(|| state.webhook_secret.clone(), str::to_owned),
            object_types: owned(object_types),
            event_types: owned(event_types),
        };
        let id = hook.id.clone();
        state.hooks.push(hook);
        drop(state);
        self.shared.changed.notify_one();
        id
    }

    /// Lists where webhooks go.
    pub fn hook_urls(&self) -> Vec<String> {
        self.read(|state| state.hooks.iter().map(|hook| hook.url.clone()).collect())
    }

    /// Removes an event rule; what waits for it is not sent.
    ///
    /// # Errors
    /// [`NetBoxError::NoHook`] if there is none.
    pub fn unsubscribe(&self, id: &str) -> Result<(), NetBoxError> {
        let mut state = self.lock();
        let before = state.hooks.len();
        state.hooks.retain(|hook| hook.id != id);
        if state.hooks.len() == before {
            return Err(NetBoxError::NoHook(id.to_owned()));
        }
        drop(state);
        self.outgoing.discard(id);
        self.shared.changed.notify_one();
        Ok(())
    }

    /// Returns the four tokens of the start (everything, of the second kind, read-only, of nobody) and the secret.
    pub(crate) fn credentials(&self) -> ([String; 4], String) {
        let text = |state: &State, place: usize| state.tokens.get(place).map(|token| token.text.clone());
        self.read(|state| {
            let tokens = std::array::from_fn(|place| text(state, place).unwrap_or_default());
            (tokens, state.webhook_secret.clone())
        })
    }

    /// Makes a token; returns its text.
    pub fn add_token(&self, token: NewToken) -> String {
        self.request(None, |state, _, now| state.add_token(token, None, now))
    }

    /// Removes a token.
    ///
    /// # Errors
    /// [`NetBoxError::NoToken`] if there is none.
    pub fn remove_token(&self, text: &str) -> Result<(), NetBoxError> {
        self.request(None, |state, _, _| {
            let before = state.tokens.len();
            state.tokens.retain(|token| token.text != text);
            if state.tokens.len() == before { Err(NetBoxError::NoToken(text.to_owned())) } else { Ok(()) }
        })
    }

    /// Shows an object of a list: `incidents`, `events`, or a path such as `dcim/sites`.
    ///
    /// # Errors
    /// [`NetBoxError`] if there is no such list or object.
    pub fn object(&self, list: &str, id: u64) -> Result<Value, NetBoxError> {
        let found = find(list)?;
        let now = self.shared.clock.now();
        let shown = self.read(|state| show(state, found, id, now));
        if shown.is_null() { Err(NetBoxError::NoObject { what: list.to_owned(), id }) } else { Ok(shown) }
    }

    /// Lets a person make an object with a form of the web pages, which, other than the API, also takes
    /// `affected_services`, `affected_devices` and `events` of an Incident.
    ///
    /// # Errors
    /// [`NetBoxError`] if there is no such list or the form is refused.
    pub fn create(&self, list: &str, given: Value, who: &str) -> Result<Value, NetBoxError> {
        let found = find(list)?;
        self.by_person(who, |state, cause, now| {
            let id = match found {
                List::Object(kind) => state.create_object(kind, &fields(given), cause, now),
                List::Item(shelf) => state.create_item(shelf, &fields(given), now),
            };
            Ok(show(state, found, id.map_err(|refusal| refused(&refusal))?, now))
        })
    }

    /// Lets a person change an object with a form of the web pages: its webhook tells what was before.
    ///
    /// # Errors
    /// [`NetBoxError`] if there is no such list or object, or the form is refused.
    pub fn edit(&self, list: &str, id: u64, given: Value, who: &str) -> Result<Value, NetBoxError> {
        self.object(list, id)?;
        let found = find(list)?;
        self.by_person(who, |state, cause, now| {
            let changed = match found {
                List::Object(kind) => state.change_object(kind, id, &fields(given), true, cause, now),
                List::Item(shelf) => state.change_item(shelf, id, &fields(given), true, now),
            };
            changed.map_err(|refusal| refused(&refusal))?;
            Ok(show(state, found, id, now))
        })
    }

    /// Lets a person delete an object.
    ///
    /// # Errors
    /// [`NetBoxError`] if there is no such list or object.
    pub fn delete(&self, list: &str, id: u64, who: &str) -> Result<(), NetBoxError> {
        self.object(list, id)?;
        let found = find(list)?;
        self.by_person(who, |state, _, now| {
            let deleted = match found {
                List::Object(kind) => state.delete_object(kind, id, now),
                List::Item(shelf) => state.delete_item(shelf, id),
            };
            deleted.map_err(|refusal| refused(&refusal))
        })
    }

    /// Lets a person set the status of many Events or Incidents in the list: no webhook, no time, no side effect.
    ///
    /// # Errors
    /// [`NetBoxError`] if there is no such list or status.
    pub fn bulk_update_status(&self, list: &str, ids: &[u64], status: &str, who: &str) -> Result<usize, NetBoxError> {
        let kind = Kind::of_path(list).ok_or_else(|| NetBoxError::NoList { given: list.to_owned() })?;
        let given = fields(serde_json::json!({"status": status}));
        let status = bulk_status(kind, &given).map_err(|refusal| refused(&refusal))?;
        self.by_person(who, |state, _, _| Ok(state.bulk_update_status(kind, ids, &status)))
    }

    /// Switches the worker that sends webhooks on or off; without it they are never sent.
    pub fn set_worker(&self, runs: bool) {
        self.lock().config.webhook_worker = runs;
    }

    /// Adds many objects at once, half Events and half Incidents, one in a hundred of them open, spread over a year.
    ///
    /// No webhook tells of them.
    pub fn fill(&self, objects: usize) {
        let now = self.shared.clock.now();
        let mut state = self.lock();
        for place in 0..objects {
            let at = now.checked_sub(SignedDuration::from_mins(5 * (objects - place) as i64)).unwrap_or(now);
            let open = place % 200 < 2;
            if place % 2 == 0 {
                state.fill_event_row(place, open, at);
            } else {
                state.fill_incident_row(place, open, at);
            }
        }
        drop(state);
        self.shared.changed.notify_one();
    }

    fn by_person<T>(
        &self,
        who: &str,
        act: impl FnOnce(&mut State, &Cause, Timestamp) -> Result<T, NetBoxError>,
    ) -> Result<T, NetBoxError> {
        self.request(Some(who), |state, cause, now| {
            state.user(who, NetBoxRights::All, now);
            act(state, cause, now)
        })
    }
}

impl State {
    fn fill_event_row(&mut self, place: usize, open: bool, at: Timestamp) {
        let id = self.next_id(Kind::Event.path());
        let event = Event {
            message: format!("check {place} failed"),
            dedup_id: format!("filled-{place}"),
            status: if open { "triggered" } else { "ok" }.to_owned(),
            criticallity: "medium".to_owned(),
            times: Times::new(at),
            ..Event::new(id, at)
        };
        self.events.insert(id, event);
    }

    fn fill_incident_row(&mut self, place: usize, open: bool, at: Timestamp) {
        let id = self.next_id(Kind::Incident.path());
        let incident = Incident {
            title: format!("trouble {place}"),
            status: if open { "new" } else { "closed" }.to_owned(),
            severity: "medium".to_owned(),
            resolved_at: (!open).then_some(at),
            ..Incident::new(id, at)
        };
        self.incidents.insert(id, incident);
    }
}

fn find(list: &str) -> Result<List, NetBoxError> {
    let kind = Kind::of_path(list).map(List::Object);
    let named = || {
        let short = |shelf: &&'static Shelf| shelf.path == list || shelf.path.rsplit('/').next() == Some(list);
        SHELVES.iter().find(short).map(List::Item)
    };
    kind.or_else(named).ok_or_else(|| NetBoxError::NoList { given: list.to_owned() })
}

fn lists() -> String {
    SHELVES.iter().filter_map(|shelf| shelf.path.rsplit('/').next()).collect::<Vec<_>>().join(", ")
}

fn show(state: &State, list: List, id: u64, now: Timestamp) -> Value {
    match list {
        List::Object(kind) => state.shown(kind, id, now),
        List::Item(shelf) => state.item_json(shelf, id, "", false),
    }
}

fn refused(refusal: &Refusal) -> NetBoxError {
    NetBoxError::Refused(String::from_utf8_lossy(&refusal.reply().body).into_owned())
}
