//! Configuration, in two stages: what the user wrote ([`raw`]), and what the program needs ([`resolve`]).
//!
//! Everything wrong is reported at once. Without a file, the variables of an old integration are taken
//! ([`dropin`]).

mod access;
mod chat;
mod dropin;
mod findings;
mod load;
mod mcp;
mod netbox;
mod operator;
mod posts;
mod profiles;
mod raw;
mod resolve;
mod rt;
mod rules;
mod section;
mod systems;
mod text;

#[cfg(test)]
mod tests;

pub(crate) use access::{Actions, Token, is_token_name};
pub(crate) use findings::Findings;
pub(crate) use load::{Loaded, Overrides, is_there, load, load_text, without_file};
pub(crate) use netbox::{NetBox, Tie};
pub(crate) use operator::{OperatorSettings, Security, Smtp, Webhook};
pub(crate) use posts::posts_of;
pub(crate) use profiles::{Account, Accounts, RawProfile, accounts};
pub(crate) use rt::{WEBHOOK_PAGE, hears_webhook_page, services_of};
pub(crate) use section::nearest;

use pagebridge_core::{Backoff, Bridge, PollPolicy, SystemName};
use pagebridge_mcp::Rules;
use pagerduty::Secret;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Where the store is.
#[derive(Clone, Debug)]
pub(crate) enum StoreAddress {
    /// In a file.
    Sqlite(PathBuf),
    /// On a PostgreSQL server; the address may hold a password.
    Postgres(Secret),
}

impl StoreAddress {
    /// How it is called where anybody may read it.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Sqlite(path) => format!("sqlite:{}", path.display()),
            Self::Postgres(url) => {
                // A password may also stand behind the `?`.
                let bare = url.expose().split('?').next().unwrap_or_default();
                let place = bare.rsplit_once('@').map_or("", |(_, place)| place);
                if place.is_empty() { "postgres://***".to_owned() } else { format!("postgres://***@{place}") }
            }
        }
    }
}

/// Everything that the program needs to know.
#[derive(Debug)]
pub(crate) struct Config {
    /// Where it comes from, in words.
    pub(crate) origin: String,
    /// Where to listen.
    pub(crate) listen: SocketAddr,
    /// Where the store is.
    pub(crate) store: StoreAddress,
    /// Tag of a new installation in the marks of mirrored notes; when empty, the store makes one up. A store keeps the
    /// one that it was made with.
    pub(crate) instance: String,
    /// What opens `/api`.
    pub(crate) api_token: Option<Secret>,
    /// What also opens it, each for somebody else.
    pub(crate) tokens: Vec<Token>,
    /// The account that actions are run in.
    pub(crate) actions: Actions,
    /// Which actions are tools for assistants.
    pub(crate) mcp: Rules,
    /// The systems.
    pub(crate) systems: Vec<System>,
    /// The bridges.
    pub(crate) bridges: Vec<Bridge>,
    /// Commands in chats.
    pub(crate) chat: Option<pagebridge_chat::Settings>,
    /// Waits between attempts.
    pub(crate) backoff: Backoff,
    /// Waits between polls.
    pub(crate) poll: PollPolicy,
    /// Who is told when paging does not work.
    pub(crate) operator: OperatorSettings,
    /// How long a graceful stop waits for what is in flight, in milliseconds.
    pub(crate) stop_ms: u64,
}

/// One system.
#[derive(Clone, Debug)]
pub(crate) struct System {
    pub(crate) name: SystemName,
    /// What people call it.
    pub(crate) label: String,
    /// The base address of its API.
    pub(crate) api_url: String,
    /// Paths on which it tells us things, besides `/hooks/NAME`.
    pub(crate) paths: Vec<String>,
    /// Secrets of which a webhook must prove one.
    pub(crate) webhook_secrets: Vec<Secret>,
    /// Attempts in flight at once, at most.
    pub(crate) concurrency: usize,
    /// Calls per minute, at most; nothing leaves it to the far side.
    pub(crate) calls_per_minute: Option<u32>,
    /// How long an attempt may take before it may be taken over, in milliseconds.
    pub(crate) lease_ttl_ms: i64,
    pub(crate) connect_timeout_ms: u64,
    pub(crate) timeout_ms: u64,
    /// Whether the proxy variables of the environment count.
    pub(crate) proxy: bool,
    pub(crate) kind: Kind,
}

/// What only one kind of system has.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    PagerDuty(PagerDuty),
    Opsgenie(Opsgenie),
    /// Senders of events.
    Events(Events),
    /// The alerts behind one routing key.
    Alerts(Alerts),
    NetBox(Box<NetBox>),
    /// What the connector to a Request Tracker is set by, but for what every system has.
    Rt(Box<pagebridge_connectors::rt::Settings>),
    /// A channel in Slack.
    Slack(Slack),
    /// A channel in Mattermost.
    Mattermost(Mattermost),
    /// A channel in Teams.
    Teams(Teams),
}

