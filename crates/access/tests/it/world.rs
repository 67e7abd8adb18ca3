//! A gate, a store in memory, and a sandbox behind it.

use pagebridge_access::{Account, Asked, Gate, Principal};
use pagebridge_actions::{Catalogue, Outcome, Surface};
use pagebridge_core::{Bridges, Timestamp};
use pagebridge_ports::{AuditFilter, AuditRow, Clock, ManualClock, MemoryStore, Store};
use pagebridge_sandbox::{Config, Running, Sandbox};
use pagerduty::{Client, RetryPolicy, Retrying};
use serde_json::{Value, json};
use std::sync::Arc;

pub(crate) const NOW: Timestamp = Timestamp(1_795_780_800_000);

pub(crate) struct World {
    pub(crate) sandbox: Running,
    pub(crate) gate: Gate,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<ManualClock>,
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::with(Arc::new(MemoryStore::new(Arc::new(Bridges::default())))).await
    }

    pub(crate) async fn with(store: Arc<dyn Store>) -> Self {
        let sandbox = Sandbox::start(Config::default()).await.expect("free ports");
        let (url, token) = (sandbox.pagerduty_url.as_str(), sandbox.account_token.as_str());
        let client = Client::builder().rest_url(url).events_url(url).token(token).no_proxy();
        let client = client.build().expect("valid settings");
        let policy = RetryPolicy { backoff_ms_first: 0, backoff_ms_max: 0, ..RetryPolicy::default() };
        let account = Account {
            sender: Retrying::new(client, policy),
            from: Some(sandbox.from.clone()),
            routing_key: Some(sandbox.routing_key.as_str().into()),
            change_routing_key: None,
            service_key: None,
        };
        let clock = Arc::new(ManualClock::at(NOW));
        let gate = Gate::new(Arc::new(Catalogue::new()), account, store.clone(), clock.clone() as Arc<dyn Clock>);
        Self { sandbox, gate, store, clock }
    }

    pub(crate) async fn run(&self, who: &Principal, action: &str, input: Value) -> Outcome {
        self.gate.run(who, Asked::new(Surface::Http, action, input)).await
    }

    pub(crate) async fn keyed(&self, who: &Principal, action: &str, input: Value, key: &str) -> Outcome {
        let asked = Asked { key: Some(key.to_owned()), ..Asked::new(Surface::Http, action, input) };
        self.gate.run(who, asked).await
    }

    /// The trail, oldest first.
    pub(crate) async fn trail(&self) -> Vec<AuditRow> {
        let filter = AuditFilter { limit: 1_000, ..AuditFilter::default() };
        let mut rows = self.store.audit_rows(filter).await.expect("reads");
        rows.reverse();
        rows
    }

    /// Incidents at the sandbox with this title.
    pub(crate) fn made(&self, title: &str) -> usize {
        let state = serde_json::to_value(self.sandbox.snapshot()).expect("plain data");
        let incidents = state["pagerduty"]["incidents"].as_array().expect("a list");
        incidents.iter().filter(|incident| incident["title"] == title).count()
    }

    /// The input that makes an incident.
    pub(crate) fn incident(&self, title: &str) -> Value {
        json!({"title": title, "service_id": self.sandbox.service_id})
    }
}

pub(crate) const CREATE: &str = "incident.create.rest_v2.simple";
