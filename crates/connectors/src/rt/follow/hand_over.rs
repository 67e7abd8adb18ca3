//! Hands tickets on: their state as it is now, and what was written lately.

use super::place::State;
use super::{Round, Trouble};
use crate::outcome::Doing;
use crate::rt::Rt;
use crate::rt::client::Failure;
use crate::rt::map::{SUBJECT_PREFIX, Standing};
use crate::rt::settings::Closing;
use crate::rt::wire::{PAGE, Ticket, Transaction};
use pagebridge_core::{Actor, Input, News, Outcome, Reading, ReadingNote, Status};
use std::collections::{HashMap, HashSet};

impl Rt {
    /// Hands on what these tickets hold. `rows` are transactions of theirs that were not handled yet, oldest first.
    pub(super) async fn hand_over(
        &self,
        round: &Round<'_>,
        state: &mut State,
        ids: &[i64],
        rows: &[Transaction],
    ) -> Result<(), Trouble> {
        for some in ids.chunks(PAGE) {
            let own: Vec<&Transaction> =
                rows.iter().filter(|row| row.object_id.is_some_and(|id| some.contains(&id))).collect();
            self.hand_over_some(round, state, some, &own).await?;
        }
        Ok(())
    }

    async fn hand_over_some(
        &self,
        round: &Round<'_>,
        state: &mut State,
        ids: &[i64],
        rows: &[&Transaction],
    ) -> Result<(), Trouble> {
        let since = self.clock.now();
        let tickets = round.lists.tickets_of(ids).await?;
        let acts = self.acts_of(round, &tickets, rows).await?;
        let mut texts = self.texts_of(round, state, &tickets, rows).await?;
        let words = self.words();
        for ticket in &tickets {
            let own: Vec<&&Transaction> = rows.iter().filter(|row| row.object_id == Some(ticket.id)).collect();
            let standing = words.standing(ticket, acts.get(&ticket.id));
            let notes = own.iter().filter(|row| row.is_note() && row.id > state.place.first_transaction);
            let notes: Vec<ReadingNote> =
                notes.filter_map(|note| words.note(note, texts.notes.remove(&note.id))).collect();
            let ours = self.is_of_our_time(state, ticket, &own);
            let body = texts.bodies.remove(&ticket.id).unwrap_or_default();
            let content = ours.then(|| words.content(ticket, body));
            let reading = Reading { notes: Some(notes), content, ..words.reading(ticket, standing) };
            round.store.accept(words.input(ticket, reading, since), self.clock.now()).await?;
            state.seen.insert(ticket.id, ticket.last_updated.clone());
            state.unseen.remove(&ticket.id);
        }
        let there: HashSet<i64> = tickets.iter().map(|ticket| ticket.id).collect();
        for id in ids.iter().filter(|id| !there.contains(id)) {
            let last = rows.iter().rfind(|row| row.object_id == Some(*id)).copied();
            self.hand_over_missing(round, state, *id, last).await?;
        }
        Ok(())
    }

    /// Whether a ticket may begin an incident: it is newer than our first start, it names its incident already, or it
    /// came into a queue that is watched just now. One that we made is a part of an incident, also where RT has not kept
    /// the field that says so.
    fn is_of_our_time(&self, state: &State, ticket: &Ticket, rows: &[&&Transaction]) -> bool {
        let is_named = ticket.field(&self.settings.id_field).is_some();
        let made_by = rows.iter().find(|row| row.kind == "Create").map(|row| row.creator.id.as_str());
        let perhaps_ours = self.user.get().zip(made_by).is_none_or(|(ours, maker)| ours == maker);
        if !is_named && perhaps_ours && ticket.subject.starts_with(SUBJECT_PREFIX) {
            return false;
        }
        let came = |row: &Transaction| row.kind == "Set" && row.field == "Queue";
        self.settings.queue(&ticket.queue.name).is_some()
            && (ticket.id > state.place.first_ticket || is_named || rows.iter().any(|row| came(row)))
    }

    /// The last act on each ticket: from the rows at hand where they show it, else by asking where it matters.
    async fn acts_of(
        &self,
        round: &Round<'_>,
        tickets: &[Ticket],
        rows: &[&Transaction],
    ) -> Result<HashMap<i64, Transaction>, Trouble> {
        let words = self.words();
        let mut acts = HashMap::new();
        let mut asked = Vec::new();
        for ticket in tickets {
            let last = rows.iter().rfind(|row| row.object_id == Some(ticket.id) && row.is_act());
            let shows_it = |row: &&&Transaction| row.kind != "Status" || row.new_value == ticket.status;
            match last.filter(shows_it) {
                Some(row) => {
                    acts.insert(ticket.id, Transaction::clone(row));
                }
                None if words.needs_act(ticket) => asked.push(ticket.id),
                None => {}
            }
        }
        if !asked.is_empty() {
            acts.extend(round.lists.acts(&asked).await?);
        }
        Ok(acts)
    }

