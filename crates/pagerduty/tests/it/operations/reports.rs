use pagerduty::Error;
use pagerduty::rest::analytics::{self, AnalyticsFilter, By, MetricsQuery, RawQuery};
use pagerduty::rest::audit::{self, AuditFilter, Audited};
use pagerduty::rest::change_events::{self, ChangeEventFilter};
use pagerduty::rest::incidents::Urgency;
use pagerduty::rest::notifications::{self, Kind, NotificationFilter};

use crate::support::{client, lines};

#[test]
fn reports() {
    let filters = AnalyticsFilter {
        created_at_start: Some("2026-01-01T00:00:00Z".to_owned()),
        urgency: Some(Urgency::High),
        major: Some(false),
        team_ids: vec!["PTEAM01".into()],
        ..AnalyticsFilter::default()
    };
    let raw =
        RawQuery { filters: filters.clone(), order: Some("desc".to_owned()), limit: Some(1000), ..RawQuery::default() };
    let metrics = MetricsQuery { filters, aggregate_unit: Some("week".to_owned()), time_zone: Some("UTC".to_owned()) };
    let audited = AuditFilter {
        since: Some("2026-01-01T00:00:00Z".to_owned()),
        root_resource_types: vec!["users".to_owned()],
        actions: vec!["delete".to_owned()],
        cursor: Some("c".to_owned()),
        limit: Some(500),
        ..AuditFilter::default()
    };
    let changes = ChangeEventFilter {
        since: Some("2026-01-01T00:00:00Z".to_owned()),
        team_ids: vec!["PTEAM01".into()],
        integration_ids: vec!["PINTG01".into()],
        ..ChangeEventFilter::default()
    };
    let texts = NotificationFilter {
        kind: Some(Kind::Sms),
        time_zone: Some("UTC".to_owned()),
        include_users: true,
        ..NotificationFilter::between("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z")
    };
    insta::assert_snapshot!(lines![
        analytics::raw_incidents(&raw),
        analytics::raw_incident(&"Q1".into()),
        analytics::raw_responses(&"Q1".into()),
        analytics::metrics(By::All, &MetricsQuery::default()),
        analytics::metrics(By::Services, &metrics),
        analytics::metrics(By::Teams, &metrics),
        analytics::metrics(By::EscalationPolicies, &metrics),
        audit::list(&audited),
        audit::of(&Audited::Schedules, "PSCHED1", &AuditFilter::default()),
        change_events::list(&changes),
        change_events::of_service(&"PSVC001".into(), &ChangeEventFilter::default()),
        change_events::get(&"PCE0001".into()),
        notifications::list(&texts),
    ]);
    let without = client().request(&notifications::list(&NotificationFilter::default())).err();
    assert!(matches!(without, Some(Error::Invalid { .. })), "{without:?}");
}
