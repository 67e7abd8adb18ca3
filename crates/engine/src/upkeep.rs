//! Runs upkeeps, each in a task of its own: at the start, and again whenever it asks to be.

use crate::stats::Stats;
use pagebridge_core::SystemName;
use pagebridge_ports::{Check, CheckResult, Clock, Store, Upkeep};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// Shortest time between two runs, in milliseconds.
const AGAIN_MS_MIN: i64 = 1_000;
/// Longest wait before the clock is looked at again, in milliseconds.
const IDLE_MS: i64 = 5_000;

pub(crate) struct Upkeeper {
    pub(crate) system: SystemName,
    pub(crate) upkeep: Arc<dyn Upkeep>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) stats: Arc<Stats>,
}

impl Upkeeper {
    /// Works until `soft` ends; a run that has begun then goes on until `hard` ends.
    pub(crate) async fn work(self, soft: CancellationToken, hard: CancellationToken) {
        let mut last: Option<Check> = None;
        while !soft.is_cancelled() {
            let Some(upkept) = hard.run_until_cancelled(self.upkeep.run(&*self.store)).await else { return };
            tell(last.as_ref(), &upkept.check);
            last = Some(upkept.check.clone());
            let again_ms = upkept.again_ms;
            self.stats.update(&self.system, |s| s.keep_up(upkept));
            self.wait(again_ms, &soft).await;
        }
    }

    async fn wait(&self, again_ms: i64, soft: &CancellationToken) {
        let until = self.clock.now().plus_ms(again_ms.max(AGAIN_MS_MIN));
        loop {
            let left_ms = until.ms_since(self.clock.now());
            if left_ms <= 0 {
                return;
            }
            tokio::select! {
                () = soft.cancelled() => return,
                () = self.upkeep.wanted() => return,
                () = self.clock.sleep(left_ms.min(IDLE_MS)) => {}
            }
        }
    }
}

/// Says once what a person may want to know.
fn tell(last: Option<&Check>, now: &Check) {
    if last == Some(now) {
        return;
    }
    let Check { system, name, detail, remedy, .. } = now;
    match (now.result, last) {
        (CheckResult::Ok, None) => tracing::info!(%system, name, detail, "upkeep"),
        (CheckResult::Ok, Some(_)) => tracing::info!(%system, name, detail, "upkeep: it is well again"),
        (CheckResult::Warning | CheckResult::Failed, _) => {
            tracing::warn!(%system, name, detail, remedy, "upkeep: it is not as it should be");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pagebridge_core::{Bridges, Timestamp};
    use pagebridge_ports::{BoxFuture, ManualClock, MemoryStore, Upkept};
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tokio::sync::{Notify, mpsc};

    struct Toy {
        ran: mpsc::UnboundedSender<usize>,
        count: AtomicUsize,
        early: Notify,
        results: Mutex<Vec<CheckResult>>,
    }

    impl Toy {
        fn check(&self, result: CheckResult) -> Check {
            let (name, detail) = ("a toy".to_owned(), String::new());
            Check { system: SystemName::new("pd"), name, result, detail, remedy: String::new() }
        }
    }

    impl Upkeep for Toy {
        fn run<'a>(&'a self, _: &'a dyn Store) -> BoxFuture<'a, Upkept> {
            let count = self.count.fetch_add(1, Ordering::SeqCst);
            self.ran.send(count).expect("the test listens");
            let result = self.results.lock().expect("no panic").pop().unwrap_or(CheckResult::Ok);
            let upkept = Upkept { check: self.check(result), repairs: vec!["wound"], again_ms: 300_000 };
            Box::pin(std::future::ready(upkept))
        }

        fn look<'a>(&'a self, _: &'a dyn Store) -> BoxFuture<'a, Check> {
            Box::pin(std::future::ready(self.check(CheckResult::Ok)))
        }

        fn wanted(&self) -> BoxFuture<'_, ()> {
            Box::pin(self.early.notified())
        }
    }

    #[tokio::test]
    async fn an_upkeep_runs_at_the_start_when_its_time_has_come_and_when_it_wants_to() {
        let (ran, mut runs) = mpsc::unbounded_channel();
        let results = Mutex::new(vec![CheckResult::Ok, CheckResult::Warning]);
        let toy = Arc::new(Toy { ran, count: AtomicUsize::new(0), early: Notify::new(), results });
        let clock = Arc::new(ManualClock::at(Timestamp(0)));
        let stats = Arc::new(Stats::new(&[SystemName::new("pd")]));
        let keeper = Upkeeper {
            system: SystemName::new("pd"),
            upkeep: toy.clone(),
            store: Arc::new(MemoryStore::new(Arc::new(Bridges::default()))),
            clock: clock.clone(),
            stats: stats.clone(),
        };
        let (soft, hard) = (CancellationToken::new(), CancellationToken::new());
        let steps = async {
            assert_eq!(runs.recv().await, Some(0));
            tokio::task::yield_now().await;
            let healthy = |stats: &Stats| stats.snapshot()[0].upkeeps.first().map(|u| u.check.result);
            assert_eq!(healthy(&stats), Some(CheckResult::Warning));
            clock.advance(299_999);
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
            assert!(runs.try_recv().is_err(), "not before its time");
            clock.advance(1);
            assert_eq!(runs.recv().await, Some(1));
            toy.early.notify_one();
            assert_eq!(runs.recv().await, Some(2));
            tokio::task::yield_now().await;
            assert_eq!(healthy(&stats), Some(CheckResult::Ok));
            assert_eq!(stats.snapshot()[0].upkeeps.first().map(|u| u.repairs.clone()), Some([("wound", 3)].into()));
            soft.cancel();
        };
        tokio::join!(keeper.work(soft.clone(), hard), steps);
    }
}
