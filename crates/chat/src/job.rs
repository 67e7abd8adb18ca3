//! One request under way, from its acceptance to its end, whatever comes between.

use crate::carry::{Begins, Run, in_whose_name, misread, nobody_knows};
use crate::desk::{Inner, TAKEN_UP_MS_MAX};
use crate::kept::{Row, State};
use crate::look::Looker;
use crate::outside::Undelivered;
use crate::parse::parse;
use crate::people::Person;
use crate::reply::Reply;
use crate::request::{Form, Request};
use crate::{mattermost, slack};
use pagebridge_ports::{BoxFuture, StoreError};
use serde_json::Value;
use std::sync::Arc;
use tokio::sync::oneshot;

/// Waits between tries to give a later answer, in milliseconds. Slack takes five answers within half an hour; tries that fail
/// do not count.
const WAITS_MS: [i64; 8] = [500, 1_000, 3_000, 10_000, 30_000, 60_000, 180_000, 300_000];

/// One request under way.
pub(crate) struct Job {
    pub(crate) inner: Arc<Inner>,
    /// What it is kept under.
    pub(crate) name: String,
    pub(crate) at_ms: i64,
}

/// Makes it durable that an action begins which must not be repeated.
struct Mark<'m> {
    job: &'m Job,
    request: &'m Request,
}

impl Begins for Mark<'_> {
    fn begins(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(self.job.keep(State::Begun, Some(self.request), None))
    }
}

impl Job {
    async fn keep(&self, state: State, request: Option<&Request>, reply: Option<&Reply>) -> Result<(), StoreError> {
        let (owner, request, reply) = (self.inner.owner.clone(), request.cloned(), reply.cloned());
        Row { at_ms: self.at_ms, owner, state, request, reply }.keep(&*self.inner.store, &self.name).await
    }

    /// Carries the request out, and answers: to the one who waits, or later.
    pub(crate) async fn run(self, request: Request, message: Value, tell: oneshot::Sender<(Reply, String)>) {
        let (reply, who) = self.carry(&request, &request.key).await;
        // Slack shows nothing of what a click is answered with.
        let unheard = if request.form == Form::SlackButton { Err((reply, who)) } else { tell.send((reply, who)) };
        if let Err((reply, who)) = unheard {
            self.answer_later(&request, &reply, &who, &message).await;
        } else {
            self.end().await;
        }
    }

    /// Goes on with a request that an earlier process took.
    pub(crate) async fn take_up(self) {
        let row = match Row::all(&*self.inner.store).await {
            Ok(all) => all.into_iter().find(|(name, _)| *name == self.name).map(|(_, row)| row),
            Err(error) => return tracing::warn!(%error, "a request of a chat is taken up at the next start"),
        };
        // Another process may have ended it meanwhile.
        let Some(Row { state, request: Some(request), reply, .. }) = row.filter(|row| row.state != State::Ended) else {
            return;
        };
        let age_ms = self.inner.clock.now().0 - self.at_ms;
        let (chat, user) = (request.form.chat(), &request.user);
        tracing::info!(chat, user, age_ms, ?state, "a command is taken up that had not ended");
        let nobody = String::new;
        let (reply, who) = match (state, reply) {
            (State::Done, Some(reply)) => (reply, nobody()),
            (State::Begun | State::Done, _) => (nobody_knows(&request.text), nobody()),
            (State::Accepted | State::Ended, _) if age_ms > TAKEN_UP_MS_MAX => {
                let why = format!("Pagebridge was stopped for too long, so `{}` was not done; ask again", request.text);
                (Reply::refused(why), nobody())
            }
            (State::Accepted | State::Ended, _) => {
                // It may have begun; what is asked for may be done again, and under the same key it would not be.
                self.carry(&request, &format!("{}/again-{}", request.key, self.inner.clock.now().0)).await
            }
        };
        self.answer_later(&request, &reply, &who, &Value::Null).await;
    }

    async fn carry(&self, request: &Request, key: &str) -> (Reply, String) {
        let now_ms = self.inner.clock.now().0;
        let identified = self.inner.people.identify(request.form, &request.user, &self.inner.gate, now_ms).await;
        let person = match identified {
            Ok(person) => person,
            Err(refused) => return (refused, String::new()),
        };
        let who = person.label().to_owned();
        let mark = Mark { job: self, request };
        (self.inner.carry(request.form, person, &request.text, Some(key), &mark).await, who)
    }

