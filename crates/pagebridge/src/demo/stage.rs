//! What the story is played on: the look-alikes, the bridge with its store, and the narrator.

use super::tally::Tally;
use crate::config::{Config, Findings, Overrides, without_file};
use crate::env::Env;
use crate::exit::{CliError, Exit};
use crate::output;
use crate::serve::RunningBridge;
use pagebridge_core::{Backoff, PollPolicy, Timestamp};
use pagebridge_ports::{Clock, SystemClock};
use pagebridge_sandbox::{self as sandbox, Running, Sandbox, Snapshot};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long the story waits for anything to happen, in milliseconds.
const PATIENCE_MS: i64 = 40_000;
/// Calls to one system at once.
pub(crate) const CONCURRENCY: usize = 4;
/// How often it looks, in milliseconds.
const LOOK_MS: i64 = 20;

pub(crate) struct Stage {
    pub(crate) sandbox: Running,
    /// Nothing while it is down.
    bridge: Option<RunningBridge>,
    address: String,
    directory: PathBuf,
    started: Timestamp,
    /// Tell the story on standard error, because standard output is for programs.
    aside: bool,
    /// Webhooks recognised as repeats by bridges that are gone.
    pub(crate) repeated_before: u64,
}

impl Stage {
    /// Starts the look-alikes and the bridge, and has each tell the other.
    pub(crate) async fn set(aside: bool) -> Result<Self, CliError> {
        let config = sandbox::Config {
            pagerduty: sandbox::PagerDutyConfig {
                rest_per_minute: None,
                webhook_retry_ms: 400,
                ..sandbox::PagerDutyConfig::default()
            },
            opsgenie: sandbox::OpsgenieConfig {
                webhook_retries: 50,
                webhook_retry_ms: 300,
                ..sandbox::OpsgenieConfig::default()
            },
            ..sandbox::Config::default()
        };
        let sandbox = Sandbox::start(config).await.map_err(|e| failed(&e.to_string()))?;
        let directory = temporary_directory("demo")?;
        let mut stage = Self {
            sandbox,
            bridge: None,
            address: "127.0.0.1:0".into(),
            directory,
            started: SystemClock.now(),
            aside,
            repeated_before: 0,
        };
        stage.start_bridge().await?;
        let url = stage.url();
        stage.sandbox.opsgenie().subscribe(&format!("{url}/ops-webhook"), &[]);
        stage.sandbox.pagerduty().subscribe(&format!("{url}/pd-webhook"), None, &[]);
        Ok(stage)
    }

    /// Starts the bridge, at the address that it had before.
    pub(crate) async fn start_bridge(&mut self) -> Result<(), CliError> {
        let bridge = RunningBridge::start(&self.config()?).await?;
        self.address = bridge.address.to_string();
        self.bridge = Some(bridge);
        Ok(())
    }

    /// Cuts the bridge off in the middle of what it does: attempts are dropped, nothing is said or tidied.
    pub(crate) async fn crash_bridge(&mut self) {
        self.repeated_before += super::tally::repeated(self).await;
        if let Some(bridge) = self.bridge.take() {
            bridge.stop(Duration::ZERO, std::future::ready(())).await;
        }
    }

