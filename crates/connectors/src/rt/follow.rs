//! Follows what changes in RT, with nothing installed there.
//!
//! One round is at most so many calls, whatever the number of tickets:
//!
//! * the *feed*: transactions by number, after the last one that was handled. Numbers are given before a change is
//!   committed, so a row may appear after one with a higher number: the last ones are asked for again for a while.
//! * now and then the *sweeps*: tickets that changed lately, which finds whatever the feed did not show; all open linked
//!   tickets, a hundred per call, which also follows those that were moved to a queue that is not watched; and after the
//!   first start, once, the open tickets from before.
//!
//! What is handed on is the full state of a ticket, so that nothing depends on its being handed on once.

mod hand_over;
mod place;
mod sweep;

use super::Rt;
use super::client::Failure;
use super::lists::{From, Lists};
use super::wire::{PAGE, Transaction, any_of, quoted};
use crate::outcome::Doing;
use pagebridge_core::{Outcome, Timestamp};
use pagebridge_ports::{BoxFuture, Check, CheckResult, Store, StoreError, Upkeep, Upkept};
use place::{Place, State};
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};
use tokio::sync::Notify;

const NAME: &str = "changes";

/// Wait when a round ended before all was read, in milliseconds.
const BEHIND_MS: i64 = 1_000;

/// Longest wait after rounds that failed, in milliseconds.
const FAILING_MS_MAX: i64 = 5 * 60_000;

/// Pages of rows that we may not see that are passed at a time; what follows is found by the sweeps meanwhile.
const HIDDEN_PAGES_MAX: i64 = 50;

/// Pages in which the newest row that we may see is looked for, once.
const NEWEST_PAGES_MAX: i64 = 5;

/// Transactions that say that a ticket has changed in a way that matters. Mails that RT sends are none, and would only
/// hide others: most users may not see them.
const KINDS: &str = "(Type = 'Create' OR Type = 'Status' OR Type = 'Comment' OR Type = 'Correspond' OR Type = 'Set' \
     OR Type = 'CustomField' OR Type = 'AddLink')";

/// What the follower knows between rounds.
pub(super) struct Memory {
    state: Mutex<Option<State>>,
    /// Notes in transactions up to this one are from before our time; -1 when that is not known yet.
    notes_since: AtomicI64,
    wake: Notify,
}

impl Default for Memory {
    fn default() -> Self {
        Self { state: Mutex::new(None), notes_since: AtomicI64::new(-1), wake: Notify::new() }
    }
}

impl Memory {
    /// Has the next round begin now.
    pub(super) fn wake(&self) {
        self.wake.notify_one();
    }

    /// The transaction after which notes count; `None` when the follower has not begun.
    pub(super) fn notes_since(&self) -> Option<i64> {
        let since = self.notes_since.load(Ordering::Relaxed);
        (since >= 0).then_some(since)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<State>> {
        self.state.lock().expect("nothing panics while it holds the state")
    }
}

/// Why a round ended early.
#[derive(Debug)]
enum Trouble {
    Store(StoreError),
    Far(Failure),
}

impl std::convert::From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl std::convert::From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Self::Far(failure)
    }
}

/// What one round works with.
struct Round<'a> {
    store: &'a dyn Store,
    lists: Lists<'a>,
    now: Timestamp,
    calls_max: u32,
    repairs: Vec<&'static str>,
}

impl Round<'_> {
    /// Whether another page may be begun. What is begun is finished, so a round may go over by what one page needs.
    fn may_go_on(&self) -> bool {
        self.lists.made() < self.calls_max
    }
}

impl Upkeep for Rt {
    fn run<'a>(&'a self, store: &'a dyn Store) -> BoxFuture<'a, Upkept> {
        Box::pin(self.follow_once(store))
    }

