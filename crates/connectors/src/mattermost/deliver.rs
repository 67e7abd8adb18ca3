//! Carries out one delivery.

use super::Mattermost;
use super::outcome::is_gone;
use super::wire::{Post, Posts};
use super::{chat, map};
use crate::outcome::{Doing, holds, no_record, noted};
use http::Method;
use pagebridge_core::{Delivery, Outcome, RecordId, RecordRef, Status, Step};
use serde::de::IgnoredAny;
use serde_json::json;

/// How much earlier than the incident its post may be, by Mattermost's clock, in milliseconds.
const CLOCKS_APART_MS: i64 = 5 * 60_000;

impl Mattermost {
    pub(super) async fn carry_out(&self, delivery: &Delivery) -> Outcome {
        let done = match (&delivery.step, &delivery.record) {
            (Step::Create, _) => self.create(delivery).await,
            (Step::Find, _) => self.find(delivery).await.map(|found| found.unwrap_or(Outcome::Missing)),
            (Step::SetStatus { .. } | Step::Update { .. } | Step::Mark, Some(record)) => {
                self.update(delivery, record).await
            }
            (Step::AddNote(_), Some(record)) => self.add_note(delivery, record).await,
            (_, None) => Ok(no_record()),
        };
        done.unwrap_or_else(|outcome| outcome)
    }

    fn record(&self, post: &Post) -> RecordRef {
        RecordRef { url: Some(self.client.page(&post.id)), ..RecordRef::id(&post.id) }
    }

    async fn create(&self, delivery: &Delivery) -> Result<Outcome, Outcome> {
        if delivery.uncertain
            && let Some(found) = self.find(delivery).await?
        {
            return Ok(found);
        }
        let mut body = map::post(delivery, &chat::mark(delivery), self.settings.buttons.as_ref());
        body["channel_id"] = json!(self.settings.channel_id.trim());
        let made: Post =
            self.client.send(Method::POST, &["posts"], &body).await.map_err(|f| self.failed(&f, Doing::Create))?;
        Ok(holds(Some(self.record(&made)), delivery.status))
    }

    /// Looks for the post whose making was not answered, among those since the incident was opened: Mattermost gives the
    /// newest thousand of them in one answer.
    async fn find(&self, delivery: &Delivery) -> Result<Option<Outcome>, Outcome> {
        let since = delivery.opened_at.plus_ms(-CLOCKS_APART_MS).0.max(1).to_string();
        let path = ["channels", self.settings.channel_id.trim(), "posts"];
        let all: Posts =
            self.client.get(&path, &[("since", &since)]).await.map_err(|f| self.failed(&f, Doing::Read))?;
        let found = marked(all, &chat::mark(delivery), delivery.left.as_ref());
        Ok(found.map(|post| {
            let ours = post.props.as_ref().and_then(|props| props.pagebridge.as_ref());
            let status = ours.and_then(|ours| Status::parse(&ours.status)).unwrap_or(Status::Triggered);
            holds(Some(self.record(&post)), status)
        }))
    }

    /// Writes the whole post anew, so that a repeat does no harm.
    async fn update(&self, delivery: &Delivery, record: &RecordRef) -> Result<Outcome, Outcome> {
        let body = map::post(delivery, &chat::mark(delivery), self.settings.buttons.as_ref());
        let patched: Result<IgnoredAny, _> =
            self.client.send(Method::PUT, &["posts", &record.id.0, "patch"], &body).await;
        match patched {
            Err(failure) if !is_gone(&failure) => Err(self.failed(&failure, Doing::Write)),
            _ => Ok(holds(None, delivery.status)),
        }
    }

    async fn add_note(&self, delivery: &Delivery, record: &RecordRef) -> Result<Outcome, Outcome> {
        if delivery.uncertain {
            match self.client.get::<Posts>(&["posts", &record.id.0, "thread"], &[]).await {
                Ok(thread) => {
                    if let Some(found) = marked(thread, &delivery.mark, None) {
                        return Ok(noted(Some(found.id)));
                    }
                }
                Err(failure) if is_gone(&failure) => return Ok(noted(None)),
                Err(failure) => return Err(self.failed(&failure, Doing::Read)),
            }
        }
        let mut body = map::note(delivery);
        (body["channel_id"], body["root_id"]) = (json!(self.settings.channel_id.trim()), json!(record.id.0));
        match self.client.send::<Post>(Method::POST, &["posts"], &body).await {
            Ok(made) => Ok(noted(Some(made.id))),
            Err(failure) if is_gone(&failure) => Ok(noted(None)),
            Err(failure) => Err(self.failed(&failure, Doing::Create)),
        }
    }
}

/// The post of ours with this mark that is not the one that was left.
fn marked(all: Posts, mark: &str, left: Option<&RecordId>) -> Option<Post> {
    let is_it = |post: &Post| {
        let ours = post.props.as_ref().and_then(|props| props.pagebridge.as_ref());
        let is_left = left.is_some_and(|left| left.0 == post.id);
        post.delete_at == 0 && !is_left && ours.is_some_and(|ours| ours.mark == mark)
    };
    all.posts.into_values().find(is_it)
}
