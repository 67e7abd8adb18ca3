//! The Opsgenie look-alike: the asynchronous alert API and webhooks around one state machine.

mod api;
mod fields;
mod hooks;
mod model;
mod query;
mod refusal;
mod requests;
mod state;
mod view;

use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use serde_json::value::{RawValue, to_raw_value};
use tokio::sync::Notify;

use self::hooks::Hook;
use self::refusal::Refusal;
use self::state::State;
use crate::config::{Credentials, OpsgenieConfig};
use crate::faults::System;
use crate::outgoing::{Outgoing, RetryPolicy, SavedQueue};
use crate::shell::{LookAlike, Shared};
use crate::wire::{Call, Reply};

pub use self::model::{AlertAct, NewAlert};
pub use self::view::{AlertLogLine, AlertNoteView, AlertView, OpsgenieSnapshot};

const WEBHOOK_TIMEOUT_MS: u64 = 10_000;
const WINDOW_MS: i64 = 60_000;

/// The Opsgenie look-alike.
#[derive(Debug)]
pub struct Opsgenie {
    state: Mutex<State>,
    outgoing: Arc<Outgoing>,
    shared: Shared,
    /// Tells the processor that something may be due earlier than it thinks.
    due_changed: Notify,
}

/// Says why a person's act cannot be done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpsgenieError {
    /// There is no such alert.
    #[error("no alert has the id, alias or tiny id `{0}`")]
    NoAlert(String),
    /// There is no such hook.
    #[error("no webhook has the id `{0}`")]
    NoHook(String),
    /// The alert's state does not allow it.
    #[error("alert {alert}: {why}")]
    Refused {
        /// The alert, as it was named.
        alert: String,
        /// Why it cannot be done.
        why: String,
    },
}

impl Opsgenie {
    pub(crate) fn new(
        config: OpsgenieConfig,
        given: &Credentials,
        seed: u64,
        shared: Shared,
        client: reqwest::Client,
    ) -> Opsgenie {
        let policy = RetryPolicy {
            timeout_ms: WEBHOOK_TIMEOUT_MS,
            first_ms: config.webhook_retry_ms,
            cap_ms: config.webhook_retry_ms.saturating_mul(60),
            total_ms: u64::MAX,
            attempts_max: config.webhook_retries.saturating_add(1),
            drops_max: None,
            disabled_ms: 0,
        };
        let outgoing = Outgoing::new(System::Opsgenie, policy, shared.clone(), client);
        let state = Mutex::new(State::new(config, given, seed));
        Opsgenie { state, outgoing, shared, due_changed: Notify::new() }
    }

    /// Shows what is kept in a state file, with the webhooks that belong to the same moment.
    pub(crate) fn save(&self) -> (Box<RawValue>, SavedQueue) {
        let state = self.lock();
        let kept = to_raw_value(&*state).expect("every key of a map is a text or a pair's");
        (kept, self.outgoing.save())
    }

    /// Goes on where a state file says.
    pub(crate) fn restore(&self, saved: &RawValue, webhooks: SavedQueue) -> Result<(), serde_json::Error> {
        let saved: State = serde_json::from_str(saved.get())?;
        self.lock().restore(saved);
        self.outgoing.restore(webhooks);
        Ok(())
    }

    /// Shows everything that Opsgenie holds.
    pub fn snapshot(&self) -> OpsgenieSnapshot {
        let state = self.lock();
        OpsgenieSnapshot {
            alerts: (0..state.alerts.len()).map(|place| state.view(place)).collect(),
            creates_per_alias: state.creates.clone(),
            requests_waiting: state.requests.waiting(),
            heartbeats: state.heartbeats.clone(),
            webhooks: self.outgoing.counts(),
            webhook_log: self.outgoing.records(),
            calls: self.shared.counters.of(System::Opsgenie),
        }
    }

    /// Shows one alert, found by id, alias or tiny id.
    ///
    /// # Errors
    /// [`OpsgenieError::NoAlert`] if there is none.
    pub fn alert(&self, name: &str) -> Result<AlertView, OpsgenieError> {
        let state = self.lock();
        let place = state.find_any(name).ok_or_else(|| OpsgenieError::NoAlert(name.to_owned()))?;
        Ok(state.view(place))
    }

    /// Sends every action to a URL from now on, with these extra headers; returns the hook's id.
    pub fn subscribe(&self, url: &str, headers: &[(&str, &str)]) -> String {
        let mut state = self.lock();
        let id = state.random.uuid();
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        state.hooks.push(Hook { id: id.clone(), url: url.to_owned(), headers });
        id
    }

    /// Lists where webhooks go.
    pub fn hook_urls(&self) -> Vec<String> {
        self.lock().hooks.iter().map(|hook| hook.url.clone()).collect()
    }

    /// Removes a hook.
    ///
    /// # Errors
    /// [`OpsgenieError::NoHook`] if there is none.
    pub fn unsubscribe(&self, id: &str) -> Result<(), OpsgenieError> {
        let mut state = self.lock();
        let before = state.hooks.len();
        state.hooks.retain(|hook| hook.id != id);
        if state.hooks.len() == before { Err(OpsgenieError::NoHook(id.to_owned())) } else { Ok(()) }
    }

    /// Lets a person create an alert; with the alias of an open one, that one is counted up instead.
    pub fn create_alert(&self, new: NewAlert, who: &str) -> AlertView {
        self.change(|state, now| {
            let who = state.person(who);
            let (place, _) = state.create(new, &who, now);
            state.view(place)
        })
    }

