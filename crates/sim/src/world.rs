//! What everything in one simulation shares: time, chance, the remotes, the webhooks on their way, the trace.

use crate::planted::Plant;
use crate::remote::{Hook, Remote, Write};
use crate::rng::Rng;
use pagebridge_core::{SystemName, Timestamp};
use pagebridge_ports::{BoxFuture, Clock};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::Poll;

/// Where simulated time begins.
pub(crate) const START: Timestamp = Timestamp(1_795_183_200_000);

/// What becomes of one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Answered.
    Well,
    /// Refused before anything was done.
    Refused,
    /// Refused for good.
    Rejected,
    /// Applied, but the answer is lost.
    AppliedUnanswered,
    /// Lost on the way there.
    LostUnanswered,
    /// Applied some time after we gave up.
    LandsLate,
    /// Applied, and the connection hangs.
    Hangs,
}

/// A write that lands after its sender gave up.
pub(crate) struct Late {
    pub due: Timestamp,
    pub system: SystemName,
    pub write: Write,
}

pub(crate) struct Inner {
    pub now: Timestamp,
    pub rng: Rng,
    pub remotes: Vec<Remote>,
    pub hooks: Vec<Hook>,
    pub late: Vec<Late>,
    /// Phase one: things break.
    pub rough: bool,
    pub plant: Option<Plant>,
    pub trace: Option<Vec<String>>,
}

/// Shared by the driver, the connectors and the clock.
#[derive(Clone)]
pub(crate) struct World(Arc<Mutex<Inner>>);

impl World {
    pub(crate) fn new(seed: u64, remotes: Vec<Remote>, plant: Option<Plant>, traced: bool) -> Self {
        Self(Arc::new(Mutex::new(Inner {
            now: START,
            rng: Rng::new(seed),
            remotes,
            hooks: Vec::new(),
            late: Vec::new(),
            rough: true,
            plant,
            trace: traced.then(Vec::new),
        })))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Inner {
    pub(crate) fn say(&mut self, line: impl FnOnce() -> String) {
        let at = self.now.ms_since(START);
        if let Some(trace) = &mut self.trace {
            trace.push(format!("{at:>8} {}", line()));
        }
    }

    pub(crate) fn remote(&mut self, system: &SystemName) -> &mut Remote {
        self.remotes.iter_mut().find(|r| r.name == *system).expect("every system of a bridge has a remote")
    }

    /// Draws what becomes of the next call.
    pub(crate) fn fate(&mut self) -> Fate {
        if !self.rough {
            return Fate::Well;
        }
        match self.rng.below(100) {
            0..12 => Fate::Refused,
            12..14 => Fate::Rejected,
            14..20 => Fate::AppliedUnanswered,
            20..24 => Fate::LostUnanswered,
            24..30 => Fate::LandsLate,
            30..33 => Fate::Hangs,
            _ => Fate::Well,
        }
    }

    /// Applies a write of ours now, and sends its webhook.
    pub(crate) fn apply(&mut self, system: &SystemName, write: &Write) -> Result<String, String> {
        let now = self.now;
        let result = self.remote(system).apply(write, now);
        self.say(|| format!("{system} takes {write:?}: {}", result.is_ok()));
        let (id, hook) = result?;
        self.send(hook);
        Ok(id)
    }

    /// Puts a webhook on its way: late, twice, or never, while things are rough.
    pub(crate) fn send(&mut self, hook: Option<Hook>) {
        let Some(mut hook) = hook else { return };
        if !self.rough {
            hook.due = self.now.plus_ms(self.rng.between(1, 300));
            self.hooks.push(hook);
            return;
        }
        if self.rng.chance(15) {
            self.say(|| format!("webhook of {} is lost", hook.input.system));
            return;
        }
        let copies = if self.rng.chance(15) { 2 } else { 1 };
        for _ in 0..copies {
            let delay = if self.rng.chance(30) { self.rng.between(0, 40_000) } else { self.rng.between(0, 500) };
            self.hooks.push(Hook { due: self.now.plus_ms(delay), input: hook.input.clone() });
        }
    }

    /// Lands the late writes that are due.
    pub(crate) fn land(&mut self) {
        let now = self.now;
        while let Some(at) = self.late.iter().position(|l| l.due <= now) {
            let late = self.late.remove(at);
            self.say(|| format!("lands late at {}: {:?}", late.system, late.write));
            let _ = self.apply(&late.system, &late.write);
        }
    }

    /// Takes a due webhook off the wire; any of the due ones, so that they overtake each other.
    pub(crate) fn take_hook(&mut self) -> Option<Hook> {
        let due: Vec<usize> = (0..self.hooks.len()).filter(|i| self.hooks[*i].due <= self.now).collect();
        let at = self.rng.pick(&due).copied()?;
        Some(self.hooks.swap_remove(at))
    }
}

impl Clock for World {
    fn now(&self) -> Timestamp {
        self.lock().now
    }

    fn sleep(&self, ms: i64) -> BoxFuture<'static, ()> {
        let (world, until) = (self.clone(), self.now().plus_ms(ms));
        Box::pin(std::future::poll_fn(move |_| if world.now() >= until { Poll::Ready(()) } else { Poll::Pending }))
    }
}

/// Gives the driver a chance to do something else, or to stop here for good.
pub(crate) fn step() -> impl Future<Output = ()> + Send {
    let mut polled = false;
    std::future::poll_fn(move |_| {
        if polled {
            return Poll::Ready(());
        }
        polled = true;
        Poll::Pending
    })
}
