//! Tells operators: many due alarms at once, in one message, and not too often.

use pagebridge_core::{Delivery, Outcome, RecordRef, Scope, Status, Step, SystemName, Timestamp, Urgency, Work};
use pagebridge_ports::{
    Alarm, AlarmState, Clock, LaneFilter, Leased, OPERATOR, Operator, OperatorNews, Settlement, Store, StoreError,
};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// So many alarms go into one message, at most.
const ALARMS_MAX: usize = 500;
/// Shortest wait between two messages, in milliseconds: in a storm, one message tells of many alarms.
const MESSAGE_GAP_MS: i64 = 60_000;
/// How long an attempt to tell may take before another node takes it over, in milliseconds.
const LEASE_TTL_MS: i64 = 120_000;
/// Longest wait before the outbox is looked at again although nothing woke us, in milliseconds.
const IDLE_MS: i64 = 5_000;

pub(crate) struct OperatorPump {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) operator: Arc<dyn Operator>,
    pub(crate) system: SystemName,
}

impl OperatorPump {
    pub(crate) async fn run(self, soft: CancellationToken, hard: CancellationToken) {
        let mut wakeups = self.store.wakeups();
        let mut not_before = Timestamp(i64::MIN);
        while !soft.is_cancelled() {
            wakeups.mark_unchanged();
            let now = self.clock.now();
            let mut until = not_before;
            if not_before <= now {
                match hard.run_until_cancelled(self.turn(now)).await {
                    None => return,
                    Some(Ok(true)) => {
                        not_before = now.plus_ms(MESSAGE_GAP_MS);
                        until = not_before;
                    }
                    Some(Ok(false)) => {
                        let due = self.store.next_due(&self.system).await.ok().flatten();
                        until = due.unwrap_or(now.plus_ms(IDLE_MS));
                    }
                    Some(Err(error)) => {
                        tracing::error!(%error, "operators cannot be told now");
                        until = now.plus_ms(1_000);
                    }
                }
            }
            let wait_ms = until.ms_since(self.clock.now()).clamp(1, IDLE_MS);
            tokio::select! {
                () = soft.cancelled() => {}
                _ = wakeups.changed(), if not_before <= now => {}
                () = self.clock.sleep(wait_ms) => {}
            }
        }
    }

    /// Tells what is due; says whether anything was.
    async fn turn(&self, now: Timestamp) -> Result<bool, StoreError> {
        let leased = self.store.lease(&self.system, now, LEASE_TTL_MS, ALARMS_MAX).await?;
        if leased.is_empty() {
            return Ok(false);
        }
        let alarms: Vec<Alarm> = leased.iter().filter_map(|l| alarm(&l.work)).collect();
        let more = if leased.len() < ALARMS_MAX { 0 } else { self.waiting(now).await? };
        alarms.iter().for_each(log);
        let news = OperatorNews { alarms, more, at: now };
        let told = self.operator.tell(&news).await;
        if let Outcome::NotApplied { reason, .. } = &told {
            tracing::error!(reason, "no operator could be told; it is tried again");
        }
        for leased in leased {
            self.settle(leased, &told, now).await;
        }
        Ok(true)
    }

    async fn waiting(&self, now: Timestamp) -> Result<u64, StoreError> {
        let filter = LaneFilter { system: Some(self.system.clone()), limit: 10_000, ..LaneFilter::default() };
        let lanes = self.store.lanes(filter).await?;
        Ok(lanes.iter().filter(|l| l.due <= now && !l.is_touched()).count() as u64)
    }

    async fn settle(&self, leased: Leased, told: &Outcome, started_at: Timestamp) {
        let Leased { lease, work, .. } = leased;
        let Work::Deliver(delivery) = &work else { return };
        let outcome = match told {
            Outcome::Delivered { .. } => done(delivery),
            Outcome::NotApplied { wait_ms, reason, .. } => {
                Outcome::NotApplied { wait_ms: *wait_ms, scope: Scope::Record, reason: reason.clone() }
            }
            other => other.clone(),
        };
        let (incident, number, step) = (lease.incident, work.number(), Some(delivery.step.clone()));
        let settlement = Settlement { number, step, started_at, outcome };
        if let Err(error) = self.store.settle(lease, settlement, self.clock.now()).await {
            // The lease runs out, and they are told once more.
            tracing::warn!(incident.id = incident.0, %error, "that operators were told could not be written down");
        }
    }
}

fn done(delivery: &Delivery) -> Outcome {
    let status = match &delivery.step {
        Step::SetStatus { to, .. } => Some(*to),
        _ => Some(Status::Triggered),
    };
    let record = Some(RecordRef::id(&format!("{OPERATOR}-{}", delivery.incident)));
    Outcome::Delivered { record, status, status_at: None, note: None }
}

fn alarm(work: &Work) -> Option<Alarm> {
    let Work::Deliver(delivery) = work else { return None };
    let state = match &delivery.step {
        Step::SetStatus { to: Status::Resolved, .. } | Step::Find => AlarmState::Over,
        Step::Update { .. } => AlarmState::Still,
        _ => AlarmState::New,
    };
    Some(Alarm {
        incident: delivery.incident,
        number: delivery.number,
        title: delivery.content.title.clone(),
        urgency: delivery.content.urgency,
        reason: delivery.by.clone().unwrap_or_default(),
        since: delivery.opened_at,
        state,
    })
}

fn log(alarm: &Alarm) {
    let (incident, title, reason) = (alarm.incident.0, alarm.title.as_str(), alarm.reason.as_str());
    let urgent = alarm.urgency == Urgency::High;
    match alarm.state {
        AlarmState::Over => tracing::warn!(incident.id = incident, title, reason, "operators can stop worrying"),
        AlarmState::New | AlarmState::Still => {
            tracing::error!(incident.id = incident, title, reason, urgent, "operators have to look at this");
        }
    }
}
