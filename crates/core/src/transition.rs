//! One input, whole: decide, apply, and say what must be written.

use crate::decide::{Decider, record_key};
use crate::input::What;
use crate::plan::{plan, same_aim};
use crate::{
    Bridges, Cause, Change, Class, Disposition, Entry, IgnoreReason, Incident, IncidentId, Input, Lane, LaneState,
    Link, News, Outcome, Role, Scope, Status, Step, SystemName, Timestamp,
};

/// Wait before a record is read again whose reading failed for it alone, in milliseconds.
const READ_AGAIN_MS: i64 = 10_000;

/// What happens to one row of the outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LaneChange {
    /// The row is written, waiting; whoever held a lease on it holds none now.
    Put {
        /// The system.
        system: SystemName,
        /// How soon.
        class: Class,
        /// Not before this time.
        due: Timestamp,
    },
    /// The row goes.
    Remove {
        /// The system.
        system: SystemName,
    },
}

/// What follows from one input. All of it becomes durable together, or none of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transition {
    /// What became of the input.
    pub disposition: Disposition,
    /// The state after it, and the entry that leads there; `None` when nothing is to be journalled.
    pub written: Option<Written>,
    /// Rows of the outbox that move.
    pub lanes: Vec<LaneChange>,
}

/// A journalled transition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The journal entry.
    pub entry: Entry,
    /// The state after it.
    pub incident: Incident,
}

impl std::ops::Deref for Written {
    type Target = Incident;

    fn deref(&self) -> &Incident {
        &self.incident
    }
}

/// Takes one input.
///
/// `incident` is the one that the input is about, if there is one, and `lanes` are its rows of the outbox; a lease
/// that this input settles must still be in its row. A new incident gets the number `fresh`.
#[must_use]
pub fn transition(
    incident: Option<&Incident>,
    lanes: &[Lane],
    input: &Input,
    bridges: &Bridges,
    fresh: IncidentId,
    now: Timestamp,
) -> Transition {
    let is_new = incident.is_none();
    let blank;
    let before = match incident {
        Some(incident) => incident,
        None => {
            blank = Incident::blank(fresh);
            &blank
        }
    };
    if input.id.0 != 0 && before.seen.contains(&input.id) {
        return nothing(Disposition::Repeated);
    }
    if let Some(tripwire) = bridges.tripwire.filter(|_| before.quarantined.is_none()) {
        tripwire(input);
    }
    let mut decider = Decider::new(before.clone(), bridges, now);
    if is_new {
        match opening_bridge(input, bridges) {
            Ok(bridge) => decider.hear(input, bridge),
            Err(reason) => return nothing(Disposition::Ignored(reason)),
        }
    }
    if before.quarantined.is_some() && !matches!(input.what, What::Released) {
        let input = serde_json::to_string(input).expect("an input is plain data");
        decider.push(Change::Held { input });
    } else {
        decider.decide(input);
        supersede(&mut decider, before, lanes, input);
    }
    let (changes, mut after) = (decider.changes, decider.incident);
    let disposition = match () {
        () if is_new => Disposition::Opened,
        () if after.held.len() > before.held.len() => Disposition::Held,
        () if changes.is_empty() => Disposition::Unchanged,
        () => Disposition::Applied,
    };
    let lanes = move_lanes(&after, lanes, input, bridges, now);
    let remembers = input.id.0 != 0 && matches!(input.what, What::News(_));
    if changes.is_empty() && !remembers {
        return Transition { disposition, written: None, lanes };
    }
    let cause = Cause::of(input);
    after.finish(input.id);
    Transition {
        disposition,
        written: Some(Written { entry: Entry { at: now, cause, changes }, incident: after }),
        lanes,
    }
}

/// Sets an incident aside whose history or whose next step broke a rule of ours, and keeps the input for later.
#[must_use]
pub fn quarantine(
    incident: &Incident,
    lanes: &[Lane],
    input: Option<&Input>,
    reason: &str,
    now: Timestamp,
) -> Transition {
    let mut after = incident.clone();
    let mut changes = vec![Change::Quarantined { reason: reason.to_owned() }];
    if let Some(json) = input.and_then(|i| serde_json::to_string(i).ok()) {
        changes.push(Change::Held { input: json });
    }
    let entry = Entry { at: now, cause: input.map(Cause::of).unwrap_or_default(), changes };
    after.apply(&entry);
    let lanes = lanes.iter().map(|l| LaneChange::Remove { system: l.system.clone() }).collect();
    Transition { disposition: Disposition::Held, written: Some(Written { entry, incident: after }), lanes }
}

fn nothing(disposition: Disposition) -> Transition {
    Transition { disposition, written: None, lanes: Vec::new() }
}

