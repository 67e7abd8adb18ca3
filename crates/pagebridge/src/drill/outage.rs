//! An outage of PagerDuty as on 28 August 2025: events refused for 38 minutes, the making of incidents for 130, and
//! webhooks that come hours late and twice.

use super::verdict::Verdict;
use super::world::World;
use crate::demo::failed;
use crate::exit::CliError;
use pagebridge_sandbox::{AlertAct, Effect, Fault, NewAlert, System};
use std::collections::{BTreeMap, HashMap};

const MINUTE_MS: i64 = 60_000;
const EVENTS_OUT_MS: i64 = 38 * MINUTE_MS;
const CREATES_OUT_MS: i64 = 130 * MINUTE_MS;
const WEBHOOKS_LATE_MS: u64 = 3 * 3_600_000;
/// By then everything must have settled.
const END_MS: i64 = 8 * 60 * MINUTE_MS;
const STEP_MS: i64 = 1_000;
/// So many alerts of each kind, one a half minute.
const ALERTS: usize = 60;

struct Story {
    /// When each alert was accepted, by its key.
    accepted_ms: BTreeMap<String, i64>,
    /// When it was over for its source.
    resolved_ms: HashMap<String, i64>,
}

pub(super) async fn run(seed: u64) -> Result<Verdict, CliError> {
    let world = World::new(seed).await?;
    let refuse = |status| Effect::Refuse { status, headers: BTreeMap::new(), body: None };
    let fault = |effect| Fault::new(System::PagerDuty, effect);
    world.sandbox.add_fault(fault(refuse(502)).share(0.95).only("enqueue").duration_ms(EVENTS_OUT_MS as u64));
    world.sandbox.add_fault(fault(refuse(500)).only("POST /incidents").duration_ms(CREATES_OUT_MS as u64));
    world
        .sandbox
        .add_fault(fault(Effect::Delay { ms: WEBHOOKS_LATE_MS }).share(0.7).duration_ms(CREATES_OUT_MS as u64));
    world.sandbox.add_fault(fault(Effect::Duplicate { ms: WEBHOOKS_LATE_MS }).share(0.5));
    let mut story = Story { accepted_ms: BTreeMap::new(), resolved_ms: HashMap::new() };
    let mut opsgenie = Vec::new();
    for n in 0..ALERTS {
        let key = format!("event-{n:02}");
        world.event("trigger", &key, if n.is_multiple_of(2) { "critical" } else { "warning" }).await?;
        story.accepted_ms.insert(key, world.now_ms());
        let priority = Some(if n.is_multiple_of(2) { 1 } else { 4 });
        let new = NewAlert { priority, ..NewAlert::new(&format!("alert {n:02}")) };
        let alert = world.sandbox.opsgenie().create_alert(new, "dana@example.test");
        story.accepted_ms.insert(alert.id.clone(), world.now_ms());
        opsgenie.push(alert.id);
        // Ten minutes later every third is over for its source.
        if let Some(old) = n.checked_sub(20).filter(|old| old.is_multiple_of(3)) {
            let key = format!("event-{old:02}");
            world.event("resolve", &key, "warning").await?;
            story.resolved_ms.insert(key, world.now_ms());
            let done = world.sandbox.opsgenie().act(&opsgenie[old], AlertAct::Close, "dana@example.test");
            done.map_err(|e| failed(&format!("Opsgenie's look-alike refused: {e}")))?;
            story.resolved_ms.insert(opsgenie[old].clone(), world.now_ms());
        }
        world.pass(MINUTE_MS / 2, STEP_MS).await;
    }
    world.pass(CREATES_OUT_MS - world.now_ms(), STEP_MS).await;
    let told_meanwhile = world.told.all().len();
    let ended_ms = world.now_ms();
    world.pass(END_MS - ended_ms, STEP_MS * 5).await;
    let verdict = judge(&world, &story, told_meanwhile).await?;
    world.end().await;
    Ok(verdict)
}

async fn judge(world: &World, story: &Story, told_meanwhile: usize) -> Result<Verdict, CliError> {
    let snapshot = world.sandbox.snapshot().pagerduty;
    let of = |key: &str| -> Vec<(i64, &str)> {
        snapshot.with_key(key).map(|i| (world.since_began(i.created_at.as_millisecond()), i.status)).collect()
    };
    let mut verdict =
        Verdict::new("Outage: 95 % of events refused for 38 min, creates for 130, webhooks hours late and doubled");
    verdict.figure("alerts accepted", story.accepted_ms.len());
    verdict.figure("over for their source meanwhile", story.resolved_ms.len());
    verdict.figure("incidents made", snapshot.incidents.len());
    verdict.figure("messages to operators while it lasted", told_meanwhile);
    verdict.figure("messages to operators in all", world.told.all().len());
    let keys = || story.accepted_ms.keys();
    let missing = keys().filter(|k| !story.resolved_ms.contains_key(*k) && of(k).is_empty());
    verdict.none("every alert that went on exists", missing.cloned().collect());
    verdict.none("none exists twice", keys().filter(|k| of(k).len() > 1).cloned().collect());
    let pages_late = |k: &&String| {
        let over = story.resolved_ms.get(*k);
        over.is_some_and(|over| of(k).iter().any(|(at, _)| *at > over + 5_000))
    };
    verdict.none("nothing that was over meanwhile pages", keys().filter(pages_late).cloned().collect());
    let events = || keys().filter(|k| k.starts_with("event-"));
    let wrong = |k: &&String| of(k).iter().any(|(_, s)| (*s == "resolved") != story.resolved_ms.contains_key(*k));
    verdict.none("every event's alert stands where its sender left it", events().filter(wrong).cloned().collect());
    verdict.holds("operators were told while it lasted", told_meanwhile > 0, "nobody was told");
    let waiting = world.waiting().await?;
    verdict.holds("nothing waits any more", waiting == 0, format!("{waiting} deliveries wait"));
    let still: Vec<String> = still_alarmed(world);
    verdict.none("operators were told when all was well again", still);
    let open = world.open().await?;
    verdict.figure("incidents open at the end", usize::try_from(open).unwrap_or(0));
    Ok(verdict)
}

/// Alarms whose end was not told.
fn still_alarmed(world: &World) -> Vec<String> {
    let mut last = BTreeMap::new();
    for alarm in world.told.all().into_iter().flat_map(|news| news.alarms) {
        last.insert(alarm.incident.0, alarm);
    }
    let open = |a: &pagebridge_ports::Alarm| a.state != pagebridge_ports::AlarmState::Over;
    last.into_values().filter(open).map(|a| format!("{}: {}", a.incident, a.title)).collect()
}
