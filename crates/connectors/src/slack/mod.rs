//! Slack: incidents are messages in one channel, updated in place; notes are replies in their threads.
//!
//! What people click or type there is no business of this connector. A message carries what identifies it in its metadata,
//! so that one whose making was not answered is found again.

mod check;
mod client;
mod deliver;
mod map;
mod outcome;
mod wire;

use crate::chat;
use crate::{Secret, SetupError};
use client::Client;
use pagebridge_core::{Delivery, Outcome, RecordRef, SystemName};
use pagebridge_ports::{BoxFuture, Check, Connector};

/// Where Slack's API is unless said otherwise.
pub const API_URL: &str = "https://slack.com/api";

/// What a connection to one channel needs.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The system's name in the configuration.
    pub system: SystemName,
    /// The address of the API, up to and with `/api`.
    pub api_url: String,
    /// The bot's token, `xoxb-...`.
    pub bot_token: Secret,
    /// The channel's id, `C...` or `G...`; a name does not do.
    pub channel: String,
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
    pub fn new(system: SystemName, bot_token: Secret, channel: &str) -> Self {
        Self {
            system,
            api_url: API_URL.to_owned(),
            bot_token,
            channel: channel.to_owned(),
            connect_timeout_ms: 5_000,
            timeout_ms: 10_000,
            proxy: true,
        }
    }
}

/// The connector to one channel.
pub struct Slack {
    settings: Settings,
    client: Client,
}

impl Slack {
    /// Makes the connector; nothing is sent.
    ///
    /// # Errors
    /// [`SetupError`] naming the setting that is wrong.
    pub fn new(settings: Settings) -> Result<Self, SetupError> {
        let problem = |problem: String| SetupError { system: settings.system.clone(), problem };
        let channel = settings.channel.trim();
        if channel.is_empty() || !channel.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()) {
            let words = "channel must be the channel's id, like C0123456789; it is at the end of the channel's details in Slack";
            return Err(problem(words.to_owned()));
        }
        let client = Client::new(&settings).map_err(problem)?;
        Ok(Self { settings, client })
    }
}

impl std::fmt::Debug for Slack {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Slack").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Connector for Slack {
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
