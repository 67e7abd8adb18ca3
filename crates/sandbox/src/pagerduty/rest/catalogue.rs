//! What cannot be changed: priorities, vendors, extension schemas, abilities and incident types.

use serde_json::{Value, json};

use super::ask::Ask;
use crate::pagerduty::lifecycle::INCIDENT_TYPE;
use crate::pagerduty::model::{ExtensionSchema, Kept, Priority, PriorityIx, SchemaIx, Shelf, Vendor, VendorIx};
use crate::pagerduty::refusal::Refusal;
use crate::pagerduty::render::Links;
use crate::pagerduty::state::State;
use crate::wire::Reply;

const ABILITIES: [&str; 10] = [
    "teams",
    "event_rules",
    "incident_priorities",
    "advanced_webhooks",
    "urgencies",
    "service_support_hours",
    "coordinated_responding",
    "stakeholder_communications",
    "custom_fields",
    "read_only_users",
];
/// Known, but not bought.
const ABILITIES_LACKING: [&str; 2] = ["sso", "preview_intelligent_alert_grouping"];

impl State {
    pub(crate) fn route_priorities(&self, ask: &Ask<'_>, parts: &[&str]) -> Result<Reply, Refusal> {
        read_only(ask, parts)?;
        if !parts.is_empty() {
            return Err(Refusal::not_found());
        }
        let priorities = all(&self.priorities);
        self.listed(ask, "priorities", &priorities, &[], |ix| self.priority_object(ask.links, *ix))
    }

    pub(crate) fn priority_object(&self, links: &Links, ix: PriorityIx) -> Value {
        let priority: &Priority = &self.priorities[ix];
        let order = self.priorities.len().saturating_sub(ix.0);
        links.full(
            priority,
            json!({
                "name": priority.name, "description": priority.description, "color": priority.color,
                "order": order, "schema_version": 0,
            }),
        )
    }

    pub(crate) fn route_vendors(&self, ask: &Ask<'_>, parts: &[&str]) -> Result<Reply, Refusal> {
        read_only(ask, parts)?;
        let json = |ix: VendorIx| {
            let vendor: &Vendor = &self.vendors[ix];
            let more = json!({
                "name": vendor.name, "long_name": vendor.name, "website_url": vendor.website_url,
                "logo_url": null, "thumbnail_url": null, "description": null,
                "integration_guide_url": null, "generic_service_type": vendor.integration_kind,
            });
            ask.links.full(vendor, more)
        };
        match parts {
            [id] => {
                let found = self.vendors.find(id);
                let ix = found.ok_or_else(|| Refusal::new(404, 5001, "Vendor Not Found"))?;
                Ok(self.one(ask, 200, "vendor", json(ix), &[]))
            }
            _ => self.listed(ask, "vendors", &all(&self.vendors), &[], |ix| json(*ix)),
        }
    }

    pub(crate) fn route_extension_schemas(&self, ask: &Ask<'_>, parts: &[&str]) -> Result<Reply, Refusal> {
        read_only(ask, parts)?;
        let json = |ix: SchemaIx| {
            let schema: &ExtensionSchema = &self.extension_schemas[ix];
            let more = json!({
                "key": schema.key, "label": schema.label, "description": schema.description,
                "send_types": schema.send_types, "icon_url": null, "logo_url": null, "guide_url": null, "url": null,
            });
            ask.links.full(schema, more)
        };
        match parts {
            [id] => {
                let ix = self.extension_schemas.find(id).ok_or_else(Refusal::not_found)?;
                Ok(self.one(ask, 200, "extension_schema", json(ix), &[]))
            }
            _ => self.listed(ask, "extension_schemas", &all(&self.extension_schemas), &[], |ix| json(*ix)),
        }
    }
}

/// Answers `/abilities`, whose list holds plain strings.
pub(super) fn route_abilities(ask: &Ask<'_>, parts: &[&str]) -> Result<Reply, Refusal> {
    read_only(ask, parts)?;
    match parts {
        [name] if ABILITIES.contains(name) => Ok(Reply::empty(204)),
        [name] if ABILITIES_LACKING.contains(name) => Err(Refusal::new(402, 2014, "Missing Account Ability")),
        [_] => Err(Refusal::not_found()),
        _ => Ok(Reply::json(200, &json!({"abilities": ABILITIES.map(Value::from).to_vec()}))),
    }
}

/// Answers `/incidents/types`: there is one type, and it is enabled.
pub(super) fn list_incident_types(ask: &Ask<'_>) -> Result<Reply, Refusal> {
    let shown = json!({
        "id": "PINCTYP", "type": "incident_type", "summary": "Incident", "self": format!("{}/incidents/types/{INCIDENT_TYPE}", ask.links.api),
        "html_url": null, "name": INCIDENT_TYPE, "display_name": "Incident", "description": "The default type",
        "enabled": true, "parent": null,
    });
    match ask.call.query("filter").unwrap_or("enabled") {
        "enabled" | "all" => Ok(Reply::json(200, &json!({"incident_types": [shown]}))),
        "disabled" => Ok(Reply::json(200, &json!({"incident_types": []}))),
        _ => Err(Refusal::invalid("Filter must be one of: enabled, disabled, all")),
    }
}

/// Refuses all but reading a list or one of its objects.
fn read_only(ask: &Ask<'_>, parts: &[&str]) -> Result<(), Refusal> {
    if ask.call.method == http::Method::GET && parts.len() <= 1 { Ok(()) } else { Err(Refusal::not_found()) }
}

fn all<T: Kept>(shelf: &Shelf<T>) -> Vec<T::Ix> {
    shelf.iter().map(|(ix, _)| ix).collect()
}
