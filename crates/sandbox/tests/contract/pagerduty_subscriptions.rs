//! Webhook subscriptions: limits, scopes, retries over days, switching off and on.

use pagebridge_sandbox::{ClockMode, Config, Running};
use serde_json::{Value, json};

use crate::common::{Receiver, World, wait_until};

const MINUTE_MS: u64 = 60_000;
const HOUR_MS: u64 = 60 * MINUTE_MS;

async fn still() -> World {
    World::with(Config { clock: ClockMode::Manual, ..Config::default() }).await
}

fn wanted(url: &str, filter: Value) -> Value {
    json!({"webhook_subscription": {
        "type": "webhook_subscription",
        "delivery_method": {"type": "http_delivery_method", "url": url},
        "description": "bridge",
        "events": ["incident.triggered"],
        "filter": filter,
    }})
}

fn outcomes(sandbox: &Running) -> Vec<String> {
    sandbox.snapshot().pagerduty.webhook_log.into_iter().map(|record| record.outcome).collect()
}

/// Waits until so many attempts were noted, so that the clock can be advanced to the next one.
async fn noted(sandbox: &Running, count: usize) {
    wait_until(|| outcomes(sandbox).len() == count).await;
}

#[tokio::test]
async fn retries_come_after_10_s_doubling_to_30_min_and_end_after_48_h() {
    let world = still().await;
    let mut receiver = Receiver::start(&[500; 200]).await;
    world.sandbox.pagerduty().subscribe(&receiver.url, None, &[]);
    world.incident("x", None).await;
    let first = receiver.next().await;
    let begun = world.sandbox.clock().now();
    let mut at = Vec::new();
    for number in 1_usize.. {
        noted(&world.sandbox, number).await;
        if !outcomes(&world.sandbox)[number - 1].starts_with("retry") {
            break;
        }
        let pause = (10_000 << (number - 1).min(20)).min(30 * MINUTE_MS);
        world.sandbox.clock().advance(pause - 1);
        assert!(receiver.drain().is_empty());
        world.sandbox.clock().advance(1);
        let again = receiver.next().await;
        assert_eq!(again.headers["x-webhook-id"], first.headers["x-webhook-id"]);
        assert_eq!(again.raw, first.raw);
        at.push(world.sandbox.clock().now().duration_since(begun).as_secs());
    }
    assert_eq!(at[..9], [10, 30, 70, 150, 310, 630, 1_270, 2_550, 4_350]);
    let last = *at.last().expect("retries");
    assert!((48 * 3_600 - 1_800..=48 * 3_600).contains(&last), "{last}");
    assert_eq!(outcomes(&world.sandbox).last().map(String::as_str), Some("given up: status 500"));
}

#[tokio::test]
async fn three_drops_in_a_row_switch_off_for_a_day_and_discard_the_queue() {
    let world = still().await;
    // The first waits for its retry while the three others are refused.
    let mut receiver = Receiver::start(&[503, 410, 410, 410]).await;
    let id = world.sandbox.pagerduty().subscribe(&receiver.url, None, &[]);
    for number in 1..=4 {
        world.incident("x", None).await;
        receiver.next().await;
        wait_until(|| outcomes(&world.sandbox).len() >= number).await;
    }
    let waiting = || world.sandbox.snapshot().pagerduty.webhooks.waiting;
    wait_until(|| waiting() == 0).await;
    let disabled = || world.sandbox.snapshot().pagerduty.subscriptions[0].temporarily_disabled;
    assert!(disabled());
    assert!(outcomes(&world.sandbox).contains(&"dropped: the target is switched off".to_owned()));
    world.incident("lost", None).await;
    world.sandbox.clock().advance(24 * HOUR_MS - 1);
    world.incident("lost, too", None).await;
    assert!(disabled());
    world.sandbox.clock().advance(1);
    assert!(!disabled());
    world.incident("seen", None).await;
    assert_eq!(receiver.next().await.body["event"]["data"]["title"], "seen");
    assert!(receiver.drain().is_empty());
    let shown = world.pd("GET", &format!("/webhook_subscriptions/{id}"), None).await.body;
    assert_eq!(shown["webhook_subscription"]["delivery_method"]["temporarily_disabled"], false);
}

#[tokio::test]
async fn a_success_in_between_starts_the_count_of_drops_anew() {
    let world = still().await;
    let mut receiver = Receiver::start(&[400, 400, 202, 400, 400]).await;
    world.sandbox.pagerduty().subscribe(&receiver.url, None, &[]);
    for number in 1..=5 {
        world.incident("x", None).await;
        receiver.next().await;
        noted(&world.sandbox, number).await;
    }
    assert!(!world.sandbox.snapshot().pagerduty.subscriptions[0].temporarily_disabled);
}

#[tokio::test]
async fn one_incident_waits_for_its_retry_while_another_goes_on() {
    let world = still().await;
    let mut receiver = Receiver::start(&[500]).await;
    world.sandbox.pagerduty().subscribe(&receiver.url, None, &[]);
    let first = world.incident("first", None).await;
    receiver.next().await;
    noted(&world.sandbox, 1).await;
    world.put_status(&first, "acknowledged").await;
    world.incident("second", None).await;
    assert_eq!(receiver.next().await.body["event"]["data"]["title"], "second");
    noted(&world.sandbox, 2).await;
    assert!(receiver.drain().is_empty());
    world.sandbox.clock().advance(10_000);
    for wanted in ["incident.triggered", "incident.acknowledged"] {
        assert_eq!(receiver.next().await.body["event"]["event_type"], wanted);
    }
}

