//! Decides which calls and webhooks go wrong, and how.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use tokio::sync::watch;

use crate::clock::after;
use crate::presets::RefusalBody;
use crate::random::Random;

/// One of the look-alikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum System {
    /// PagerDuty.
    PagerDuty,
    /// Opsgenie.
    Opsgenie,
    /// NetBox.
    NetBox,
    /// Slack.
    Slack,
    /// Mattermost.
    Mattermost,
    /// A Teams workflow.
    Teams,
}

/// Which way the traffic goes that a fault disturbs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Calls that clients make to the look-alike.
    #[default]
    Calls,
    /// Webhooks that the look-alike sends.
    Webhooks,
}

/// What goes wrong.
///
/// The first eight disturb calls, the last four webhooks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "fault", rename_all = "snake_case")]
pub enum Effect {
    /// Answers with this status without applying anything.
    Refuse {
        /// The HTTP status.
        status: u16,
        /// Extra reply headers, for example `Retry-After`.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        headers: BTreeMap<String, String>,
        /// The reply's body; without it, the system's own error shape.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        body: Option<RefusalBody>,
    },
    /// Applies the call at once and answers after `ms`.
    Slow {
        /// How long the answer takes, in milliseconds of the sandbox's clock.
        ms: u64,
    },
    /// Applies the call only after `ms`, even if the caller has given up by then.
    Late {
        /// How long the call takes to be applied, in milliseconds of the sandbox's clock.
        ms: u64,
    },
    /// Never answers, and applies nothing.
    TimeOut,
    /// Applies the call and never answers.
    ApplyThenTimeOut,
    /// Applies the call and resets the connection instead of answering.
    ApplyThenReset,
    /// Resets the connection without applying anything.
    Reset,
    /// Answers 200 with a body that is not JSON, without applying anything.
    Garble,
    /// Never sends the webhook.
    Drop,
    /// Sends the webhook again `ms` after it was delivered, with the same webhook id.
    Duplicate {
        /// How much later the second copy goes out.
        #[serde(default)]
        ms: u64,
    },
    /// Holds the webhook, and those that must follow it, for `ms`.
    Delay {
        /// How long it is held.
        ms: u64,
    },
    /// Holds this webhook alone for `ms`, so that later ones overtake it.
    Reorder {
        /// How long it is held.
        ms: u64,
    },
}

impl Effect {
    fn direction(&self) -> Direction {
        match self {
            Effect::Drop | Effect::Duplicate { .. } | Effect::Delay { .. } | Effect::Reorder { .. } => {
                Direction::Webhooks
            }
            _ => Direction::Calls,
        }
    }
}

/// A fault to inject, until it is used up, over, or reset.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fault {
    /// The system it disturbs.
    pub system: System,
    /// What goes wrong; it also says in which direction.
    #[serde(flatten)]
    pub effect: Effect,
    /// The share of matching traffic it hits, from 0 to 1.
    #[serde(default = "whole")]
    pub share: f64,
    /// How many hits it has left; without it, any number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// How long it lasts from the moment it is added, on the sandbox's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    /// Hits only traffic whose label contains this text: `POST /incidents`, `notes`, `incident.resolved`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only: Option<String>,
}

impl Fault {
    /// Makes a fault that hits everything until it is reset.
    pub fn new(system: System, effect: Effect) -> Fault {
        Fault { system, effect, share: 1.0, count: None, duration_ms: None, only: None }
    }

    /// Limits the fault to a share of the traffic, from 0 to 1.
    pub fn share(self, share: f64) -> Fault {
        Fault { share, ..self }
    }

    /// Limits the fault to so many hits.
    pub fn count(self, count: u64) -> Fault {
        Fault { count: Some(count), ..self }
    }

    /// Limits the fault to so many milliseconds.
    pub fn duration_ms(self, ms: u64) -> Fault {
        Fault { duration_ms: Some(ms), ..self }
    }

    /// Limits the fault to traffic whose label contains `text`.
    pub fn only(self, text: &str) -> Fault {
        Fault { only: Some(text.to_owned()), ..self }
    }

    /// Reads a fault from JSON and refuses keys it does not know, which would otherwise silently mean "everything".
    pub(crate) fn parse(body: &[u8]) -> Result<Fault, FaultError> {
        let mut given: Map<String, Value> = serde_json::from_slice(body)?;
        let direction = given.remove("direction").map(serde_json::from_value::<Direction>).transpose()?;
        given.retain(|_, value| !value.is_null() && *value != json!({}));
        let fault: Fault = serde_json::from_value(given.clone().into())?;
        let known = serde_json::to_value(&fault)?;
        if let Some(key) = given.keys().find(|key| known.get(key.as_str()).is_none()) {
            return Err(FaultError::UnknownKey(key.clone()));
        }
        if direction.is_some_and(|direction| direction != fault.effect.direction()) {
            return Err(FaultError::WrongDirection(fault.effect.direction()));
        }
        if !(0.0..=1.0).contains(&fault.share) {
            return Err(FaultError::Share(fault.share));
        }
        Ok(fault)
    }
}

