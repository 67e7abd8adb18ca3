//! What waits to be sent, per lane, and which targets are switched off.

use std::collections::{BTreeMap, HashMap, VecDeque};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::policy::Parcel;

/// How many finished attempts are remembered for the state page.
const RECORDS_MAX: usize = 1_000;

/// One attempt to deliver a webhook, or what a fault did to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WebhookRecord {
    /// When it ended, on the sandbox's clock.
    pub at: Timestamp,
    /// The event type or action.
    pub event: String,
    /// The incident or alert.
    pub about: String,
    /// The subscription or hook.
    pub target: String,
    /// The id that stays the same over retries.
    pub webhook_id: String,
    /// The number of the attempt, from 1; 0 for what was dropped without one.
    pub attempt: u32,
    /// What came of it: `delivered`, `retry: ...`, `given up: ...`, `dropped: ...`, `dropped by fault`.
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
    /// Never sent, because of a fault, its size or a switched-off target.
    pub dropped: u64,
    /// Waiting to be sent or on the way now.
    pub waiting: u64,
}

/// A parcel in its lane.
#[derive(Debug, Clone)]
pub(super) struct Waiting {
    pub(super) parcel: Parcel,
    pub(super) attempts: u32,
    /// When it was first tried.
    pub(super) first_at: Option<Timestamp>,
    /// Whether the faults have been asked about it; they are asked once per parcel, not once per attempt.
    pub(super) planned: bool,
}

/// How a target has taken its webhooks.
#[derive(Debug, Default, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Health {
    dropped_in_a_row: u32,
    disabled_until: Option<Timestamp>,
}

/// Everything that a post office remembers.
#[derive(Debug, Default)]
pub(super) struct Queue {
    /// The first of a lane is the one on its way. A lane is there for as long as its carrier runs, even if empty.
    lanes: HashMap<String, VecDeque<Waiting>>,
    health: BTreeMap<String, Health>,
    pub(super) counts: WebhookCounts,
    records: VecDeque<WebhookRecord>,
}

impl Queue {
    /// Adds to the end of a lane; returns whether the lane needs a carrier.
    #[must_use]
    pub(super) fn push(&mut self, lane: &str, waiting: Waiting) -> bool {
        self.counts.waiting += 1;
        if let Some(queued) = self.lanes.get_mut(lane) {
            queued.push_back(waiting);
            return false;
        }
        self.lanes.insert(lane.to_owned(), VecDeque::from([waiting]));
        true
    }

    pub(super) fn lanes(&self) -> impl Iterator<Item = (&String, &VecDeque<Waiting>)> {
        self.lanes.iter()
    }

    pub(super) fn health(&self) -> &BTreeMap<String, Health> {
        &self.health
    }

    pub(super) fn set_health(&mut self, health: BTreeMap<String, Health>) {
        self.health = health;
    }

    /// Shows the first of a lane; without one the lane ends, and so must its carrier.
    pub(super) fn first(&mut self, lane: &str) -> Option<Waiting> {
        let first = self.lanes.get(lane).and_then(VecDeque::front).cloned();
        if first.is_none() {
            self.lanes.remove(lane);
        }
        first
    }

    /// Changes the first of a lane, if it is still this one.
    pub(super) fn note(&mut self, lane: &str, webhook_id: &str, change: impl FnOnce(&mut Waiting)) {
        if let Some(first) = self.first_if(lane, webhook_id) {
            change(first);
        }
    }

    pub(super) fn holds(&mut self, lane: &str, webhook_id: &str) -> bool {
        self.first_if(lane, webhook_id).is_some()
    }

    /// Takes the first of a lane, if it is still this one: it may have been discarded meanwhile.
    pub(super) fn take(&mut self, lane: &str, webhook_id: &str) -> Option<Waiting> {
        self.first_if(lane, webhook_id)?;
        self.counts.waiting -= 1;
        self.lanes.get_mut(lane)?.pop_front()
    }

    fn first_if(&mut self, lane: &str, webhook_id: &str) -> Option<&mut Waiting> {
        let first = self.lanes.get_mut(lane)?.front_mut()?;
        (first.parcel.webhook_id == webhook_id).then_some(first)
    }

    /// Drops everything that waits for a target.
    pub(super) fn discard(&mut self, target: &str, why: &str, now: Timestamp) {
        let mut gone = Vec::new();
        for lane in self.lanes.values_mut() {
            // All of a lane goes to one target.
            if lane.front().is_some_and(|first| first.parcel.target == target) {
                gone.extend(lane.drain(..));
            }
        }
        for waiting in gone {
            self.counts.waiting -= 1;
            self.counts.dropped += 1;
            self.record(&waiting.parcel, waiting.attempts, &format!("dropped: {why}"), now);
        }
    }

    /// Counts a dropped webhook against its target; returns whether the target must be switched off.
    #[must_use]
    pub(super) fn count_drop(&mut self, target: &str, drops_max: Option<u32>) -> bool {
        let health = self.health.entry(target.to_owned()).or_default();
        health.dropped_in_a_row += 1;
        drops_max.is_some_and(|max| health.dropped_in_a_row >= max)
    }

    /// Switches a target off until a time; its count of drops begins anew then.
    pub(super) fn disable(&mut self, target: &str, until: Timestamp) {
        self.health.insert(target.to_owned(), Health { dropped_in_a_row: 0, disabled_until: Some(until) });
    }

    /// Begins the count of drops in a row anew; what is switched off stays so.
    pub(super) fn forget_drops(&mut self, target: &str) {
        if let Some(health) = self.health.get_mut(target) {
            health.dropped_in_a_row = 0;
        }
    }

    /// Forgets a target's drops and switches it on.
    pub(super) fn heal(&mut self, target: &str) {
        self.health.remove(target);
    }

    pub(super) fn is_disabled(&self, target: &str, now: Timestamp) -> bool {
        let until = self.health.get(target).and_then(|health| health.disabled_until);
        until.is_some_and(|until| now < until)
    }

    pub(super) fn record(&mut self, parcel: &Parcel, attempt: u32, outcome: &str, now: Timestamp) {
        if self.records.len() == RECORDS_MAX {
            self.records.pop_front();
        }
        self.records.push_back(WebhookRecord {
            at: now,
            event: parcel.label.clone(),
            about: parcel.about.clone(),
            target: parcel.target.clone(),
            webhook_id: parcel.webhook_id.clone(),
            attempt,
            outcome: outcome.to_owned(),
        });
    }

    /// Returns the latest finished attempts, oldest first.
    pub(super) fn records(&self) -> Vec<WebhookRecord> {
        self.records.iter().cloned().collect()
    }
}
