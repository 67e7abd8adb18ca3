//! Reading deliveries.

use pagerduty::rest::ResolveReason;
use pagerduty::rest::incidents::IncidentStatus;
use pagerduty::webhook::{Event, EventData, EventType, IncidentData, NoteData, ParseError, parse};
use proptest::prelude::*;

use crate::support::fixture;

fn event(text: &str) -> Event {
    parse(text.as_bytes()).expect("an event")
}

fn incident(event: &Event) -> &IncidentData {
    match &event.data {
        EventData::Incident(incident) => incident,
        other => panic!("not an incident: {other:?}"),
    }
}

#[test]
fn reads_an_acknowledgement() {
    let event = event(fixture!("webhooks/incident.acknowledged.json"));
    assert_eq!(event.id.as_deref(), Some("01HZX3Q0000000000000000002"));
    assert_eq!(event.event_type, EventType::IncidentAcknowledged);
    assert_eq!(event.occurred_at.as_deref(), Some("2026-01-02T03:04:05.678Z"));
    assert_eq!(event.occurred_at_ms, Some(1_767_323_045_678));
    let agent = event.agent.as_ref().expect("somebody");
    assert_eq!((agent.id.as_deref(), agent.kind.as_str()), (Some("PUSR001"), "user_reference"));
    assert_eq!(agent.summary.as_deref(), Some("Ann"));
    let data = incident(&event);
    assert_eq!(data.status, Some(IncidentStatus::Acknowledged));
    assert_eq!(data.incident_key.as_deref(), Some("test-123"));
    assert_eq!(data.number, Some(42));
    assert_eq!(data.service.as_ref().expect("a service").id.as_str(), "PSVC001");
    assert_eq!(data.assignees[0].id.as_str(), "PUSR001");
}

#[test]
fn tells_merged_from_resolved() {
    let event = event(fixture!("webhooks/incident.resolved-merged.json"));
    assert_eq!(event.occurred_at_ms, Some(1_767_323_645_000));
    assert_eq!(event.agent, None);
    let Some(ResolveReason::Merged { into: Some(target) }) = &incident(&event).resolve_reason else {
        panic!("not merged: {event:?}");
    };
    assert_eq!(target.id.as_str(), "Q9");
}

#[test]
fn reads_both_shapes_of_a_note() {
    let real = event(fixture!("webhooks/incident.annotated.json"));
    let EventData::Note(note) = &real.data else { panic!("not a note: {real:?}") };
    assert_eq!(
        *note,
        NoteData {
            id: Some("PNOTE01".into()),
            content: "café — 99 % 🔥".to_owned(),
            trimmed: false,
            incident_id: "Q1A2B3C4D5E6F7".into(),
            incident_summary: Some("Disk full".to_owned()),
            incident_html_url: Some("https://acme.pagerduty.com/incidents/Q1A2B3C4D5E6F7".to_owned()),
            incident_key: None,
        }
    );
    let old = event(fixture!("webhooks/incident.annotated-old.json"));
    let EventData::Note(note) = &old.data else { panic!("not a note: {old:?}") };
    assert_eq!(note.content, "looking at it");
    assert_eq!(note.incident_id.as_str(), "Q1A2B3C4D5E6F7");
    assert_eq!(note.incident_key.as_deref(), Some("test-123"));
    assert_eq!(old.incident_id(), real.incident_id());
}

