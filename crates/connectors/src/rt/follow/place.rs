//! How far RT was read, over restarts and within one.

use pagebridge_core::{IncidentId, SystemName, Timestamp};
use pagebridge_ports::{Store, StoreError};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap, HashSet};

/// The last rows that are asked for again, since one with a lower number may appear late.
const OVERLAP_ROWS: usize = 200;

/// How long they are, in milliseconds.
const OVERLAP_MS: i64 = 120_000;

/// Tickets whose last change is remembered; when there are more, all are forgotten, and read once more.
const SEEN_MAX: usize = 10_000;

/// What is kept over restarts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Place {
    /// The newest ticket at the first start; those up to it are from before our time.
    pub(super) first_ticket: i64,
    /// The newest transaction at the first start.
    pub(super) first_transaction: i64,
    /// All transactions up to this one were handled.
    pub(super) cursor: i64,
    /// When the last search for changed tickets that was finished had begun (our clock).
    pub(super) net_ms: i64,
    /// Where the one walk over the open tickets from before goes on; `None` when it is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) backlog: Option<i64>,
}

impl Place {
    fn name(system: &SystemName) -> String {
        format!("follow/{system}")
    }

    /// What was kept; `None` when there is nothing, or nothing that can be read.
    pub(super) async fn load(store: &dyn Store, system: &SystemName) -> Result<Option<Self>, StoreError> {
        let name = Self::name(system);
        let kept = store.kept().await?.into_iter().find(|(kept, _)| *kept == name);
        Ok(kept.and_then(|(_, value)| serde_json::from_str(value.expose()).ok()))
    }
}

/// What is known between rounds.
#[derive(Debug)]
pub(super) struct State {
    pub(super) place: Place,
    kept: Option<Place>,
    /// Transactions after the cursor that were handled, with when that was (our clock).
    pub(super) recent: BTreeMap<i64, i64>,
    /// The last transaction that the feed has shown.
    pub(super) fed: i64,
    /// The last change of tickets that was handed on.
    pub(super) seen: HashMap<i64, String>,
    /// Linked tickets that we may not see, or that are gone.
    pub(super) unseen: HashSet<i64>,
    /// When they were last forgotten, to be tried once more (our clock).
    pub(super) unseen_ms: i64,
    /// The search for changed tickets that is under way: when it began, and its next page.
    pub(super) net: Option<(i64, i64)>,
    /// The comparing of all that is open that is under way: it goes on before this incident.
    pub(super) open: Option<Option<IncidentId>>,
    /// When the last sweeps began (our clock).
    pub(super) swept_ms: i64,
    /// Rounds in a row that failed.
    pub(super) failures: u32,
}

impl State {
    pub(super) fn new(place: Place) -> Self {
        Self {
            fed: place.cursor,
            place,
            kept: None,
            recent: BTreeMap::new(),
            seen: HashMap::new(),
            unseen: HashSet::new(),
            unseen_ms: 0,
            net: None,
            open: None,
            swept_ms: i64::MIN,
            failures: 0,
        }
    }

    /// Moves the cursor past the rows that need not be asked for again, and keeps the place if it has changed.
    pub(super) async fn keep(
        &mut self,
        store: &dyn Store,
        system: &SystemName,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        while let Some((id, seen_ms)) = self.recent.first_key_value().map(|(id, seen)| (*id, *seen)) {
            if self.recent.len() <= OVERLAP_ROWS && now.0.saturating_sub(seen_ms) < OVERLAP_MS {
                break;
            }
            self.recent.pop_first();
            self.place.cursor = self.place.cursor.max(id);
        }
        if self.seen.len() > SEEN_MAX {
            self.seen.clear();
        }
        if self.kept.as_ref() != Some(&self.place) {
            let value = serde_json::to_string(&self.place).expect("it is plain data");
            store.keep(&Place::name(system), &value).await?;
            self.kept = Some(self.place.clone());
        }
        Ok(())
    }
}
