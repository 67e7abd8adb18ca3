use pagerduty::rest::business_services::{self, NewBusinessService, OwnerTeam};
use pagerduty::rest::extensions::{self, ExtensionFilter, NewExtension};
use pagerduty::rest::integrations::{self, NewIntegration};
use pagerduty::rest::maintenance_windows::{self, MaintenanceWindowFilter, NewMaintenanceWindow, When};
use pagerduty::rest::raw::{self, Collection};
use pagerduty::rest::services::{self, NewService, ServiceFilter};
use pagerduty::rest::urgency_rule::{IncidentUrgencyRule, ScheduledAction, SupportHours};
use pagerduty::rest::webhook_subscriptions::{self, SubscriptionUpdate};
use pagerduty::rest::{abilities, priorities, vendors};
use pagerduty::{Error, Paging, ServiceId};
use serde_json::{Map, Value, json};

use crate::support::{client, lines};

fn id() -> ServiceId {
    ServiceId::new("PSVC001")
}

#[test]
fn services_and_their_integrations() {
    let of_the_guide = NewService {
        description: Some("The API".to_owned()),
        incident_urgency_rule: Some(IncidentUrgencyRule::constant("high")),
        auto_resolve_timeout: Some(14_400),
        acknowledgement_timeout: Some(1_800),
        ..NewService::new("API", "PPOL001")
    };
    let by_hours = NewService {
        incident_urgency_rule: Some(IncidentUrgencyRule::by_support_hours("high", "low")),
        support_hours: Some(SupportHours::new("Europe/Berlin", vec![1, 2, 3, 4, 5], "09:00:00", "17:00:00")),
        scheduled_actions: vec![ScheduledAction::raise_at("support_hours_start")],
        auto_resolve_timeout: Some(0),
        ..NewService::default()
    };
    let filter = ServiceFilter {
        query: Some("a".to_owned()),
        name: Some("API".to_owned()),
        team_ids: vec!["PTEAM01".into()],
        time_zone: Some("UTC".to_owned()),
        include: vec![services::Include::Integrations],
        paging: Paging { limit: Some(5), offset: None },
    };
    let with_vendor = NewIntegration { vendor: Some("PVENDOR".into()), ..NewIntegration::events_api_v1("Old") };
    insta::assert_snapshot!(lines![
        services::list(&filter),
        services::get(&id(), &[services::Include::Teams]),
        services::create(&of_the_guide),
        services::update(&id(), &by_hours),
        services::delete(&id()),
        integrations::create(&id(), &NewIntegration::events_api_v2("Events API")),
        integrations::get(&id(), &"PINTG01".into()),
        integrations::update(&id(), &"PINTG01".into(), &with_vendor),
        vendors::list(Paging::default()),
        vendors::get(&"PVENDOR".into()),
    ]);
}

