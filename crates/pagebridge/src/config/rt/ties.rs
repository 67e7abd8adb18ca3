//! What the bridges of a Request Tracker mean for the PagerDuty that they tie it to.

use crate::config::{Config, Kind, System};
use pagebridge_connectors::pagerduty::Opens;
use pagebridge_connectors::rt::{ANY, Settings};
use pagebridge_core::{Bridge, SystemName};
use std::collections::BTreeSet;

/// Where the extension for Request Tracker took PagerDuty's webhooks.
pub(crate) const WEBHOOK_PAGE: &str = "/PagerDuty/WebHook.html";

/// The services of a PagerDuty that are not its own.
#[derive(Debug, Default)]
pub(crate) struct Services {
    /// Services that tickets page.
    pub(crate) paged: BTreeSet<String>,
    /// Services whose incidents become records elsewhere.
    pub(crate) opens: Opens,
    /// Whether those from before the first start do too.
    pub(crate) backlog: bool,
}

fn rt_of<'c>(systems: &'c [System], name: &SystemName) -> Option<&'c Settings> {
    systems.iter().find(|s| s.name == *name).and_then(|system| match &system.kind {
        Kind::Rt(own) => Some(&**own),
        _ => None,
    })
}

fn is_chat(systems: &[System], name: &SystemName) -> bool {
    systems.iter().any(|system| system.name == *name && system.kind.is_chat())
}

/// The services that bridges map to and from a system of kind pagerduty.
pub(crate) fn services_of(systems: &[System], bridges: &[Bridge], pagerduty: &System) -> Services {
    let mut services = Services::default();
    let (mut opens, mut shown) = (BTreeSet::new(), false);
    let Kind::PagerDuty(own) = &pagerduty.kind else { return services };
    for rule in bridges.iter().flat_map(|bridge| &bridge.rules) {
        if rule.to == pagerduty.name
            && let Some(rt) = rt_of(systems, &rule.from)
        {
            services.paged.extend(rt.queues.values().filter_map(|queue| queue.service.clone()));
        }
        if rule.from != pagerduty.name || !rule.direction.created.status {
            continue;
        }
        match rt_of(systems, &rule.to) {
            Some(rt) => {
                opens.extend(rt.services.keys().cloned());
                services.backlog |= rt.backlog;
            }
            None if is_chat(systems, &rule.to) => shown = true,
            None => opens.extend(own.service_id.clone()),
        }
    }
    // What is only shown is listed for the usual service; of others the webhook tells.
    if shown && opens.is_empty() {
        opens.extend(own.service_id.clone());
    }
    services.opens = match () {
        () if opens.contains(ANY) => Opens::All,
        () if opens.is_empty() => Opens::None,
        () => Opens::These(opens),
    };
    services
}

/// Whether a system of kind pagerduty takes webhooks as the extension did: the one with `webhook_tokens`, or else the only
/// one that is tied to a Request Tracker.
pub(crate) fn hears_webhook_page(config: &Config, system: &SystemName) -> bool {
    let has_tokens = |s: &&System| matches!(&s.kind, Kind::PagerDuty(own) if !own.webhook_tokens.is_empty());
    if config.systems.iter().any(|s| s.paths.iter().any(|path| path == WEBHOOK_PAGE)) {
        return false;
    }
    if let Some(first) = config.systems.iter().find(has_tokens) {
        return first.name == *system;
    }
    let is_rt = |name: &SystemName| rt_of(&config.systems, name).is_some();
    let tied = config.bridges.iter().filter(|bridge| bridge.systems.iter().any(|(name, _)| is_rt(name)));
    let is_pagerduty =
        |name: &SystemName| config.systems.iter().any(|s| s.name == *name && matches!(s.kind, Kind::PagerDuty(_)));
    let names: BTreeSet<&SystemName> =
        tied.flat_map(|bridge| &bridge.systems).map(|(name, _)| name).filter(|name| is_pagerduty(name)).collect();
    names.len() == 1 && names.contains(system)
}
