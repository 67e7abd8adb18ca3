//! Says how a sandbox is set up; everything has a default.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use jiff::Timestamp;

use crate::clock::ClockMode;
use crate::seed_file::SeedFile;

/// A free port on this machine.
const FREE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// How a sandbox is set up.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where PagerDuty listens (REST and events on one port); port 0 takes a free one.
    pub pagerduty_listen: SocketAddr,
    /// Where Opsgenie listens.
    pub opsgenie_listen: SocketAddr,
    /// Where NetBox listens.
    pub netbox_listen: SocketAddr,
    /// Where Slack listens.
    pub slack_listen: SocketAddr,
    /// Where Mattermost listens.
    pub mattermost_listen: SocketAddr,
    /// Where the Teams workflow listens.
    pub teams_listen: SocketAddr,
    /// Where the control API and the page listen.
    pub control_listen: SocketAddr,
    /// How PagerDuty is reached over TLS.
    pub tls: TlsConfig,
    /// Seeds ids, secrets and every chance; the same seed gives the same ones.
    pub seed: u64,
    /// How the clock moves.
    pub clock: ClockMode,
    /// When the clock starts; without it, now.
    pub start: Option<Timestamp>,
    /// Fixed credentials and ids; those left out are drawn from the seed.
    pub credentials: Credentials,
    /// What PagerDuty holds at the start instead of the default users, policies and services.
    pub seed_file: Option<SeedFile>,
    /// The file that keeps what the sandbox holds from one start to the next; it wins over the seed file.
    pub state_file: Option<PathBuf>,
    /// PagerDuty's own settings.
    pub pagerduty: PagerDutyConfig,
    /// Opsgenie's own settings.
    pub opsgenie: OpsgenieConfig,
    /// NetBox's own settings.
    pub netbox: NetBoxConfig,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            pagerduty_listen: FREE,
            opsgenie_listen: FREE,
            netbox_listen: FREE,
            slack_listen: FREE,
            mattermost_listen: FREE,
            teams_listen: FREE,
            control_listen: FREE,
            tls: TlsConfig::default(),
            seed: 1,
            clock: ClockMode::Real,
            start: None,
            credentials: Credentials::default(),
            seed_file: None,
            state_file: None,
            pagerduty: PagerDutyConfig::default(),
            opsgenie: OpsgenieConfig::default(),
            netbox: NetBoxConfig::default(),
        }
    }
}

/// How the PagerDuty look-alike is reached over TLS, directly or through a proxy that leads to nothing else.
#[derive(Debug, Clone)]
pub struct TlsConfig {
    /// Where TLS listens.
    pub listen: SocketAddr,
    /// Where the proxy listens.
    pub proxy_listen: SocketAddr,
    /// Names and addresses besides `localhost`, `127.0.0.1`, `::1` and PagerDuty's own hosts: a certificate that is made
    /// has them, and the proxy leads here for them.
    pub names: Vec<String>,
    /// Where the certificate comes from.
    pub certificate: Certificate,
}

impl Default for TlsConfig {
    fn default() -> TlsConfig {
        TlsConfig {
            listen: FREE,
            proxy_listen: FREE,
            names: Vec::new(),
            certificate: Certificate::Made { ca_file: None },
        }
    }
}

/// Where the certificate comes from.
#[derive(Debug, Clone)]
pub enum Certificate {
    /// It is made at every start, by an authority that is made with it.
    Made {
        /// Where the authority's certificate is written, and stays; without it, in a private temporary directory
        /// that is removed at the stop.
        ca_file: Option<PathBuf>,
    },
    /// It is read from PEM files, and so stays the same from one start to the next.
    Files {
        /// The certificate, followed by those between it and the authority.
        cert_file: PathBuf,
        /// Its private key.
        key_file: PathBuf,
        /// What clients have to trust; for a self-signed certificate, the certificate itself.
        ca_file: PathBuf,
    },
}

