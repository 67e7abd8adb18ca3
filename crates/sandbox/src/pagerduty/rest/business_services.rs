//! `/business_services`: what the business calls its services.

use serde_json::{Value, json};

use super::ask::{Ask, Given};
use crate::pagerduty::model::{BusinessIx, BusinessService};
use crate::pagerduty::refusal::Refusal;
use crate::pagerduty::render::Links;
use crate::pagerduty::state::State;
use crate::wire::Reply;

impl State {
    pub(crate) fn route_business_services(&mut self, ask: &Ask<'_>, parts: &[&str]) -> Result<Reply, Refusal> {
        let json = |state: &State, ix| state.business_json(ask.links, ix);
        match (ask.call.method.as_str(), parts) {
            ("GET", []) => {
                let services: Vec<BusinessIx> = self.business_services.iter().map(|(ix, _)| ix).collect();
                self.listed(ask, "business_services", &services, &[], |ix| json(self, *ix))
            }
            ("POST", []) => {
                let given = ask.given("business_service")?;
                let mut service = BusinessService {
                    id: self.random.short_id(),
                    name: given.needed("name")?.to_owned(),
                    description: None,
                    point_of_contact: None,
                    team: None,
                };
                self.change_business(&mut service, &given)?;
                let ix = self.business_services.add(service);
                // 200, not 201: one of the documented exceptions.
                Ok(self.one(ask, 200, "business_service", json(self, ix), &[]))
            }
            (method, [id]) => {
                let ix = self.business_services.find(id).ok_or_else(Refusal::not_found)?;
                match method {
                    "GET" => Ok(self.one(ask, 200, "business_service", json(self, ix), &[])),
                    "PUT" | "PATCH" => {
                        let mut service = self.business_services[ix].clone();
                        self.change_business(&mut service, &ask.given("business_service")?)?;
                        self.business_services[ix] = service;
                        Ok(self.one(ask, 200, "business_service", json(self, ix), &[]))
                    }
                    "DELETE" => {
                        self.business_services.delete(ix);
                        Ok(Reply::empty(204))
                    }
                    _ => Err(Refusal::not_found()),
                }
            }
            _ => Err(Refusal::not_found()),
        }
    }

    fn change_business(&self, service: &mut BusinessService, given: &Given) -> Result<(), Refusal> {
        given.change("name", &mut service.name)?;
        given.change_or_clear("description", &mut service.description)?;
        given.change_or_clear("point_of_contact", &mut service.point_of_contact)?;
        if given.has("team") {
            service.team = given.reference("team", &self.teams)?;
        }
        Ok(())
    }

    fn business_json(&self, links: &Links, ix: BusinessIx) -> Value {
        let service = &self.business_services[ix];
        links.full(
            service,
            json!({
                "name": service.name,
                "description": service.description,
                "point_of_contact": service.point_of_contact,
                "team": service.team.map(|team| self.team_ref(links, team)),
            }),
        )
    }
}