    /// Gives the answer where the chat takes later ones. It is durable before, so that a crash does not lose it.
    async fn answer_later(&self, request: &Request, reply: &Reply, who: &str, message: &Value) {
        if let Err(error) = self.keep(State::Done, Some(request), Some(reply)).await {
            tracing::warn!(%error, "an answer to a chat is not kept");
        }
        let sent = self.inner.stop.run_until_cancelled(self.send(request, reply, who, message)).await;
        match sent {
            // The program stops; the answer goes out at its next start.
            None => return,
            Some(Ok(())) => {}
            Some(Err(reason)) => {
                let (chat, user) = (request.form.chat(), &request.user);
                tracing::warn!(chat, user, reason, "an answer did not get to its chat; what was asked for has ended");
            }
        }
        self.end().await;
    }

    async fn send(&self, request: &Request, reply: &Reply, who: &str, message: &Value) -> Result<(), String> {
        let mut reason = String::new();
        for wait_ms in std::iter::once(0).chain(WAITS_MS) {
            if wait_ms > 0 {
                self.inner.clock.sleep(wait_ms).await;
            }
            match self.send_once(request, reply, who, message).await {
                Ok(()) => return Ok(()),
                Err(Undelivered::Never(why)) => return Err(why),
                Err(Undelivered::Again(why)) => reason = why,
            }
        }
        Err(reason)
    }

    async fn send_once(&self, request: &Request, reply: &Reply, who: &str, message: &Value) -> Result<(), Undelivered> {
        let outside = &self.inner.outside;
        let (channel, user, url) = (&request.channel, &request.user, request.response_url.as_deref());
        let by_url = match request.form {
            Form::Slack => outside.to_slack(url.unwrap_or_default(), &slack::answer(reply)).await,
            Form::SlackButton => {
                let are_posts_kept = self.inner.settings.slack.as_ref().is_some_and(|slack| slack.are_posts_kept);
                let in_place = reply.is_ok && !are_posts_kept;
                let replaced = in_place.then(|| slack::replaced(message, request, reply, who)).flatten();
                // Where the message is brought up to date anyway, a word to the one who pressed is enough.
                let private = Reply { is_public: reply.is_public && in_place, ..reply.clone() };
                let body = replaced.unwrap_or_else(|| slack::answer(&private));
                outside.to_slack(url.unwrap_or_default(), &body).await
            }
            Form::Mattermost => outside.to_mattermost(url.unwrap_or_default(), &mattermost::answer(reply)).await,
            Form::MattermostButton => {
                return outside.to_mattermost_user(channel, user, &reply.text(request.form)).await;
            }
            Form::Teams | Form::Plain => {
                return Err(Undelivered::Never("this chat takes no later answers".to_owned()));
            }
        };
        match by_url {
            Err(Undelivered::Never(why)) => {
                let text = reply.text(request.form);
                let other = match request.form {
                    Form::Mattermost => outside.to_mattermost_user(channel, user, &text).await,
                    _ => outside.to_slack_user(channel, user, &text).await,
                };
                other.map_err(|error| match error {
                    Undelivered::Never(second) => Undelivered::Never(format!("{why}; {second}")),
                    again @ Undelivered::Again(_) => again,
                })
            }
            other => other,
        }
    }

    /// Nothing is left to do; that it was there is remembered for a while.
    async fn end(&self) {
        if let Err(error) = self.keep(State::Ended, None, None).await {
            tracing::warn!(%error, "that a request of a chat has ended is not kept; it may be answered twice");
        }
    }
}

impl Inner {
    /// Carries out what a text asks for.
    pub(crate) async fn carry(
        &self,
        form: Form,
        mut person: Person,
        text: &str,
        key: Option<&str>,
        begins: &dyn Begins,
    ) -> Reply {
        let command = match parse(text, self.clock.now().0) {
            Ok(command) => command,
            Err(wrong) => return misread(&wrong).cut(),
        };
        if let Err(refused) = in_whose_name(&mut person, command.from.as_deref()) {
            return refused;
        }
        let looker = Looker { gate: &self.gate, person: &person, people: &self.people, form };
        let run = Run { gate: &self.gate, person: &person, key, begins, looker };
        let reply = run.carry(&command).await;
        tracing::info!(who = person.principal.name, is_ok = reply.is_ok, "a command from a chat");
        reply
    }
}
