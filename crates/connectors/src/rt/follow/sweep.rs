//! What is compared now and then, whatever the feed has shown.

use super::place::State;
use super::{Round, Trouble};
use crate::rt::Rt;
use crate::rt::lists::{From, STORY};
use crate::rt::wire::{PAGE, Ticket, Transaction, ago, quoted};
use pagebridge_core::{Incident, Link, Reading, Role, Status};
use pagebridge_ports::IncidentFilter;
use std::collections::{HashMap, HashSet};

/// How much further back changed tickets are looked for than seems necessary, in milliseconds.
const NET_OVERLAP_MS: i64 = 120_000;

/// Wait before a ticket that could not be read is tried again, in milliseconds.
const UNSEEN_MS: i64 = 3_600_000;

/// Pages of transactions that are read of tickets that changed without the feed's showing it.
const STORY_PAGES_MAX: usize = 3;

impl Rt {
    /// Begins the sweeps when it is time, and goes on with those that were begun; says whether they are done.
    pub(super) async fn sweep(&self, round: &mut Round<'_>, state: &mut State) -> Result<bool, Trouble> {
        let idle = state.net.is_none() && state.open.is_none();
        if idle && round.now.0.saturating_sub(state.swept_ms) >= self.settings.sweep_ms {
            state.swept_ms = round.now.0;
            state.net = Some((round.now.0, 1));
            state.open = Some(None);
            if round.now.0.saturating_sub(state.unseen_ms) >= UNSEEN_MS {
                state.unseen.clear();
                state.unseen_ms = round.now.0;
            }
        }
        let done = self.walk_backlog(round, state).await?;
        let done = self.cast_net(round, state).await? && done;
        Ok(self.compare_open(round, state).await? && done)
    }

    /// Hands on the open tickets from before the first start: those whose field names their incident, or all.
    async fn walk_backlog(&self, round: &Round<'_>, state: &mut State) -> Result<bool, Trouble> {
        while let Some(after) = state.place.backlog {
            if !round.may_go_on() {
                return Ok(false);
            }
            let linked = match self.settings.backlog {
                true => String::new(),
                false => format!(" AND {} IS NOT NULL", quoted(&format!("CF.{{{}}}", self.settings.id_field))),
            };
            let queues = self.in_queues("Queue");
            let sql = format!("Status = '__Active__'{queues}{linked} AND id > {after}");
            let ids: Vec<i64> =
                round.lists.tickets(&sql, From::Oldest, 1).await?.items.iter().map(|ticket| ticket.id).collect();
            if ids.is_empty() {
                state.place.backlog = None;
                break;
            }
            self.hand_over(round, state, &ids, &[]).await?;
            state.place.backlog = ids.last().copied();
        }
        Ok(true)
    }

    /// Hands on the tickets that changed lately without the feed's having shown it. How long ago is told, and not when:
    /// RT reads dates in the time zone of its user.
    async fn cast_net(&self, round: &mut Round<'_>, state: &mut State) -> Result<bool, Trouble> {
        while let Some((begun_ms, page_number)) = state.net {
            if !round.may_go_on() {
                return Ok(false);
            }
            let back_ms = self.clock.now().0.saturating_sub(state.place.net_ms).max(0).saturating_add(NET_OVERLAP_MS);
            let sql = format!("LastUpdated > {}{}", ago(back_ms), self.in_queues("Queue"));
            let page = round.lists.tickets(&sql, From::Oldest, page_number).await?;
            let is_new = |ticket: &&Ticket| state.seen.get(&ticket.id) != Some(&ticket.last_updated);
            let ids: Vec<i64> = page.items.iter().filter(is_new).map(|ticket| ticket.id).collect();
            if !ids.is_empty() {
                round.repairs.push("caught");
                let which = format!("{STORY} AND id > {}", state.place.first_transaction);
                let mut rows = round.lists.story(&ids, &which, STORY_PAGES_MAX).await?;
                rows.reverse();
                self.hand_over(round, state, &ids, &rows).await?;
                let shown = rows.iter().map(|row| row.id).find(|id| *id > state.fed);
                if let Some(shown) = shown {
                    self.pass_hidden(round, state, shown).await?;
                }
            }
            // Some versions give the last page again in place of one beyond it.
            let more = page.page == Some(page_number) && page.pages.is_some_and(|pages| pages > page_number);
            state.net = more.then_some((begun_ms, page_number + 1));
            if !more {
                state.place.net_ms = begun_ms;
            }
        }
        Ok(true)
    }

