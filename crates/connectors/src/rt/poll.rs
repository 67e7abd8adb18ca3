//! Reads one ticket back.

use super::Rt;
use super::lists::{ACTS, Lists, STORY};
use super::map::Standing;
use super::wire::{Ticket, Transaction};
use crate::outcome::{Doing, rejected};
use pagebridge_core::{Actor, Outcome, Reading, ReadingNote, RecordId, RecordRef, Status};

/// Pages of transactions that are read of one ticket, newest first; 500 of them are no conversation any more.
const STORY_PAGES_MAX: usize = 5;

/// Notes that are read of one ticket, the newest ones.
const NOTES_MAX: usize = 100;

impl Rt {
    pub(super) async fn read_back(&self, record: &RecordRef) -> Outcome {
        self.read_all(&record.id).await.map_or_else(|outcome| outcome, Outcome::Read)
    }

    async fn read_all(&self, id: &RecordId) -> Result<Reading, Outcome> {
        self.learn_user().await;
        let lists = self.lists();
        let failed = |failure| self.failed(&failure, Doing::Read);
        let asked = ticket_number(id)?;
        let ticket = lists.ticket(&id.0).await.map_err(failed)?.body;
        if ticket.id != asked && ticket.field(&self.settings.id_field).is_some() {
            return Ok(self.merged(asked, ticket.id));
        }
        let story = lists.story(&[ticket.id], STORY, STORY_PAGES_MAX).await.map_err(failed)?;
        let act = story.iter().find(|transaction| transaction.is_act());
        let standing = self.words().standing(&ticket, act);
        self.told(&lists, &ticket, standing, &story).await.map_err(failed)
    }

    /// A ticket with what it is about and what was written on it.
    async fn told(
        &self,
        lists: &Lists<'_>,
        ticket: &Ticket,
        standing: Standing,
        newest_first: &[Transaction],
    ) -> Result<Reading, super::client::Failure> {
        let words = self.words();
        let create = newest_first.iter().find(|transaction| transaction.kind == "Create");
        // Until the follower has begun it is not known which notes are from before its time.
        let since = self.follow.notes_since();
        let is_new = |transaction: &&Transaction| since.is_some_and(|since| transaction.id > since);
        let notes: Vec<&Transaction> =
            newest_first.iter().filter(|t| t.is_note()).filter(is_new).take(NOTES_MAX).collect();
        let wanted: Vec<i64> = create.into_iter().chain(notes.iter().copied()).map(|t| t.id).collect();
        let mut texts = lists.texts(&wanted).await?;
        let body = create.and_then(|create| texts.remove(&create.id)).unwrap_or_default();
        let notes: Vec<ReadingNote> =
            notes.iter().rev().filter_map(|note| words.note(note, texts.remove(&note.id))).collect();
        let content = Some(words.content(ticket, body));
        Ok(Reading { notes: since.map(|_| notes), content, ..words.reading(ticket, standing) })
    }

    /// A ticket that was merged into one that has an incident of its own: that one tells the rest of the story.
    pub(super) fn merged(&self, from: i64, into: i64) -> Reading {
        Reading {
            record: self.words().record(from),
            status: Status::Resolved,
            by: Some(Actor { name: format!("merge into #{into}"), ours: false }),
            status_at: None,
            notes: None,
            content: None,
        }
    }

    /// Where a ticket stands, asking who brought it there where that matters.
    pub(super) async fn standing(&self, ticket: &Ticket) -> Result<Standing, Outcome> {
        let words = self.words();
        let act = match words.needs_act(ticket) {
            true => self.last_act(ticket.id).await?,
            false => None,
        };
        Ok(words.standing(ticket, act.as_ref()))
    }

    /// The last transaction that says where a ticket stands.
    pub(super) async fn last_act(&self, id: i64) -> Result<Option<Transaction>, Outcome> {
        let story = self.lists().story(&[id], ACTS, 1).await;
        Ok(story.map_err(|failure| self.failed(&failure, Doing::Read))?.into_iter().next())
    }
}

/// The number that a record's id is.
pub(super) fn ticket_number(id: &RecordId) -> Result<i64, Outcome> {
    let number = id.0.trim().parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| rejected(format!("`{id}` is no number of a ticket"), "check the record of this delivery"))
}
