//! Carries webhooks: in order per lane, with retries, and with the faults in force.

mod attempt;
mod policy;
mod queue;
mod saved;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, watch};

use self::attempt::Attempt;
use self::queue::{Queue, Waiting};
use crate::clock::after;
use crate::faults::System;
use crate::shell::Shared;

pub(crate) use self::policy::{Care, Parcel, RetryPolicy};
pub use self::queue::{WebhookCounts, WebhookRecord};
pub(crate) use self::saved::SavedQueue;

/// How many webhooks of one system are on their way at once.
const IN_FLIGHT_MAX: usize = 128;

/// The post office of one system.
#[derive(Debug)]
pub(crate) struct Outgoing {
    system: System,
    policy: RetryPolicy,
    shared: Shared,
    runtime: Handle,
    client: reqwest::Client,
    permits: Semaphore,
    queue: Mutex<Queue>,
    /// Wakes the carriers that wait for a retry of something that may have been discarded.
    discards: watch::Sender<u64>,
}

impl Outgoing {
    /// Must be called within a runtime, which then carries the webhooks.
    pub(crate) fn new(system: System, policy: RetryPolicy, shared: Shared, client: reqwest::Client) -> Arc<Outgoing> {
        Arc::new(Outgoing {
            system,
            policy,
            shared,
            runtime: Handle::current(),
            client,
            permits: Semaphore::new(IN_FLIGHT_MAX),
            queue: Mutex::default(),
            discards: watch::Sender::new(0),
        })
    }

    /// Takes parcels over; keeps their order per lane. Does not block.
    pub(crate) fn send(self: &Arc<Self>, parcels: Vec<Parcel>) {
        if parcels.is_empty() {
            return;
        }
        let now = self.shared.clock.now();
        let mut queue = self.lock();
        for parcel in parcels {
            queue.counts.made += 1;
            let dropped = match parcel.care {
                Care::Dropped(why) => Some(why),
                _ if queue.is_disabled(&parcel.target, now) => Some("the target is switched off"),
                _ => None,
            };
            if let Some(why) = dropped {
                queue.counts.dropped += 1;
                queue.record(&parcel, 0, &format!("dropped: {why}"), now);
                continue;
            }
            let lane = match parcel.care {
                Care::BestEffort => aside(&parcel),
                _ => parcel.lane.clone(),
            };
            let waiting = Waiting { parcel, attempts: 0, first_at: None, planned: false };
            self.enqueue(&mut queue, lane, waiting);
        }
    }

    pub(crate) fn is_disabled(&self, target: &str) -> bool {
        self.lock().is_disabled(target, self.shared.clock.now())
    }

    /// Switches a target off for as long as three drops in a row do.
    pub(crate) fn disable(&self, target: &str) {
        let (now, for_ms) = (self.shared.clock.now(), self.policy.disabled_ms);
        let mut queue = self.lock();
        queue.disable(target, after(now, for_ms));
        queue.discard(target, "the target was switched off", now);
        drop(queue);
        self.discards.send_modify(|count| *count += 1);
    }

    /// Switches a target on again.
    pub(crate) fn enable(&self, target: &str) {
        self.lock().heal(target);
    }

    /// Drops what waits for a target that is no more.
    pub(crate) fn discard(&self, target: &str) {
        self.lock().discard(target, "the target was removed", self.shared.clock.now());
        self.discards.send_modify(|count| *count += 1);
    }

    /// Shows what is on its way, to be kept.
    pub(crate) fn save(&self) -> SavedQueue {
        SavedQueue::of(&self.lock())
    }

    /// Goes on with what was on its way before a stop.
    pub(crate) fn restore(self: &Arc<Self>, saved: SavedQueue) {
        let (lanes, health) = saved.into_parts();
        let mut queue = self.lock();
        queue.set_health(health);
        for (lane, parcels) in lanes {
            for waiting in parcels {
                self.enqueue(&mut queue, lane.clone(), waiting);
            }
        }
    }

    pub(crate) fn counts(&self) -> WebhookCounts {
        self.lock().counts.clone()
    }

    /// Returns the latest finished attempts, oldest first.
    pub(crate) fn records(&self) -> Vec<WebhookRecord> {
        self.lock().records()
    }

    fn enqueue(self: &Arc<Self>, queue: &mut Queue, lane: String, waiting: Waiting) {
        if queue.push(&lane, waiting) {
            self.spawn(self.clone().run_lane(lane));
        }
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
        loop {
            let first = self.lock().first(&lane);
            let Some(waiting) = first else {
                return;
            };
            if waiting.planned {
                self.deliver(&lane, &waiting).await;
            } else {
                self.plan(&lane, waiting).await;
            }
        }
    }

