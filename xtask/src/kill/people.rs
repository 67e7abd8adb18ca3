//! The people in PagerDuty, who answer, take and resolve what has reached them.

use std::sync::atomic::Ordering;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::story::{Alert, Taken, World};
use crate::http::{self, control};
use crate::time::pause;

/// Goes over all alerts again and again, until every story has come to its end.
pub(super) fn run(world: &World) -> Result<()> {
    let mut first_open = 0;
    loop {
        if world.is_over() {
            return Ok(());
        }
        let all_told = world.clients_ended.load(Ordering::Relaxed);
        let known = world.alerts().len();
        while first_open < known && is_done(&world.alerts()[first_open]) {
            first_open += 1;
        }
        if all_told && first_open == known {
            return Ok(());
        }
        for place in first_open..known {
            let alert = world.alerts()[place].clone();
            if is_done(&alert) {
                continue;
            }
            let after = step(world, alert).context("the people in PagerDuty")?;
            world.alerts()[place] = after;
        }
        pause(20);
    }
}

fn is_done(alert: &Alert) -> bool {
    let story = &alert.story;
    let taken = story.taken != Taken::InPagerDuty || alert.acknowledged;
    let resolved = story.taken != Taken::InPagerDuty || !story.ended || alert.resolved;
    alert.answered == story.answers && taken && resolved
}

/// The next thing that somebody does to this incident, if it is there.
fn step(world: &World, mut alert: Alert) -> Result<Alert> {
    let story = alert.story.clone();
    if alert.answered < story.answers {
        let text = story.answer(alert.answered);
        alert.answered += usize::from(act(world, &alert, "note", json!({"note": text}))?);
    } else if !alert.acknowledged {
        alert.acknowledged = act(world, &alert, "acknowledge", json!({}))?;
    } else if is_taken_there(world, &alert)? {
        alert.resolved = act(world, &alert, "resolve", json!({}))?;
    }
    Ok(alert)
}

/// Whether the customer has heard that somebody has it; only then it is resolved, so that both are told.
fn is_taken_there(world: &World, alert: &Alert) -> Result<bool> {
    let shown = http::get(world.control_port, &format!("/opsgenie/alerts/{}", alert.id))?;
    Ok(shown["acknowledged"] == true)
}

/// Does something; false when the incident has not been made yet.
fn act(world: &World, alert: &Alert, action: &str, mut body: Value) -> Result<bool> {
    body["user"] = json!(alert.story.engineer());
    let path = format!("/pagerduty/incidents/{}/{action}", alert.id);
    if http::send(world.control_port, "GET", &format!("/pagerduty/incidents/{}", alert.id), "")?.0 == 404 {
        return Ok(false);
    }
    if world.is_over() {
        bail!("the drill is over");
    }
    control(world.control_port, "POST", &path, &body)?;
    world.accepted.fetch_add(1, Ordering::Relaxed);
    Ok(true)
}
