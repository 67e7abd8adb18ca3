//! Delivering what is in the spool, in order, by one program at a time and for a limited time.
//!
//! The order is kept per routing key and dedup key: what was asked of one alert first is delivered first. A receiver that does not answer
//! is not asked again in the same run, and a new event does not wait behind others than those of its own alert.

use super::answer::{Answer, Fate};
use super::place::Place;
use super::post::{Letter, Post};
use super::spool::{AGE_MS_MAX, Name, Spool, Turn};
use crate::output;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::time::Instant;

/// How long to wait before looking again whether it is our turn.
const TURN_PAUSE: Duration = Duration::from_millis(20);

/// Until when something may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline(Option<Instant>);

impl Deadline {
    pub(crate) fn after(limit: Duration) -> Self {
        Self(Instant::now().checked_add(limit))
    }

    pub(crate) fn left(&self) -> Duration {
        self.0.map_or(Duration::MAX, |end| end.saturating_duration_since(Instant::now()))
    }

    pub(crate) fn is_over(&self) -> bool {
        self.left().is_zero()
    }
}

/// What became of events that waited already.
#[derive(Debug, Default)]
pub(crate) struct Drained {
    pub(crate) delivered: usize,
    /// Those that were put aside, each with the reason.
    pub(crate) refused: Vec<(String, String)>,
    pub(crate) left: usize,
    /// Why the first of those that are left is.
    pub(crate) why_left: Option<String>,
}

impl Drained {
    pub(crate) fn add(&mut self, round: Self) {
        self.delivered += round.delivered;
        self.refused.extend(round.refused);
        self.why_left = round.why_left;
    }
}

/// One run over the spool.
pub(crate) struct Drain<'a> {
    spool: &'a Spool,
    post: &'a Post,
    deadline: &'a Deadline,
    /// Where everything goes, instead of where it was meant to go.
    to: Option<&'a Place>,
    /// What is not tried again in this run: receivers, and routing keys at a receiver.
    blocked: BTreeSet<Vec<String>>,
    fates: BTreeMap<Name, Fate>,
    drained: Drained,
}

impl<'a> Drain<'a> {
    pub(crate) fn new(spool: &'a Spool, post: &'a Post, deadline: &'a Deadline, to: Option<&'a Place>) -> Self {
        let (blocked, fates) = (BTreeSet::new(), BTreeMap::new());
        Self { spool, post, deadline, to, blocked, fates, drained: Drained::default() }
    }

    /// Delivers `own` with what was before them for the same alerts, then what else there is time for.
    pub(crate) async fn deliver(&mut self, own: Vec<Name>) -> Drained {
        let Some(_turn) = self.turn(&own).await else {
            self.drained.left = self.waiting().len().saturating_sub(own.len());
            return std::mem::take(&mut self.drained);
        };
        let letters = self.letters(&own);
        let alerts: BTreeSet<Vec<String>> = letters.iter().map(|(_, letter)| self.alert(letter)).collect();
        if let Some(last) = own.last() {
            for (name, letter) in self.letters(&self.waiting()) {
                if name <= *last && alerts.contains(&self.alert(&letter)) {
                    self.step(&name, &letter, own.contains(&name)).await;
                }
            }
        }
        self.rest(&own).await;
        self.drained.left = self.waiting().iter().filter(|name| !own.contains(name)).count();
        std::mem::take(&mut self.drained)
    }

    /// Everything else that waits, also what others put there meanwhile.
    async fn rest(&mut self, own: &[Name]) {
        let mut seen: BTreeSet<Name> = own.iter().cloned().collect();
        loop {
            let new: Vec<Name> = self.waiting().into_iter().filter(|name| !seen.contains(name)).collect();
            if new.is_empty() {
                return;
            }
            for name in new {
                if self.deadline.is_over() {
                    return;
                }
                match self.spool.read(&name) {
                    Some(Ok(letter)) => self.step(&name, &letter, false).await,
                    Some(Err(why)) => self.put_aside(&name, "", &why),
                    None => {}
                }
                seen.insert(name);
            }
        }
    }

