//! Whether what a client sent is at the far side in the end: once, and as it should be.

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::Value;

use super::Against;
use super::world::World;
use crate::time::{Watch, pause};

/// How long it may take until everything has arrived, in milliseconds.
const ARRIVAL_MS_MAX: u128 = 20_000;
/// How long nothing more may arrive after that, in milliseconds.
const QUIET_MS: u64 = 300;

/// What a client says that it has sent.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Expected {
    /// An alert by its key.
    Alert { key: String, status: String, summary: String, triggers: u64 },
    /// A change event by its summary.
    Change { change: String },
}

impl Expected {
    /// Reads the JSON after `sent `.
    pub(super) fn read(text: &str) -> Result<Self> {
        serde_json::from_str(text).with_context(|| format!("the client says that it has sent {text}"))
    }

    fn name(&self) -> String {
        match self {
            Self::Alert { key, status, .. } => format!("arrived once, {status}: {key}"),
            Self::Change { change } => format!("arrived once: change \"{change}\""),
        }
    }

    /// Says what is wrong with what the far side holds.
    fn problem(&self, far: &Value, against: Against) -> Option<String> {
        match self {
            Self::Alert { key, status, summary, triggers } => {
                let found = alerts(far).into_iter().filter(|alert| alert.key == *key).collect::<Vec<_>>();
                let [alert] = &found[..] else {
                    return Some(format!("there are {} alerts with this key", found.len()));
                };
                let differs = |what: &str, is: &str, wanted: &str| {
                    (is != wanted).then(|| format!("its {what} is {is:?}, not {wanted:?}"))
                };
                differs("status", alert.status, status)
                    .or_else(|| differs("summary", alert.summary, summary))
                    .or_else(|| triggers_problem(alert.triggers, *triggers, against))
            }
            Self::Change { change } => {
                let changes = far["change_events"].as_array();
                let found = changes.into_iter().flatten().filter(|one| one["summary"] == **change).count();
                (found != 1).then(|| format!("there are {found} change events with this summary"))
            }
        }
    }
}

/// The bridge carries on what holds when it gets there, so what is told twice in a row may arrive once.
fn triggers_problem(found: u64, sent: u64, against: Against) -> Option<String> {
    let fits = match against {
        Against::Sandbox => found == sent,
        Against::Bridge => (1..=sent).contains(&found),
    };
    (!fits).then(|| format!("it was triggered {found} times, but {sent} were sent"))
}

/// An alert that the far side holds.
struct Alert<'a> {
    key: &'a str,
    status: &'a str,
    summary: &'a str,
    triggers: u64,
}

fn alerts(far: &Value) -> Vec<Alert<'_>> {
    let mut found = Vec::new();
    for incident in far["incidents"].as_array().into_iter().flatten() {
        for alert in incident["alerts"].as_array().into_iter().flatten() {
            found.push(Alert {
                key: alert["key"].as_str().unwrap_or_default(),
                status: incident["status"].as_str().unwrap_or_default(),
                summary: alert["summary"].as_str().unwrap_or_default(),
                triggers: alert["triggers"].as_u64().unwrap_or_default(),
            });
        }
    }
    found
}

/// One thing that was looked for.
pub(super) struct Arrival {
    pub(super) name: String,
    pub(super) problem: Option<String>,
}

/// Waits until all is there, or the time is over; then a little longer, for what comes twice.
pub(super) fn wait(world: &World, against: Against, expected: &[Expected]) -> Result<Vec<Arrival>> {
    let watch = Watch::start();
    while watch.ms() < ARRIVAL_MS_MAX {
        let far = world.far()?;
        if expected.iter().all(|one| one.problem(&far, against).is_none()) {
            break;
        }
        pause(100);
    }
    pause(QUIET_MS);
    let far = world.far()?;
    Ok(expected.iter().map(|one| Arrival { name: one.name(), problem: one.problem(&far, against) }).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn far(alerts: &[(&str, u64)]) -> Value {
        let alerts: Vec<_> = alerts
            .iter()
            .map(|(key, triggers)| json!({"key": key, "summary": "Disk full", "triggers": triggers}))
            .collect();
        json!({"incidents": [{"status": "resolved", "alerts": alerts}], "change_events": [{"summary": "Deployed"}]})
    }

    #[test]
    fn an_alert_must_be_there_once_and_as_it_should_be() {
        let sent = r#"{"key": "k", "status": "resolved", "summary": "Disk full", "triggers": 1}"#;
        let expected = Expected::read(sent).expect("it is complete");
        assert_eq!(expected.problem(&far(&[("k", 1), ("other", 1)]), Against::Sandbox), None);
        let problem = |alerts: &[(&str, u64)]| expected.problem(&far(alerts), Against::Sandbox).unwrap_or_default();
        assert_eq!(problem(&[]), "there are 0 alerts with this key");
        assert_eq!(problem(&[("k", 1), ("k", 1)]), "there are 2 alerts with this key");
        assert_eq!(problem(&[("k", 2)]), "it was triggered 2 times, but 1 were sent");
    }

    #[test]
    fn the_bridge_may_tell_less_often_but_not_more() {
        let problem = |found, against| triggers_problem(found, 3, against).is_some();
        assert!(problem(2, Against::Sandbox) && !problem(2, Against::Bridge));
        assert!(problem(0, Against::Bridge) && problem(4, Against::Bridge));
    }

    #[test]
    fn a_change_must_be_there_once() {
        let there = Expected::read(r#"{"change": "Deployed"}"#).expect("it is complete");
        let absent = Expected::read(r#"{"change": "Removed"}"#).expect("it is complete");
        assert_eq!(there.problem(&far(&[]), Against::Bridge), None);
        assert!(absent.problem(&far(&[]), Against::Bridge).is_some());
    }
}
