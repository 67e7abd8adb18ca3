//! Follows NetBox: lists what is open, hands every object's state to the store, and has read what vanishes from the lists.
//!
//! Each round looks at the newest objects of every open status, and at some further pages, going on where the last round
//! stopped. However many objects there are, a round makes at most 9 + [`PAGES_MAX`] + [`STORIES_MAX`] calls, 27, and with
//! one status per call usually 4; at the usual 30 seconds that is 8 calls a minute, and never more than 54. New objects
//! are among the newest; a change in bulk of older ones is seen within one pass, which takes 1,000 objects per page.
//! Besides, each object that a webhook names is read at once, which is one call, and a few more for an Event of Incidents
//! that are over.

use super::memory::ListName;
use super::poll::{Story, began_ms, newest, seen_ms};
use super::routes::Graph;
use super::wire::{Kind, Name, Object, PLUGIN, Page};
use super::{NetBox, map, routes};
use crate::outcome::Doing;
use futures_util::{StreamExt, TryStreamExt, stream};
use pagebridge_core::{
    BridgeName, EventAction, IncidentId, Input, InputId, News, Outcome, Reading, Scope, Status, Timestamp,
};
use pagebridge_ports::{BoxFuture, Check, CheckResult, Store, StoreError, Upkeep, Upkept};
use std::collections::BTreeSet;

/// What is looked after, in the words of checks.
const NAME: &str = "following";

/// Objects per page, as many as NetBox gives.
const PAGE: &str = "1000";

/// Further pages that one round looks at, besides the first of each list.
const PAGES_MAX: usize = 8;

/// Incidents that one round reads to learn whether they tell the story of an Event.
const STORIES_MAX: usize = 10;

/// Objects that are handed to the store at the same time.
const AT_ONCE: usize = 16;

/// How soon to try again after NetBox or the store could not be asked, in milliseconds.
const RETRY_MS: i64 = 15_000;

/// Why a run came to nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    /// The store cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// NetBox did not answer as it should, nor would it answer anything else.
    #[error("{0}")]
    Far(String),
    /// NetBox failed over one list or object.
    #[error("{0}")]
    Here(String),
}

/// One run.
pub(super) struct Round<'a> {
    pub(super) store: &'a dyn Store,
    /// When the page or object that is looked at was asked for.
    pub(super) since: Timestamp,
    pages_left: usize,
    stories_left: usize,
    /// What has vanished from a list.
    pub(super) vanished: BTreeSet<Name>,
}

/// An object as it is handed to the store.
struct Handed {
    name: Name,
    reading: Reading,
    /// The key of its alert.
    key: String,
    bridge: BridgeName,
    seen_ms: Option<i64>,
    is_open_event: bool,
}

impl Upkeep for NetBox {
    fn run<'a>(&'a self, store: &'a dyn Store) -> BoxFuture<'a, Upkept> {
        Box::pin(async move {
            let now = self.clock.now();
            let ended = self.follow_once(store, now).await;
            let (check, again_ms) = match ended {
                Ok((check, again_ms)) => (check, again_ms),
                Err(trouble) => (
                    self.told(CheckResult::Failed, &trouble.to_string(), "see the reason; nothing is lost meanwhile"),
                    RETRY_MS,
                ),
            };
            self.follow.state().check = Some(check.clone());
            Upkept { check, repairs: Vec::new(), again_ms }
        })
    }

    fn look<'a>(&'a self, store: &'a dyn Store) -> BoxFuture<'a, Check> {
        Box::pin(async move {
            match self.heard_lately(store).await {
                Ok(heard) => self.told(CheckResult::Ok, &heard, ""),
                Err(error) => self.told(CheckResult::Failed, &error.to_string(), "check the store"),
            }
        })
    }

    fn wanted(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.follow.early.notified())
    }
}

