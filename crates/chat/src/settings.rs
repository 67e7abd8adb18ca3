//! What a chat is set up with.

use pagebridge_access::Role;
use pagerduty::Secret;

/// Where Slack's API is unless said otherwise.
pub const SLACK_API_URL: &str = "https://slack.com/api";

/// Where Slack takes later answers unless said otherwise.
pub const SLACK_HOOKS_URL: &str = "https://hooks.slack.com";

/// Everything that the commands in chats are set up with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// People whose users at PagerDuty are known beforehand.
    pub people: Vec<KnownPerson>,
    /// What those may do who are found by their e-mail address.
    pub role: Role,
    /// Whether those may look who are not known at all.
    pub strangers_look: bool,
    /// Slack.
    pub slack: Option<Slack>,
    /// Mattermost.
    pub mattermost: Option<Mattermost>,
    /// Microsoft Teams.
    pub teams: Option<Teams>,
    /// Whether other processes work on the same store.
    pub is_store_shared: bool,
    /// Whether the proxy variables of the environment count.
    pub proxy: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            people: Vec::new(),
            role: Role::Responder,
            strangers_look: false,
            slack: None,
            mattermost: None,
            teams: None,
            is_store_shared: false,
            proxy: true,
        }
    }
}

/// One person of the table.
#[derive(Clone, Debug)]
pub struct KnownPerson {
    /// The id at Slack, e.g. `U024BE7LH`.
    pub slack: Option<String>,
    /// The id at Mattermost.
    pub mattermost: Option<String>,
    /// The object id in the directory of Teams.
    pub teams: Option<String>,
    /// The e-mail address of the user at PagerDuty.
    pub email: String,
    /// What this one may do.
    pub role: Role,
}

/// Slack.
#[derive(Clone, Debug)]
pub struct Slack {
    /// Secrets of which one has signed a request.
    pub signing_secrets: Vec<Secret>,
    /// For asking who a user is, and for answers that came too late for the usual way.
    pub bot_token: Option<Secret>,
    /// Where the API is.
    pub api_url: String,
    /// Where later answers go, and nowhere else.
    pub hooks_url: String,
    /// Whether somebody else brings posted incidents up to date after a click.
    pub are_posts_kept: bool,
}

/// Mattermost.
#[derive(Clone, Debug)]
pub struct Mattermost {
    /// Tokens of the slash commands.
    pub tokens: Vec<Secret>,
    /// Where the server is: later answers go there, and nowhere else.
    pub url: Option<String>,
    /// For asking who a user is, and for later answers to clicks.
    pub bot_token: Option<Secret>,
    /// What the buttons under our posts are signed with.
    pub button_secrets: Vec<Secret>,
    /// Whether somebody else brings posted incidents up to date after a click.
    pub are_posts_kept: bool,
}

/// Microsoft Teams.
#[derive(Clone, Debug)]
pub struct Teams {
    /// Security tokens of the outgoing webhooks.
    pub security_tokens: Vec<Secret>,
}

impl KnownPerson {
    /// The id at the chat of this name.
    pub(crate) fn id_at(&self, chat: &str) -> Option<&str> {
        match chat {
            "slack" => self.slack.as_deref(),
            "mattermost" => self.mattermost.as_deref(),
            "teams" => self.teams.as_deref(),
            _ => None,
        }
    }
}