    /// Asks the faults about a parcel, once.
    async fn plan(self: &Arc<Self>, lane: &str, waiting: Waiting) {
        let parcel = &waiting.parcel;
        let now = self.shared.clock.now();
        let plan = self.shared.faults.plan_webhook(self.system, &parcel.label, now);
        self.lock().note(lane, &parcel.webhook_id, |first| first.planned = true);
        if plan.dropped {
            self.drop_by_fault(lane, parcel, now);
            return;
        }
        if let Some(ms) = plan.overtaken_ms {
            self.hold_aside(lane, &parcel.webhook_id, ms);
            return;
        }
        if plan.delay_ms > 0 {
            self.wait_until(lane, &parcel.webhook_id, after(now, plan.delay_ms)).await;
        }
        self.deliver(lane, &waiting).await;
        for ms in plan.again_after_ms {
            let (office, parcel) = (self.clone(), parcel.clone());
            self.spawn(async move {
                office.shared.clock.sleep_ms(ms).await;
                office.lock().counts.duplicated += 1;
                office.attempt(&parcel).await;
            });
        }
    }

    /// Moves the first of a lane into a lane of its own that starts later, so that those behind it overtake it.
    fn hold_aside(self: &Arc<Self>, lane: &str, webhook_id: &str, ms: u64) {
        let mut queue = self.lock();
        let Some(waiting) = queue.take(lane, webhook_id) else {
            return;
        };
        let side = aside(&waiting.parcel);
        let (office, id) = (self.clone(), waiting.parcel.webhook_id.clone());
        let until = after(self.shared.clock.now(), ms);
        if queue.push(&side, waiting) {
            self.spawn(async move {
                office.wait_until(&side, &id, until).await;
                office.run_lane(side).await;
            });
        }
    }

    /// Tries the first of a lane until it is delivered, refused, too old or discarded.
    async fn deliver(&self, lane: &str, waiting: &Waiting) {
        let Waiting { parcel, attempts, first_at, .. } = waiting;
        let clock = &self.shared.clock;
        let first_at = first_at.unwrap_or_else(|| clock.now());
        let give_up_at = after(first_at, self.policy.total_ms);
        for number in attempts + 1.. {
            if !self.lock().holds(lane, &parcel.webhook_id) {
                return;
            }
            let attempt = self.attempt(parcel).await;
            let why = match attempt {
                Attempt::Delivered => return self.delivered(lane, parcel, number),
                Attempt::Refused(why) => return self.give_up(lane, parcel, number, &why),
                Attempt::Again(why) => why,
            };
            let next_at = after(clock.now(), self.policy.pause_ms(number));
            let over = number >= self.policy.attempts_max || next_at > give_up_at;
            if over || parcel.care == Care::BestEffort {
                return self.give_up(lane, parcel, number, &why);
            }
            self.note_retry(lane, parcel, number, first_at, &why);
            self.wait_until(lane, &parcel.webhook_id, next_at).await;
        }
    }

    /// Waits for a time, or until this is no longer the first of its lane because it was discarded.
    async fn wait_until(&self, lane: &str, webhook_id: &str, at: Timestamp) {
        // Subscribed before the look at the lane: a discard in between is not missed.
        let mut discards = self.discards.subscribe();
        while self.lock().holds(lane, webhook_id) {
            tokio::select! {
                () = self.shared.clock.sleep_until(at) => return,
                _ = discards.changed() => {}
            }
        }
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
            Ok(response) => Attempt::answered(response.status().as_u16()),
            Err(error) => Attempt::failed(error),
        }
    }

    fn note_retry(&self, lane: &str, parcel: &Parcel, number: u32, first_at: Timestamp, why: &str) {
        let mut queue = self.lock();
        queue.record(parcel, number, &format!("retry: {why}"), self.shared.clock.now());
        queue.note(lane, &parcel.webhook_id, |first| {
            first.attempts = number;
            first.first_at = Some(first_at);
        });
    }

    fn delivered(&self, lane: &str, parcel: &Parcel, number: u32) {
        self.shared.changed.notify_one();
        let mut queue = self.lock();
        queue.forget_drops(&parcel.target);
        if queue.take(lane, &parcel.webhook_id).is_some() {
            queue.counts.delivered += 1;
        }
        queue.record(parcel, number, "delivered", self.shared.clock.now());
    }

    fn drop_by_fault(&self, lane: &str, parcel: &Parcel, now: Timestamp) {
        let mut queue = self.lock();
        if queue.take(lane, &parcel.webhook_id).is_some() {
            queue.counts.dropped += 1;
            queue.record(parcel, 0, "dropped by fault", now);
        }
    }

    fn give_up(&self, lane: &str, parcel: &Parcel, number: u32, why: &str) {
        self.shared.changed.notify_one();
        let now = self.shared.clock.now();
        let mut queue = self.lock();
        if queue.take(lane, &parcel.webhook_id).is_none() {
            return;
        }
        queue.counts.given_up += 1;
        queue.record(parcel, number, &format!("given up: {why}"), now);
        let counts_against = parcel.care == Care::Guaranteed;
        if counts_against && queue.count_drop(&parcel.target, self.policy.drops_max) {
            queue.disable(&parcel.target, after(now, self.policy.disabled_ms));
            queue.discard(&parcel.target, "the target is switched off", now);
            drop(queue);
            self.discards.send_modify(|count| *count += 1);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Names a lane that only this parcel uses.
fn aside(parcel: &Parcel) -> String {
    format!("{}#{}", parcel.lane, parcel.webhook_id)
}
