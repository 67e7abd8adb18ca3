//! Runs one call against a look-alike, with the faults in force.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock::Clock;
use crate::counters::Counters;
use crate::faults::{CallEnd, Faults, System};
use crate::listener::{Answer, Ending};
use crate::wire::{Call, Reply};

/// An unanswered connection is closed after this time, so that none is kept for ever.
const UNANSWERED_MAX: Duration = Duration::from_secs(600);

/// What every part of one sandbox shares.
#[derive(Debug, Clone)]
pub(crate) struct Shared {
    pub(crate) clock: Arc<Clock>,
    pub(crate) faults: Arc<Faults>,
    pub(crate) counters: Arc<Counters>,
    /// Tells that something changed that a state file keeps.
    pub(crate) changed: Arc<Notify>,
    pub(crate) tracker: TaskTracker,
    pub(crate) cancel: CancellationToken,
}

/// A look-alike: a state machine that answers at once.
pub(crate) trait LookAlike: Send + Sync + 'static {
    const SYSTEM: System;

    /// Names the endpoint, with ids as placeholders, for counters and faults.
    fn label(call: &Call) -> String;

    fn handle(&self, call: &Call, now: Timestamp) -> Reply;

    /// Makes the error reply that the vendor's endpoint would give for this status.
    fn refusal(&self, label: &str, status: u16) -> Reply;
}

/// A look-alike behind its faults.
pub(crate) struct Shell<L> {
    pub(crate) inner: Arc<L>,
    pub(crate) shared: Shared,
}

impl<L: LookAlike> Answer for Shell<L> {
    async fn answer(self: Arc<Self>, call: Call) -> Ending {
        let label = L::label(&call);
        let Shared { clock, faults, counters, .. } = &self.shared;
        counters.arrived(L::SYSTEM, &label);
        let plan = faults.plan_call(L::SYSTEM, &label, clock.now());
        let times_out = matches!(plan.end, CallEnd::TimeOut | CallEnd::ApplyThenTimeOut);
        let reply = match plan.end {
            CallEnd::Refuse { status, headers, body } => {
                let reply = body.map_or_else(|| self.inner.refusal(&label, status), |body| body.reply(status));
                Some(headers.iter().fold(reply, |reply, (name, value)| reply.with(name, value)))
            }
            CallEnd::Garble => Some(Reply::text(200, "<html>something in between answered</html>")),
            CallEnd::Reset | CallEnd::TimeOut => None,
            CallEnd::Answer => Some(self.apply(call, &label, plan.apply_after_ms).await),
            CallEnd::ApplyThenReset | CallEnd::ApplyThenTimeOut => {
                self.apply(call, &label, plan.apply_after_ms).await;
                None
            }
        };
        if plan.answer_after_ms > 0 {
            clock.sleep_ms(plan.answer_after_ms).await;
        }
        if let Some(reply) = reply {
            counters.answered(L::SYSTEM, &label, reply.status);
            return Ending::Answer(reply);
        }
        counters.unanswered(L::SYSTEM, &label);
        if times_out {
            self.hold().await;
            return Ending::Close;
        }
        Ending::Reset
    }
}

impl<L: LookAlike> Shell<L> {
    /// Applies the call, later if asked; a caller that gives up meanwhile does not stop it.
    async fn apply(&self, call: Call, label: &str, after_ms: u64) -> Reply {
        let clock = self.shared.clock.clone();
        if after_ms == 0 {
            return self.inner.handle(&call, clock.now());
        }
        let (inner, cancel, late_label) = (self.inner.clone(), self.shared.cancel.clone(), label.to_owned());
        let late = self.shared.tracker.spawn(async move {
            tokio::select! {
                () = clock.sleep_ms(after_ms) => inner.handle(&call, clock.now()),
                () = cancel.cancelled() => inner.refusal(&late_label, 503),
            }
        });
        late.await.unwrap_or_else(|_| self.inner.refusal(label, 500))
    }

    async fn hold(&self) {
        tokio::select! {
            () = self.shared.faults.wait_for_reset() => {}
            () = self.shared.cancel.cancelled() => {}
            () = tokio::time::sleep(UNANSWERED_MAX) => {}
        }
    }
}
