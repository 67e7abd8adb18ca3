//! Accounts that commands talk to directly: `[profiles.NAME]`, and what the systems say of theirs.
//!
//! Only the account that is used is resolved, so that a command works where a secret that only the server needs is not at hand.

use super::findings::Findings;
use super::load::FILE;
use super::raw::{Raw, RawKind, RawSystem};
use super::resolve::Resolver;
use super::section::{At, Section};
use super::text::Text;
use crate::env::Env;
use pagerduty::{Region, Secret};
use std::cell::RefCell;
use std::path::{Path, PathBuf};
use toml::de::DeTable;

/// `[profiles.NAME]`
#[derive(Clone, Debug, Default)]
pub(crate) struct RawProfile {
    pub(crate) name: String,
    api_token: Option<At<Text>>,
    from: Option<At<Text>>,
    routing_key: Option<At<Text>>,
    change_routing_key: Option<At<Text>>,
    service_key: Option<At<Text>>,
    api_url: Option<At<Text>>,
    events_url: Option<At<Text>>,
    region: Option<&'static str>,
    proxy: Option<bool>,
}

/// One account, as far as somebody says something of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Account {
    pub(crate) api_token: Option<Secret>,
    pub(crate) from: Option<String>,
    pub(crate) routing_key: Option<Secret>,
    pub(crate) change_routing_key: Option<Secret>,
    pub(crate) service_key: Option<Secret>,
    pub(crate) api_url: Option<String>,
    pub(crate) events_url: Option<String>,
    /// Whether the proxy variables of the environment do not count.
    pub(crate) direct: bool,
}

impl RawProfile {
    pub(super) fn all(file: &mut Section<'_>) -> Vec<Self> {
        file.named("profiles").into_iter().map(|(name, section)| Self::read(name.value, section)).collect()
    }

    fn read(name: String, mut section: Section<'_>) -> Self {
        let profile = Self {
            name,
            api_token: section.secret("api_token"),
            from: section.text("from"),
            routing_key: section.secret("routing_key"),
            change_routing_key: section.secret("change_routing_key"),
            service_key: section.secret("service_key"),
            api_url: section.text("api_url"),
            events_url: section.text("events_url"),
            region: section.choice("region", &["us", "eu"]),
            proxy: section.flag("proxy").map(|flag| flag.value),
        };
        section.end();
        profile
    }

    /// What a system of kind pagerduty says of its account, or one of kind pagerduty-events of its routing key.
    fn of_system(system: &RawSystem) -> Option<Self> {
        let own = Self {
            name: system.name.value.clone(),
            proxy: system.proxy.as_ref().map(|proxy| proxy.value),
            ..Self::default()
        };
        match &system.kind {
            RawKind::PagerDuty { api_token, from, .. } => {
                Some(Self { api_token: api_token.clone(), from: from.clone(), api_url: system.api_url.clone(), ..own })
            }
            RawKind::Alerts { routing_key, .. } => {
                Some(Self { routing_key: routing_key.clone(), events_url: system.api_url.clone(), ..own })
            }
            _ => None,
        }
    }

    fn secrets(&self) -> impl Iterator<Item = &At<Text>> {
        [&self.api_token, &self.routing_key, &self.change_routing_key, &self.service_key].into_iter().flatten()
    }
}

impl Resolver<'_> {
    /// What can be said of profiles without their secrets, which need not be there where the server runs.
    pub(super) fn profiles(&mut self, raw: &[RawProfile]) {
        for profile in raw {
            for written in profile.secrets().filter(|secret| matches!(secret.value, Text::Inline(_))) {
                let _ = self.secret(written);
            }
            for written in [&profile.api_url, &profile.events_url].into_iter().flatten() {
                if matches!(written.value, Text::Inline(_)) {
                    let _ = self.url(Some(written));
                }
            }
        }
    }

    fn account(&mut self, raw: &RawProfile) -> Option<Account> {
        let mut secret = |text: &Option<At<Text>>| match text {
            // A person's own command need not hear each time that a secret stands in the file: `check` says so.
            Some(text) => self.text(text).map(|text| Some(Secret::new(text))),
            None => Some(None),
        };
        let (token, key) = (secret(&raw.api_token), secret(&raw.routing_key));
        let (change_key, service_key) = (secret(&raw.change_routing_key), secret(&raw.service_key));
        let from = self.optional(raw.from.as_ref());
        let (api_url, events_url) = (self.url(raw.api_url.as_ref()), self.url(raw.events_url.as_ref()));
        let region = raw.region.map(|word| if word == "eu" { Region::Eu } else { Region::Us });
        Some(Account {
            api_token: token?,
            from: from.ok()?,
            routing_key: key?,
            change_routing_key: change_key?,
            service_key: service_key?,
            api_url: api_url.ok()?.or_else(|| region.map(|region| region.rest_url().to_owned())),
            events_url: events_url.ok()?.or_else(|| region.map(|region| region.events_url().to_owned())),
            direct: raw.proxy == Some(false),
        })
    }
}

