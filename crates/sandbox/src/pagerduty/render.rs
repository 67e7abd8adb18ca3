//! What PagerDuty's REST API and its webhooks have in common: references, links, and the incident of webhooks.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::model::{
    Actor, BusinessService, ChangeEvent, Extension, ExtensionSchema, IncidentIx, IntegrationIx, Kept,
    MaintenanceWindow, Policy, PolicyIx, Priority, Schedule, ScheduleIx, Service, ServiceIx, Tag, Team, User, UserIx,
    Vendor,
};
use super::state::State;
use crate::clock::seconds;

/// Where the links of one reply lead, and in which time zone its times are written.
#[derive(Debug, Clone)]
pub(crate) struct Links {
    /// The REST address as the client wrote it.
    pub(crate) api: String,
    pub(crate) web: String,
    /// None for UTC, written with a `Z`.
    pub(crate) zone: Option<TimeZone>,
}

impl Links {
    pub(crate) fn new(api: String, web: String) -> Links {
        Links { api, web, zone: None }
    }

    /// Writes a time in whole seconds.
    pub(crate) fn time(&self, at: Timestamp) -> String {
        match &self.zone {
            None => seconds(at),
            Some(zone) => at.to_zoned(zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string(),
        }
    }

    pub(crate) fn object(&self, kind: &str, id: &str, summary: &str, path: &str, web_path: &str) -> Value {
        json!({
            "id": id, "type": kind, "summary": summary,
            "self": format!("{}/{path}", self.api), "html_url": format!("{}/{web_path}", self.web),
        })
    }

    /// Renders a reference to an object.
    pub(crate) fn reference<T: Linked>(&self, one: &T) -> Value {
        self.named(one, &format!("{}_reference", T::KIND))
    }

    /// Renders an object in full: what a reference has, and its fields.
    pub(crate) fn full<T: Linked>(&self, one: &T, fields: Value) -> Value {
        with(self.named(one, T::KIND), fields)
    }

    fn named<T: Linked>(&self, one: &T, kind: &str) -> Value {
        let web_path = format!("{}/{}", T::WEB, one.id());
        self.object(kind, one.id(), one.summary(), &format!("{}/{}", T::PATH, one.id()), &web_path)
    }
}

/// An object with a type, a path and a summary of its own.
pub(crate) trait Linked: Kept {
    /// Its type.
    const KIND: &str;
    /// Where the API has its kind.
    const PATH: &str;
    /// Where the web pages have its kind.
    const WEB: &str;

    fn summary(&self) -> &str;
}

macro_rules! linked {
    ($($object:ty: $kind:literal, $path:literal, $web:literal, $summary:ident;)*) => {
        $(
            impl Linked for $object {
                const KIND: &str = $kind;
                const PATH: &str = $path;
                const WEB: &str = $web;

                fn summary(&self) -> &str {
                    &self.$summary
                }
            }
        )*
    };
}

linked! {
    User: "user", "users", "users", name;
    Team: "team", "teams", "teams", name;
    Schedule: "schedule", "schedules", "schedules", name;
    Policy: "escalation_policy", "escalation_policies", "escalation_policies", name;
    Service: "service", "services", "service-directory", name;
    BusinessService: "business_service", "business_services", "business-services", name;
    Priority: "priority", "priorities", "account/incident_priorities", name;
    Vendor: "vendor", "vendors", "vendors", name;
    Tag: "tag", "tags", "tags", label;
    ExtensionSchema: "extension_schema", "extension_schemas", "extension_schemas", label;
    Extension: "extension", "extensions", "extensions", name;
    ChangeEvent: "change_event", "change_events", "change_events", summary;
}

impl Linked for MaintenanceWindow {
    const KIND: &str = "maintenance_window";
    const PATH: &str = "maintenance_windows";
    const WEB: &str = "maintenance_windows#/show";

    fn summary(&self) -> &str {
        self.description.as_deref().unwrap_or("Maintenance")
    }
}

/// Adds fields to an object.
pub(crate) fn with(mut object: Value, more: Value) -> Value {
    if let (Value::Object(object), Value::Object(more)) = (&mut object, more) {
        object.extend(more);
    }
    object
}

impl State {
    pub(crate) fn user_ref(&self, links: &Links, ix: UserIx) -> Value {
        links.reference(self.user(ix))
    }

    pub(crate) fn service_ref(&self, links: &Links, ix: ServiceIx) -> Value {
        links.reference(self.service(ix))
    }

    pub(crate) fn policy_ref(&self, links: &Links, ix: PolicyIx) -> Value {
        links.reference(self.policy(ix))
    }

    pub(crate) fn schedule_ref(&self, links: &Links, ix: ScheduleIx) -> Value {
        links.reference(&self.schedules[ix])
    }

    pub(crate) fn incident_ref(&self, links: &Links, ix: IncidentIx) -> Value {
        self.incident_named(links, ix, "incident_reference")
    }

    /// Renders the five fields that an incident has in common with its reference.
    pub(crate) fn incident_full(&self, links: &Links, ix: IncidentIx) -> Value {
        self.incident_named(links, ix, "incident")
    }

    fn incident_named(&self, links: &Links, ix: IncidentIx, kind: &str) -> Value {
        let incident = self.incident(ix);
        let path = format!("incidents/{}", incident.id);
        links.object(kind, &incident.id, &format!("[#{}] {}", ix.0 + 1, incident.title), &path, &path)
    }

    /// Renders who did something; null for PagerDuty's own timers and rules.
    pub(crate) fn actor_ref(&self, links: &Links, actor: Actor) -> Value {
        match actor {
            Actor::User(ix) => self.user_ref(links, ix),
            Actor::Automation => Value::Null,
            Actor::Integration(ix) => self.integration_ref(links, ix),
        }
    }

    pub(crate) fn integration_ref(&self, links: &Links, ix: IntegrationIx) -> Value {
        let integration = &self.integrations[ix];
        let service = self.service(integration.service);
        let path = format!("services/{}/integrations/{}", service.id, integration.id);
        links.object(&format!("{}_reference", integration.kind), &integration.id, &integration.name, &path, &path)
    }

    /// Renders an incident as webhooks carry it, which is not the REST incident.
    pub(crate) fn incident_webhook_json(&self, links: &Links, ix: IncidentIx) -> Value {
        let incident = self.incident(ix);
        let assignees = incident.assignments.iter().map(|(_, user)| self.user_ref(links, *user));
        let mut shown = json!({
            "id": incident.id,
            "type": "incident",
            "self": format!("{}/incidents/{}", links.api, incident.id),
            "html_url": format!("{}/incidents/{}", links.web, incident.id),
            "number": ix.0 + 1,
            "status": incident.status.text(),
            "incident_key": incident.key,
            "created_at": seconds(incident.created_at),
            "title": incident.title,
            "service": self.service_ref(links, incident.service),
            "assignees": assignees.collect::<Vec<_>>(),
            "escalation_policy": self.policy_ref(links, incident.policy),
            "teams": self.team_refs(links, self.service_teams(incident.service)),
            "priority": self.priority_json(links, incident),
            "urgency": incident.urgency.text(),
            "conference_bridge": self.conference_bridge_json(incident),
            "resolve_reason": self.resolve_reason(links, incident),
            "incident_type": {"name": incident.incident_type},
        });
        if let Some(at) = incident.reopened_at {
            shown["reopened_at"] = seconds(at).into();
        }
        shown
    }
}
