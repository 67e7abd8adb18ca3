//! Reading answers whose wrapping or status is an exception, and every shape of error.

use pagerduty::rest::status_updates::Subscriber;
use pagerduty::rest::webhook_subscriptions::{self, Filter, NewSubscription};
use pagerduty::rest::{
    abilities, alerts, analytics, business_services, change_events, custom_fields, extensions, incidents, integrations,
    log_entries, maintenance_windows, notes, notification_rules, notifications, oncalls, overrides, raw, related,
    responder_requests, schedules, services, status_updates, teams, users,
};
use pagerduty::{Call, Class, Error, IncidentId, Reply};
use serde_json::json;

use crate::server::{Answer, answers};

async fn reply<T>(call: &Call<T>, status: u16, body: &str) -> Reply<T> {
    let answer = Answer::new(status, body);
    let (client, _) = answers(move |_| answer.clone()).await;
    client.call(call).await.unwrap_or_else(|error| panic!("{call:?}: {error}"))
}

async fn value<T>(call: &Call<T>, status: u16, body: &str) -> T {
    reply(call, status, body).await.value
}

async fn error(status: u16, body: &'static str) -> Error {
    let (client, _) = answers(move |_| Answer::new(status, body)).await;
    client.call(&users::me()).await.expect_err("an error")
}

fn id() -> IncidentId {
    IncidentId::new("Q1")
}

#[tokio::test]
async fn answers_with_a_wrapper_of_another_name() {
    let reference = r#"{"incident":{"id":"Q1","type":"incident_reference","summary":null}}"#;
    assert_eq!(value(&incidents::merge(&id(), &["Q2".into()]), 200, reference).await.id.as_str(), "Q1");
    assert_eq!(value(&incidents::snooze(&id(), 60), 201, reference).await.id.as_str(), "Q1");
    let update = status_updates::create(&id(), &status_updates::NewStatusUpdate::new("x"));
    let body = r#"{"status_update":{"id":"PSU","message":"x","created_at":"t","sender":{"id":"P"}}}"#;
    assert_eq!(value(&update, 200, body).await.message.as_deref(), Some("x"));
    let who = [Subscriber::User("P1".into())];
    let body = r#"{"subscriptions":[{"subscriber_id":"P1","subscriber_type":"user","result":"duplicate"}]}"#;
    let added = value(&status_updates::subscribe(&id(), &who), 200, body).await;
    assert_eq!(added[0].result.as_deref(), Some("duplicate"));
    let body = r#"{"deleted_count":1,"unauthorized_count":0,"non_existent_count":2}"#;
    let gone = value(&status_updates::unsubscribe(&id(), &who), 200, body).await;
    assert_eq!((gone.deleted_count, gone.non_existent_count), (Some(1), Some(2)));
    let body = r#"{"custom_fields":[{"id":"PF","name":"n","value":["a"]},{"id":"PG","value":null}]}"#;
    let fields = value(&custom_fields::get(&id()), 201, body).await;
    assert_eq!((&fields[0].value, &fields[1].value), (&json!(["a"]), &json!(null)));
    let body = r#"{"extension":{"id":"PE","name":"n","endpoint_url":"https://hush"}}"#;
    let extension = value(&extensions::enable(&"PE".into()), 200, body).await;
    assert!(!format!("{extension:?}").contains("hush"));
    let body = r#"{"services":[{"id":"PBS","status":"impacted"}],"more":false}"#;
    assert_eq!(
        value(&business_services::impacts_of(&id()), 200, body).await.items[0].status.as_deref(),
        Some("impacted")
    );
    let body = r#"{"change_events":[{"id":"PCE","summary":"deployed","links":[{"href":"h"}]}]}"#;
    assert_eq!(value(&related::change_events(&id()), 200, body).await[0].summary.as_deref(), Some("deployed"));
    assert_eq!(value(&users::me(), 200, r#"{"user":{"id":"PU","name":"Ann"}}"#).await.name, "Ann");
}

#[tokio::test]
async fn answers_without_a_wrapper() {
    let body = r#"[{"status":201,"override":{"id":"PO","start":"s","user":{"id":"PU"}}},
        {"status":400,"errors":["Override must end after its start"],"override":{"start":"s"}}, {"status":500}]"#;
    let tonight = overrides::NewOverride::new("s", "e", "PU");
    let made = value(&overrides::create(&"PS".into(), std::slice::from_ref(&tonight)), 201, body).await;
    let results: Vec<_> = made.into_iter().map(|one| one.into_result().map(|made| made.id.to_string())).collect();
    let refused = |text: &str| Err(text.to_owned());
    assert_eq!(
        results,
        [Ok("PO".to_owned()), refused("Override must end after its start"), refused("refused with status 500")]
    );
    let one = value(&overrides::create_one(&"PS".into(), &tonight), 201, r#"{"override":{"id":"PO"}}"#).await;
    assert_eq!(one.id.as_str(), "PO");
    let list = overrides::list(&"PS".into(), "s", "u");
    assert_eq!(value(&list, 201, r#"{"overrides":[{"id":"PO"}]}"#).await.len(), 1);

    let who = [responder_requests::Responder::User("PU".into())];
    let body = r#"{"responder_request_targets":[{"id":"PU","type":"user_reference","result":"cancelled"}]}"#;
    let cancelled = value(&responder_requests::cancel(&id(), &"PU".into(), &who), 200, body).await;
    assert_eq!(cancelled.responder_request_targets[0].result.as_deref(), Some("cancelled"));
    let body = r#"{"responder_request":{"message":"m","responder_request_targets":[{"responder_request_target":
        {"id":"PU","type":"user","incidents_responders":[{"state":"pending","user":{"id":"PU"}}]}}]}}"#;
    let asked = value(&responder_requests::create(&id(), &"PU".into(), "m", &who), 200, body).await;
    let target = asked.responder_request_targets[0].responder_request_target.as_ref().expect("a target");
    assert_eq!(target.incidents_responders[0].state.as_deref(), Some("pending"));

    let body = r#"{"id":"Q1","seconds_to_first_ack":12,"major":true}"#;
    assert_eq!(value(&analytics::raw_incident(&id()), 200, body).await.seconds_to_first_ack, Some(12));
    let body = r#"{"data":[{"mean_seconds_to_resolve":1.5,"total_incident_count":3}],"filters":{}}"#;
    let rows = value(&analytics::metrics(analytics::By::All, &analytics::MetricsQuery::default()), 200, body).await;
    assert_eq!((rows[0].mean_seconds_to_resolve, rows[0].total_incident_count), (Some(1.5), Some(3)));
}

