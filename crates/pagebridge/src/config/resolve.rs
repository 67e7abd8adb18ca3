//! From what the user wrote to what the program needs: values found, checked, and defaults decided.

use super::findings::Findings;
use super::load::{Overrides, Reach};
use super::raw::{Raw, RawDelivery, RawKind, RawPolling};
use super::rules;
use super::section::At;
use super::text::Text;
use super::{Config, StoreAddress};
use crate::env::Env;
use pagebridge_core::{Backoff, PollPolicy};
use pagerduty::Secret;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::Range;

/// Where to listen unless said otherwise.
pub(super) const LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);

/// The store unless said otherwise, in the working directory.
pub(super) const STORE: &str = "sqlite:pagebridge.db";

/// How long a graceful stop waits unless said otherwise, in milliseconds.
pub(super) const STOP_MS: u64 = 10_000;

/// Resolves one configuration.
pub(super) struct Resolver<'a> {
    pub(super) env: &'a Env,
    pub(super) findings: &'a mut Findings,
}

impl<'a> Resolver<'a> {
    pub(super) fn new(env: &'a Env, findings: &'a mut Findings) -> Self {
        Self { env, findings }
    }

    /// Gives nothing when something needed is wrong; there is an error in the findings then.
    pub(super) fn resolve(&mut self, raw: &Raw, path: &str, overrides: &Overrides) -> Option<Config> {
        let listen = self.listen(overrides, raw.listen.as_ref(), LISTEN);
        let store = self.store(overrides, raw.store.as_ref());
        let api_token = raw.api_token.as_ref().map(|token| self.secret(token)).map(|token| token.ok_or(())).transpose();
        let tokens = self.tokens(&raw.tokens, api_token.as_ref().ok().and_then(Option::as_ref));
        let mut systems = self.systems(&raw.systems);
        let actions = self.actions(&raw.actions, &systems);
        let chat = self.chat_commands(raw.chat.as_ref(), &systems, store.as_ref());
        let alone = raw.chat.is_some() || !raw.tokens.is_empty();
        let bridges = rules::bridges(&raw.bridges, &raw.systems, &mut systems, alone, self.findings);
        let mcp = self.mcp(&raw.mcp);
        let instance = self.instance(raw.instance.as_ref());
        let poll = self.poll(&raw.polling);
        let backoff = self.backoff(&raw.delivery);
        let operator = self.operator(&raw.operator);
        self.profiles(&raw.profiles);
        Some(Config {
            origin: path.to_owned(),
            listen: listen?,
            store: store?,
            instance: instance?,
            api_token: api_token.ok()?,
            tokens: tokens?,
            actions: actions?,
            chat: chat.ok()?,
            mcp: mcp?,
            systems,
            bridges,
            backoff,
            poll,
            operator: operator?,
            stop_ms: raw.delivery.stop_s.as_ref().map_or(STOP_MS, |s| s.value.unsigned_abs() * 1_000),
        })
    }

    /// What commands need, as far as it is known.
    pub(super) fn reach(&mut self, raw: &Raw, overrides: &Overrides) -> Reach {
        Reach {
            listen: self.listen(overrides, raw.listen.as_ref(), LISTEN),
            store: self.store(overrides, raw.store.as_ref()),
            api_token: raw.api_token.as_ref().and_then(|token| self.secret(token)),
            hears_senders: raw.systems.iter().any(|system| matches!(system.kind, RawKind::Events { .. })),
        }
    }

    /// Finds a text; says what is wrong when it cannot.
    pub(super) fn text(&mut self, text: &At<Text>) -> Option<String> {
        let found = text.value.resolve(self.env);
        found.map_err(|error| self.findings.error(text.at.clone(), error.to_string(), error.fix())).ok()
    }

    /// Finds a secret; one that stands in the file is worth a word.
    pub(super) fn secret(&mut self, text: &At<Text>) -> Option<Secret> {
        if matches!(text.value, Text::Inline(_)) {
            let fix = "write `{ env = \"NAME\" }` or `{ file = \"PATH\" }` in its place";
            self.findings.warn(text.at.clone(), "a secret stands in the configuration file", fix);
        }
        self.text(text).map(Secret::new)
    }

    /// A text that must be there.
    pub(super) fn needed(
        &mut self,
        text: Option<&At<Text>>,
        key: &str,
        section: &(String, Range<usize>),
    ) -> Option<String> {
        match text {
            Some(text) => self.text(text),
            None => {
                let message = format!("[{}] has no `{key}`", section.0);
                self.findings.error(section.1.clone(), message, format!("add `{key}`"));
                None
            }
        }
    }

