//! The paths: what comes in on each, and what goes back in the form that its sender takes.

use crate::desk::{Chat, Taken};
use crate::mattermost::NoClick;
use crate::proof::{self, MATTERMOST, SLACK, Scheme, TEAMS};
use crate::reply::Reply;
use crate::request::{Form, Request};
use crate::slack::Heard;
use crate::teams::NoMessage;
use crate::{mattermost, slack, teams};
use http::Method;
use pagebridge_ports::{Answer, Asked, BoxFuture, Desk, Endpoint};
use pagerduty::Secret;
use serde_json::{Value, json};

/// What the paths of the chats begin with.
pub const CHAT_PATH: &str = "/chat";

/// Largest body that is taken, in bytes.
pub const BODY_SIZE_BYTES_MAX: usize = 256 * 1024;

/// How long an answer may take at most, in milliseconds; the store may be slow.
pub const TIMEOUT_MS: u64 = 30_000;

/// How long an answer to Slack or Mattermost is waited for, in milliseconds; they give up after three seconds.
const WITHIN_MS: i64 = 2_000;

/// The same for Teams, which gives up after five seconds and takes no later answer.
const WITHIN_TEAMS_MS: i64 = 4_000;

const WORKING: &str = "Working on it";
const WORKING_NO_WAY_BACK: &str = "Working on it. Ask `show` or `incidents` in a moment for how it ended.";

/// The paths of the chats: `slack`, `slack/buttons`, `mattermost`, `mattermost/buttons`, `teams`.
pub struct Doors {
    chat: Chat,
}

impl Doors {
    /// Opens them.
    #[must_use]
    pub fn new(chat: Chat) -> Self {
        Self { chat }
    }

    async fn handle(&self, asked: &Asked<'_>) -> Result<Answer, Answer> {
        let settings = &self.chat.inner.settings;
        let no = || problem(404, "not_found", "this chat is not configured");
        match asked.path {
            "slack" => {
                let own = settings.slack.as_ref().ok_or_else(no)?;
                self.slack_command(asked, &own.signing_secrets).await
            }
            "slack/buttons" => {
                let own = settings.slack.as_ref().ok_or_else(no)?;
                self.prove(&SLACK, asked, &own.signing_secrets)?;
                match slack::click(asked.body).map_err(malformed)? {
                    (Heard::Request(request), message) => self.take(*request, message, WITHIN_MS).await,
                    _ => Ok(empty()),
                }
            }
            "mattermost" => {
                let own = settings.mattermost.as_ref().ok_or_else(no)?;
                self.prove(&MATTERMOST, asked, &own.tokens)?;
                self.take(mattermost::command(asked.body).map_err(malformed)?, Value::Null, WITHIN_MS).await
            }
            "mattermost/buttons" => {
                let own = settings.mattermost.as_ref().ok_or_else(no)?;
                let request = mattermost::click(asked.body, &own.button_secrets).map_err(|error| match error {
                    NoClick::Forged => problem(401, "unauthorized", "the button is not one of ours"),
                    NoClick::Malformed(why) => malformed(why),
                })?;
                self.take(request, Value::Null, WITHIN_MS).await
            }
            "teams" => {
                let own = settings.teams.as_ref().ok_or_else(no)?;
                self.prove(&TEAMS, asked, &own.security_tokens)?;
                let request = teams::message(asked.body, self.now_ms()).map_err(|error| match error {
                    NoMessage::Stale => problem(401, "unauthorized", &proof::Unproven::Stale.to_string()),
                    NoMessage::Malformed(why) => malformed(why),
                })?;
                self.take(request, Value::Null, WITHIN_TEAMS_MS).await
            }
            _ => Err(problem(
                404,
                "not_found",
                "there are slack, slack/buttons, mattermost, mattermost/buttons and teams",
            )),
        }
    }

