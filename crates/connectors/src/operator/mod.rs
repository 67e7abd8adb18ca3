//! The operator: e-mail and webhooks to a person when paging itself does not work.
//!
//! These are not systems that are kept in step. A message goes to all channels at once, and is told when one of them took
//! it; each one that did not is logged. Without channels the log is all there is.

mod channel;
pub mod hook;
mod message;
pub mod smtp;

use channel::{Channel, Failure, Sent};
use futures_util::future::join_all;
use message::Message;
use pagebridge_core::{Outcome, Scope, SystemName, Timestamp};
use pagebridge_ports::{BoxFuture, Check, CheckResult, OPERATOR, OperatorNews};

/// Which channels there are.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What the bridge calls itself, in subjects.
    pub name: String,
    /// E-mail.
    pub smtp: Option<smtp::Settings>,
    /// Webhooks.
    pub webhooks: Vec<hook::Settings>,
}

/// All ways of telling the operator.
pub struct Operator {
    name: String,
    channels: Vec<Box<dyn Channel>>,
}

impl Operator {
    /// Makes the channels; nothing is sent.
    ///
    /// # Errors
    /// [`SetupError`](crate::SetupError) naming the setting that is wrong.
    pub fn new(settings: Settings) -> Result<Self, crate::SetupError> {
        let problem = |problem: String| crate::SetupError { system: SystemName::new(OPERATOR), problem };
        let mut channels: Vec<Box<dyn Channel>> = Vec::new();
        if let Some(smtp) = settings.smtp {
            channels.push(Box::new(smtp::Smtp::new(smtp).map_err(|what| problem(format!("smtp: {what}")))?));
        }
        for hook in settings.webhooks {
            channels.push(Box::new(hook::Hook::new(hook).map_err(|what| problem(format!("webhook: {what}")))?));
        }
        Ok(Self { name: settings.name, channels })
    }

    /// Sends a test message by every channel; tells one by one what became of it.
    pub async fn test(&self, now: Timestamp) -> Vec<Check> {
        let message = Message::test(now, &self.name);
        let told = self.send(&message).await;
        told.into_iter().map(|(name, ended)| tested(name, ended)).collect()
    }

    async fn send<'a>(&'a self, message: &Message) -> Vec<(&'a str, Result<Sent, Failure>)> {
        let sending = self.channels.iter().map(async |channel| (channel.name(), channel.send(message).await));
        join_all(sending).await
    }

    async fn tell_all(&self, news: &OperatorNews) -> Outcome {
        let message = Message::of(news, &self.name);
        log(&message, self.channels.is_empty());
        let told = self.send(&message).await;
        for (channel, ended) in &told {
            let failure = match ended {
                Ok(sent) => sent.but.as_ref(),
                Err(failure) => Some(failure),
            };
            if let Some(Failure { problem, remedy }) = failure {
                tracing::error!(channel, problem, remedy, "the operator was not told by this channel");
            }
        }
        if told.is_empty() || told.iter().any(|(_, ended)| ended.is_ok()) {
            return Outcome::Delivered { record: None, status: None, status_at: None, note: None };
        }
        let reasons =
            told.iter().filter_map(|(name, ended)| Some(format!("{name}: {}", ended.as_ref().err()?.problem)));
        let reason = reasons.collect::<Vec<_>>().join("; ");
        Outcome::NotApplied { wait_ms: None, scope: Scope::System, reason }
    }

    async fn look_around(&self) -> Vec<Check> {
        if self.channels.is_empty() {
            return vec![Check {
                system: SystemName::new(OPERATOR),
                name: "channels".to_owned(),
                result: CheckResult::Warning,
                detail: "there are none: when paging does not work, only the log says so".to_owned(),
                remedy: "add [operator.smtp] or [[operator.webhooks]]; docs/guide.md shows them".to_owned(),
            }];
        }
        let checking = self.channels.iter().map(async |channel| (channel.name(), channel.check().await));
        let checked = join_all(checking).await.into_iter();
        checked.map(|(name, found)| check(name, found.map(|detail| (CheckResult::Ok, detail, String::new())))).collect()
    }
}

impl pagebridge_ports::Operator for Operator {
    fn tell<'a>(&'a self, news: &'a OperatorNews) -> BoxFuture<'a, Outcome> {
        Box::pin(self.tell_all(news))
    }

    fn check(&self) -> BoxFuture<'_, Vec<Check>> {
        Box::pin(self.look_around())
    }
}

impl std::fmt::Debug for Operator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let channels: Vec<&str> = self.channels.iter().map(|channel| channel.name()).collect();
        f.debug_struct("Operator").field("name", &self.name).field("channels", &channels).finish()
    }
}

/// The log has it in any case: in one line, or in full when it is the only place.
fn log(message: &Message, is_alone: bool) {
    let (id, subject) = (message.id.as_str(), message.subject.as_str());
    match (message.is_open, is_alone) {
        (true, true) => tracing::error!(id, "{subject}; nobody is told elsewhere\n{}", message.text),
        (true, false) => tracing::error!(id, "{subject}"),
        (false, _) => tracing::info!(id, "{subject}"),
    }
}

fn tested(name: &str, ended: Result<Sent, Failure>) -> Check {
    let found = ended.map(|sent| match sent.but {
        None => (CheckResult::Ok, sent.detail, String::new()),
        Some(but) => (CheckResult::Failed, format!("{}; {}", sent.detail, but.problem), but.remedy),
    });
    check(name, found)
}

fn check(name: &str, found: Result<(CheckResult, String, String), Failure>) -> Check {
    let (result, detail, remedy) = found.unwrap_or_else(|f| (CheckResult::Failed, f.problem, f.remedy));
    Check { system: SystemName::new(OPERATOR), name: name.to_owned(), result, detail, remedy }
}