    /// Lets a person do something to an alert, found by id, alias or tiny id.
    ///
    /// # Errors
    /// [`OpsgenieError`] if the alert does not exist or its state does not allow it.
    pub fn act(&self, alert: &str, act: AlertAct, who: &str) -> Result<AlertView, OpsgenieError> {
        self.change(|state, now| {
            let place = state.find_any(alert).ok_or_else(|| OpsgenieError::NoAlert(alert.to_owned()))?;
            let who = state.person(who);
            let refused = |why: &str| OpsgenieError::Refused { alert: alert.to_owned(), why: why.to_owned() };
            state.act(place, &act, &who, now).map_err(refused)?;
            Ok(state.view(place))
        })
    }

    pub(crate) fn read<T>(&self, read: impl FnOnce(&State) -> T) -> T {
        read(&self.lock())
    }

    /// Processes accepted writes when they are due, until the sandbox stops.
    pub(crate) async fn run_processor(self: Arc<Self>) {
        loop {
            let changed = self.due_changed.notified();
            let next = self.read(State::next_timer);
            tokio::select! {
                () = changed => {}
                () = self.shared.clock.sleep_until(next.unwrap_or(Timestamp::MAX)), if next.is_some() => {
                    self.change(|state, now| {
                        state.process(now);
                        state.wake_snoozed(now);
                    });
                }
                () = self.shared.cancel.cancelled() => return,
            }
        }
    }

    /// Changes the state and posts the webhooks that follow, in the same order as the changes.
    fn change<T>(&self, change: impl FnOnce(&mut State, Timestamp) -> T) -> T {
        let mut state = self.lock();
        let now = self.shared.clock.now();
        let due_before = state.next_timer();
        let result = change(&mut state, now);
        let parcels = std::mem::take(&mut state.outbox);
        self.outgoing.send(parcels);
        let due_after = state.next_timer();
        drop(state);
        if due_before != due_after {
            self.due_changed.notify_one();
        }
        self.shared.changed.notify_one();
        result
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn dispatch(&mut self, call: &Call, parts: &[&str], now: Timestamp) -> Result<Reply, Refusal> {
        match (call.method.as_str(), parts) {
            ("POST", ["alerts"]) => self.create_alert(call, now),
            ("GET", ["alerts"]) => self.list_alerts(call),
            ("GET", ["alerts", "count"]) => self.count_alerts(call),
            ("GET", ["alerts", "requests", id]) => self.get_request(id),
            ("GET", ["alerts", id]) => self.get_alert(call, id),
            ("GET", ["alerts", id, "notes"]) => self.list_notes(call, id),
            ("GET", ["alerts", id, "logs"]) => self.list_logs(call, id),
            ("POST" | "PUT" | "DELETE", ["alerts", id, rest @ ..]) => self.act_on_alert(call, id, rest, now),
            ("GET" | "POST", ["heartbeats", name, "ping"]) => Ok(self.ping_heartbeat(name)),
            _ => Err(Refusal::not_found("No such endpoint.")),
        }
    }

    /// Counts a call against the account's minute; returns whether it is let in.
    fn let_in(&mut self, now: Timestamp) -> bool {
        let Some(limit) = self.config.calls_per_minute else {
            return true;
        };
        let now_ms = now.as_millisecond();
        if now_ms - self.window.0 >= WINDOW_MS {
            self.window = (now_ms, 0);
        }
        self.window.1 += 1;
        self.window.1 <= limit
    }

    fn knows(&self, call: &Call) -> bool {
        let key = call.header("authorization").and_then(|header| header.trim().strip_prefix("GenieKey "));
        key.map(str::trim) == Some(self.api_key.as_str())
    }
}

impl LookAlike for Opsgenie {
    const SYSTEM: System = System::Opsgenie;

    fn label(call: &Call) -> String {
        let parts = call.parts();
        let literal = |place: usize, part: &str| match (after_version(&parts).first(), place) {
            (_, 0 | 2) => part != "requests" && !(place == 2 && after_version(&parts).get(1) == Some(&"requests")),
            (_, 1) => matches!(part, "count" | "requests"),
            _ => false,
        };
        let shown = after_version(&parts).iter().enumerate();
        let shown = shown.map(|(place, part)| if literal(place, part) { part } else { "{id}" });
        format!("{} /v2/{}", call.method, shown.collect::<Vec<_>>().join("/"))
    }

    fn handle(&self, call: &Call, _now: Timestamp) -> Reply {
        let parts = call.parts();
        self.change(|state, now| {
            let reply = if !state.knows(call) {
                Refusal::of_status(401)
            } else if !state.let_in(now) {
                Refusal::of_status(429)
            } else {
                let reply = state.dispatch(call, after_version(&parts), now);
                reply.unwrap_or_else(|refusal| refusal.reply()).with_default("X-RateLimit-State", "OK")
            };
            let request_id = state.random.uuid();
            dress(reply, &request_id)
        })
    }

    fn refusal(&self, _label: &str, status: u16) -> Reply {
        let request_id = self.lock().random.uuid();
        dress(Refusal::of_status(status), &request_id)
    }
}

/// Takes off what stands before `/v2`, so that a client with another base path (its successor's) works too.
fn after_version<'a, 'b>(parts: &'a [&'b str]) -> &'a [&'b str] {
    let version = parts.iter().position(|part| *part == "v2");
    version.map_or(&[], |place| &parts[place + 1..])
}

/// Adds what every reply has: `took` and `requestId` in the body, and two headers.
fn dress(reply: Reply, request_id: &str) -> Reply {
    let Ok(mut body) = serde_json::from_slice::<serde_json::Value>(&reply.body) else {
        return reply;
    };
    if body.get("requestId").is_none() {
        body["requestId"] = request_id.into();
    }
    body["took"] = 0.002.into();
    let headers = reply.headers;
    let dressed = Reply { headers, ..Reply::json(reply.status, &body) };
    dressed.with_default("X-Request-ID", request_id).with_default("X-Response-Time", "0.002")
}
