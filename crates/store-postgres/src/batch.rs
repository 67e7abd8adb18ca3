//! One batch of jobs, decided in memory: each job sees what those before it have done. Nothing here waits.

use crate::job::{Answer, Ask};
use crate::row::{Flags, StoredIncident};
use crate::writes::{Totals, Writes};
use pagebridge_core::{
    Bridges, Incident, IncidentId, Input, Lane, LaneChange, LaneState, LeaseToken, Timestamp, Transition,
};
use pagebridge_ports::{Accepted, Settled, StoreError, guarded, pick};
use std::collections::{BTreeMap, HashMap};

/// A snapshot is written when so many entries have come after the last one.
pub(crate) const SNAPSHOT_EVERY: u32 = 32;

/// The working copy of everything that the jobs of one batch touch.
pub(crate) struct Batch<'b> {
    bridges: &'b Bridges,
    keys: HashMap<i64, Vec<IncidentId>>,
    held: BTreeMap<IncidentId, Held>,
    writes: Writes,
}

/// One incident of which this transaction holds the row.
struct Held {
    /// What the row's flags say; `None` when there is no row yet.
    stored: Option<Flags>,
    stored_version: u32,
    snapshot_version: u32,
    stored_lanes: Vec<Lane>,
    /// The state now, or why it cannot be read.
    state: Result<Incident, String>,
    lanes: Vec<Lane>,
}

impl<'b> Batch<'b> {
    pub(crate) fn new(bridges: &'b Bridges) -> Self {
        Self { bridges, keys: HashMap::new(), held: BTreeMap::new(), writes: Writes::default() }
    }

    /// Takes in what the database knows about a key.
    pub(crate) fn add_key(&mut self, hash: i64, incident: IncidentId) {
        self.keys.entry(hash).or_default().push(incident);
    }

    /// Takes in an incident whose row is locked.
    pub(crate) fn add_incident(&mut self, stored: StoredIncident) {
        let held = Held {
            stored: Some(stored.flags),
            stored_version: stored.state.as_ref().map_or(0, |i| i.version),
            snapshot_version: stored.snapshot_version,
            stored_lanes: Vec::new(),
            state: stored.state,
            lanes: Vec::new(),
        };
        self.held.insert(stored.id, held);
    }

    /// Takes in a locked lane of one of these incidents.
    pub(crate) fn add_lane(&mut self, lane: Lane) {
        if let Some(held) = self.held.get_mut(&lane.incident) {
            held.stored_lanes.push(lane.clone());
            held.lanes.push(lane);
        }
    }

    /// Whether an incident is part of the batch.
    pub(crate) fn holds(&self, id: IncidentId) -> bool {
        self.held.contains_key(&id)
    }

    /// Does one job. A new incident gets the number `fresh`.
    pub(crate) fn take(&mut self, ask: &Ask, fresh: IncidentId, now: Timestamp) -> Result<Answer, StoreError> {
        match ask {
            Ask::Accept(input) => {
                let found = self.find(input)?;
                self.input(found, input, fresh, now).map(Answer::Accepted)
            }
            Ask::AcceptFor(id, input) => {
                if !self.holds(*id) {
                    return Ok(Answer::NoIncident);
                }
                self.input(Some(*id), input, fresh, now).map(Answer::Accepted)
            }
            Ask::Settle(id, token, input) => {
                if self.lease_of(*id, input, *token).is_none() {
                    return Ok(Answer::Settled(Settled::Stale));
                }
                self.input(Some(*id), input, fresh, now).map(|_| Answer::Settled(Settled::Done))
            }
            Ask::Lost(id, token, input) => {
                if self.lease_of(*id, input, *token).is_none_or(|until| until > now) {
                    return Ok(Answer::Settled(Settled::Stale));
                }
                self.input(Some(*id), input, fresh, now).map(|_| Answer::Settled(Settled::Done))
            }
            Ask::Probe => {
                self.writes.probe = true;
                Ok(Answer::Probed)
            }
            Ask::Keep(name, value) => {
                self.writes.kept.insert(name.clone(), value.clone());
                Ok(Answer::Kept)
            }
        }
    }

    fn find(&self, input: &Input) -> Result<Option<IncidentId>, StoreError> {
        let mut ids: Vec<IncidentId> =
            input.keys.iter().filter_map(|key| self.keys.get(&key.hash())).flatten().copied().collect();
        if ids.is_empty() {
            return Ok(None);
        }
        ids.sort_unstable();
        ids.dedup();
        let states: Vec<_> = ids.iter().filter_map(|id| self.held.get(id)).map(|held| &held.state).collect();
        let candidates: Vec<Incident> = states.iter().filter_map(|s| s.as_ref().ok()).cloned().collect();
        let unreadable = states.iter().find_map(|s| s.as_ref().err());
        match (pick(&candidates, input), unreadable) {
            (Some(incident), _) => Ok(Some(incident.id)),
            // It may be the one that this is about, so nothing must be opened in its place.
            (None, Some(reason)) => Err(StoreError::Unreadable(reason.clone())),
            (None, None) => Ok(None),
        }
    }

