//! The NetBox look-alike: NetBox 4.5.0 with its Business Application plugin 2.1.0, as recorded.

mod api;
mod auth;
mod effects;
mod form;
mod hooks;
mod list;
mod model;
mod objects;
mod people;
mod refusal;
mod shelves;
mod state;
mod view;

use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use serde_json::value::{RawValue, to_raw_value};

use self::api::Route;
use self::hooks::Cause;
use self::refusal::Refusal;
use self::state::State;
use crate::config::{Credentials, NetBoxConfig};
use crate::faults::System;
use crate::outgoing::{Outgoing, RetryPolicy, SavedQueue};
use crate::shell::{LookAlike, Shared};
use crate::wire::{Call, Reply};

pub use self::auth::{NetBoxRights, NewToken};
pub use self::people::{NetBoxError, NetBoxSnapshot};

/// How long the worker lets one job take; NetBox itself sets no limit.
const WEBHOOK_TIMEOUT_MS: u64 = 300_000;

/// The NetBox look-alike.
#[derive(Debug)]
pub struct NetBox {
    state: Mutex<State>,
    outgoing: Arc<Outgoing>,
    shared: Shared,
}

impl NetBox {
    pub(crate) fn new(
        config: NetBoxConfig,
        given: &Credentials,
        seed: u64,
        shared: Shared,
        client: reqwest::Client,
    ) -> NetBox {
        let policy = RetryPolicy {
            timeout_ms: WEBHOOK_TIMEOUT_MS,
            first_ms: config.webhook_retry_ms,
            cap_ms: config.webhook_retry_ms,
            total_ms: u64::MAX,
            attempts_max: config.webhook_retries.saturating_add(1),
            drops_max: None,
            disabled_ms: 0,
        };
        let outgoing = Outgoing::new(System::NetBox, policy, shared.clone(), client);
        let state = Mutex::new(State::new(config, given, seed, shared.clock.now()));
        NetBox { state, outgoing, shared }
    }

    /// Shows what is kept in a state file, with the webhooks that belong to the same moment.
    pub(crate) fn save(&self) -> (Box<RawValue>, SavedQueue) {
        let state = self.lock();
        let kept = to_raw_value(&*state).expect("every key of a map is a text or a number");
        (kept, self.outgoing.save())
    }

    /// Goes on where a state file says.
    pub(crate) fn restore(&self, saved: &RawValue, webhooks: SavedQueue) -> Result<(), serde_json::Error> {
        let saved: State = serde_json::from_str(saved.get())?;
        self.lock().restore(saved);
        self.outgoing.restore(webhooks);
        Ok(())
    }

    pub(crate) fn read<T>(&self, read: impl FnOnce(&State) -> T) -> T {
        read(&self.lock())
    }

    /// Changes the state in one request and posts the webhooks that follow, in the order of the changes.
    fn request<T>(&self, username: Option<&str>, change: impl FnOnce(&mut State, &mut Cause, Timestamp) -> T) -> T {
        let mut state = self.lock();
        let now = self.shared.clock.now();
        let request_id = state.random.uuid();
        let username = username.unwrap_or_default().to_owned();
        let mut cause = Cause { web: !username.is_empty(), username, request_id };
        let result = change(&mut state, &mut cause, now);
        state.send_touched(&cause, now);
        let parcels = std::mem::take(&mut state.outbox);
        // Without a worker nothing is ever sent, and nobody is told.
        if state.config.webhook_worker {
            self.outgoing.send(parcels);
        }
        drop(state);
        self.shared.changed.notify_one();
        result
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LookAlike for NetBox {
    const SYSTEM: System = System::NetBox;

    fn label(call: &Call) -> String {
        let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        let shown = call.parts().into_iter().map(|part| if is_number(part) { "{id}" } else { part });
        format!("{} /{}/", call.method, shown.collect::<Vec<_>>().join("/"))
    }

    fn handle(&self, call: &Call, _now: Timestamp) -> Reply {
        let parts = call.parts();
        let Some(route) = Route::of(&parts) else {
            let request_id = self.lock().random.uuid();
            return dress(Refusal::NoRoute.reply(), &request_id);
        };
        if !call.ends_in_slash {
            let request_id = self.lock().random.uuid();
            return dress(Refusal::Moved(with_slash(call)).reply(), &request_id);
        }
        self.request(None, |state, cause, now| {
            let reply = state.caller(call, now).and_then(|caller| {
                cause.username.clone_from(&caller.user.username);
                state.answer(call, route, &caller, cause, now)
            });
            let reply = reply.unwrap_or_else(|refusal| refusal.reply());
            dress(reply, &cause.request_id).with_default("Allow", route.allowed())
        })
    }

    fn refusal(&self, _label: &str, status: u16) -> Reply {
        let request_id = self.lock().random.uuid();
        dress(Refusal::of_status(status), &request_id)
    }
}

/// Adds what every reply has.
fn dress(reply: Reply, request_id: &str) -> Reply {
    reply
        .with_default("API-Version", "4.5")
        .with_default("X-Request-ID", request_id)
        .with_default("Vary", "HX-Request, Accept-Language, Cookie, origin")
}

/// Makes the path that the client should have asked for.
fn with_slash(call: &Call) -> String {
    let path = format!("/{}/", call.segments.join("/"));
    if call.query.is_empty() {
        return path;
    }
    let pairs =
        call.query.iter().map(|(name, value)| format!("{}={}", crate::wire::encode(name), crate::wire::encode(value)));
    format!("{path}?{}", pairs.collect::<Vec<_>>().join("&"))
}