    /// What became of an event.
    pub(crate) fn fate(&self, name: &Name) -> Fate {
        if let Some(fate) = self.fates.get(name) {
            return fate.clone();
        }
        // Another program may have had its turn with it.
        match self.spool.why_refused(name) {
            Some(why) => Fate::Refused(why),
            None if self.spool.holds(name) => Fate::Spooled("another program delivers, and took too long".to_owned()),
            None => Fate::Delivered,
        }
    }

    /// Waits until nobody else delivers; gives up when time is over, or others have delivered all of `own`.
    async fn turn(&self, own: &[Name]) -> Option<Turn> {
        loop {
            match self.spool.turn() {
                Ok(Some(turn)) => return Some(turn),
                Ok(None) => {}
                Err(error) => {
                    output::complain(&format!("{}: the spool cannot be locked: {error}", output::yellow("warning")));
                    return None;
                }
            }
            let all_gone = !own.is_empty() && !own.iter().any(|name| self.spool.holds(name));
            if self.deadline.is_over() || all_gone {
                return None;
            }
            tokio::time::sleep(TURN_PAUSE).await;
        }
    }

    async fn step(&mut self, name: &Name, letter: &Letter, is_own: bool) {
        let url = self.to.map_or(letter.to.as_str(), |place| place.url.as_str());
        let routing_key = vec![url.to_owned(), letter.text("routing_key").to_owned()];
        let blocks = [vec![url.to_owned()], routing_key.clone()];
        if blocks.iter().any(|block| self.blocked.contains(block)) {
            if is_own {
                let why = self.drained.why_left.clone().unwrap_or_else(|| format!("{url} does not answer"));
                self.fates.insert(name.clone(), Fate::Spooled(why));
            }
            return;
        }
        if super::now_ms() - letter.at_ms > AGE_MS_MAX {
            return self.put_aside(name, letter.asks(), "it has waited for more than seven days");
        }
        let answer = if is_own {
            self.post.insist_at(letter, url, self.deadline).await
        } else {
            self.post.attempt(letter, url, self.deadline).await
        };
        match answer {
            Answer::Delivered => self.delivered(name, is_own),
            Answer::Refused(why) if is_own => {
                self.fates.insert(name.clone(), Fate::Refused(why.clone()));
                self.removed(name);
            }
            Answer::Refused(why) => self.put_aside(name, letter.asks(), &why),
            Answer::Later { why, throttled } => {
                self.blocked.insert(if throttled { routing_key } else { vec![url.to_owned()] });
                if is_own {
                    self.fates.insert(name.clone(), Fate::Spooled(why.clone()));
                }
                self.drained.why_left.get_or_insert(why);
            }
        }
    }

    fn delivered(&mut self, name: &Name, is_own: bool) {
        if is_own {
            self.fates.insert(name.clone(), Fate::Delivered);
        } else {
            self.drained.delivered += 1;
        }
        self.removed(name);
    }

    fn removed(&self, name: &Name) {
        if let Err(error) = self.spool.remove(name) {
            let told = format!("{} cannot be removed from the spool, and will be sent again: {error}", name.as_str());
            output::complain(&format!("{}: {told}", output::yellow("warning")));
        }
    }

    fn put_aside(&mut self, name: &Name, asks: &str, why: &str) {
        match self.spool.refuse(name, why) {
            Ok(()) => {
                self.drained.refused.push((format!("{asks} {}", name.as_str()).trim().to_owned(), why.to_owned()))
            }
            Err(error) => drop(self.drained.why_left.get_or_insert(format!("it cannot be put aside: {error}"))),
        }
    }

    /// What has its own order: an alert, or the changes behind a routing key.
    fn alert(&self, letter: &Letter) -> Vec<String> {
        let url = self.to.map_or(letter.to.as_str(), |place| place.url.as_str());
        [url, letter.text("routing_key"), letter.text("dedup_key")].map(str::to_owned).into()
    }

    fn letters(&self, names: &[Name]) -> Vec<(Name, Letter)> {
        names.iter().filter_map(|name| Some((name.clone(), self.spool.read(name)?.ok()?))).collect()
    }

    fn waiting(&self) -> Vec<Name> {
        self.spool.list().unwrap_or_default()
    }
}
