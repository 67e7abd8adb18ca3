//! `/extensions`: the webhooks of old and other makers' things. They are kept, but not called.

use serde_json::{Value, json};

use super::ask::{Ask, Given};
use super::include::Includes;
use crate::pagerduty::model::{Extension, ExtensionIx};
use crate::pagerduty::refusal::Refusal;
use crate::pagerduty::render::Links;
use crate::pagerduty::state::State;
use crate::wire::Reply;

const INCLUDES: &Includes = &[("extension_objects", "extension_objects[]")];

impl State {
    pub(crate) fn route_extensions(&mut self, ask: &Ask<'_>, parts: &[&str]) -> Result<Reply, Refusal> {
        let json = |state: &State, ix| state.extension_json(ask.links, ix);
        match (ask.call.method.as_str(), parts) {
            ("GET", []) => self.list_extensions(ask),
            ("POST", []) => {
                let given = ask.given("extension")?;
                let schema = given.reference("extension_schema", &self.extension_schemas)?;
                let schema = schema.ok_or_else(|| Refusal::invalid("Extension schema can't be blank"))?;
                let mut extension = Extension {
                    id: self.random.short_id(),
                    name: given.needed("name")?.to_owned(),
                    schema,
                    endpoint_url: None,
                    services: Vec::new(),
                    config: Value::Null,
                    disabled: false,
                };
                self.change_extension(&mut extension, &given)?;
                let ix = self.extensions.add(extension);
                Ok(self.one(ask, 201, "extension", json(self, ix), INCLUDES))
            }
            (method, [id, rest @ ..]) => {
                let ix = self.extensions.find(id).ok_or_else(Refusal::not_found)?;
                match (method, rest) {
                    ("GET", []) => {}
                    ("PUT", []) => {
                        let mut extension = self.extensions[ix].clone();
                        self.change_extension(&mut extension, &ask.given("extension")?)?;
                        self.extensions[ix] = extension;
                    }
                    ("POST", ["enable"]) => self.extensions[ix].disabled = false,
                    ("DELETE", []) => {
                        self.extensions.delete(ix);
                        return Ok(Reply::empty(204));
                    }
                    _ => return Err(Refusal::not_found()),
                }
                Ok(self.one(ask, 200, "extension", json(self, ix), INCLUDES))
            }
            _ => Err(Refusal::not_found()),
        }
    }

    fn list_extensions(&self, ask: &Ask<'_>) -> Result<Reply, Refusal> {
        let object = ask.call.query("extension_object_id");
        let schema = ask.call.query("extension_schema_id");
        let matches = |(_, one): &(ExtensionIx, &Extension)| {
            ask.finds(&one.name, "", &[])
                && object.is_none_or(|id| self.ids(&self.services, &one.services).contains(&id))
                && schema.is_none_or(|id| self.extension_schemas[one.schema].id == id)
        };
        let found: Vec<ExtensionIx> = self.extensions.iter().filter(matches).map(|(ix, _)| ix).collect();
        self.listed(ask, "extensions", &found, INCLUDES, |ix| self.extension_json(ask.links, *ix))
    }

    fn change_extension(&self, extension: &mut Extension, given: &Given) -> Result<(), Refusal> {
        given.change("name", &mut extension.name)?;
        given.change_or_clear("endpoint_url", &mut extension.endpoint_url)?;
        if let Some(services) = given.references("extension_objects", &self.services)? {
            extension.services = services;
        }
        if extension.services.is_empty() {
            return Err(Refusal::invalid("Extension objects can't be empty"));
        }
        if given.has("config") {
            extension.config = given.get("config").clone();
        }
        Ok(())
    }

    fn extension_json(&self, links: &Links, ix: ExtensionIx) -> Value {
        let extension = &self.extensions[ix];
        let objects: Vec<Value> = extension.services.iter().map(|service| self.service_ref(links, *service)).collect();
        links.full(
            extension,
            json!({
                "name": extension.name,
                "endpoint_url": extension.endpoint_url,
                "extension_objects": objects,
                "extension_schema": links.reference(&self.extension_schemas[extension.schema]),
                "config": extension.config,
                "temporarily_disabled": extension.disabled,
            }),
        )
    }
}