impl NetBox {
    /// Gives how it stands, and when to run again.
    async fn follow_once(&self, store: &dyn Store, now: Timestamp) -> Result<(Check, i64), Trouble> {
        let mut round =
            Round { store, since: now, pages_left: PAGES_MAX, stories_left: STORIES_MAX, vanished: BTreeSet::new() };
        self.keep_ordered(store).await?;
        self.keep_begun(store, now).await?;
        self.read_hinted(&mut round).await?;
        let (next, check) = {
            let state = self.follow.state();
            (state.next, state.check.clone())
        };
        if let (Some(next), Some(check)) = (next.filter(|next| now < *next), check) {
            return Ok((check, next.ms_since(now)));
        }
        self.sweep(&mut round).await?;
        self.keep_heard(store).await?;
        let open = self.open_seen();
        let heard = self.heard_lately(store).await?;
        let mut detail = format!("{} open Incidents and {} open Events seen; {heard}", open.0, open.1);
        let backlog = self.follow.state().backlog_len();
        if backlog > 0 {
            detail = format!("{detail}; {backlog} of them were open before the first start and are not sent");
        }
        self.follow.state().next = Some(now.plus_ms(self.settings.sweep_ms));
        Ok((self.told(CheckResult::Ok, &detail, ""), self.settings.sweep_ms))
    }

    /// Reads what webhooks have named.
    async fn read_hinted(&self, round: &mut Round<'_>) -> Result<(), Trouble> {
        let hinted = self.follow.take_hinted();
        let mut left = hinted.iter();
        while let Some(name) = left.next() {
            match self.read_one(round, *name).await {
                Ok(()) => {}
                Err(Trouble::Here(problem)) => {
                    // The lists may still show it, and others must not wait for it.
                    tracing::warn!(system = %self.settings.system, object = %name, problem, "it cannot be read");
                }
                Err(trouble) => {
                    // They stay named until they are read.
                    self.follow.hint_again(std::iter::once(*name).chain(left.copied()));
                    return Err(trouble);
                }
            }
        }
        Ok(())
    }

    async fn read_one(&self, round: &mut Round<'_>, name: Name) -> Result<(), Trouble> {
        round.since = self.clock.now();
        let object = match self.object(name).await {
            Ok(object) => object,
            Err(Outcome::Missing) => {
                let input = Input::read(self.settings.system.clone(), self.gone(name), round.since);
                round.store.accept(input, self.clock.now()).await?;
                return Ok(());
            }
            Err(outcome) => return far(&outcome),
        };
        match self.status_with_its_story(&object).await {
            Ok(status) => {
                self.expect(&object);
                self.hand_over(round, &[(object, status)]).await
            }
            Err(outcome) => far(&outcome),
        }
    }

    /// An open object must be in the lists from now on.
    fn expect(&self, object: &Object) {
        let (name, statuses) = (object.name(), &self.settings.statuses);
        let open = match name.kind {
            Kind::Event => statuses.open_events(),
            Kind::Incident => statuses.open_incidents(),
        };
        if let Some(word) = open.into_iter().find(|word| word.eq_ignore_ascii_case(object.status())) {
            self.follow.state().expect((name.kind, word), name.id);
        }
    }

    /// Looks at all lists once.
    async fn sweep(&self, round: &mut Round<'_>) -> Result<(), Trouble> {
        let statuses = &self.settings.statuses;
        // Incidents first: what an Event has to tell depends on them.
        let incidents = statuses.open_incidents().into_iter().map(|word| (Kind::Incident, word));
        let lists: Vec<ListName> =
            incidents.chain(statuses.open_events().into_iter().map(|word| (Kind::Event, word))).collect();
        let mut failed = None;
        for list in &lists {
            match self.look_at(round, *list, 0).await {
                // One that NetBox fails over must not hide the others.
                Err(Trouble::Here(problem)) => {
                    failed = Some(Trouble::Here(format!("{} {}: {problem}", list.1, list.0.list())))
                }
                other => other?,
            }
        }
        // Further pages, in turns.
        loop {
            let before = round.pages_left;
            for list in &lists {
                let offset = self.follow.state().passes.get(list).map_or(0, |pass| pass.offset);
                if offset > 0 && round.pages_left > 0 {
                    round.pages_left -= 1;
                    self.look_at(round, *list, offset).await?;
                }
            }
            if round.pages_left == before || round.pages_left == 0 {
                break;
            }
        }
        let whole = {
            let mut state = self.follow.state();
            let is_through = |list| state.passes.get(list).is_some_and(|pass| pass.before.is_some());
            let whole = lists.iter().all(is_through);
            state.is_whole |= whole;
            whole
        };
        if whole {
            self.compare(round).await?;
        }
        self.part_with_vanished(round).await?;
        failed.map_or(Ok(()), Err)
    }