    /// The address to listen on: command line, then environment, then file.
    pub(super) fn listen(
        &mut self,
        over: &Overrides,
        written: Option<&At<Text>>,
        default: SocketAddr,
    ) -> Option<SocketAddr> {
        let (text, at, place) = self.pick(over.listen.as_deref(), "listen", "PAGEBRIDGE_LISTEN", written)?;
        let Some(text) = text else { return Some(default) };
        let named = text.strip_prefix("localhost:").map(|port| format!("127.0.0.1:{port}"));
        match named.as_deref().unwrap_or(&text).parse() {
            Ok(address) => Some(address),
            Err(_) => {
                let message = format!("{place}: `{text}` is not an address to listen on");
                self.findings.error(at, message, "write address and port, such as `127.0.0.1:8080` or `[::1]:8080`");
                None
            }
        }
    }

    /// The store: command line, then environment, then file.
    pub(super) fn store(&mut self, over: &Overrides, written: Option<&At<Text>>) -> Option<StoreAddress> {
        let (text, at, place) = self.pick(over.store.as_deref(), "store", "PAGEBRIDGE_STORE", written)?;
        let address = store_address(text.as_deref().unwrap_or(STORE));
        if address.is_none() {
            // The text may hold a password.
            let message = format!("{place} is not the address of a store");
            self.findings.error(at, message, "write `sqlite:PATH` or `postgres://USER:PASSWORD@HOST/DATABASE`");
        }
        address
    }

    /// The text that counts, where it is in the file, and how its place is called; nothing when it cannot be had.
    fn pick(
        &mut self,
        flag: Option<&str>,
        key: &str,
        variable: &str,
        written: Option<&At<Text>>,
    ) -> Option<(Option<String>, Option<Range<usize>>, String)> {
        if let Some(text) = flag {
            return Some((Some(text.to_owned()), None, format!("--{key}")));
        }
        if let Some(text) = self.env.get(variable) {
            return Some((Some(text.to_owned()), None, variable.to_owned()));
        }
        match written {
            Some(text) => Some((Some(self.text(text)?), Some(text.at.clone()), format!("`{key}`"))),
            None => Some((None, None, format!("`{key}`"))),
        }
    }

    fn instance(&mut self, written: Option<&At<Text>>) -> Option<String> {
        let Some(written) = written else { return Some(String::new()) };
        let text = self.text(written)?;
        if text.len() <= 12 && text.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Some(text);
        }
        let fix = "write 1 to 12 letters and digits; it ends up in mirrored notes, as in `[pb:k3x9-12-3]`";
        self.findings.error(written.at.clone(), "`instance` cannot be this", fix);
        None
    }

    fn poll(&mut self, raw: &RawPolling) -> PollPolicy {
        let usual = PollPolicy::default();
        let interval_ms = millis(raw.interval_s.as_ref(), usual.interval_ms);
        let quiet_ms = millis(raw.quiet_s.as_ref(), usual.quiet_ms.max(interval_ms));
        if let Some(quiet) = raw.quiet_s.as_ref().filter(|_| quiet_ms < interval_ms) {
            let fix = "quiet records are read less often, not more: make it at least as long";
            self.findings.error(quiet.at.clone(), "`quiet_s` is shorter than `interval_s`", fix);
        }
        PollPolicy { interval_ms, quiet_ms, linger_ms: millis(raw.linger_s.as_ref(), usual.linger_ms) }
    }

    fn backoff(&mut self, raw: &RawDelivery) -> Backoff {
        let usual = Backoff::default();
        let first_ms = millis(raw.first_wait_s.as_ref(), usual.first_ms);
        let cap_ms = millis(raw.longest_wait_s.as_ref(), usual.cap_ms.max(first_ms));
        if let Some(longest) = raw.longest_wait_s.as_ref().filter(|_| cap_ms < first_ms) {
            let fix = "waits grow from the first to the longest: make it at least as long";
            self.findings.error(longest.at.clone(), "`longest_wait_s` is shorter than `first_wait_s`", fix);
        }
        let unanswered_ms = millis(raw.unanswered_wait_s.as_ref(), usual.unanswered_ms);
        Backoff { first_ms, cap_ms, unanswered_ms }
    }
}

pub(super) fn millis(seconds: Option<&At<i64>>, default_ms: i64) -> i64 {
    seconds.map_or(default_ms, |s| s.value * 1_000)
}

fn store_address(text: &str) -> Option<StoreAddress> {
    if let Some(path) = text.strip_prefix("sqlite:") {
        let path = path.strip_prefix("//").unwrap_or(path);
        return (!path.is_empty() && !path.starts_with(':')).then(|| StoreAddress::Sqlite(path.into()));
    }
    let is_postgres = text.starts_with("postgres://") || text.starts_with("postgresql://");
    is_postgres.then(|| StoreAddress::Postgres(Secret::new(text)))
}
