//! What is sent, byte for byte.

use pagerduty::rest::incidents::{
    self, DateRange, IncidentFilter, IncidentStatus, IncidentUpdate, Include, NewIncident, Order, SortField, Urgency,
};
use pagerduty::rest::users::{self, UserFilter};
use pagerduty::rest::webhook_subscriptions::{self, Filter, NewSubscription, SubscriptionUpdate};
use pagerduty::rest::{abilities, escalation_policies, notes, services};
use pagerduty::{Client, Error, IncidentId, Paging, Region, Secret, SubscriptionId};

use crate::support::{body, client, render};

const ACCEPT: &str = "accept: application/vnd.pagerduty+json;version=2\nauthorization: ***\n";
const JSON: &str = "content-type: application/json\n";
const FROM: &str = "from: bridge@example.com\n";

fn incident() -> IncidentId {
    IncidentId::new("Q1")
}

#[test]
fn create_sends_the_smallest_incident() {
    assert_eq!(
        render(&incidents::create(&NewIncident::new("Test alert", "PSVC001"))),
        format!(
            "POST https://api.pagerduty.com/incidents\n{ACCEPT}{JSON}{FROM}{}",
            r#"{"incident":{"type":"incident","title":"Test alert","service":{"id":"PSVC001","type":"service_reference"}}}"#
        )
    );
}

#[test]
fn create_sends_the_full_incident() {
    let new = NewIncident::new("Disk full", "PSVC001")
        .with_urgency(Urgency::High)
        .with_incident_key("test-123")
        .with_body("95 % used")
        .with_priority("PPRIO01")
        .with_escalation_policy("PPOL001");
    let text = render(&incidents::create(&new));
    let sent = text.lines().last().expect("a body");
    assert_eq!(
        sent,
        concat!(
            r#"{"incident":{"type":"incident","title":"Disk full","service":{"id":"PSVC001","type":"service_reference"},"#,
            r#""urgency":"high","incident_key":"test-123","body":{"type":"incident_body","details":"95 % used"},"#,
            r#""priority":{"id":"PPRIO01","type":"priority_reference"},"#,
            r#""escalation_policy":{"id":"PPOL001","type":"escalation_policy_reference"}}}"#
        )
    );
}

#[test]
fn create_fits_title_and_key_into_the_limits() {
    let new = NewIncident::new("é".repeat(10_000), "PSVC001").with_incident_key("k".repeat(300));
    let sent = body(&incidents::create(&new));
    let title = sent["incident"]["title"].as_str().expect("text");
    assert_eq!((title.chars().count(), title.chars().last()), (1024, Some('…')));
    assert_eq!(sent["incident"]["incident_key"].as_str().map(str::len), Some(255));

    let blank = body(&incidents::create(&NewIncident::new(" ", "PSVC001").with_incident_key("")));
    assert_eq!(blank["incident"]["title"], "(no title)");
    assert!(blank["incident"].get("incident_key").is_none());
}

#[test]
fn get_repeats_includes() {
    assert_eq!(
        render(&incidents::get(&incident(), &[Include::Body, Include::Acknowledgers])),
        format!("GET https://api.pagerduty.com/incidents/Q1?include%5B%5D=body&include%5B%5D=acknowledgers\n{ACCEPT}")
    );
}

#[test]
fn list_sends_every_filter() {
    let filter = IncidentFilter {
        incident_key: Some("a b&c".to_owned()),
        service_ids: vec!["PSVC001".into(), "PSVC002".into()],
        statuses: vec![IncidentStatus::Triggered],
        urgencies: vec![Urgency::Low],
        date_range: DateRange::Between { since: Some("2026-01-01T00:00:00+01:00".to_owned()), until: None },
        sort_by: vec![(SortField::CreatedAt, Order::Descending), (SortField::Urgency, Order::Ascending)],
        paging: Paging { limit: Some(500), offset: Some(100) },
        ..IncidentFilter::default()
    };
    let request = client().request(&incidents::list(&filter)).expect("valid");
    let pairs: Vec<String> = request.url.query_pairs().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(
        pairs,
        [
            "incident_key=a b&c",
            "service_ids[]=PSVC001",
            "service_ids[]=PSVC002",
            "statuses[]=triggered",
            "urgencies[]=low",
            "since=2026-01-01T00:00:00+01:00",
            "sort_by=created_at:desc,urgency:asc",
            "limit=100",
            "offset=100",
        ]
    );
    // A plus in a query is a space; the offset of a time zone must not be.
    assert!(request.url.query().expect("a query").contains("%2B01%3A00"));
}

