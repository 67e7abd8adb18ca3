//! Writes services and their integrations as the REST API shows them, and keeps `/services/{id}/integrations`.

use serde_json::{Value, json};

use super::ask::{Ask, Given};
use super::include::Includes;
use super::services::urgency_rule_json;
use crate::pagerduty::model::{Integration, IntegrationIx, ServiceIx, ServiceState, Status, SupportHours};
use crate::pagerduty::refusal::Refusal;
use crate::pagerduty::render::{Links, with};
use crate::pagerduty::state::State;
use crate::wire::Reply;

const INCLUDES: &Includes = &[("services", "service")];
const KIND_SUFFIX: &str = "_inbound_integration";

impl State {
    pub(crate) fn route_integrations(
        &mut self,
        ask: &Ask<'_>,
        service: ServiceIx,
        parts: &[&str],
    ) -> Result<Reply, Refusal> {
        let json = |state: &State, ix| state.integration_json(ask.links, ix);
        match (ask.call.method.as_str(), parts) {
            ("POST", []) => {
                let integration = self.new_integration(ask, service)?;
                let ix = self.integrations.add(integration);
                Ok(self.one(ask, 201, "integration", json(self, ix), INCLUDES))
            }
            (method @ ("GET" | "PUT"), [id]) => {
                let ix = self.integrations.find(id).filter(|ix| self.integrations[*ix].service == service);
                let ix = ix.ok_or_else(Refusal::not_found)?;
                if method == "PUT" {
                    let mut integration = self.integrations[ix].clone();
                    self.change_integration(&mut integration, &ask.given("integration")?)?;
                    self.integrations[ix] = integration;
                }
                Ok(self.one(ask, 200, "integration", json(self, ix), INCLUDES))
            }
            _ => Err(Refusal::not_found()),
        }
    }

    fn new_integration(&mut self, ask: &Ask<'_>, service: ServiceIx) -> Result<Integration, Refusal> {
        let given = ask.given("integration")?;
        let vendor = given.reference("vendor", &self.vendors)?;
        let kind = match (given.text("type")?, vendor) {
            (Some(kind), _) if kind.trim_end_matches("_reference").ends_with(KIND_SUFFIX) => {
                kind.trim_end_matches("_reference").to_owned()
            }
            (None, Some(vendor)) => self.vendors[vendor].integration_kind.clone(),
            _ => return Err(Refusal::invalid(format!("Type must end in {KIND_SUFFIX}"))),
        };
        let is_email = kind == Integration::EMAIL;
        let name = given.text("name")?.map(str::to_owned);
        let name = name.unwrap_or_else(|| vendor.map_or_else(|| kind.clone(), |ix| self.vendors[ix].name.clone()));
        let id = self.random.short_id();
        let mut integration = Integration {
            email: is_email.then(|| format!("{}@sandbox.pagerduty.com", id.to_lowercase())),
            id,
            kind,
            name,
            service,
            key: (!is_email).then(|| self.random.hex32()),
            vendor,
            created_at: ask.now,
        };
        self.change_integration(&mut integration, &given)?;
        Ok(integration)
    }

    fn change_integration(&self, integration: &mut Integration, given: &Given) -> Result<(), Refusal> {
        given.change("name", &mut integration.name)?;
        if integration.email.is_some() {
            given.change_or_clear("integration_email", &mut integration.email)?;
        }
        if let Some(vendor) = given.reference("vendor", &self.vendors)? {
            integration.vendor = Some(vendor);
        }
        Ok(())
    }

    pub(crate) fn integration_json(&self, links: &Links, ix: IntegrationIx) -> Value {
        let integration = &self.integrations[ix];
        let mut shown = with(
            self.integration_ref(links, ix),
            json!({
                "type": integration.kind,
                "name": integration.name,
                "service": self.service_ref(links, integration.service),
                "created_at": links.time(integration.created_at),
                "vendor": integration.vendor.map(|vendor| links.reference(&self.vendors[vendor])),
            }),
        );
        if let Some(key) = &integration.key {
            shown["integration_key"] = key.clone().into();
        }
        if let Some(email) = &integration.email {
            shown["integration_email"] = email.clone().into();
        }
        shown
    }

    pub(crate) fn service_json(&self, links: &Links, ix: ServiceIx) -> Value {
        let service = self.service(ix);
        let integrations: Vec<Value> = self.integrations_of(ix).map(|one| self.integration_ref(links, one)).collect();
        links.full(
            service,
            json!({
                "name": service.name,
                "description": service.description,
                "status": self.service_status(ix),
                "created_at": links.time(service.created_at),
                "updated_at": links.time(service.created_at),
                "last_incident_timestamp": service.last_incident_at.map(|at| links.time(at)),
                "auto_resolve_timeout": service.auto_resolve_seconds,
                "acknowledgement_timeout": service.acknowledgement_seconds,
                "escalation_policy": self.policy_ref(links, service.policy),
                "teams": self.team_refs(links, self.service_teams(ix)),
                "integrations": integrations,
                "incident_urgency_rule": urgency_rule_json(service.urgency_rule),
                "support_hours": service.support_hours.as_ref().map(support_hours_json),
                "scheduled_actions": service.scheduled_actions,
                "addons": [],
                "alert_creation": service.alert_creation,
                "alert_grouping_parameters": service.alert_grouping,
                "auto_pause_notifications_parameters": {"enabled": false, "timeout": null},
            }),
        )
    }

    pub(crate) fn service_status(&self, ix: ServiceIx) -> &'static str {
        let mut open = self.open.iter().map(|ix| self.incident(*ix)).filter(|incident| incident.service == ix);
        match self.service_state(ix) {
            ServiceState::Disabled => "disabled",
            ServiceState::Maintenance => "maintenance",
            ServiceState::Active if open.clone().any(|incident| incident.status == Status::Triggered) => "critical",
            ServiceState::Active if open.next().is_some() => "warning",
            ServiceState::Active => "active",
        }
    }
}

fn support_hours_json(hours: &SupportHours) -> Value {
    json!({
        "type": "fixed_time_per_day",
        "time_zone": hours.time_zone,
        "days_of_week": hours.days,
        "start_time": hours.start.strftime("%H:%M:%S").to_string(),
        "end_time": hours.end.strftime("%H:%M:%S").to_string(),
    })
}
