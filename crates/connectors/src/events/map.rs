//! A sender's event as an input of ours, and the answer to it.

use super::keys::KeyRef;
use super::wire::{Heard, Kept};
use crate::Secret;
use pagebridge_core::{BridgeName, Content, Event, EventAction, Input, Key, KeyKind, News, SystemName, Urgency, What};
use pagebridge_ports::Answer;
use serde_json::json;

/// What an event tells. `target` is the system that its key leads to, and `alert_key` how the alert is called there.
pub(super) fn input(source: &SystemName, target: &SystemName, heard: &Heard, alert_key: &str) -> Input {
    let reference = KeyRef::of(&Secret::new(heard.routing_key.clone()));
    let record = Key { kind: KeyKind::Record, value: format!("{}/{alert_key}", reference.as_str()) };
    let event = Event { action: heard.action, content: content(heard, alert_key) };
    Input {
        keys: vec![record],
        bridge: Some(BridgeName::new(target.as_str())),
        create_key: Some(alert_key.to_owned()),
        ..Input::about(source.clone(), What::News(News::Event(event)))
    }
}

/// What the incident is about. The event itself is kept for being passed on; what only names an alert says no more.
fn content(heard: &Heard, alert_key: &str) -> Content {
    let (said, urgency) = match &heard.said {
        Kept::V2(said) => (said, urgency(said.severity.as_deref())),
        // Version 1 knows no severity, and PagerDuty takes its alerts for critical.
        Kept::V1(said) => (said, Urgency::High),
        Kept::Change(said) => (said, Urgency::Low),
    };
    if heard.action != EventAction::Trigger {
        let title = if said.summary.is_empty() { format!("alert {alert_key}") } else { said.summary.clone() };
        let event = serde_json::to_string(&heard.said).ok();
        return Content { title, urgency: Urgency::Low, event, ..Content::default() };
    }
    let lines =
        [("source", &said.source), ("component", &said.component), ("group", &said.group), ("class", &said.class)];
    let body: Vec<String> =
        lines.iter().filter_map(|(name, text)| text.as_ref().map(|text| format!("{name}: {text}"))).collect();
    Content {
        title: said.summary.clone(),
        body: body.join("\n"),
        urgency,
        priority: said.severity.clone(),
        event: serde_json::to_string(&heard.said).ok(),
        ..Content::default()
    }
}

/// PagerDuty's own mapping where a service decides by severity.
fn urgency(severity: Option<&str>) -> Urgency {
    match severity {
        Some("warning" | "info") => Urgency::Low,
        _ => Urgency::High,
    }
}

/// The answer that a sender of this kind expects.
pub(super) fn answer(heard: &Heard, alert_key: &str) -> Answer {
    match &heard.said {
        Kept::V2(_) => Answer {
            status: 202,
            body: json!({ "status": "success", "message": "Event processed", "dedup_key": alert_key }).to_string(),
        },
        Kept::V1(_) => Answer {
            status: 200,
            body: json!({ "status": "success", "message": "Event processed", "incident_key": alert_key }).to_string(),
        },
        Kept::Change(_) => Answer {
            status: 202,
            body: json!({ "status": "success", "message": "Change event processed" }).to_string(),
        },
    }
}
