//! `/services`: what incidents are about.

use serde_json::{Value, json};

use super::ask::{Ask, Given};
use super::include::Includes;
use crate::pagerduty::model::{
    Service, ServiceIx, ServiceState, SupportHours, TeamIx, Urgency, UrgencyChoice, UrgencyRule,
};
use crate::pagerduty::refusal::Refusal;
use crate::pagerduty::state::State;
use crate::wire::Reply;

pub(super) const INCLUDES: &Includes =
    &[("escalation_policies", "escalation_policy"), ("teams", "teams[]"), ("integrations", "integrations[]")];

impl State {
    pub(crate) fn route_services(&mut self, ask: &Ask<'_>, parts: &[&str]) -> Result<Reply, Refusal> {
        let json = |state: &State, ix| state.service_json(ask.links, ix);
        match (ask.call.method.as_str(), parts) {
            ("GET", []) => self.list_services(ask),
            ("POST", []) => {
                let service = self.new_service(ask)?;
                let ix = self.services.add(service);
                self.tell_service(ix, "service.created", self.actor_of(ask), ask.now);
                Ok(self.one(ask, 201, "service", json(self, ix), INCLUDES))
            }
            (method, [id, rest @ ..]) => {
                let ix = self.services.find(id).ok_or_else(|| Refusal::new(404, 5002, "Service Not Found"))?;
                match (method, rest) {
                    ("GET", []) => Ok(self.one(ask, 200, "service", json(self, ix), INCLUDES)),
                    ("PUT", []) => {
                        let mut service = self.services[ix].clone();
                        self.change_service(&mut service, &ask.given("service")?, Some(ix))?;
                        self.services[ix] = service;
                        self.tell_service(ix, "service.updated", self.actor_of(ask), ask.now);
                        Ok(self.one(ask, 200, "service", json(self, ix), INCLUDES))
                    }
                    ("DELETE", []) => self.delete_service(ask, ix),
                    (_, ["integrations", rest @ ..]) => self.route_integrations(ask, ix, rest),
                    ("GET", ["change_events"]) => self.list_change_events(ask, Some(ix)),
                    _ => Err(Refusal::not_found()),
                }
            }
            _ => Err(Refusal::not_found()),
        }
    }

    fn list_services(&self, ask: &Ask<'_>) -> Result<Reply, Refusal> {
        let name = ask.call.query("name");
        let matches = |(ix, service): &(ServiceIx, &Service)| {
            ask.finds(&service.name, "", &self.ids(&self.teams, self.service_teams(*ix)))
                && name.is_none_or(|name| service.name == name)
        };
        let mut services: Vec<ServiceIx> = self.services.iter().filter(matches).map(|(ix, _)| ix).collect();
        ask.sort_by_name(&self.services, &mut services, |service| &service.name);
        self.listed(ask, "services", &services, INCLUDES, |ix| self.service_json(ask.links, *ix))
    }

    fn new_service(&mut self, ask: &Ask<'_>) -> Result<Service, Refusal> {
        let given = ask.given("service")?;
        let name = given.needed("name")?;
        let policy = given.reference("escalation_policy", &self.policies)?;
        let policy = policy.ok_or_else(|| Refusal::invalid("Escalation policy can't be blank"))?;
        if given.text("status")?.is_some_and(|status| status != "active") {
            return Err(Refusal::invalid("Status of a new service must be active"));
        }
        let mut service = Service::new(self.random.short_id(), name, policy, ask.now);
        // What a new service of PagerDuty has when its request says nothing.
        service.urgency_rule = UrgencyRule::Constant(UrgencyChoice::Always(Urgency::High));
        self.change_service(&mut service, &given, None)?;
        Ok(service)
    }

