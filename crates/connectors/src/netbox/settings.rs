//! What a connection to one NetBox needs.

use super::words::{EVENT_STATUSES, INCIDENT_STATUSES, Severities, Statuses};
use crate::Secret;
use pagebridge_core::{BridgeName, Cell, Direction, Status, SystemName};
use std::collections::BTreeMap;

/// Shortest time between two looks at the lists, in milliseconds.
const SWEEP_MS_MIN: i64 = 1_000;

/// Settings of one NetBox with the Business Application plugin.
///
/// Records are found by listing, so this system's polls can be on demand: a record that vanishes from the lists is asked
/// for by the follower.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The system's name in the configuration.
    pub system: SystemName,
    /// What people call it.
    pub label: String,
    /// Address of NetBox, without `/api`.
    pub api_url: String,
    /// An API token, of version 1 (40 hexadecimal digits) or 2 (`nbt_...`).
    pub token: Secret,
    /// Secrets of the webhooks that post here; each body must be signed with one of them.
    pub webhook_secrets: Vec<Secret>,
    /// Whether webhooks are taken unsigned when no secret is set.
    pub insecure: bool,
    /// Start of the links back to NetBox (`BASE_URL`); no links without it.
    pub base_url: Option<String>,
    /// `payload.source` of every alert (`PAGERDUTY_SOURCE`).
    pub source: String,
    /// Component of alerts that have none of their own (`PAGERDUTY_COMPONENT`).
    pub component: String,
    /// Group of every alert (`PAGERDUTY_GROUP`).
    pub group: String,
    /// Whether Events are sent by themselves (`PAGERDUTY_SEND_ON_EVENT_CREATE`).
    pub send_on_event_create: bool,
    /// Whether new Incidents are sent by themselves (`PAGERDUTY_SEND_ON_INCIDENT_CREATE`).
    pub send_on_incident_create: bool,
    /// Whether changes of an Incident's status are sent (`PAGERDUTY_SEND_ON_INCIDENT_UPDATE`).
    pub send_on_incident_update: bool,
    /// Whether the end of an Incident is sent (`PAGERDUTY_AUTO_RESOLVE`).
    pub auto_resolve: bool,
    /// Whether what was open in NetBox long before the first start is sent as well; PagerDuty adds it to the alert that the
    /// old module has made of it, if that is still open. Without it, only the end of such an object is told.
    pub send_backlog: bool,
    /// Whether an Event has no alert of its own while an Incident that it belongs to is sent and open: one trouble pages
    /// once.
    pub incident_tells_event: bool,
    /// Which status asks for what.
    pub statuses: Statuses,
    /// Which severity pages how loudly.
    pub severities: Severities,
    /// What is written to NetBox, once a rule says that it is to be written.
    pub back: Back,
    /// Which routing key an alert goes to.
    pub routes: Routes,
    /// Time between two looks at the lists, in milliseconds; a webhook brings the next one forward.
    pub sweep_ms: i64,
    /// How long making a connection may take, in milliseconds.
    pub connect_timeout_ms: u64,
    /// How long one call may take, in milliseconds; NetBox takes seconds for the first call after its start.
    pub timeout_ms: u64,
    /// Whether the proxy variables of the environment count.
    pub proxy: bool,
}

impl Settings {
    /// The defaults of the module that this replaces; everything is sent to one routing key.
    #[must_use]
    pub fn new(system: SystemName, api_url: &str, token: Secret, route: Route) -> Self {
        Self {
            system,
            label: "NetBox".to_owned(),
            api_url: api_url.to_owned(),
            token,
            webhook_secrets: Vec::new(),
            insecure: false,
            base_url: None,
            source: "netbox".to_owned(),
            component: "netbox-business-application".to_owned(),
            group: "infrastructure".to_owned(),
            send_on_event_create: true,
            send_on_incident_create: true,
            send_on_incident_update: true,
            auto_resolve: true,
            send_backlog: true,
            incident_tells_event: true,
            statuses: Statuses::documented(),
            severities: Severities::default(),
            back: Back::default(),
            routes: Routes::to(route),
            sweep_ms: 30_000,
            connect_timeout_ms: 5_000,
            timeout_ms: 30_000,
            proxy: true,
        }
    }

