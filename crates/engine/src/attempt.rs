//! One attempt under one lease.

use pagebridge_core::{Outcome, Scope, Work};
use pagebridge_ports::{Clock, Connector, Leased, Settled, Settlement, Store, StoreError};

/// Left over at the end of a lease to write down how the attempt ended, in milliseconds.
const SETTLE_MARGIN_MS: i64 = 2_000;
/// Wait between tries to write down an outcome while the store cannot commit, in milliseconds.
const SETTLE_RETRY_MS: i64 = 250;

/// What an attempt came to.
#[derive(Debug)]
pub struct AttemptEnd {
    /// How the connector's call ended.
    pub outcome: Outcome,
    /// Whether that was written down; `None` when the store could not commit until the lease ran out.
    pub settled: Option<Settled>,
}

/// Carries out the work of a lease, and settles it.
///
/// A connector that does not return in time is dropped: what it sent may have arrived, so the outcome is
/// [`Outcome::Unknown`].
pub async fn attempt(store: &dyn Store, connector: &dyn Connector, clock: &dyn Clock, leased: Leased) -> AttemptEnd {
    let Leased { lease, work, .. } = leased;
    let started_at = clock.now();
    let until = lease.until;
    let limit_ms = until.ms_since(started_at) - SETTLE_MARGIN_MS;
    let outcome = if limit_ms <= 0 {
        too_late()
    } else {
        tokio::select! {
            // The time-out comes first: a process that was frozen past the end of its lease must not go on sending.
            biased;
            () = clock.sleep(limit_ms) => out_of_time(&work, limit_ms),
            outcome = carry_out(connector, &work) => outcome,
        }
    };
    let step = match &work {
        Work::Deliver(delivery) => Some(delivery.step.clone()),
        Work::Poll { .. } => None,
    };
    let settlement = Settlement { number: work.number(), step, started_at, outcome: outcome.clone() };
    let mut lease = Some(lease);
    let mut settled = None;
    while let Some(held) = lease.take() {
        let copy = pagebridge_ports::Lease { system: held.system.clone(), ..held };
        match store.settle(held, settlement.clone(), clock.now()).await {
            Ok(done) => settled = Some(done),
            Err(StoreError::Unavailable { operation, reason }) if clock.now() < until => {
                tracing::warn!(operation, reason, "cannot write down an outcome yet");
                clock.sleep(SETTLE_RETRY_MS).await;
                lease = Some(copy);
            }
            Err(error) => {
                tracing::error!(incident.id = copy.incident.0, system = %copy.system, %error, "an outcome is lost; the lease will run out");
            }
        }
    }
    AttemptEnd { outcome, settled }
}

async fn carry_out(connector: &dyn Connector, work: &Work) -> Outcome {
    match work {
        Work::Deliver(delivery) => connector.deliver(delivery).await,
        Work::Poll { record, .. } => connector.read(record).await,
    }
}

/// The worker came to it when the lease was over: nothing was sent.
fn too_late() -> Outcome {
    Outcome::NotApplied { wait_ms: Some(0), scope: Scope::Record, reason: "the lease was over before it began".into() }
}

fn out_of_time(work: &Work, limit_ms: i64) -> Outcome {
    let reason = format!("no answer within {limit_ms} ms");
    match work {
        Work::Deliver(_) => Outcome::Unknown { reason },
        Work::Poll { .. } => Outcome::NotApplied { wait_ms: None, scope: Scope::System, reason },
    }
}
