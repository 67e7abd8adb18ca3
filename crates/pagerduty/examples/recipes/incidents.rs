//! Incidents: list, read, open, change, annotate.

use std::error::Error;

use futures_util::TryStreamExt;
use pagerduty::rest::incidents::{
    self, DateRange, Incident, IncidentFilter, IncidentStatus, IncidentUpdate, NewIncident, Order, SortField, Urgency,
};
use pagerduty::rest::notes;
use pagerduty::{Class, Retrying, items};

/// Lists all open incidents, newest first, a line each.
pub(crate) async fn open(sender: &Retrying) -> Result<Vec<String>, Box<dyn Error>> {
    let filter = IncidentFilter {
        statuses: vec![IncidentStatus::Triggered, IncidentStatus::Acknowledged],
        date_range: DateRange::All,
        sort_by: vec![(SortField::CreatedAt, Order::Descending)],
        ..IncidentFilter::default()
    };
    let incidents: Vec<Incident> = items(sender, incidents::list(&filter)).try_collect().await?;
    Ok(incidents.iter().map(line).collect())
}

/// Reads one incident.
pub(crate) async fn get(sender: &Retrying, id: &str) -> Result<String, Box<dyn Error>> {
    let reply = sender.call(&incidents::get(&id.into(), &[])).await?;
    Ok(line(&reply.value))
}

fn line(incident: &Incident) -> String {
    let status = incident.status.as_ref().map_or("unknown", IncidentStatus::as_str);
    let service = incident.service.as_ref().and_then(|service| service.summary.as_deref()).unwrap_or("no service");
    let created = incident.created_at.as_deref().unwrap_or("at some time");
    let url = incident.html_url.as_deref().unwrap_or_default();
    format!("[{status}] {} ({service}, {created}) {url}", incident.title)
}

/// Opens an incident and returns its id; if one with this key is open already, that one's.
///
/// The key makes it safe to call this again after a time-out.
pub(crate) async fn create(
    sender: &Retrying,
    service_id: &str,
    key: &str,
    title: &str,
) -> Result<String, Box<dyn Error>> {
    let new = NewIncident::new(title, service_id)
        .with_urgency(Urgency::High)
        .with_body("Opened by hand. See the runbook.")
        .with_incident_key(key);
    // With a key a repeat opens nothing new: it is refused as a duplicate.
    match sender.call(&incidents::create(&new).repeatable()).await {
        Ok(reply) => Ok(reply.value.id.to_string()),
        Err(error) if error.class() == Class::Duplicate => find_open(sender, service_id, key).await,
        Err(error) => Err(error.into()),
    }
}

async fn find_open(sender: &Retrying, service_id: &str, key: &str) -> Result<String, Box<dyn Error>> {
    let filter = IncidentFilter {
        incident_key: Some(key.to_owned()),
        service_ids: vec![service_id.into()],
        statuses: vec![IncidentStatus::Triggered, IncidentStatus::Acknowledged],
        date_range: DateRange::All,
        ..IncidentFilter::default()
    };
    let found = sender.call(&incidents::list(&filter)).await?.value.items;
    let first = found.first().ok_or("the incident was resolved meanwhile, open it again")?;
    Ok(first.id.to_string())
}

/// Acknowledges an incident. That it was taken already is no failure.
pub(crate) async fn acknowledge(sender: &Retrying, id: &str) -> Result<Option<IncidentStatus>, Box<dyn Error>> {
    change(sender, id, &IncidentUpdate::acknowledge()).await
}

/// Resolves an incident and says why.
pub(crate) async fn resolve(sender: &Retrying, id: &str, why: &str) -> Result<Option<IncidentStatus>, Box<dyn Error>> {
    change(sender, id, &IncidentUpdate::resolve_because(why)).await
}

async fn change(
    sender: &Retrying,
    id: &str,
    update: &IncidentUpdate,
) -> Result<Option<IncidentStatus>, Box<dyn Error>> {
    match sender.call(&incidents::update(&id.into(), update)).await {
        Ok(reply) => Ok(reply.value.status),
        Err(error) => match error.class() {
            Class::AlreadyAcknowledged => Ok(Some(IncidentStatus::Acknowledged)),
            Class::AlreadyResolved => Ok(Some(IncidentStatus::Resolved)),
            _ => Err(error.into()),
        },
    }
}

/// Adds a note and returns its id. Not sent again by itself: it would be there twice.
pub(crate) async fn add_note(sender: &Retrying, id: &str, text: &str) -> Result<String, Box<dyn Error>> {
    Ok(sender.call(&notes::create(&id.into(), text)).await?.value.id.to_string())
}