#[tokio::test]
async fn answers_with_an_unusual_status_or_no_body() {
    value(&teams::add_user(&"PT".into(), &"PU".into(), None), 204, "").await;
    value(&abilities::test("teams"), 204, "").await;
    value(&overrides::delete(&"PS".into(), &"PO".into()), 200, "{}").await;
    value(&log_entries::update_channel(&"R1".into(), &serde_json::Map::new()), 202, "").await;
    assert_eq!(reply(&notes::create(&id(), "x"), 200, r#"{"note":{"id":"PN"}}"#).await.status, 200);
    let new = NewSubscription {
        url: "https://x".to_owned(),
        description: String::new(),
        events: vec!["incident.triggered".to_owned()],
        filter: Filter::Account,
        custom_headers: Vec::new(),
    };
    let body = r#"{"webhook_subscription":{"id":"PW","delivery_method":{"url":"https://x","secret":"hush"}}}"#;
    let made = value(&webhook_subscriptions::create(&new), 200, body).await;
    assert!(!format!("{made:?}").contains("hush"));
    assert_eq!(made.delivery_method.and_then(|method| method.secret).expect("a secret").expose(), "hush");
    let body = r#"{"integration":{"id":"PI","integration_key":"hush"}}"#;
    let made = value(&integrations::get(&"PS".into(), &"PI".into()), 200, body).await;
    assert!(!format!("{made:?}").contains("hush"));
}

#[tokio::test]
async fn nothing_but_the_own_id_has_to_be_there() {
    let nulls = r#"{"service":{"id":"PS","name":null,"status":7,"integrations":[null,{"id":"PI"}],"teams":null,
        "escalation_policy":"x","incident_urgency_rule":{"type":null,"urgency":null},"support_hours":null}}"#;
    let service = value(&services::get(&"PS".into(), &[]), 200, nulls).await;
    assert_eq!((service.name.as_str(), service.integrations.len()), ("", 1));
    let body = r#"{"oncalls":[{"user":{"id":"PU","summary":"Ann"},"schedule":null,"escalation_policy":{"id":"PP"},
        "escalation_level":1,"start":null,"end":null}],"more":false}"#;
    let on_call = value(&oncalls::list(&oncalls::OnCallFilter::default()), 200, body).await.items.remove(0);
    assert!(on_call.schedule.is_none() && on_call.user.is_some());
    let body = r#"{"schedule":{"id":"PS","schedule_layers":[{"users":[{"user":{"id":"PU"}}],"restrictions":
        [{"type":"daily_restriction","start_time_of_day":"08:00:00","duration_seconds":60}]}],"final_schedule":
        {"rendered_schedule_entries":[{"user":null,"start":"s","end":"e"}],"rendered_coverage_percentage":null}}}"#;
    let schedule = value(&schedules::get(&"PS".into(), &schedules::Window::default()), 200, body).await;
    assert_eq!(schedule.schedule_layers[0].restrictions[0].duration_seconds, Some(60));
    let body =
        r#"{"alerts":[{"id":"QA","status":"snoring","severity":null,"body":{"details":"text","contexts":null}}]}"#;
    let alert = value(&alerts::list(&id(), &alerts::AlertFilter::default()), 200, body).await.items.remove(0);
    assert_eq!(alert.body.and_then(|body| body.details), Some(json!("text")));
    let body = r#"{"notification_rules":[{"id":"PR","start_delay_in_minutes":0,"contact_method":{"id":"PC"}}]}"#;
    let rules = notification_rules::list(&"PU".into(), notification_rules::Of::All, true);
    assert_eq!(value(&rules, 200, body).await[0].start_delay_in_minutes, Some(0));
    let body = r#"{"maintenance_window":{"id":"PM","services":[{"id":"PS"}],"sequence_number":-1}}"#;
    assert_eq!(value(&maintenance_windows::get(&"PM".into(), &[]), 200, body).await.sequence_number, None);
    let body = r#"{"notifications":[{"id":"PN","type":"sms_notification","user":{"id":"PU"}}],"more":false}"#;
    let filter = notifications::NotificationFilter::between("s", "u");
    assert_eq!(
        value(&notifications::list(&filter), 200, body).await.items[0].kind.as_deref(),
        Some("sms_notification")
    );
    let body = r#"{"change_events":null,"more":null}"#;
    let none = change_events::list(&change_events::ChangeEventFilter::default());
    assert!(value(&none, 200, body).await.items.is_empty());
}

