//! The PagerDuty look-alike: REST, Events API v2 and webhooks v3 around one state machine.

mod auth;
mod envelope;
mod escalation;
mod events;
mod lifecycle;
mod limits;
mod model;
mod oauth;
mod oncall;
mod paging;
mod people;
mod refusal;
mod render;
mod rest;
mod seed;
mod seeding;
mod settings;
mod state;
mod subscriptions;
mod timers;
mod view;
mod webhooks;

use std::sync::{Arc, Mutex, PoisonError};

use http::Method;
use jiff::Timestamp;
use serde_json::value::{RawValue, to_raw_value};
use tokio::sync::Notify;

use self::auth::{Key, Pass};
use self::limits::Quota;
use self::model::{Filter, IncidentIx, Subscription};
use self::refusal::Refusal;
use self::render::Links;
use self::rest::Ask;
use self::state::State;
use crate::config::{Credentials, PagerDutyConfig};
use crate::faults::System;
use crate::outgoing::{Outgoing, RetryPolicy, SavedQueue};
use crate::seed_file::{SeedError, SeedFile};
use crate::shell::{LookAlike, Shared};
use crate::wire::{Call, Origin, Reply};

pub use self::model::ServiceState;
pub use self::people::{ActError, IncidentAct, NewEvent, NewIncident};
pub(crate) use self::refusal::{missing_scopes, words_of_status};
pub use self::settings::{PagerDutySettings, SettingsError};
pub use self::view::{
    ChangeEventView, IncidentAlertView, IncidentLogLine, IncidentView, NoteView, PagerDutySnapshot, ServiceView,
    SubscriptionView,
};

const HOSTS: [&str; 5] = [
    "api.pagerduty.com",
    "api.eu.pagerduty.com",
    "events.pagerduty.com",
    "events.eu.pagerduty.com",
    "identity.pagerduty.com",
];
const DROPS_MAX: u32 = 3;
const DISABLED_MS: u64 = 24 * 60 * 60 * 1_000;

/// The PagerDuty look-alike.
#[derive(Debug)]
pub struct PagerDuty {
    state: Mutex<State>,
    outgoing: Arc<Outgoing>,
    shared: Shared,
    /// Tells the timer that something may be due earlier than it thinks.
    timers_changed: Notify,
}

