//! `/users/{id}/contact_methods`: what reaches a user.

use serde_json::{Value, json};

use super::ask::{Ask, Given};
use crate::pagerduty::model::{ContactKind, ContactMethod, UserIx};
use crate::pagerduty::refusal::Refusal;
use crate::pagerduty::render::{Links, with};
use crate::pagerduty::state::State;
use crate::wire::Reply;

const COUNTRY_CODE_MAX: u32 = 999;

impl State {
    pub(crate) fn route_contact_methods(
        &mut self,
        ask: &Ask<'_>,
        user: UserIx,
        parts: &[&str],
    ) -> Result<Reply, Refusal> {
        let json = |state: &State, place: usize| {
            state.contact_method_json(ask.links, user, &state.users[user].contact_methods[place])
        };
        match (ask.call.method.as_str(), parts) {
            ("GET", []) => {
                let methods = &self.users[user].contact_methods;
                Ok(self
                    .all_of(ask, "contact_methods", methods, &[], |one| self.contact_method_json(ask.links, user, one)))
            }
            ("POST", []) => {
                let given = ask.given("contact_method")?;
                let method = self.new_contact_method(user, &given)?;
                let methods = &mut self.users[user].contact_methods;
                methods.push(method);
                let place = methods.len() - 1;
                Ok(self.one(ask, 201, "contact_method", json(self, place), &[]))
            }
            (method, [id]) => {
                let place = self.users[user].contact_methods.iter().position(|one| one.id == *id);
                let place = place.ok_or_else(Refusal::not_found)?;
                match method {
                    "GET" => Ok(self.one(ask, 200, "contact_method", json(self, place), &[])),
                    "PUT" => {
                        let mut method = self.users[user].contact_methods[place].clone();
                        change(&mut method, &ask.given("contact_method")?)?;
                        self.users[user].contact_methods[place] = method;
                        Ok(self.one(ask, 200, "contact_method", json(self, place), &[]))
                    }
                    "DELETE" => {
                        let user = &mut self.users[user];
                        let gone = user.contact_methods.remove(place);
                        user.notification_rules.retain(|rule| rule.contact_method != gone.id);
                        Ok(Reply::empty(204))
                    }
                    _ => Err(Refusal::not_found()),
                }
            }
            _ => Err(Refusal::not_found()),
        }
    }

    fn new_contact_method(&mut self, user: UserIx, given: &Given) -> Result<ContactMethod, Refusal> {
        let kind = ContactKind::parse(given.needed("type")?);
        let mut method = ContactMethod {
            id: self.random.short_id(),
            kind: kind.ok_or_else(|| Refusal::invalid("Type is not a type of contact method"))?,
            label: given.needed("label")?.to_owned(),
            address: given.needed("address")?.to_owned(),
            country_code: 1,
            short_email: false,
            enabled: true,
            blacklisted: false,
        };
        change(&mut method, given)?;
        let same = |one: &ContactMethod| one.kind == method.kind && one.address == method.address;
        if self.users[user].contact_methods.iter().any(same) {
            return Err(Refusal::invalid("User Contact method must be unique"));
        }
        Ok(method)
    }

    pub(crate) fn contact_method_ref(&self, links: &Links, user: UserIx, method: &ContactMethod) -> Value {
        let path = format!("users/{}/contact_methods/{}", self.user(user).id, method.id);
        let mut shown =
            links.object(&format!("{}_reference", method.kind.text()), &method.id, &method.label, &path, "");
        shown["html_url"] = Value::Null;
        shown
    }

    pub(crate) fn contact_method_json(&self, links: &Links, user: UserIx, method: &ContactMethod) -> Value {
        let own = match method.kind {
            ContactKind::Email => json!({"send_short_email": method.short_email}),
            ContactKind::Phone | ContactKind::Sms | ContactKind::WhatsApp => {
                json!({"country_code": method.country_code, "blacklisted": method.blacklisted, "enabled": method.enabled})
            }
            ContactKind::Push => {
                json!({"device_type": "android", "sounds": [], "blacklisted": method.blacklisted})
            }
        };
        let common = json!({"type": method.kind.text(), "label": method.label, "address": method.address});
        with(with(self.contact_method_ref(links, user, method), common), own)
    }
}

fn change(method: &mut ContactMethod, given: &Given) -> Result<(), Refusal> {
    given.change("label", &mut method.label)?;
    given.change("address", &mut method.address)?;
    if let Some(code) = given.whole("country_code", 1..=COUNTRY_CODE_MAX)? {
        method.country_code = code as u16;
    }
    if let Some(short) = given.flag("send_short_email")? {
        method.short_email = short;
    }
    if method.kind == ContactKind::Email && !method.address.contains('@') {
        return Err(Refusal::invalid("Address is not an e-mail address"));
    }
    Ok(())
}
