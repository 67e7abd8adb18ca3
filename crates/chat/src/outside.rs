//! What is asked of the chats themselves: who a user is; and the answers that go to them later.

use crate::settings::{Mattermost, Settings, Slack};
use pagerduty::Secret;
use reqwest::{RequestBuilder, Url, redirect};
use serde_json::{Value, json};
use std::time::Duration;

/// How long one call may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Largest answer that is read, in bytes.
const ANSWER_SIZE_BYTES_MAX: usize = 256 * 1024;

/// The way to the chats.
pub(crate) struct Outside {
    http: reqwest::Client,
    slack: Option<Slack>,
    mattermost: Option<Mattermost>,
}

/// Who somebody is at a chat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Identity {
    /// Known by this e-mail address, which the chat vouches for.
    Address(String),
    /// The chat vouches for no address: a bot, a guest, somebody who has left, or nobody to ask.
    Nobody,
}

/// Why a later answer did not get there.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Undelivered {
    /// Another try may help.
    Again(String),
    /// No try will.
    Never(String),
}

impl Outside {
    /// Sets up a client that follows no redirect.
    pub(crate) fn new(settings: &Settings) -> Result<Self, String> {
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            // Err means that another thread was quicker, which is as good.
            let _ = rustls::crypto::ring::default_provider().install_default();
        }
        let mut http = reqwest::Client::builder()
            .user_agent(concat!("pagebridge/", env!("CARGO_PKG_VERSION")))
            .timeout(TIMEOUT)
            .redirect(redirect::Policy::none());
        if !settings.proxy {
            http = http.no_proxy();
        }
        let http = http.build().map_err(|error| format!("cannot set up the HTTP client: {}", error.without_url()))?;
        Ok(Self { http, slack: settings.slack.clone(), mattermost: settings.mattermost.clone() })
    }

    /// Asks Slack who a user is.
    pub(crate) async fn slack_user(&self, id: &str) -> Result<Identity, String> {
        let Some((slack, token)) = self.slack.as_ref().and_then(|s| Some((s, s.bot_token.as_ref()?))) else {
            return Ok(Identity::Nobody);
        };
        let url = with_query(&api(&slack.api_url, &["users.info"])?, &[("user", id)]);
        let (_, answer) = self.call(self.http.get(url).bearer_auth(token.expose())).await?;
        if answer["ok"] != true {
            let error = answer["error"].as_str().unwrap_or("no reason");
            if error == "user_not_found" {
                return Ok(Identity::Nobody);
            }
            return Err(format!("Slack said `{error}` to users.info; the bot token needs the scope users:read.email"));
        }
        let user = &answer["user"];
        let is_true = |field: &str| user[field] == true;
        let is_vouched = !is_true("deleted") && !is_true("is_bot") && user["is_email_confirmed"] != false;
        let is_own = !is_true("is_restricted") && !is_true("is_ultra_restricted") && !is_true("is_stranger");
        Ok(address(&user["profile"]["email"], is_vouched && is_own))
    }

    /// Asks Mattermost who a user is, by id, or by name for one who is spoken of.
    pub(crate) async fn mattermost_user(&self, path: &[&str]) -> Result<Identity, String> {
        let Some((url, token)) = self.mattermost() else { return Ok(Identity::Nobody) };
        let url = api(url, &[&["api", "v4", "users"], path].concat())?;
        let (status, answer) = self.call(self.http.get(url).bearer_auth(token.expose())).await?;
        match status {
            200 => {}
            404 => return Ok(Identity::Nobody),
            status => return Err(format!("Mattermost answered {status} to who a user is; look at the bot's token")),
        }
        let has_left = answer["delete_at"].as_i64().unwrap_or_default() > 0;
        let is_guest = answer["roles"].as_str().is_some_and(|roles| roles.contains("guest"));
        let is_vouched = answer["email_verified"] != false && answer["is_bot"] != true;
        Ok(address(&answer["email"], is_vouched && !has_left && !is_guest))
    }

    /// Gives an answer to Slack's `response_url`; nowhere but where Slack takes them.
    pub(crate) async fn to_slack(&self, response_url: &str, body: &Value) -> Result<(), Undelivered> {
        let url = self.slack.as_ref().and_then(|slack| allowed(response_url, &slack.hooks_url));
        let url = url.ok_or_else(|| Undelivered::Never("`response_url` is not at Slack's".to_owned()))?;
        self.deliver(self.http.post(url).json(body)).await
    }

    /// Gives an answer to one user in a channel, by Slack's API.
    pub(crate) async fn to_slack_user(&self, channel: &str, user: &str, text: &str) -> Result<(), Undelivered> {
        let never = |why: &str| Undelivered::Never(why.to_owned());
        let slack = self.slack.as_ref().ok_or_else(|| never("there is no Slack"))?;
        let token = slack.bot_token.as_ref().ok_or_else(|| never("there is no `bot_token` for another way"))?;
        let url = api(&slack.api_url, &["chat.postEphemeral"]).map_err(Undelivered::Never)?;
        let body = json!({"channel": channel, "user": user, "text": text});
        let sent = self.call(self.http.post(url).bearer_auth(token.expose()).json(&body)).await;
        match sent.map_err(Undelivered::Again)? {
            (_, answer) if answer["ok"] == true => Ok(()),
            (429 | 500.., answer) => Err(Undelivered::Again(answer["error"].to_string())),
            (_, answer) => Err(Undelivered::Never(format!("chat.postEphemeral: {}", answer["error"]))),
        }
    }

    /// Gives an answer to a command's `response_url` at the Mattermost that is configured, whatever host it names.
    pub(crate) async fn to_mattermost(&self, response_url: &str, body: &Value) -> Result<(), Undelivered> {
        let never = |why: &str| Undelivered::Never(why.to_owned());
        let base = self.mattermost.as_ref().and_then(|m| m.url.as_deref());
        let base = base.ok_or_else(|| never("`url` of [chat.mattermost] is not set"))?;
        let id = response_url.rsplit_once("/hooks/commands/").map(|(_, id)| id);
        let id = id.filter(|id| !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric()));
        let id = id.ok_or_else(|| never("`response_url` is not that of a command"))?;
        let url = api(base, &["hooks", "commands", id]).map_err(Undelivered::Never)?;
        self.deliver(self.http.post(url).json(body)).await
    }

    /// Gives an answer to one user in a channel, by Mattermost's API.
    pub(crate) async fn to_mattermost_user(&self, channel: &str, user: &str, text: &str) -> Result<(), Undelivered> {
        let (base, token) = self.mattermost().ok_or_else(|| {
            Undelivered::Never("`url` and `bot_token` of [chat.mattermost] are needed for a later answer".to_owned())
        })?;
        let url = api(base, &["api", "v4", "posts", "ephemeral"]).map_err(Undelivered::Never)?;
        let body = json!({"user_id": user, "post": {"channel_id": channel, "message": text}});
        self.deliver(self.http.post(url).bearer_auth(token.expose()).json(&body)).await
    }

    /// Asks Slack whose the bot token is; with the scopes that it has.
    pub(crate) async fn slack_bot(&self, slack: &Slack, token: &Secret) -> Result<(Value, Option<String>), String> {
        let url = api(&slack.api_url, &["auth.test"])?;
        let sent = self.http.post(url).bearer_auth(token.expose()).send().await.map_err(words)?;
        let scopes = sent.headers().get("x-oauth-scopes").and_then(|v| v.to_str().ok()).map(str::to_owned);
        Ok((body(sent).await?.1, scopes))
    }

    /// Asks Mattermost whose the bot token is.
    pub(crate) async fn mattermost_bot(&self, base: &str, token: &Secret) -> Result<(u16, Value), String> {
        let url = api(base, &["api", "v4", "users", "me"])?;
        self.call(self.http.get(url).bearer_auth(token.expose())).await
    }

    fn mattermost(&self) -> Option<(&str, &Secret)> {
        let mattermost = self.mattermost.as_ref()?;
        Some((mattermost.url.as_deref()?, mattermost.bot_token.as_ref()?))
    }

    async fn call(&self, request: RequestBuilder) -> Result<(u16, Value), String> {
        body(request.send().await.map_err(words)?).await
    }

    async fn deliver(&self, request: RequestBuilder) -> Result<(), Undelivered> {
        let sent = request.send().await.map_err(|error| Undelivered::Again(words(error)))?;
        match sent.status().as_u16() {
            200..=299 => Ok(()),
            status @ (408 | 425 | 429 | 500..) => Err(Undelivered::Again(format!("status {status}"))),
            status => Err(Undelivered::Never(format!("status {status}"))),
        }
    }
}

