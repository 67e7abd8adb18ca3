//! Crate `pagerduty-rs`: events to PagerDuty's own host name, through the proxy that the environment names.

use std::error::Error;
use std::process::ExitCode;

use pagerduty_rs::eventsv2sync::{EventsV2, EventsV2Error};
use pagerduty_rs::types::{
    AlertAcknowledge, AlertResolve, AlertTrigger, AlertTriggerPayload, Change, ChangePayload, Event, Image, Link,
    Severity,
};
use serde_json::{Value, json};
use time::OffsetDateTime;

type Outcome = Result<(), Box<dyn Error>>;

/// Counts what passed and failed, and prints one line each; the lines are read by `cargo xtask peers`.
#[derive(Default)]
struct Checks {
    passed: u32,
    failed: u32,
}

impl Checks {
    fn check(&mut self, name: &str, run: impl FnOnce() -> Outcome) {
        match run() {
            Ok(()) => {
                self.passed += 1;
                println!("ok {name}");
            }
            Err(error) => {
                self.failed += 1;
                println!("FAILED {name}: {error}: {:?}", error.source().map(ToString::to_string));
            }
        }
    }

    fn finish(self) -> ExitCode {
        println!("{} passed, {} failed", self.passed, self.failed);
        if self.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

/// Tells what must be found at the far side in the end, once.
fn sent(key: &str, status: &str, summary: &str) {
    println!("sent {}", json!({"key": key, "status": status, "summary": summary, "triggers": 1}));
}

/// Waits until an alert is at the far side. The bridge carries on what holds when it gets there: an alert that is over by
/// then pages nobody.
fn passed_on(key: &str) -> Outcome {
    let url = format!("{}/state", std::env::var("PEER_CONTROL_URL")?);
    let client = reqwest::blocking::Client::builder().no_proxy().build()?;
    for _ in 0..400 {
        let state: Value = client.get(&url).send()?.json()?;
        let incidents = state["pagerduty"]["incidents"].as_array().into_iter().flatten();
        let mut alerts = incidents.filter_map(|incident| incident["alerts"].as_array()).flatten();
        if alerts.any(|alert| alert["key"] == key) {
            return Ok(());
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    Err(format!("{key} is not passed on within 20 s").into())
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let client = EventsV2::new(std::env::var("PEER_ROUTING_KEY")?, Some("pagebridge-peer".to_owned()))?;
    let mut checks = Checks::default();
    alerts(&mut checks, &client);
    full_event(&mut checks, &client);
    changes(&mut checks, &client);
    // The bridge passes keys on that it does not know, so it is PagerDuty that refuses them.
    if std::env::var("PEER_AGAINST")? == "sandbox" {
        refusals(&mut checks)?;
    }
    Ok(checks.finish())
}

fn trigger(key: &str, summary: &str) -> AlertTrigger<Value> {
    AlertTrigger {
        payload: AlertTriggerPayload {
            severity: Severity::Error,
            summary: summary.to_owned(),
            source: "pagerduty-rs".to_owned(),
            timestamp: None,
            component: None,
            group: None,
            class: None,
            custom_details: None,
        },
        dedup_key: Some(key.to_owned()),
        images: None,
        links: None,
        client: None,
        client_url: None,
    }
}

fn alerts(checks: &mut Checks, client: &EventsV2) {
    checks.check("1. trigger an alert", || {
        let (key, summary) = ("pagerduty-rs-open", "Disk is filling up (pagerduty-rs)");
        client.event(Event::AlertTrigger(trigger(key, summary)))?;
        sent(key, "triggered", summary);
        Ok(())
    });
    checks.check("2. acknowledge an alert", || {
        let (key, summary) = ("pagerduty-rs-acknowledged", "Queue is growing (pagerduty-rs)");
        client.event(Event::AlertTrigger(trigger(key, summary)))?;
        client.event::<Value>(Event::AlertAcknowledge(AlertAcknowledge { dedup_key: key.to_owned() }))?;
        sent(key, "acknowledged", summary);
        Ok(())
    });
    checks.check("2. resolve an alert", || {
        let (key, summary) = ("pagerduty-rs-resolved", "Latency is high (pagerduty-rs)");
        client.event(Event::AlertTrigger(trigger(key, summary)))?;
        passed_on(key)?;
        client.event::<Value>(Event::AlertResolve(AlertResolve { dedup_key: key.to_owned() }))?;
        sent(key, "resolved", summary);
        Ok(())
    });
}

fn full_event(checks: &mut Checks, client: &EventsV2) {
    checks.check("3. full event with component, group, class, links and images", || {
        let (key, summary) = ("pagerduty-rs-srv01-disk-space", "Disk space critical on srv01 (pagerduty-rs)");
        let mut event = trigger(key, summary);
        event.payload.severity = Severity::Critical;
        event.payload.timestamp = Some(OffsetDateTime::now_utc());
        event.payload.component = Some("storage".to_owned());
        event.payload.group = Some("infrastructure".to_owned());
        event.payload.class = Some("disk".to_owned());
        event.payload.custom_details = Some(json!({"free_gb": 2, "mount": "/var"}));
        event.links = Some(vec![Link {
            href: "https://wiki.example.test/runbooks/disk".to_owned(),
            text: Some("Runbook".to_owned()),
        }]);
        event.images =
            Some(vec![Image { src: "https://graphs.example.test/disk.png".to_owned(), href: None, alt: None }]);
        event.client = Some("Monitoring".to_owned());
        event.client_url = Some("https://monitoring.example.test".to_owned());
        client.event(Event::AlertTrigger(event))?;
        sent(key, "triggered", summary);
        Ok(())
    });
}

fn changes(checks: &mut Checks, client: &EventsV2) {
    checks.check("17. change event with details and links", || {
        let summary = "Deployed api-service v2.5.0 to production (pagerduty-rs)";
        client.event(Event::Change(Change {
            payload: ChangePayload {
                summary: summary.to_owned(),
                timestamp: OffsetDateTime::now_utc(),
                source: Some("ci".to_owned()),
                custom_details: Some(json!({"version": "v2.5.0"})),
            },
            links: Some(vec![Link { href: "https://git.example.test/commit/abc".to_owned(), text: None }]),
        }))?;
        println!("sent {}", json!({"change": summary}));
        Ok(())
    });
}

fn refusals(checks: &mut Checks) -> Outcome {
    let stranger = EventsV2::new("0".repeat(32), None)?;
    checks.check("18. an unknown routing key is refused with 400", || {
        match stranger.event(Event::AlertTrigger(trigger("pagerduty-rs-refused", "x"))) {
            Err(EventsV2Error::HttpError(400)) => Ok(()),
            other => Err(format!("it ended as {other:?}").into()),
        }
    });
    Ok(())
}
