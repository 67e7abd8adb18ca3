//! NetBox with the Business Application plugin: its Events and Incidents.
//!
//! Three habits of the far side shape this folder. Changes in bulk leave no trace at all, neither a webhook nor a time,
//! so lists are read again and again (`follow.rs`) and what vanishes from them is read by itself. Filters that do not exist
//! are ignored, so everything that a list gives is looked at again. A webhook is sent once, so it is a hint and no more.

mod check;
mod client;
mod deliver;
mod endpoints;
mod follow;
mod graph;
mod kept;
mod map;
mod memory;
mod notes;
mod outcome;
mod poll;
mod receive;
mod routes;
mod settings;
#[cfg(test)]
mod tests;
mod vanished;
mod wire;
mod words;

use crate::SetupError;
use client::Client;
use memory::Memory;
use pagebridge_core::{Delivery, Outcome, RecordRef, SystemName};
use pagebridge_ports::{BoxFuture, Check, Clock, Connector};
use std::sync::Arc;

pub use endpoints::{
    CallerToken, Custom, ENDPOINTS_BODY_SIZE_BYTES_MAX, ENDPOINTS_PATH, EndpointSettings, Endpoints, May,
};
pub use settings::{Back, Notes, Route, Routes, Settings};
pub use words::{Severities, Statuses};

/// The connector to one NetBox.
pub struct NetBox {
    /// With what is written taken into account in `statuses`.
    settings: Settings,
    client: Client,
    clock: Arc<dyn Clock>,
    follow: Memory,
}

impl NetBox {
    /// Makes the connector; nothing is sent.
    ///
    /// # Errors
    /// [`SetupError`] naming the setting that is wrong.
    pub fn new(settings: Settings, clock: Arc<dyn Clock>) -> Result<Self, SetupError> {
        let problem = |problem: String| SetupError { system: settings.system.clone(), problem };
        if let Some(wrong) = settings.problem() {
            return Err(problem(wrong));
        }
        let client = Client::new(&settings).map_err(problem)?;
        let statuses = settings.effective_statuses();
        Ok(Self { settings: Settings { statuses, ..settings }, client, clock, follow: Memory::default() })
    }
}

impl std::fmt::Debug for NetBox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NetBox").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Connector for NetBox {
    fn system(&self) -> &SystemName {
        &self.settings.system
    }

    fn deliver<'a>(&'a self, delivery: &'a Delivery) -> BoxFuture<'a, Outcome> {
        Box::pin(self.carry_out(delivery))
    }

    fn read<'a>(&'a self, record: &'a RecordRef) -> BoxFuture<'a, Outcome> {
        Box::pin(self.read_back(record))
    }

    fn check(&self) -> BoxFuture<'_, Vec<Check>> {
        Box::pin(self.look_around())
    }
}