#[tokio::test]
async fn untyped_answers_keep_what_the_crate_does_not_know() {
    let body = r#"{"team":{"id":"PT","brand_new":{"a":[1]}}}"#;
    let team = value(&teams::get(&"PT".into()).untyped(), 200, body).await;
    assert_eq!(team["brand_new"]["a"][0], 1);
    let page = teams::list(&teams::TeamFilter::default()).untyped_items();
    let page = value(&page, 200, r#"{"teams":[{"id":"PT","brand_new":1}],"more":true}"#).await;
    assert_eq!((page.items[0]["brand_new"].as_u64(), page.next_offset(0)), (Some(1), Some(1)));
    let gone = teams::delete(&"PT".into(), None).untyped();
    assert_eq!(value(&gone, 204, "").await, json!(null));
    let raw = raw::create(&raw::Collection::Teams, &serde_json::Map::new());
    assert_eq!(value(&raw, 201, body).await["id"], "PT");
}

#[tokio::test]
async fn every_shape_of_error_is_read() {
    let table: &[(u16, &'static str, Option<u32>, Class, &str)] = &[
        (400, r#"{"error":{"message":"m","code":2001,"errors":["a","b"]}}"#, Some(2001), Class::Permanent, "m: a: b"),
        (400, r#"{"error":{"message":"m","code":"2001","errors":"a"}}"#, Some(2001), Class::Permanent, "m: a"),
        (
            400,
            r#"{"error":{"message":"m","code":2001,"errors":{"foo":["bar"]}}}"#,
            Some(2001),
            Class::Permanent,
            "foo: bar",
        ),
        (400, r#"{"error":{"message":"m","code":2001,"errors":[]}}"#, Some(2001), Class::Permanent, "m"),
        (400, r#"{"error":{"message":"m","code":2001}}"#, Some(2001), Class::Permanent, "m"),
        (400, r#"{"error":"use a user-level token"}"#, None, Class::Permanent, "use a user-level token"),
        (400, r#"{"error":["links should have at most 50 item(s)"]}"#, None, Class::Permanent, "at most 50"),
        (400, r#"{"status":"invalid event","message":"m","errors":["a"]}"#, None, Class::Permanent, "m: a"),
        (400, "Invalid routing key", None, Class::Unauthorized, "Invalid routing key"),
        (401, "", None, Class::Unauthorized, "answered 401"),
        (401, "<html>no</html>", None, Class::Unauthorized, "HTML"),
        (403, r#"{"error":{"message":"m","required_scopes":["a"],"token_scopes":[]}}"#, None, Class::Forbidden, "m"),
        (402, r#"{"error":{"message":"m","code":2014}}"#, Some(2014), Class::Forbidden, "m"),
        (405, "", None, Class::Permanent, "answered 405"),
        (429, "", None, Class::RateLimited { wait: None }, "answered 429"),
        (429, r#"{"error":{"message":"m","code":2020}}"#, Some(2020), Class::RateLimited { wait: None }, "m"),
    ];
    for &(status, body, code, class, words) in table {
        let error = error(status, body).await;
        let response = error.response().expect("an answer");
        assert_eq!((response.status, response.code, error.class()), (status, code, class), "{body}");
        assert!(error.to_string().contains(words), "{error}");
    }
}
