//! Mattermost: incidents are posts in one channel, updated in place; notes are replies to them.
//!
//! The buttons lead to the part of the bridge that hears chats. Their context says what is meant, and proves with a code that
//! we wrote it: Mattermost signs nothing.

mod check;
mod client;
mod deliver;
mod map;
mod outcome;
mod wire;

use crate::chat;
use crate::{Secret, SetupError, http_client};
use client::Client;
use pagebridge_core::{Delivery, Outcome, RecordRef, SystemName};
use pagebridge_ports::{BoxFuture, Check, Connector};

/// Where clicks are heard, below the address at which Mattermost reaches us.
pub const BUTTONS_PATH: &str = "/chat/mattermost/buttons";

/// What a connection to one channel needs.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The system's name in the configuration.
    pub system: SystemName,
    /// Mattermost's address, without `/api/v4`.
    pub api_url: String,
    /// The bot's token.
    pub bot_token: Secret,
    /// The channel's id.
    pub channel_id: String,
    /// With what the context of buttons is proved, and the address at which Mattermost reaches us; no buttons without both.
    pub buttons: Option<Buttons>,
    /// How long connecting may take, in milliseconds.
    pub connect_timeout_ms: u64,
    /// How long a call may take, in milliseconds.
    pub timeout_ms: u64,
    /// Whether the proxy variables of the environment count.
    pub proxy: bool,
}

/// What buttons need.
#[derive(Clone, Debug)]
pub struct Buttons {
    /// The key of the code in each button's context.
    pub secret: Secret,
    /// The address at which Mattermost reaches us.
    pub public_url: String,
}

impl Settings {
    /// The usual settings.
    #[must_use]
    pub fn new(system: SystemName, api_url: &str, bot_token: Secret, channel_id: &str) -> Self {
        Self {
            system,
            api_url: api_url.to_owned(),
            bot_token,
            channel_id: channel_id.to_owned(),
            buttons: None,
            connect_timeout_ms: 5_000,
            timeout_ms: 10_000,
            proxy: true,
        }
    }
}

/// The connector to one channel.
pub struct Mattermost {
    settings: Settings,
    client: Client,
}

impl Mattermost {
    /// Makes the connector; nothing is sent.
    ///
    /// # Errors
    /// [`SetupError`] naming the setting that is wrong.
    pub fn new(settings: Settings) -> Result<Self, SetupError> {
        let problem = |problem: String| SetupError { system: settings.system.clone(), problem };
        let id = settings.channel_id.trim();
        if id.len() != 26 || !id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()) {
            let words =
                "channel_id must be the channel's id of 26 letters and digits; `View Info` of the channel shows it";
            return Err(problem(words.to_owned()));
        }
        if let Some(buttons) = &settings.buttons {
            http_client::base_url("public_url", &buttons.public_url, "https://bridge.example.com").map_err(problem)?;
            if buttons.secret.expose().trim().is_empty() {
                return Err(problem("button_secret is empty; set it to a long random text".to_owned()));
            }
        }
        let client = Client::new(&settings).map_err(problem)?;
        Ok(Self { settings, client })
    }
}

impl std::fmt::Debug for Mattermost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mattermost").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Connector for Mattermost {
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
