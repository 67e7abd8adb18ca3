//! Systems of kind netbox, and the bridges that carry them.

mod bridges;
mod raw;

pub(crate) use bridges::{Tie, all_bridges};
pub(crate) use raw::RawNetBox;

use super::raw::RawSystem;
use super::resolve::Resolver;
use super::section::At;
use pagebridge_connectors::Secret;
use pagebridge_connectors::netbox::{Back, CallerToken, May, Notes, Severities, Statuses};
use pagebridge_core::{Status, SystemName};
use raw::{RawBack, RawToken};
use std::collections::BTreeMap;

/// One NetBox with the Business Application plugin. The defaults are those of the old module.
#[derive(Clone, Debug)]
pub(crate) struct NetBox {
    pub(crate) token: Secret,
    /// Take webhooks without a signature.
    pub(crate) insecure_webhooks: bool,
    /// Whether anything is sent.
    pub(crate) enabled: bool,
    pub(crate) base_url: Option<String>,
    pub(crate) source: String,
    pub(crate) component: String,
    pub(crate) group: String,
    pub(crate) send_on_event_create: bool,
    pub(crate) send_on_incident_create: bool,
    pub(crate) send_on_incident_update: bool,
    pub(crate) auto_resolve: bool,
    pub(crate) send_backlog: bool,
    pub(crate) incident_tells_event: bool,
    /// Time between two looks at the lists, in milliseconds.
    pub(crate) sweep_ms: i64,
    /// How long an endpoint waits for PagerDuty's answer, in milliseconds.
    pub(crate) answer_ms: i64,
    pub(crate) statuses: Statuses,
    pub(crate) severities: Severities,
    /// Systems of kind pagerduty-events by the technical services whose alerts go there.
    pub(crate) services: BTreeMap<String, SystemName>,
    /// The same by business applications.
    pub(crate) applications: BTreeMap<String, SystemName>,
    pub(crate) tokens: Vec<CallerToken>,
    pub(crate) back: Back,
    /// What ties it to PagerDuty; nothing when it is not tied.
    pub(crate) tie: Option<Tie>,
}

impl NetBox {
    /// The old module's defaults.
    pub(crate) fn new(token: Secret) -> Self {
        Self {
            token,
            insecure_webhooks: false,
            enabled: true,
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
            sweep_ms: 30_000,
            answer_ms: 30_000,
            statuses: Statuses::documented(),
            severities: Severities::default(),
            services: BTreeMap::new(),
            applications: BTreeMap::new(),
            tokens: Vec::new(),
            back: Back::default(),
            tie: None,
        }
    }

    /// All systems that its alerts go to besides that of the bridge.
    pub(crate) fn own_alerts(&self) -> impl Iterator<Item = &SystemName> {
        self.services.values().chain(self.applications.values())
    }
}

