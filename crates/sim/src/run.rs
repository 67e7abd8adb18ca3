//! One simulation: phase one breaks things, phase two is quiet and must converge.

use crate::check;
use crate::connector::SimConnector;
use crate::planted::Plant;
use crate::remote::{Kind, person};
use crate::rng::Rng;
use crate::scene::scene;
use crate::store::SimStore;
use crate::world::World;
use futures_util::task::noop_waker;
use pagebridge_core::{Bridges, Disposition, IncidentId, Input, InputId, Status, SystemName, Timestamp, What};
use pagebridge_engine::{AttemptEnd, attempt};
use pagebridge_ports::{BoxFuture, IncidentFilter, Leased, Store};
use std::collections::HashMap;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::runtime::Runtime;

/// How long a lease lasts, in milliseconds.
const TTL_MS: i64 = 20_000;
/// How long phase two goes on after the last thing happened, in milliseconds: several polls of every record.
const QUIET_MS: i64 = 90_000;
/// Time between two listings once it is quiet, in milliseconds.
const LISTING_MS: i64 = 8_000;
/// How long the operator releases dead letters in phase two, in milliseconds.
const RELEASES_MS: i64 = 60_000;
/// Rounds within one instant, at most.
const ROUNDS_MAX: usize = 1_000;
/// How long phase two may take at most, in milliseconds.
const CONVERGE_MS: i64 = 3_600_000;

/// Opens the store under simulation; opening again continues with what the last one committed.
pub(crate) trait OpenStore {
    fn open(&self, bridges: Arc<Bridges>) -> Arc<dyn Store>;

    /// Whether opening ends all leases.
    fn frees_leases(&self) -> bool;
}

/// Where the wrong is, in words.
pub(crate) type Failure = String;

/// What one seed came to.
pub(crate) struct Report {
    pub trace: Vec<String>,
    pub result: Result<(), Failure>,
}

struct Flight {
    name: String,
    incident: IncidentId,
    system: SystemName,
    future: BoxFuture<'static, AttemptEnd>,
}

pub(crate) struct Driver<'a> {
    pub world: World,
    pub bridges: Arc<Bridges>,
    pub store: Arc<SimStore>,
    opener: &'a dyn OpenStore,
    runtime: Option<Arc<Runtime>>,
    connectors: Vec<Arc<SimConnector>>,
    flights: Vec<Flight>,
    /// What a listing has shown and has not been taken yet.
    listing: Vec<Input>,
    listed_at: Timestamp,
    /// Live leases by lane, until when.
    live: HashMap<(IncidentId, SystemName), Timestamp>,
    /// Inputs that were answered as accepted.
    pub answered: Vec<InputId>,
    alerts: u32,
    notes: u32,
}

/// Runs one seed.
pub(crate) fn run(
    seed: u64,
    opener: &dyn OpenStore,
    runtime: Option<Arc<Runtime>>,
    plant: Option<Plant>,
    traced: bool,
) -> Report {
    let mut driver = Driver::new(seed, opener, runtime, plant, traced);
    let result = driver.phases();
    let trace = driver.world.lock().trace.take().unwrap_or_default();
    Report { trace, result }
}

impl<'a> Driver<'a> {
    fn new(
        seed: u64,
        opener: &'a dyn OpenStore,
        runtime: Option<Arc<Runtime>>,
        plant: Option<Plant>,
        traced: bool,
    ) -> Self {
        let (remotes, bridges) = scene(seed);
        let bridges = Arc::new(bridges);
        let names: Vec<SystemName> = remotes.iter().map(|r| r.name.clone()).collect();
        let world = World::new(seed, remotes, plant, traced);
        let connector = |system: &SystemName| Arc::new(SimConnector { system: system.clone(), world: world.clone() });
        let connectors = names.iter().map(connector).collect();
        let store = Arc::new(SimStore::new(opener.open(bridges.clone()), runtime.clone(), plant));
        Self {
            world,
            bridges,
            store,
            opener,
            runtime,
            connectors,
            flights: Vec::new(),
            listing: Vec::new(),
            listed_at: Timestamp(0),
            live: HashMap::new(),
            answered: Vec::new(),
            alerts: 0,
            notes: 0,
        }
    }

