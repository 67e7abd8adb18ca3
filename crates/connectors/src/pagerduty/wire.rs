//! The calls that are made, and webhooks as senders of this pair write them.

use super::Settings;
use ::pagerduty::rest::incidents::{
    self, DateRange, Incident, IncidentFilter, IncidentStatus, IncidentUpdate, NewIncident, Order, SortField, Urgency,
};
use ::pagerduty::rest::users::{self, User, UserFilter};
use ::pagerduty::text::cut;
use ::pagerduty::webhook::{self, Event, ParseError};
use ::pagerduty::{Call, LIMIT_MAX, Page, Paging};
use pagebridge_core::{Content, Status};
use serde_json::Value;

/// Longest details of an incident, in characters. PagerDuty publishes no limit; this is what it shows with ease.
const BODY_CHARS_MAX: usize = 25_000;

/// Longest note, in characters. PagerDuty publishes no limit; longer ones are refused by its own pages.
pub(super) const NOTE_CHARS_MAX: usize = 25_000;

/// Makes the incident; the key makes a repeat safe.
pub(super) fn create(settings: &Settings, service: &str, key: &str, content: &Content) -> Call<Incident> {
    let urgency = urgency(content.urgency);
    let mut new = NewIncident::new(&content.title, service).with_urgency(urgency).with_incident_key(key);
    if !content.body.is_empty() {
        new = new.with_body(cut(&content.body, BODY_CHARS_MAX));
    }
    if let Some(policy) = &settings.escalation_policy {
        new = new.with_escalation_policy(policy.as_str());
    }
    incidents::create(&new)
}

pub(super) fn urgency(urgency: pagebridge_core::Urgency) -> Urgency {
    match urgency {
        pagebridge_core::Urgency::High => Urgency::High,
        pagebridge_core::Urgency::Low => Urgency::Low,
    }
}

/// Which incidents with our key to look for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Among {
    /// Those that stand in the way of a new one.
    Open,
    /// All of the last month, which is PagerDuty's own window; no attempt stays in doubt for so long.
    All,
}

/// Looks for incidents by key, on one service or all, newest first.
pub(super) fn find(service: Option<&str>, key: &str, among: Among) -> Call<Page<Incident>> {
    use IncidentStatus::{Acknowledged, Resolved, Triggered};
    let statuses = match among {
        Among::Open => vec![Triggered, Acknowledged],
        Among::All => vec![Triggered, Acknowledged, Resolved],
    };
    incidents::list(&IncidentFilter {
        incident_key: Some(key.to_owned()),
        service_ids: service.into_iter().map(Into::into).collect(),
        statuses,
        date_range: match among {
            // An incident can stay open for longer than a month.
            Among::Open => DateRange::All,
            Among::All => DateRange::Recent,
        },
        sort_by: vec![(SortField::CreatedAt, Order::Descending)],
        paging: Paging { limit: Some(LIMIT_MAX), offset: None },
        ..IncidentFilter::default()
    })
}

/// The change that leads from one status to another. `None` when there is no policy to give the incident back to.
///
/// PagerDuty has no call to un-acknowledge. Handing the incident to its escalation policy comes nearest: nobody has it
/// any more, and the policy starts again from the top.
pub(super) fn change(from: Status, to: Status, policy: Option<&str>) -> Option<IncidentUpdate> {
    Some(match (from, to) {
        (Status::Resolved, Status::Triggered) => IncidentUpdate::reopen(),
        (_, Status::Triggered) => {
            IncidentUpdate { escalation_policy: Some(policy?.into()), ..IncidentUpdate::default() }
        }
        (_, Status::Acknowledged) => IncidentUpdate::acknowledge(),
        (_, Status::Resolved) => IncidentUpdate::resolve(),
    })
}

/// Lists the users whose name or address is like this.
pub(super) fn users_like(address: &str) -> Call<Page<User>> {
    let paging = Paging { limit: Some(LIMIT_MAX), offset: None };
    users::list(&UserFilter { query: Some(address.to_owned()), paging, ..UserFilter::default() })
}

/// Reads a webhook. One that names its incident only by our key is taken too: the old proxy's users test with such.
pub(super) fn parse(body: &[u8]) -> Result<Event, ParseError> {
    webhook::parse(body).or_else(|error| match (&error, with_blank_id(body)) {
        (ParseError::Data { .. }, Some(patched)) => webhook::parse(&patched).map_err(|_| error),
        _ => Err(error),
    })
}

/// The same body with an empty incident id, if it has a key instead.
fn with_blank_id(body: &[u8]) -> Option<Vec<u8>> {
    let mut body: Value = serde_json::from_slice(body).ok()?;
    let data = body.get_mut("event")?.get_mut("data")?.as_object_mut()?;
    let has_key = data.get("incident_key").and_then(Value::as_str).is_some_and(|key| !key.trim().is_empty());
    if !has_key || data.get("id").is_some_and(|id| !id.is_null()) {
        return None;
    }
    data.insert("id".to_owned(), Value::from(""));
    serde_json::to_vec(&body).ok()
}
