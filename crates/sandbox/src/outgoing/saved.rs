//! Webhooks on their way, as the state file keeps them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::policy::{Care, Parcel};
use super::queue::{Health, Queue, Waiting};

/// What waits in each lane, in order.
pub(super) type Lanes = Vec<(String, Vec<Waiting>)>;

/// What waits to be sent, in order of the lanes and within them, and which targets are switched off.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct SavedQueue {
    lanes: BTreeMap<String, Vec<SavedParcel>>,
    health: BTreeMap<String, Health>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct SavedParcel {
    target: String,
    lane: String,
    url: String,
    headers: Vec<(String, String)>,
    body: String,
    label: String,
    about: String,
    webhook_id: String,
    best_effort: bool,
    attempts: u32,
    first_at: Option<Timestamp>,
    planned: bool,
}

impl SavedQueue {
    pub(super) fn of(queue: &Queue) -> SavedQueue {
        let lanes = queue.lanes().filter(|(_, waiting)| !waiting.is_empty());
        let lanes = lanes.map(|(lane, waiting)| (lane.clone(), waiting.iter().map(saved).collect()));
        SavedQueue { lanes: lanes.collect(), health: queue.health().clone() }
    }

    pub(super) fn into_parts(self) -> (Lanes, BTreeMap<String, Health>) {
        let lanes = self.lanes.into_iter().map(|(lane, parcels)| (lane, parcels.into_iter().map(waiting).collect()));
        (lanes.collect(), self.health)
    }
}

fn saved(waiting: &Waiting) -> SavedParcel {
    let parcel = waiting.parcel.clone();
    SavedParcel {
        target: parcel.target,
        lane: parcel.lane,
        url: parcel.url,
        headers: parcel.headers,
        // Every body is JSON that we wrote.
        body: String::from_utf8_lossy(&parcel.body).into_owned(),
        label: parcel.label,
        about: parcel.about,
        webhook_id: parcel.webhook_id,
        best_effort: parcel.care == Care::BestEffort,
        attempts: waiting.attempts,
        first_at: waiting.first_at,
        planned: waiting.planned,
    }
}

fn waiting(saved: SavedParcel) -> Waiting {
    let parcel = Parcel {
        target: saved.target,
        lane: saved.lane,
        url: saved.url,
        headers: saved.headers,
        body: saved.body.into(),
        label: saved.label,
        about: saved.about,
        webhook_id: saved.webhook_id,
        care: if saved.best_effort { Care::BestEffort } else { Care::Guaranteed },
    };
    Waiting { parcel, attempts: saved.attempts, first_at: saved.first_at, planned: saved.planned }
}
