//! `doctor`: the live systems, the store, the webhook settings, and what is wrong in PagerDuty accounts.

mod accounts;
mod bridge;

use crate::cli::ConfigArgs;
use crate::config::{self, Config, Kind, Overrides};
use crate::env::Env;
use crate::exit::{CliError, Exit};
use crate::rest::profile::{Profile, ProfileArgs};
use crate::{check, output, wiring};
use clap::Args;
use futures_util::future::join_all;
use pagebridge_account::{Finding, Object, Severity};
use pagebridge_core::SystemName;
use pagebridge_ports::{Check, CheckResult, Clock, Operator, SystemClock};
use serde::Serialize;
use serde_json::json;
use std::sync::Arc;

/// How often a call of `doctor` is sent, at most.
const TRIES: u32 = 3;

/// What is to be looked at, and how it is told.
#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// Look at this account alone: `[profiles.NAME]`, or a system of kind pagerduty [env: PAGEBRIDGE_PROFILE]
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// E-mail address of the user in whose name changes are made, when an account is looked at alone [env: PAGERDUTY_FROM]
    #[arg(long, value_name = "EMAIL")]
    from: Option<String>,
    /// Send an event by each routing key, look for its incident, and resolve it. It may page somebody
    #[arg(long)]
    send_test_event: bool,
    /// Say nothing of what is well
    #[arg(long, short)]
    quiet: bool,
    /// End with 1 also when there is a warning
    #[arg(long)]
    strict: bool,
}

/// One line of what is told.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    #[serde(flatten)]
    pub(crate) check: Check,
    /// What it is about, where that is one object of the account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) object: Option<Object>,
}

impl From<Check> for Row {
    fn from(check: Check) -> Self {
        Self { check, object: None }
    }
}

/// What an account's judge found, as a row.
pub(crate) fn row(system: &SystemName, finding: Finding) -> Row {
    let result = match finding.severity {
        Severity::Ok => CheckResult::Ok,
        Severity::Warning => CheckResult::Warning,
        Severity::Failed => CheckResult::Failed,
    };
    let name = finding.check.to_owned();
    let check = Check { system: system.clone(), name, result, detail: finding.detail, remedy: finding.remedy };
    Row { check, object: finding.object }
}

pub(crate) async fn run(args: DoctorArgs, env: &Env, json: bool) -> Result<(), CliError> {
    let manner = Manner { json, quiet: args.quiet, strict: args.strict };
    if let Some(profile) = alone(&args, env)? {
        let rows = accounts::alone(&profile, env, args.send_test_event).await?;
        return tell(&rows, &manner);
    }
    let ConfigArgs { config, listen, store } = args.config;
    let loaded = config::load(&Overrides { config, listen, store }, env);
    let rows = of_bridge(&check::accept(loaded, json)?, args.send_test_event).await?;
    tell(&rows, &manner)
}

/// The account that is looked at alone: the one that is named, or that of the environment where there is no configuration.
fn alone(args: &DoctorArgs, env: &Env) -> Result<Option<Profile>, CliError> {
    let named = args.profile.is_some();
    if !named && (args.config.config.is_some() || config::is_there(env)) {
        return Ok(None);
    }
    let profile = ProfileArgs {
        profile: args.profile.clone(),
        config: args.config.config.clone(),
        from: args.from.clone(),
        tries: TRIES,
    };
    let profile = Profile::find(&profile, env)?;
    match profile.needed_token() {
        Ok(_) => Ok(Some(profile)),
        Err(error) if named => Err(error),
        Err(_) => Ok(None),
    }
}

async fn of_bridge(config: &Config, send_test_event: bool) -> Result<Vec<Row>, CliError> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let connected = wiring::connect(config, &crate::senders::keyring(config), &clock)?;
    let operator = wiring::operator(config)?;
    let asked = config.systems.iter().zip(&connected).filter(|(system, _)| match &system.kind {
        // The account knows whether it knows the key.
        Kind::Alerts(own) => own.account.is_none(),
        _ => true,
    });
    let live = join_all(asked.filter_map(|(_, one)| one.connector.as_ref()).map(|one| one.check()));
    let accounts = accounts::configured(config, send_test_event);
    let chat = async {
        match &config.chat {
            Some(settings) => pagebridge_chat::check(settings).await,
            None => Vec::new(),
        }
    };
    let ((store, alarms, upkeep), live, operator, accounts, chat) =
        tokio::join!(bridge::check_store(config, &connected), live, operator.check(), accounts, chat);
    let pages = alarms.map(bridge::check_pages);
    let checks = std::iter::once(store).chain(pages).chain(live.into_iter().flatten()).chain(upkeep).chain(operator);
    let checks = checks.chain(chat);
    Ok(checks.map(Row::from).chain(accounts?).collect())
}

/// How it is told.
pub(crate) struct Manner {
    pub(crate) json: bool,
    pub(crate) quiet: bool,
    pub(crate) strict: bool,
}

/// Shows how checks ended; an error when one failed.
pub(crate) fn report(checks: &[Check], json: bool) -> Result<(), CliError> {
    let rows: Vec<Row> = checks.iter().cloned().map(Row::from).collect();
    tell(&rows, &Manner { json, quiet: false, strict: false })
}

/// Shows rows; an error when one failed.
pub(crate) fn tell(rows: &[Row], manner: &Manner) -> Result<(), CliError> {
    let count = |result| rows.iter().filter(|row| row.check.result == result).count();
    let (failed, warnings) = (count(CheckResult::Failed), count(CheckResult::Warning));
    let told: Vec<&Row> = rows.iter().filter(|row| !manner.quiet || row.check.result != CheckResult::Ok).collect();
    if manner.json {
        output::say_json(&json!({"ok": failed == 0, "checks": told}));
    } else if !(manner.quiet && told.is_empty()) {
        show(&told);
    }
    let hint = if manner.json { "" } else { "the column REMEDY says what to do" };
    if failed > 0 {
        return Err(CliError::new(Exit::Failed, format!("{failed} of {} checks failed", rows.len()), hint));
    }
    if manner.strict && warnings > 0 {
        return Err(CliError::new(Exit::Failed, format!("{warnings} of {} checks warn", rows.len()), hint));
    }
    Ok(())
}

fn show(rows: &[&Row]) {
    // One account alone needs no name.
    let several = rows.iter().any(|row| row.check.system != rows[0].check.system);
    let mut heads = vec!["result", "check", "found", "remedy"];
    if several {
        heads.insert(1, "system");
    }
    let mut table = output::table(&heads);
    for Row { check, object } in rows {
        let result = match check.result {
            CheckResult::Ok => "ok",
            CheckResult::Warning => "warning",
            CheckResult::Failed => "FAILED",
        };
        let found = match object {
            Some(object) => format!("{} `{}` ({}): {}", object.kind, object.name, object.id, check.detail),
            None => check.detail.clone(),
        };
        let system = several.then_some(check.system.as_str());
        table.add_row([result].into_iter().chain(system).chain([check.name.as_str(), &found, &check.remedy]));
    }
    output::say_table(&table, "nothing to check");
}
