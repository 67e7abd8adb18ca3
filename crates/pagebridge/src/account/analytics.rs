//! `analytics`: how fast people are, by PagerDuty's analytics, by our own journal, or by both.

use crate::api::Api;
use crate::cli::ServerArgs;
use crate::env::Env;
use crate::exit::{CliError, Exit};
use crate::output;
use crate::rest::profile::{Profile, ProfileArgs};
use crate::wiring::words;
use clap::{Args, ValueEnum};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use pagebridge_account::figures::{Figures, GroupBy, Journal, Remote, RemoteBy, Unit, read_figures};
use pagebridge_ports::{Clock, SystemClock};
use pagerduty::Class;
use pagerduty::rest::incidents::Urgency;
use serde_json::json;
use std::path::PathBuf;

/// Entries that are read at once: as many as the server gives.
const PAGE: usize = 500;

/// What is to be counted, and how.
#[derive(Clone, Debug, Args)]
pub(crate) struct AnalyticsArgs {
    /// From the bridge's own journal, without PagerDuty's delay of up to a day
    #[arg(long, conflicts_with = "both")]
    local: bool,
    /// From PagerDuty and from the journal
    #[arg(long)]
    both: bool,
    /// What makes a row; `system` and `bridge` are of the journal alone, `team` and `escalation-policy` of PagerDuty alone
    #[arg(long, value_enum, default_value_t = By::All)]
    by: By,
    /// A row for each day, week or month
    #[arg(long, value_enum)]
    per: Option<Per>,
    /// Incidents that began from this time on, such as 2026-11-01T00:00:00Z [default: 30 days ago]
    #[arg(long, value_name = "TIME")]
    since: Option<Timestamp>,
    /// Incidents that began before this time [default: now]
    #[arg(long, value_name = "TIME")]
    until: Option<Timestamp>,
    /// The zone in which days begin and hours are told apart, such as Europe/Berlin [default: this machine's]
    #[arg(long, value_name = "ZONE")]
    zone: Option<String>,
    /// Only on this service, by id; may be repeated (PagerDuty alone)
    #[arg(long, value_name = "ID")]
    service: Vec<String>,
    /// Only of this team, by id; may be repeated (PagerDuty alone)
    #[arg(long, value_name = "ID")]
    team: Vec<String>,
    /// Only of this urgency: `high` or `low` (PagerDuty alone)
    #[arg(long, value_parser = ["high", "low"])]
    urgency: Option<String>,
    /// The account: `[profiles.NAME]`, or a system of kind pagerduty [env: PAGEBRIDGE_PROFILE]
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// The running server, for the journal [env: PAGEBRIDGE_URL] [default: where the configuration says it listens]
    #[arg(long, value_name = "URL")]
    server: Option<String>,
    /// The configuration file [default: pagebridge.toml, if there is one]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The store to read when no server runs
    #[arg(long, value_name = "STORE")]
    store: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum By {
    All,
    Service,
    Team,
    EscalationPolicy,
    System,
    Bridge,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Per {
    Day,
    Week,
    Month,
}

/// What both sources are asked for.
struct Window {
    since: Timestamp,
    until: Timestamp,
    unit: Option<Unit>,
    zone: TimeZone,
    zone_name: String,
}

pub(crate) async fn run(args: &AnalyticsArgs, env: &Env, as_json: bool) -> Result<(), CliError> {
    let window = window(args)?;
    let remote = match (args.local, args.by) {
        (true, _) => None,
        (false, By::System | By::Bridge) => {
            return Err(wrong(
                "PagerDuty knows no systems and bridges",
                "count the journal with --local, or use --by service",
            ));
        }
        (false, _) => Some(remote(args, &window, env).await?),
    };
    let local = if args.local || args.both { Some(local(args, &window, env).await?) } else { None };
    if as_json {
        let mut told = json!({"since": window.since, "until": window.until, "zone": window.zone_name});
        for (name, rows) in [("pagerduty", &remote), ("local", &local)] {
            if let Some(rows) = rows {
                told[name] = json!(rows);
            }
        }
        output::say_json(&told);
        return Ok(());
    }
    for (name, rows) in [("PagerDuty's analytics, up to a day late", &remote), ("the bridge's journal", &local)] {
        let Some(rows) = rows else { continue };
        if args.both {
            output::say(&output::bold(name));
        }
        show(rows);
    }
    Ok(())
}

fn wrong(message: &str, hint: &str) -> CliError {
    CliError::new(Exit::Failed, message, hint)
}

fn window(args: &AnalyticsArgs) -> Result<Window, CliError> {
    const DAYS: i64 = 30;
    let now = Timestamp::from_millisecond(SystemClock.now().0);
    let until = args.until.unwrap_or(now.expect("the clock is within jiff's ten thousand years"));
    let since = args.since.unwrap_or(until.checked_sub((DAYS * 24).hours()).unwrap_or(until));
    if since >= until {
        return Err(wrong("--since is not before --until", ""));
    }
    let zone = match &args.zone {
        Some(name) => TimeZone::get(name).map_err(|_| {
            wrong(&format!("`{name}` is not a known time zone"), "give an IANA name such as Europe/Berlin")
        })?,
        None => TimeZone::system(),
    };
    let zone_name = zone.iana_name().unwrap_or("Etc/UTC").to_owned();
    let unit = args.per.map(|per| match per {
        Per::Day => Unit::Day,
        Per::Week => Unit::Week,
        Per::Month => Unit::Month,
    });
    Ok(Window { since, until, unit, zone, zone_name })
}

async fn remote(args: &AnalyticsArgs, window: &Window, env: &Env) -> Result<Vec<Figures>, CliError> {
    let profile = ProfileArgs { profile: args.profile.clone(), config: args.config.clone(), from: None, tries: 3 };
    let profile = Profile::find(&profile, env)?;
    profile.needed_token()?;
    let asked = Remote {
        since: window.since,
        until: window.until,
        by: match args.by {
            By::Service => RemoteBy::Service,
            By::Team => RemoteBy::Team,
            By::EscalationPolicy => RemoteBy::EscalationPolicy,
            By::All | By::System | By::Bridge => RemoteBy::All,
        },
        unit: window.unit,
        zone: window.zone_name.clone(),
        services: args.service.clone(),
        teams: args.team.clone(),
        urgency: args.urgency.as_deref().map(Urgency::from),
    };
    read_figures(&profile.retrying()?, &asked).await.map_err(|error| {
        let hint = match error.class() {
            Class::Unauthorized => "set PD_API_TOKEN to a REST API key of this account and region",
            Class::Forbidden => "the token or the plan has no analytics; --local counts the bridge's own journal",
            Class::RateLimited { .. } => {
                "analytics have a daily limit besides; --local counts the bridge's own journal"
            }
            _ => "--local counts the bridge's own journal",
        };
        CliError::new(Exit::Failed, format!("PagerDuty's analytics cannot be read: {}", words(&error)), hint)
    })
}

async fn local(args: &AnalyticsArgs, window: &Window, env: &Env) -> Result<Vec<Figures>, CliError> {
    let by = match args.by {
        By::All => GroupBy::All,
        By::Service => GroupBy::Service,
        By::System => GroupBy::System,
        By::Bridge => GroupBy::Bridge,
        By::Team | By::EscalationPolicy => {
            return Err(wrong("the journal knows no teams and policies", "use --by system, bridge or service"));
        }
    };
    if !args.service.is_empty() || !args.team.is_empty() || args.urgency.is_some() {
        return Err(wrong(
            "the journal is counted as a whole",
            "leave out --service, --team and --urgency, or use --by",
        ));
    }
    let server =
        ServerArgs { server: args.server.clone(), config: args.config.clone(), store: args.store.clone(), utc: false };
    let api = Api::find(&server, env).await?;
    let mut journal = Journal::new(window.since, window.until, by, window.unit, window.zone.clone());
    let ended = feed(&api, window, &mut journal).await;
    api.close().await;
    ended.map(|()| journal.rows())
}

/// Reads the journal from the beginning of the window to now, a page at a time.
async fn feed(api: &Api, window: &Window, journal: &mut Journal) -> Result<(), CliError> {
    let mut after = 0;
    loop {
        let query = [("since", window.since.to_string()), ("after", after.to_string()), ("limit", PAGE.to_string())];
        let page = api.get("journal", &query).await?;
        page["entries"].as_array().into_iter().flatten().for_each(|entry| journal.add(entry));
        match page["next"].as_i64().filter(|next| *next > after) {
            Some(next) => after = next,
            None => return Ok(()),
        }
    }
}

fn show(rows: &[Figures]) {
    let grouped = rows.iter().any(|row| row.group.is_some());
    let dated = rows.iter().any(|row| row.from.is_some());
    let mut heads = vec!["incidents", "MTTA", "MTTR", "business", "off", "sleep"];
    if grouped {
        heads.insert(0, "of");
    }
    if dated {
        heads.insert(0, "from");
    }
    let mut table = output::table(&heads);
    for row in rows {
        let from = dated.then(|| row.from.clone().unwrap_or_default());
        let group = grouped.then(|| row.group.clone().unwrap_or_default());
        let figures = [
            row.incidents.to_string(),
            length(row.mean_seconds_to_first_ack),
            length(row.mean_seconds_to_resolve),
            row.business_hour_interruptions.to_string(),
            row.off_hour_interruptions.to_string(),
            row.sleep_hour_interruptions.to_string(),
        ];
        table.add_row(from.into_iter().chain(group).chain(figures));
    }
    output::say_table(&table, "no incidents began in this time");
}

/// A length of time for people; `-` where there is none.
fn length(seconds: Option<f64>) -> String {
    let Some(seconds) = seconds else { return "-".to_owned() };
    let seconds = seconds.round() as u64;
    let (minutes, hours) = (seconds / 60, seconds / 3600);
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{minutes} min {:02} s", seconds % 60),
        3600..172_800 => format!("{hours} h {:02} min", minutes % 60),
        _ => format!("{} d {:02} h", hours / 24, hours % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::length;

    #[test]
    fn lengths_are_told_in_two_units() {
        let table = [
            (None, "-"),
            (Some(0.4), "0 s"),
            (Some(59.4), "59 s"),
            (Some(200.0), "3 min 20 s"),
            (Some(3660.0), "1 h 01 min"),
            (Some(172_800.0), "2 d 00 h"),
        ];
        for (seconds, expected) in table {
            assert_eq!(length(seconds), expected);
        }
    }
}
