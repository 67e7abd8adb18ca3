//! A NetBox, put together: its connector, who follows it, and the endpoints of the old module.

use crate::config::{Config, Kind, NetBox as Own, System, Tie};
use crate::wiring::{Answering, Connected};
use pagebridge_connectors::netbox::{
    Custom, ENDPOINTS_BODY_SIZE_BYTES_MAX, ENDPOINTS_PATH, EndpointSettings, Endpoints, NetBox,
};
use pagebridge_connectors::{Secret, SetupError};
use pagebridge_core::SystemName;
use pagebridge_ports::{Clock, Upkeep};
use pagebridge_server::BODY_SIZE_BYTES_DEFAULT;
use std::sync::Arc;

/// Added to what an endpoint waits for PagerDuty, in milliseconds: NetBox is asked first, and a test is two deliveries.
const ANSWER_MARGIN_MS: i64 = 60_000;

/// Connects one NetBox.
pub(crate) fn connected(
    config: &Config,
    system: &System,
    own: &Own,
    clock: Arc<dyn Clock>,
) -> Result<Connected, SetupError> {
    let Some(tie) = &own.tie else {
        let problem = "no bridge carries it; add `[[bridges]]` with `preset = \"netbox\"`".to_owned();
        return Err(SetupError { system: system.name.clone(), problem });
    };
    let made = Arc::new(NetBox::new(own.settings(system, tie), clock.clone())?);
    let upkeeps = own.enabled.then(|| made.clone() as Arc<dyn Upkeep>).into_iter().collect();
    let custom = routing_key(config, &tie.alerts).map(|routing_key| Custom {
        source: Tie::custom(&system.name),
        bridge: tie.custom_bridge(),
        routing_key,
    });
    let settings = EndpointSettings {
        enabled: own.enabled,
        custom,
        tokens: own.tokens.clone(),
        timeout_ms: own.answer_ms,
        way_back: tie.way_back(),
    };
    let endpoint = Answering {
        prefixes: prefixes(config, &system.name),
        answers: Arc::new(Endpoints::new(made.clone(), settings, clock)),
        body_size_bytes_max: ENDPOINTS_BODY_SIZE_BYTES_MAX,
        timeout_ms: (2 * own.answer_ms + ANSWER_MARGIN_MS).unsigned_abs(),
    };
    Ok(Connected { upkeeps, endpoint: Some(endpoint), ..Connected::both(made, BODY_SIZE_BYTES_DEFAULT) })
}

fn routing_key(config: &Config, alerts: &SystemName) -> Option<Secret> {
    config.systems.iter().find(|system| system.name == *alerts).and_then(|system| match &system.kind {
        Kind::Alerts(own) => Some(own.routing_key.clone()),
        _ => None,
    })
}

/// Where its endpoints are; the only NetBox also has those that callers of the old module know.
fn prefixes(config: &Config, name: &SystemName) -> Vec<String> {
    let alone = config.systems.iter().filter(|system| matches!(system.kind, Kind::NetBox(_))).count() == 1;
    let known = alone.then(|| ENDPOINTS_PATH.to_owned());
    known.into_iter().chain([format!("/hooks/{name}/pagerduty")]).collect()
}