/// What is wrong with a call, without its address, which may be a secret.
fn words(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut next = std::error::Error::source(&error);
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}

async fn body(mut sent: reqwest::Response) -> Result<(u16, Value), String> {
    let status = sent.status().as_u16();
    let mut read = Vec::new();
    while let Some(chunk) = sent.chunk().await.map_err(words)? {
        if read.len() + chunk.len() > ANSWER_SIZE_BYTES_MAX {
            return Err(format!("its answer has more than {ANSWER_SIZE_BYTES_MAX} bytes"));
        }
        read.extend_from_slice(&chunk);
    }
    Ok((status, serde_json::from_slice(&read).unwrap_or_default()))
}

/// An address below the base of an API; each part is one part, whatever is in it.
fn api(base: &str, parts: &[&str]) -> Result<Url, String> {
    let mut url = Url::parse(base).map_err(|_| "the address of the chat is none".to_owned())?;
    url.path_segments_mut().map_err(|()| "the address of the chat is none".to_owned())?.pop_if_empty().extend(parts);
    Ok(url)
}

fn with_query(url: &Url, pairs: &[(&str, &str)]) -> Url {
    let mut url = url.clone();
    url.query_pairs_mut().extend_pairs(pairs);
    url
}

/// The address, if it is at the same scheme, host and port as what is allowed.
fn allowed(text: &str, allowed: &str) -> Option<Url> {
    let (url, allowed) = (Url::parse(text).ok()?, Url::parse(allowed).ok()?);
    let is_plain = url.username().is_empty() && url.password().is_none();
    (is_plain && allowed.origin().is_tuple() && url.origin() == allowed.origin()).then_some(url)
}