    fn look<'a>(&'a self, store: &'a dyn Store) -> BoxFuture<'a, Check> {
        Box::pin(async move {
            match Place::load(store, &self.settings.system).await {
                Ok(Some(place)) => {
                    let detail =
                        format!("read up to transaction {}, and again from there when the server runs", place.cursor);
                    self.followed(CheckResult::Ok, &detail, "")
                }
                Ok(None) => self.followed(
                    CheckResult::Warning,
                    "nothing was read yet",
                    "nothing: it begins when the server runs",
                ),
                Err(error) => self.followed(
                    CheckResult::Failed,
                    &error.to_string(),
                    "look at the disk's space, permissions and the database server",
                ),
            }
        })
    }

    fn wanted(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.follow.wake.notified())
    }
}

impl Rt {
    async fn follow_once(&self, store: &dyn Store) -> Upkept {
        let now = self.clock.now();
        let calls_max = self.settings.calls_max.max(1);
        let mut round = Round { store, lists: self.lists(), now, calls_max, repairs: Vec::new() };
        // A round that is dropped leaves nothing, and the next begins at what was kept.
        let mut state = self.follow.lock().take();
        let ended = self.go(&mut round, &mut state).await;
        let failures = match (&ended, &mut state) {
            (Ok(_), Some(state)) => {
                state.failures = 0;
                0
            }
            (Err(_), Some(state)) => {
                state.failures = state.failures.saturating_add(1);
                state.failures
            }
            (_, None) => 1,
        };
        *self.follow.lock() = state;
        let interval_ms = self.settings.interval_ms.max(1);
        let (check, again_ms) = match ended {
            Ok(true) => (self.well(), interval_ms),
            Ok(false) => (self.well(), BEHIND_MS.min(interval_ms)),
            Err(trouble) => {
                let wait_ms = interval_ms.saturating_mul(1 << failures.min(10)).min(FAILING_MS_MAX);
                (self.trouble(&trouble), wait_ms.max(interval_ms))
            }
        };
        Upkept { check, repairs: round.repairs, again_ms }
    }

    /// One round; says whether all was read.
    async fn go(&self, round: &mut Round<'_>, state: &mut Option<State>) -> Result<bool, Trouble> {
        self.learn_user().await;
        if state.is_none() {
            *state = Some(self.begin(round).await?);
        }
        let state = state.as_mut().expect("it was just set");
        let ended = self.read_all_changes(round, state).await;
        // Also after a failure: what was handled need not be handled again.
        state.keep(round.store, &self.settings.system, round.now).await?;
        ended
    }

    async fn read_all_changes(&self, round: &mut Round<'_>, state: &mut State) -> Result<bool, Trouble> {
        let all = self.feed(round, state).await?;
        Ok(self.sweep(round, state).await? && all)
    }

    /// Finds out where to go on, or at the very first start where to begin: at the newest transaction.
    async fn begin(&self, round: &Round<'_>) -> Result<State, Trouble> {
        let place = match Place::load(round.store, &self.settings.system).await? {
            Some(place) => place,
            None => {
                // In this order: a ticket that is made in between is new.
                let tickets = round.lists.tickets("id > 0", From::Newest, 1).await?.items;
                let newest = self.newest(round).await?;
                let backlog = self.settings.backlog;
                Place {
                    first_ticket: if backlog { 0 } else { tickets.first().map_or(0, |ticket| ticket.id) },
                    first_transaction: newest,
                    cursor: newest,
                    net_ms: round.now.0,
                    backlog: Some(0),
                }
            }
        };
        self.follow.notes_since.store(place.first_transaction, Ordering::Relaxed);
        Ok(State::new(place))
    }

    /// The newest transaction that we may see; behind some that we may not, perhaps.
    async fn newest(&self, round: &Round<'_>) -> Result<i64, Trouble> {
        let sql = format!("{KINDS}{}", self.in_queues("TicketQueue"));
        for number in 1..=NEWEST_PAGES_MAX {
            let page = round.lists.transactions_page(&sql, From::Newest, number).await?;
            if let Some(row) = page.items.first() {
                return Ok(row.id);
            }
        }
        Ok(0)
    }

