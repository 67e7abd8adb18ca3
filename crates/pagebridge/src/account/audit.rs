//! `on-call audit`: whether schedules and policies are fit for the weeks to come.

use crate::doctor::{Manner, row, tell};
use crate::env::Env;
use crate::exit::{CliError, Exit};
use crate::rest::profile::{Profile, ProfileArgs};
use clap::Args;
use pagebridge_account::{Scope, Token, audit, doctor, read_access, read_account, read_on_call};
use pagebridge_core::SystemName;
use pagebridge_ports::{Clock, SystemClock};

/// What is to be looked at.
#[derive(Clone, Debug, Args)]
pub(crate) struct AuditArgs {
    /// Look at the shifts of so many days to come
    #[arg(long, value_name = "N", default_value_t = 14, value_parser = clap::value_parser!(u32).range(1..=60))]
    days: u32,
    /// Count interruptions at night of so many days before
    #[arg(long, value_name = "N", default_value_t = 28, value_parser = clap::value_parser!(u32).range(1..=180))]
    days_back: u32,
    /// Say nothing of what is well
    #[arg(long, short)]
    quiet: bool,
    /// End with 1 also when there is a warning
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    account: ProfileArgs,
}

pub(crate) async fn run(args: &AuditArgs, env: &Env, json: bool) -> Result<(), CliError> {
    let profile = Profile::find(&args.account, env)?;
    profile.needed_token()?;
    let caller = profile.retrying()?;
    let now = jiff::Timestamp::from_millisecond(SystemClock.now().0);
    let now = now.expect("the clock is within jiff's ten thousand years");
    let access = read_access(&caller, None).await;
    let found = match access.token {
        Token::Taken | Token::Narrow => {
            let mut account = read_account(&caller, &Scope::default(), now).await;
            let view = read_on_call(&caller, &mut account, i64::from(args.days), u64::from(args.days_back)).await;
            audit(&account, &view)
        }
        _ => doctor(&access, None, &Scope::default()),
    };
    let system = SystemName::new("pagerduty");
    let rows: Vec<_> = found.into_iter().map(|finding| row(&system, finding)).collect();
    if rows.is_empty() {
        return Err(CliError::new(Exit::Failed, "there is nothing to audit", ""));
    }
    tell(&rows, &Manner { json, quiet: args.quiet, strict: args.strict })
}
