//! The chat look-alikes: Slack, Mattermost and a Teams workflow, each with a channel in which a bot posts.

mod blocks;
mod mattermost;
mod mattermost_api;
mod response;
mod slack;
mod slack_api;
mod teams;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use crate::config::Credentials;
use crate::random::Random;
use crate::shell::Shared;

pub use self::mattermost::{Mattermost, MattermostPost, MattermostSnapshot};
pub use self::response::Responded;
pub use self::slack::{Slack, SlackMessage, SlackSnapshot};
pub use self::teams::{Teams, TeamsCard, TeamsSnapshot};

/// The people of every chat; their e-mails are those of PagerDuty's default users.
const PEOPLE: [(&str, &str); 2] = [("Ann Berg", "ann.berg@example.test"), ("Ben Okafor", "ben.okafor@example.test")];

/// Says why something cannot be done in a chat.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChatError {
    /// There is no such message.
    #[error("no message is `{0}`")]
    NoMessage(String),
}

/// A person in a chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatUser {
    /// The chat's id of the person.
    pub id: String,
    /// The name.
    pub name: String,
    /// The e-mail; none when the chat does not show it to bots.
    pub email: Option<String>,
}

/// The three of them.
#[derive(Debug, Clone)]
pub(crate) struct Chats {
    pub(crate) slack: Arc<Slack>,
    pub(crate) mattermost: Arc<Mattermost>,
    pub(crate) teams: Arc<Teams>,
}

/// What is kept in a state file.
#[derive(Serialize, Deserialize)]
struct Kept {
    slack: slack::State,
    mattermost: mattermost::State,
    teams: teams::State,
}

impl Chats {
    /// Sets the three up; `urls` are the addresses of Slack, Mattermost and Teams.
    pub(crate) fn new(given: &Credentials, seed: u64, urls: [&str; 3], shared: &Shared) -> Chats {
        // Generators of their own: what is drawn for the other systems stays as it was.
        let random = |salt: u64| Random::new(seed ^ salt);
        let [slack, mattermost, teams] = urls;
        Chats {
            slack: Arc::new(Slack::new(given, random(0x51AC), slack, shared.clone())),
            mattermost: Arc::new(Mattermost::new(given, random(0x3A77), mattermost, shared.clone())),
            teams: Arc::new(Teams::new(given, random(0x7EA3), teams, shared.clone())),
        }
    }

    pub(crate) fn save(&self) -> Box<RawValue> {
        let kept = Kept {
            slack: self.slack.lock().clone(),
            mattermost: self.mattermost.lock().clone(),
            teams: self.teams.lock().clone(),
        };
        to_raw_value(&kept).expect("every key of a map is a text")
    }

    pub(crate) fn restore(&self, saved: &RawValue) -> Result<(), serde_json::Error> {
        let kept: Kept = serde_json::from_str(saved.get())?;
        *self.slack.lock() = kept.slack;
        *self.mattermost.lock() = kept.mattermost;
        *self.teams.lock() = kept.teams;
        Ok(())
    }
}