impl PagerDuty {
    pub(crate) fn new(
        config: PagerDutyConfig,
        given: &Credentials,
        seed: u64,
        url: String,
        shared: Shared,
        client: reqwest::Client,
    ) -> PagerDuty {
        let policy = RetryPolicy {
            timeout_ms: config.webhook_timeout_ms,
            first_ms: config.webhook_retry_ms,
            cap_ms: config.webhook_retry_cap_ms,
            total_ms: config.webhook_retry_total_ms,
            attempts_max: u32::MAX,
            drops_max: Some(DROPS_MAX),
            disabled_ms: DISABLED_MS,
        };
        let outgoing = Outgoing::new(System::PagerDuty, policy, shared.clone(), client);
        let state = Mutex::new(State::new(config, given, seed, url, shared.clock.now()));
        PagerDuty { state, outgoing, shared, timers_changed: Notify::new() }
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

    /// Replaces what the account started with by what a seed file says.
    pub(crate) fn plant(&self, file: &SeedFile, given: &Credentials) -> Result<(), SeedError> {
        self.change(|state, now| state.plant(file, given, now))
    }

    /// Shows everything that PagerDuty holds.
    pub fn snapshot(&self) -> PagerDutySnapshot {
        self.change(|_, _| ());
        let state = self.lock();
        PagerDutySnapshot {
            incidents: (0..state.incidents.len()).map(|place| state.view(IncidentIx(place))).collect(),
            creates_per_key: state.creates.clone(),
            events: state.events.iter().map(|(became, count)| ((*became).to_owned(), *count)).collect(),
            services: state.service_views(),
            users: state.users.iter().map(|(_, user)| user.name.clone()).collect(),
            change_events: state.change_event_views(),
            subscriptions: self.subscription_views(&state),
            webhooks: self.outgoing.counts(),
            webhook_log: self.outgoing.records(),
            calls: self.shared.counters.of(System::PagerDuty),
        }
    }

    /// Shows one incident, found by id, number or key.
    ///
    /// # Errors
    /// [`ActError::NoIncident`] if there is none.
    pub fn incident(&self, name: &str) -> Result<IncidentView, ActError> {
        self.change(|state, _| Ok(state.view(state.find_any(name)?)))
    }

    /// Subscribes a URL to the webhooks of the whole account; returns the subscription's id.
    ///
    /// Without `secret` the account's default secret signs; no `events` means all.
    pub fn subscribe(&self, url: &str, secret: Option<&str>, events: &[&str]) -> String {
        let mut state = self.lock();
        let secret = secret.map_or_else(|| state.webhook_secret.clone(), str::to_owned);
        let id = state.random.short_id();
        state.subscriptions.push(Subscription {
            id: id.clone(),
            url: url.to_owned(),
            description: "made by the sandbox's control".to_owned(),
            headers: Vec::new(),
            secrets: vec![secret],
            events: events.iter().map(|event| (*event).to_owned()).collect(),
            filter: Filter::Account,
            active: true,
            removed: false,
        });
        id
    }

    /// Removes a subscription.
    ///
    /// # Errors
    /// [`ActError::NoSubscription`] if there is none.
    pub fn unsubscribe(&self, id: &str) -> Result<(), ActError> {
        let mut state = self.lock();
        let place = state.subscription(id).map_err(|_| ActError::NoSubscription(id.to_owned()))?;
        state.subscriptions[place].removed = true;
        self.outgoing.discard(id);
        Ok(())
    }

    /// Adds a newer secret to a subscription: both sign from now on, as during a rotation.
    ///
    /// # Errors
    /// [`ActError::NoSubscription`] if there is none.
    pub fn add_secret(&self, id: &str, secret: &str) -> Result<(), ActError> {
        let mut state = self.lock();
        let place = state.subscription(id).map_err(|_| ActError::NoSubscription(id.to_owned()))?;
        state.subscriptions[place].secrets.insert(0, secret.to_owned());
        Ok(())
    }

    /// Switches a subscription off for a day, as three dropped webhooks in a row do.
    ///
    /// # Errors
    /// [`ActError::NoSubscription`] if there is none.
    pub fn disable_subscription(&self, id: &str) -> Result<(), ActError> {
        let state = self.lock();
        state.subscription(id).map_err(|_| ActError::NoSubscription(id.to_owned()))?;
        self.outgoing.disable(id);
        Ok(())
    }

    /// Lets a person open an incident by hand; a name nobody has yet is hired.
    ///
    /// # Errors
    /// [`ActError::NoService`] if the service does not exist.
    pub fn open(&self, new: NewIncident, who: &str) -> Result<IncidentView, ActError> {
        self.change(|state, now| {
            let who = state.person(who);
            let ix = state.person_opens(new, who, now)?;
            Ok(state.view(ix))
        })
    }

    /// Lets a person do something to an incident, found by id, number or key; a name nobody has yet is hired.
    ///
    /// # Errors
    /// [`ActError`] if the incident does not exist or its status does not allow it.
    pub fn act(&self, incident: &str, act: IncidentAct, who: &str) -> Result<IncidentView, ActError> {
        self.change(|state, now| {
            let ix = state.find_any(incident)?;
            let who = state.person(who);
            state.person_acts(ix, act, who, now)?;
            Ok(state.view(ix))
        })
    }

    /// Sends a trigger event to a service's integration; returns the event's dedup key, or why it was refused.
    ///
    /// As with the real one, an accepted event need not open an incident.
    ///
    /// # Errors
    /// [`ActError::NoService`] if the service does not exist or has no such integration.
    pub fn trigger(&self, event: NewEvent) -> Result<Result<String, String>, ActError> {
        let routing_key = self.read(|state| {
            let service = state.service_by_id(&event.service_id);
            service.and_then(|ix| state.routing_key_of(ix)).map(str::to_owned)
        });
        let routing_key = routing_key.ok_or(ActError::NoService(event.service_id))?;
        let body = serde_json::json!({
            "routing_key": routing_key, "event_action": "trigger", "dedup_key": event.dedup_key,
            "payload": {"summary": event.summary, "source": "the sandbox", "severity": event.severity},
        });
        let origin = Origin { scheme: "http", host: "localhost".to_owned() };
        let call = Call::new(Method::POST, "/v2/enqueue", http::HeaderMap::new(), body.to_string().into(), &origin);
        let reply = self.handle(&call, self.shared.clock.now());
        let answer = || String::from_utf8_lossy(&reply.body).into_owned();
        let dedup_key = serde_json::from_slice::<serde_json::Value>(&reply.body).ok();
        let dedup_key = dedup_key.and_then(|body| body["dedup_key"].as_str().map(str::to_owned));
        Ok(dedup_key.ok_or_else(|| format!("{}: {}", reply.status, answer())))
    }

    /// Makes a further REST token: of the account, or of a user named by id, e-mail or name; a name nobody has yet is
    /// hired. A read-only one is refused every write with 403.
    pub fn add_token(&self, user: Option<&str>, read_only: bool) -> String {
        let mut state = self.lock();
        let user = user.map(|name| state.person(name));
        let token = state.random.token(if user.is_some() { "u+" } else { "a+" });
        state.keys.insert(token.clone(), Key { user, read_only });
        token
    }

    /// Says whether a contact method (by id) was verified, and whether nothing is sent to it any more; no API can.
    ///
    /// # Errors
    /// [`ActError::NoContactMethod`] if there is none.
    pub fn set_contact_method(&self, id: &str, enabled: bool, blacklisted: bool) -> Result<(), ActError> {
        let mut state = self.lock();
        let found = state.users.iter().find_map(|(ix, user)| {
            user.contact_methods.iter().position(|method| method.id == id).map(|place| (ix, place))
        });
        let (user, place) = found.ok_or_else(|| ActError::NoContactMethod(id.to_owned()))?;
        let method = &mut state.users[user].contact_methods[place];
        (method.enabled, method.blacklisted) = (enabled, blacklisted);
        Ok(())
    }

    /// Switches a service on or off.
    ///
    /// # Errors
    /// [`ActError::NoService`] if the service does not exist.
    pub fn set_service(&self, id: &str, to: ServiceState) -> Result<(), ActError> {
        let mut state = self.lock();
        let ix = state.service_by_id(id).ok_or_else(|| ActError::NoService(id.to_owned()))?;
        state.services[ix].state = to;
        Ok(())
    }

    /// Reads what the ready line and the tests need to know.
    pub(crate) fn read<T>(&self, read: impl FnOnce(&State) -> T) -> T {
        read(&self.lock())
    }

    /// Lets things happen by themselves when their time comes, until the sandbox stops.
    pub(crate) async fn run_timers(self: Arc<Self>) {
        loop {
            let changed = self.timers_changed.notified();
            let next = self.lock().next_due();
            tokio::select! {
                () = changed => {}
                () = self.shared.clock.sleep_until(next.unwrap_or(Timestamp::MAX)), if next.is_some() => {
                    self.change(|_, _| ());
                }
                () = self.shared.cancel.cancelled() => return,
            }
        }
    }

    /// Changes the state and posts the webhooks that follow, in the same order as the changes.
    fn change<T>(&self, change: impl FnOnce(&mut State, Timestamp) -> T) -> T {
        let mut state = self.lock();
        // The time is taken under the lock, so that it never runs backwards from one change to the next.
        let now = self.shared.clock.now();
        state.run_due(now);
        let result = change(&mut state, now);
        let parcels = std::mem::take(&mut state.outbox);
        self.outgoing.send(parcels);
        drop(state);
        self.timers_changed.notify_one();
        self.shared.changed.notify_one();
        result
    }

    fn subscription_views(&self, state: &State) -> Vec<SubscriptionView> {
        let kept = state.subscriptions.iter().filter(|one| !one.removed);
        let view = |one: &Subscription| SubscriptionView {
            id: one.id.clone(),
            url: one.url.clone(),
            events: one.events.clone(),
            active: one.active,
            temporarily_disabled: self.outgoing.is_disabled(&one.id),
        };
        kept.map(view).collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn rest(&self, state: &mut State, call: &Call, parts: &[&str], prefix: &str, now: Timestamp) -> Reply {
        let what = parts.first().copied().unwrap_or_default();
        let Pass { caller, credential } = match state.authenticate(call, what, now) {
            Ok(pass) => pass,
            Err(reply) => return reply,
        };
        let quota = state.limits.rest(&state.config, &credential, &PagerDuty::label(call), now);
        if quota.exceeded {
            return with_quota(Refusal::of_status(429), quota);
        }
        let reply = links(state, call, prefix).and_then(|links| {
            let ask = Ask { call, caller, links: &links, now };
            state.answer(&ask, parts, &self.outgoing)
        });
        with_quota(reply.unwrap_or_else(|refusal| refusal.reply()), quota)
    }
}

impl LookAlike for PagerDuty {
    const SYSTEM: System = System::PagerDuty;

    fn label(call: &Call) -> String {
        let parts = call.parts();
        let (_, parts) = without_host(&parts);
        let first = parts.first().copied().unwrap_or_default();
        // Ids have capital letters, numbers have digits, and what the API names has neither.
        let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        let literal =
            |place: usize, part: &str| matches!(first, "v2" | "generic" | "oauth") || place == 0 || plain(part);
        let shown = parts.iter().enumerate().map(|(place, part)| if literal(place, part) { part } else { "{id}" });
        format!("{} /{}", call.method, shown.collect::<Vec<_>>().join("/"))
    }

    fn handle(&self, call: &Call, _now: Timestamp) -> Reply {
        let parts = call.parts();
        let (prefix, parts) = without_host(&parts);
        self.change(|state, now| {
            let reply = match parts {
                ["v2", "enqueue"] if call.method == Method::POST => state.enqueue(call, now),
                ["v2", "change", "enqueue"] if call.method == Method::POST => state.enqueue_change(call, now),
                ["generic", "2010-04-15", "create_event.json"] if call.method == Method::POST => {
                    state.create_event(call, now)
                }
                ["oauth", "token"] if call.method == Method::POST => state.issue_token(call, now),
                ["v2" | "generic" | "oauth", ..] => Refusal::not_found().reply(),
                _ => self.rest(state, call, parts, &prefix, now),
            };
            reply.with("x-request-id", state.random.uuid())
        })
    }

    fn refusal(&self, label: &str, status: u16) -> Reply {
        let reply = events::refusal(label, status).unwrap_or_else(|| Refusal::of_status(status));
        reply.with("x-request-id", self.lock().random.uuid())
    }
}

/// Takes off a leading `/api.pagerduty.com`, or another of the hosts, which some clients need to see in the address.
fn without_host<'a, 'b>(parts: &'a [&'b str]) -> (String, &'a [&'b str]) {
    match parts {
        [host, rest @ ..] if HOSTS.contains(host) => (format!("/{host}"), rest),
        _ => (String::new(), parts),
    }
}

/// Makes the links of a reply, which lead back the way the client came.
fn links(state: &State, call: &Call, prefix: &str) -> Result<Links, Refusal> {
    let api = state.config.public_url.clone().unwrap_or_else(|| format!("{}{prefix}", call.base));
    let mut links = Links::new(api, state.config.web_base.clone());
    if let Some(name) = call.query("time_zone").filter(|name| !matches!(*name, "" | "UTC" | "Etc/UTC")) {
        let zone = jiff::tz::TimeZone::get(name);
        links.zone = Some(zone.map_err(|_| Refusal::invalid("Time zone is not a known time zone"))?);
    }
    Ok(links)
}

fn with_quota(reply: Reply, quota: Quota) -> Reply {
    reply
        .with("ratelimit-limit", quota.limit.to_string())
        .with("ratelimit-remaining", quota.remaining.to_string())
        .with("ratelimit-reset", quota.reset_s.to_string())
}