    /// Configured as the old proxy was, but quicker: a demonstration has no minutes to wait.
    fn config(&self) -> Result<Config, CliError> {
        let s = &self.sandbox;
        let env = Env::of(&[
            ("PAGERDUTY_API_URL", &s.pagerduty_url),
            ("PAGERDUTY_API_KEY", &s.account_token),
            ("PAGERDUTY_EMAIL", &s.from),
            ("PAGERDUTY_USER", &s.from_name),
            ("PAGERDUTY_SERVICE_ID", &s.service_id),
            ("PAGERDUTY_WEBHOOK_SECRET", &s.pagerduty_webhook_secret),
            ("OPSGENIE_API_URL", &s.opsgenie_url),
            ("OPSGENIE_API_KEY", &s.opsgenie_api_key),
            ("OPSGENIE_INTEGRATION_ID", &s.opsgenie_integration_id),
        ]);
        let overrides = Overrides {
            config: None,
            listen: Some(self.address.clone()),
            store: Some(format!("sqlite:{}", self.directory.join("demo.db").display())),
        };
        let config = without_file(&overrides, &env, Findings::default()).config;
        let mut config = config.ok_or_else(|| failed("the demonstration's own settings are wrong"))?;
        config.backoff = Backoff { first_ms: 300, cap_ms: 2_000, unanswered_ms: 1_000 };
        config.poll = PollPolicy { interval_ms: 3_000, quiet_ms: 3_000, ..PollPolicy::default() };
        config.systems.iter_mut().for_each(|system| system.concurrency = CONCURRENCY);
        Ok(config)
    }

    /// The bridge's address.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn bridge(&self) -> Option<&RunningBridge> {
        self.bridge.as_ref()
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        self.sandbox.snapshot()
    }

    /// Waits until something is so, and gives what it found.
    pub(crate) async fn until<T>(&self, what: &str, look: impl Fn(&Snapshot) -> Option<T>) -> Result<T, CliError> {
        let end = SystemClock.now().plus_ms(PATIENCE_MS);
        loop {
            if let Some(found) = look(&self.snapshot()) {
                return Ok(found);
            }
            if SystemClock.now() > end {
                return Err(failed(&format!("waited {} s in vain: {what}", PATIENCE_MS / 1_000)));
            }
            SystemClock.sleep(LOOK_MS).await;
        }
    }

    /// Lets some time pass.
    pub(crate) async fn pause(&self, ms: i64) {
        SystemClock.sleep(ms).await;
    }

    /// Writes one line of the story.
    pub(crate) fn say(&self, line: &str) {
        if self.aside { output::complain(line) } else { output::say(line) }
    }

    /// Begins a scene.
    pub(crate) fn scene(&self, title: &str) {
        self.say("");
        self.say(&output::bold(title));
    }

    /// Says what happened, and when.
    pub(crate) fn note(&self, who: &str, line: &str) {
        let seconds = SystemClock.now().ms_since(self.started);
        self.say(&format!("  {:>3}.{} s  {who:<10} {line}", seconds / 1_000, seconds % 1_000 / 100));
    }

    pub(crate) fn say_table(&self, tally: &Tally) {
        self.scene("What it came to");
        tally.lines().iter().for_each(|line| self.say(line));
    }

    pub(crate) fn tell_addresses(&self) {
        self.say(&format!("  bridge     {}  (try: pagebridge incidents --server {})", self.url(), self.url()));
        self.say(&format!("  sandbox    {}  shows what PagerDuty and Opsgenie hold", self.sandbox.control_url));
        self.say(&format!("  PagerDuty  {}", self.sandbox.pagerduty_url));
        self.say(&format!("  Opsgenie   {}", self.sandbox.opsgenie_url));
    }

    /// Takes everything down.
    pub(crate) async fn strike(mut self) {
        if let Some(bridge) = self.bridge.take() {
            bridge.stop(Duration::from_secs(2), std::future::pending()).await;
        }
        self.sandbox.stop().await;
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

pub(crate) fn failed(what: &str) -> CliError {
    CliError::new(Exit::Failed, what, "this is a fault of Pagebridge; please report it with the lines above")
}

/// A directory of our own that nobody else may read.
pub(crate) fn temporary_directory(what: &str) -> Result<PathBuf, CliError> {
    let name = format!("pagebridge-{what}-{}", std::process::id());
    let directory = Path::new(&std::env::temp_dir()).join(name);
    let _ = std::fs::remove_dir_all(&directory);
    let made = std::os::unix::fs::DirBuilderExt::mode(&mut std::fs::DirBuilder::new(), 0o700).create(&directory);
    made.map_err(|error| failed(&format!("{} cannot be made: {error}", directory.display())))?;
    Ok(directory)
}