    /// What Incidents cause at PagerDuty: what Events cause, less what the switches of the old module switch off.
    #[must_use]
    pub fn incident_rules(&self, of_events: Direction) -> Direction {
        let mut rules = of_events;
        if !self.send_on_incident_update {
            rules.acknowledged = Cell::IGNORE;
            rules.unacknowledged = Cell::IGNORE;
            rules.reopened = Cell::IGNORE;
            rules.updated = Cell::IGNORE;
        }
        if !self.send_on_incident_update || !self.auto_resolve {
            rules.resolved = Cell::IGNORE;
        }
        rules
    }

    /// What is wrong with them, naming the setting.
    pub(super) fn problem(&self) -> Option<String> {
        let back = &self.back;
        let statuses = self.effective_statuses();
        let written = [
            ("acknowledged", back.acknowledged.as_ref(), Status::Acknowledged),
            ("triggered", Some(&back.triggered), Status::Triggered),
            ("reopened", Some(&back.reopened), Status::Triggered),
            ("resolved", Some(&back.resolved), Status::Resolved),
        ];
        for (name, word, means) in written {
            let Some(word) = word else { continue };
            if !INCIDENT_STATUSES.contains(&word.as_str()) {
                let known = INCIDENT_STATUSES.join(", ");
                return Some(format!("back.{name} `{word}` is no status of an Incident; set it to one of {known}"));
            }
            if statuses.of(word) != means {
                let reads = statuses.of(word);
                return Some(format!(
                    "back.{name} is `{word}`, which is read as {reads}; set another status, or change what `{word}` means"
                ));
            }
        }
        let ended = &back.event_resolved;
        if !EVENT_STATUSES.contains(&ended.as_str()) || statuses.of(ended) != Status::Resolved {
            return Some(format!("back.event_resolved `{ended}` does not end an Event; set it to ok or suppressed"));
        }
        (self.sweep_ms < SWEEP_MS_MIN).then(|| {
            format!("sweep_ms {} is too short for NetBox; set it to {SWEEP_MS_MIN} milliseconds or more", self.sweep_ms)
        })
    }

    /// Whether Incidents may tell what Events have to tell.
    pub(super) fn incidents_tell_events(&self) -> bool {
        self.incident_tells_event && self.send_on_incident_create
    }

    /// What each status asks for, with what is written taken into account.
    pub(super) fn effective_statuses(&self) -> Statuses {
        let statuses = self.statuses.clone();
        match &self.back.acknowledged {
            Some(word) => statuses.acknowledged_from(word),
            None => statuses,
        }
    }
}

/// What is written to NetBox. Whether it is, is a rule of the bridge; NetBox's people own these fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Back {
    /// Status of an Incident that somebody has taken in PagerDuty; `None` when no rule writes it. What is written must
    /// be read back as what it was written for, so from this status on every open one counts as acknowledged.
    pub acknowledged: Option<String>,
    /// Status of an Incident that nobody has taken any more.
    pub triggered: String,
    /// Status of an Incident that is open again.
    pub reopened: String,
    /// Status of an Incident that is over; `resolved_at` is written with it.
    pub resolved: String,
    /// Status of an Event that is over. Events know no acknowledgement.
    pub event_resolved: String,
    /// Where notes go.
    pub notes: Notes,
}

impl Default for Back {
    fn default() -> Self {
        Self {
            acknowledged: None,
            triggered: "new".to_owned(),
            reopened: "new".to_owned(),
            resolved: "resolved".to_owned(),
            event_resolved: "ok".to_owned(),
            notes: Notes::Journal,
        }
    }
}

/// Where notes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notes {
    /// NetBox's journal of the object; to the description where the plugin does not allow that, as its main branch.
    Journal,
    /// The end of an Incident's description.
    Description,
}

/// The bridges that lead to one routing key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The system of kind `pagerduty-events` that holds the key.
    pub alerts: SystemName,
    /// The bridge that Events are carried by.
    pub events: BridgeName,
    /// The bridge that Incidents are carried by; may be the same when their rules are.
    pub incidents: BridgeName,
}

/// Which routing key an alert goes to. An alert stays with the key that it was triggered with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Routes {
    /// For everything that has no key of its own.
    pub default: Route,
    /// Keys of technical services, by name.
    pub services: BTreeMap<String, Route>,
    /// Keys of business applications, by name or application code.
    pub applications: BTreeMap<String, Route>,
}

impl Routes {
    /// Everything to one key.
    #[must_use]
    pub fn to(route: Route) -> Self {
        Self { default: route, services: BTreeMap::new(), applications: BTreeMap::new() }
    }

    /// Whether anything has a key of its own.
    #[must_use]
    pub fn branch(&self) -> bool {
        !self.services.is_empty() || !self.applications.is_empty()
    }
}
