//! Who is on call, and taking over.

use std::error::Error;

use futures_util::TryStreamExt;
use pagerduty::rest::oncalls::{self, OnCall, OnCallFilter};
use pagerduty::rest::overrides::{self, NewOverride};
use pagerduty::{Retrying, items};

/// Lists who is on call for every escalation policy and level, a line each.
pub(crate) async fn who(sender: &Retrying) -> Result<Vec<String>, Box<dyn Error>> {
    let on_calls: Vec<OnCall> = items(sender, oncalls::list(&OnCallFilter::default())).try_collect().await?;
    Ok(on_calls.iter().map(line).collect())
}

fn line(on_call: &OnCall) -> String {
    let user = on_call.user.as_ref().and_then(|user| user.summary.as_deref()).unwrap_or("somebody");
    let policy = on_call.escalation_policy.as_ref().and_then(|policy| policy.summary.as_deref()).unwrap_or("?");
    let level = on_call.escalation_level.unwrap_or(1);
    // There is no schedule where the policy names the user.
    let schedule = on_call.schedule.as_ref().and_then(|schedule| schedule.summary.as_deref());
    format!("{user}: {} ({policy}, level {level})", schedule.unwrap_or("Direct assignment"))
}

/// Puts a user in place of whoever is on call on a schedule, and returns the override's id.
///
/// The answer is a success as a whole even if an override in it was refused, so each is looked at.
pub(crate) async fn take_over(
    sender: &Retrying,
    schedule_id: &str,
    user_id: &str,
    start: &str,
    end: &str,
) -> Result<String, Box<dyn Error>> {
    let call = overrides::create(&schedule_id.into(), &[NewOverride::new(start, end, user_id)]);
    let results = sender.call(&call).await?.value;
    let result = results.into_iter().next().ok_or("PagerDuty said nothing about the override")?;
    Ok(result.into_result()?.id.to_string())
}