impl Kind {
    /// The word in the configuration.
    pub(crate) fn as_str(&self) -> &'static str {
        match self {
            Self::PagerDuty(_) => "pagerduty",
            Self::Opsgenie(_) => "opsgenie",
            Self::Events(_) => "events",
            Self::Alerts(_) => "pagerduty-events",
            Self::NetBox(_) => "netbox",
            Self::Rt(_) => "rt",
            Self::Slack(_) => "slack",
            Self::Mattermost(_) => "mattermost",
            Self::Teams(_) => "teams",
        }
    }

    /// Whether incidents are only shown there.
    pub(crate) fn is_chat(&self) -> bool {
        matches!(self, Self::Slack(_) | Self::Mattermost(_) | Self::Teams(_))
    }

    /// The path on which the old proxy took this system's webhooks; `None` for what has other paths, or none.
    pub(crate) fn old_path(&self) -> Option<&'static str> {
        match self {
            Self::PagerDuty(_) => Some("/pd-webhook"),
            Self::Opsgenie(_) => Some("/ops-webhook"),
            _ => None,
        }
    }
}

/// One PagerDuty account.
#[derive(Clone, Debug)]
pub(crate) struct PagerDuty {
    pub(crate) api_token: Secret,
    /// E-mail of the user we act as.
    pub(crate) from: String,
    /// The service that incidents are created on that name none.
    pub(crate) service_id: Option<String>,
    /// That user's name, when it is known beforehand.
    pub(crate) user: Option<String>,
    /// Take webhooks without a signature.
    pub(crate) insecure_webhooks: bool,
    /// Tokens of which a webhook must carry one that comes where the extension for Request Tracker took them.
    pub(crate) webhook_tokens: Vec<Secret>,
    /// Where PagerDuty reaches us, when the bridge looks after its webhook subscription.
    pub(crate) webhook_url: Option<String>,
}

/// Senders of events, which speak PagerDuty's Events API to us.
#[derive(Clone, Debug)]
pub(crate) struct Events {
    /// Whether routing keys that are not configured are passed on as they are.
    pub(crate) pass_through: bool,
}

/// The alerts behind one routing key.
#[derive(Clone, Debug)]
pub(crate) struct Alerts {
    pub(crate) routing_key: Secret,
    /// Keys that senders may use in its place.
    pub(crate) local_keys: Vec<Secret>,
    /// The system of kind pagerduty that is asked whether a page exists.
    pub(crate) account: Option<SystemName>,
}

/// One Opsgenie account.
#[derive(Clone, Debug)]
pub(crate) struct Opsgenie {
    pub(crate) api_key: Secret,
    pub(crate) integration_id: Option<String>,
    pub(crate) webhook_header: Option<String>,
    /// Who writes, when no person is to be named.
    pub(crate) user: Option<String>,
    /// The `source` that our writes carry.
    pub(crate) source: Option<String>,
}

/// A channel in Slack.
#[derive(Clone, Debug)]
pub(crate) struct Slack {
    pub(crate) bot_token: Secret,
    /// The channel's id.
    pub(crate) channel: String,
}

/// A channel in Mattermost.
#[derive(Clone, Debug)]
pub(crate) struct Mattermost {
    pub(crate) bot_token: Secret,
    pub(crate) channel_id: String,
    /// What the buttons below a post need; no buttons without it.
    pub(crate) buttons: Option<pagebridge_connectors::mattermost::Buttons>,
}

/// A channel in Teams, behind the address of a Workflow.
#[derive(Clone, Debug)]
pub(crate) struct Teams {
    pub(crate) workflow_url: Secret,
}

/// Where PagerDuty's API is unless said otherwise.
pub(crate) const PAGERDUTY_API_URL: &str = "https://api.pagerduty.com";

/// Where PagerDuty's Events API is unless said otherwise.
pub(crate) const PAGERDUTY_EVENTS_URL: &str = "https://events.pagerduty.com";

/// Where Opsgenie's API is unless said otherwise.
pub(crate) const OPSGENIE_API_URL: &str = "https://api.opsgenie.com";

/// The usual limits of a system of either kind.
impl System {
    pub(crate) fn new(name: SystemName, label: &str, api_url: &str, kind: Kind) -> Self {
        // PagerDuty takes 960 calls a minute from one user, and 120 events a minute for one routing key; Opsgenie does not
        // publish a figure.
        let (concurrency, calls_per_minute) = match kind {
            Kind::PagerDuty(_) => (16, Some(900)),
            Kind::Opsgenie(_) => (16, Some(600)),
            Kind::Events(_) | Kind::Alerts(_) => (16, Some(120)),
            Kind::NetBox(_) => (4, None),
            // Each call costs an RT some tenths of a second of work, and it limits nobody.
            Kind::Rt(_) => (2, None),
            // Slack takes about one message a second for one channel, a Workflow fewer.
            Kind::Slack(_) => (2, Some(50)),
            Kind::Mattermost(_) => (4, Some(300)),
            Kind::Teams(_) => (1, Some(30)),
        };
        // The first call after NetBox's start takes seconds, and so may a list of RT's.
        let timeout_ms = if matches!(kind, Kind::NetBox(_) | Kind::Rt(_)) { 30_000 } else { 10_000 };
        Self {
            name,
            label: label.to_owned(),
            api_url: api_url.to_owned(),
            paths: Vec::new(),
            webhook_secrets: Vec::new(),
            concurrency,
            calls_per_minute,
            lease_ttl_ms: 60_000,
            connect_timeout_ms: 5_000,
            timeout_ms,
            proxy: true,
            kind,
        }
    }
}
