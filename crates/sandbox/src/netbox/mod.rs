//! The NetBox look-alike: a few core endpoints and the Business Application plugin, built from recordings of NetBox 4.5.0
//! with the plugin's main branch (2.1.0).
//!
//! What surprises in the original is kept, since that is what a client has to live with: wrong logins are 403, unknown
//! filters are ignored, read-only fields are ignored with 200, bulk updates tell nobody, webhooks are sent once.

mod alerts;
mod api;
mod correlate;
mod hooks;
mod login;
mod model;
mod plugin;
mod state;
mod validate;
mod view;

use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

use self::hooks::Hook;
use self::model::Kind;
use self::state::State;
use crate::counters::EndpointCount;
use crate::faults::System;
use crate::outgoing::{Outgoing, RetryPolicy, SavedQueue, WebhookCounts, WebhookRecord};
use crate::shell::{LookAlike, Shared};
use crate::wire::{Call, Reply};

/// NetBox sets no time-out of its own; a receiver that hangs for longer is a broken test.
const WEBHOOK_TIMEOUT_MS: u64 = 30_000;

/// A snapshot shows at most so many objects of a kind, newest first.
const SHOWN_MAX: usize = 1_000;

/// The NetBox look-alike.
#[derive(Debug)]
pub struct NetBox {
    state: Mutex<State>,
    outgoing: Arc<Outgoing>,
    shared: Shared,
}

/// Says why a person's act cannot be done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NetBoxError {
    /// There is no such object.
    #[error("NetBox has no {kind} {id}")]
    NoObject {
        /// `incident` or `event`.
        kind: &'static str,
        /// Its number.
        id: u64,
    },
    /// A field does not take this value.
    #[error("NetBox refuses it: {0}")]
    Refused(String),
    /// There is no such hook.
    #[error("no webhook has the id `{0}`")]
    NoHook(String),
}

/// Everything that NetBox holds, the newest thousand objects of each kind.
#[derive(Debug, Clone, Serialize)]
pub struct NetBoxSnapshot {
    /// Incidents as the API shows them, newest first.
    pub incidents: Vec<Value>,
    /// Events as the API shows them, newest first.
    pub events: Vec<Value>,
    /// How many incidents there are.
    pub incidents_count: usize,
    /// How many events there are.
    pub events_count: usize,
    /// Journal entries of core objects.
    pub journal: Vec<Value>,
    /// Webhooks by end.
    pub webhooks: WebhookCounts,
    /// The last webhooks.
    pub webhook_log: Vec<WebhookRecord>,
    /// Calls by endpoint.
    pub calls: BTreeMap<String, EndpointCount>,
}

impl NetBox {
    pub(crate) fn new(
        given: &crate::config::Credentials,
        seed: u64,
        shared: Shared,
        client: reqwest::Client,
    ) -> NetBox {
        let policy = RetryPolicy {
            timeout_ms: WEBHOOK_TIMEOUT_MS,
            first_ms: 1,
            cap_ms: 1,
            total_ms: u64::MAX,
            attempts_max: 1,
            drops_max: None,
            disabled_ms: 0,
        };
        let outgoing = Outgoing::new(System::NetBox, policy, shared.clone(), client);
        NetBox { state: Mutex::new(State::new(given, seed)), outgoing, shared }
    }

    /// Shows what is kept in a state file, with the webhooks that belong to the same moment.
    pub(crate) fn save(&self) -> (Box<RawValue>, SavedQueue) {
        let state = self.lock();
        let kept = to_raw_value(&*state).expect("every key of a map is a number or a text");
        (kept, self.outgoing.save())
    }

    /// Goes on where a state file says.
    pub(crate) fn restore(&self, saved: &RawValue, webhooks: SavedQueue) -> Result<(), serde_json::Error> {
        *self.lock() = serde_json::from_str(saved.get())?;
        self.outgoing.restore(webhooks);
        Ok(())
    }

    pub(crate) fn read<T>(&self, read: impl FnOnce(&State) -> T) -> T {
        read(&self.lock())
    }

    /// Shows what NetBox holds.
    pub fn snapshot(&self) -> NetBoxSnapshot {
        let now = self.shared.clock.now();
        let state = self.lock();
        NetBoxSnapshot {
            incidents: state
                .incidents
                .values()
                .rev()
                .take(SHOWN_MAX)
                .map(|one| state.incident_json(one, now))
                .collect(),
            events: state.events.values().rev().take(SHOWN_MAX).map(|one| state.event_json(one)).collect(),
            incidents_count: state.incidents.len(),
            events_count: state.events.len(),
            journal: state.journal.clone(),
            webhooks: self.outgoing.counts(),
            webhook_log: self.outgoing.records(),
            calls: self.shared.counters.of(System::NetBox),
        }
    }

    /// Sends what happens to events and incidents to a URL from now on, signed when there is a secret; returns the hook's
    /// id.
    pub fn subscribe(&self, url: &str, secret: Option<&str>) -> String {
        let mut state = self.lock();
        let id = state.random.uuid();
        state.hooks.push(Hook { id: id.clone(), url: url.to_owned(), secret: secret.unwrap_or_default().to_owned() });
        id
    }

    /// Lists where webhooks go.
    pub fn hook_urls(&self) -> Vec<String> {
        self.lock().hooks.iter().map(|hook| hook.url.clone()).collect()
    }

    /// Removes a hook.
    ///
    /// # Errors
    /// [`NetBoxError::NoHook`] if there is none.
    pub fn unsubscribe(&self, id: &str) -> Result<(), NetBoxError> {
        let mut state = self.lock();
        let before = state.hooks.len();
        state.hooks.retain(|hook| hook.id != id);
        if state.hooks.len() == before { Err(NetBoxError::NoHook(id.to_owned())) } else { Ok(()) }
    }

