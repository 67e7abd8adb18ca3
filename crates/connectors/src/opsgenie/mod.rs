//! Opsgenie: alerts and their webhooks.
//!
//! Two habits of the far side shape this folder. Writes are answered 202 before they are done, so each is followed to
//! its result, and one whose result does not come in time is [`Outcome::Unknown`]. Webhooks are neither signed nor
//! ordered nor certain to come, so polling is what makes this system converge.

mod check;
mod client;
mod deliver;
mod map;
mod outcome;
mod poll;
mod receive;
mod wire;

use crate::{Secret, SetupError};
use client::Client;
use http::HeaderName;
use map::Ours;
use pagebridge_core::{Delivery, Outcome, RecordRef, SystemName};
use pagebridge_ports::{BoxFuture, Check, Clock, Connector};
use std::sync::Arc;

/// What a connection to one Opsgenie account needs.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The system's name in the configuration.
    pub system: SystemName,
    /// What people call it.
    pub label: String,
    /// The address up to, and without, `/v2/alerts`.
    pub api_url: String,
    /// Key of an API integration.
    pub api_key: Secret,
    /// Only webhooks of this integration are taken; without it, those of any.
    pub integration_id: Option<String>,
    /// Secrets of which a webhook must carry one; none means that everybody may send.
    pub webhook_secrets: Vec<Secret>,
    /// The header that carries it; without it, `Authorization`, as a bearer token or basic password.
    pub webhook_header: Option<String>,
    /// Who writes, when no person is to be named.
    pub user: String,
    /// The `source` that all our writes carry, by which they are known when they come back.
    pub source: String,
    /// Labels of the systems that are bridged with this one. Our writes name people as `Ann (PagerDuty)`: such a name
    /// with one of these labels is ours.
    pub partners: Vec<String>,
    /// How long making a connection may take, in milliseconds.
    pub connect_timeout_ms: u64,
    /// How long one call may take, in milliseconds.
    pub timeout_ms: u64,
    /// Whether the proxy variables of the environment count.
    pub proxy: bool,
}

impl Settings {
    /// Settings of the default region.
    #[must_use]
    pub fn new(system: SystemName, api_key: Secret) -> Self {
        Self {
            system,
            label: "Opsgenie".to_owned(),
            api_url: "https://api.opsgenie.com".to_owned(),
            api_key,
            integration_id: None,
            webhook_secrets: Vec::new(),
            webhook_header: None,
            user: "Pagebridge".to_owned(),
            source: "pagebridge".to_owned(),
            partners: vec!["PagerDuty".to_owned()],
            connect_timeout_ms: 5_000,
            timeout_ms: 10_000,
            proxy: true,
        }
    }
}

/// The connector to one Opsgenie account.
pub struct Opsgenie {
    settings: Settings,
    client: Client,
    clock: Arc<dyn Clock>,
    header: Option<HeaderName>,
    /// Where people look at alerts, when the address of the API tells.
    web_url: Option<String>,
}

impl Opsgenie {
    /// Makes the connector; nothing is sent.
    ///
    /// # Errors
    /// [`SetupError`] naming the setting that is wrong.
    pub fn new(settings: Settings, clock: Arc<dyn Clock>) -> Result<Self, SetupError> {
        let problem = |problem: String| SetupError { system: settings.system.clone(), problem };
        let client = Client::new(&settings).map_err(problem)?;
        let header = match &settings.webhook_header {
            None => None,
            Some(name) => Some(name.trim().parse().map_err(|_| {
                problem(format!(
                    "`{name}` cannot be the name of a header; set webhook_header to one like X-Bridge-Token"
                ))
            })?),
        };
        let web_url = client.web_url();
        Ok(Self { settings, client, clock, header, web_url })
    }

    fn ours(&self) -> Ours<'_> {
        let Settings { user, source, partners, .. } = &self.settings;
        Ours { user, source, partners }
    }

    fn record(&self, id: &str) -> RecordRef {
        RecordRef { url: self.url_of(id), ..RecordRef::id(id) }
    }

    fn url_of(&self, id: &str) -> Option<String> {
        self.web_url.as_ref().map(|base| format!("{base}/alert/detail/{id}/details"))
    }
}

impl std::fmt::Debug for Opsgenie {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Opsgenie").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Connector for Opsgenie {
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
