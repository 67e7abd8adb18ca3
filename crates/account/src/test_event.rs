//! A test event, sent and taken back. It may page somebody, so it is sent only when it is asked for.

use crate::checks::EVENT;
use crate::finding::Finding;
use pagerduty::events::{Event, Severity, enqueue};
use pagerduty::rest::incidents::{self, DateRange, IncidentFilter};
use pagerduty::{Caller, Paging, Secret};
use serde_json::json;
use std::future::Future;

/// How often the incident is looked for after the event.
const LOOKS: u32 = 10;

/// Sends a trigger with `dedup_key` by the key called `name`, looks for its incident, and resolves it.
///
/// `pause` waits between two looks. Without `rest`, nobody can look for the incident, and none is looked for. The severity is `info`, so
/// that services that decide by it page nobody at once.
pub async fn send_test_event<E, R, P>(
    events: &E,
    rest: Option<&R>,
    name: &str,
    key: &Secret,
    dedup_key: &str,
    pause: impl Fn() -> P,
) -> Finding
where
    E: Caller,
    R: Caller,
    P: Future<Output = ()>,
{
    let summary = "Test of Pagebridge's doctor; it resolves itself";
    let details = json!({"sent_by": "pagebridge doctor --send-test-event"});
    let details = details.as_object().cloned().unwrap_or_default();
    let trigger = Event::trigger(key.clone(), summary, "pagebridge-doctor", Severity::Info)
        .with_dedup_key(dedup_key)
        .with_custom_details(details);
    if let Err(error) = send(events, &trigger).await {
        let remedy = "copy the integration key of the service (Events API v2), and check the address of the Events API";
        return Finding::failed(EVENT, format!("{name}: the test event was not taken: {error}"), remedy);
    }
    let arrived = match rest {
        Some(rest) => Some(look(rest, dedup_key, pause).await),
        None => None,
    };
    let resolved = send(events, &Event::resolve(key.clone(), dedup_key)).await;
    if let Err(error) = resolved {
        let remedy = format!("resolve the incident `{summary}` by hand");
        return Finding::failed(
            EVENT,
            format!("{name}: the test event was taken, and its end was not: {error}"),
            remedy,
        );
    }
    match arrived {
        None => Finding::ok(
            EVENT,
            format!("{name}: PagerDuty takes events; whether an incident follows was not looked for"),
        ),
        Some(Ok(true)) => Finding::ok(EVENT, format!("{name}: the test event opened an incident, which is resolved")),
        Some(Ok(false)) => {
            let remedy = "see the other checks: the service is disabled or in maintenance, nobody is on call, or a rule suppresses it";
            Finding::failed(EVENT, format!("{name}: the test event was taken, and no incident follows"), remedy)
        }
        Some(Err(reason)) => Finding::warning(
            EVENT,
            format!("{name}: the test event was taken; its incident could not be looked for: {reason}"),
            "give the token the right to read incidents",
        ),
    }
}

async fn send<E: Caller>(events: &E, event: &Event) -> Result<(), String> {
    let call = enqueue(event).map_err(|error| error.to_string())?;
    events.call(&call).await.map(drop).map_err(|error| error.to_string())
}

/// Looks until the incident is there.
async fn look<R: Caller, P: Future<Output = ()>>(
    rest: &R,
    dedup_key: &str,
    pause: impl Fn() -> P,
) -> Result<bool, String> {
    let filter = IncidentFilter {
        incident_key: Some(dedup_key.to_owned()),
        date_range: DateRange::All,
        paging: Paging { limit: Some(1), offset: None },
        ..IncidentFilter::default()
    };
    for attempt in 0..LOOKS {
        if attempt > 0 {
            pause().await;
        }
        let found = rest.call(&incidents::list(&filter)).await.map_err(|error| error.to_string())?;
        if !found.value.items.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}