fn whole() -> f64 {
    1.0
}

/// Says why a fault could not be read.
#[derive(Debug, thiserror::Error)]
pub enum FaultError {
    /// The JSON does not describe a fault.
    #[error("cannot read the fault: {0}; see the crate's README for the fields")]
    Json(#[from] serde_json::Error),
    /// A key is not one that this kind of fault has.
    #[error("unknown key `{0}` in the fault; remove it or see the crate's README for the fields")]
    UnknownKey(String),
    /// The fault is of the other direction.
    #[error("this kind of fault disturbs {0:?}; leave the direction out, it follows from the kind")]
    WrongDirection(Direction),
    /// The share is not one.
    #[error("share {0} is not between 0 and 1")]
    Share(f64),
}

/// Names one added fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FaultId(pub u64);

#[derive(Debug)]
struct Active {
    id: FaultId,
    fault: Fault,
    until: Option<Timestamp>,
    hits: u64,
}

#[derive(Debug)]
struct State {
    random: Random,
    next: u64,
    active: Vec<Active>,
}

/// The faults in force.
#[derive(Debug)]
pub struct Faults {
    state: Mutex<State>,
    resets: watch::Sender<u64>,
}

/// How a call ends.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) enum CallEnd {
    #[default]
    Answer,
    Refuse {
        status: u16,
        headers: BTreeMap<String, String>,
        body: Option<RefusalBody>,
    },
    Garble,
    Reset,
    TimeOut,
    ApplyThenReset,
    ApplyThenTimeOut,
}

/// What happens to one call.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct CallPlan {
    pub(crate) apply_after_ms: u64,
    pub(crate) answer_after_ms: u64,
    pub(crate) end: CallEnd,
}

/// What happens to one webhook.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct WebhookPlan {
    pub(crate) dropped: bool,
    pub(crate) delay_ms: u64,
    pub(crate) overtaken_ms: Option<u64>,
    pub(crate) again_after_ms: Vec<u64>,
}

impl Faults {
    pub(crate) fn new(seed: u64) -> Faults {
        let state = State { random: Random::new(seed ^ 0xFA17), next: 1, active: Vec::new() };
        Faults { state: Mutex::new(state), resets: watch::Sender::new(0) }
    }

    pub(crate) fn add(&self, fault: Fault, now: Timestamp) -> FaultId {
        let mut state = self.lock();
        let id = FaultId(state.next);
        state.next += 1;
        let until = fault.duration_ms.map(|ms| after(now, ms));
        state.active.push(Active { id, fault, until, hits: 0 });
        id
    }

    /// Removes one fault; returns whether it was there.
    pub fn remove(&self, id: FaultId) -> bool {
        let mut state = self.lock();
        let before = state.active.len();
        state.active.retain(|active| active.id != id);
        state.active.len() < before
    }

    /// Removes every fault and closes the connections that were left unanswered.
    pub fn reset(&self) {
        self.lock().active.clear();
        self.resets.send_modify(|resets| *resets += 1);
    }

    /// Lists the faults in force: how often each has hit, and what is left of it.
    pub fn list(&self) -> Vec<(FaultId, u64, Fault)> {
        self.lock().active.iter().map(|active| (active.id, active.hits, active.fault.clone())).collect()
    }

    /// Waits for the next reset.
    pub(crate) async fn wait_for_reset(&self) {
        let mut resets = self.resets.subscribe();
        // The sender lives in `self`, so `changed` cannot fail while this future exists.
        drop(resets.changed().await);
    }

    pub(crate) fn plan_call(&self, system: System, label: &str, now: Timestamp) -> CallPlan {
        let mut plan = CallPlan::default();
        for effect in self.draw(system, Direction::Calls, label, now) {
            match effect {
                Effect::Slow { ms } => plan.answer_after_ms += ms,
                Effect::Late { ms } => plan.apply_after_ms += ms,
                other if plan.end == CallEnd::Answer => plan.end = call_end(other),
                _ => {}
            }
        }
        plan
    }

    pub(crate) fn plan_webhook(&self, system: System, label: &str, now: Timestamp) -> WebhookPlan {
        let mut plan = WebhookPlan::default();
        for effect in self.draw(system, Direction::Webhooks, label, now) {
            match effect {
                Effect::Drop => plan.dropped = true,
                Effect::Duplicate { ms } => plan.again_after_ms.push(ms),
                Effect::Delay { ms } => plan.delay_ms += ms,
                Effect::Reorder { ms } => plan.overtaken_ms = Some(ms),
                _ => {}
            }
        }
        plan
    }

