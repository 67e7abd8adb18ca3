//! Carries webhooks: in order per lane, with retries, and with the faults in force.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use serde::Serialize;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use crate::clock::after;
use crate::faults::System;
use crate::shell::Shared;

/// How many webhooks of one system are on their way at once.
const IN_FLIGHT_MAX: usize = 128;
/// How many finished attempts are remembered for the state page.
const RECORDS_MAX: usize = 1_000;

/// When a webhook is sent again, and when it is given up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RetryPolicy {
    pub(crate) timeout_ms: u64,
    pub(crate) first_ms: u64,
    pub(crate) cap_ms: u64,
    /// Gives up this long after the first attempt.
    pub(crate) total_ms: u64,
    pub(crate) attempts_max: u32,
    /// Switches the target off after so many dropped webhooks in a row, for `disabled_ms`.
    pub(crate) drops_max: Option<u32>,
    pub(crate) disabled_ms: u64,
}

/// One webhook on its way.
#[derive(Debug, Clone)]
pub(crate) struct Parcel {
    /// The subscription or hook that it belongs to.
    pub(crate) target: String,
    /// Parcels of one lane go out in order: target and incident or alert.
    pub(crate) lane: String,
    pub(crate) url: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Bytes,
    /// The event type or action, for faults and the record.
    pub(crate) label: String,
    /// The incident or alert that it is about.
    pub(crate) about: String,
    /// The id that stays the same over retries.
    pub(crate) webhook_id: String,
}

/// One attempt to deliver a webhook, or what a fault did to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WebhookRecord {
    /// When it ended, on the sandbox's clock.
    pub at: Timestamp,
    /// The event type or action.
    pub event: String,
    /// The incident or alert.
    pub about: String,
    /// The id that stays the same over retries.
    pub webhook_id: String,
    /// The number of the attempt, from 1; 0 for what a fault dropped.
    pub attempt: u32,
    /// What came of it: `delivered`, `retry: ...`, `given up: ...`, `dropped by fault`.
    pub outcome: String,
}

/// How many webhooks ended how.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct WebhookCounts {
    /// Made by the look-alike.
    pub made: u64,
    /// Attempts over the wire.
    pub attempts: u64,
    /// Answered 2xx.
    pub delivered: u64,
    /// Delivered once more by a fault.
    pub duplicated: u64,
    /// Given up after a refusal or too many attempts.
    pub given_up: u64,
    /// Never sent, because of a fault or a switched-off target.
    pub dropped: u64,
    /// Waiting to be sent or on the way now.
    pub waiting: u64,
}

#[derive(Debug, Default)]
struct State {
    lanes: HashMap<String, VecDeque<Parcel>>,
    health: BTreeMap<String, Health>,
    counts: WebhookCounts,
    records: VecDeque<WebhookRecord>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Health {
    dropped_in_a_row: u32,
    disabled_until: Option<Timestamp>,
}

/// How one attempt ended.
enum Attempt {
    Delivered,
    Again(String),
    Refused(String),
}

/// The post office of one system.
#[derive(Debug)]
pub(crate) struct Outgoing {
    system: System,
    policy: RetryPolicy,
    shared: Shared,
    runtime: Handle,
    client: reqwest::Client,
    permits: Semaphore,
    state: Mutex<State>,
}

impl Outgoing {
    /// Must be called within a runtime, which then carries the webhooks.
    pub(crate) fn new(system: System, policy: RetryPolicy, shared: Shared, client: reqwest::Client) -> Arc<Outgoing> {
        let permits = Semaphore::new(IN_FLIGHT_MAX);
        let runtime = Handle::current();
        Arc::new(Outgoing { system, policy, shared, runtime, client, permits, state: Mutex::default() })
    }

    /// Takes parcels over; keeps their order per lane. Does not block.
    pub(crate) fn send(self: &Arc<Self>, parcels: Vec<Parcel>) {
        if parcels.is_empty() {
            return;
        }
        let now = self.shared.clock.now();
        let mut state = self.lock();
        for parcel in parcels {
            state.counts.made += 1;
            if state.is_disabled(&parcel.target, now) {
                state.counts.dropped += 1;
                continue;
            }
            state.counts.waiting += 1;
            if let Some(lane) = state.lanes.get_mut(&parcel.lane) {
                lane.push_back(parcel);
                continue;
            }
            let lane = parcel.lane.clone();
            state.lanes.insert(lane.clone(), VecDeque::from([parcel]));
            self.spawn(self.clone().run_lane(lane));
        }
    }

    pub(crate) fn is_disabled(&self, target: &str) -> bool {
        self.lock().is_disabled(target, self.shared.clock.now())
    }

    /// Switches a target on again.
    pub(crate) fn enable(&self, target: &str) {
        self.lock().health.remove(target);
    }

    pub(crate) fn counts(&self) -> WebhookCounts {
        self.lock().counts.clone()
    }

    /// Returns the latest finished attempts, oldest first.
    pub(crate) fn records(&self) -> Vec<WebhookRecord> {
        self.lock().records.iter().cloned().collect()
    }

    fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let cancel = self.shared.cancel.clone();
        let stoppable = async move {
            tokio::select! {
                () = work => {}
                () = cancel.cancelled() => {}
            }
        };
        self.shared.tracker.spawn_on(stoppable, &self.runtime);
    }

