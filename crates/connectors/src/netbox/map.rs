//! NetBox's objects as alerts of PagerDuty's Events API.

use super::Settings;
use super::routes::Chosen;
use super::wire::{Event, Incident, Kind, Name, Object};
use crate::events::wire::{Kept, Link, Said};
use ::pagerduty::text::{SUMMARY_CHARS_MAX, cut, shorten_key};
use pagebridge_core::{Content, Status, Urgency};
use serde_json::{Map, Value, json};

/// Longest description of an Incident that is passed on, in characters.
const DESCRIPTION_CHARS_MAX: usize = 2_000;

/// The line above the notes that we append to a description.
pub(super) const NOTES_HEADING: &str = "----- notes from PagerDuty -----";

/// Where the object stands, as far as its own status tells.
pub(super) fn status(object: &Object, settings: &Settings) -> Status {
    settings.statuses.of(object.status())
}

/// The key of the object's alert, the same as the old module's, so that alerts of its time still end.
///
/// A `dedup_id` that is empty would throw unrelated Events together, so the id stands in for it.
pub(super) fn alert_key(object: &Object) -> String {
    let key = match object {
        Object::Event(Event { dedup_id: Some(dedup_id), .. }) => format!("netbox-event-{dedup_id}"),
        Object::Event(event) => format!("netbox-event-id-{}", event.id),
        Object::Incident(incident) => format!("netbox-incident-{}", incident.id),
    };
    shorten_key(&key).into_owned()
}

/// The page on which people see an object, below `base`.
pub(super) fn page(base: &str, name: Name) -> String {
    let base = base.trim().trim_end_matches('/');
    format!("{base}/plugins/business-application/{}/{}/", name.kind.as_str(), name.id)
}

/// What an object is about, with the event that tells it.
pub(super) fn content(object: &Object, settings: &Settings, chosen: &Chosen<'_>) -> Content {
    let mut said = match object {
        Object::Event(event) => said_of_event(event, settings),
        Object::Incident(incident) => said_of_incident(incident, settings),
    };
    if settings.routes.branch()
        && let Some(details) = &mut said.details
    {
        details.insert("routing_key_from".to_owned(), Value::String(chosen.from.clone()));
    }
    let (title, body, priority) = match object {
        Object::Event(event) => (said.summary.clone(), body_of_event(event), &event.criticallity),
        Object::Incident(incident) => {
            let description = incident.description.as_deref().map(people_wrote).unwrap_or_default();
            (title_of(incident), description.to_owned(), &incident.severity)
        }
    };
    Content {
        title,
        body,
        urgency: urgency(said.severity.as_deref()),
        priority: (!priority.is_empty()).then(|| priority.clone()),
        event: serde_json::to_string(&Kept::V2(said)).ok(),
        ..Content::default()
    }
}

/// PagerDuty's own mapping where a service decides by severity.
fn urgency(severity: Option<&str>) -> Urgency {
    match severity {
        Some("critical" | "error") => Urgency::High,
        _ => Urgency::Low,
    }
}

fn said_of_event(event: &Event, settings: &Settings) -> Said {
    let name = Name { kind: Kind::Event, id: event.id };
    let message = event.message.clone().unwrap_or_else(|| format!("NetBox Event {}", event.id));
    let mut details = Map::from_iter(
        [
            ("event_id", json!(event.id)),
            ("dedup_id", json!(event.dedup_id.as_deref().unwrap_or_default())),
            ("status", json!(event.status)),
            ("criticality", json!(event.criticallity)),
            ("created_at", json!(event.created_at)),
            ("last_seen_at", json!(event.last_seen_at)),
        ]
        .map(|(name, value)| (name.to_owned(), value)),
    );
    let mut source = settings.source.clone();
    if let Some(target) = &event.target {
        source = format!("{source}:{}:{}", target.model, target.name);
        details.insert("target_type".to_owned(), json!(target.model));
        details.insert("target_name".to_owned(), json!(target.name));
        details.insert("target_id".to_owned(), json!(target.id));
    }
    if let Some(source) = &event.source {
        details.insert("event_source".to_owned(), json!(source));
    }
    Said {
        summary: cut(&message, SUMMARY_CHARS_MAX).into_owned(),
        source: Some(source),
        severity: Some(settings.severities.of(&event.criticallity).to_owned()),
        timestamp: time(event.last_seen_at.as_ref().or(event.created_at.as_ref())),
        component: Some(event.source.clone().unwrap_or_else(|| "unknown".to_owned())),
        class: Some("netbox_event".to_owned()),
        details: Some(details),
        ..common(settings, name, "View Event in NetBox")
    }
}