    /// Lets a person make an incident in the web pages; returns its number.
    ///
    /// # Errors
    /// [`NetBoxError::Refused`] for a field that the form does not take.
    pub fn new_incident(&self, fields: Value, who: &str) -> Result<u64, NetBoxError> {
        self.form(Kind::Incident, None, fields, who)
    }

    /// Lets a person make an event in the web pages; returns its number.
    ///
    /// # Errors
    /// [`NetBoxError::Refused`] for a field that the form does not take.
    pub fn new_event(&self, fields: Value, who: &str) -> Result<u64, NetBoxError> {
        self.form(Kind::Event, None, fields, who)
    }

    /// Lets a person edit an incident in the web pages.
    ///
    /// # Errors
    /// [`NetBoxError`] if there is none, or for a field that the form does not take.
    pub fn edit_incident(&self, id: u64, fields: Value, who: &str) -> Result<(), NetBoxError> {
        self.form(Kind::Incident, Some(id), fields, who).map(drop)
    }

    /// Lets a person edit an event in the web pages.
    ///
    /// # Errors
    /// [`NetBoxError`] if there is none, or for a field that the form does not take.
    pub fn edit_event(&self, id: u64, fields: Value, who: &str) -> Result<(), NetBoxError> {
        self.form(Kind::Event, Some(id), fields, who).map(drop)
    }

    fn form(&self, kind: Kind, id: Option<u64>, fields: Value, who: &str) -> Result<u64, NetBoxError> {
        let Value::Object(fields) = fields else {
            return Err(NetBoxError::Refused("the fields are no object".to_owned()));
        };
        self.change(who, |state, now| {
            let refused = |errors: Map<String, Value>| NetBoxError::Refused(Value::Object(errors).to_string());
            match (kind, id) {
                (_, None) => state.create(kind, &fields, now).map_err(refused),
                (_, Some(id)) if !state.has(kind, id) => Err(NetBoxError::NoObject { kind: kind.word(), id }),
                (_, Some(id)) => state.edit(kind, id, &fields, true, now).map_err(refused).map(|()| id),
            }
        })
    }

    /// Lets a person delete an incident.
    ///
    /// # Errors
    /// [`NetBoxError::NoObject`] if there is none.
    pub fn delete_incident(&self, id: u64, who: &str) -> Result<(), NetBoxError> {
        self.delete(Kind::Incident, id, who)
    }

    /// Lets a person delete an event.
    ///
    /// # Errors
    /// [`NetBoxError::NoObject`] if there is none.
    pub fn delete_event(&self, id: u64, who: &str) -> Result<(), NetBoxError> {
        self.delete(Kind::Event, id, who)
    }

    fn delete(&self, kind: Kind, id: u64, who: &str) -> Result<(), NetBoxError> {
        self.change(who, |state, now| match state.delete(kind, id, now) {
            true => Ok(()),
            false => Err(NetBoxError::NoObject { kind: kind.word(), id }),
        })
    }

    /// Lets a person set the status of many incidents at once, which tells nobody and moves no time.
    pub fn bulk_update_incidents(&self, ids: &[u64], status: &str) {
        self.lock().bulk_status(Kind::Incident, ids, status);
    }

    /// Ties a technical service into NetBox; an alert may name it as its target.
    pub fn new_service(&self, name: &str) -> u64 {
        let now = self.shared.clock.now();
        self.lock().new_service(name, now)
    }

    /// Fills NetBox with so many incidents and as many events, all but every hundredth over, without telling anybody.
    pub fn populate(&self, count: u64) {
        let now = self.shared.clock.now();
        self.lock().populate(count, now);
    }

    /// Changes the state and posts the webhooks that follow.
    fn change<T>(&self, who: &str, change: impl FnOnce(&mut State, Timestamp) -> T) -> T {
        self.request(who, change).0
    }

    fn request<T>(&self, who: &str, change: impl FnOnce(&mut State, Timestamp) -> T) -> (T, String) {
        let mut state = self.lock();
        let now = self.shared.clock.now();
        let request_id = state.random.uuid();
        let result = change(&mut state, now);
        state.tell(who, &request_id, now);
        let parcels = std::mem::take(&mut state.outbox);
        self.outgoing.send(parcels);
        drop(state);
        self.shared.changed.notify_one();
        (result, request_id)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LookAlike for NetBox {
    const SYSTEM: System = System::NetBox;

    fn label(call: &Call) -> String {
        let shown = call.segments.iter().map(|part| if part.parse::<u64>().is_ok() { "{id}" } else { part.as_str() });
        format!("{} /{}/", call.method, shown.collect::<Vec<_>>().join("/"))
    }

    fn handle(&self, call: &Call, _now: Timestamp) -> Reply {
        let login = self.read(|state| state.log_in(call));
        let who = login.as_ref().map(|login| login.user.clone()).unwrap_or_default();
        let (reply, request_id) = self.request(&who, |state, now| match &login {
            Ok(login) => state.dispatch(call, login, now),
            Err(detail) => state.dispatch_anonymous(call, detail),
        });
        reply.with("X-Request-ID", request_id).with("API-Version", "4.5").with_default("Server", "gunicorn")
    }

    fn refusal(&self, _label: &str, status: u16) -> Reply {
        let body = match status {
            500..=599 => json!({
                "error": "the server is in trouble", "exception": "RuntimeError", "netbox_version": "4.5.0",
                "python_version": "3.12.1",
            }),
            _ => json!({"detail": "refused"}),
        };
        Reply::json(status, &body)
    }
}
