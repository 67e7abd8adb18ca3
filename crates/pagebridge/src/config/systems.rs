//! Systems: what they need, and on which paths they are heard.

use super::raw::{RawKind, RawSystem};
use super::resolve::Resolver;
use super::section::At;
use super::text::Text;
use super::{
    Alerts, Events, Kind, OPSGENIE_API_URL, Opsgenie, PAGERDUTY_API_URL, PAGERDUTY_EVENTS_URL, PagerDuty, System,
};
use pagebridge_core::SystemName;
use pagebridge_ports::OPERATOR;
use std::collections::BTreeMap;

impl Resolver<'_> {
    pub(super) fn systems(&mut self, raw: &[RawSystem]) -> Vec<System> {
        if raw.is_empty() {
            let fix = "add `[systems.opsgenie]` and `[systems.pagerduty]`; docs/guide.md shows them";
            self.findings.error(None, "no systems are configured", fix);
        }
        // Its queues and services may name all the services of PagerDuty that there are.
        let has_rt = raw.iter().any(|system| matches!(system.kind, RawKind::Rt(_)));
        let mut systems: Vec<System> = raw.iter().filter_map(|raw| self.system(raw, has_rt)).collect();
        for system in raw {
            self.check_paths(system);
        }
        self.add_paths(raw, &mut systems);
        self.check_webhook_urls(raw, &systems);
        self.check_senders(raw, &systems);
        self.check_netbox_routes(raw, &systems);
        systems
    }

    fn system(&mut self, raw: &RawSystem, has_rt: bool) -> Option<System> {
        let name = match SystemName::parse(&raw.name.value) {
            Ok(name) if name.as_str() == OPERATOR => {
                let fix = "take another name; who is told when paging does not work is in [operator]";
                self.findings.error(raw.name.at.clone(), format!("no system can be called `{OPERATOR}`"), fix);
                None
            }
            Ok(name) => Some(name),
            Err(why) => {
                self.findings.error(raw.name.at.clone(), format!("`{}` cannot be a name: {why}", raw.name.value), "");
                None
            }
        };
        let label = self.optional(raw.label.as_ref());
        let api_url = self.url(raw.api_url.as_ref());
        let secrets: Vec<_> = raw.webhook_secrets.iter().map(|s| self.secret(s)).collect();
        let kind = self.kind(raw, has_rt);
        let (default_label, default_url) = match &raw.kind {
            RawKind::PagerDuty { .. } => ("PagerDuty", PAGERDUTY_API_URL),
            RawKind::Events { .. } => ("Events", PAGERDUTY_EVENTS_URL),
            RawKind::Alerts { .. } => ("PagerDuty", PAGERDUTY_EVENTS_URL),
            RawKind::NetBox(_) => ("NetBox", ""),
            RawKind::Rt(_) => ("RT", ""),
            RawKind::Chat(own) => own.usual(),
            RawKind::Opsgenie { .. } | RawKind::Unknown => ("Opsgenie", OPSGENIE_API_URL),
        };
        let (label, api_url) = (label.ok()?, api_url.ok()?);
        let usual = System::new(
            name?,
            label.as_deref().unwrap_or(default_label),
            api_url.as_deref().unwrap_or(default_url),
            kind?,
        );
        Some(System { webhook_secrets: secrets.into_iter().collect::<Option<_>>()?, ..limits(raw, usual) })
    }

    fn kind(&mut self, raw: &RawSystem, has_rt: bool) -> Option<Kind> {
        let section = (format!("systems.{}", raw.name.value), raw.at.clone());
        match &raw.kind {
            RawKind::Unknown => None,
            RawKind::PagerDuty {
                api_token,
                from,
                service_id,
                user,
                insecure_webhooks,
                webhook_tokens,
                webhook_url,
            } => {
                let token = self.needed_secret(api_token.as_ref(), "api_token", &section);
                let from = self.needed(from.as_ref(), "from", &section);
                let service_id = match service_id {
                    None if has_rt => Some(None),
                    written => self.needed(written.as_ref(), "service_id", &section).map(Some),
                };
                let tokens: Option<Vec<_>> = webhook_tokens.iter().map(|token| self.secret(token)).collect();
                let user = self.optional(user.as_ref());
                let insecure = insecure_webhooks.as_ref().is_some_and(|i| i.value);
                let webhook_url = self.url_of(webhook_url.as_ref(), "this is not an address for webhooks");
                self.check_signing(raw, insecure);
                Some(Kind::PagerDuty(PagerDuty {
                    api_token: token?,
                    from: from?,
                    service_id: service_id?,
                    user: user.ok()?,
                    insecure_webhooks: insecure,
                    webhook_tokens: tokens?,
                    webhook_url: webhook_url.ok()?,
                }))
            }
            RawKind::NetBox(own) => self.netbox(raw, own).map(|own| Kind::NetBox(Box::new(own))),
            RawKind::Rt(own) => self.rt(raw, own).map(|own| Kind::Rt(Box::new(own))),
            RawKind::Chat(own) => self.chat(raw, own),
            RawKind::Events { pass_through } => {
                Some(Kind::Events(Events { pass_through: pass_through.as_ref().is_none_or(|p| p.value) }))
            }
            RawKind::Alerts { routing_key, local_keys, account } => {
                let key = self.needed_secret(routing_key.as_ref(), "routing_key", &section);
                let key = key.filter(|key| self.check_key(routing_key.as_ref(), key));
                let locals: Option<Vec<_>> = local_keys.iter().map(|k| self.local_key(k)).collect();
                let account = account.as_ref().map(|a| SystemName::new(&a.value));
                Some(Kind::Alerts(Alerts { routing_key: key?, local_keys: locals?, account }))
            }
            RawKind::Opsgenie { api_key, integration_id, webhook_header, user, source } => {
                let key = self.needed_secret(api_key.as_ref(), "api_key", &section);
                let integration_id = self.needed(integration_id.as_ref(), "integration_id", &section);
                let header = self.optional(webhook_header.as_ref());
                let (user, source) = (self.optional(user.as_ref()), self.optional(source.as_ref()));
                Some(Kind::Opsgenie(Opsgenie {
                    api_key: key?,
                    integration_id: Some(integration_id?),
                    webhook_header: header.ok()?,
                    user: user.ok()?,
                    source: source.ok()?,
                }))
            }
        }
    }

    fn local_key(&mut self, written: &At<Text>) -> Option<pagerduty::Secret> {
        self.secret(written).filter(|key| self.check_key(Some(written), key))
    }

    /// Senders and their libraries refuse keys of another shape, so ours have it too.
    fn check_key(&mut self, written: Option<&At<Text>>, key: &pagerduty::Secret) -> bool {
        let fits = key.expose().len() == 32 && key.expose().bytes().all(|b| b.is_ascii_alphanumeric());
        if !fits {
            let fix = "give 32 letters and digits: the integration key of a service, not an API token";
            self.findings.error(written.map(|w| w.at.clone()), "this cannot be a routing key", fix);
        }
        fits
    }

    /// What systems of events need of each other.
    fn check_senders(&mut self, raw: &[RawSystem], systems: &[System]) {
        let senders: Vec<&RawSystem> = raw.iter().filter(|s| matches!(s.kind, RawKind::Events { .. })).collect();
        if let Some(second) = senders.get(1) {
            let fix = "one is enough for all senders; they are told apart by their routing keys";
            self.findings.error(second.at.clone(), "there are two systems of kind events", fix);
        }
        let fed = raw.iter().any(|s| matches!(s.kind, RawKind::NetBox(_)));
        for system in raw {
            if system.name.value.starts_with("key-") {
                let message =
                    format!("`{}` looks like a sender's key, which the bridge calls so itself", system.name.value);
                self.findings.error(system.name.at.clone(), message, "choose another name");
            }
            let RawKind::Alerts { account, .. } = &system.kind else { continue };
            if senders.is_empty() && !fed {
                let fix = "add `[systems.events]` with `kind = \"events\"`";
                self.findings.error(system.at.clone(), "nothing hears the senders of these events", fix);
            }
            match account {
                // Whoever feeds it says so where it is tied.
                None if senders.is_empty() => {}
                None => {
                    let message =
                        format!("no `account` says who can tell whether a page of `{}` exists", system.name.value);
                    let fix = "add `account = \"NAME\"` with the system of kind pagerduty for its service; without it, that \
                               PagerDuty took the event has to do";
                    self.findings.warn(system.at.clone(), message, fix);
                }
                Some(named) => {
                    let found = systems.iter().find(|s| s.name.as_str() == named.value);
                    let written = raw.iter().any(|s| s.name.value == named.value);
                    if found.is_some_and(|s| !matches!(s.kind, Kind::PagerDuty(_))) || !written {
                        let message = format!("`{}` is no system of kind pagerduty", named.value);
                        self.findings.error(named.at.clone(), message, "name one that is");
                    }
                }
            }
        }
    }

    fn check_signing(&mut self, raw: &RawSystem, insecure: bool) {
        if insecure {
            let message = "webhooks are taken without a signature: whoever reaches the path can change incidents";
            self.findings.warn(raw.at.clone(), message, "use `insecure_webhooks` for local tests only");
        } else if raw.webhook_secrets.is_empty() && !raw.kind.has_webhook_url() && !raw.kind.has_webhook_tokens() {
            let message = format!("[systems.{}] has no `webhook_secrets`", raw.name.value);
            let fix = "add `webhook_secrets = { env = \"PAGERDUTY_WEBHOOK_SECRET\" }` with the secret that PagerDuty showed when \
                       the webhook subscription was made, or `webhook_url` to have the bridge make one, or `insecure_webhooks = true` \
                       for local tests";
            self.findings.error(raw.at.clone(), message, fix);
        }
    }

    pub(super) fn needed_secret(
        &mut self,
        text: Option<&At<Text>>,
        key: &str,
        section: &(String, std::ops::Range<usize>),
    ) -> Option<pagerduty::Secret> {
        match text {
            Some(text) => self.secret(text),
            None => self.needed(None, key, section).map(pagerduty::Secret::new),
        }
    }

    /// `Err` when it is there and wrong.
    pub(super) fn optional(&mut self, text: Option<&At<Text>>) -> Result<Option<String>, ()> {
        text.map(|text| self.text(text).ok_or(())).transpose()
    }

    pub(super) fn url(&mut self, text: Option<&At<Text>>) -> Result<Option<String>, ()> {
        self.url_of(text, "this is not the address of an API")
    }

    pub(super) fn url_of(&mut self, text: Option<&At<Text>>, wrong: &str) -> Result<Option<String>, ()> {
        let Some(written) = text else { return Ok(None) };
        let url = self.text(written).ok_or(())?;
        match check_url(&url) {
            Ok(UrlNote::Fine) => Ok(Some(url)),
            Ok(UrlNote::InTheClear) => {
                let message = format!("`{url}` is not encrypted, so others on the way can read the key");
                self.findings.warn(written.at.clone(), message, "use https unless it is a test");
                Ok(Some(url))
            }
            Err(fix) => {
                // It may hold a password.
                self.findings.hide(written.at.clone());
                self.findings.error(written.at.clone(), wrong, fix);
                Err(())
            }
        }
    }

    fn check_paths(&mut self, raw: &RawSystem) {
        for path in raw.paths.iter().flatten() {
            let own = ["/api", "/healthz", "/readyz", "/metrics", "/mcp", "/hooks/", "/chat/"];
            let taken = own.iter().any(|prefix| path.value.starts_with(prefix));
            if !path.value.starts_with('/') || path.value.len() < 2 || path.value.contains(['?', '#', ' ']) || taken {
                let fix = "write a path such as `/ops-webhook`; /api, /hooks, /chat, /mcp, /healthz, /readyz and /metrics are taken";
                self.findings.error(path.at.clone(), format!("`{}` cannot be a path for webhooks", path.value), fix);
            }
        }
    }

    /// Proxies may change paths, so another one is only worth a word.
    fn check_webhook_urls(&mut self, raw: &[RawSystem], systems: &[System]) {
        for system in systems {
            let Kind::PagerDuty(PagerDuty { webhook_url: Some(url), .. }) = &system.kind else { continue };
            let Ok(url) = reqwest::Url::parse(url) else { continue };
            let own = format!("/hooks/{}", system.name);
            if url.path() != own && system.paths.iter().all(|path| path != url.path()) {
                let at = raw.iter().find(|r| r.name.value == system.name.as_str()).and_then(|r| r.kind.webhook_url());
                let message = format!("`webhook_url` ends in `{}`, where {} is not heard", url.path(), system.name);
                let fix = format!("let it end in `{own}`, unless your proxy turns the one into the other");
                self.findings.warn(at, message, &fix);
            }
        }
    }

    /// The only system of its kind is also heard on the path of the old integration.
    fn add_paths(&mut self, raw: &[RawSystem], systems: &mut [System]) {
        let alone = |kind: &str, systems: &[System]| systems.iter().filter(|s| s.kind.as_str() == kind).count() == 1;
        let mut taken: BTreeMap<String, String> = BTreeMap::new();
        for index in 0..systems.len() {
            let is_alone = alone(systems[index].kind.as_str(), systems);
            let system = &mut systems[index];
            let written = raw.iter().find(|r| r.name.value == system.name.as_str()).and_then(|r| r.paths.as_ref());
            system.paths = match written {
                Some(paths) => paths.iter().map(|p| p.value.clone()).collect(),
                None if is_alone => system.kind.old_path().map(str::to_owned).into_iter().collect(),
                None => Vec::new(),
            };
            for path in &system.paths {
                if let Some(other) = taken.insert(path.clone(), system.name.to_string()) {
                    let at = written.into_iter().flatten().find(|p| p.value == *path).map(|p| p.at.clone());
                    let message = format!("`{path}` is the path of both {other} and {}", system.name);
                    self.findings.error(at, message, "give each system paths of its own");
                }
            }
        }
    }
}

