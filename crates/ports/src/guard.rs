//! What every store does around a transition.

use pagebridge_core::{Bridges, Incident, IncidentId, Input, Lane, Timestamp, Transition, quarantine, transition};
use std::borrow::Borrow;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Picks, from the incidents found under the hashes of an input's keys, the one that the input is about: an open one
/// before a closed one, a newer one before an older one, a better key before a worse one.
#[must_use]
pub fn pick<'a, I: Borrow<Incident>>(candidates: &'a [I], input: &Input) -> Option<&'a Incident> {
    input.keys.iter().find_map(|key| {
        let fits = candidates.iter().map(Borrow::borrow).filter(|i: &&Incident| i.answers_to(&input.system, key));
        fits.max_by_key(|i| (i.is_open(), i.id))
    })
}

/// Runs [`transition`], and turns a panic in it into the quarantine of that one incident.
///
/// # Errors
/// The panic's message, when the input would have opened an incident: there is none to set aside.
pub fn guarded(
    incident: Option<&Incident>,
    lanes: &[Lane],
    input: &Input,
    bridges: &Bridges,
    fresh: IncidentId,
    now: Timestamp,
) -> Result<Transition, String> {
    let run = || transition(incident, lanes, input, bridges, fresh, now);
    catch_unwind(AssertUnwindSafe(run)).or_else(|panic| {
        let words = panic.downcast_ref::<String>().map(String::as_str);
        let reason = words.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a rule of ours was broken");
        match incident {
            Some(incident) => Ok(quarantine(incident, lanes, Some(input), reason, now)),
            None => Err(reason.to_owned()),
        }
    })
}