    /// ` AND (..)`, the condition that a row is of a queue that is watched; empty when all are.
    fn in_queues(&self, column: &str) -> String {
        let queues = &self.settings.queues;
        if queues.contains_key(super::ANY) {
            return String::new();
        }
        format!(" AND {}", any_of(column, queues.keys().map(|name| quoted(name))))
    }

    /// Reads the transactions after the last one that was handled; says whether those were all.
    async fn feed(&self, round: &mut Round<'_>, state: &mut State) -> Result<bool, Trouble> {
        let queues = self.in_queues("TicketQueue");
        let mut after = state.place.cursor;
        loop {
            if !round.may_go_on() {
                return Ok(false);
            }
            let sql = format!("{KINDS}{queues} AND id > {after}");
            let page = round.lists.transactions(&sql, From::Oldest).await?;
            let Some(last) = page.last() else {
                return Ok(true);
            };
            after = last.id;
            state.fed = after;
            let whole = page.len() >= PAGE;
            let new: Vec<Transaction> = page.into_iter().filter(|row| !state.recent.contains_key(&row.id)).collect();
            if new.is_empty() && !whole {
                return Ok(true);
            }
            let tickets: BTreeSet<i64> = new.iter().filter_map(|row| row.object_id).collect();
            self.hand_over(round, state, &Vec::from_iter(tickets), &new).await?;
            state.recent.extend(new.iter().map(|row| (row.id, round.now.0)));
        }
    }

    /// Lets the feed go on behind rows that we may not see: a whole page of them looks like the end, which it is not, since
    /// the row `shown` was seen elsewhere.
    async fn pass_hidden(&self, round: &Round<'_>, state: &mut State, shown: i64) -> Result<(), Trouble> {
        let fed = state.fed;
        let sql = format!("{KINDS}{} AND id > {fed}", self.in_queues("TicketQueue"));
        let mut first = shown;
        for number in 1..=HIDDEN_PAGES_MAX {
            let page = round.lists.transactions_page(&sql, From::Oldest, number).await?;
            match page.items.first() {
                // It just had not been read yet.
                Some(_) if number == 1 => return Ok(()),
                Some(row) => {
                    first = first.min(row.id);
                    break;
                }
                // Some versions give the last page again in place of one beyond it.
                None if page.page.is_some_and(|page| page != number) => break,
                None => {}
            }
        }
        tracing::warn!(
            system = %self.settings.system,
            after = fed,
            before = first,
            "RT hides transactions from us: give the user of the token the rights ShowTicket, ShowTicketComments and \
             ShowOutgoingEmail on the queues"
        );
        state.recent.clear();
        (state.place.cursor, state.fed) = (first - 1, first - 1);
        Ok(())
    }

    fn well(&self) -> Check {
        let detail = format!(
            "what changes is read every {} s, and all that is open is compared every {} s",
            self.settings.interval_ms / 1_000,
            self.settings.sweep_ms / 1_000
        );
        self.followed(CheckResult::Ok, &detail, "")
    }

    fn trouble(&self, trouble: &Trouble) -> Check {
        match trouble {
            Trouble::Store(error) => self.followed(
                CheckResult::Warning,
                &format!("what changed could not be taken: {error}"),
                "look at the disk's space, permissions and the database server",
            ),
            Trouble::Far(failure) => {
                let reason = match self.failed(failure, Doing::Read) {
                    Outcome::NotApplied { reason, .. } => reason,
                    _ => failure.to_string(),
                };
                let detail = format!("what changed could not be read: {reason}");
                self.followed(
                    CheckResult::Warning,
                    &detail,
                    "look at RT; what was missed is read when it answers again",
                )
            }
        }
    }

    fn followed(&self, result: CheckResult, detail: &str, remedy: &str) -> Check {
        Check::new(&self.settings.system, NAME, result, detail, remedy)
    }
}
