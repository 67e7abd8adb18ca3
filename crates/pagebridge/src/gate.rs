//! The gate to the actions, put together: the account, and what is taken where an input leaves it out.

use crate::config::{Config, Kind, PAGERDUTY_EVENTS_URL, PagerDuty, System};
use crate::exit::{CliError, Exit};
use pagebridge_access::{Account, Gate};
use pagebridge_actions::Catalogue;
use pagebridge_ports::{Clock, Store};
use pagebridge_server::Access;
use pagerduty::{Client, RetryPolicy, Retrying, Secret};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

/// Who may use the API.
pub(crate) fn access(config: &Config, listen: IpAddr) -> Access {
    let access = Access::new(listen, config.api_token.as_ref());
    config.tokens.iter().fold(access, |access, token| access.with_token(token.hash, token.principal.clone()))
}

/// The gate; `None` when it is not clear which account it would lead to.
pub(crate) fn gate(config: &Config, store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Result<Option<Gate>, CliError> {
    let Some((system, own)) = account(config) else { return Ok(None) };
    let (alerts_url, alerts_key) = alerts(config).unzip();
    let events_url = config.actions.events_url.as_deref().or(alerts_url).unwrap_or(PAGERDUTY_EVENTS_URL);
    let builder = Client::builder()
        .rest_url(&system.api_url)
        .events_url(events_url)
        .token(own.api_token.clone())
        .user_agent(concat!("pagebridge/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(Duration::from_millis(system.connect_timeout_ms))
        .timeout(Duration::from_millis(system.timeout_ms));
    let builder = if system.proxy { builder } else { builder.no_proxy() };
    let client = builder
        .build()
        .map_err(|error| CliError::new(Exit::Config, error.to_string(), "correct the setting in the configuration"))?;
    let account = Account {
        sender: Retrying::new(client, RetryPolicy::default()),
        from: Some(own.from.clone()),
        routing_key: config.actions.routing_key.clone().or(alerts_key.cloned()),
        change_routing_key: config.actions.change_routing_key.clone(),
        service_key: config.actions.service_key.clone(),
    };
    Ok(Some(Gate::new(Arc::new(Catalogue::new()), account, store, clock)))
}

/// The named account, or the only one.
fn account(config: &Config) -> Option<(&System, &PagerDuty)> {
    let named = |system: &&System| config.actions.system.as_ref().is_none_or(|name| system.name == *name);
    only(config.systems.iter().filter(named).filter_map(|system| match &system.kind {
        Kind::PagerDuty(own) => Some((system, own)),
        _ => None,
    }))
}

/// Where the only alerts go, and their routing key.
fn alerts(config: &Config) -> Option<(&str, &Secret)> {
    only(config.systems.iter().filter_map(|system| match &system.kind {
        Kind::Alerts(own) => Some((system.api_url.as_str(), &own.routing_key)),
        _ => None,
    }))
}

/// What there is one of.
fn only<T>(mut all: impl Iterator<Item = T>) -> Option<T> {
    all.next().filter(|_| all.next().is_none())
}
