//! Microsoft Teams, by the address of a Workflow: a new card for each change of status, and for each note.
//!
//! A Workflow takes cards and tells nothing: what it posted can be neither updated, nor read, nor answered to. So a card whose
//! posting was not answered is posted once more, saying that it may be there twice, where an incident would otherwise
//! perhaps be shown to nobody; everything else is taken for posted, since the next card says it all again.

mod check;
mod deliver;
mod map;

use crate::chat;
use crate::chat::client::{Client, Connecting};
use crate::{Secret, SetupError};
use pagebridge_core::{Delivery, Outcome, RecordRef, SystemName};
use pagebridge_ports::{BoxFuture, Check, Connector};
use reqwest::Url;

/// What a connection to one Workflow needs.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The system's name in the configuration.
    pub system: SystemName,
    /// The Workflow's address, which is its secret.
    pub workflow_url: Secret,
    /// How long connecting may take, in milliseconds.
    pub connect_timeout_ms: u64,
    /// How long a call may take, in milliseconds.
    pub timeout_ms: u64,
    /// Whether the proxy variables of the environment count.
    pub proxy: bool,
}

impl Settings {
    /// The usual settings.
    #[must_use]
    pub fn new(system: SystemName, workflow_url: Secret) -> Self {
        Self { system, workflow_url, connect_timeout_ms: 5_000, timeout_ms: 10_000, proxy: true }
    }
}

/// The connector to one Workflow.
pub struct Teams {
    settings: Settings,
    client: Client,
}

impl Teams {
    /// Makes the connector; nothing is sent.
    ///
    /// # Errors
    /// [`SetupError`] naming the setting that is wrong.
    pub fn new(settings: Settings) -> Result<Self, SetupError> {
        let problem = |problem: String| SetupError { system: settings.system.clone(), problem };
        // The address is the secret, so it is in no message.
        let url = Url::parse(settings.workflow_url.expose().trim()).ok();
        let url = url.filter(|url| matches!(url.scheme(), "https" | "http") && url.has_host()).ok_or_else(|| {
            let words = "workflow_url is no address; copy it whole from the trigger of the Workflow `When a Teams webhook request is received`";
            problem(words.to_owned())
        })?;
        let Settings { connect_timeout_ms, timeout_ms, proxy, .. } = settings;
        let how = Connecting { connect_timeout_ms, timeout_ms, proxy };
        let client = Client::new(url, None, how).map_err(problem)?;
        Ok(Self { settings, client })
    }
}

impl std::fmt::Debug for Teams {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Teams").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Connector for Teams {
    fn system(&self) -> &SystemName {
        &self.settings.system
    }

    fn deliver<'a>(&'a self, delivery: &'a Delivery) -> BoxFuture<'a, Outcome> {
        Box::pin(self.carry_out(delivery))
    }

    fn read<'a>(&'a self, _record: &'a RecordRef) -> BoxFuture<'a, Outcome> {
        Box::pin(std::future::ready(chat::never_read()))
    }

    fn check(&self) -> BoxFuture<'_, Vec<Check>> {
        Box::pin(self.look_around())
    }
}