    /// Compares all open incidents with their tickets, a page at a time.
    async fn compare_open(&self, round: &Round<'_>, state: &mut State) -> Result<bool, Trouble> {
        while let Some(before) = state.open {
            if !round.may_go_on() {
                return Ok(false);
            }
            let filter = IncidentFilter { open: Some(true), before, limit: PAGE, ..IncidentFilter::default() };
            let incidents = round.store.incidents(filter).await?;
            state.open = incidents.last().map(|incident| Some(incident.id));
            let linked: Vec<Linked<'_>> =
                incidents.iter().filter_map(|incident| Linked::of(incident, self.settings.system.as_str())).collect();
            if !linked.is_empty() {
                self.compare(round, state, &linked).await?;
            }
        }
        Ok(true)
    }

    async fn compare(&self, round: &Round<'_>, state: &mut State, linked: &[Linked<'_>]) -> Result<(), Trouble> {
        let since = self.clock.now();
        let ids: Vec<i64> = linked.iter().map(|l| l.ticket).filter(|id| !state.unseen.contains(id)).collect();
        let tickets = round.lists.tickets_of(&ids).await?;
        let by_id: HashMap<i64, &Linked<'_>> = linked.iter().map(|l| (l.ticket, l)).collect();
        let acts = self.acts_of_linked(round, &tickets, &by_id).await?;
        let words = self.words();
        for ticket in &tickets {
            let Some(linked) = by_id.get(&ticket.id) else { continue };
            let standing = self.standing_of_linked(ticket, linked.link.known, acts.get(&ticket.id));
            let before = linked.incident.content.as_ref();
            let content = before.map(|before| words.content(ticket, before.body.clone()));
            let is_origin = linked.incident.links.first().is_some_and(|l| l.system == linked.link.system);
            let told_otherwise = is_origin
                && before.zip(content.as_ref()).is_some_and(|(before, now)| {
                    (&before.title, before.urgency, &before.priority) != (&now.title, now.urgency, &now.priority)
                });
            if linked.link.known != Some(standing.status) || told_otherwise || linked.link.poll_now {
                let reading = Reading { content, ..words.reading(ticket, standing) };
                round.store.accept(words.input(ticket, reading, since), self.clock.now()).await?;
            }
        }
        let there: HashSet<i64> = tickets.iter().map(|ticket| ticket.id).collect();
        for id in ids.into_iter().filter(|id| !there.contains(id)) {
            self.hand_over_missing(round, state, id, None).await?;
        }
        Ok(())
    }

    /// The last act on those tickets of which it is not known that somebody has taken them.
    async fn acts_of_linked(
        &self,
        round: &Round<'_>,
        tickets: &[Ticket],
        linked: &HashMap<i64, &Linked<'_>>,
    ) -> Result<HashMap<i64, Transaction>, Trouble> {
        let words = self.words();
        let taken = |id: &i64| linked.get(id).is_some_and(|l| l.link.known == Some(Status::Acknowledged));
        let asked: Vec<i64> =
            tickets.iter().filter(|t| words.needs_act(t)).map(|t| t.id).filter(|id| !taken(id)).collect();
        Ok(if asked.is_empty() { HashMap::new() } else { round.lists.acts(&asked).await? })
    }
}

/// An open incident with its ticket.
struct Linked<'a> {
    incident: &'a Incident,
    link: &'a Link,
    ticket: i64,
}

impl<'a> Linked<'a> {
    fn of(incident: &'a Incident, system: &str) -> Option<Self> {
        let link = incident.link(system).filter(|link| link.role == Role::Record)?;
        let ticket = link.record_id()?.0.parse().ok()?;
        Some(Self { incident, link, ticket })
    }
}