/// Credentials and ids that a test or a person wants to choose.
///
/// They open nothing but this sandbox, so they are plain text.
#[derive(Debug, Clone, Default)]
pub struct Credentials {
    /// A REST key without a user behind it.
    pub account_token: Option<String>,
    /// A REST key of the automation user.
    pub user_token: Option<String>,
    /// The automation user's e-mail, for the `From` header.
    pub from: Option<String>,
    /// The first service's id.
    pub service_id: Option<String>,
    /// The first service's Events API v2 key; 32 letters and digits.
    pub routing_key: Option<String>,
    /// A routing key of the whole account, which leads to the first service; `R` and 31 letters and digits.
    pub global_routing_key: Option<String>,
    /// The id of the app that may ask for OAuth tokens.
    pub oauth_client_id: Option<String>,
    /// That app's secret.
    pub oauth_client_secret: Option<String>,
    /// The secret of PagerDuty subscriptions that are made without one of their own.
    pub pagerduty_webhook_secret: Option<String>,
    /// The Opsgenie API key.
    pub opsgenie_api_key: Option<String>,
    /// The id of the Opsgenie integration that sends the webhooks.
    pub opsgenie_integration_id: Option<String>,
    /// A NetBox token of the first kind that may do everything, of the user `bridge`; 40 hexadecimal digits.
    pub netbox_token: Option<String>,
    /// That user's token of the second kind (`nbt_...`).
    pub netbox_token_v2: Option<String>,
    /// That user's token that may not write to NetBox's own objects.
    pub netbox_readonly_token: Option<String>,
    /// The secret of NetBox webhooks that are made without one of their own.
    pub netbox_webhook_secret: Option<String>,
    /// The token of Slack's bot.
    pub slack_bot_token: Option<String>,
    /// The secret with which Slack's requests would be signed; Slack's look-alike sends none.
    pub slack_signing_secret: Option<String>,
    /// The id of the Slack channel that the bot is in.
    pub slack_channel: Option<String>,
    /// The token of Mattermost's bot.
    pub mattermost_bot_token: Option<String>,
    /// The token of Mattermost's slash command.
    pub mattermost_command_token: Option<String>,
    /// The id of Mattermost's channel; 26 letters and digits.
    pub mattermost_channel_id: Option<String>,
    /// The signature in the address of the Teams workflow.
    pub teams_signature: Option<String>,
}

/// Settings of the PagerDuty look-alike.
#[derive(Debug, Clone)]
pub struct PagerDutyConfig {
    /// The web address in `html_url`; clients want `https://<subdomain>.pagerduty.com`.
    pub web_base: String,
    /// The address in `self`; without it, the scheme and host that the client used.
    pub public_url: Option<String>,
    /// The automation user's name.
    pub automation_user: String,
    /// The REST limit per credential and minute; none switches it off.
    pub rest_per_minute: Option<u32>,
    /// Further REST limits per credential and minute, by operation as `GET /state` names it: `POST /incidents`.
    pub operations_per_minute: BTreeMap<String, u32>,
    /// The limit of the events APIs per routing key and minute; none switches it off.
    pub events_per_minute: Option<u32>,
    /// Answers 401 with a JSON body (code 2006) instead of an empty text.
    pub unauthorized_json: bool,
    /// Refuses to acknowledge an acknowledged incident (code 1002) instead of adding an acknowledger.
    pub repeated_acknowledge_refused: bool,
    /// Groups a new alert into the service's open incident, as time-based grouping of the service does too.
    pub group_alerts: bool,
    /// Refuses to snooze a triggered incident (code 1012) instead of acknowledging it first.
    pub snooze_needs_acknowledgement: bool,
    /// Tells of an unknown routing key as bare text instead of in `errors`.
    pub unknown_key_as_text: bool,
    /// The status for an event of more than 512 KB: 400 or 413.
    pub too_large_status: u16,
    /// How long an OAuth token is good for, in seconds.
    pub oauth_token_s: u64,
    /// The pause before the first retry of a webhook; it doubles from there.
    pub webhook_retry_ms: u64,
    /// The longest pause between two retries.
    pub webhook_retry_cap_ms: u64,
    /// How long after its first attempt a webhook is given up.
    pub webhook_retry_total_ms: u64,
    /// How long a receiver may take to answer a webhook.
    pub webhook_timeout_ms: u64,
}

