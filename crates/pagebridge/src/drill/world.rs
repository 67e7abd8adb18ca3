//! The bridge, the look-alikes and the clock that both go by.

use crate::config::{Config, Overrides, load_text};
use crate::demo::{failed, temporary_directory};
use crate::env::Env;
use crate::exit::CliError;
use crate::serve::RunningBridge;
use pagebridge_core::{Outcome, Timestamp};
use pagebridge_ports::{BoxFuture, Check, Clock, Operator, OperatorNews};
use pagebridge_sandbox::{self as sandbox, Handle, Running, Sandbox};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Real time that the parts get to do what has become due, for each step of the clock.
const BREATH: Duration = Duration::from_micros(1_500);

/// The configuration of both drills.
const CONFIG: &str = r#"
[systems.opsgenie]
kind = "opsgenie"
api_url = { env = "OPSGENIE_API_URL" }
api_key = { env = "OPSGENIE_API_KEY" }
integration_id = { env = "OPSGENIE_INTEGRATION_ID" }

[systems.events]
kind = "events"
api_url = { env = "PAGERDUTY_API_URL" }

[systems.production]
kind = "pagerduty-events"
api_url = { env = "PAGERDUTY_API_URL" }
routing_key = { env = "PAGERDUTY_ROUTING_KEY" }
account = "pagerduty"

[systems.pagerduty]
kind = "pagerduty"
api_url = { env = "PAGERDUTY_API_URL" }
api_token = { env = "PAGERDUTY_API_TOKEN" }
from = { env = "PAGERDUTY_FROM" }
service_id = { env = "PAGERDUTY_SERVICE_ID" }
webhook_secrets = { env = "PAGERDUTY_WEBHOOK_SECRET" }

[[bridges]]
preset = "opsgenie-proxy"
opsgenie = "opsgenie"
pagerduty = "pagerduty"
"#;

/// The sandbox's clock as the bridge wants one.
struct SandboxClock(Handle);

impl Clock for SandboxClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.clock().now().as_millisecond())
    }

    fn sleep(&self, ms: i64) -> BoxFuture<'static, ()> {
        let handle = self.0.clone();
        let ms = ms.max(0).unsigned_abs();
        Box::pin(async move { handle.clock().sleep_ms(ms).await })
    }
}

/// Writes down what operators are told, and when.
#[derive(Default)]
pub(crate) struct Told(Mutex<Vec<OperatorNews>>);

impl Told {
    pub(crate) fn all(&self) -> Vec<OperatorNews> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Operator for Told {
    fn tell<'a>(&'a self, news: &'a OperatorNews) -> BoxFuture<'a, Outcome> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(news.clone());
        let outcome = Outcome::Delivered { record: None, status: None, status_at: None, note: None };
        Box::pin(std::future::ready(outcome))
    }

    fn check(&self) -> BoxFuture<'_, Vec<Check>> {
        Box::pin(std::future::ready(Vec::new()))
    }
}

pub(crate) struct World {
    pub(crate) sandbox: Running,
    pub(crate) told: Arc<Told>,
    bridge: RunningBridge,
    directory: PathBuf,
    http: reqwest::Client,
    began: Timestamp,
}

impl World {
    pub(crate) async fn new(seed: u64) -> Result<Self, CliError> {
        let config = sandbox::Config { seed, clock: sandbox::ClockMode::Manual, ..sandbox::Config::default() };
        let sandbox = Sandbox::start(config).await.map_err(|e| failed(&e.to_string()))?;
        let directory = temporary_directory("drill")?;
        let config = config_for(&sandbox, &directory)?;
        let told = Arc::new(Told::default());
        let clock: Arc<dyn Clock> = Arc::new(SandboxClock(sandbox.handle()));
        let began = clock.now();
        let bridge = RunningBridge::start_with(&config, clock, told.clone()).await?;
        sandbox.opsgenie().subscribe(&format!("{}/ops-webhook", bridge.url()), &[]);
        sandbox.pagerduty().subscribe(&format!("{}/pd-webhook", bridge.url()), None, &[]);
        let http = reqwest::Client::builder().no_proxy().build().map_err(|e| failed(&e.to_string()))?;
        Ok(Self { sandbox, told, bridge, directory, http, began })
    }

