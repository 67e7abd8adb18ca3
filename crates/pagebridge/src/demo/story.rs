//! The story, scene by scene.

use super::stage::{CONCURRENCY, Stage, failed};
use crate::exit::CliError;
use pagebridge_sandbox::{AlertAct, AlertView, Effect, Fault, IncidentAct, IncidentView, NewAlert, Snapshot, System};
use std::collections::BTreeMap;

/// Alerts of low priority in the burst.
const BURST_LOW: usize = 30;
/// Alerts of high priority in the burst, raised last.
const BURST_HIGH: usize = 10;
/// Alerts around the crash.
const CRASH_ALERTS: usize = 20;
/// How long PagerDuty is away, in milliseconds.
const OUTAGE_MS: i64 = 4_000;

/// The customer's engineer, who works in Opsgenie.
const DANA: &str = "dana@customer.example";
/// The supplier's engineer, who is paged by PagerDuty. One of the look-alike's people.
const ON_CALL: &str = "Ann Berg";

type Done = Result<(), CliError>;

pub(crate) async fn tell(stage: &mut Stage) -> Done {
    one_alert(stage).await?;
    outage(stage).await?;
    repeats(stage).await?;
    crash(stage).await?;
    settle(stage).await
}

/// Alert, page, acknowledge, note, resolve.
async fn one_alert(stage: &Stage) -> Done {
    stage.scene("1. An alert becomes a page, and both sides see what people do");
    let alert = raise(stage, "Disk full on db-07", 1);
    stage.note("Opsgenie", "alert \"Disk full on db-07\", P1");
    let incident = stage.until("the page", |s| page_of(s, &alert)).await?;
    stage.note(
        "PagerDuty",
        &format!("incident #{} pages the engineer on call, urgency {}", incident.number, incident.urgency),
    );

    person(stage, &incident, IncidentAct::Acknowledge)?;
    stage.note("PagerDuty", &format!("{ON_CALL} acknowledges"));
    stage.until("the acknowledgement in Opsgenie", |s| alert_of(s, &alert.id).filter(|a| a.acknowledged)).await?;
    stage.note("Opsgenie", "the alert is acknowledged: the customer sees who took it");

    person(stage, &incident, IncidentAct::Note("Freed 20 GB, watching".into()))?;
    stage.note("PagerDuty", &format!("{ON_CALL} writes: Freed 20 GB, watching"));
    let text = stage.until("the note in Opsgenie", |s| note_at_opsgenie(s, &alert.id, "Freed 20 GB")).await?;
    stage.note("Opsgenie", &format!("note: {text}"));

    act(stage, &alert.id, AlertAct::AddNote("Thanks! Growth is from the nightly job".into()))?;
    stage.note("Opsgenie", "Dana writes: Thanks! Growth is from the nightly job");
    let text = stage.until("the note at PagerDuty", |s| note_at_pagerduty(s, &incident.id, "nightly job")).await?;
    stage.note("PagerDuty", &format!("note: {text}"));

    person(stage, &incident, IncidentAct::Resolve { resolution: None })?;
    stage.note("PagerDuty", &format!("{ON_CALL} resolves"));
    let text = stage.until("the note about it in Opsgenie", |s| note_at_opsgenie(s, &alert.id, "Resolved")).await?;
    stage.note("Opsgenie", &format!("note: {text} (closing the alert is the customer's)"));
    Ok(())
}

/// PagerDuty is away while a storm comes.
async fn outage(stage: &Stage) -> Done {
    stage.scene("2. PagerDuty is down while a storm comes");
    let fault = Effect::Refuse { status: 503, headers: BTreeMap::new(), body: None };
    let fault = stage.sandbox.add_fault(Fault::new(System::PagerDuty, fault));
    stage.note("PagerDuty", "answers 503 to everything");
    let before = stage.snapshot().pagerduty.incidents.len();
    for n in 1..=BURST_LOW {
        raise(stage, &format!("Queue is slow on worker-{n:02}"), 4);
    }
    let critical: Vec<String> =
        (1..=BURST_HIGH).map(|n| raise(stage, &format!("Payment gateway {n} is down"), 1).id).collect();
    stage.note("Opsgenie", &format!("{BURST_LOW} alerts of priority P4, and then {BURST_HIGH} of P1"));
    stage.pause(OUTAGE_MS).await;
    stage.note("bridge", "has accepted them all and waits");
    stage.sandbox.faults().remove(fault);
    stage.note("PagerDuty", "is back");
    let all = before + BURST_LOW + BURST_HIGH;
    stage.until("all pages of the storm", |s| (s.pagerduty.incidents.len() >= all).then_some(())).await?;
    let snapshot = stage.snapshot();
    let burst = snapshot.pagerduty.incidents.iter().skip(before);
    let is_critical = |i: &IncidentView| i.incident_key.as_ref().is_some_and(|k| critical.contains(k));
    let last = burst.enumerate().filter(|(_, i)| is_critical(i)).map(|(place, _)| place + 1).max().unwrap_or(0);
    let all = BURST_LOW + BURST_HIGH;
    stage.note("PagerDuty", &format!("{all} incidents; all {BURST_HIGH} critical ones are among the first {last}"));
    // Calls that are under way together may arrive in any order.
    if last < BURST_HIGH + CONCURRENCY { Ok(()) } else { Err(failed("a critical page waited behind the storm")) }
}

