//! `drill`: hours of trouble in a minute. The whole bridge and the look-alikes run in one process, by a clock that the
//! drill moves; what arrived is counted at the look-alikes, not at the bridge.

mod outage;
mod storm;
mod verdict;
mod world;

use crate::cli::{DrillArgs, DrillName};
use crate::exit::{CliError, Exit};
use crate::output;
use serde_json::json;
use verdict::Verdict;

pub(crate) async fn run(args: &DrillArgs, as_json: bool) -> Result<(), CliError> {
    let (mut passed, mut failed) = (0, 0);
    let names = if args.names.is_empty() { vec![DrillName::Outage, DrillName::Storm] } else { args.names.clone() };
    let mut all = Vec::new();
    for name in names {
        let verdict = match name {
            DrillName::Outage => outage::run(args.seed).await?,
            DrillName::Storm => storm::run(args.seed).await?,
        };
        if !as_json {
            show(&verdict);
        }
        passed += verdict.checks.iter().filter(|c| c.holds).count();
        failed += verdict.checks.iter().filter(|c| !c.holds).count();
        all.push(verdict);
    }
    if as_json {
        output::say_json(&json!({ "passed": passed, "failed": failed, "drills": all }));
    } else {
        output::say(&format!("{passed} passed, {failed} failed"));
    }
    match failed {
        0 => Ok(()),
        _ => Err(CliError::new(Exit::Failed, format!("{failed} checks of the drill failed"), "")),
    }
}

fn show(verdict: &Verdict) {
    output::say(&output::bold(verdict.title));
    for figure in &verdict.figures {
        output::say(&format!("  {:<44}{:>9}", figure.what, figure.value));
    }
    for check in &verdict.checks {
        let line = format!("  {} {}", if check.holds { "ok    " } else { "FAILED" }, check.what);
        output::say(&if check.holds { output::green(&line) } else { output::red(&line) });
        for found in check.found.iter().take(5) {
            output::say(&format!("           {found}"));
        }
    }
    output::say("");
}