#[test]
fn what_belongs_to_services() {
    let windows = MaintenanceWindowFilter {
        query: Some("q".to_owned()),
        service_ids: vec![id()],
        team_ids: vec!["PTEAM01".into()],
        when: Some(When::Ongoing),
        include: vec![maintenance_windows::Include::Services],
        ..MaintenanceWindowFilter::default()
    };
    let new_window = NewMaintenanceWindow {
        description: Some("upgrade".to_owned()),
        ..NewMaintenanceWindow::new("2026-01-02T18:00:00Z", "2026-01-02T20:00:00Z", vec![id()])
    };
    let end = NewMaintenanceWindow { end_time: Some("2026-01-02T19:00:00Z".to_owned()), ..Default::default() };
    let extensions_of =
        ExtensionFilter { service_id: Some(id()), schema_id: Some("PSCHEMA".into()), ..ExtensionFilter::default() };
    let new_extension = NewExtension {
        endpoint_url: Some("https://x.example".to_owned()),
        config: Some(Map::from_iter([("a".to_owned(), json!(1))])),
        ..NewExtension::new("Chat", "PSCHEMA", vec![id()])
    };
    let shop = NewBusinessService {
        point_of_contact: Some("Ann".to_owned()),
        team: Some(OwnerTeam { id: "PTEAM01".into() }),
        ..NewBusinessService::new("Shop")
    };
    let off = SubscriptionUpdate { active: Some(false), ..SubscriptionUpdate::default() };
    insta::assert_snapshot!(lines![
        maintenance_windows::list(&windows),
        maintenance_windows::get(&"PMW0001".into(), &[maintenance_windows::Include::Users]),
        maintenance_windows::create(&new_window),
        maintenance_windows::update(&"PMW0001".into(), &end),
        maintenance_windows::delete(&"PMW0001".into()),
        extensions::list(&extensions_of),
        extensions::get(&"PEXT001".into()),
        extensions::create(&new_extension),
        extensions::update(&"PEXT001".into(), &NewExtension { name: Some("x".to_owned()), ..Default::default() }),
        extensions::delete(&"PEXT001".into()),
        extensions::enable(&"PEXT001".into()),
        extensions::schemas(Paging::default()),
        extensions::schema(&"PSCHEMA".into()),
        business_services::list(Paging::default()),
        business_services::get(&"PBS0001".into()),
        business_services::create(&shop),
        business_services::update(&"PBS0001".into(), &NewBusinessService::new("Store")),
        business_services::delete(&"PBS0001".into()),
        business_services::impacts(Paging::default()),
        business_services::impacts_of(&"Q1".into()),
        webhook_subscriptions::get(&"PWH0001".into()),
        webhook_subscriptions::update(&"PWH0001".into(), &off),
        webhook_subscriptions::delete(&"PWH0001".into()),
        priorities::list(Paging::default()),
        abilities::list(),
        abilities::test("teams"),
    ]);
}

fn map(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        other => panic!("not an object: {other}"),
    }
}

#[test]
fn objects_in_the_callers_own_words() {
    let name = map(json!({"type": "x", "name": "n", "new_field": [1]}));
    let incident = map(json!({"title": "t", "assignments": [
        {"id": "PUSR001", "type": "user_reference"},
        {"assignee": {"id": "PUSR002", "type": "user_reference"}},
    ]}));
    let rule = map(json!({"start_delay_in_minutes": 0, "contact_method": {"id": "PCM0001"}}));
    let query = [("include[]".to_owned(), "a b".to_owned())];
    insta::assert_snapshot!(lines![
        raw::create(&Collection::Incidents, &incident),
        raw::create(&Collection::EscalationPolicies, &name),
        raw::create(&Collection::Services, &name),
        raw::create(&Collection::Integrations(id()), &name),
        raw::create(&Collection::Schedules, &name),
        raw::create(&Collection::Overrides("PSCHED1".into()), &name),
        raw::create(&Collection::MaintenanceWindows, &name),
        raw::create(&Collection::Teams, &name),
        raw::create(&Collection::Users, &name),
        raw::create(&Collection::ContactMethods("PUSR001".into()), &name),
        raw::create(&Collection::NotificationRules("PUSR001".into()), &rule),
        raw::create(&Collection::WebhookSubscriptions, &name),
        raw::create(&Collection::Extensions, &name),
        raw::create(&Collection::BusinessServices, &name),
        raw::create(&Collection::Tags, &name),
        raw::update(&Collection::Teams, "PTEAM01", &name),
        raw::request(http::Method::PATCH, "/a/b c/d", &query, Some(&json!({"x": null}))),
    ]);
}

#[test]
fn what_lacks_a_needed_field_is_not_sent() {
    let refused = [
        client().request(&services::create(&NewService::default())).err(),
        client().request(&maintenance_windows::create(&NewMaintenanceWindow::default())).err(),
        client().request(&extensions::create(&NewExtension::default())).err(),
        client().request(&business_services::create(&NewBusinessService::default())).err(),
        client().request(&raw::request(http::Method::GET, "/users//me", &[], None)).err(),
    ];
    for (number, error) in refused.iter().enumerate() {
        assert!(matches!(error, Some(Error::Invalid { .. })), "{number}: {error:?}");
    }
}
