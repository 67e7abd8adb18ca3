//! PagerDuty's Events API, from both ends: senders of alerts and changes speak it to us ([`Sender`]), and we speak it to
//! the far side behind a routing key ([`Alerts`]).
//!
//! A sender may use a key of ours, which is mapped to a real one, so that it holds no secret; or a real one, which is
//! passed on as it is. An alert is named by its key and its dedup key together. Which real key an alert was triggered
//! with is part of its record, so that its end goes the same way although the key was replaced meanwhile.

mod check;
mod deliver;
mod keys;
mod map;
mod receive;
mod v1;
mod v2;
pub(crate) mod wire;

use crate::{Secret, SetupError};
use ::pagerduty::Client;
use pagebridge_core::{Delivery, Outcome, RecordRef, SystemName};
use pagebridge_ports::{BoxFuture, Check, Clock, Connector};
use std::sync::Arc;
use std::time::Duration;

pub use keys::{KeyRef, Keyring, PASSED_KEYS_MAX};
pub use receive::{Sender, Speech};

/// What a connection to the alerts behind one routing key needs.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The system's name in the configuration, or that of a sender's key.
    pub system: SystemName,
    /// What people call it.
    pub label: String,
    /// Address of the Events API.
    pub events_url: String,
    /// The key that new alerts are triggered with.
    pub routing_key: Secret,
    /// Whether the key is a sender's own, so that nobody can correct it here.
    pub passed: bool,
    /// How long making a connection may take, in milliseconds.
    pub connect_timeout_ms: u64,
    /// How long one call may take, in milliseconds.
    pub timeout_ms: u64,
    /// Whether the proxy variables of the environment count.
    pub proxy: bool,
}

impl Settings {
    /// Settings of the US region.
    #[must_use]
    pub fn new(system: SystemName, routing_key: Secret) -> Self {
        Self {
            system,
            label: "PagerDuty".to_owned(),
            events_url: ::pagerduty::Region::Us.events_url().to_owned(),
            routing_key,
            passed: false,
            connect_timeout_ms: 5_000,
            timeout_ms: 10_000,
            proxy: true,
        }
    }
}

/// The connector to the alerts behind one routing key.
pub struct Alerts {
    settings: Settings,
    key: KeyRef,
    keyring: Arc<Keyring>,
    client: Client,
    clock: Arc<dyn Clock>,
}

impl Alerts {
    /// Makes the connector; nothing is sent. The keyring holds its key from then on.
    ///
    /// # Errors
    /// [`SetupError`] naming the setting that is wrong.
    pub fn new(settings: Settings, keyring: Arc<Keyring>, clock: Arc<dyn Clock>) -> Result<Self, SetupError> {
        let problem = |problem: String| SetupError { system: settings.system.clone(), problem };
        keys::shape(&settings.routing_key).map_err(|wrong| problem(format!("routing_key {wrong}")))?;
        let mut builder = Client::builder()
            .events_url(settings.events_url.as_str())
            .user_agent(concat!("pagebridge/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(Duration::from_millis(settings.connect_timeout_ms))
            .timeout(Duration::from_millis(settings.timeout_ms));
        if !settings.proxy {
            builder = builder.no_proxy();
        }
        let client = builder.build().map_err(|error| problem(crate::outcome::with_causes(&error)))?;
        let key = keyring.hold(&settings.routing_key);
        Ok(Self { settings, key, keyring, client, clock })
    }
}

impl Connector for Alerts {
    fn system(&self) -> &SystemName {
        &self.settings.system
    }

    fn deliver<'a>(&'a self, delivery: &'a Delivery) -> BoxFuture<'a, Outcome> {
        Box::pin(self.carry_out(delivery))
    }

    fn read<'a>(&'a self, _record: &'a RecordRef) -> BoxFuture<'a, Outcome> {
        // The core never wants it: events are not answered with a state.
        Box::pin(async { crate::outcome::record_later("an alert behind a routing key cannot be read") })
    }

    fn check(&self) -> BoxFuture<'_, Vec<Check>> {
        Box::pin(self.look_around())
    }
}