/// The bridge on which this input opens an incident.
fn opening_bridge<'b>(input: &Input, bridges: &'b Bridges) -> Result<&'b crate::Bridge, IgnoreReason> {
    let opens = match &input.what {
        What::News(News::Opened(_) | News::Event(_)) => true,
        What::News(News::Read { reading, .. }) => reading.content.is_some() && reading.status != Status::Resolved,
        _ => input.asks,
    };
    if !opens || record_key(input).is_none() {
        return Err(IgnoreReason::UnknownRecord);
    }
    let ordered = matches!(&input.what, What::News(News::Event(_)));
    bridges.opening(&input.system, input.bridge.as_ref(), ordered).ok_or(IgnoreReason::NoBridge)
}

/// Ends every waiting step that is not wanted any more, so that no delivery just vanishes.
fn supersede(decider: &mut Decider<'_>, before: &Incident, lanes: &[Lane], input: &Input) {
    for old in &before.links {
        let touched = lanes.iter().any(|l| l.system == old.system && l.is_touched());
        // What operators were not told yet is not worth a word.
        if old.role == Role::Operator && !touched {
            continue;
        }
        let Some(step) = pending(before, old, touched) else {
            continue;
        };
        let Some(new) = decider.incident.link(old.system.as_str()) else {
            continue;
        };
        let settles = matches!(input.what, What::Settled { .. }) && input.system == old.system;
        let still = pending(&decider.incident, new, touched && !settles);
        if new.step != old.step || still.as_ref().is_some_and(|s| same_aim(s, &step)) {
            continue;
        }
        // A look for a record that was perhaps made is how the making of it ends, not a new wish.
        if matches!((&step, &still), (Step::Create, Some(Step::Find))) && new.park.is_none() && !touched {
            continue;
        }
        let (system, number, what) = (old.system.clone(), old.step, step.describe());
        let change = match step {
            // A webhook was faster than the answer to our call: the record is there, which is what was wanted.
            Step::Create if new.record_id().is_some() => {
                Change::Delivered { system, step: number, what, note: None, status: None, told: false, marked: false }
            }
            Step::SetStatus { to, .. } if touched => Change::Superseded { system, step: number, what, tried: Some(to) },
            _ => Change::Superseded { system, step: number, what, tried: None },
        };
        decider.push(change);
    }
}

/// The step that makes or moves the record. Notes, and what describes a record, are never superseded, so they do not
/// count.
fn pending(incident: &Incident, link: &Link, touched: bool) -> Option<Step> {
    let step = incident.content.as_ref().and_then(|_| plan(link, touched));
    let describes = |s: &Step| match s {
        Step::AddNote(_) | Step::Mark => true,
        Step::Update { .. } => link.role.is_described(),
        _ => false,
    };
    step.filter(|s| !describes(s))
}

/// Brings the rows of the outbox in step with the state. A row that someone is trying stays as it is: its settle
/// plans again.
fn move_lanes(after: &Incident, lanes: &[Lane], input: &Input, bridges: &Bridges, now: Timestamp) -> Vec<LaneChange> {
    let ends = matches!(input.what, What::Settled { .. } | What::LeaseLost);
    let again = read_again(input, now);
    let listed = matches!(input.what, What::News(News::Read { .. }));
    let mut moves = Vec::new();
    for link in &after.links {
        let lane = lanes.iter().find(|l| l.system == link.system);
        let ended = ends && input.system == link.system;
        if lane.is_some_and(Lane::is_touched) && !ended && after.quarantined.is_none() {
            continue;
        }
        let polled = ended || listed && input.system == link.system;
        let polled_at =
            lane.filter(|l| l.class == Class::Poll && l.state == LaneState::Waiting && !polled).map(|l| l.due);
        let due = after.due(link, bridges.poll_of(&link.system), polled_at, now);
        let due = due.map(|(class, at)| (class, if class == Class::Poll && ended { at.max(again) } else { at }));
        let system = link.system.clone();
        match (lane, due) {
            (Some(l), Some((class, at))) if !ended && l.class == class && (l.due == at || l.due.max(now) == at) => {}
            (_, Some((class, due))) => moves.push(LaneChange::Put { system, class, due }),
            (Some(_), None) => moves.push(LaneChange::Remove { system }),
            (None, None) => {}
        }
    }
    moves
}

/// When a record may be read again. A reading that failed leaves no entry, so it is the lane that keeps it from being
/// made again at once.
fn read_again(input: &Input, now: Timestamp) -> Timestamp {
    match &input.what {
        What::Settled { step: None, outcome: Outcome::NotApplied { wait_ms, scope: Scope::Record, .. }, .. } => {
            now.plus_ms(wait_ms.unwrap_or(READ_AGAIN_MS))
        }
        What::Settled { step: None, outcome: Outcome::Unknown { .. }, .. } => now.plus_ms(READ_AGAIN_MS),
        _ => now,
    }
}
