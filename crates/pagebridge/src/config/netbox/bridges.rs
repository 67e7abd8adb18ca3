//! What carries a NetBox: per routing key one bridge for its Events and one for its Incidents, which differ in their rules,
//! and one for what is sent in the words of callers.

use super::NetBox;
use crate::config::{Kind, System};
use pagebridge_connectors::netbox::{Back, Route, Routes, Settings};
use pagebridge_core::{Bridge, BridgeName, Cell, Direction, SystemName};
use std::collections::BTreeMap;

/// What ties a NetBox to PagerDuty.
#[derive(Clone, Debug)]
pub(crate) struct Tie {
    /// The bridge's name in the configuration, with which those of all its parts begin.
    pub(crate) name: BridgeName,
    /// The system of kind pagerduty-events that alerts go to, unless their service has its own.
    pub(crate) alerts: SystemName,
    /// The system of kind pagerduty that is asked for the incidents, and heard.
    pub(crate) confirm: Option<SystemName>,
    /// What changes in NetBox cause at PagerDuty; the switches come on top.
    pub(crate) there: Direction,
    /// What changes at PagerDuty cause in NetBox.
    pub(crate) back: Direction,
}

impl Tie {
    /// What changes in NetBox cause unless it is configured otherwise.
    pub(crate) fn usual() -> Direction {
        let bridge = Bridge::netbox(("n", "n"), ("a", "a"), None, Direction::default());
        bridge.rules.first().map_or(Direction::default(), |rule| rule.direction)
    }

    /// Whether anything that people do at PagerDuty is written to NetBox.
    pub(crate) fn way_back(&self) -> bool {
        self.back != Direction::default()
    }

    /// The system that alerts in the words of callers come from.
    pub(crate) fn custom(netbox: &SystemName) -> SystemName {
        SystemName::new(&format!("{netbox}-custom"))
    }

    /// The bridge that carries them.
    pub(crate) fn custom_bridge(&self) -> BridgeName {
        BridgeName::new(&format!("{}-custom", self.name))
    }

    /// The bridges to one routing key; those of the first have the shortest names.
    fn route(&self, alerts: &SystemName) -> Route {
        let tail = if *alerts == self.alerts { String::new() } else { format!("-{alerts}") };
        let name = |kind: &str| BridgeName::new(&format!("{}-{kind}{tail}", self.name));
        Route { alerts: alerts.clone(), events: name("events"), incidents: name("incidents") }
    }

    /// Which routing key an alert goes to.
    pub(crate) fn routes(&self, own: &NetBox) -> Routes {
        let named = |names: &BTreeMap<String, SystemName>| {
            names.iter().map(|(name, alerts)| (name.clone(), self.route(alerts))).collect()
        };
        Routes {
            default: self.route(&self.alerts),
            services: named(&own.services),
            applications: named(&own.applications),
        }
    }
}

/// The bridges of all NetBoxes that are tied.
pub(crate) fn all_bridges(systems: &[System]) -> Vec<Bridge> {
    let tied = |system: &System| match &system.kind {
        Kind::NetBox(own) => {
            // Without a routing key there is nothing to carry anything to.
            let tie = own.tie.as_ref().filter(|tie| systems.iter().any(|s| s.name == tie.alerts))?;
            Some(bridges(system, own, tie, systems))
        }
        _ => None,
    };
    systems.iter().filter_map(tied).flatten().collect()
}

/// When it is switched off they carry nothing, and what is open stays as it is.
fn bridges(system: &System, own: &NetBox, tie: &Tie, systems: &[System]) -> Vec<Bridge> {
    let label =
        |name: &SystemName| systems.iter().find(|s| s.name == *name).map_or(name.to_string(), |s| s.label.clone());
    let netbox = (system.name.as_str(), system.label.as_str());
    let confirm = tie.confirm.as_ref().map(|name| (name.as_str(), label(name)));
    let confirm = confirm.as_ref().map(|(name, label)| (*name, label.as_str()));
    let created = |on: bool, rules: Direction| if on { rules } else { Direction { created: Cell::IGNORE, ..rules } };
    let events = created(own.send_on_event_create, tie.there);
    let incidents = created(own.send_on_incident_create, own.settings(system, tie).incident_rules(tie.there));
    let rules = |there: Direction| if own.enabled { (there, tie.back) } else { Default::default() };
    let mut all: Vec<Bridge> = Vec::new();
    for alerts in std::iter::once(&tie.alerts).chain(own.own_alerts()) {
        let route = tie.route(alerts);
        if all.iter().any(|bridge| bridge.name == route.events) {
            continue;
        }
        for (name, (there, back)) in [(route.events, rules(events)), (route.incidents, rules(incidents))] {
            let mut bridge = Bridge::netbox(netbox, (alerts.as_str(), &label(alerts)), confirm, back);
            bridge.name = name;
            bridge.rules[0].direction = there;
            all.push(bridge);
        }
    }
    let source = Tie::custom(&system.name);
    let target = label(&tie.alerts);
    let (from, to) = ((source.as_str(), system.label.as_str()), (tie.alerts.as_str(), target.as_str()));
    all.push(Bridge::events(tie.custom_bridge().as_str(), from, to, confirm));
    all
}

impl NetBox {
    /// The settings of the connection.
    pub(crate) fn settings(&self, system: &System, tie: &Tie) -> Settings {
        let usual = Settings::new(system.name.clone(), &system.api_url, self.token.clone(), tie.route(&tie.alerts));
        // What is written when somebody takes an Incident must also be read as taken, so it counts only where it is written.
        let word = || self.back.acknowledged.clone().unwrap_or_else(|| "investigating".to_owned());
        let acknowledged = tie.back.acknowledged.status.then(word);
        Settings {
            label: system.label.clone(),
            webhook_secrets: system.webhook_secrets.clone(),
            insecure: self.insecure_webhooks,
            base_url: self.base_url.clone(),
            source: self.source.clone(),
            component: self.component.clone(),
            group: self.group.clone(),
            send_on_event_create: self.send_on_event_create,
            send_on_incident_create: self.send_on_incident_create,
            send_on_incident_update: self.send_on_incident_update,
            auto_resolve: self.auto_resolve,
            send_backlog: self.send_backlog,
            incident_tells_event: self.incident_tells_event,
            statuses: self.statuses.clone(),
            severities: self.severities.clone(),
            back: Back { acknowledged, ..self.back.clone() },
            routes: tie.routes(self),
            sweep_ms: self.sweep_ms,
            connect_timeout_ms: system.connect_timeout_ms,
            timeout_ms: system.timeout_ms,
            proxy: system.proxy,
            ..usual
        }
    }
}
