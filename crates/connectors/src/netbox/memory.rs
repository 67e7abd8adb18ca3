//! What the follower remembers while the process runs. All of it can be lost: lists are looked at again.

use super::map;
use super::poll::Story;
use super::routes::Graph;
use super::wire::{Event, Kind, Name, Object};
use pagebridge_core::{Reading, Timestamp};
use pagebridge_ports::Check;
use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// So many objects that webhooks named are read by themselves; what is more is found in the lists.
const HINTED_MAX: usize = 200;

/// So many ended Incidents are remembered.
const STORIES_MAX: usize = 50_000;

/// So many Events that were sent by hand are remembered, the newest; what is kept has a limit.
const ORDERED_MAX: usize = 150;

/// What began so long before NetBox was first followed is sent all the same, in milliseconds: the old module may have
/// been switched off for a while.
const BACKLOG_MS: i64 = 60 * 60_000;

/// What was handed over is handed over again after this time although nothing has changed, in milliseconds.
const AGAIN_MS: i64 = 10 * 60_000;

/// One list that is looked at: objects of a kind with one status.
pub(super) type ListName = (Kind, &'static str);

/// How far a list was looked through.
#[derive(Debug, Default)]
pub(super) struct Pass {
    /// Where the next page begins; 0 when only the newest were looked at.
    pub(super) offset: usize,
    /// What this pass has seen.
    pub(super) seen: HashSet<i64>,
    /// What the pass before has seen.
    pub(super) before: Option<HashSet<i64>>,
    /// What was read by itself since, and has to be seen from now on.
    pub(super) named: HashSet<i64>,
}

/// What was last handed over of an object.
#[derive(Clone, Copy, Debug)]
struct Told {
    print: u64,
    at: Timestamp,
    seen_ms: Option<i64>,
}

#[derive(Default)]
pub(super) struct State {
    /// Objects that webhooks named.
    hinted: BTreeSet<Name>,
    /// When a webhook last came.
    pub(super) heard: Option<Timestamp>,
    /// That time, as it was last kept.
    pub(super) heard_kept: Option<Timestamp>,
    /// No look at the lists before this time.
    pub(super) next: Option<Timestamp>,
    pub(super) check: Option<Check>,
    pub(super) passes: BTreeMap<ListName, Pass>,
    /// Whether all lists were looked through to their ends.
    pub(super) is_whole: bool,
    /// When the incidents of the store are compared with the lists; `None` before the first time.
    pub(super) compared: Option<Timestamp>,
    told: HashMap<Name, Told>,
    /// The newest open Event of each key.
    holders: HashMap<String, i64>,
    /// Incidents that are over.
    stories: HashMap<i64, Story>,
    no_journal: BTreeSet<Kind>,
    /// When NetBox was first followed by this installation.
    pub(super) begun: Option<Timestamp>,
    /// What was open long before that, with the keys of its alerts.
    backlog: HashMap<Name, String>,
    /// What of that has vanished from the lists, until its end is told.
    pub(super) ending: BTreeMap<Name, String>,
    /// Events that somebody has sent by hand.
    ordered: BTreeSet<Name>,
    /// Events that left that set and are still kept in it.
    ended: BTreeSet<Name>,
    pub(super) graph: Option<(Timestamp, Arc<Graph>)>,
}

/// The memory, shared by what hears, what follows and what delivers.
#[derive(Default)]
pub(super) struct Memory {
    /// Asks for a run before its time.
    pub(super) early: Notify,
    state: Mutex<State>,
}

impl Memory {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A webhook came.
    pub(super) fn heard_at(&self, now: Timestamp) {
        self.state().heard = Some(now);
    }

    /// A webhook named an object: it is read soon. When too many were named the lists are looked at instead.
    pub(super) fn hint(&self, name: Name) {
        let mut state = self.state();
        if state.hinted.len() < HINTED_MAX {
            state.hinted.insert(name);
        } else {
            state.next = None;
        }
        drop(state);
        self.early.notify_one();
    }

    /// Objects that were named and could not be read yet. Nobody is woken: the next run comes by itself.
    pub(super) fn hint_again(&self, names: impl Iterator<Item = Name>) {
        self.state().hinted.extend(names);
    }

    /// The objects that were named, which are forgotten with that.
    pub(super) fn take_hinted(&self) -> BTreeSet<Name> {
        std::mem::take(&mut self.state().hinted)
    }

    /// Somebody sends an object by hand: an Event has an alert of its own from now on, whatever else tells its story.
    pub(super) fn order(&self, name: Name) {
        if name.kind == Kind::Event {
            self.state().ordered.insert(name);
        }
        self.early.notify_one();
    }

    /// Whether an object was sent by hand.
    pub(super) fn is_ordered(&self, name: Name) -> bool {
        self.state().ordered.contains(&name)
    }

    /// Whether an Event shares its key with a newer open one, which holds the alert then.
    pub(super) fn is_held_by_another(&self, event: &Event) -> bool {
        let key = map::alert_key(&Object::Event(event.clone()));
        self.state().holders.get(&key).is_some_and(|holder| *holder != event.id)
    }

    pub(super) fn has_no_journal(&self, kind: Kind) -> bool {
        self.state().no_journal.contains(&kind)
    }

    /// The plugin makes NetBox fail over journal entries for these objects; not tried again until the next start.
    pub(super) fn learn_no_journal(&self, kind: Kind) {
        self.state().no_journal.insert(kind);
    }
}

impl State {
    /// Brings together what was sent by hand here and what is kept, perhaps by another node. Gives what is to be kept
    /// from now on, when that is something else.
    pub(super) fn merge_ordered(&mut self, kept: &str) -> Option<String> {
        self.ordered.extend(kept.split(',').filter_map(Name::parse));
        for name in std::mem::take(&mut self.ended) {
            self.ordered.remove(&name);
        }
        while self.ordered.len() > ORDERED_MAX {
            self.ordered.pop_first();
        }
        let text = self.ordered.iter().map(Name::to_string).collect::<Vec<_>>().join(",");
        (text != kept).then_some(text)
    }

    /// Whether an open object that began (or was last seen) then was open long before NetBox was first followed, and so
    /// is not to be sent. What appears after all lists were looked through is new, whatever its times say.
    pub(super) fn is_backlog(&mut self, name: Name, key: &str, at_ms: Option<i64>) -> bool {
        let is_old = at_ms.zip(self.begun).is_some_and(|(at, begun)| at < begun.0 - BACKLOG_MS);
        if !is_old {
            self.backlog.remove(&name);
            return false;
        }
        if !self.is_whole {
            self.backlog.insert(name, key.to_owned());
        }
        self.backlog.contains_key(&name)
    }

    /// How many open objects are not sent because they were open long before NetBox was first followed.
    pub(super) fn backlog_len(&self) -> usize {
        self.backlog.len()
    }

    /// Lets an open Event hold its key; false when a newer one holds it.
    pub(super) fn hold(&mut self, key: &str, event: i64) -> bool {
        match self.holders.get(key) {
            Some(holder) if *holder > event => false,
            _ => {
                self.holders.insert(key.to_owned(), event);
                true
            }
        }
    }

    /// An Event does not hold its key any more.
    pub(super) fn release(&mut self, key: &str, event: i64) {
        if self.holders.get(key) == Some(&event) {
            self.holders.remove(key);
        }
    }

    /// Objects that are not open any more.
    pub(super) fn let_go(&mut self, names: &BTreeSet<Name>) {
        for name in names {
            self.told.remove(name);
            if let Some(key) = self.backlog.remove(name) {
                self.ending.insert(*name, key);
            }
            if self.ordered.remove(name) {
                self.ended.insert(*name);
            }
        }
        self.holders.retain(|_, holder| !names.contains(&Name { kind: Kind::Event, id: *holder }));
    }

    /// Whether a reading is worth handing over: it has changed, or was not handed over for a while.
    pub(super) fn is_news(&self, name: Name, reading: &Reading, now: Timestamp) -> bool {
        let told = self.told.get(&name);
        told.is_none_or(|told| told.print != print(reading) || now.ms_since(told.at) >= AGAIN_MS)
    }

    /// Remembers what was handed over; says whether the object was seen again since it was last handed over.
    pub(super) fn told(&mut self, name: Name, reading: &Reading, seen_ms: Option<i64>, now: Timestamp) -> bool {
        let before = self.told.insert(name, Told { print: print(reading), at: now, seen_ms });
        before.and_then(|before| before.seen_ms).zip(seen_ms).is_some_and(|(before, now)| now > before)
    }

    /// What is known of an Incident's story.
    pub(super) fn story(&self, incident: i64) -> Option<Story> {
        let is_open = self.passes.iter().any(|((kind, _), pass)| {
            *kind == Kind::Incident && (pass.seen.contains(&incident) || pass.holds_before(incident))
        });
        if is_open { Some(Story::Open) } else { self.stories.get(&incident).copied() }
    }

    pub(super) fn learn_story(&mut self, incident: i64, story: Story) {
        if self.stories.len() >= STORIES_MAX {
            self.stories.clear();
        }
        self.stories.insert(incident, story);
    }

    /// An Incident is open: what was known of its end is not true any more.
    pub(super) fn forget_story(&mut self, incident: i64) {
        self.stories.remove(&incident);
    }

    /// An object was read by itself: should no list show it by then, it has moved without a word.
    pub(super) fn expect(&mut self, list: ListName, id: i64) {
        self.passes.entry(list).or_default().named.insert(id);
    }

    /// Whether an object is in a list, as far as the lists were looked through.
    pub(super) fn is_listed(&self, name: Name) -> bool {
        let lists = self.passes.iter().filter(|((kind, _), _)| *kind == name.kind);
        lists.into_iter().any(|(_, pass)| pass.seen.contains(&name.id) || pass.holds_before(name.id))
    }
}

impl Pass {
    fn holds_before(&self, id: i64) -> bool {
        self.before.as_ref().is_some_and(|before| before.contains(&id))
    }

    /// Ends the pass; gives what the pass before has seen and this one has not.
    pub(super) fn end(&mut self) -> Vec<i64> {
        let seen = std::mem::take(&mut self.seen);
        let mut known = std::mem::take(&mut self.named);
        known.extend(self.before.iter().flatten());
        let vanished = known.into_iter().filter(|id| !seen.contains(id)).collect();
        self.before = Some(seen);
        self.offset = 0;
        vanished
    }
}

/// Everything about a reading that anybody is told.
fn print(reading: &Reading) -> u64 {
    let mut hasher = DefaultHasher::new();
    reading.status.as_str().hash(&mut hasher);
    if let Some(content) = &reading.content {
        (&content.title, &content.body, &content.event).hash(&mut hasher);
    }
    hasher.finish()
}
