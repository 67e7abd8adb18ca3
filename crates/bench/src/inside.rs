//! A connector that takes everything at once, to show the engine and the store without a call.

use crate::event::PAGERDUTY;
use crate::tally::SharedTally;
use pagebridge_core::{Delivery, Outcome, RecordRef, Status, SystemName};
use pagebridge_ports::{BoxFuture, Check, Connector};
use std::sync::PoisonError;

pub(crate) struct Inside {
    system: SystemName,
    tally: SharedTally,
}

impl Inside {
    pub(crate) fn new(tally: SharedTally) -> Self {
        Self { system: SystemName::new(PAGERDUTY), tally }
    }
}

impl Connector for Inside {
    fn system(&self) -> &SystemName {
        &self.system
    }

    fn deliver<'a>(&'a self, delivery: &'a Delivery) -> BoxFuture<'a, Outcome> {
        let key = delivery.incident.to_string();
        self.tally.lock().unwrap_or_else(PoisonError::into_inner).take(&key, delivery.content.body.as_bytes());
        let record = Some(RecordRef::id(&format!("Q{key}")));
        let outcome = Outcome::Delivered { record, status: Some(Status::Triggered), status_at: None, note: None };
        Box::pin(std::future::ready(outcome))
    }

    fn read<'a>(&'a self, _: &'a RecordRef) -> BoxFuture<'a, Outcome> {
        Box::pin(std::future::ready(Outcome::Missing))
    }

    fn check(&self) -> BoxFuture<'_, Vec<Check>> {
        Box::pin(std::future::ready(Vec::new()))
    }
}