/// What one file says of accounts.
#[derive(Debug)]
pub(crate) struct Accounts {
    /// The file.
    pub(crate) path: String,
    source: String,
    /// `[profiles.NAME]`
    pub(crate) profiles: Vec<RawProfile>,
    /// Systems of kind pagerduty.
    pub(crate) systems: Vec<RawProfile>,
    /// Systems of kind pagerduty-events.
    pub(crate) senders: Vec<RawProfile>,
}

impl Accounts {
    /// Resolves one of them.
    ///
    /// # Errors
    /// What is wrong with it, drawn for people.
    pub(crate) fn resolve(&self, raw: &RawProfile, env: &Env) -> Result<Account, String> {
        let mut findings = Findings::default();
        let account = Resolver::new(env, &mut findings).account(raw);
        findings.list.retain(|finding| finding.severity == super::findings::Severity::Error);
        account.ok_or_else(|| findings.render(&self.path, &self.source, false))
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    /// What is wrong with it, drawn for people.
    pub(crate) fn parse(path: String, source: String) -> Result<Self, String> {
        let found = RefCell::new(Findings::default());
        let (table, errors) = DeTable::parse_recoverable(&source);
        for error in &errors {
            found.borrow_mut().error(
                error.span().unwrap_or(0..0),
                format!("this is not TOML: {}", error.message()),
                "",
            );
        }
        // After a broken line the rest may look wrong only because of it.
        let raw = errors.is_empty().then(|| Raw::read(Section::new(table.get_ref(), String::new(), 0..0, &found)));
        drop(table);
        let mut findings = found.into_inner();
        findings.sort();
        let raw = raw.filter(|_| !findings.has_errors()).ok_or_else(|| findings.render(&path, &source, false))?;
        let of = |wanted: fn(&RawKind) -> bool| {
            raw.systems.iter().filter(|s| wanted(&s.kind)).filter_map(RawProfile::of_system).collect()
        };
        let systems = of(|kind| matches!(kind, RawKind::PagerDuty { .. }));
        let senders = of(|kind| matches!(kind, RawKind::Alerts { .. }));
        Ok(Self { path, source, profiles: raw.profiles, systems, senders })
    }
}

/// Reads the files that may name accounts, the one that wins first: the configuration, then the person's own, which is not read when
/// `config` is given.
///
/// # Errors
/// Which file cannot be used and why, drawn for people.
pub(crate) fn accounts(config: Option<&Path>, env: &Env) -> Result<Vec<Accounts>, String> {
    let (paths, optional) = match config {
        Some(path) => (vec![path.to_owned()], false),
        None => ([Some(PathBuf::from(FILE)), personal(env)].into_iter().flatten().collect(), true),
    };
    let mut files = Vec::new();
    for path in paths {
        match std::fs::read_to_string(&path) {
            Ok(source) => files.push(Accounts::parse(path.display().to_string(), source)?),
            Err(error) if optional && error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(format!("{} cannot be read: {error}", path.display())),
        }
    }
    Ok(files)
}

/// `~/.config/pagebridge/profiles.toml`
fn personal(env: &Env) -> Option<PathBuf> {
    let base = env.get("XDG_CONFIG_HOME").map(PathBuf::from);
    let base = base.filter(|base| base.is_absolute()).or_else(|| Some(Path::new(env.get("HOME")?).join(".config")))?;
    Some(base.join("pagebridge/profiles.toml"))
}