    fn phases(&mut self) -> Result<(), Failure> {
        let steps = 80 + self.chance(|r| r.below(200));
        for _ in 0..steps {
            self.rough_step()?;
        }
        check::consistent(self)?;
        self.world.lock().say(|| "--- quiet ---".into());
        self.world.lock().rough = false;
        self.converge()?;
        check::consistent(self)?;
        check::converged(self)?;
        self.stays_quiet()
    }

    fn chance<T>(&self, draw: impl FnOnce(&mut Rng) -> T) -> T {
        draw(&mut self.world.lock().rng)
    }

    fn now(&self) -> Timestamp {
        self.world.lock().now
    }

    fn rough_step(&mut self) -> Result<(), Failure> {
        self.world.lock().land();
        if self.lists() && self.chance(|r| r.chance(12)) {
            return self.take_listed().map(drop);
        }
        match self.chance(|r| r.below(100)) {
            0..30 => self.poll_one(),
            30..50 => {
                self.lease_some()?;
            }
            50..70 => self.take_hook()?,
            70..83 => self.person_acts(),
            83..97 => self.pass_time(),
            97..99 => self.crash(),
            _ => self.operator_releases()?,
        }
        Ok(())
    }

    fn lists(&self) -> bool {
        self.world.lock().remotes.iter().any(|r| r.listed)
    }

    /// Takes one record of the last listing, in any order, or makes a new listing. Says whether that changed something.
    fn take_listed(&mut self) -> Result<bool, Failure> {
        let now = self.now();
        if self.listing.is_empty() {
            let mut world = self.world.lock();
            let lists = world.plant != Some(Plant::NeverLists);
            self.listing = world.remotes.iter().filter(|r| r.listed && lists).flat_map(|r| r.list(now)).collect();
            self.listed_at = now;
            let count = self.listing.len();
            world.say(|| format!("a listing of {count}"));
            return Ok(false);
        }
        let at = self.chance(|r| r.below(self.listing.len() as u64));
        let input = self.listing.swap_remove(usize::try_from(at).unwrap_or(0));
        let accepted = ready(self.store.accept(input.clone(), now)).map_err(|e| e.to_string())?;
        self.world.lock().say(|| format!("listed {:?} of {}: {accepted:?}", input.what, input.system));
        Ok(matches!(accepted.disposition, Disposition::Opened | Disposition::Applied))
    }

    fn pass_time(&self) {
        let mut world = self.world.lock();
        let ms = if world.rng.chance(15) { world.rng.between(1, 30_000) } else { world.rng.between(1, 1_500) };
        world.now = world.now.plus_ms(ms);
    }

    /// A person, or the monitoring, does something somewhere.
    fn person_acts(&mut self) {
        let mut world = self.world.lock();
        let now = world.now;
        if self.alerts < 3 && (self.alerts == 0 || world.rng.chance(15)) {
            self.alerts += 1;
            let (id, urgent) = (format!("a-{}", self.alerts), world.rng.chance(50));
            let at = usize::from(world.remotes[1].listed && world.rng.chance(40));
            world.say(|| format!("alert {id} opens at {at}, urgent: {urgent}"));
            let hook = world.remotes[at].open(&id, urgent, now);
            world.send(Some(hook));
            return;
        }
        // A chat comes last, and nobody works there.
        let systems = world.remotes.iter().filter(|r| r.kind != Kind::Shown).count() as u64;
        let at = usize::try_from(world.rng.below(systems)).unwrap_or(0);
        let ids: Vec<String> = world.remotes[at].records.iter().map(|r| r.id.clone()).collect();
        let Some(id) = world.rng.pick(&ids).cloned() else { return };
        let name = person(&mut world.rng);
        let what = world.rng.below(10);
        let hook = if what < 4 {
            if world.rng.chance(80) {
                self.notes += 1;
            }
            let text = format!("note {}", self.notes);
            world.say(|| format!("{name} writes {text:?} on {id}"));
            world.remotes[at].note(&id, name, &text, now)
        } else {
            let status = match what {
                4..7 => Status::Acknowledged,
                7..9 => Status::Triggered,
                _ => Status::Resolved,
            };
            world.say(|| format!("{name} sets {id} to {status}"));
            world.remotes[at].person_sets(&id, status, name, now)
        };
        world.send(hook);
    }

