//! A PagerDuty account, put together: its connector, its webhook subscription, and who looks for new incidents.

use crate::config::{Config, PagerDuty as Own, System, WEBHOOK_PAGE, hears_webhook_page, posts_of, services_of};
use crate::wiring::Connected;
use pagebridge_connectors::pagerduty::{Follower, Opens, Settings, WebHookPage};
use pagebridge_connectors::{PagerDuty, SetupError};
use pagebridge_ports::Clock;
use std::sync::Arc;

/// Largest webhook that is taken, in bytes: PagerDuty sends whole incidents.
const BODY_SIZE_BYTES: usize = 2 * 1024 * 1024;

/// Connects one PagerDuty account.
pub(crate) fn connected(
    config: &Config,
    system: &System,
    own: &Own,
    clock: Arc<dyn Clock>,
) -> Result<Connected, SetupError> {
    let settings = settings(config, system, own);
    let follows = settings.opens != Opens::None;
    let made = Arc::new(PagerDuty::new(settings, clock)?);
    let mut connected = Connected::both(made.clone(), BODY_SIZE_BYTES);
    if own.webhook_url.is_some() {
        connected.upkeeps.push(made.clone());
    }
    if follows {
        connected.upkeeps.push(Arc::new(Follower::new(made.clone())));
    }
    if hears_webhook_page(config, &system.name) {
        connected.heard.push((Some(WEBHOOK_PAGE), Arc::new(WebHookPage(made))));
    }
    Ok(connected)
}

/// The settings of one account.
pub(crate) fn settings(config: &Config, system: &System, own: &Own) -> Settings {
    let services = services_of(&config.systems, &config.bridges, system);
    Settings {
        label: system.label.clone(),
        api_url: system.api_url.clone(),
        from: Some(own.from.clone()),
        service_id: own.service_id.clone(),
        services: services.paged,
        opens: services.opens,
        posts: posts_of(&config.bridges, &system.name),
        backlog: services.backlog,
        list_ms: config.poll.interval_ms,
        webhook_secrets: system.webhook_secrets.clone(),
        webhook_tokens: own.webhook_tokens.clone(),
        webhook_url: own.webhook_url.clone(),
        insecure: own.insecure_webhooks,
        user_name: own.user.clone(),
        connect_timeout_ms: system.connect_timeout_ms,
        timeout_ms: system.timeout_ms,
        proxy: system.proxy,
        ..Settings::new(system.name.clone(), own.api_token.clone(), "")
    }
}