#[test]
fn keeps_what_it_does_not_know() {
    for data in ["null", "[]", "7", r#"{"type":"incident"}"#] {
        let event = event(&format!(r#"{{"event":{{"event_type":"a.b","data":{data}}}}}"#));
        assert!(matches!(event.data, EventData::Other { incident_id: None, .. }), "{data}");
    }
}

#[test]
fn a_new_type_with_an_incident_in_it_is_an_incident() {
    let event =
        event(r#"{"event":{"event_type":"incident.new","data":{"type":"incident","id":"Q1","status":"resolved"}}}"#);
    assert_eq!(event.event_type, EventType::Other("incident.new".to_owned()));
    assert_eq!(incident(&event).status, Some(IncidentStatus::Resolved));
}

#[test]
fn reads_a_ping_with_and_without_fields() {
    let ping = event(fixture!("webhooks/pagey.ping.json"));
    assert!(matches!(&ping.data, EventData::Ping { message: Some(text) } if text.starts_with("Hello")));
    assert_eq!(ping.agent.expect("somebody").summary, None);
    let bare = event(r#"{"event":{"event_type":"pagey.ping","agent":null}}"#);
    assert!(matches!(bare.data, EventData::Ping { message: None }));
}

#[test]
fn a_minimal_incident_is_enough() {
    let event =
        event(r#"{"event":{"event_type":"incident.unacknowledged","data":{"id":"Q1","incident_key":"test-123"}}}"#);
    assert_eq!(incident(&event).incident_key.as_deref(), Some("test-123"));
}

#[test]
fn refuses_what_is_no_event() {
    let cases = [
        ("", "the webhook is not JSON"),
        ("[]", "the webhook has no `event`, check that the subscription is of version 3"),
        (r#"{"event":null}"#, "the webhook has no `event`, check that the subscription is of version 3"),
        (r#"{"event":{}}"#, "the webhook has no `event_type`, check that the subscription is of version 3"),
        (r#"{"event":{"event_type":"incident.resolved","data":{"id":null}}}"#, "the webhook's data is not an incident"),
        (r#"{"event":{"event_type":"incident.annotated","data":{"content":"x"}}}"#, "the webhook's data is not a note"),
    ];
    for (body, expected) in cases {
        let error: ParseError = parse(body.as_bytes()).expect_err(body);
        assert_eq!(error.to_string(), expected, "{body}");
    }
    assert!(parse(b"{\"event\":\"\xff\"}").is_err());
    assert!(parse("[".repeat(100_000).as_bytes()).is_err());
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse(&body);
    }
}

#[test]
fn reads_every_other_kind() {
    let incident = r#""incident":{"id":"Q7","type":"incident_reference","summary":null}"#;
    let table = [
        (
            "incident.status_update_published",
            r#""id":"PSU","message":"m","trimmed":true,"type":"incident_status_update""#,
        ),
        (
            "incident.responder.replied",
            r#""user":{"id":"PU"},"state":"joined","message":null,"type":"incident_responder""#,
        ),
        (
            "incident.conference_bridge.updated",
            r#""conference_numbers":[{"label":"de","number":"1"}],"conference_url":"u","type":"incident_conference_bridge""#,
        ),
        (
            "incident.custom_field_values.updated",
            r#""custom_fields":[{"name":"n","value":1}],"changed_custom_fields":[],"type":"incident_field_values""#,
        ),
        ("incident.task.created", r#""id":"PT","name":"n","status":"todo","assignees":null,"type":"incident_task""#),
        (
            "incident.workflow.started",
            r#""id":"PW","incident_workflow":{"id":"P"},"type":"incident_workflow_instance""#,
        ),
        ("incident.action_invocation.created", r#""id":"PA","state":"sent","type":"incident_action_invocation""#),
    ];
    for (event_type, fields) in table {
        let text = format!(r#"{{"event":{{"event_type":"{event_type}","data":{{{incident},{fields}}}}}}}"#);
        let event = event(&text);
        assert!(!matches!(event.event_type, EventType::Other(_)), "{event_type}");
        assert!(!matches!(event.data, EventData::Other { .. }), "{event_type}: {event:?}");
        assert_eq!(event.incident_id().map(|id| id.as_str()), Some("Q7"), "{event_type}");
    }
}

#[test]
fn reads_what_is_in_them() {
    let added = event(fixture!("webhooks/incident.responder.added.json"));
    let EventData::Responder(responder) = &added.data else { panic!("{added:?}") };
    assert_eq!(responder.state.as_deref(), Some("pending"));
    assert_eq!(added.incident_id().map(|id| id.as_str()), Some("Q1A2B3C4D5E6F7"));

    let role = event(
        r#"{"event":{"event_type":"incident.role.assigned","data":{"type":"incident_role_assignment",
            "incident_role_assignments":[{"id":"R","incident":{"id":"Q7"},"assignee":{"id":"PU"},"role":"lead"}]}}}"#,
    );
    let EventData::RoleAssignments(data) = &role.data else { panic!("{role:?}") };
    assert_eq!(data.incident_role_assignments[0].role, "lead");
    assert_eq!(role.incident_id().map(|id| id.as_str()), Some("Q7"));

    let service = event(
        r#"{"event":{"event_type":"service.updated","data":{"id":"PS","type":"service","summary":"API","teams":[{"id":"PT"}]}}}"#,
    );
    let EventData::Service(data) = &service.data else { panic!("{service:?}") };
    assert_eq!((data.id.as_str(), data.teams.len()), ("PS", 1));
    let fields = event(
        r#"{"event":{"event_type":"service.custom_field_values.updated","data":{"service":{"id":"PS"},"type":"service_field_values"}}}"#,
    );
    let EventData::FieldValues(data) = &fields.data else { panic!("{fields:?}") };
    assert_eq!(data.service.as_ref().map(|service| service.id.as_str()), Some("PS"));
}
