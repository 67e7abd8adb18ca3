//! The figures at the end of the story.

use super::stage::{Stage, failed};
use crate::exit::CliError;
use crate::output;
use pagebridge_sandbox::Snapshot;
use std::collections::BTreeSet;

/// What was accepted, and what became of it.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Alerts that Opsgenie holds; the bridge has accepted each.
    accepted: usize,
    /// Alerts with an incident at PagerDuty.
    delivered: usize,
    /// Webhooks that the bridge knew for repeats.
    repeated: u64,
    /// Alerts without an incident.
    lost: usize,
    /// Alerts with more than one.
    paged_twice: usize,
    /// Mirrored notes that stand twice.
    noted_twice: usize,
}

/// Counts at both look-alikes, not at the bridge: what matters is what arrived.
pub(crate) async fn take(stage: &Stage) -> Tally {
    let snapshot = stage.snapshot();
    let incidents = |key: &str| snapshot.pagerduty.with_key(key).count();
    let alerts = || snapshot.opsgenie.alerts.iter();
    Tally {
        accepted: alerts().count(),
        delivered: alerts().filter(|a| incidents(&a.id) > 0).count(),
        repeated: stage.repeated_before + repeated(stage).await,
        lost: alerts().filter(|a| incidents(&a.id) == 0).count(),
        paged_twice: snapshot.pagerduty.creates_per_key.values().filter(|n| **n > 1).count(),
        noted_twice: noted_twice(&snapshot),
    }
}

/// Our notes carry a mark; a mark that stands twice on one record was written twice.
fn noted_twice(snapshot: &Snapshot) -> usize {
    let mut twice = 0;
    let incidents = snapshot.pagerduty.incidents.iter().map(|i| i.notes.iter().map(|n| &n.content).collect::<Vec<_>>());
    let alerts = snapshot.opsgenie.alerts.iter().map(|a| a.notes.iter().map(|n| &n.text).collect::<Vec<_>>());
    for notes in incidents.chain(alerts) {
        let mut marks = BTreeSet::new();
        let marked = notes.iter().filter_map(|text| text.rfind("[pb:").map(|at| &text[at..]));
        twice += marked.filter(|mark| !marks.insert(*mark)).count();
    }
    twice
}

/// Repeats that the running bridge has recognised, by its own metrics.
pub(crate) async fn repeated(stage: &Stage) -> u64 {
    if stage.bridge().is_none() {
        return 0;
    }
    let Ok(reply) = reqwest::get(format!("{}/metrics", stage.url())).await else { return 0 };
    let text = reply.text().await.unwrap_or_default();
    let ours = text.lines().filter(|l| l.starts_with("pagebridge_inputs_total") && l.contains("\"repeated\""));
    ours.filter_map(|l| l.rsplit(' ').next()?.parse::<u64>().ok()).sum()
}

impl Tally {
    pub(crate) fn lines(&self) -> Vec<String> {
        let line = |name: &str, count: u64, what: &str| format!("  {name:<14}{count:>5}   {what}");
        let zero = |name: &str, count: usize, what: &str| {
            let text = line(name, count as u64, what);
            if count == 0 { output::green(&text) } else { output::red(&text) }
        };
        vec![
            line("accepted", self.accepted as u64, "alerts that Opsgenie raised"),
            line("delivered", self.delivered as u64, "of them have an incident at PagerDuty"),
            line("repeated", self.repeated, "webhooks that came again and changed nothing"),
            zero("lost", self.lost, "alerts without an incident"),
            zero("paged twice", self.paged_twice, "alerts with more than one incident"),
            zero("noted twice", self.noted_twice, "mirrored notes written again"),
        ]
    }

    /// Whether every figure is as it must be.
    pub(crate) fn verdict(&self) -> Result<(), CliError> {
        let wrong = self.lost + self.paged_twice + self.noted_twice;
        if wrong == 0 && self.accepted > 0 && self.delivered == self.accepted && self.repeated > 0 {
            return Ok(());
        }
        Err(failed("a figure in the table above is wrong"))
    }
}