fn address(email: &Value, is_vouched: bool) -> Identity {
    match email.as_str().filter(|email| is_vouched && email.contains('@')) {
        Some(email) => Identity::Address(email.to_owned()),
        None => Identity::Nobody,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_answers_go_to_slack_and_nowhere_else() {
        let is_allowed = |url: &str| allowed(url, "https://hooks.slack.com").is_some();
        assert!(is_allowed("https://hooks.slack.com/commands/T1/2/abc"));
        assert!(is_allowed("https://HOOKS.slack.com:443/x"));
        for url in [
            "http://hooks.slack.com/commands/T1",
            "https://hooks.slack.com:8443/x",
            "https://hooks.slack.com.example.com/x",
            "https://hooks.slack.com@example.com/x",
            "https://user@hooks.slack.com/x",
            "https://169.254.169.254/latest",
            "file:///etc/passwd",
            "",
        ] {
            assert!(!is_allowed(url), "{url}");
        }
    }

    #[test]
    fn a_part_of_a_path_stays_one_part() {
        let url = api("https://chat.example.com/sub/", &["api", "v4", "users", "../../x?y"]).expect("an address");
        assert_eq!(url.as_str(), "https://chat.example.com/sub/api/v4/users/..%2F..%2Fx%3Fy");
    }
}
