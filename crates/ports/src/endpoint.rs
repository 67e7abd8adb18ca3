//! Endpoints: paths of other programs' APIs that are answered from live data, in the form of those programs.
//!
//! A webhook is taken by [`Receive`](crate::Receive), which knows no waiting. An endpoint may ask its own far side, hand an
//! input in, and wait for the end of the delivery that follows from it.

use crate::{Answer, BoxFuture, Clock, EntryFilter, Store, StoreError};
use pagebridge_core::{
    Change, Incident, IncidentId, Input, InputId, Key, KeyKind, News, Park, SystemName, Timestamp, What, plan,
};
use std::sync::Arc;

/// Answers requests from live data.
pub trait Endpoint: Send + Sync + 'static {
    /// Answers one request. May be dropped at any point; what was handed in by then is kept.
    fn answer<'a>(&'a self, asked: &'a Asked<'a>, desk: &'a Desk) -> BoxFuture<'a, Answer>;

    /// The answer to a request that does not get here, in the endpoint's own form: its body is too large or broken (4xx), or
    /// answering took too long or hit a fault of ours (5xx).
    fn refuse(&self, status: u16, detail: &str) -> Answer;
}

/// One request.
#[derive(Clone, Debug)]
pub struct Asked<'a> {
    /// The method.
    pub method: &'a http::Method,
    /// The path below the endpoint's own, without slashes at its ends.
    pub path: &'a str,
    /// The headers.
    pub headers: &'a http::HeaderMap,
    /// The whole body.
    pub body: &'a [u8],
}

/// What an endpoint can do besides answering: hand inputs in, and look at what became of them.
pub struct Desk {
    /// The store, for looking at incidents and their journal.
    pub store: Arc<dyn Store>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// An input that was handed in, to wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// The incident that it is about.
    pub incident: IncidentId,
    input: InputId,
}

/// How the delivery ended that followed from an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It was carried out.
    Delivered,
    /// There was nothing to deliver.
    Nothing,
    /// An attempt failed; there will be another.
    PutOff {
        /// What happened, in words.
        reason: String,
    },
    /// It will not be accepted as it is, and waits for an operator.
    Refused(Park),
    /// It has not ended in the time that was given.
    Waiting,
}

/// How often an incident is looked at while its delivery is waited for, in milliseconds; and how often after a second.
const LOOK_MS: i64 = 50;
const LOOK_LATER_MS: i64 = 250;

/// Entries of one incident that are looked at; more than an input causes within any time that is waited for.
const ENTRIES_MAX: usize = 500;

impl Desk {
    /// Hands an input in. It is durable when this returns. `None` when no bridge takes it.
    ///
    /// An input without an identity is given one, so that it can be told from others; `nonce` makes it one of its kind.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be kept now; nothing was done.
    pub async fn accept(&self, input: Input, nonce: &str) -> Result<Option<Ticket>, StoreError> {
        let (input, now) = self.named(input, nonce);
        let id = input.id;
        let accepted = self.store.accept(input, now).await?;
        Ok(accepted.incident.map(|incident| Ticket { incident, input: id }))
    }

    /// The same for an incident known by number; `None` when there is none.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be kept now; nothing was done.
    pub async fn accept_for(
        &self,
        incident: IncidentId,
        input: Input,
        nonce: &str,
    ) -> Result<Option<Ticket>, StoreError> {
        let (input, now) = self.named(input, nonce);
        let id = input.id;
        let accepted = self.store.accept_for(incident, input, now).await?;
        Ok(accepted.map(|_| Ticket { incident, input: id }))
    }

    /// Gives an input an identity, unless it has one.
    fn named(&self, input: Input, nonce: &str) -> (Input, Timestamp) {
        let now = self.clock.now();
        let id = if input.id.0 == 0 { InputId::from_parts(&["desk", &now.0.to_string(), nonce]) } else { input.id };
        (Input { id, ..input }, now)
    }

    /// The incident whose record at a system is made under this key, if there is one. Changes nothing.
    ///
    /// # Errors
    /// [`StoreError`] when the store does not answer.
    pub async fn find(&self, system: &SystemName, create_key: &str) -> Result<Option<IncidentId>, StoreError> {
        // News that tell nothing find an incident, as all news do, and leave no entry.
        let keys = vec![Key { kind: KeyKind::CreateKey, value: create_key.to_owned() }];
        let input = Input { keys, ..Input::about(system.clone(), What::News(News::Exists)) };
        Ok(self.store.accept(input, self.clock.now()).await?.incident)
    }

    /// Waits, for at most `within_ms` milliseconds, for the end of what an input wants delivered to a system: until it holds
    /// what it should, or an attempt made after the input has failed.
    ///
    /// # Errors
    /// [`StoreError`] when the store does not answer; the input is kept all the same.
    pub async fn ending(&self, ticket: Ticket, system: &SystemName, within_ms: i64) -> Result<Ending, StoreError> {
        let begun = self.clock.now();
        let mut after = None;
        loop {
            let Some(incident) = self.store.incident(ticket.incident).await? else { return Ok(Ending::Nothing) };
            let filter =
                EntryFilter { incident: Some(ticket.incident), after, limit: ENTRIES_MAX, ..EntryFilter::default() };
            let rows = self.store.entries(filter).await?;
            let own = rows.iter().find(|row| row.entry.cause.input == ticket.input);
            after = own.map(|row| row.seq).or(after);
            let since = rows.iter().filter(|row| after.is_none_or(|after| row.seq > after));
            if let Some(ending) = ending(&incident, since.flat_map(|row| &row.entry.changes), system) {
                return Ok(ending);
            }
            let waited_ms = self.clock.now().ms_since(begun);
            if waited_ms >= within_ms {
                return Ok(Ending::Waiting);
            }
            self.clock.sleep(if waited_ms < 1_000 { LOOK_MS } else { LOOK_LATER_MS }).await;
        }
    }
}

/// How it stands; `None` while an attempt is due or under way.
fn ending<'a>(incident: &Incident, changes: impl Iterator<Item = &'a Change>, system: &SystemName) -> Option<Ending> {
    let Some(link) = incident.link(system.as_str()) else { return Some(Ending::Nothing) };
    if let Some(park) = &link.park {
        return Some(Ending::Refused(park.clone()));
    }
    let mut seen = None;
    for change in changes {
        match change {
            Change::Delivered { system: told, .. } if told == system => seen = Some(Ending::Delivered),
            Change::Deferred { system: told, reason, .. } if told == system => {
                seen = Some(Ending::PutOff { reason: reason.clone() });
            }
            _ => {}
        }
    }
    match (seen, plan(link, false)) {
        (Some(Ending::PutOff { reason }), Some(_)) => Some(Ending::PutOff { reason }),
        (Some(_), None) => Some(Ending::Delivered),
        (None, None) => Some(Ending::Nothing),
        (_, Some(_)) => None,
    }
}