    async fn slack_command(&self, asked: &Asked<'_>, secrets: &[Secret]) -> Result<Answer, Answer> {
        // Slack's probe asks for nothing, so it has to prove nothing.
        if let Ok(Heard::Probe) = slack::command(asked.body) {
            return Ok(empty());
        }
        self.prove(&SLACK, asked, secrets)?;
        match slack::command(asked.body).map_err(malformed)? {
            Heard::Request(request) => self.take(*request, Value::Null, WITHIN_MS).await,
            Heard::Probe | Heard::Nothing => Ok(empty()),
        }
    }

    fn prove(&self, scheme: &Scheme, asked: &Asked<'_>, secrets: &[Secret]) -> Result<(), Answer> {
        let proven = proof::check(scheme, asked.headers, asked.body, secrets, self.now_ms());
        proven.map_err(|error| problem(401, "unauthorized", &error.to_string()))
    }

    fn now_ms(&self) -> i64 {
        self.chat.inner.clock.now().0
    }

    async fn take(&self, request: Request, message: Value, within_ms: i64) -> Result<Answer, Answer> {
        // The answer to a click in Slack is not shown, so nobody need wait for it.
        let within_ms = if request.form == Form::SlackButton { 0 } else { within_ms };
        match self.chat.inner.take(request.clone(), message, within_ms).await {
            Taken::Answered(reply, who) => Ok(self.written(&request, &reply, &who)),
            Taken::Working => Ok(self.working(&request)),
            Taken::Repeated => Err(problem(409, "repeated", "this request came before; it is not done again")),
            Taken::Unkept(error) => {
                tracing::error!(%error, "a command from a chat was not accepted");
                Err(problem(503, "store_unavailable", "the store cannot commit now, so nothing was accepted"))
            }
        }
    }

    fn written(&self, request: &Request, reply: &Reply, who: &str) -> Answer {
        let settings = &self.chat.inner.settings;
        match request.form {
            Form::Slack => ok(&slack::answer(reply)),
            Form::SlackButton => empty(),
            Form::Mattermost => ok(&mattermost::answer(reply)),
            Form::MattermostButton => {
                let are_posts_kept = settings.mattermost.as_ref().is_some_and(|m| m.are_posts_kept);
                ok(&mattermost::clicked(reply, request, who, are_posts_kept))
            }
            Form::Teams => ok(&teams::answer(reply)),
            Form::Plain => ok(&json!({"text": reply.text(Form::Plain)})),
        }
    }

    /// What is said while it goes on.
    fn working(&self, request: &Request) -> Answer {
        let mattermost = self.chat.inner.settings.mattermost.as_ref();
        let has_way_back = match request.form {
            Form::Slack | Form::SlackButton => true,
            Form::Mattermost => mattermost.is_some_and(|m| m.url.is_some()),
            Form::MattermostButton => mattermost.is_some_and(|m| m.url.is_some() && m.bot_token.is_some()),
            Form::Teams | Form::Plain => false,
        };
        let reply = Reply::told(vec![if has_way_back { WORKING } else { WORKING_NO_WAY_BACK }.to_owned()]);
        match request.form {
            // Nothing has been done that the post could tell.
            Form::MattermostButton => ok(&json!({"ephemeral_text": reply.text(request.form)})),
            _ => self.written(request, &reply, ""),
        }
    }
}

impl Endpoint for Doors {
    fn answer<'a>(&'a self, asked: &'a Asked<'a>, _desk: &'a Desk) -> BoxFuture<'a, Answer> {
        Box::pin(async move {
            if *asked.method != Method::POST {
                return problem(405, "method_not_allowed", "chats post here");
            }
            self.handle(asked).await.unwrap_or_else(|refused| refused)
        })
    }

    fn refuse(&self, status: u16, detail: &str) -> Answer {
        problem(status, "refused", detail)
    }
}

fn ok(body: &Value) -> Answer {
    Answer { status: 200, body: body.to_string() }
}

fn empty() -> Answer {
    Answer { status: 200, body: String::new() }
}

fn malformed(why: impl Into<String>) -> Answer {
    problem(400, "malformed", &why.into())
}

fn problem(status: u16, code: &str, detail: &str) -> Answer {
    Answer { status, body: json!({"status": status, "code": code, "detail": detail}).to_string() }
}
