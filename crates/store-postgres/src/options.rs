//! Where the database is, and how it is to be used.

use crate::error::ConnectError;
use pagebridge_core::hash_text;
use std::time::Duration;
use tokio_postgres::Config;
use tokio_postgres::config::{ChannelBinding, SslMode};

/// Where the sizes of one node's share end.
pub(crate) const SLOTS: i64 = 32;
/// The server ends what takes longer than this.
const STATEMENT_TIMEOUT_MS: u64 = 4_000;
/// The server gives up waiting for another transaction after this.
const LOCK_TIMEOUT_MS: u64 = 2_000;
/// The server ends a transaction whose node has gone silent after this.
const IDLE_TIMEOUT_MS: u64 = 10_000;
/// Keeps a dead peer from going unnoticed.
const PEER_TIMEOUT: Duration = Duration::from_secs(10);

/// How the database is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The schema that holds our tables; it is made when it is missing. Nodes of one installation name the same one.
    pub schema: String,
    /// How long a call waits for a database that is away, in milliseconds, before it says so.
    pub wait_ms: u64,
    /// Whether a commit is on disk when it is answered.
    pub commit: Commit,
}

/// Whether a commit is on disk when it is answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Commit {
    /// Always.
    #[default]
    Durable,
    /// Perhaps a moment later: what was accepted may be lost when the server's machine stops. For simulations only,
    /// where nothing is to be kept.
    SimulationOnlyMayBeLost,
}

impl Default for Options {
    fn default() -> Self {
        Self { schema: "pagebridge".into(), wait_ms: 5_000, commit: Commit::Durable }
    }
}

impl Options {
    /// The default options with a schema of one's own.
    #[must_use]
    pub fn with_schema(schema: &str) -> Self {
        Self { schema: schema.to_owned(), ..Self::default() }
    }
}

/// The database and the options, checked.
#[derive(Clone, Debug)]
pub(crate) struct Address {
    pub(crate) config: Config,
    pub(crate) schema: String,
    pub(crate) wait: Duration,
    commit: Commit,
}

impl Address {
    pub(crate) fn parse(url: &str, options: &Options) -> Result<Self, ConnectError> {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        let schema = options.schema.as_str();
        let starts = schema.starts_with(|c: char| c.is_ascii_lowercase());
        if !starts || schema.len() > 40 || !schema.chars().all(fits) {
            return Err(ConnectError::Schema(options.schema.clone()));
        }
        // These two are refused by the parser, which does not say why.
        for mode in ["verify-full", "verify-ca"] {
            if url.contains(&format!("sslmode={mode}")) {
                return Err(ConnectError::Tls(mode));
            }
        }
        let mut config: Config = url.parse().map_err(|error| ConnectError::Address(crate::error::words(&error)))?;
        if config.get_ssl_mode() == SslMode::Require || config.get_channel_binding() == ChannelBinding::Require {
            return Err(ConnectError::Tls("require"));
        }
        let wait = Duration::from_millis(options.wait_ms);
        config.ssl_mode(SslMode::Disable);
        if config.get_application_name().is_none() {
            config.application_name("pagebridge");
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(wait.min(Duration::from_secs(3)));
        }
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(PEER_TIMEOUT);
        }
        config.keepalives_idle(PEER_TIMEOUT).keepalives_interval(Duration::from_secs(3)).keepalives_retries(3);
        Ok(Self { config, schema: options.schema.clone(), wait, commit: options.commit })
    }

    /// The channel on which nodes tell each other that lanes have moved.
    pub(crate) fn channel(&self) -> String {
        format!("pagebridge_{}", self.schema)
    }

    /// Advisory locks belong to the whole database, so each schema's are moved elsewhere.
    pub(crate) fn lock_of(&self, hash: i64) -> i64 {
        hash ^ hash_text(&self.schema)
    }

    /// What every session begins with.
    pub(crate) fn settings(&self) -> String {
        let Self { schema, .. } = self;
        let commit = match self.commit {
            // A server that waits for its standbys goes on doing so.
            Commit::Durable => {
                "SELECT set_config('synchronous_commit', 'on', false) \
                 WHERE current_setting('synchronous_commit') = 'off'"
            }
            Commit::SimulationOnlyMayBeLost => "SET synchronous_commit = off",
        };
        format!(
            "SET search_path = \"{schema}\"; SET jit = off; SET client_min_messages = warning; \
             SET default_transaction_isolation = 'read committed'; \
             SET statement_timeout = {STATEMENT_TIMEOUT_MS}; SET lock_timeout = {LOCK_TIMEOUT_MS}; \
             SET idle_in_transaction_session_timeout = {IDLE_TIMEOUT_MS}; {commit}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Result<Address, ConnectError> {
        Address::parse(url, &Options::default())
    }

    #[test]
    fn tls_is_refused_and_not_done_without() {
        for mode in ["require", "verify-ca", "verify-full"] {
            let error = parse(&format!("postgres://u:geheim@db/x?sslmode={mode}")).expect_err("no TLS here");
            let words = error.to_string();
            assert!(words.contains(&format!("sslmode={mode}")) && words.contains("sslmode=disable"), "{words}");
            assert!(!words.contains("geheim"), "{words}");
        }
        for mode in ["", "?sslmode=disable", "?sslmode=prefer"] {
            parse(&format!("postgres://u@db/x{mode}")).expect("plain sockets are enough");
        }
    }

    #[test]
    fn secrets_are_not_shown() {
        let address = parse("postgres://u:geheim@db/x").expect("reads");
        assert!(!format!("{address:?}").contains("geheim"));
        let error = parse("postgres://u:geheim@db:notaport/x").expect_err("no such port");
        assert!(!error.to_string().contains("geheim"), "{error}");
    }

    #[test]
    fn schema_names_are_checked() {
        let with = |schema: &str| Address::parse("postgres://u@db/x", &Options::with_schema(schema));
        for bad in ["", "1a", "A", "a b", "a\"b", "a-b", &"a".repeat(41)] {
            assert!(matches!(with(bad), Err(ConnectError::Schema(_))), "{bad}");
        }
        assert!(with("pagebridge_2").is_ok());
    }

    #[test]
    fn only_a_simulation_may_lose_commits() {
        let text = |commit| {
            let options = Options { commit, ..Options::default() };
            Address::parse("postgres://u@db/x", &options).expect("reads").settings()
        };
        assert!(!text(Commit::Durable).contains("synchronous_commit = off"));
        assert!(text(Commit::SimulationOnlyMayBeLost).contains("synchronous_commit = off"));
    }
}
