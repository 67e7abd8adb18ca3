//! From the command line, the environment and the file to a configuration.

use super::findings::Findings;
use super::raw::Raw;
use super::resolve::Resolver;
use super::section::Section;
use super::{Config, StoreAddress, dropin};
use crate::env::Env;
use pagerduty::Secret;
use std::cell::RefCell;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use toml::de::DeTable;

/// The file that is looked for in the working directory.
pub(super) const FILE: &str = "pagebridge.toml";

/// What the command line says.
#[derive(Clone, Debug, Default)]
pub(crate) struct Overrides {
    pub(crate) config: Option<PathBuf>,
    pub(crate) listen: Option<String>,
    pub(crate) store: Option<String>,
}

/// How a command finds the running server, or the store when none runs: known even when a secret that only the
/// server needs is not at hand.
#[derive(Debug, Default)]
pub(crate) struct Reach {
    pub(crate) listen: Option<SocketAddr>,
    pub(crate) store: Option<StoreAddress>,
    pub(crate) api_token: Option<Secret>,
    /// Whether senders of events are heard.
    pub(crate) hears_senders: bool,
}

/// A configuration, or why there is none, with everything that was found on the way.
pub(crate) struct Loaded {
    /// The configuration, unless a finding is an error.
    pub(crate) config: Option<Config>,
    /// What commands need of it.
    pub(crate) reach: Reach,
    /// What was found.
    pub(crate) findings: Findings,
    /// The file's path, or what stands for it.
    pub(crate) path: String,
    /// The file's text.
    pub(crate) source: String,
}

/// Finds the configuration and reads it.
pub(crate) fn load(overrides: &Overrides, env: &Env) -> Loaded {
    let mut findings = Findings::default();
    for complaint in &env.complaints {
        findings.warn(None, complaint.clone(), "");
    }
    let path = overrides.config.clone().or_else(|| Path::new(FILE).exists().then(|| FILE.into()));
    match path {
        Some(path) => from_file(&path, overrides, env, findings),
        None => without_file(overrides, env, findings),
    }
}

fn from_file(path: &Path, overrides: &Overrides, env: &Env, mut findings: Findings) -> Loaded {
    let shown = path.display().to_string();
    match std::fs::read_to_string(path) {
        Ok(source) => from_text(&shown, source, overrides, env, findings),
        Err(error) => {
            let fix = "give the path of a readable file to --config, or run without it where `pagebridge.toml` is";
            findings.error(None, format!("{shown} cannot be read: {error}"), fix);
            Loaded { config: None, reach: Reach::default(), findings, path: shown, source: String::new() }
        }
    }
}

/// Whether there is a configuration without `--config`, be it right or wrong: a file here, or an old integration's variables.
pub(crate) fn is_there(env: &Env) -> bool {
    Path::new(FILE).exists() || dropin::is_wanted(env)
}

/// Reads the text of a file.
pub(super) fn from_text(path: &str, source: String, overrides: &Overrides, env: &Env, findings: Findings) -> Loaded {
    let found = RefCell::new(findings);
    let (table, errors) = DeTable::parse_recoverable(&source);
    for error in &errors {
        let at = error.span().unwrap_or(0..0);
        found.borrow_mut().error(at, format!("this is not TOML: {}", error.message()), "");
    }
    // After a broken line the rest may look wrong only because of it.
    let raw = errors.is_empty().then(|| Raw::read(Section::new(table.get_ref(), String::new(), 0..0, &found)));
    drop(table);
    let mut findings = found.into_inner();
    let reach = raw.as_ref().map(|raw| Resolver::new(env, &mut Findings::default()).reach(raw, overrides));
    let config = raw.and_then(|raw| Resolver::new(env, &mut findings).resolve(&raw, path, overrides));
    findings.sort();
    let config = config.filter(|_| !findings.has_errors());
    Loaded { config, reach: reach.unwrap_or_default(), findings, path: path.to_owned(), source }
}

/// A configuration that the program brings itself; `None` if it is wrong.
pub(crate) fn load_text(text: &str, overrides: &Overrides, env: &Env) -> Option<Config> {
    from_text("(built in)", text.to_owned(), overrides, env, Findings::default()).config
}

/// Reads a configuration from an old integration's variables alone.
pub(crate) fn without_file(overrides: &Overrides, env: &Env, mut findings: Findings) -> Loaded {
    let mut reach = Reach::default();
    let config = if dropin::is_wanted(env) {
        reach = dropin::reach(overrides, env);
        dropin::resolve(overrides, env, &mut findings)
    } else {
        findings.error(
            None,
            "there is no configuration: no `pagebridge.toml` here, and none of an old integration's variables in the environment",
            "write pagebridge.toml (docs/guide.md shows one of ten lines), give its path to --config, or set PAGERDUTY_API_KEY, \
             PAGERDUTY_SERVICE_ID, PAGERDUTY_EMAIL, OPSGENIE_API_KEY and OPSGENIE_INTEGRATION_ID, or NETBOX_URL, NETBOX_TOKEN, \
             PAGERDUTY_ENABLED and PAGERDUTY_ROUTING_KEY",
        );
        None
    };
    Loaded {
        config: config.filter(|_| !findings.has_errors()),
        reach,
        findings,
        path: "environment".to_owned(),
        source: String::new(),
    }
}