#[test]
fn list_of_all_times_does_not_reach_over_the_wall() {
    let filter = IncidentFilter {
        date_range: DateRange::All,
        paging: Paging { limit: Some(100), offset: Some(9_950) },
        ..IncidentFilter::default()
    };
    let request = client().request(&incidents::list(&filter)).expect("valid");
    assert_eq!(request.url.query(), Some("date_range=all&limit=50&offset=9950"));
}

#[test]
fn update_sends_only_what_changes() {
    assert_eq!(
        render(&incidents::update(&incident(), &IncidentUpdate::acknowledge()).acting_as("ann@example.com")),
        format!(
            "PUT https://api.pagerduty.com/incidents/Q1\n{ACCEPT}{JSON}from: ann@example.com\n{}",
            r#"{"incident":{"type":"incident_reference","status":"acknowledged"}}"#
        )
    );
    let all = IncidentUpdate {
        resolution: Some("fixed".to_owned()),
        title: Some("t".to_owned()),
        urgency: Some(Urgency::Low),
        priority: Some("PPRIO01".into()),
        escalation_level: Some(2),
        escalation_policy: Some("PPOL001".into()),
        assignees: vec!["PUSR001".into()],
        ..IncidentUpdate::resolve()
    };
    assert_eq!(
        body(&incidents::update(&incident(), &all)),
        serde_json::json!({"incident": {
            "type": "incident_reference", "status": "resolved", "resolution": "fixed", "title": "t", "urgency": "low",
            "priority": {"id": "PPRIO01", "type": "priority_reference"}, "escalation_level": 2,
            "escalation_policy": {"id": "PPOL001", "type": "escalation_policy_reference"},
            "assignments": [{"assignee": {"id": "PUSR001", "type": "user_reference"}}],
        }})
    );
}

