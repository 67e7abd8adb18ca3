//! `doctor` against accounts with one fault each, and against healthy ones.

use crate::program::Ended;
use crate::world::{World, example};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// Answers whatever comes, and gives its address.
async fn receiver() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}/hooks", listener.local_addr().expect("bound"));
    #[expect(clippy::disallowed_methods, reason = "it ends with the test's runtime")]
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            let mut some = [0; 4096];
            let _ = connection.read(&mut some).await;
            let answer = b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            let _ = connection.write_all(answer).await;
        }
    });
    url
}

/// A healthy account: somebody is on call and reached, and a webhook subscription of all event types posts to what answers.
struct Healthy {
    world: World,
    subscription: String,
    service: String,
    /// The variable with the token.
    token: &'static str,
    /// What `doctor` is called with.
    args: Vec<String>,
}

impl Healthy {
    async fn new(name: &str) -> Self {
        Self::of(World::account(name).await, "PD_API_TOKEN", Vec::new()).await
    }

    /// The account of a bridge that is configured.
    async fn bridge(name: &str) -> Self {
        let args = vec!["--config".to_owned(), example().to_str().expect("text").to_owned()];
        Self::of(World::config(name).await, "PAGERDUTY_API_TOKEN", args).await
    }

    async fn of(world: World, token: &'static str, args: Vec<String>) -> Self {
        let made = world.control("pagerduty/webhooks", json!({"url": receiver().await})).await;
        let service = world.ready["pagerduty"]["service_id"].as_str().expect("an id").to_owned();
        Self { subscription: made["id"].as_str().expect("an id").to_owned(), service, token, args, world }
    }