    /// Looks at one page of a list, newest objects first.
    async fn look_at(&self, round: &mut Round<'_>, list: ListName, offset: usize) -> Result<(), Trouble> {
        let (kind, word) = list;
        round.since = self.clock.now();
        let from = offset.to_string();
        let query = [("status", word), ("ordering", "-id"), ("limit", PAGE), ("offset", from.as_str())];
        let page: Result<Page, _> = self.client.get(&[PLUGIN[0], PLUGIN[1], kind.list()], &query).await;
        let page = page.or_else(|failure| far(&self.failed(&failure, Doing::Read)))?;
        let all = page.results.len();
        // A filter that is not known is ignored, and then everything comes.
        let objects: Vec<Object> = page
            .results
            .iter()
            .filter_map(|json| Object::read(kind, json))
            .filter(|o| o.status().eq_ignore_ascii_case(word))
            .collect();
        for object in &objects {
            self.see(list, object);
        }
        let mut settled = Vec::with_capacity(objects.len());
        for object in objects {
            if let Some(status) = self.settled_status(round, &object).await? {
                settled.push((object, status));
            }
        }
        self.hand_over(round, &settled).await?;
        let mut state = self.follow.state();
        let pass = state.passes.entry(list).or_default();
        if page.next.is_none() || all == 0 {
            round.vanished.extend(pass.end().into_iter().map(|id| Name { kind, id }));
        } else if offset > 0 || pass.offset == 0 {
            pass.offset = offset + all;
        }
        Ok(())
    }

    fn see(&self, list: ListName, object: &Object) {
        let mut state = self.follow.state();
        state.passes.entry(list).or_default().seen.insert(object.name().id);
        if let Object::Incident(incident) = object {
            state.forget_story(incident.id);
        }
    }

    /// Where a listed object stands; `None` when this round may not ask any more.
    async fn settled_status(&self, round: &mut Round<'_>, object: &Object) -> Result<Option<Status>, Trouble> {
        let own = map::status(object, &self.settings);
        let Object::Event(event) = object else { return Ok(Some(own)) };
        if own == Status::Resolved || !self.settings.incidents_tell_events() || self.follow.is_ordered(object.name()) {
            return Ok(Some(own));
        }
        for id in newest(&event.incident_ids) {
            let Some(story) = self.story_of(round, id).await? else { return Ok(None) };
            if story.tells(seen_ms(event)) {
                return Ok(Some(Status::Resolved));
            }
        }
        Ok(Some(own))
    }

    async fn story_of(&self, round: &mut Round<'_>, id: i64) -> Result<Option<Story>, Trouble> {
        if let Some(story) = self.follow.state().story(id) {
            return Ok(Some(story));
        }
        if round.stories_left == 0 {
            return Ok(None);
        }
        round.stories_left -= 1;
        let story = match self.object(Name { kind: Kind::Incident, id }).await {
            Ok(Object::Incident(incident)) => self.story(&incident),
            // One that is not there tells nothing, as if it had ended before all time.
            Ok(Object::Event(_)) | Err(Outcome::Missing) => Story::Over(Some(i64::MIN)),
            Err(outcome) => match far(&outcome) {
                // What cannot be read tells nothing: better a page too many.
                Err(Trouble::Here(_)) => return Ok(Some(Story::Over(Some(i64::MIN)))),
                other => return other,
            },
        };
        if story != Story::Open {
            self.follow.state().learn_story(id, story);
        }
        Ok(Some(story))
    }

    /// Hands objects to the store, as far as that tells it anything.
    async fn hand_over(&self, round: &Round<'_>, objects: &[(Object, Status)]) -> Result<(), Trouble> {
        let graph = self.graph().await;
        let handed: Vec<Handed> =
            objects.iter().filter_map(|(object, status)| self.handed(round, object, *status, &graph)).collect();
        let accepted = stream::iter(handed).map(async |handed: Handed| {
            let (system, reading) = (self.settings.system.clone(), handed.reading.clone());
            let input = Input {
                create_key: Some(handed.key.clone()),
                bridge: Some(handed.bridge.clone()),
                ..Input::read(system, reading, round.since)
            };
            let accepted = round.store.accept(input, self.clock.now()).await?;
            Ok::<_, StoreError>((handed, accepted.incident))
        });
        // Several at once, so that they share commits.
        let mut accepted = std::pin::pin!(accepted.buffer_unordered(AT_ONCE));
        while let Some((handed, incident)) = accepted.try_next().await? {
            let again = self.follow.state().told(handed.name, &handed.reading, handed.seen_ms, round.since);
            if let (true, Some(incident)) = (again && handed.is_open_event, incident) {
                self.begin_again(round, incident, handed).await?;
            }
        }
        Ok(())
    }

