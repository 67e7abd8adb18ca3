//! Whether a commit would succeed now.

use pagebridge_core::Timestamp;
use pagebridge_ports::{Clock, Store, StoreError};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::timeout;

/// How long an answer of the store stands, in milliseconds: a probe costs a write.
const FRESH_MS: i64 = 1_000;

/// How long a probe may take.
const PROBE_TIMEOUT: Duration = Duration::from_secs(5);

/// Why the store cannot take anything; `None` when it can.
type Trouble = Option<String>;

/// Asks the store, and remembers the answer for a moment.
pub(crate) struct Health {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    last: Mutex<Option<(Timestamp, Trouble)>>,
}

impl Health {
    pub(crate) fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock, last: Mutex::new(None) }
    }

    /// Why nothing can be accepted, if so. Many callers at once cause one probe.
    pub(crate) async fn trouble(&self) -> Trouble {
        let mut last = self.last.lock().await;
        let now = self.clock.now();
        if let Some((at, trouble)) = last.as_ref()
            && (0..FRESH_MS).contains(&now.ms_since(*at))
        {
            return trouble.clone();
        }
        let trouble = match timeout(PROBE_TIMEOUT, self.store.probe()).await {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(_) => Some("the store does not answer".to_owned()),
        };
        *last = Some((now, trouble.clone()));
        trouble
    }

    /// Takes note of a failed commit, so that the next question does not get an older, better answer.
    pub(crate) fn note(&self, error: &StoreError) {
        if matches!(error, StoreError::Broken(_) | StoreError::Unkeepable(_)) {
            return;
        }
        // When somebody holds the lock, a probe is under way and will see for itself.
        if let Ok(mut last) = self.last.try_lock() {
            *last = Some((self.clock.now(), Some(error.to_string())));
        }
    }
}