    /// Draws the effects that hit this piece of traffic and uses up their counts.
    fn draw(&self, system: System, direction: Direction, label: &str, now: Timestamp) -> Vec<Effect> {
        let mut state = self.lock();
        let State { random, active, .. } = &mut *state;
        active.retain(|one| one.until.is_none_or(|until| now < until) && one.fault.count != Some(0));
        let mut effects = Vec::new();
        for one in active.iter_mut() {
            let fault = &mut one.fault;
            let matches = fault.system == system
                && fault.effect.direction() == direction
                && fault.only.as_deref().is_none_or(|text| label.contains(text));
            if matches && random.chance(fault.share) {
                one.hits += 1;
                fault.count = fault.count.map(|count| count - 1);
                effects.push(fault.effect.clone());
            }
        }
        effects
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn call_end(effect: Effect) -> CallEnd {
    match effect {
        Effect::Refuse { status, headers, body } => CallEnd::Refuse { status, headers, body },
        Effect::TimeOut => CallEnd::TimeOut,
        Effect::ApplyThenTimeOut => CallEnd::ApplyThenTimeOut,
        Effect::ApplyThenReset => CallEnd::ApplyThenReset,
        Effect::Reset => CallEnd::Reset,
        Effect::Garble => CallEnd::Garble,
        _ => CallEnd::Answer,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millisecond(ms).expect("a small number")
    }

    fn refuse() -> Effect {
        Effect::Refuse { status: 503, headers: BTreeMap::new(), body: None }
    }

    #[test]
    fn a_counted_fault_hits_so_often_and_a_timed_one_so_long() {
        let faults = Faults::new(1);
        faults.add(Fault::new(System::PagerDuty, refuse()).count(2), at(0));
        faults.add(Fault::new(System::PagerDuty, Effect::Slow { ms: 5 }).duration_ms(100), at(0));
        let plan = |now| faults.plan_call(System::PagerDuty, "GET /incidents", at(now));
        assert_ne!(plan(0).end, CallEnd::Answer);
        assert_ne!(plan(1).end, CallEnd::Answer);
        assert_eq!(plan(99), CallPlan { answer_after_ms: 5, ..CallPlan::default() });
        assert_eq!(plan(100), CallPlan::default());
    }

    #[test]
    fn a_share_hits_about_that_share_and_the_same_ones_for_the_same_seed() {
        let run = || {
            let faults = Faults::new(9);
            faults.add(Fault::new(System::Opsgenie, Effect::Reset).share(0.3), at(0));
            (0..1000).map(|_| faults.plan_call(System::Opsgenie, "x", at(0)).end == CallEnd::Reset).collect::<Vec<_>>()
        };
        let hits = run();
        let count = hits.iter().filter(|hit| **hit).count();
        assert!((250..350).contains(&count), "{count}");
        assert_eq!(hits, run());
    }

    #[test]
    fn faults_keep_to_their_system_direction_and_label() {
        let faults = Faults::new(1);
        faults.add(Fault::new(System::PagerDuty, Effect::Drop).only("incident.resolved"), at(0));
        assert!(faults.plan_webhook(System::PagerDuty, "incident.resolved", at(0)).dropped);
        assert!(!faults.plan_webhook(System::PagerDuty, "incident.triggered", at(0)).dropped);
        assert!(!faults.plan_webhook(System::Opsgenie, "incident.resolved", at(0)).dropped);
        assert_eq!(faults.plan_call(System::PagerDuty, "incident.resolved", at(0)), CallPlan::default());
    }

    #[test]
    fn a_misspelt_key_is_refused_by_name() {
        let good = br#"{"system":"pagerduty","fault":"refuse","status":429,"headers":{"Retry-After":"1"},"count":1}"#;
        assert_eq!(Fault::parse(good).expect("a good fault").count, Some(1));
        let bad = br#"{"system":"pagerduty","fault":"slow","ms":1,"shar":0.5}"#;
        assert!(Fault::parse(bad).expect_err("a misspelt key").to_string().contains("`shar`"));
        let foreign = br#"{"system":"pagerduty","fault":"slow","ms":1,"headers":{"A":"b"}}"#;
        assert!(Fault::parse(foreign).expect_err("another kind's key").to_string().contains("`headers`"));
        let direction = br#"{"system":"pagerduty","fault":"drop","direction":"calls"}"#;
        assert!(Fault::parse(direction).expect_err("the wrong way").to_string().contains("Webhooks"));
    }
}
