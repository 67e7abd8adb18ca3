//! Services and the ways into them.

use std::error::Error;

use futures_util::TryStreamExt;
use pagerduty::rest::integrations::{self, NewIntegration};
use pagerduty::rest::services::{self, NewService, Service, ServiceFilter, ServiceStatus};
use pagerduty::rest::urgency_rule::IncidentUrgencyRule;
use pagerduty::{Retrying, Secret, items};

/// Lists all services, a line each.
pub(crate) async fn list(sender: &Retrying) -> Result<Vec<String>, Box<dyn Error>> {
    let services: Vec<Service> = items(sender, services::list(&ServiceFilter::default())).try_collect().await?;
    let status = |service: &Service| service.status.as_ref().map_or("unknown", ServiceStatus::as_str).to_owned();
    Ok(services.iter().map(|service| format!("{}: {} ({})", service.name, status(service), service.id)).collect())
}

/// Makes a service whose incidents are all urgent, and returns its id.
pub(crate) async fn create(sender: &Retrying, name: &str, policy_id: &str) -> Result<String, Box<dyn Error>> {
    let new = NewService {
        description: Some("Made by a recipe".to_owned()),
        incident_urgency_rule: Some(IncidentUrgencyRule::constant("high")),
        auto_resolve_timeout: Some(14_400),
        acknowledgement_timeout: Some(1_800),
        ..NewService::new(name, policy_id)
    };
    Ok(sender.call(&services::create(&new)).await?.value.id.to_string())
}

/// Adds an integration for the Events API v2, and returns the routing key of its events.
pub(crate) async fn add_integration(sender: &Retrying, service_id: &str) -> Result<Secret, Box<dyn Error>> {
    let call = integrations::create(&service_id.into(), &NewIntegration::events_api_v2("Events API"));
    sender.call(&call).await?.value.integration_key.ok_or_else(|| "PagerDuty gave no key".into())
}