    fn take_hook(&mut self) -> Result<(), Failure> {
        let hook = self.world.lock().take_hook();
        let Some(mut hook) = hook else { return Ok(()) };
        hook.input.asks |= self.store.plant == Some(Plant::OpensByNumber);
        let now = self.now();
        let accepted = ready(self.store.accept(hook.input.clone(), now)).map_err(|e| e.to_string())?;
        self.world.lock().say(|| format!("webhook {:?} of {}: {accepted:?}", hook.input.what, hook.input.system));
        if matches!(accepted.disposition, Disposition::Opened | Disposition::Applied) {
            self.answered.push(hook.input.id);
        }
        Ok(())
    }

    fn lease_some(&mut self) -> Result<usize, Failure> {
        let systems = self.connectors.len() as u64;
        let (at, limit) = self.chance(|r| (r.below(systems), 1 + r.below(3)));
        self.lease(usize::try_from(at).unwrap_or(0), usize::try_from(limit).unwrap_or(1))
    }

    fn lease(&mut self, at: usize, limit: usize) -> Result<usize, Failure> {
        let Some(connector) = self.connectors.get(at).cloned() else { return Ok(0) };
        let now = self.now();
        let leased = ready(self.store.lease(&connector.system, now, TTL_MS, limit)).map_err(|e| e.to_string())?;
        // In the quiet phase, what a lease that is not full has left behind is leased in the same round.
        if leased.len() == limit || self.world.lock().rough {
            check::order(self, &connector.system, &leased)?;
        }
        let count = leased.len();
        for leased in leased {
            self.start(&connector, leased, now)?;
        }
        Ok(count)
    }

    fn start(&mut self, connector: &Arc<SimConnector>, leased: Leased, now: Timestamp) -> Result<(), Failure> {
        let lane = (leased.lease.incident, leased.lease.system.clone());
        if self.live.get(&lane).is_some_and(|until| *until > now) {
            return Err(format!("two live leases on lane {}/{}", lane.0, lane.1));
        }
        self.live.insert(lane.clone(), leased.lease.until);
        let name = match &leased.work {
            pagebridge_core::Work::Deliver(d) => {
                format!("{} {} uncertain={}", d.name(), d.step.describe(), d.uncertain)
            }
            pagebridge_core::Work::Poll { record, .. } => format!("{}.{} poll {}", lane.0, lane.1, record.id),
        };
        self.world.lock().say(|| format!("leased: {name}"));
        let (store, connector, world) = (self.store.clone(), connector.clone(), self.world.clone());
        let future = Box::pin(async move { attempt(&*store, &*connector, &world, leased).await });
        self.flights.push(Flight { name, incident: lane.0, system: lane.1, future });
        Ok(())
    }

    fn poll_one(&mut self) {
        if self.flights.is_empty() {
            return;
        }
        let at = self.chance(|r| r.below(self.flights.len() as u64));
        self.poll_flight(usize::try_from(at).unwrap_or(0));
    }

    /// Lets one attempt go one step. Says whether it ended.
    fn poll_flight(&mut self, at: usize) -> bool {
        let waker = noop_waker();
        let Poll::Ready(end) = self.flights[at].future.as_mut().poll(&mut Context::from_waker(&waker)) else {
            return false;
        };
        let flight = self.flights.swap_remove(at);
        self.world.lock().say(|| format!("ended: {}: {:?} {:?}", flight.name, end.outcome, end.settled));
        if end.settled == Some(pagebridge_ports::Settled::Done) {
            self.live.remove(&(flight.incident, flight.system));
        }
        true
    }

    fn crash(&mut self) {
        self.world.lock().say(|| "crash".into());
        self.flights.clear();
        self.listing.clear();
        self.store.crash();
        let plant = self.store.plant;
        // The old store must be gone before the new one takes its lock.
        self.store =
            Arc::new(SimStore::new(Arc::new(pagebridge_ports::MemoryStore::new(self.bridges.clone())), None, None));
        let inner = self.opener.open(self.bridges.clone());
        self.store = Arc::new(SimStore::new(inner, self.runtime.clone(), plant));
        if self.opener.frees_leases() {
            self.live.clear();
        }
    }

