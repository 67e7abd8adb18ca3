//! Senders of events: where their keys lead, and what is set up when a key is used that nobody has used before.

use crate::config::{Config, Kind, System};
use crate::wiring::{Connected, runtime};
use pagebridge_connectors::Secret;
use pagebridge_connectors::events::{Alerts, KeyRef, Keyring, PASSED_KEYS_MAX, Sender, Settings, Speech};
use pagebridge_core::{Bridge, SystemName, Watch};
use pagebridge_engine::Engine;
use pagebridge_ports::{Clock, Receive, SenderKey, StoreError};
use std::sync::Arc;

/// Under this name a sender's own key is kept, with its reference behind it.
const PASSED: &str = "routing-key/passed/";
/// The same for keys that were configured: alerts that were triggered with one are ended with it.
const HELD: &str = "routing-key/held/";

/// How often keys of other nodes are looked for, in milliseconds.
const KEEP_UP_MS: i64 = 30_000;

/// The keyring of a configuration: which keys of senders lead where.
pub(crate) fn keyring(config: &Config) -> Arc<Keyring> {
    let passes = config.systems.iter().any(|s| matches!(&s.kind, Kind::Events(own) if own.pass_through));
    let keyring = Keyring::new(if passes { PASSED_KEYS_MAX } else { 0 });
    for system in &config.systems {
        if let Kind::Alerts(own) = &system.kind {
            for key in own.local_keys.iter().chain([&own.routing_key]) {
                keyring.lead(key, system.name.clone());
            }
        }
    }
    Arc::new(keyring)
}

/// Hears senders on all paths of the Events API.
pub(crate) fn heard(system: &System, keyring: &Arc<Keyring>) -> Connected {
    let hear = |speech| -> Arc<dyn Receive> { Arc::new(Sender::new(system.name.clone(), speech, keyring.clone())) };
    let known = [Speech::V2, Speech::V1, Speech::Change].map(|speech| (Some(speech.path()), hear(speech)));
    let own = [(None, hear(Speech::V2))];
    Connected::heard_only(known.into_iter().chain(own).collect(), Sender::BODY_SIZE_BYTES_MAX)
}

/// The settings for the alerts behind a key.
pub(crate) fn settings(system: &System, routing_key: Secret) -> Settings {
    Settings {
        label: system.label.clone(),
        events_url: system.api_url.clone(),
        connect_timeout_ms: system.connect_timeout_ms,
        timeout_ms: system.timeout_ms,
        proxy: system.proxy,
        ..Settings::new(system.name.clone(), routing_key)
    }
}

/// Sets up what senders' own keys lead to.
pub(crate) struct Senders {
    /// The system of the senders, if there is one: whatever else feeds alerts has no keys of its own.
    source: Option<System>,
    /// Keys that are configured now.
    configured: Vec<Secret>,
    keyring: Arc<Keyring>,
    clock: Arc<dyn Clock>,
    watch: Watch,
}

impl Senders {
    /// `None` when there are neither senders nor routing keys.
    pub(crate) fn of(
        config: &Config,
        keyring: &Arc<Keyring>,
        clock: &Arc<dyn Clock>,
        watch: Watch,
    ) -> Option<Arc<Self>> {
        let source = config.systems.iter().find(|s| matches!(s.kind, Kind::Events(_))).cloned();
        let key = |system: &System| match &system.kind {
            Kind::Alerts(own) => Some(own.routing_key.clone()),
            _ => None,
        };
        let configured: Vec<Secret> = config.systems.iter().filter_map(key).collect();
        if source.is_none() && configured.is_empty() {
            return None;
        }
        Some(Arc::new(Self { source, configured, keyring: keyring.clone(), clock: clock.clone(), watch }))
    }

    /// Keeps a sender's key, and sets up what it leads to.
    pub(crate) async fn learn(&self, engine: &Engine, sender: &SenderKey) -> Result<(), StoreError> {
        let key = Secret::new(sender.key.expose().to_owned());
        let name = format!("{PASSED}{}", KeyRef::of(&key).as_str());
        engine.store().keep(&name, sender.key.expose()).await?;
        self.set_up(engine, &key);
        tracing::info!(system = %sender.system, "a sender's own routing key is passed on from now on");
        Ok(())
    }

    /// Takes up, from time to time, keys that other nodes have kept. Never ends.
    pub(crate) async fn keep_up(&self, engine: &Engine) {
        loop {
            self.clock.sleep(KEEP_UP_MS).await;
            if let Err(error) = self.remember(engine).await {
                tracing::warn!(%error, "the kept routing keys cannot be read now");
            }
        }
    }

    /// Keeps the configured keys, and takes up those that were kept before: by an earlier process, or by another node.
    pub(crate) async fn remember(&self, engine: &Engine) -> Result<(), StoreError> {
        let kept = engine.store().kept().await?;
        for key in &self.configured {
            let name = format!("{HELD}{}", KeyRef::of(key).as_str());
            if kept.iter().all(|(there, _)| *there != name) {
                engine.store().keep(&name, key.expose()).await?;
            }
        }
        for (name, value) in kept {
            let key = Secret::new(value.expose().to_owned());
            if name.starts_with(HELD) || name.starts_with(PASSED) {
                self.keyring.hold(&key);
            }
            // What is set up stays so: this comes by again and again.
            if name.starts_with(PASSED) && !self.keyring.leads(&key) {
                self.set_up(engine, &key);
            }
        }
        Ok(())
    }

    /// The bridge and the pump come first, the lead last: a key that leads somewhere is ready for use.
    fn set_up(&self, engine: &Engine, key: &Secret) {
        let Some(source) = &self.source else { return };
        let name: SystemName = KeyRef::of(key).system();
        let settings = Settings { passed: true, ..settings(source, key.clone()) };
        let settings = Settings { system: name.clone(), label: "PagerDuty".to_owned(), ..settings };
        let alerts = match Alerts::new(settings, self.keyring.clone(), self.clock.clone()) {
            Ok(alerts) => Arc::new(alerts),
            Err(error) => {
                tracing::error!(%error, "a kept routing key cannot be used");
                return;
            }
        };
        let from = (source.name.as_str(), source.label.as_str());
        let bridge = Bridge::events(name.as_str(), from, (name.as_str(), "PagerDuty"), None);
        if !engine.store().bridges().learn(bridge.watched(self.watch.clone())) {
            tracing::error!(system = %name, "too many keys of senders are passed on; map them to systems in the configuration");
            return;
        }
        engine.add(runtime(source, alerts));
        self.keyring.lead(key, name);
    }
}
