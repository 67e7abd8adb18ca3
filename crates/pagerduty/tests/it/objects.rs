//! Reading REST objects.

use pagerduty::rest::ResolveReason;
use pagerduty::rest::incidents::{Incident, IncidentStatus, Urgency};
use serde_json::Value;

use crate::support::fixture;

fn incident(text: &str) -> Incident {
    let value: Value = serde_json::from_str(text).expect("JSON");
    serde_json::from_value(value["incident"].clone()).expect("an incident")
}

#[test]
fn reads_an_incident() {
    let incident = incident(fixture!("rest/incident.json"));
    assert_eq!(incident.id.as_str(), "Q1A2B3C4D5E6F7");
    assert_eq!(incident.number, Some(42));
    assert_eq!(incident.status, Some(IncidentStatus::Acknowledged));
    assert_eq!(incident.incident_key.as_deref(), Some("test-123"));
    assert_eq!(incident.service.expect("a service").id.as_str(), "PSVC001");
    assert_eq!(incident.assignments[0].assignee.summary.as_deref(), Some("Ann"));
    assert_eq!(incident.acknowledgements[0].acknowledger.id.as_str(), "PUSR001");
    assert_eq!(incident.priority.expect("a priority").summary.as_deref(), Some("P1"));
    assert_eq!(incident.alert_counts.expect("counts").triggered, 1);
    assert_eq!(incident.pending_actions[0].kind, "unacknowledge");
    assert_eq!(incident.body.as_deref(), Some("95 % used on /var"));
}

#[test]
fn survives_null_everywhere() {
    let incident = incident(fixture!("rest/incident-nulls.json"));
    assert_eq!(incident.title, "");
    assert_eq!(incident.status, None);
    assert_eq!(incident.urgency, Some(Urgency::Other("whisper".to_owned())));
    assert_eq!(incident.assignments.len(), 1);
    assert!(incident.acknowledgements.is_empty());
    assert_eq!(incident.resolve_reason, Some(ResolveReason::Other { kind: "tired".to_owned() }));
}

#[test]
fn an_incident_needs_its_id() {
    assert!(serde_json::from_str::<Incident>(r#"{"id":null}"#).is_err());
}