#[test]
fn notes_and_snooze() {
    assert_eq!(
        render(&notes::create(&incident(), "café 🔥")),
        format!(
            "POST https://api.pagerduty.com/incidents/Q1/notes\n{ACCEPT}{JSON}{FROM}{}",
            r#"{"note":{"content":"café 🔥"}}"#
        )
    );
    assert_eq!(
        render(&notes::list(&incident())),
        format!("GET https://api.pagerduty.com/incidents/Q1/notes\n{ACCEPT}")
    );
    assert_eq!(
        render(&incidents::snooze(&incident(), 3600)),
        format!("POST https://api.pagerduty.com/incidents/Q1/snooze\n{ACCEPT}{JSON}{FROM}{}", r#"{"duration":3600}"#)
    );
}

#[test]
fn reads_of_other_objects() {
    let line = |text: String| text.lines().next().expect("a line").to_owned();
    let team = UserFilter { team_ids: vec!["PTEAM01".into()], ..UserFilter::default() };
    let lines = [
        line(render(&services::get(&"PSVC001".into(), &[]))),
        line(render(&users::get(&"PUSR001".into()))),
        line(render(&users::me())),
        line(render(&users::list(&team))),
        line(render(&escalation_policies::get(&"PPOL001".into()))),
        line(render(&abilities::list())),
        line(render(&webhook_subscriptions::list(Some(&Filter::Service("PSVC001".into())), Paging::default()))),
    ];
    assert_eq!(
        lines,
        [
            "GET https://api.pagerduty.com/services/PSVC001",
            "GET https://api.pagerduty.com/users/PUSR001",
            "GET https://api.pagerduty.com/users/me",
            "GET https://api.pagerduty.com/users?team_ids%5B%5D=PTEAM01",
            "GET https://api.pagerduty.com/escalation_policies/PPOL001",
            "GET https://api.pagerduty.com/abilities",
            "GET https://api.pagerduty.com/webhook_subscriptions?filter_type=service&filter_id=PSVC001",
        ]
    );
}

#[test]
fn webhook_subscription_calls() {
    let new = NewSubscription {
        url: "https://bridge.example.com/pd-webhook".to_owned(),
        description: "the bridge".to_owned(),
        events: vec!["incident.acknowledged".to_owned()],
        filter: Filter::Account,
        custom_headers: vec![("X-Door".to_owned(), Secret::new("open"))],
    };
    assert_eq!(
        body(&webhook_subscriptions::create(&new)),
        serde_json::json!({"webhook_subscription": {
            "type": "webhook_subscription",
            "delivery_method": {
                "type": "http_delivery_method",
                "url": "https://bridge.example.com/pd-webhook",
                "custom_headers": [{"name": "X-Door", "value": "open"}],
            },
            "description": "the bridge",
            "events": ["incident.acknowledged"],
            "filter": {"type": "account_reference"},
        }})
    );
    let id = SubscriptionId::new("PWH0001");
    assert_eq!(
        render(&webhook_subscriptions::ping(&id)),
        format!("POST https://api.pagerduty.com/webhook_subscriptions/PWH0001/ping\n{ACCEPT}")
    );
    assert_eq!(
        render(&webhook_subscriptions::enable(&id)),
        format!("POST https://api.pagerduty.com/webhook_subscriptions/PWH0001/enable\n{ACCEPT}")
    );
    assert_eq!(
        render(&webhook_subscriptions::get(&id)),
        format!("GET https://api.pagerduty.com/webhook_subscriptions/PWH0001\n{ACCEPT}")
    );
    assert_eq!(
        render(&webhook_subscriptions::delete(&id)),
        format!("DELETE https://api.pagerduty.com/webhook_subscriptions/PWH0001\n{ACCEPT}")
    );
    let update = SubscriptionUpdate { active: Some(true), ..SubscriptionUpdate::default() };
    assert_eq!(
        body(&webhook_subscriptions::update(&id, &update)),
        serde_json::json!({"webhook_subscription": {"active": true}})
    );
    let update = SubscriptionUpdate { events: Some(Vec::new()), ..update };
    assert!(matches!(client().request(&webhook_subscriptions::update(&id, &update)), Err(Error::Invalid { .. })));
}

#[test]
fn refuses_calls_that_would_mean_something_else() {
    let refused = [
        client().request(&incidents::update(&"".into(), &IncidentUpdate::resolve())).err(),
        client().request(&incidents::get(&"..".into(), &[])).err(),
        client()
            .request(&incidents::list(&IncidentFilter {
                incident_key: Some(" ".to_owned()),
                ..IncidentFilter::default()
            }))
            .err(),
        client().request(&incidents::update(&incident(), &IncidentUpdate::default())).err(),
        client().request(&incidents::snooze(&incident(), 0)).err(),
        client().request(&notes::create(&incident(), "\n")).err(),
        client().request(&notes::create(&incident(), "x").acting_as("a\nb")).err(),
        Client::builder().build().expect("valid").request(&abilities::list()).err(),
    ];
    for (number, error) in refused.iter().enumerate() {
        assert!(matches!(error, Some(Error::Invalid { .. })), "{number}: {error:?}");
    }
}

#[test]
fn ids_cannot_leave_their_place_in_the_path() {
    let request = client().request(&incidents::get(&"../users/me?x=1#y".into(), &[])).expect("valid");
    assert_eq!(request.url.as_str(), "https://api.pagerduty.com/incidents/..%2Fusers%2Fme%3Fx=1%23y");
}

#[test]
fn base_addresses_may_have_a_prefix_and_no_tls() {
    for base in ["http://127.0.0.1:9/api.pagerduty.com", "http://127.0.0.1:9/api.pagerduty.com/"] {
        let client = Client::builder().token("t").rest_url(base).build().expect("valid");
        let request = client.request(&users::me()).expect("valid");
        assert_eq!(request.url.as_str(), "http://127.0.0.1:9/api.pagerduty.com/users/me");
    }
    let eu = Client::builder().token("t").region(Region::Eu).build().expect("valid");
    let request = eu.request(&users::me()).expect("valid");
    assert_eq!(request.url.host_str(), Some("api.eu.pagerduty.com"));
}

#[test]
fn the_builder_refuses_wrong_settings() {
    for url in ["api.pagerduty.com", "ftp://x", "https://x/?a=b", ""] {
        assert!(Client::builder().rest_url(url).build().is_err(), "{url}");
        assert!(Client::builder().events_url(url).build().is_err(), "{url}");
    }
    assert!(Client::builder().token("").build().is_err());
    assert!(Client::builder().token("a\nb").build().is_err());
    assert!(Client::builder().from("a\nb").build().is_err());
}

#[test]
fn nothing_secret_is_printed() {
    let client = Client::builder().bearer("hush-token").build().expect("valid");
    let builder = Client::builder().token("hush-token");
    let event = pagerduty::events::Event::resolve("hush".repeat(8), "k");
    let call = pagerduty::events::enqueue(&event).expect("valid");
    let request = client.request(&call).expect("valid");
    let rest = client.request(&users::me()).expect("valid");
    assert_eq!(rest.headers["authorization"], "Bearer hush-token");
    let printed = format!("{client:?}{builder:?}{event:?}{call:?}{request:?}{rest:?}");
    assert!(!printed.contains("hush"), "{printed}");
}
