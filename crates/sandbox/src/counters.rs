//! Counts what was called and how it ended.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

use crate::faults::System;

/// How often one endpoint was called.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct EndpointCount {
    /// Requests that arrived, also those that a fault swallowed.
    pub calls: u64,
    /// Answers by HTTP status.
    pub by_status: BTreeMap<u16, u64>,
    /// Requests that ended without an answer.
    pub unanswered: u64,
}

/// Calls by system and endpoint, such as `POST /incidents/{id}/notes`.
#[derive(Debug, Default)]
pub struct Counters {
    endpoints: Mutex<BTreeMap<(System, String), EndpointCount>>,
}

impl Counters {
    pub(crate) fn arrived(&self, system: System, label: &str) {
        self.update(system, label, |count| count.calls += 1);
    }

    pub(crate) fn answered(&self, system: System, label: &str, status: u16) {
        self.update(system, label, |count| *count.by_status.entry(status).or_default() += 1);
    }

    pub(crate) fn unanswered(&self, system: System, label: &str) {
        self.update(system, label, |count| count.unanswered += 1);
    }

    /// Returns the counts of one system by endpoint.
    pub fn of(&self, system: System) -> BTreeMap<String, EndpointCount> {
        let endpoints = self.endpoints.lock().unwrap_or_else(PoisonError::into_inner);
        let ours = endpoints.iter().filter(|((of, _), _)| *of == system);
        ours.map(|((_, label), count)| (label.clone(), count.clone())).collect()
    }

    fn update(&self, system: System, label: &str, change: impl FnOnce(&mut EndpointCount)) {
        let mut endpoints = self.endpoints.lock().unwrap_or_else(PoisonError::into_inner);
        change(endpoints.entry((system, label.to_owned())).or_default());
    }
}