fn said_of_incident(incident: &Incident, settings: &Settings) -> Said {
    let name = Name { kind: Kind::Incident, id: incident.id };
    let description = incident.description.as_deref().map(people_wrote).filter(|text| !text.is_empty());
    let mut details = Map::from_iter(
        [
            ("incident_id", json!(incident.id)),
            ("title", json!(title_of(incident))),
            ("description", json!(description.map(|text| cut(text, DESCRIPTION_CHARS_MAX)))),
            ("status", json!(incident.status)),
            ("severity", json!(incident.severity)),
            ("created_at", json!(incident.created_at)),
            ("detected_at", json!(incident.detected_at)),
            ("reporter", json!(incident.reporter)),
            ("commander", json!(incident.commander)),
            ("events_count", json!(incident.events_count)),
        ]
        .map(|(name, value)| (name.to_owned(), value)),
    );
    if !incident.services.is_empty() {
        details.insert("affected_services".to_owned(), json!(incident.services));
        details.insert("affected_services_count".to_owned(), json!(incident.services.len()));
    }
    if incident.responders_count > 0 {
        // The API tells how many there are and not who they are.
        details.insert("responders_count".to_owned(), json!(incident.responders_count));
    }
    let summary = format!("[{}] {}", incident.severity.to_uppercase(), title_of(incident));
    Said {
        summary: cut(&summary, SUMMARY_CHARS_MAX).into_owned(),
        source: Some(settings.source.clone()),
        severity: Some(settings.severities.of(&incident.severity).to_owned()),
        timestamp: time(incident.detected_at.as_ref().or(incident.created_at.as_ref())),
        component: Some(component_of_incident(&incident.services)),
        class: Some("netbox_incident".to_owned()),
        details: Some(details),
        ..common(settings, name, "View Incident in NetBox")
    }
}

fn common(settings: &Settings, name: Name, link: &str) -> Said {
    let href = settings.base_url.as_deref().filter(|base| !base.trim().is_empty()).map(|base| page(base, name));
    Said {
        group: Some(settings.group.clone()),
        client: Some(settings.label.clone()),
        client_url: href.clone(),
        links: href.into_iter().map(|href| Link { href, text: Some(link.to_owned()) }).collect(),
        ..Said::default()
    }
}

fn component_of_incident(services: &[String]) -> String {
    match services {
        [] => "multiple-services".to_owned(),
        [one] => one.clone(),
        [first, rest @ ..] => format!("{first} (+{} more)", rest.len()),
    }
}

fn title_of(incident: &Incident) -> String {
    incident.title.clone().unwrap_or_else(|| format!("NetBox Incident {}", incident.id))
}

fn body_of_event(event: &Event) -> String {
    let target = event.target.as_ref().map(|target| format!("{}: {}", target.model, target.name));
    let source = event.source.as_ref().map(|source| format!("source: {source}"));
    [target, source].into_iter().flatten().collect::<Vec<_>>().join("\n")
}

/// A time that cannot be read is left out: an alert refused for it would be a page lost.
fn time(text: Option<&String>) -> Option<String> {
    text.filter(|text| ::pagerduty::time::unix_ms(text).is_some()).cloned()
}

/// A description without the notes that we appended to it.
pub(super) fn people_wrote(description: &str) -> &str {
    description.split(NOTES_HEADING).next().unwrap_or_default().trim_end()
}