#[tokio::test]
async fn a_removed_subscription_gets_nothing_more() {
    let world = still().await;
    let mut receiver = Receiver::start(&[500]).await;
    let id = world.sandbox.pagerduty().subscribe(&receiver.url, None, &[]);
    world.incident("x", None).await;
    receiver.next().await;
    noted(&world.sandbox, 1).await;
    assert_eq!(world.pd("DELETE", &format!("/webhook_subscriptions/{id}"), None).await.status, 204);
    wait_until(|| world.sandbox.snapshot().pagerduty.webhooks.waiting == 0).await;
    world.sandbox.clock().advance(HOUR_MS);
    world.incident("y", None).await;
    assert!(receiver.drain().is_empty());
    assert_eq!(outcomes(&world.sandbox), ["retry: status 500", "dropped: the target was removed"]);
}

#[tokio::test]
async fn a_scope_holds_ten_and_an_update_cannot_sneak_in_an_eleventh() {
    let world = still().await;
    let account = json!({"type": "account_reference"});
    let service = json!({"type": "service_reference", "id": world.sandbox.service_id});
    let url = "http://127.0.0.1:1/hook";
    for _ in 0..10 {
        assert_eq!(world.pd("POST", "/webhook_subscriptions", Some(wanted(url, account.clone()))).await.status, 200);
    }
    let full = world.pd("POST", "/webhook_subscriptions", Some(wanted(url, account.clone()))).await;
    assert_eq!((full.status, &full.body["error"]["code"]), (400, &json!(2019)));
    let other = world.pd("POST", "/webhook_subscriptions", Some(wanted(url, service.clone()))).await;
    let path = format!("/webhook_subscriptions/{}", other.body["webhook_subscription"]["id"].as_str().expect("an id"));
    let moved = json!({"webhook_subscription": {"type": "webhook_subscription", "filter": account}});
    assert_eq!(world.pd("PUT", &path, Some(moved)).await.body["error"]["code"], 2019);
    let same = json!({"webhook_subscription": {"filter": service, "description": "renamed", "events": ["service.updated"],
        "delivery_method": {"url": "http://127.0.0.1:2/other"}}});
    let changed = world.pd("PUT", &path, Some(same)).await.body["webhook_subscription"].clone();
    assert_eq!(
        (&changed["description"], &changed["events"], &changed["delivery_method"]["url"]),
        (&json!("renamed"), &json!(["service.updated"]), &json!(url))
    );
    let found = world.pd("GET", "/webhook_subscriptions?filter_type=account&limit=100", None).await.body;
    assert_eq!(found["webhook_subscriptions"].as_array().map(Vec::len), Some(10));
}

#[tokio::test]
async fn a_bad_subscription_is_refused_by_name() {
    let world = still().await;
    let good = wanted("http://127.0.0.1:1/", json!({"type": "account_reference"}));
    let cases = [
        ("/delivery_method/url", json!("ftp://x/"), "url"),
        ("/events", json!([]), "at least one"),
        ("/events", json!(["pagey.ping"]), "pagey.ping"),
        ("/events", json!(["incident.exploded"]), "incident.exploded"),
        ("/filter", json!({"type": "service_reference"}), "Filter id"),
        ("/filter", json!({"type": "service_reference", "id": "PNONE00"}), "service not found"),
        ("/filter", json!({"type": "user_reference", "id": "P"}), "Filter type"),
        ("/delivery_method/custom_headers", json!([{"name": "a b", "value": "x"}]), "a b"),
        (
            "/delivery_method/custom_headers",
            json!([{"name": "A", "value": "1"}, {"name": "a", "value": "2"}]),
            "unique",
        ),
    ];
    for (place, value, named) in cases {
        let mut bad = good.clone();
        bad["webhook_subscription"]["delivery_method"]["custom_headers"] = json!([]);
        *bad.pointer_mut(&format!("/webhook_subscription{place}")).expect("a place") = value;
        let refused = world.pd("POST", "/webhook_subscriptions", Some(bad)).await;
        assert_eq!(refused.status, 400, "{place}");
        let errors = refused.body["error"]["errors"].to_string();
        assert!(errors.contains(named), "{place}: {errors}");
    }
}

#[tokio::test]
async fn a_slow_receiver_is_given_the_time_limit_and_then_asked_again() {
    let mut config = Config { clock: ClockMode::Manual, ..Config::default() };
    config.pagerduty.webhook_timeout_ms = 20;
    let world = World::with(config).await;
    // It accepts connections into its backlog and never answers.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}/", silent.local_addr().expect("an address"));
    world.sandbox.pagerduty().subscribe(&url, None, &[]);
    world.incident("x", None).await;
    noted(&world.sandbox, 1).await;
    assert!(outcomes(&world.sandbox)[0].starts_with("retry: "), "{:?}", outcomes(&world.sandbox));
}