impl Resolver<'_> {
    pub(super) fn netbox(&mut self, system: &RawSystem, raw: &RawNetBox) -> Option<NetBox> {
        let section = (format!("systems.{}", system.name.value), system.at.clone());
        let token = self.needed_secret(raw.token.as_ref(), "token", &section);
        if system.api_url.is_none() {
            self.needed(None, "api_url", &section);
        }
        let base_url = self.url_of(raw.base_url.as_ref(), "this is not the address of NetBox's web interface");
        let [source, component, group] =
            [&raw.source, &raw.component, &raw.group].map(|text| self.optional(text.as_ref()));
        let insecure = raw.insecure_webhooks.as_ref().is_some_and(|flag| flag.value);
        self.check_netbox_signing(system, insecure);
        let (statuses, severities) = (self.statuses(raw), self.severities(&raw.severities));
        let tokens: Option<Vec<CallerToken>> = raw.tokens.iter().map(|token| self.caller_token(token)).collect();
        let back = self.back(&raw.back);
        let usual = NetBox::new(token?);
        let flag = |flag: &Option<At<bool>>, usual: bool| flag.as_ref().map_or(usual, |flag| flag.value);
        let seconds = |s: &Option<At<i64>>, usual: i64| s.as_ref().map_or(usual, |s| s.value * 1_000);
        let names = |pairs: &[(At<String>, At<String>)]| {
            pairs.iter().map(|(name, system)| (name.value.clone(), SystemName::new(&system.value))).collect()
        };
        Some(NetBox {
            insecure_webhooks: insecure,
            enabled: flag(&raw.enabled, usual.enabled),
            base_url: base_url.ok()?,
            source: source.ok()?.unwrap_or(usual.source),
            component: component.ok()?.unwrap_or(usual.component),
            group: group.ok()?.unwrap_or(usual.group),
            send_on_event_create: flag(&raw.send_on_event_create, usual.send_on_event_create),
            send_on_incident_create: flag(&raw.send_on_incident_create, usual.send_on_incident_create),
            send_on_incident_update: flag(&raw.send_on_incident_update, usual.send_on_incident_update),
            auto_resolve: flag(&raw.auto_resolve, usual.auto_resolve),
            send_backlog: flag(&raw.send_backlog, usual.send_backlog),
            incident_tells_event: flag(&raw.incident_tells_event, usual.incident_tells_event),
            sweep_ms: seconds(&raw.interval_s, usual.sweep_ms),
            answer_ms: seconds(&raw.answer_within_s, usual.answer_ms),
            statuses: statuses?,
            severities: severities?,
            services: names(&raw.services),
            applications: names(&raw.applications),
            tokens: tokens?,
            back: back?,
            ..usual
        })
    }

    fn check_netbox_signing(&mut self, system: &RawSystem, insecure: bool) {
        if insecure {
            let message = "webhooks are taken without a signature: whoever reaches the path can have objects read";
            self.findings.warn(system.at.clone(), message, "use `insecure_webhooks` for local tests only");
        } else if system.webhook_secrets.is_empty() {
            let message =
                format!("[systems.{}] has no `webhook_secrets`, so no webhook of NetBox is taken", system.name.value);
            let fix = "add `webhook_secrets = { env = \"NETBOX_WEBHOOK_SECRET\" }` with the secret of NetBox's webhook; without one, \
                       changes are found by listing alone";
            self.findings.warn(system.at.clone(), message, fix);
        }
    }

    fn statuses(&mut self, raw: &RawNetBox) -> Option<Statuses> {
        let mut statuses = match &raw.status_map {
            None => Statuses::documented(),
            Some(name) => {
                let found = Statuses::preset(&name.value);
                if found.is_none() {
                    let fix = "write \"documented\" (`monitoring` resolves) or \"coded\" (`monitoring` acknowledges)";
                    self.findings.error(name.at.clone(), format!("there is no status map `{}`", name.value), fix);
                }
                found?
            }
        };
        for (word, means) in &raw.statuses {
            let status = [Status::Triggered, Status::Acknowledged, Status::Resolved];
            match status.into_iter().find(|status| status.as_str() == means.value) {
                Some(status) => statuses = statuses.with(&word.value, status),
                None => {
                    let message = format!("`{}` cannot mean \"{}\"", word.value, means.value);
                    self.findings.error(
                        means.at.clone(),
                        message,
                        "write \"triggered\" or \"acknowledged\" or \"resolved\"",
                    );
                    return None;
                }
            }
        }
        Some(statuses)
    }

    fn severities(&mut self, raw: &[(At<String>, At<String>)]) -> Option<Severities> {
        let mut severities = Severities::default();
        for (word, means) in raw {
            match severities.with(&word.value, &means.value) {
                Some(with) => severities = with,
                None => {
                    let fix = format!("write {}", Severities::PAGERDUTY.map(|s| format!("\"{s}\"")).join(" or "));
                    let message = format!("PagerDuty has no severity \"{}\"", means.value);
                    self.findings.error(means.at.clone(), message, fix);
                    return None;
                }
            }
        }
        Some(severities)
    }

    fn caller_token(&mut self, raw: &RawToken) -> Option<CallerToken> {
        let token = self.needed_secret(raw.token.as_ref(), "token", &("tokens".to_owned(), raw.at.clone()));
        if raw.may.is_empty() {
            let fix = "add `may = [\"send\", \"read\"]`, or one of them";
            self.findings.error(raw.at.clone(), "a token does not say what it may do", fix);
        }
        let may: Option<Vec<May>> = raw.may.iter().map(|word| self.permission(word)).collect();
        Some(CallerToken { token: token?, may: may.filter(|may| !may.is_empty())? })
    }

    fn permission(&mut self, word: &At<String>) -> Option<May> {
        let may = May::parse(&word.value);
        if may.is_none() {
            let fix = format!("write {}", May::WORDS.map(|w| format!("\"{w}\"")).join(" or "));
            self.findings.error(word.at.clone(), format!("a token cannot have the permission \"{}\"", word.value), fix);
        }
        may
    }

    fn back(&mut self, raw: &RawBack) -> Option<Back> {
        let usual = Back::default();
        let word = |word: &Option<At<String>>, usual: String| word.as_ref().map_or(usual, |word| word.value.clone());
        let notes = match &raw.notes {
            None => usual.notes,
            Some(word) if word.value == "journal" => Notes::Journal,
            Some(word) if word.value == "description" => Notes::Description,
            Some(word) => {
                let message = format!("notes cannot be written to \"{}\"", word.value);
                self.findings.error(word.at.clone(), message, "write \"journal\" or \"description\"");
                return None;
            }
        };
        Some(Back {
            acknowledged: raw.acknowledged.as_ref().map(|word| word.value.clone()),
            triggered: word(&raw.triggered, usual.triggered),
            reopened: word(&raw.reopened, usual.reopened),
            resolved: word(&raw.resolved, usual.resolved),
            event_resolved: word(&raw.event_resolved, usual.event_resolved),
            notes,
        })
    }

    /// The systems that are named for services and applications must be there, and hold routing keys.
    pub(super) fn check_netbox_routes(&mut self, raw: &[RawSystem], systems: &[super::System]) {
        for system in raw {
            let super::raw::RawKind::NetBox(own) = &system.kind else { continue };
            for (_, named) in own.services.iter().chain(&own.applications) {
                let found = systems.iter().find(|s| s.name.as_str() == named.value);
                let written = raw.iter().any(|s| s.name.value == named.value);
                if found.is_some_and(|s| !matches!(s.kind, super::Kind::Alerts(_))) || !written {
                    let message = format!("`{}` is no system of kind pagerduty-events", named.value);
                    self.findings.error(named.at.clone(), message, "name one that is; each holds one routing key");
                }
            }
        }
    }
}
