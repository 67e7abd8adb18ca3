//! Looks whether everything that posting needs is set up at Slack.

use super::Slack;
use super::client::Failure;
use super::wire::{Identity, Info, Page};
use crate::chat::client::Failure as Lost;
use crate::outcome::Doing;
use pagebridge_core::Outcome;
use pagebridge_ports::{Check, CheckResult};

impl Slack {
    pub(super) async fn look_around(&self) -> Vec<Check> {
        let token = self.client.ask::<Identity>("auth.test", &[]).await;
        let Identity { user, team } = match token {
            Ok(identity) => identity,
            Err(failure) => return vec![self.broken("bot token", &failure)],
        };
        let mut checks = vec![self.found("bot token", CheckResult::Ok, &format!("is `{user}` in `{team}`"), "")];
        checks.push(self.check_channel().await);
        if checks.iter().all(|check| check.result != CheckResult::Failed) {
            checks.push(self.check_history().await);
        }
        checks
    }

    async fn check_channel(&self) -> Check {
        let channel = self.settings.channel.trim();
        match self.client.ask::<Info>("conversations.info", &[("channel", channel)]).await {
            Ok(Info { channel }) if channel.is_archived => {
                let detail = format!("#{} is archived", channel.name);
                self.found("channel", CheckResult::Failed, &detail, "open it again, or set channel to another one")
            }
            Ok(Info { channel }) if !channel.is_member => {
                let detail = format!("the bot is not in #{}", channel.name);
                self.found("channel", CheckResult::Failed, &detail, "invite it: /invite @NAME in the channel")
            }
            Ok(Info { channel }) => {
                self.found("channel", CheckResult::Ok, &format!("the bot is in #{}", channel.name), "")
            }
            Err(failure) => self.broken("channel", &failure),
        }
    }

    /// What is in doubt is looked for there.
    async fn check_history(&self) -> Check {
        let query = [("channel", self.settings.channel.trim()), ("limit", "1")];
        match self.client.ask::<Page>("conversations.history", &query).await {
            Ok(_) => {
                self.found("history", CheckResult::Ok, "messages whose posting was not answered are found again", "")
            }
            Err(failure) => self.broken("history", &failure),
        }
    }

    fn broken(&self, name: &str, failure: &Failure) -> Check {
        let remedy = match failure {
            Failure::Lost(Lost::NotSent(_)) => "check api_url, name resolution, the firewall and the proxy".to_owned(),
            Failure::Refused { error, needed, .. } => match (error.as_str(), needed) {
                ("missing_scope", Some(scope)) => format!("add the scope `{scope}` to the app and install it again"),
                ("missing_scope", None) => {
                    "give the app chat:write, channels:read and channels:history (groups:* for a private channel), and install it again".to_owned()
                }
                ("channel_not_found", _) => "set channel to the channel's id; a private channel is found only once the bot is in it".to_owned(),
                ("not_in_channel", _) => "invite the bot: /invite @NAME in the channel".to_owned(),
                ("ratelimited", _) => "wait a minute and try again".to_owned(),
                _ => "set bot_token to the Bot User OAuth Token of an app that is installed".to_owned(),
            },
            _ => "check api_url, or try again later".to_owned(),
        };
        let detail = match self.failed(failure, Doing::Read) {
            Outcome::NotApplied { reason, .. } => reason,
            _ => failure.to_string(),
        };
        self.found(name, CheckResult::Failed, &detail, &remedy)
    }

    fn found(&self, name: &str, result: CheckResult, detail: &str, remedy: &str) -> Check {
        Check::new(&self.settings.system, name, result, detail, remedy)
    }
}
