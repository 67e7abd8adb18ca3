//! Ten thousand alerts within a minute behind one routing key, a hundred of them critical.

use super::verdict::Verdict;
use super::world::World;
use crate::exit::CliError;
use std::collections::HashMap;

const ALERTS: usize = 10_000;
/// Every so many alerts one is critical.
const CRITICAL_EACH: usize = 100;
/// Every so many of the others one is over before its turn.
const RESOLVED_EACH: usize = 3;
const MINUTE_MS: i64 = 60_000;
const STEP_MS: i64 = 100;
/// How long it may take until all is delivered: at 108 a minute, an hour and a half and some.
const PATIENCE_MS: i64 = 4 * 3_600_000;

fn key(n: usize) -> String {
    format!("storm-{n:05}")
}

fn is_critical(n: usize) -> bool {
    n.is_multiple_of(CRITICAL_EACH)
}

fn is_resolved(n: usize) -> bool {
    !is_critical(n) && n.is_multiple_of(RESOLVED_EACH)
}

pub(super) async fn run(seed: u64) -> Result<Verdict, CliError> {
    let world = World::new(seed).await?;
    let mut accepted_ms: HashMap<String, i64> = HashMap::new();
    let steps = usize::try_from(MINUTE_MS / STEP_MS).unwrap_or(1);
    for step in 0..steps {
        let (from, to) = (step * ALERTS / steps, (step + 1) * ALERTS / steps);
        let sent = (from..to).map(|n| {
            let severity = if is_critical(n) { "critical" } else { "warning" };
            let key = key(n);
            let world = &world;
            async move { world.event("trigger", &key, severity).await }
        });
        futures_util::future::try_join_all(sent).await?;
        for n in from..to {
            accepted_ms.insert(key(n), world.now_ms());
        }
        world.pass(STEP_MS, STEP_MS).await;
    }
    // Those that are over before their turn; some have had it by then.
    let mut resolved_ms: HashMap<String, i64> = HashMap::new();
    for chunk in (0..ALERTS).filter(|n| is_resolved(*n)).collect::<Vec<_>>().chunks(64) {
        let sent = chunk.iter().map(|n| {
            let (key, world) = (key(*n), &world);
            async move { world.event("resolve", &key, "warning").await }
        });
        futures_util::future::try_join_all(sent).await?;
        resolved_ms.extend(chunk.iter().map(|n| (key(*n), world.now_ms())));
    }
    let began_ms = world.now_ms();
    while world.waiting().await? > 0 && world.now_ms() - began_ms < PATIENCE_MS {
        world.pass(30_000, 500).await;
    }
    let verdict = judge(&world, &accepted_ms, &resolved_ms).await?;
    world.end().await;
    Ok(verdict)
}

async fn judge(
    world: &World,
    accepted_ms: &HashMap<String, i64>,
    resolved_ms: &HashMap<String, i64>,
) -> Result<Verdict, CliError> {
    let snapshot = world.sandbox.snapshot().pagerduty;
    let mut made: HashMap<&str, Vec<(i64, &str)>> = HashMap::new();
    for incident in &snapshot.incidents {
        let at = world.since_began(incident.created_at.as_millisecond());
        for alert in &incident.alerts {
            made.entry(&alert.key).or_default().push((at, incident.status));
        }
    }
    let of = |n: usize| made.get(key(n).as_str()).cloned().unwrap_or_default();
    let criticals = || (0..ALERTS).filter(|n| is_critical(*n));
    let waits: Vec<i64> = criticals().filter_map(|n| Some(of(n).first()?.0 - accepted_ms[&key(n)])).collect();
    let mut verdict = Verdict::new("Storm: 10,000 alerts in 60 s behind one routing key that takes 120 a minute");
    verdict.figure("alerts accepted", accepted_ms.len());
    verdict.figure("of them critical", criticals().count());
    verdict.figure("over before their turn", resolved_ms.len());
    verdict.figure("incidents made", snapshot.incidents.len());
    verdict.figure("longest wait of a critical one, ms", waits.iter().max().map_or(0, |ms| (*ms).max(0) as usize));
    verdict.figure("minutes until all were delivered", (world.now_ms() / MINUTE_MS) as usize);
    let late = |n: &usize| of(*n).first().is_none_or(|(at, _)| at - accepted_ms[&key(*n)] > MINUTE_MS);
    verdict.none("every critical one is out within 60 s", criticals().filter(late).map(key).collect());
    let lost = |n: &usize| !is_resolved(*n) && of(*n).is_empty();
    verdict.none("none is lost", (0..ALERTS).filter(lost).map(key).collect());
    verdict.none("none pages twice", (0..ALERTS).filter(|n| of(*n).len() > 1).map(key).collect());
    let late_page = |n: &usize| {
        let over = resolved_ms.get(&key(*n));
        // A call that was under way when its end came in is not late.
        over.is_some_and(|over| of(*n).iter().any(|(at, _)| *at > over + 1_000))
    };
    verdict.none("what was over before its turn never pages", (0..ALERTS).filter(late_page).map(key).collect());
    let calls = snapshot.calls.iter().filter(|(name, _)| name.contains("enqueue"));
    let refused: u64 = calls.filter_map(|(_, count)| count.by_status.get(&429)).sum();
    verdict.holds(
        "never more than 120 calls in any 60 s",
        refused == 0,
        format!("{refused} calls were refused with 429"),
    );
    let wrong = |n: &usize| of(*n).iter().any(|(_, status)| (*status == "resolved") != is_resolved(*n));
    verdict.none("the final state is exact", (0..ALERTS).filter(wrong).map(key).collect());
    let waiting = world.waiting().await?;
    verdict.holds("nothing waits any more", waiting == 0, format!("{waiting} deliveries wait"));
    let alarms: Vec<String> = world.told.all().iter().flat_map(|n| &n.alarms).map(|a| a.title.clone()).collect();
    verdict.none("operators are not bothered", alarms);
    Ok(verdict)
}