    fn change_service(&self, service: &mut Service, given: &Given, own: Option<ServiceIx>) -> Result<(), Refusal> {
        given.change("name", &mut service.name)?;
        if self.services.find_by(|one| one.name == service.name).is_some_and(|taken| Some(taken) != own) {
            return Err(Refusal::invalid("Name has already been taken"));
        }
        given.change_or_clear("description", &mut service.description)?;
        if let Some(policy) = given.reference("escalation_policy", &self.policies)? {
            service.policy = policy;
        }
        // Null and zero switch a time-out off.
        if given.has("auto_resolve_timeout") {
            service.auto_resolve_seconds = given.whole("auto_resolve_timeout", 0..=u32::MAX)?.filter(|s| *s > 0);
        }
        if given.has("acknowledgement_timeout") {
            service.acknowledgement_seconds = given.whole("acknowledgement_timeout", 0..=u32::MAX)?.filter(|s| *s > 0);
        }
        match given.text("status")? {
            Some("active" | "warning" | "critical") => service.state = ServiceState::Active,
            Some("disabled") => service.state = ServiceState::Disabled,
            // A window decides about maintenance: the word alone changes nothing.
            None | Some("maintenance") => {}
            Some(_) => {
                return Err(Refusal::invalid(
                    "Status must be one of: active, warning, critical, maintenance, disabled",
                ));
            }
        }
        if given.has("support_hours") {
            service.support_hours = support_hours(given.get("support_hours"))?;
        }
        if let Some(rule) = urgency_rule(given.get("incident_urgency_rule"))? {
            if matches!(rule, UrgencyRule::SupportHours { .. }) && service.support_hours.is_none() {
                return Err(Refusal::invalid("Support hours can't be blank when the urgency rule uses them"));
            }
            service.urgency_rule = rule;
        }
        if let Some(actions) = given.list("scheduled_actions")? {
            service.scheduled_actions = actions.to_vec();
        }
        given.change("alert_creation", &mut service.alert_creation)?;
        if !matches!(service.alert_creation.as_str(), "create_alerts_and_incidents" | "create_incidents") {
            return Err(Refusal::invalid("Alert creation must be create_alerts_and_incidents or create_incidents"));
        }
        if given.has("alert_grouping_parameters") {
            service.alert_grouping = given.get("alert_grouping_parameters").clone();
        }
        Ok(())
    }

    fn delete_service(&mut self, ask: &Ask<'_>, ix: ServiceIx) -> Result<Reply, Refusal> {
        if self.open.iter().any(|open| self.incident(*open).service == ix) {
            return Err(Refusal::invalid("Service cannot be deleted while it has open incidents"));
        }
        let integrations: Vec<_> = self.integrations_of(ix).collect();
        integrations.into_iter().for_each(|integration| self.integrations.delete(integration));
        let windows: Vec<_> = self.windows.iter().map(|(window, _)| window).collect();
        for window in windows {
            self.windows[window].services.retain(|service| *service != ix);
        }
        self.services.delete(ix);
        self.tell_service(ix, "service.deleted", self.actor_of(ask), ask.now);
        Ok(Reply::empty(204))
    }

    /// Returns a service's teams, which are its policy's.
    pub(crate) fn service_teams(&self, ix: ServiceIx) -> &[TeamIx] {
        &self.policy(self.service(ix).policy).teams
    }
}

fn urgency_rule(given: &Value) -> Result<Option<UrgencyRule>, Refusal> {
    let choice = |given: &Value| {
        let choice = given["urgency"].as_str().and_then(UrgencyChoice::parse);
        choice.ok_or_else(|| Refusal::invalid("Urgency must be one of: high, low, severity_based"))
    };
    match given["type"].as_str() {
        None if given.is_null() => Ok(None),
        Some("constant") => Ok(Some(UrgencyRule::Constant(choice(given)?))),
        Some("use_support_hours") => Ok(Some(UrgencyRule::SupportHours {
            during: choice(&given["during_support_hours"])?,
            outside: choice(&given["outside_support_hours"])?,
        })),
        _ => Err(Refusal::invalid("Incident urgency rule type must be constant or use_support_hours")),
    }
}

fn support_hours(given: &Value) -> Result<Option<SupportHours>, Refusal> {
    if given.is_null() {
        return Ok(None);
    }
    let given = Given(given.clone());
    let mut time_zone = given.needed("time_zone")?.to_owned();
    given.change_zone("time_zone", &mut time_zone)?;
    let time = |name: &str| {
        given.needed(name)?.parse().map_err(|_| Refusal::invalid(format!("{name} must be written HH:mm:ss")))
    };
    let day = |day: &Value| day.as_i64().and_then(|day| i8::try_from(day).ok()).filter(|day| (1..=7).contains(day));
    let days: Option<Vec<i8>> = given.list("days_of_week")?.unwrap_or_default().iter().map(day).collect();
    let days = days.filter(|days| !days.is_empty());
    let hours = SupportHours {
        time_zone,
        days: days.ok_or_else(|| Refusal::invalid("Days of week must be numbers from 1 for Monday to 7"))?,
        start: time("start_time")?,
        end: time("end_time")?,
    };
    if hours.end <= hours.start {
        return Err(Refusal::invalid("End time must be after the start time"));
    }
    Ok(Some(hours))
}

/// Renders how a service decides the urgency of a new incident.
pub(super) fn urgency_rule_json(rule: UrgencyRule) -> Value {
    let constant = |choice: UrgencyChoice| json!({"type": "constant", "urgency": choice.text()});
    match rule {
        UrgencyRule::Constant(choice) => constant(choice),
        UrgencyRule::SupportHours { during, outside } => json!({
            "type": "use_support_hours",
            "during_support_hours": constant(during),
            "outside_support_hours": constant(outside),
        }),
    }
}
