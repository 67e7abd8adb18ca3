//! Carries out one delivery.

use super::Slack;
use super::client::Failure;
use super::outcome::is_gone;
use super::wire::{Message, Page, Posted};
use super::{chat, map};
use crate::outcome::{Doing, holds, no_record, noted};
use pagebridge_core::{Delivery, Outcome, RecordRef, Status, Step};
use serde::de::IgnoredAny;
use serde_json::json;

/// Pages of messages that are looked through for one whose making was not answered, newest first.
const PAGES_MAX: usize = 5;

/// Messages of a page.
const PAGE: &str = "200";

/// How much earlier than the incident its message may be, by Slack's clock, in milliseconds.
const CLOCKS_APART_MS: i64 = 5 * 60_000;

impl Slack {
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

    async fn create(&self, delivery: &Delivery) -> Result<Outcome, Outcome> {
        if delivery.uncertain
            && let Some(found) = self.find(delivery).await?
        {
            return Ok(found);
        }
        let mut body = map::message(delivery, &chat::mark(delivery));
        body["channel"] = json!(self.settings.channel.trim());
        let posted: Posted =
            self.client.tell("chat.postMessage", &body).await.map_err(|f| self.failed(&f, Doing::Create))?;
        Ok(holds(Some(map::record(&posted.channel, &posted.ts)), delivery.status))
    }

    /// Looks for the message whose making was not answered, among those since the incident was opened.
    async fn find(&self, delivery: &Delivery) -> Result<Option<Outcome>, Outcome> {
        let channel = self.settings.channel.trim();
        let oldest = map::ts(delivery.opened_at.plus_ms(-CLOCKS_APART_MS).0);
        let query = [("channel", channel), ("oldest", &oldest), ("include_all_metadata", "true"), ("limit", PAGE)];
        let left = delivery.left.as_ref();
        let is_left = |ts: &str| left.is_some_and(|left| *left == map::record(channel, ts).id);
        let mark = chat::mark(delivery);
        let is_it = |one: &Message| has_mark(one, map::EVENT_TYPE, &mark) && !is_left(&one.ts);
        let found = self.look("conversations.history", &query, is_it).await;
        let found = found.map_err(|failure| self.failed(&failure, Doing::Read))?;
        Ok(found.map(|message| {
            let status = message.metadata.and_then(|metadata| Status::parse(&metadata.event_payload.status));
            holds(Some(map::record(channel, &message.ts)), status.unwrap_or(Status::Triggered))
        }))
    }

    /// Looks for a message of ours, in a bounded number of pages.
    async fn look(
        &self,
        method: &str,
        query: &[(&str, &str)],
        is_it: impl Fn(&Message) -> bool,
    ) -> Result<Option<Message>, Failure> {
        let mut cursor = String::new();
        for _ in 0..PAGES_MAX {
            let mut query = query.to_vec();
            if !cursor.is_empty() {
                query.push(("cursor", &cursor));
            }
            let page: Page = self.client.ask(method, &query).await?;
            if let Some(found) = page.messages.into_iter().find(&is_it) {
                return Ok(Some(found));
            }
            cursor = page.response_metadata.unwrap_or_default().next_cursor;
            if cursor.is_empty() {
                break;
            }
        }
        Ok(None)
    }

    /// Writes the whole message anew, so that a repeat does no harm.
    async fn update(&self, delivery: &Delivery, record: &RecordRef) -> Result<Outcome, Outcome> {
        let Some((channel, ts)) = map::place(record) else { return Ok(no_record()) };
        let mut body = map::message(delivery, &chat::mark(delivery));
        (body["channel"], body["ts"]) = (json!(channel), json!(ts));
        let updated = self.client.tell::<IgnoredAny>("chat.update", &body).await;
        match updated {
            Err(failure) if !is_gone(&failure) => Err(self.failed(&failure, Doing::Write)),
            _ => Ok(holds(None, delivery.status)),
        }
    }

    async fn add_note(&self, delivery: &Delivery, record: &RecordRef) -> Result<Outcome, Outcome> {
        let Some((channel, ts)) = map::place(record) else { return Ok(no_record()) };
        if delivery.uncertain {
            let query = [("channel", channel), ("ts", ts), ("include_all_metadata", "true"), ("limit", PAGE)];
            let is_it = |one: &Message| has_mark(one, map::NOTE_TYPE, &delivery.mark);
            match self.look("conversations.replies", &query, is_it).await {
                Ok(Some(found)) => return Ok(noted(Some(found.ts))),
                Ok(None) => {}
                Err(failure) if is_gone(&failure) => return Ok(noted(None)),
                Err(failure) => return Err(self.failed(&failure, Doing::Read)),
            }
        }
        let mut body = map::note(delivery);
        (body["channel"], body["thread_ts"]) = (json!(channel), json!(ts));
        match self.client.tell::<Posted>("chat.postMessage", &body).await {
            Ok(posted) => Ok(noted(Some(posted.ts))),
            Err(failure) if is_gone(&failure) => Ok(noted(None)),
            Err(failure) => Err(self.failed(&failure, Doing::Create)),
        }
    }
}

/// Whether a message is ours and carries this mark.
fn has_mark(message: &Message, event_type: &str, mark: &str) -> bool {
    let metadata = message.metadata.as_ref();
    metadata.is_some_and(|metadata| metadata.event_type == event_type && metadata.event_payload.mark == mark)
}