    async fn run_lane(self: Arc<Self>, lane: String) {
        while let Some(parcel) = self.next_of(&lane) {
            self.carry(parcel).await;
        }
    }

    /// Takes the lane's next parcel; an empty lane ends, under the same lock that `send` looks at it with.
    fn next_of(&self, lane: &str) -> Option<Parcel> {
        let mut state = self.lock();
        let next = state.lanes.get_mut(lane).and_then(VecDeque::pop_front);
        if next.is_none() {
            state.lanes.remove(lane);
        }
        next
    }

    async fn carry(self: &Arc<Self>, parcel: Parcel) {
        let plan = self.shared.faults.plan_webhook(self.system, &parcel.label, self.shared.clock.now());
        if plan.dropped {
            self.settle(&parcel, 0, "dropped by fault", |counts| counts.dropped += 1);
            return;
        }
        if let Some(ms) = plan.overtaken_ms {
            let office = self.clone();
            self.spawn(async move {
                office.shared.clock.sleep_ms(ms).await;
                office.deliver(&parcel).await;
            });
            return;
        }
        if plan.delay_ms > 0 {
            self.shared.clock.sleep_ms(plan.delay_ms).await;
        }
        self.deliver(&parcel).await;
        for ms in plan.again_after_ms {
            let (office, parcel) = (self.clone(), parcel.clone());
            self.spawn(async move {
                office.shared.clock.sleep_ms(ms).await;
                office.lock().counts.duplicated += 1;
                office.attempt(&parcel).await;
            });
        }
    }

    /// Tries until it is delivered, refused or too old.
    async fn deliver(&self, parcel: &Parcel) {
        let clock = &self.shared.clock;
        let give_up_at = after(clock.now(), self.policy.total_ms);
        for number in 1.. {
            if self.is_disabled(&parcel.target) {
                self.settle(parcel, number, "dropped: the target is switched off", |counts| counts.dropped += 1);
                return;
            }
            let why = match self.attempt(parcel).await {
                Attempt::Delivered => {
                    self.lock().health.remove(&parcel.target);
                    self.settle(parcel, number, "delivered", |counts| counts.delivered += 1);
                    return;
                }
                Attempt::Refused(why) => {
                    self.give_up(parcel, number, &why);
                    return;
                }
                Attempt::Again(why) => why,
            };
            let next_at = after(clock.now(), self.pause_ms(number));
            if number >= self.policy.attempts_max || next_at > give_up_at {
                self.give_up(parcel, number, &why);
                return;
            }
            self.record(parcel, number, &format!("retry: {why}"));
            clock.sleep_until(next_at).await;
        }
    }

    fn pause_ms(&self, number: u32) -> u64 {
        let doubled = self.policy.first_ms.saturating_mul(1 << (number - 1).min(20));
        doubled.min(self.policy.cap_ms)
    }

    /// Sends once. The time limit is real time: it is the receiver that takes it.
    async fn attempt(&self, parcel: &Parcel) -> Attempt {
        let Ok(_permit) = self.permits.acquire().await else {
            return Attempt::Refused("the sandbox is stopping".to_owned());
        };
        self.lock().counts.attempts += 1;
        let mut request = self
            .client
            .post(&parcel.url)
            .timeout(Duration::from_millis(self.policy.timeout_ms))
            .body(parcel.body.clone());
        for (name, value) in &parcel.headers {
            request = request.header(name, value);
        }
        match request.send().await {
            Ok(response) => classify(response.status().as_u16()),
            Err(error) if error.is_builder() => Attempt::Refused(error.to_string()),
            Err(error) => Attempt::Again(error.without_url().to_string()),
        }
    }

    fn give_up(&self, parcel: &Parcel, number: u32, why: &str) {
        let mut state = self.lock();
        let health = state.health.entry(parcel.target.clone()).or_default();
        health.dropped_in_a_row += 1;
        if self.policy.drops_max.is_some_and(|max| health.dropped_in_a_row >= max) {
            health.disabled_until = Some(after(self.shared.clock.now(), self.policy.disabled_ms));
        }
        drop(state);
        self.settle(parcel, number, &format!("given up: {why}"), |counts| counts.given_up += 1);
    }

    fn settle(&self, parcel: &Parcel, number: u32, outcome: &str, count: impl FnOnce(&mut WebhookCounts)) {
        let mut state = self.lock();
        state.counts.waiting -= 1;
        count(&mut state.counts);
        drop(state);
        self.record(parcel, number, outcome);
    }

    fn record(&self, parcel: &Parcel, attempt: u32, outcome: &str) {
        let record = WebhookRecord {
            at: self.shared.clock.now(),
            event: parcel.label.clone(),
            about: parcel.about.clone(),
            webhook_id: parcel.webhook_id.clone(),
            attempt,
            outcome: outcome.to_owned(),
        };
        let mut state = self.lock();
        if state.records.len() == RECORDS_MAX {
            state.records.pop_front();
        }
        state.records.push_back(record);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn is_disabled(&self, target: &str, now: Timestamp) -> bool {
        let until = self.health.get(target).and_then(|health| health.disabled_until);
        until.is_some_and(|until| now < until)
    }
}

fn classify(status: u16) -> Attempt {
    match status {
        200..=299 => Attempt::Delivered,
        429 | 500.. => Attempt::Again(format!("status {status}")),
        _ => Attempt::Refused(format!("status {status}")),
    }
}
