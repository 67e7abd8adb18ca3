//! Metrics in the OpenMetrics text format.

use crate::app::{Figures, Shared};
use pagebridge_core::{Disposition, SystemName, Timestamp};
use pagebridge_ports::{CheckResult, Counts, LaneCount};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;
use std::fmt;

/// The content type of OpenMetrics.
pub(crate) const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The states of a circuit breaker.
const BREAKER_STATES: [&str; 3] = ["closed", "half-open", "open"];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Inputs {
    system: String,
    disposition: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Refusals {
    system: String,
    reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answers {
    system: String,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Attempts {
    system: String,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Lanes {
    system: String,
    class: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Breakers {
    system: String,
    state: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KeptUp {
    system: String,
    what: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Repairs {
    system: String,
    what: String,
    repair: &'static str,
}

/// What is counted as it happens; the rest is asked for when somebody looks.
pub(crate) struct Metrics {
    registry: Registry,
    inputs: Family<Inputs, Counter>,
    refusals: Family<Refusals, Counter>,
    answers: Family<Answers, Counter>,
}

/// The counters of one intake path, found once so that a request pays for no look-up.
pub(crate) struct RouteMetrics {
    opened: Counter,
    applied: Counter,
    repeated: Counter,
    unchanged: Counter,
    held: Counter,
    pub(crate) ignored: Counter,
}

impl RouteMetrics {
    pub(crate) fn count(&self, disposition: Disposition) {
        let counter = match disposition {
            Disposition::Opened => &self.opened,
            Disposition::Applied => &self.applied,
            Disposition::Repeated => &self.repeated,
            Disposition::Unchanged => &self.unchanged,
            Disposition::Held => &self.held,
            Disposition::Ignored(_) => &self.ignored,
        };
        counter.inc();
    }
}

impl Metrics {
    pub(crate) fn new(version: &'static str) -> Self {
        let mut registry = Registry::with_prefix("pagebridge");
        let (inputs, refusals, answers) = (Family::default(), Family::default(), Family::<Answers, Counter>::default());
        registry.register("inputs", "Requests understood and committed, by what they did", inputs.clone());
        registry.register("refusals", "Requests answered 4xx or 5xx, by reason", refusals.clone());
        registry.register(
            "endpoint_answers",
            "Requests to endpoints of other programs' APIs, by status",
            answers.clone(),
        );
        registry.register("build", "The running program", Info::new([("version", version)]));
        Self { registry, inputs, refusals, answers }
    }

    pub(crate) fn route(&self, system: &SystemName) -> RouteMetrics {
        let counter = |disposition| {
            let labels = Inputs { system: system.to_string(), disposition };
            self.inputs.get_or_create_owned(&labels)
        };
        RouteMetrics {
            opened: counter("opened"),
            applied: counter("applied"),
            repeated: counter("repeated"),
            unchanged: counter("unchanged"),
            held: counter("held"),
            ignored: counter("ignored"),
        }
    }

    pub(crate) fn answered(&self, system: &SystemName, status: u16) {
        self.answers.get_or_create(&Answers { system: system.to_string(), status }).inc();
    }

    pub(crate) fn refused(&self, system: &SystemName, reason: &'static str) {
        self.refusals.get_or_create(&Refusals { system: system.to_string(), reason }).inc();
    }
}

/// Writes everything down. A store that does not answer leaves its own figures out and says so.
pub(crate) async fn render(shared: &Shared) -> Result<String, fmt::Error> {
    let mut seen = Registry::with_prefix("pagebridge");
    let counts = shared.store.counts().await;
    let up: Gauge = Gauge::default();
    up.set(i64::from(counts.is_ok()));
    seen.register("store_up", "Whether the store answers", up);
    if let Ok(alarms) = crate::alarms::alarms(&*shared.store, shared.clock.now()).await {
        let gauge: Gauge = Gauge::default();
        gauge.set(i64::try_from(alarms.len()).unwrap_or(i64::MAX));
        let help = "Incidents that must page and are not known to have, and those with deliveries that cannot be made";
        seen.register("alarms", help, gauge);
    }
    match &counts {
        Ok(counts) => register_counts(&mut seen, counts, shared.clock.now()),
        Err(error) => tracing::warn!(%error, "the metrics lack the store's figures"),
    }
    register_figures(&mut seen, &shared.intake.figures());
    let mut text = String::with_capacity(4_096);
    encode_registry(&mut text, &shared.metrics.registry)?;
    encode_registry(&mut text, &seen)?;
    encode_eof(&mut text)?;
    Ok(text)
}

fn register_counts(to: &mut Registry, counts: &Counts, now: Timestamp) {
    let mut gauge = |name: &str, help: &str, value: u64| {
        let gauge: Gauge = Gauge::default();
        gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
        to.register(name, help, gauge);
    };
    gauge("incidents", "Incidents known", counts.incidents);
    gauge("incidents_open", "Incidents open somewhere", counts.open);
    gauge("journal_entries", "Entries of the journal", counts.entries);
    gauge(
        "incidents_with_dead_letters",
        "Incidents with a delivery that waits for an operator",
        counts.with_dead_letters,
    );
    gauge("incidents_quarantined", "Incidents set aside", counts.quarantined);
    let (waiting, oldest) = (Family::<Lanes, Gauge>::default(), Family::<Lanes, Gauge>::default());
    for lane in &counts.lanes {
        let labels = Lanes { system: lane.system.to_string(), class: lane.class.as_str() };
        waiting.get_or_create(&labels).set(i64::try_from(lane.count).unwrap_or(i64::MAX));
        // A poll that is not due yet is not late.
        oldest.get_or_create(&labels).set(overdue_s(lane, now));
    }
    to.register("lanes_waiting", "Rows of the outbox, deliveries and polls", waiting);
    to.register("lanes_overdue_seconds", "How long the longest due row of the outbox has been due", oldest);
}

fn overdue_s(lane: &LaneCount, now: Timestamp) -> i64 {
    lane.oldest_due.map_or(0, |due| now.ms_since(due).max(0) / 1_000)
}

fn register_figures(to: &mut Registry, figures: &Figures) {
    let attempts = Family::<Attempts, Counter>::default();
    for (system, outcome, count) in &figures.deliveries {
        attempts.get_or_create(&Attempts { system: system.to_string(), outcome }).inc_by(*count);
    }
    to.register("attempts", "Ended attempts at other systems, by how they ended", attempts);
    let breakers = Family::<Breakers, Gauge>::default();
    for (system, now) in &figures.breakers {
        for state in BREAKER_STATES {
            let labels = Breakers { system: system.to_string(), state };
            breakers.get_or_create(&labels).set(i64::from(*now == state));
        }
    }
    to.register("breaker_state", "State of the circuit breaker of a system; 1 is the present one", breakers);
    register_upkeep(to, figures);
}

fn register_upkeep(to: &mut Registry, figures: &Figures) {
    let (healthy, repairs) = (Family::<KeptUp, Gauge>::default(), Family::<Repairs, Counter>::default());
    for (check, made) in &figures.upkeep {
        let (system, what) = (check.system.to_string(), check.name.clone());
        let labels = KeptUp { system: system.clone(), what: what.clone() };
        healthy.get_or_create(&labels).set(i64::from(check.result == CheckResult::Ok));
        for (&repair, count) in made {
            let labels = Repairs { system: system.clone(), what: what.clone(), repair };
            repairs.get_or_create(&labels).inc_by(*count);
        }
    }
    to.register("upkeep_healthy", "Whether what is looked after at a system is as it should be", healthy);
    to.register("upkeep_repairs", "What was repaired there", repairs);
}