    fn operator_releases(&mut self) -> Result<(), Failure> {
        let now = self.now();
        let letters = ready(self.store.dead_letters(100)).map_err(|e| e.to_string())?;
        for letter in letters {
            self.world.lock().say(|| format!("released: {}.{}", letter.incident, letter.system));
            let input = Input::about(letter.system, What::Released);
            ready(self.store.accept_for(letter.incident, input, now)).map_err(|e| e.to_string())?;
        }
        Ok(())
    }

    pub(crate) fn incidents(&self) -> Vec<pagebridge_core::Incident> {
        ready(self.store.incidents(IncidentFilter { limit: 1_000, ..IncidentFilter::default() })).unwrap_or_default()
    }

    /// Runs without faults until nothing has happened for a while.
    fn converge(&mut self) -> Result<(), Failure> {
        let start = self.now();
        let mut last_event = start;
        loop {
            let now = self.now();
            if now.ms_since(start) > CONVERGE_MS {
                return Err("still busy an hour after the faults stopped".into());
            }
            // What a far side goes on refusing stays with the operator.
            if now.ms_since(start) < RELEASES_MS {
                self.operator_releases()?;
            }
            if self.quiet_round()? {
                last_event = now;
            }
            let idle = self.flights.is_empty() && self.world.lock().hooks.is_empty();
            if idle && now.ms_since(last_event) > QUIET_MS {
                return Ok(());
            }
            self.pass_to_next()?;
        }
    }

    /// Does everything that can be done now. Says whether anything but polls was.
    fn quiet_round(&mut self) -> Result<bool, Failure> {
        self.world.lock().land();
        check::no_flood(self)?;
        let mut busy = false;
        if self.lists() && self.now().ms_since(self.listed_at) > LISTING_MS {
            self.listing.clear();
            self.take_listed()?;
        }
        while !self.listing.is_empty() {
            busy |= self.take_listed()?;
        }
        for _ in 0..ROUNDS_MAX {
            let hooks = self.world.lock().hooks.len();
            self.take_hook()?;
            let took = self.world.lock().hooks.len() < hooks;
            let mut leased = 0;
            for at in 0..self.connectors.len() {
                // As the engine does. Without it, three of four leases would ask a server for nothing.
                if self.next_due(at)?.is_some_and(|due| due <= self.now()) {
                    leased += self.lease(at, 8)?;
                }
            }
            busy |= took || self.flights.iter().any(|f| !f.name.contains("poll"));
            let mut at = 0;
            for _ in 0..self.flights.len() * 12 {
                if self.flights.is_empty() {
                    break;
                }
                at %= self.flights.len();
                if !self.poll_flight(at) {
                    at += 1;
                }
            }
            if !took && leased == 0 {
                return Ok(busy);
            }
        }
        Err("busy without end while time stands still".into())
    }

    fn next_due(&self, at: usize) -> Result<Option<Timestamp>, Failure> {
        ready(self.store.next_due(&self.connectors[at].system)).map_err(|e| e.to_string())
    }

    /// Moves time to when something is next due.
    fn pass_to_next(&self) -> Result<(), Failure> {
        let now = self.now();
        let mut next = now.plus_ms(5_000);
        for at in 0..self.connectors.len() {
            next = next.min(self.next_due(at)?.unwrap_or(next));
        }
        let mut world = self.world.lock();
        let hooks = world.hooks.iter().map(|h| h.due).chain(world.late.iter().map(|l| l.due)).min().unwrap_or(next);
        world.now = next.min(hooks).max(now.plus_ms(1));
        Ok(())
    }

    /// Nobody does anything any more, so we must not either.
    fn stays_quiet(&mut self) -> Result<(), Failure> {
        let writes = |d: &Self| d.world.lock().remotes.iter().map(|r| r.our_writes).sum::<u64>();
        let before = writes(self);
        let end = self.now().plus_ms(300_000);
        while self.now() < end {
            self.quiet_round()?;
            self.pass_to_next()?;
        }
        let after = writes(self);
        if after == before {
            Ok(())
        } else {
            Err(format!("a loop: {} writes after everything was quiet", after - before))
        }
    }
}

/// The value of a future that the simulated store has made ready.
pub(crate) fn ready<T>(future: BoxFuture<'_, T>) -> T {
    futures_util::future::FutureExt::now_or_never(future).expect("the simulated store answers at once")
}
