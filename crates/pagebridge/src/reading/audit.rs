//! `audit`.

use super::{understand, with};
use crate::api::Api;
use crate::cli::ServerArgs;
use crate::exit::CliError;
use crate::output::{self, Times, brief};
use clap::Args;
use pagebridge_server::{AuditPage, AuditView};

/// Longest input in a column.
const COLUMN: usize = 50;

#[derive(Debug, Args)]
pub(crate) struct AuditArgs {
    /// Only of this one, such as `token ci`
    #[arg(long, value_name = "NAME")]
    who: Option<String>,
    /// Only of this action, or of all that begin so: `incident.*`
    #[arg(long, value_name = "NAME")]
    action: Option<String>,
    /// Only what was not done, or nobody knows
    #[arg(long)]
    failed: bool,
    /// Only from this time on, as in 2026-11-20T17:00:00Z
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Only before this time
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Only before this number: the next page
    #[arg(long, value_name = "ID")]
    before: Option<i64>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: usize,
    #[command(flatten)]
    pub(crate) from: ServerArgs,
}

/// Shows who ran what through the server.
pub(crate) async fn audit(api: &Api, args: &AuditArgs, json: bool) -> Result<(), CliError> {
    let mut query = vec![("limit", args.limit.to_string()), ("failed", args.failed.to_string())];
    with(&mut query, "who", args.who.as_ref());
    with(&mut query, "action", args.action.as_ref());
    with(&mut query, "since", args.since.as_ref());
    with(&mut query, "until", args.until.as_ref());
    with(&mut query, "before", args.before);
    let answer = api.get("audit", &query).await?;
    if json {
        output::say_json(&answer);
        return Ok(());
    }
    let page: AuditPage = understand(answer)?;
    let times = Times::new(args.from.utc);
    let mut table = output::table(&["id", &times.head("time"), "who", "by", "action", "input", "ended"]);
    for run in &page.runs {
        let input = brief(&run.input.to_string(), COLUMN);
        let (action, ended) = (run.action.clone(), ended(run));
        table.add_row([
            run.id.to_string(),
            times.show(&run.at),
            run.who.clone(),
            run.surface.clone(),
            action,
            input,
            ended,
        ]);
    }
    output::say_table(&table, "nothing was asked for yet");
    Ok(())
}

fn ended(run: &AuditView) -> String {
    let dry = if run.dry_run { " (dry run)" } else { "" };
    let why = run.error.as_ref().and_then(|error| error["message"].as_str());
    let why = why.map(|why| format!(": {}", brief(why, COLUMN))).unwrap_or_default();
    format!("{}{dry}{why}", run.ended)
}