    /// What the store is told of an object; `None` when it would be nothing new, or is told by another.
    fn handed(&self, round: &Round<'_>, object: &Object, status: Status, graph: &Graph) -> Option<Handed> {
        let name = object.name();
        let key = map::alert_key(object);
        let is_open_event = matches!(object, Object::Event(_)) && status != Status::Resolved;
        let mut state = self.follow.state();
        if !is_open_event {
            state.release(&key, name.id);
        } else if !state.hold(&key, name.id) {
            // A newer Event with the same key tells of the same trouble.
            return None;
        }
        let mut reading = self.reading(object, status, graph);
        let is_open = map::status(object, &self.settings) != Status::Resolved;
        let is_backlog = is_open && !self.settings.send_backlog && state.is_backlog(name, &key, began_ms(object));
        if is_backlog || !self.is_sent(name.kind) {
            // Nothing begins with it; what was sent by hand is followed all the same.
            reading.content = None;
        }
        if !state.is_news(name, &reading, round.since) {
            return None;
        }
        let route = routes::choose(object, &self.settings.routes, graph).route;
        let (bridge, seen_ms) = match object {
            Object::Event(event) => (&route.events, seen_ms(event)),
            Object::Incident(_) => (&route.incidents, None),
        };
        Some(Handed { name, reading, key, bridge: bridge.clone(), seen_ms, is_open_event })
    }

    fn is_sent(&self, kind: Kind) -> bool {
        match kind {
            Kind::Event => self.settings.send_on_event_create,
            Kind::Incident => self.settings.send_on_incident_create,
        }
    }

    /// An Event was seen again after its alert was ended in PagerDuty: the trouble is not over, so there is a new alert.
    async fn begin_again(&self, round: &Round<'_>, incident: IncidentId, handed: Handed) -> Result<(), Trouble> {
        let (Some(content), Some(seen_ms)) = (handed.reading.content, handed.seen_ms) else { return Ok(()) };
        let stored = round.store.incident(incident).await?;
        if stored.is_none_or(|incident| incident.status != Status::Resolved) {
            return Ok(());
        }
        let (system, record) = (self.settings.system.clone(), handed.name.to_string());
        let event = pagebridge_core::Event { action: EventAction::Trigger, content };
        let input = Input {
            id: InputId::from_parts(&[system.as_str(), &record, "seen again", &seen_ms.to_string()]),
            create_key: Some(handed.key),
            ..Input::news(system, &record, News::Event(event))
        };
        round.store.accept(input, self.clock.now()).await?;
        Ok(())
    }

    /// How many open Incidents and Events were seen.
    fn open_seen(&self) -> (usize, usize) {
        let state = self.follow.state();
        let of = |kind: Kind| {
            let passes = state.passes.iter().filter(|((of, _), _)| *of == kind);
            passes.map(|(_, pass)| pass.before.as_ref().map_or(0, |before| before.len()).max(pass.seen.len())).sum()
        };
        (of(Kind::Incident), of(Kind::Event))
    }

    fn told(&self, result: CheckResult, detail: &str, remedy: &str) -> Check {
        Check::new(&self.settings.system, NAME, result, detail, remedy)
    }
}

pub(super) fn far<T>(outcome: &Outcome) -> Result<T, Trouble> {
    let reason = reason(outcome);
    Err(match outcome {
        Outcome::NotApplied { scope: Scope::Record, .. } | Outcome::Rejected { .. } => Trouble::Here(reason),
        _ => Trouble::Far(reason),
    })
}

fn reason(outcome: &Outcome) -> String {
    match outcome {
        Outcome::NotApplied { reason, .. } | Outcome::Unknown { reason } | Outcome::Rejected { reason, .. } => {
            reason.clone()
        }
        Outcome::Missing => "NetBox has no such list or object".to_owned(),
        Outcome::Delivered { .. } | Outcome::Read(_) => "NetBox answered something else".to_owned(),
    }
}