impl Default for PagerDutyConfig {
    fn default() -> PagerDutyConfig {
        PagerDutyConfig {
            web_base: "https://sandbox.pagerduty.com".to_owned(),
            public_url: None,
            automation_user: "Pagebridge".to_owned(),
            rest_per_minute: Some(960),
            operations_per_minute: BTreeMap::new(),
            events_per_minute: Some(120),
            unauthorized_json: false,
            repeated_acknowledge_refused: false,
            group_alerts: false,
            snooze_needs_acknowledgement: true,
            unknown_key_as_text: false,
            too_large_status: 400,
            oauth_token_s: 864_000,
            webhook_retry_ms: 10_000,
            webhook_retry_cap_ms: 30 * 60 * 1_000,
            webhook_retry_total_ms: 48 * 60 * 60 * 1_000,
            webhook_timeout_ms: 5_000,
        }
    }
}

/// How numbers are written in Opsgenie's webhooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NumberFormat {
    /// Milliseconds, and priorities as `"P2"`.
    New,
    /// `updatedAt` with 19 digits, and priorities as the number 2.
    Old,
    /// Either, drawn from the seed for every webhook: a receiver may depend on neither.
    #[default]
    Random,
}

/// Settings of the Opsgenie look-alike.
#[derive(Debug, Clone)]
pub struct OpsgenieConfig {
    /// How long an accepted write takes to be processed.
    pub processing_ms: u64,
    /// Up to this much more, drawn from the seed; more than zero lets later writes overtake earlier ones.
    pub processing_jitter_ms: u64,
    /// Calls per minute for the whole account; none switches the limit off.
    pub calls_per_minute: Option<u32>,
    /// How numbers are written in webhooks.
    pub number_format: NumberFormat,
    /// Puts the text of a note beside `alert`, as some consumers' examples have it, instead of into it.
    pub note_at_top: bool,
    /// Adds description and details to every webhook, as the two boxes of the integration do.
    pub description_and_details: bool,
    /// How often a webhook that was not answered 2xx is sent again; the vendor documents nothing.
    pub webhook_retries: u32,
    /// The pause before the first of those retries.
    pub webhook_retry_ms: u64,
}

impl Default for OpsgenieConfig {
    fn default() -> OpsgenieConfig {
        OpsgenieConfig {
            processing_ms: 50,
            processing_jitter_ms: 0,
            calls_per_minute: None,
            number_format: NumberFormat::Random,
            note_at_top: false,
            description_and_details: true,
            webhook_retries: 0,
            webhook_retry_ms: 1_000,
        }
    }
}

/// Settings of the NetBox look-alike.
#[derive(Debug, Clone)]
pub struct NetBoxConfig {
    /// How many Events and Incidents it holds at the start, half of each, one in a hundred of them open.
    pub objects: usize,
    /// How often a webhook that was not answered 2xx is sent again (`RQ_RETRY_MAX`); NetBox's default is not at all.
    pub webhook_retries: u32,
    /// The pause before each of those retries.
    pub webhook_retry_ms: u64,
    /// Whether the worker runs that sends webhooks; without it they are lost, and only `/api/status/` tells.
    pub webhook_worker: bool,
    /// Answers every read of a technical service with 500, as the plugin's main branch does.
    pub technical_services_crash: bool,
}

impl Default for NetBoxConfig {
    fn default() -> NetBoxConfig {
        NetBoxConfig {
            objects: 0,
            webhook_retries: 0,
            webhook_retry_ms: 1_000,
            webhook_worker: true,
            technical_services_crash: true,
        }
    }
}
