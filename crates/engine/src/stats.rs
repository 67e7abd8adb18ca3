//! Figures about what the engine has done.

use crate::BreakerState;
use pagebridge_core::{Outcome, SystemName, Work};
use pagebridge_ports::{Check, Upkept};
use std::collections::BTreeMap;
use std::sync::Mutex;

/// Figures of one system since the process started.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SystemStats {
    /// The system's name.
    pub system: String,
    /// Deliveries that ended well.
    pub delivered: u64,
    /// Attempts that were surely not applied.
    pub not_applied: u64,
    /// Attempts without an answer.
    pub unknown: u64,
    /// Attempts refused for good.
    pub rejected: u64,
    /// Deliveries that found the record moved, and wrote nothing.
    pub moved: u64,
    /// Readings that succeeded.
    pub polls: u64,
    /// Readings that failed.
    pub polls_failed: u64,
    /// Attempts in flight.
    pub in_flight: u64,
    /// Where the circuit breaker stands.
    pub breaker: &'static str,
    /// What else is looked after there, by the name of the check.
    pub upkeeps: Vec<UpkeepStats>,
}

/// What an upkeep has found and done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpkeepStats {
    /// How it stood the last time.
    pub check: Check,
    /// How often each kind of repair was made since the start.
    pub repairs: BTreeMap<&'static str, u64>,
}

/// Figures of all systems.
#[derive(Debug)]
pub struct Stats(Mutex<Vec<SystemStats>>);

impl Stats {
    pub(crate) fn new(systems: &[SystemName]) -> Self {
        Self(Mutex::new(systems.iter().map(SystemStats::new).collect()))
    }

    /// Adds a system; false when it is there already.
    pub(crate) fn add(&self, system: &SystemName) -> bool {
        let mut rows = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let is_new = rows.iter().all(|row| row.system != system.as_str());
        if is_new {
            rows.push(SystemStats::new(system));
        }
        is_new
    }

    pub(crate) fn update(&self, system: &SystemName, change: impl FnOnce(&mut SystemStats)) {
        let mut rows = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(row) = rows.iter_mut().find(|r| r.system == system.as_str()) {
            change(row);
        }
    }

    pub(crate) fn snapshot(&self) -> Vec<SystemStats> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }
}

impl SystemStats {
    fn new(system: &SystemName) -> Self {
        Self { system: system.to_string(), breaker: BreakerState::Closed.as_str(), ..Self::default() }
    }

    pub(crate) fn keep_up(&mut self, upkept: Upkept) {
        let place = match self.upkeeps.iter().position(|u| u.check.name == upkept.check.name) {
            Some(place) => place,
            None => {
                self.upkeeps.push(UpkeepStats { check: upkept.check.clone(), repairs: BTreeMap::new() });
                self.upkeeps.len() - 1
            }
        };
        let row = &mut self.upkeeps[place];
        row.check = upkept.check;
        for repair in upkept.repairs {
            *row.repairs.entry(repair).or_default() += 1;
        }
    }

    pub(crate) fn count(&mut self, work_is_poll: bool, outcome: &Outcome) {
        let counter = match (work_is_poll, outcome) {
            (true, Outcome::Read(_) | Outcome::Missing) => &mut self.polls,
            (true, _) => &mut self.polls_failed,
            (false, Outcome::Delivered { .. } | Outcome::Missing) => &mut self.delivered,
            (false, Outcome::Read(_)) => &mut self.moved,
            (false, Outcome::NotApplied { .. }) => &mut self.not_applied,
            (false, Outcome::Unknown { .. }) => &mut self.unknown,
            (false, Outcome::Rejected { .. }) => &mut self.rejected,
        };
        *counter += 1;
    }
}

pub(crate) fn is_poll(work: &Work) -> bool {
    matches!(work, Work::Poll { .. })
}

#[cfg(test)]
mod tests {
    use super::*;
    use pagebridge_ports::CheckResult;

    #[test]
    fn each_upkeep_of_a_system_has_a_row_of_its_own() {
        let upkept = |name: &str, repairs: &[&'static str]| {
            let (system, name) = (SystemName::new("pd"), name.to_owned());
            let check = Check { system, name, result: CheckResult::Ok, detail: String::new(), remedy: String::new() };
            Upkept { check, repairs: repairs.to_vec(), again_ms: 0 }
        };
        let mut stats = SystemStats::new(&SystemName::new("pd"));
        for (name, repairs) in [("one", ["wound"].as_slice()), ("other", &[]), ("one", &["wound", "oiled"])] {
            stats.keep_up(upkept(name, repairs));
        }
        let rows: Vec<_> = stats.upkeeps.iter().map(|u| (u.check.name.as_str(), u.repairs.clone())).collect();
        assert_eq!(rows, [("one", [("wound", 2), ("oiled", 1)].into()), ("other", BTreeMap::new())]);
    }
}
