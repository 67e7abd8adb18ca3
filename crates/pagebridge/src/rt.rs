//! A Request Tracker, put together: its connector, and who follows it.

use crate::config::System;
use crate::wiring::Connected;
use pagebridge_connectors::rt::Settings;
use pagebridge_connectors::{Rt, SetupError};
use pagebridge_ports::Clock;
use pagebridge_server::BODY_SIZE_BYTES_DEFAULT;
use std::sync::Arc;

/// Connects one Request Tracker. Posts of its scrip are taken when there is a token that they must carry.
pub(crate) fn connected(system: &System, own: &Settings, clock: Arc<dyn Clock>) -> Result<Connected, SetupError> {
    let settings = Settings {
        system: system.name.clone(),
        label: system.label.clone(),
        api_url: system.api_url.clone(),
        push_tokens: system.webhook_secrets.clone(),
        connect_timeout_ms: system.connect_timeout_ms,
        timeout_ms: system.timeout_ms,
        proxy: system.proxy,
        ..own.clone()
    };
    let made = Arc::new(Rt::new(settings, clock)?);
    let mut connected = Connected::both(made.clone(), BODY_SIZE_BYTES_DEFAULT);
    if system.webhook_secrets.is_empty() {
        connected.heard.clear();
    }
    connected.upkeeps.push(made);
    Ok(connected)
}