    /// Until when the lane of the input's system is leased under this token.
    fn lease_of(&self, id: IncidentId, input: &Input, wanted: LeaseToken) -> Option<Timestamp> {
        let lane = self.held.get(&id)?.lanes.iter().find(|l| l.system == input.system)?;
        match lane.state {
            LaneState::Leased { token, until, .. } if token == wanted => Some(until),
            _ => None,
        }
    }

    fn input(
        &mut self,
        id: Option<IncidentId>,
        input: &Input,
        fresh: IncidentId,
        now: Timestamp,
    ) -> Result<Accepted, StoreError> {
        let held = id.and_then(|id| self.held.get(&id));
        let state = held.map(|held| held.state.as_ref()).transpose();
        let state = state.map_err(|reason| StoreError::Unreadable(reason.clone()))?;
        let lanes = held.map_or(&[][..], |held| &held.lanes);
        let step = guarded(state, lanes, input, self.bridges, fresh, now).map_err(StoreError::Broken)?;
        let disposition = step.disposition;
        let id = id.or_else(|| step.written.as_ref().map(|w| w.incident.id));
        if let Some(id) = id {
            self.follow(id, step);
        }
        Ok(Accepted { incident: id, disposition })
    }

    /// Moves the working copy on.
    fn follow(&mut self, id: IncidentId, step: Transition) {
        let held = self.held.entry(id).or_insert_with(|| Held::fresh(id));
        if let Some(written) = step.written {
            let before = held.state.as_ref().map(Incident::key_hashes).unwrap_or_default();
            for hash in written.incident.key_hashes() {
                if !before.contains(&hash) {
                    let keys = if held.stored.is_some() { &mut self.writes.more_keys } else { &mut self.writes.keys };
                    keys.push(hash, id);
                    self.keys.entry(hash).or_default().push(id);
                }
            }
            self.writes.entry(id, written.incident.version, &written.entry);
            held.state = Ok(written.incident);
        }
        for change in step.lanes {
            held.move_lane(id, change);
        }
    }

    /// Everything that is to be written, each row once however many jobs have changed it.
    pub(crate) fn into_writes(self) -> Writes {
        let mut writes = self.writes;
        for (id, held) in self.held {
            held.write(id, &mut writes);
        }
        writes
    }
}

impl Held {
    fn fresh(id: IncidentId) -> Self {
        Self {
            stored: None,
            stored_version: 0,
            snapshot_version: 0,
            stored_lanes: Vec::new(),
            state: Ok(Incident::blank(id)),
            lanes: Vec::new(),
        }
    }

    fn move_lane(&mut self, incident: IncidentId, change: LaneChange) {
        match change {
            LaneChange::Put { system, class, due } => {
                self.lanes.retain(|l| l.system != system);
                self.lanes.push(Lane { incident, system, class, due, state: LaneState::Waiting });
            }
            LaneChange::Remove { system } => self.lanes.retain(|l| l.system != system),
        }
    }

    fn write(self, id: IncidentId, writes: &mut Writes) {
        if let Ok(incident) = &self.state
            && incident.version != self.stored_version
        {
            let flags = Flags::of(incident);
            let due = incident.version.saturating_sub(self.snapshot_version) >= SNAPSHOT_EVERY;
            let snapshot = due.then(|| serde_json::to_string(incident).expect("a state is plain data"));
            let snapshot_version = if due { incident.version } else { self.snapshot_version };
            let table = if self.stored.is_some() { &mut writes.changed } else { &mut writes.opened };
            table.push(id, incident.version, snapshot_version, snapshot, flags);
            writes.totals.add(&Totals::of(self.stored), -1);
            writes.totals.add(&Totals::of(Some(flags)), 1);
        }
        for lane in &self.lanes {
            match self.stored_lanes.iter().find(|l| l.system == lane.system) {
                None => writes.new_lanes.push(lane),
                Some(stored) if stored != lane => writes.moved_lanes.push(lane),
                Some(_) => {}
            }
            writes.count_lane(lane, 1);
        }
        for lane in &self.stored_lanes {
            if !self.lanes.iter().any(|l| l.system == lane.system) {
                writes.gone_lanes.push(lane);
            }
            writes.count_lane(lane, -1);
        }
    }
}
