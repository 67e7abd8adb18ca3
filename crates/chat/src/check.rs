//! Live checks of the chats: whose the bot tokens are, and what they may.

use crate::outside::Outside;
use crate::settings::{Mattermost, Settings, Slack};
use pagebridge_core::SystemName;
use pagebridge_ports::{Check, CheckResult};

/// Tries the bot tokens; changes nothing.
pub async fn check(settings: &Settings) -> Vec<Check> {
    let outside = match Outside::new(settings) {
        Ok(outside) => outside,
        Err(error) => return vec![row("slack", CheckResult::Failed, error, "look at the proxy variables")],
    };
    let mut checks = Vec::new();
    if let Some(slack) = &settings.slack {
        checks.push(check_slack(&outside, slack).await);
    }
    if let Some(mattermost) = &settings.mattermost {
        checks.push(check_mattermost(&outside, mattermost).await);
    }
    checks
}

fn row(chat: &str, result: CheckResult, detail: impl Into<String>, remedy: &str) -> Check {
    let system = SystemName::new("chat");
    Check { system, name: format!("bot token of {chat}"), result, detail: detail.into(), remedy: remedy.to_owned() }
}

const NO_TOKEN: &str = "there is none, so people are known only by [[chat.people]]";

async fn check_slack(outside: &Outside, slack: &Slack) -> Check {
    const REMEDY: &str = "copy the Bot User OAuth Token from the app's page, and give it the scope users:read.email";
    let Some(token) = &slack.bot_token else { return row("slack", CheckResult::Ok, NO_TOKEN, "") };
    let (answer, scopes) = match outside.slack_bot(slack, token).await {
        Ok(answered) => answered,
        Err(error) => return row("slack", CheckResult::Failed, error, "look at the network and at `api_url`"),
    };
    if answer["ok"] != true {
        let error = answer["error"].as_str().unwrap_or("no reason");
        return row("slack", CheckResult::Failed, format!("Slack refuses it: {error}"), REMEDY);
    }
    let (user, team) = (answer["user"].as_str().unwrap_or("?"), answer["team"].as_str().unwrap_or("?"));
    match scopes {
        Some(scopes) if !scopes.split(',').any(|scope| scope.trim() == "users:read.email") => {
            row("slack", CheckResult::Failed, format!("{user} in {team} has no scope users:read.email"), REMEDY)
        }
        _ => row("slack", CheckResult::Ok, format!("it is {user} in {team}"), ""),
    }
}

async fn check_mattermost(outside: &Outside, mattermost: &Mattermost) -> Check {
    let Some((url, token)) = mattermost.url.as_ref().zip(mattermost.bot_token.as_ref()) else {
        return row("mattermost", CheckResult::Ok, NO_TOKEN, "");
    };
    match outside.mattermost_bot(url, token).await {
        Ok((200, answer)) => {
            let name = answer["username"].as_str().unwrap_or("?");
            row("mattermost", CheckResult::Ok, format!("it is {name}"), "")
        }
        Ok((status, _)) => {
            let remedy = "make a bot account in Mattermost and copy its token; look at `url`";
            row("mattermost", CheckResult::Failed, format!("Mattermost answered {status}"), remedy)
        }
        Err(error) => row("mattermost", CheckResult::Failed, error, "look at the network and at `url`"),
    }
}
