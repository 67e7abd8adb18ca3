use pagerduty::rest::alerts::{self, AlertFilter, AlertStatus, AlertUpdate};
use pagerduty::rest::custom_fields::{self, Field};
use pagerduty::rest::incidents::{
    self, ConferenceBridge, DateRange, IncidentFilter, IncidentStatus, IncidentUpdate, Include, NewIncident, Order,
    SortField, Urgency,
};
use pagerduty::rest::log_entries::{self, LogEntryFilter};
use pagerduty::rest::notes;
use pagerduty::rest::related::{self, Types};
use pagerduty::rest::responder_requests::{self, Responder};
use pagerduty::rest::status_updates::{self, NewStatusUpdate, Subscriber};
use pagerduty::{Error, IncidentId, Paging};
use serde_json::json;

use crate::support::{client, lines};

fn id() -> IncidentId {
    IncidentId::new("Q1")
}

#[test]
fn incidents() {
    let bridge = ConferenceBridge {
        conference_number: Some("+49 30 1".to_owned()),
        conference_url: Some("https://meet.example".to_owned()),
    };
    let new = NewIncident::new("Disk full", "PSVC001")
        .with_assignee("PUSR001")
        .with_incident_type("major")
        .with_conference_bridge(bridge.clone());
    let filter = IncidentFilter {
        incident_key: Some("k".to_owned()),
        service_ids: vec!["PSVC001".into()],
        team_ids: vec!["PTEAM01".into()],
        user_ids: vec!["PUSR001".into()],
        statuses: vec![IncidentStatus::Triggered, IncidentStatus::Acknowledged],
        urgencies: vec![Urgency::High],
        priority_ids: vec!["PPRIO01".into()],
        date_range: DateRange::All,
        time_zone: Some("UTC".to_owned()),
        sort_by: vec![(SortField::IncidentNumber, Order::Descending)],
        include: vec![Include::Agents, Include::ConferenceBridge, Include::Users],
        paging: Paging { limit: Some(10), offset: Some(20) },
    };
    let move_it = IncidentUpdate {
        service: Some("PSVC002".into()),
        incident_type: Some("major".to_owned()),
        conference_bridge: Some(bridge),
        ..IncidentUpdate::default()
    };
    insta::assert_snapshot!(lines![
        incidents::create(&new),
        incidents::list(&filter),
        incidents::get(&id(), &[Include::CustomFields]),
        incidents::update(&id(), &IncidentUpdate::resolve_because("fixed")),
        incidents::update(&id(), &move_it),
        incidents::update_many(&[
            ("Q1".into(), IncidentUpdate::acknowledge()),
            ("Q2".into(), IncidentUpdate { assignees: vec!["PUSR001".into()], ..IncidentUpdate::default() }),
        ]),
        incidents::merge(&id(), &["Q2".into(), "Q3".into()]),
        incidents::snooze(&id(), 900),
        related::past(&id()),
        related::incidents(&id()),
        related::outlier(&id()),
        related::change_events(&id()),
        related::types(Some(&Types::All)),
    ]);
}

#[test]
fn what_is_on_an_incident() {
    let entries = LogEntryFilter {
        since: Some("2026-01-01T00:00:00Z".to_owned()),
        is_overview: true,
        time_zone: Some("UTC".to_owned()),
        include: vec![log_entries::Include::Channels],
        ..LogEntryFilter::default()
    };
    let open = AlertFilter {
        statuses: vec![AlertStatus::Triggered],
        alert_key: Some("k".to_owned()),
        sort_by: Some("created_at:desc".to_owned()),
        include: vec![alerts::Include::Services],
        ..AlertFilter::default()
    };
    let channel = json!({"type": "api", "details": {"a": 1}});
    insta::assert_snapshot!(lines![
        notes::list(&id()),
        notes::create(&id(), "café"),
        notes::update(&id(), &"PNOTE01".into(), "tea"),
        notes::delete(&id(), &"PNOTE01".into()),
        alerts::list(&id(), &open),
        alerts::get(&id(), &"QA1".into()),
        alerts::update(&id(), &"QA1".into(), &AlertUpdate::resolve()),
        alerts::update_many(&id(), &[("QA1".into(), AlertUpdate::move_to("Q2"))]),
        log_entries::of_incident(&id(), &entries),
        log_entries::list(&LogEntryFilter { team_ids: vec!["PTEAM01".into()], ..entries.clone() }),
        log_entries::get(&"R1".into(), Some("UTC"), &[log_entries::Include::Incidents]),
        log_entries::update_channel(&"R1".into(), channel.as_object().expect("an object")),
        custom_fields::get(&id()),
        custom_fields::set(
            &id(),
            &[(Field::Name("customer".to_owned()), json!("acme")), (Field::Id("PF1".to_owned()), json!(null)),]
        ),
    ]);
}

#[test]
fn who_is_told_and_asked() {
    let html = NewStatusUpdate {
        subject: Some("S".to_owned()),
        html_message: Some("<b>found</b>".to_owned()),
        ..NewStatusUpdate::new("found")
    };
    let who = [Subscriber::User("PUSR001".into()), Subscriber::Team("PTEAM01".into())];
    let asked = [Responder::User("PUSR002".into()), Responder::EscalationPolicy("PPOL001".into())];
    insta::assert_snapshot!(lines![
        status_updates::create(&id(), &html),
        status_updates::subscribers(&id()),
        status_updates::subscribe(&id(), &who),
        status_updates::unsubscribe(&id(), &who),
        responder_requests::create(&id(), &"PUSR001".into(), "please help", &asked),
        responder_requests::cancel(&id(), &"PUSR001".into(), &asked),
    ]);
}

#[test]
fn what_would_change_nothing_or_too_much_is_not_sent() {
    let many: Vec<_> = (0..=250).map(|n| (IncidentId::new(format!("Q{n}")), IncidentUpdate::resolve())).collect();
    let alerts: Vec<_> = (0..=250).map(|n| (format!("Q{n}").into(), AlertUpdate::resolve())).collect();
    let refused = [
        client().request(&incidents::update_many(&many)).err(),
        client().request(&incidents::update_many(&[])).err(),
        client().request(&incidents::merge(&id(), &[])).err(),
        client().request(&incidents::merge(&id(), &[id()])).err(),
        client().request(&alerts::update_many(&id(), &alerts)).err(),
        client().request(&alerts::update(&id(), &"QA1".into(), &AlertUpdate::default())).err(),
        client().request(&notes::update(&id(), &"".into(), "x")).err(),
        client().request(&status_updates::create(&id(), &NewStatusUpdate::new(" "))).err(),
        client().request(&status_updates::subscribe(&id(), &[])).err(),
        client().request(&responder_requests::create(&id(), &"PUSR001".into(), "x", &[])).err(),
        client().request(&custom_fields::set(&id(), &[])).err(),
    ];
    for (number, error) in refused.iter().enumerate() {
        assert!(matches!(error, Some(Error::Invalid { .. })), "{number}: {error:?}");
    }
    assert!(client().request(&incidents::update_many(&many[..250])).is_ok());
}
