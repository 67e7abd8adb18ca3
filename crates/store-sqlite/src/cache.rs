//! States of the incidents that were touched last, so that a settle need not read again what its lease has read.

use crate::state::Known;
use pagebridge_core::IncidentId;
use std::collections::HashMap;

/// Two generations: what is not touched while the young one fills up goes when the next one begins. Cheaper than an
/// exact order, and no worse for this use.
pub(crate) struct Cache {
    young: HashMap<IncidentId, Known>,
    old: HashMap<IncidentId, Known>,
    /// Size of one generation.
    size: usize,
}

impl Cache {
    /// A cache of at most `max` incidents, except between two calls of [`Self::rotate`].
    pub(crate) fn new(max: usize) -> Self {
        Self { young: HashMap::new(), old: HashMap::new(), size: (max / 2).max(1) }
    }

    /// Makes room. What is in the cache stays there until the next call, so that references can be collected.
    pub(crate) fn rotate(&mut self) {
        if self.young.len() >= self.size {
            // Both keep their room.
            std::mem::swap(&mut self.young, &mut self.old);
            self.young.clear();
        }
    }

    pub(crate) fn get(&self, id: IncidentId) -> Option<&Known> {
        self.young.get(&id).or_else(|| self.old.get(&id))
    }

    /// Takes an incident out, to change it and put it back.
    pub(crate) fn take(&mut self, id: IncidentId) -> Option<Known> {
        self.young.remove(&id).or_else(|| self.old.remove(&id))
    }

    pub(crate) fn put(&mut self, known: Known) {
        self.young.insert(known.incident.id, known);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_touched_stays_and_the_rest_goes() {
        let mut cache = Cache::new(4);
        for n in 1..=100 {
            cache.rotate();
            cache.put(Known::blank(IncidentId(n)));
            let first = cache.take(IncidentId(1)).expect("it was touched in every turn");
            cache.put(first);
        }
        assert!(cache.young.len() + cache.old.len() <= 6);
        assert!(cache.get(IncidentId(50)).is_none());
        assert!(cache.get(IncidentId(100)).is_some());
    }
}