    /// Milliseconds since the drill began, by its clock.
    pub(crate) fn now_ms(&self) -> i64 {
        self.sandbox.clock().now().as_millisecond() - self.began.0
    }

    pub(crate) fn since_began(&self, at_ms: i64) -> i64 {
        at_ms - self.began.0
    }

    /// Sends one event to the bridge, which must take it.
    pub(crate) async fn event(&self, action: &str, key: &str, severity: &str) -> Result<(), CliError> {
        let body = serde_json::json!({
            "routing_key": self.sandbox.routing_key,
            "event_action": action,
            "dedup_key": key,
            "payload": { "summary": format!("{key} is in trouble"), "source": "drill", "severity": severity },
        });
        let sent = self.http.post(format!("{}/v2/enqueue", self.bridge.url())).body(body.to_string()).send().await;
        let reply = sent.map_err(|e| failed(&format!("the bridge did not answer: {e}")))?;
        if reply.status().as_u16() != 202 {
            return Err(failed(&format!("the bridge answered an event with {}", reply.status())));
        }
        Ok(())
    }

    /// Moves the clock on in steps, and lets everything that becomes due happen.
    pub(crate) async fn pass(&self, ms: i64, step_ms: i64) {
        let mut left = ms;
        while left > 0 {
            let step = step_ms.min(left);
            self.sandbox.clock().advance(step.unsigned_abs());
            tokio::time::sleep(BREATH).await;
            left -= step;
        }
    }

    /// Deliveries that wait, polls and alarms aside.
    pub(crate) async fn waiting(&self) -> Result<u64, CliError> {
        let counts = self.bridge.engine.store().counts().await.map_err(|e| failed(&e.to_string()))?;
        let waits = |l: &&pagebridge_ports::LaneCount| {
            l.class != pagebridge_core::Class::Poll && l.system.as_str() != pagebridge_ports::OPERATOR
        };
        Ok(counts.lanes.iter().filter(waits).map(|l| l.count).sum())
    }

    /// Incidents of ours that are open.
    pub(crate) async fn open(&self) -> Result<u64, CliError> {
        Ok(self.bridge.engine.store().counts().await.map_err(|e| failed(&e.to_string()))?.open)
    }

    pub(crate) async fn end(self) {
        self.bridge.stop(Duration::from_secs(2), std::future::pending()).await;
        self.sandbox.stop().await;
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

fn config_for(sandbox: &Running, directory: &std::path::Path) -> Result<Config, CliError> {
    let env = Env::of(&[
        ("OPSGENIE_API_URL", &sandbox.opsgenie_url),
        ("OPSGENIE_API_KEY", &sandbox.opsgenie_api_key),
        ("OPSGENIE_INTEGRATION_ID", &sandbox.opsgenie_integration_id),
        ("PAGERDUTY_API_URL", &sandbox.pagerduty_url),
        ("PAGERDUTY_ROUTING_KEY", &sandbox.routing_key),
        ("PAGERDUTY_API_TOKEN", &sandbox.account_token),
        ("PAGERDUTY_FROM", &sandbox.from),
        ("PAGERDUTY_SERVICE_ID", &sandbox.service_id),
        ("PAGERDUTY_WEBHOOK_SECRET", &sandbox.pagerduty_webhook_secret),
    ]);
    let overrides = Overrides {
        config: None,
        listen: Some("127.0.0.1:0".to_owned()),
        store: Some(format!("sqlite:{}", directory.join("drill.db").display())),
    };
    load_text(CONFIG, &overrides, &env).ok_or_else(|| failed("the drill's own settings are wrong"))
}