/// A webhook that comes twice, and one that is overtaken.
async fn repeats(stage: &Stage) -> Done {
    stage.scene("3. Webhooks come twice and out of order");
    let alert = raise(stage, "Certificate expires in 2 hours", 2);
    let incident = stage.until("the page", |s| page_of(s, &alert)).await?;
    stage.sandbox.add_fault(Fault::new(System::PagerDuty, Effect::Duplicate { ms: 200 }).count(1));
    person(stage, &incident, IncidentAct::Note("Renewing it now".into()))?;
    stage.note("PagerDuty", &format!("{ON_CALL} writes a note, and the webhook of it is sent twice"));
    stage.until("the note in Opsgenie", |s| note_at_opsgenie(s, &alert.id, "Renewing")).await?;
    stage.until("the second copy", |s| (s.pagerduty.webhooks.duplicated > 0).then_some(())).await?;
    stage.sandbox.add_fault(Fault::new(System::PagerDuty, Effect::Reorder { ms: 1_500 }).count(1));
    person(stage, &incident, IncidentAct::Acknowledge)?;
    stage.pause(100).await;
    person(stage, &incident, IncidentAct::Resolve { resolution: None })?;
    stage.note("PagerDuty", "acknowledged, then resolved; the webhook of the acknowledgement comes last");
    stage.until("the note about the resolving", |s| note_at_opsgenie(s, &alert.id, "Resolved")).await?;
    stage.until("the late webhook", |s| (s.pagerduty.webhooks.waiting == 0).then_some(())).await?;
    stage.pause(700).await;
    let notes = stage.until("the alert", |s| alert_of(s, &alert.id)).await?.notes;
    let count = |words: &str| notes.iter().filter(|n| n.text.contains(words)).count();
    stage.note(
        "Opsgenie",
        &format!(
            "the alert has the note {} time, and {} note about the resolving",
            count("Renewing"),
            count("Resolved")
        ),
    );
    let status = stage.until("the incident", |s| incident_of(s, &incident.id)).await?.status;
    if (count("Renewing"), count("Resolved"), status) == (1, 1, "resolved") {
        return Ok(());
    }
    Err(failed("a repeated or late webhook changed something"))
}

/// The bridge dies in the middle of its work, and comes back.
async fn crash(stage: &mut Stage) -> Done {
    stage.scene("4. The bridge is killed in the middle of its work");
    let before = stage.snapshot().pagerduty.incidents.len();
    let slow = stage.sandbox.add_fault(Fault::new(System::PagerDuty, Effect::Slow { ms: 300 }));
    for n in 0..CRASH_ALERTS {
        raise(stage, &format!("Pod web-{n} restarts"), 1 + u8::try_from(n % 5).unwrap_or(0));
    }
    stage.note("Opsgenie", &format!("{CRASH_ALERTS} alerts"));
    stage.until("the first pages", |s| (s.pagerduty.incidents.len() > before + 4).then_some(())).await?;
    stage.crash_bridge().await;
    let made = stage.snapshot().pagerduty.incidents.len() - before;
    stage.note("bridge", &format!("is gone, with calls on their way; PagerDuty holds {made} of the {CRASH_ALERTS}"));
    raise(stage, "Pod web-20 restarts", 1);
    stage.note("Opsgenie", "one more alert, while nobody listens; it will send the webhook again");
    stage.pause(1_000).await;
    stage.sandbox.faults().remove(slow);
    stage.start_bridge().await?;
    stage.note("bridge", "is back; what was on its way is looked up before it is sent again");
    let all = before + CRASH_ALERTS + 1;
    stage.until("all pages", |s| (s.pagerduty.incidents.len() >= all).then_some(())).await?;
    stage.note("PagerDuty", &format!("{} incidents, one for each alert", CRASH_ALERTS + 1));
    Ok(())
}

/// Waits until nothing is under way, so that the figures are final.
async fn settle(stage: &Stage) -> Done {
    let quiet = |s: &Snapshot| s.pagerduty.webhooks.waiting + s.opsgenie.webhooks.waiting == 0;
    stage.until("the last webhooks", |s| quiet(s).then_some(())).await?;
    stage.pause(1_500).await;
    Ok(())
}

fn raise(stage: &Stage, message: &str, priority: u8) -> AlertView {
    stage.sandbox.opsgenie().create_alert(NewAlert::new(message).priority(priority), DANA)
}

fn act(stage: &Stage, alert: &str, act: AlertAct) -> Done {
    stage.sandbox.opsgenie().act(alert, act, DANA).map(drop).map_err(|e| failed(&e.to_string()))
}

fn person(stage: &Stage, incident: &IncidentView, act: IncidentAct) -> Done {
    stage.sandbox.pagerduty().act(&incident.id, act, ON_CALL).map(drop).map_err(|e| failed(&e.to_string()))
}

fn page_of(snapshot: &Snapshot, alert: &AlertView) -> Option<IncidentView> {
    snapshot.pagerduty.with_key(&alert.id).next().cloned()
}

fn incident_of(snapshot: &Snapshot, id: &str) -> Option<IncidentView> {
    snapshot.pagerduty.incidents.iter().find(|i| i.id == id).cloned()
}

fn alert_of(snapshot: &Snapshot, id: &str) -> Option<AlertView> {
    snapshot.opsgenie.alerts.iter().find(|a| a.id == id).cloned()
}

fn note_at_opsgenie(snapshot: &Snapshot, alert: &str, words: &str) -> Option<String> {
    let alert = alert_of(snapshot, alert)?;
    alert.notes.iter().find(|n| n.text.contains(words)).map(|n| one_line(&n.text))
}

fn note_at_pagerduty(snapshot: &Snapshot, incident: &str, words: &str) -> Option<String> {
    let incident = incident_of(snapshot, incident)?;
    incident.notes.iter().find(|n| n.content.contains(words)).map(|n| one_line(&n.content))
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
