//! Looks whether everything that posting needs is set up at Mattermost.

use super::Mattermost;
use super::client::Failure;
use super::wire::{Channel, User};
use crate::chat::client::Failure as Lost;
use crate::outcome::Doing;
use pagebridge_core::Outcome;
use pagebridge_ports::{Check, CheckResult};
use serde::de::IgnoredAny;

impl Mattermost {
    pub(super) async fn look_around(&self) -> Vec<Check> {
        let user = match self.client.get::<User>(&["users", "me"], &[]).await {
            Ok(user) => user,
            Err(failure) => return vec![self.broken("bot token", &failure)],
        };
        let mut checks =
            vec![self.found("bot token", CheckResult::Ok, &format!("is of the bot `{}`", user.username), "")];
        checks.push(self.check_channel().await);
        if self.settings.buttons.is_none() {
            let remedy = "set button_secret and public_url to have Acknowledge, Resolve and Escalate under each post";
            checks.push(self.found("buttons", CheckResult::Warning, "posts have no buttons", remedy));
        }
        checks
    }

    async fn check_channel(&self) -> Check {
        let id = self.settings.channel_id.trim();
        let channel = match self.client.get::<Channel>(&["channels", id], &[]).await {
            Ok(channel) => channel,
            Err(failure) => return self.broken("channel", &failure),
        };
        let name = &channel.display_name;
        if channel.delete_at != 0 {
            let remedy = "unarchive it, or set channel_id to another one";
            return self.found("channel", CheckResult::Failed, &format!("`{name}` is archived"), remedy);
        }
        match self.client.get::<IgnoredAny>(&["channels", id, "members", "me"], &[]).await {
            Ok(_) => self.found("channel", CheckResult::Ok, &format!("the bot is in `{name}`"), ""),
            Err(Failure::Refused { status: 404, .. }) => {
                let detail = format!("the bot is not in `{name}`");
                self.found("channel", CheckResult::Failed, &detail, "add the bot to the team and to the channel")
            }
            Err(failure) => self.broken("channel", &failure),
        }
    }

    fn broken(&self, name: &str, failure: &Failure) -> Check {
        let remedy = match failure {
            Failure::Lost(Lost::NotSent(_)) => "check api_url, name resolution, the firewall and the proxy",
            Failure::Refused { status: 401, .. } => {
                "set bot_token to the access token of a bot account that is enabled"
            }
            Failure::Refused { status: 403, .. } => "add the bot to the team and to the channel",
            Failure::Refused { status: 404, id, .. } if !id.is_empty() => {
                "set channel_id to the id that `View Info` of the channel shows, and add the bot to it"
            }
            Failure::Refused { status: 429, .. } => "wait a minute and try again",
            _ => "check api_url (without /api/v4), or try again later",
        };
        let detail = match self.failed(failure, Doing::Read) {
            Outcome::NotApplied { reason, .. } => reason,
            _ => failure.to_string(),
        };
        self.found(name, CheckResult::Failed, &detail, remedy)
    }

    fn found(&self, name: &str, result: CheckResult, detail: &str, remedy: &str) -> Check {
        Check::new(&self.settings.system, name, result, detail, remedy)
    }
}