    async fn pd(&self, method: &str, path: &str, body: Value) -> Value {
        let url = format!("{}{path}", self.world.get("PAGERDUTY_API_URL"));
        let token = self.world.ready["pagerduty"]["account_token"].as_str().expect("a token");
        let request = self.world.client.request(method.parse().expect("a method"), url).json(&body);
        let request = request.header("Authorization", format!("Token token={token}"));
        let sent = request.header("From", self.world.get("PAGERDUTY_FROM")).send().await.expect("an answer");
        let (status, text) = (sent.status(), sent.text().await.expect("text"));
        assert!(status.is_success(), "{method} {path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// The id of the first object that a list shows.
    async fn first(&self, path: &str, key: &str) -> String {
        self.pd("GET", path, json!({})).await[key][0]["id"].as_str().expect("an id").to_owned()
    }

    async fn ann(&self) -> String {
        self.first("/users?query=ann.berg", "users").await
    }

    /// Puts Ann on call by a schedule whose only layer begins and ends at these times.
    async fn on_schedule(&self, start: &str, end: Option<&str>) {
        let ann = json!({"user": {"id": self.ann().await, "type": "user_reference"}});
        let layer = json!({"start": start, "end": end, "rotation_virtual_start": start,
            "rotation_turn_length_seconds": 86400, "users": [ann]});
        let schedule = json!({"schedule": {"type": "schedule", "name": "Nights", "time_zone": "Etc/UTC", "schedule_layers": [layer]}});
        let made = self.pd("POST", "/schedules", schedule).await["schedule"]["id"].clone();
        let rule = json!({"escalation_delay_in_minutes": 10, "targets": [{"id": made, "type": "schedule_reference"}]});
        let policy = self.first("/escalation_policies?query=default", "escalation_policies").await;
        let change = json!({"escalation_policy": {"type": "escalation_policy", "escalation_rules": [rule]}});
        self.pd("PUT", &format!("/escalation_policies/{policy}"), change).await;
    }

    async fn break_by(&mut self, fault: &str) {
        let subscription = format!("/webhook_subscriptions/{}", self.subscription);
        match fault {
            "a routing key that is none" => self.world.set("PD_ROUTING_KEY", &json!("u+abcdefghijklmnopqr")),
            "a routing key of nobody" => self.world.set("PD_ROUTING_KEY", &json!("0123456789abcdef0123456789abcdef")),
            "an unknown token" => self.world.set(self.token, &json!("u+abcdefghijklmnopqr")),
            "a token that only reads" => {
                let made = self.world.control("pagerduty/tokens", json!({"read_only": true})).await;
                self.world.set(self.token, &made["token"]);
            }
            "an address of nobody" => self.world.set("PAGERDUTY_FROM", &json!("nobody@example.test")),
            "no subscription" => drop(self.pd("DELETE", &subscription, json!({})).await),
            "a subscription switched off" => {
                self.pd("PUT", &subscription, json!({"webhook_subscription": {"active": false}})).await;
            }
            "a subscription that rests" => {
                self.world.control(&format!("pagerduty/webhooks/{}/disable", self.subscription), json!({})).await;
            }
            "a subscription that lacks events" => {
                let few = json!({"webhook_subscription": {"events": ["incident.triggered"]}});
                self.pd("PUT", &subscription, few).await;
            }
            "a subscription that nobody hears" => {
                self.pd("DELETE", &subscription, json!({})).await;
                self.world.control("pagerduty/webhooks", json!({"url": "http://127.0.0.1:9/hooks"})).await;
            }
            "a disabled service" => self.set_service("disabled").await,
            "maintenance" => {
                let window = json!({"type": "maintenance_window", "start_time": "2020-01-01T00:00:00Z",
                    "end_time": "2100-01-01T00:00:00Z", "services": [{"id": self.service, "type": "service_reference"}]});
                self.pd("POST", "/maintenance_windows", json!({"maintenance_window": window})).await;
            }
            other => self.break_people_or_rules(other).await,
        }
    }

    async fn break_people_or_rules(&self, fault: &str) {
        match fault {
            "nobody on call" => self.on_schedule("2020-01-01T00:00:00Z", Some("2020-02-01T00:00:00Z")).await,
            "a schedule of another zone" => {
                self.on_schedule("2020-01-01T00:00:00Z", None).await;
                let zone = json!({"user": {"type": "user", "time_zone": "America/New_York"}});
                self.pd("PUT", &format!("/users/{}", self.ann().await), zone).await;
            }
            "a number that was never verified" => {
                let path = format!("/users/{}/contact_methods", self.ann().await);
                let mail = self.first(&path, "contact_methods").await;
                let phone = json!({"contact_method": {"type": "phone_contact_method", "label": "Mobile", "address": "5550100"}});
                let phone = self.pd("POST", &path, phone).await["contact_method"]["id"].clone();
                self.pd("DELETE", &format!("{path}/{mail}"), json!({})).await;
                let path = format!("pagerduty/contact-methods/{}", phone.as_str().expect("an id"));
                self.world.control(&path, json!({"enabled": false})).await;
            }
            "no notification rule" => {
                let path = format!("/users/{}/notification_rules", self.ann().await);
                let rule = self.first(&format!("{path}?urgency=high"), "notification_rules").await;
                self.pd("DELETE", &format!("{path}/{rule}"), json!({})).await;
            }
            "a rule that suppresses" => {
                let condition = json!({"expression": "event.summary matches part 'flaky'"});
                let rule = json!({"label": "quiet", "conditions": [condition], "actions": {"suppress": true}});
                let path = format!("/event_orchestrations/services/{}", self.service);
                let sets = json!({"orchestration_path": {"sets": [{"id": "start", "rules": [rule]}]}});
                self.pd("PUT", &path, sets).await;
                self.pd("PUT", &format!("{path}/active"), json!({"active": true})).await;
            }
            "a limit that is nearly used up" => {
                self.world.control("pagerduty/settings", json!({"rest_per_minute": 600})).await;
                for _ in 0..555 {
                    self.pd("GET", "/abilities", json!({})).await;
                }
            }
            "events without a dedup key" => {
                for _ in 0..3 {
                    self.world.control("pagerduty/incidents", json!({"title": "Disk full on db-07"})).await;
                }
            }
            other => panic!("no fault is called {other}"),
        }
    }

    async fn set_service(&self, status: &str) {
        self.world.control(&format!("pagerduty/services/{}", self.service), json!({"status": status})).await;
    }

    async fn doctor(&self, args: &[&str]) -> Ended {
        let own: Vec<&str> = self.args.iter().map(String::as_str).collect();
        self.world.run(&[&["doctor"], own.as_slice(), args].concat()).await
    }
}

/// Everything but that all is well: check and result.
fn troubles(ended: &Ended) -> Vec<(String, String)> {
    let told = ended.json();
    let rows = told["checks"].as_array().expect("a list").iter().filter(|row| row["system"] == "pagerduty");
    let text = |row: &Value, key: &str| row[key].as_str().unwrap_or_default().to_owned();
    let wrong = rows.filter(|row| row["result"] != "ok" || row["remedy"] != Value::Null);
    wrong
        .inspect(|row| assert_ne!(text(row, "remedy"), "", "{row}"))
        .map(|row| (text(row, "name"), text(row, "result")))
        .collect()
}

#[tokio::test]
async fn nothing_is_said_of_a_healthy_account() {
    let healthy = Healthy::new("doctor-healthy").await;
    let ended = healthy.doctor(&["--json", "--strict"]).await;
    assert_eq!((ended.code, troubles(&ended)), (Some(0), Vec::new()), "{ended:?}");
    assert_eq!(ended.json()["ok"], true);
    let quiet = healthy.doctor(&["--quiet", "--strict"]).await;
    assert_eq!((quiet.code, quiet.out.as_str(), quiet.err.as_str()), (Some(0), "", ""));
    let state = healthy.world.state().await;
    assert!(state.incidents().is_empty(), "nothing was made");
}

#[tokio::test]
async fn each_fault_is_found_and_nothing_else() {
    let faults = [
        ("a routing key that is none", "routing key", "failed"),
        ("a routing key of nobody", "routing key", "failed"),
        ("an unknown token", "API token", "failed"),
        ("a token that only reads", "write access", "warning"),
        ("an address of nobody", "user", "failed"),
        ("no subscription", "webhook subscription", "warning"),
        ("a subscription switched off", "webhook subscription", "warning"),
        ("a subscription that rests", "webhook subscription", "warning"),
        ("a subscription that lacks events", "webhook subscription", "warning"),
        ("a subscription that nobody hears", "webhook address", "warning"),
        ("a disabled service", "service", "warning"),
        ("maintenance", "maintenance", "warning"),
        ("nobody on call", "escalation policy", "failed"),
        ("a schedule of another zone", "time zones", "warning"),
        ("a number that was never verified", "contact methods", "failed"),
        ("no notification rule", "contact methods", "failed"),
        ("a rule that suppresses", "event rules", "warning"),
        ("a limit that is nearly used up", "rate limit", "warning"),
        ("events without a dedup key", "dedup keys", "warning"),
    ];
    for (place, (fault, check, result)) in faults.into_iter().enumerate() {
        let mut account = Healthy::new(&format!("doctor-{place}")).await;
        account.break_by(fault).await;
        let ended = account.doctor(&["--json"]).await;
        let expected = (check.to_owned(), result.to_owned());
        assert_eq!(troubles(&ended), [expected], "{fault}: {ended:?}");
        let code = if result == "failed" { 1 } else { 0 };
        assert_eq!(ended.code, Some(code), "{fault}: {ended:?}");
        for secret in ["PD_API_TOKEN", "PD_ROUTING_KEY", "PD_WEBHOOK_SECRET"] {
            assert!(!ended.out.contains(account.world.get(secret)), "{fault}: {secret} is told");
        }
        let strict = account.doctor(&["--strict", "--quiet"]).await;
        assert!(strict.code == Some(1) && strict.out.contains(check), "{fault}: {strict:?}");
    }
}

#[tokio::test]
async fn each_fault_of_a_bridges_account_is_found_too() {
    let faults = [
        ("an unknown token", "API token", "failed"),
        ("a token that only reads", "write access", "failed"),
        ("an address of nobody", "user", "failed"),
        ("no subscription", "webhook subscription", "warning"),
        ("a subscription switched off", "webhook subscription", "warning"),
        ("a subscription that lacks events", "webhook subscription", "warning"),
        ("a disabled service", "service", "failed"),
        ("maintenance", "maintenance", "warning"),
        ("nobody on call", "escalation policy", "failed"),
        ("a number that was never verified", "contact methods", "failed"),
        ("a rule that suppresses", "event rules", "warning"),
    ];
    for (place, (fault, check, result)) in faults.into_iter().enumerate() {
        let mut bridge = Healthy::bridge(&format!("doctor-bridge-{place}")).await;
        bridge.break_by(fault).await;
        let ended = bridge.doctor(&["--json"]).await;
        assert_eq!(troubles(&ended), [(check.to_owned(), result.to_owned())], "{fault}: {ended:?}");
        assert_eq!(ended.code, Some(if result == "failed" { 1 } else { 0 }), "{fault}: {ended:?}");
    }
}

#[tokio::test]
async fn a_test_event_is_sent_only_when_it_is_asked_for() {
    let account = Healthy::new("doctor-event").await;
    let ended = account.doctor(&["--send-test-event", "--json"]).await;
    assert_eq!((ended.code, troubles(&ended)), (Some(0), Vec::new()), "{ended:?}");
    let state = account.world.state().await;
    assert_eq!((state.incidents().len(), &state.incidents()[0]["status"]), (1, &json!("resolved")));
}

#[tokio::test]
async fn a_bridge_is_told_each_thing_about_its_account_once() {
    let world = World::config("doctor-bridge").await;
    let config = example();
    let args = ["doctor", "--json", "--config", config.to_str().expect("text")];
    world.control("pagerduty/webhooks", json!({"url": receiver().await})).await;
    let ended = world.run(&args).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let of_account = |ended: &Ended| {
        let told = ended.json();
        let rows = told["checks"].as_array().expect("a list").clone();
        rows.into_iter().filter(|row| row["system"] == "pagerduty").collect::<Vec<_>>()
    };
    let rows = of_account(&ended);
    let mut names: Vec<_> = rows.iter().map(|row| row["name"].as_str().expect("a name")).collect();
    assert!(rows.iter().all(|row| row["result"] == "ok"), "{rows:?}");
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), rows.len(), "each once: {rows:?}");
    assert!(names.contains(&"webhook secret") && names.contains(&"service"), "{names:?}");

    // What a bridge needs fails, where it is a warning for a whole account.
    let service = world.get("PAGERDUTY_SERVICE_ID").to_owned();
    world.control(&format!("pagerduty/services/{service}"), json!({"status": "disabled"})).await;
    let ended = world.run(&args).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let failed: Vec<_> = of_account(&ended).into_iter().filter(|row| row["result"] == "failed").collect();
    assert_eq!((failed.len(), &failed[0]["object"]["id"]), (1, &json!(service)), "{failed:?}");
}

#[tokio::test]
async fn without_configuration_and_token_both_ways_are_shown() {
    let mut world = World::account("doctor-nothing").await;
    world.unset("PD_API_TOKEN");
    let ended = world.run(&["doctor"]).await;
    assert!(ended.code == Some(3) && ended.err.contains("there is no configuration"), "{ended:?}");
    let ended = world.run(&["doctor", "--profile", "elsewhere"]).await;
    assert!(ended.code == Some(3) && ended.err.contains("elsewhere"), "{ended:?}");
}