    /// What was written in the rows, and the first messages of tickets that are told of as a whole.
    async fn texts_of(
        &self,
        round: &Round<'_>,
        state: &State,
        tickets: &[Ticket],
        rows: &[&Transaction],
    ) -> Result<Texts, Trouble> {
        let there = |row: &&&Transaction| row.object_id.is_some_and(|id| tickets.iter().any(|t| t.id == id));
        let mut creates: HashMap<i64, i64> =
            rows.iter().filter(|row| row.kind == "Create").filter_map(|row| Some((row.object_id?, row.id))).collect();
        // Told again, a ticket is told whole; so is one that is first seen without its beginning.
        let told_whole = |ticket: &&Ticket| {
            let own = || rows.iter().filter(|row| row.object_id == Some(ticket.id));
            let changed = own().any(|row| matches!(row.field.as_str(), "Subject" | "Priority" | "Queue"));
            (changed || own().next().is_none()) && !creates.contains_key(&ticket.id)
        };
        let whole: Vec<i64> = tickets.iter().filter(told_whole).map(|ticket| ticket.id).collect();
        creates.extend(round.lists.creates(&whole).await?);
        let notes = rows.iter().filter(|row| row.is_note() && row.id > state.place.first_transaction).filter(there);
        let wanted: Vec<i64> = creates.values().copied().chain(notes.map(|row| row.id)).collect();
        let mut notes = round.lists.texts(&wanted).await?;
        let bodies = creates.into_iter().filter_map(|(ticket, id)| Some((ticket, notes.remove(&id)?))).collect();
        Ok(Texts { bodies, notes })
    }

    /// A ticket that no list shows was deleted, merged, or moved to where we may not look.
    pub(super) async fn hand_over_missing(
        &self,
        round: &Round<'_>,
        state: &mut State,
        id: i64,
        last: Option<&Transaction>,
    ) -> Result<(), Trouble> {
        let since = self.clock.now();
        let words = self.words();
        let deleted = last.filter(|row| row.kind == "Status" && row.new_value == "deleted");
        let reading = match deleted {
            Some(_) if self.settings.deleted == Closing::Ignored => return Ok(()),
            Some(row) => {
                let ours = self.user.get() == Some(&row.creator.id);
                let by = Some(Actor { name: row.author().to_owned(), ours });
                Reading { by, status_at: row.at(), status: Status::Resolved, ..self.merged(id, id) }
            }
            None => match round.lists.ticket(&id.to_string()).await {
                Ok(answer) if answer.body.id != id && answer.body.field(&self.settings.id_field).is_some() => {
                    self.merged(id, answer.body.id)
                }
                Ok(answer) => {
                    let ticket = answer.body;
                    let act = round.lists.acts(&[ticket.id]).await?.remove(&ticket.id);
                    words.reading(&ticket, words.standing(&ticket, act.as_ref()))
                }
                Err(failure) => return self.hand_over_unseen(round, state, id, failure).await,
            },
        };
        // The record may be another by now, so it is named by the number that it had.
        let mut input = Input::news(self.settings.system.clone(), &id.to_string(), News::Read { reading, since });
        input.url = words.record(id).url;
        round.store.accept(input, self.clock.now()).await?;
        Ok(())
    }

    /// A ticket that we may not see any more, or that is gone, is left to the reading of that one record.
    async fn hand_over_unseen(
        &self,
        round: &Round<'_>,
        state: &mut State,
        id: i64,
        failure: Failure,
    ) -> Result<(), Trouble> {
        let answered = matches!(&failure, Failure::Answer(answer) if matches!(answer.status, 403 | 404));
        if !answered {
            return Err(failure.into());
        }
        if state.unseen.insert(id) {
            let gone = self.failed(&failure, Doing::Read) == Outcome::Missing;
            tracing::warn!(system = %self.settings.system, ticket = id, gone, "a ticket cannot be read any more: {failure}");
            let hint = Input::news(self.settings.system.clone(), &id.to_string(), News::Hint);
            round.store.accept(hint, self.clock.now()).await?;
        }
        Ok(())
    }

    /// Where a linked ticket stands. One that is known to be acknowledged stays so while it is active, whoever made it so.
    pub(super) fn standing_of_linked(
        &self,
        ticket: &Ticket,
        known: Option<Status>,
        act: Option<&Transaction>,
    ) -> Standing {
        let words = self.words();
        if known == Some(Status::Acknowledged) && words.needs_act(ticket) && act.is_none() {
            return Standing { status: Status::Acknowledged, by: None, at: None };
        }
        words.standing(ticket, act)
    }
}

/// What was written, by ticket and by transaction.
struct Texts {
    bodies: HashMap<i64, String>,
    notes: HashMap<i64, String>,
}
