//! Custom fields of incidents: `/incidents/custom_fields`, and their values on one incident.

use serde_json::{Value, json};

use super::ask::{Ask, Given};
use crate::clock::parse_time;
use crate::pagerduty::model::{Actor, CustomField, FieldChange, FieldIx, IncidentIx, LogKind};
use crate::pagerduty::refusal::Refusal;
use crate::pagerduty::render::Links;
use crate::pagerduty::state::State;
use crate::wire::Reply;

const FIELDS_MAX: usize = 15;

impl State {
    pub(crate) fn route_custom_fields(&mut self, ask: &Ask<'_>, parts: &[&str]) -> Result<Reply, Refusal> {
        match (ask.call.method.as_str(), parts) {
            ("GET", []) => {
                let fields = self.custom_fields.iter().map(|(ix, _)| ix);
                Ok(self.all_of(ask, "fields", fields, &[], |ix| self.field_json(ask.links, ix)))
            }
            ("POST", []) => self.create_field(ask),
            (method, [id]) => {
                let ix = self.custom_fields.find(id).ok_or_else(Refusal::not_found)?;
                match method {
                    "GET" => {}
                    "PUT" => {
                        let given = ask.given("field")?;
                        let field = &mut self.custom_fields[ix];
                        given.change("display_name", &mut field.display_name)?;
                        given.change_or_clear("description", &mut field.description)?;
                    }
                    "DELETE" => {
                        self.custom_fields.delete(ix);
                        return Ok(Reply::empty(204));
                    }
                    _ => return Err(Refusal::not_found()),
                }
                Ok(self.one(ask, 200, "field", self.field_json(ask.links, ix), &[]))
            }
            _ => Err(Refusal::not_found()),
        }
    }

    fn create_field(&mut self, ask: &Ask<'_>) -> Result<Reply, Refusal> {
        let given = ask.given("field")?;
        let name = given.needed("name")?.to_owned();
        if name.contains(|letter: char| !letter.is_ascii_lowercase() && !letter.is_ascii_digit() && letter != '_') {
            return Err(Refusal::invalid("Name may hold lower-case letters, digits and underscores only"));
        }
        if self.custom_fields.find_by(|field| field.name == name).is_some() {
            return Err(Refusal::invalid("Name has already been taken"));
        }
        if self.custom_fields.len() >= FIELDS_MAX {
            return Err(Refusal::new(400, 2019, "Product Limit Reached"));
        }
        let data_type = given.text("data_type")?.unwrap_or("string").to_owned();
        if !matches!(data_type.as_str(), "string" | "integer" | "float" | "boolean" | "datetime" | "url") {
            return Err(Refusal::invalid("Data type must be one of: string, integer, float, boolean, datetime, url"));
        }
        if given.text("field_type")?.is_some_and(|kind| kind != "single_value") {
            return Err(Refusal::invalid("Field type must be single_value"));
        }
        let field = CustomField {
            id: self.random.short_id(),
            display_name: given.text("display_name")?.unwrap_or(&name).to_owned(),
            name,
            description: given.text("description")?.map(str::to_owned),
            data_type,
        };
        let ix = self.custom_fields.add(field);
        Ok(self.one(ask, 201, "field", self.field_json(ask.links, ix), &[]))
    }

    pub(crate) fn route_field_values(&mut self, ask: &Ask<'_>, ix: IncidentIx) -> Result<Reply, Refusal> {
        match ask.call.method.as_str() {
            "GET" => Ok(Reply::json(200, &json!({"custom_fields": self.field_values_json(ix)}))),
            "PUT" => self.set_field_values(ask, ix),
            _ => Err(Refusal::not_found()),
        }
    }

    /// Sets several values, all or none.
    fn set_field_values(&mut self, ask: &Ask<'_>, ix: IncidentIx) -> Result<Reply, Refusal> {
        let by = self.requester(ask.call, ask.caller).map_or(Actor::Automation, Actor::User);
        let body = ask.body()?;
        let given = body.list("custom_fields")?.ok_or_else(|| Refusal::invalid("Custom fields can't be blank"))?;
        let read = |one: &Value| self.field_value(&Given(one.clone()));
        let values = given.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        let mut changed: Vec<Value> = Vec::new();
        for (field, value) in values {
            let CustomField { id, name, .. } = self.custom_fields[field].clone();
            let old = self.incident_mut(ix).custom_fields.insert(id.clone(), value.clone()).unwrap_or_default();
            if old == value {
                continue;
            }
            let mut shown = self.value_json(field, &old);
            shown["type"] = "field_value".into();
            changed.push(shown);
            self.log(ix, LogKind::CustomFieldValueChange, by, ask.now);
            if let Some(entry) = self.incident_mut(ix).log.last_mut() {
                entry.change = Some(FieldChange { field: name, value });
            }
        }
        if !changed.is_empty() {
            let data = json!({
                "type": "incident_field_values",
                "custom_fields": self.field_values_json(ix),
                "changed_custom_fields": changed,
            });
            self.tell_part(ix, "incident.custom_field_values.updated", by, data, ask.now);
        }
        // 201, not 200: as documented.
        Ok(Reply::json(201, &json!({"custom_fields": self.field_values_json(ix)})))
    }

    fn field_value(&self, given: &Given) -> Result<(FieldIx, Value), Refusal> {
        let name = given.text("name")?;
        let by_id = given.text("id")?.and_then(|id| self.custom_fields.find(id));
        let by_name = || name.and_then(|name| self.custom_fields.find_by(|field| field.name == name));
        let field = by_id.or_else(by_name).ok_or_else(|| Refusal::invalid("Custom field not found"))?;
        let CustomField { data_type, name, .. } = &self.custom_fields[field];
        let value = given.get("value");
        let fits = match data_type.as_str() {
            "integer" => value.is_i64(),
            "float" => value.is_number(),
            "boolean" => value.is_boolean(),
            "datetime" => value.as_str().and_then(parse_time).is_some(),
            "url" => value.as_str().is_some_and(|url| url.starts_with("http://") || url.starts_with("https://")),
            _ => value.is_string(),
        };
        if fits || value.is_null() {
            return Ok((field, value.clone()));
        }
        Err(Refusal::invalid(format!("Value of custom field {name} must be of type {data_type}")))
    }

    /// Renders the values of every field on an incident, null where none was set.
    pub(super) fn field_values_json(&self, ix: IncidentIx) -> Vec<Value> {
        let values = &self.incident(ix).custom_fields;
        let shown =
            |(field, one): (FieldIx, &CustomField)| self.value_json(field, values.get(&one.id).unwrap_or(&Value::Null));
        self.custom_fields.iter().map(shown).collect()
    }

    fn value_json(&self, field: FieldIx, value: &Value) -> Value {
        let field = &self.custom_fields[field];
        json!({
            "id": field.id, "type": "field_value", "namespace": "incidents", "name": field.name,
            "display_name": field.display_name, "description": field.description, "data_type": field.data_type,
            "field_type": "single_value", "value": value,
        })
    }

    fn field_json(&self, links: &Links, ix: FieldIx) -> Value {
        let field = &self.custom_fields[ix];
        json!({
            "id": field.id, "type": "field", "summary": field.display_name, "name": field.name,
            "self": format!("{}/incidents/custom_fields/{}", links.api, field.id), "html_url": null,
            "display_name": field.display_name, "description": field.description, "data_type": field.data_type,
            "field_type": "single_value", "enabled": true, "field_options": null,
        })
    }
}
