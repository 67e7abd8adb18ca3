//! The command line.

use crate::logs::LogFormat;
use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use std::net::SocketAddr;
use std::path::PathBuf;

/// A self-hosted incident bridge: keeps PagerDuty and your other tools in step.
#[derive(Debug, Parser)]
#[command(
    name = "pagebridge",
    version,
    max_term_width = 100,
    after_help = "Exit codes and all keys: docs/cli.md, docs/configuration.md."
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Write JSON to standard output instead of text
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// What to log, as in RUST_LOG: `warn`, `info`, `debug`, `pagebridge_engine=debug`
    #[arg(long, global = true, value_name = "FILTER")]
    pub(crate) log: Option<String>,
    /// How logs look
    #[arg(long, global = true, value_enum, default_value_t)]
    pub(crate) log_format: LogFormat,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the bridge
    Serve(ConfigArgs),
    /// Show the whole bridge at work against look-alikes, with an outage in the middle
    Demo(DemoArgs),
    /// Play hours of trouble in a minute against look-alikes, and see what became of every alert
    Drill(DrillArgs),
    /// Run look-alikes of PagerDuty, Opsgenie and NetBox
    Sandbox(SandboxArgs),
    /// Check the configuration without connecting to anything
    Check(ConfigArgs),
    /// Check the live systems, the store and the webhook settings, or a PagerDuty account alone
    Doctor(crate::doctor::DoctorArgs),
    /// Check events before they are sent: what PagerDuty would refuse, and what makes a bad page
    Lint(crate::account::lint::LintArgs),
    /// Show how fast people are (MTTA, MTTR) and when they are interrupted
    Analytics(crate::account::analytics::AnalyticsArgs),
    /// Try out how people are told when paging does not work
    Operator(OperatorArgs),
    /// Write programs and files for other systems
    Export(ExportArgs),
    /// List incidents, or show one
    Incidents(IncidentsArgs),
    /// Show what happened, entry by entry
    Journal(JournalArgs),
    /// Show deliveries that wait or are being tried
    Deliveries(DeliveriesArgs),
    /// List, show and release what waits for an operator
    DeadLetters(DeadLettersArgs),
    /// Show who ran which action through the server, and what became of it
    Audit(crate::reading::AuditArgs),
    /// Make and list tokens of the API
    Token(crate::token::TokenArgs),
    #[command(flatten)]
    PagerDuty(crate::rest::Asked),
    /// Send an alert to the bridge or to PagerDuty; what cannot be delivered waits on disk
    Send(Box<crate::send::SendArgs>),
    /// Tell of a change, such as a deploy, with what the CI system says of it
    Change(Box<crate::change::ChangeArgs>),
    /// Give an assistant tools, over standard input and output (Model Context Protocol)
    Mcp(ServerArgs),
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Print the manual page, or write the pages of all commands into a directory
    Man {
        /// Where to write the pages of all commands
        #[arg(long)]
        dir: Option<PathBuf>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct ConfigArgs {
    /// The configuration file [default: pagebridge.toml, if there is one]
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Where to listen, such as 127.0.0.1:8080 [env: PAGEBRIDGE_LISTEN]
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) listen: Option<String>,
    /// Where the store is, `sqlite:PATH` or `postgres://...` [env: PAGEBRIDGE_STORE]
    #[arg(long, value_name = "STORE")]
    pub(crate) store: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct OperatorArgs {
    #[command(subcommand)]
    pub(crate) command: OperatorCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum OperatorCommand {
    /// Send a test message by every channel, and tell what became of it
    Test(ConfigArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    #[command(subcommand)]
    pub(crate) command: ExportCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ExportCommand {
    /// Print a Perl program that has Request Tracker tell the bridge at once when a ticket changes; run it on RT's machine
    RtScrip(RtScripArgs),
    /// Write a StackStorm pack whose actions call the bridge, or check a pack
    StackstormPack(crate::export::pack::PackArgs),
}

#[derive(Debug, Args)]
pub(crate) struct RtScripArgs {
    /// Where RT reaches the bridge, such as https://bridge.example.com/hooks/rt
    #[arg(long, value_name = "URL", required_unless_present = "uninstall")]
    pub(crate) url: Option<String>,
    /// Only in this queue, by name; may be repeated [default: in all queues]
    #[arg(long, value_name = "NAME")]
    pub(crate) queue: Vec<String>,
    /// A file on RT's machine with the token that the bridge expects (`webhook_secrets` of the system); RT's web server must
    /// be able to read it, and nobody else
    #[arg(long, value_name = "FILE", default_value = "/etc/pagebridge/rt-token")]
    pub(crate) token_file: String,
    /// Print a program that removes the scrip instead
    #[arg(long, conflicts_with_all = ["url", "queue"])]
    pub(crate) uninstall: bool,
}

#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// End after the story instead of staying up; non-zero if any figure is wrong
    #[arg(long)]
    pub(crate) exit: bool,
}

/// What can be played.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum DrillName {
    /// Events refused for 38 minutes, creates for 130, webhooks hours late and doubled
    Outage,
    /// 10,000 alerts within a minute behind one routing key, 100 of them critical
    Storm,
}

#[derive(Debug, Args)]
pub(crate) struct DrillArgs {
    /// Which to play [default: all]
    #[arg(value_enum)]
    pub(crate) names: Vec<DrillName>,
    /// Seed of ids and chances
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
}

#[derive(Debug, Args)]
pub(crate) struct SandboxArgs {
    /// Where the PagerDuty look-alike listens
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    pub(crate) listen: SocketAddr,
    /// Where the PagerDuty look-alike listens for TLS
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    pub(crate) tls_listen: SocketAddr,
    /// Where the proxy listens that leads PagerDuty's own hosts to the look-alike
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    pub(crate) proxy_listen: SocketAddr,
    /// Where to write the CA certificate that clients must trust; with --tls-cert, where to read it [default: a
    /// temporary file]
    #[arg(long, value_name = "FILE")]
    pub(crate) ca_file: Option<PathBuf>,
    /// A further name or address in the certificate, which the proxy leads here too; may be repeated
    #[arg(long, value_name = "NAME", conflicts_with = "tls_cert")]
    pub(crate) tls_name: Vec<String>,
    /// A certificate of your own in a PEM file, instead of a new one at every start
    #[arg(long, value_name = "FILE", requires = "tls_key", requires = "ca_file")]
    pub(crate) tls_cert: Option<PathBuf>,
    /// The private key of --tls-cert
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub(crate) tls_key: Option<PathBuf>,
    /// The address in PagerDuty's `self` links [default: the one that the client used]
    #[arg(long, value_name = "URL")]
    pub(crate) public_url: Option<String>,
    /// The address in PagerDuty's `html_url` links
    #[arg(long, value_name = "URL", default_value = "https://sandbox.pagerduty.com")]
    pub(crate) web_url: String,
    /// Where the Opsgenie look-alike listens
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    pub(crate) opsgenie_listen: SocketAddr,
    /// Where the NetBox look-alike listens
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    pub(crate) netbox_listen: SocketAddr,
    /// Where the Slack look-alike listens
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    pub(crate) slack_listen: SocketAddr,
    /// Where the Mattermost look-alike listens
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    pub(crate) mattermost_listen: SocketAddr,
    /// Where the look-alike of a Teams workflow listens
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    pub(crate) teams_listen: SocketAddr,
    /// How many Events and Incidents NetBox holds at the start
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) netbox_objects: usize,
    /// Send NetBox's webhooks to this address, such as http://127.0.0.1:8080/hooks/netbox
    #[arg(long, value_name = "URL")]
    pub(crate) netbox_webhook: Option<String>,
    /// Where the control page and its API listen
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    pub(crate) control_listen: SocketAddr,
    /// Send PagerDuty's and Opsgenie's webhooks to a bridge at this address
    #[arg(long, value_name = "URL")]
    pub(crate) bridge: Option<String>,
    /// What PagerDuty holds at the start, as JSON; see the sandbox's README
    #[arg(long, value_name = "FILE")]
    pub(crate) seed_file: Option<PathBuf>,
    /// Keep what it holds in this file from one start to the next; it wins over --seed-file
    #[arg(long, value_name = "FILE")]
    pub(crate) state: Option<PathBuf>,
    /// Seed of ids, secrets and chances
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
}

/// Where to read from.
#[derive(Debug, Args)]
pub(crate) struct ServerArgs {
    /// The running server [env: PAGEBRIDGE_URL] [default: where the configuration says it listens]
    #[arg(long, value_name = "URL")]
    pub(crate) server: Option<String>,
    /// The configuration file [default: pagebridge.toml, if there is one]
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The store to read when no server runs
    #[arg(long, value_name = "STORE")]
    pub(crate) store: Option<String>,
    /// Show times in UTC instead of this machine's zone
    #[arg(long)]
    pub(crate) utc: bool,
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct IncidentsArgs {
    #[command(subcommand)]
    pub(crate) command: Option<IncidentsCommand>,
    #[command(flatten)]
    pub(crate) list: IncidentList,
}

#[derive(Debug, Subcommand)]
pub(crate) enum IncidentsCommand {
    /// List incidents, newest first
    List(IncidentList),
    /// Show one incident with its records, notes and journal
    Show {
        /// Its number
        number: i64,
        #[command(flatten)]
        from: ServerArgs,
    },
}

#[derive(Debug, Args)]
pub(crate) struct IncidentList {
    /// Only open ones
    #[arg(long, conflicts_with = "closed")]
    pub(crate) open: bool,
    /// Only closed ones
    #[arg(long)]
    pub(crate) closed: bool,
    /// Only those with dead letters
    #[arg(long)]
    pub(crate) dead_letters: bool,
    /// Only those that are set aside
    #[arg(long)]
    pub(crate) quarantined: bool,
    /// Only those that operators have to look at: not paged in time, or with a delivery that cannot be made
    #[arg(long, conflicts_with_all = ["open", "closed", "dead_letters", "quarantined", "before"])]
    pub(crate) not_paged: bool,
    /// Only those with a lower number: the next page
    #[arg(long, value_name = "NUMBER")]
    pub(crate) before: Option<i64>,
    /// At most so many, up to 500
    #[arg(long, default_value_t = 50)]
    pub(crate) limit: usize,
    #[command(flatten)]
    pub(crate) from: ServerArgs,
}

#[derive(Debug, Args)]
pub(crate) struct JournalArgs {
    /// Only of this incident
    #[arg(long, value_name = "NUMBER")]
    pub(crate) incident: Option<i64>,
    /// Only what follows this entry
    #[arg(long, value_name = "SEQ")]
    pub(crate) after: Option<i64>,
    /// Only from this time on, such as 2026-11-20T17:00:00Z
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
    /// Only before this time
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<String>,
    /// At most so many, up to 500
    #[arg(long, default_value_t = 50)]
    pub(crate) limit: usize,
    #[command(flatten)]
    pub(crate) from: ServerArgs,
}

#[derive(Debug, Args)]
pub(crate) struct DeliveriesArgs {
    /// Only to this system
    #[arg(long, value_name = "NAME")]
    pub(crate) system: Option<String>,
    /// Only of this incident
    #[arg(long, value_name = "NUMBER")]
    pub(crate) incident: Option<i64>,
    /// Only of this class: `urgent`, `normal` or `poll`; polls are left out otherwise
    #[arg(long, value_name = "CLASS")]
    pub(crate) class: Option<String>,
    /// At most so many, up to 500
    #[arg(long, default_value_t = 50)]
    pub(crate) limit: usize,
    #[command(flatten)]
    pub(crate) from: ServerArgs,
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct DeadLettersArgs {
    #[command(subcommand)]
    pub(crate) command: Option<DeadLettersCommand>,
    #[command(flatten)]
    pub(crate) list: DeadLetterList,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DeadLettersCommand {
    /// List them
    List(DeadLetterList),
    /// Show those of one incident, with its journal
    Show {
        /// The incident's number
        incident: i64,
        #[command(flatten)]
        from: ServerArgs,
    },
    /// Let them go on: they are tried again at once
    Release {
        /// The incident's number
        #[arg(required_unless_present = "all")]
        incident: Option<i64>,
        /// The system; all of the incident's when left out
        system: Option<String>,
        /// Everything that waits
        #[arg(long, conflicts_with_all = ["incident", "system"])]
        all: bool,
        #[command(flatten)]
        from: ServerArgs,
    },
}

#[derive(Debug, Args)]
pub(crate) struct DeadLetterList {
    /// At most so many, up to 500
    #[arg(long, default_value_t = 50)]
    pub(crate) limit: usize,
    #[command(flatten)]
    pub(crate) from: ServerArgs,
}