impl RawKind {
    fn has_webhook_url(&self) -> bool {
        self.webhook_url().is_some()
    }

    fn has_webhook_tokens(&self) -> bool {
        matches!(self, Self::PagerDuty { webhook_tokens, .. } if !webhook_tokens.is_empty())
    }

    fn webhook_url(&self) -> Option<std::ops::Range<usize>> {
        match self {
            Self::PagerDuty { webhook_url: Some(url), .. } => Some(url.at.clone()),
            _ => None,
        }
    }
}

fn limits(raw: &RawSystem, usual: System) -> System {
    let ms = |s: &Option<At<i64>>, usual: u64| s.as_ref().map_or(usual, |s| s.value.unsigned_abs() * 1_000);
    let calls = raw.calls_per_minute.as_ref().map(|c| u32::try_from(c.value).unwrap_or(u32::MAX));
    System {
        concurrency: raw.concurrency.as_ref().map_or(usual.concurrency, |c| usize::try_from(c.value).unwrap_or(1)),
        calls_per_minute: calls.map_or(usual.calls_per_minute, |c| (c > 0).then_some(c)),
        lease_ttl_ms: raw.lease_s.as_ref().map_or(usual.lease_ttl_ms, |s| s.value * 1_000),
        connect_timeout_ms: ms(&raw.connect_timeout_s, usual.connect_timeout_ms),
        timeout_ms: ms(&raw.timeout_s, usual.timeout_ms),
        proxy: raw.proxy.as_ref().map_or(usual.proxy, |p| p.value),
        ..usual
    }
}

/// What there is to say about an address that can be used.
pub(super) enum UrlNote {
    Fine,
    InTheClear,
}

/// Whether an address can be the base of an API; says what to do when not.
pub(super) fn check_url(text: &str) -> Result<UrlNote, &'static str> {
    let url = reqwest::Url::parse(text).map_err(|_| "write an address such as `https://api.example.com`")?;
    let is_near = is_near(url.host_str().unwrap_or_default());
    match url.scheme() {
        _ if url.query().is_some() || url.fragment().is_some() => Err("leave out everything from `?` or `#` on"),
        _ if !url.username().is_empty() || url.password().is_some() => Err("leave out the user name and password"),
        "https" => Ok(UrlNote::Fine),
        "http" if is_near => Ok(UrlNote::Fine),
        "http" => Ok(UrlNote::InTheClear),
        _ => Err("it must begin with `https://` or `http://`"),
    }
}

/// Whether a host is this machine.
pub(super) fn is_near(host: &str) -> bool {
    host == "localhost" || host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}
