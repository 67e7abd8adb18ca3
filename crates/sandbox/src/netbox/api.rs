//! NetBox's own endpoints, and the forms that all replies share.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::model::Token;
use super::state::State;
use super::view;
use crate::wire::{Call, Reply};

const LIMIT_DEFAULT: usize = 50;
const LIMIT_MAX: usize = 1_000;

impl State {
    /// Answers a call without a login: an unknown route is not found before anybody asks who calls.
    pub(crate) fn dispatch_anonymous(&self, call: &Call, detail: &str) -> Reply {
        match call.parts().as_slice() {
            ["api", ..] => Reply::json(403, &json!({"detail": detail})),
            _ => no_route(),
        }
    }

    pub(crate) fn dispatch(&mut self, call: &Call, login: &Token, now: Timestamp) -> Reply {
        match (call.method.as_str(), call.parts().as_slice()) {
            ("GET", ["api", "status"]) => status(),
            ("GET", ["api", "authentication-check"]) => authentication_check(call, login),
            (_, ["api", "dcim", "sites", rest @ ..]) => self.sites(call, rest, login, now),
            ("POST", ["api", "extras", "journal-entries"]) => self.journal_entry(call, login, now),
            ("GET", ["api", "core", "object-changes"]) => {
                let of = call.query("changed_object_type").unwrap_or_default();
                match of.starts_with("business_application.") {
                    true => crash("TypeError", "Field.__init__() got an unexpected keyword argument 'nested'"),
                    false => page(call, &[], &|_| None),
                }
            }
            (_, ["api", "plugins", "business-application", rest @ ..]) => self.plugin(call, rest, now),
            _ => no_route(),
        }
    }

    fn sites(&mut self, call: &Call, parts: &[&str], login: &Token, now: Timestamp) -> Reply {
        let writes = call.method != "GET";
        if !login.permitted || writes && !login.write_enabled {
            return Reply::json(403, &json!({"detail": "You do not have permission to perform this action."}));
        }
        let id = parts.first().map(|id| id.parse::<u64>().unwrap_or_default());
        match (call.method.as_str(), id) {
            ("GET", None) => {
                let ids: Vec<u64> = self.sites.keys().copied().collect();
                page(call, &ids, &|id| self.sites.get(&id).cloned())
            }
            ("POST", None) => self.new_site(call, now),
            (_, Some(id)) if !self.sites.contains_key(&id) => {
                Reply::json(404, &json!({"detail": "No Site matches the given query."}))
            }
            ("GET", Some(id)) => Reply::json(200, &self.sites[&id]),
            ("PATCH", Some(id)) => {
                let given = object(call).unwrap_or_default();
                let site = self.sites.entry(id).or_default();
                given.into_iter().for_each(|(name, value)| site[name] = value);
                site["last_updated"] = view::micros(now).into();
                Reply::json(200, site)
            }
            ("DELETE", Some(id)) => {
                self.sites.remove(&id);
                Reply::empty(204)
            }
            (other, _) => method_not_allowed(other),
        }
    }

    fn new_site(&mut self, call: &Call, now: Timestamp) -> Reply {
        let given = object(call).unwrap_or_default();
        let id = self.next_id("site");
        let url = format!("{}/api/dcim/sites/{id}/", call.base);
        let site = json!({
            "id": id,
            "url": url,
            "display_url": format!("{}/dcim/sites/{id}/", call.base),
            "display": given.get("name"),
            "name": given.get("name"),
            "slug": given.get("slug"),
            "status": {"value": "active", "label": "Active"},
            "region": null,
            "group": null,
            "tenant": null,
            "facility": "",
            "time_zone": null,
            "description": "",
            "physical_address": "",
            "shipping_address": "",
            "latitude": null,
            "longitude": null,
            "owner": null,
            "comments": "",
            "asns": [],
            "tags": [],
            "custom_fields": {},
            "created": view::micros(now),
            "last_updated": view::micros(now),
        });
        self.sites.insert(id, site.clone());
        Reply::json(201, &site).with("Location", url)
    }

    /// Core objects have a journal; the plugin's serializers lack the form that it needs.
    fn journal_entry(&mut self, call: &Call, login: &Token, now: Timestamp) -> Reply {
        let given = object(call).unwrap_or_default();
        let of = given.get("assigned_object_type").and_then(Value::as_str).unwrap_or_default();
        if of.starts_with("business_application.") {
            let why = "Got a `TypeError` when calling `JournalEntry.objects.create()`. This may be because you have a \
                       writable field on the serializer class that is not a valid argument to \
                       `JournalEntry.objects.create()`. TypeError: Field.__init__() got an unexpected keyword argument \
                       'nested'";
            return crash("TypeError", why);
        }
        let id = self.next_id("journal");
        let kind = given.get("kind").and_then(Value::as_str).unwrap_or("info").to_owned();
        let entry = json!({
            "id": id,
            "assigned_object_type": of,
            "assigned_object_id": given.get("assigned_object_id"),
            "kind": {"value": kind, "label": kind},
            "comments": given.get("comments"),
            "created_by": login.user,
            "created": view::micros(now),
        });
        self.journal.push(entry.clone());
        Reply::json(201, &entry).with("Location", format!("{}/api/extras/journal-entries/{id}/", call.base))
    }
}

fn status() -> Reply {
    Reply::json(
        200,
        &json!({
            "django-version": "5.2.9",
            "hostname": "netbox",
            "installed_apps": {},
            "netbox-version": "4.5.0",
            "netbox-full-version": "4.5.0",
            "plugins": {"business_application": "2.1.0"},
            "python-version": "3.12.1",
            "rq-workers-running": 1,
        }),
    )
}

fn authentication_check(call: &Call, login: &Token) -> Reply {
    let id = if login.user == "bridge" { 2 } else { 3 };
    Reply::json(
        200,
        &json!({
            "id": id,
            "url": format!("{}/api/users/users/{id}/", call.base),
            "display_url": format!("{}/users/users/{id}/", call.base),
            "display": login.user,
            "username": login.user,
            "first_name": "",
            "last_name": "",
            "email": "",
            "is_active": true,
            "date_joined": "2026-11-20T14:21:07.314490Z",
            "last_login": null,
            "groups": [],
            "permissions": [],
        }),
    )
}

/// A page of a list, with addresses of its neighbours.
pub(crate) fn page(call: &Call, ids: &[u64], show: &dyn Fn(u64) -> Option<Value>) -> Reply {
    let number = |name: &str| call.query(name).and_then(|text| text.parse::<usize>().ok());
    let limit = match number("limit") {
        Some(0) => LIMIT_MAX,
        Some(limit) => limit.min(LIMIT_MAX),
        None => LIMIT_DEFAULT,
    };
    let offset = number("offset").unwrap_or(0);
    let results: Vec<Value> = ids.iter().skip(offset).take(limit).filter_map(|id| show(*id)).collect();
    let link = |offset: Option<usize>| {
        let kept = call.query.iter().filter(|(name, _)| name != "offset" && name != "limit");
        let mut query: Vec<String> =
            kept.map(|(name, value)| format!("{name}={}", crate::wire::encode(value))).collect();
        query.push(format!("limit={limit}"));
        query.extend(offset.map(|offset| format!("offset={offset}")));
        format!("{}/{}/?{}", call.base, call.segments.join("/"), query.join("&"))
    };
    let next = (offset + limit < ids.len()).then(|| link(Some(offset + limit)));
    let before = Some(offset.saturating_sub(limit)).filter(|offset| *offset > 0);
    let previous = (offset > 0).then(|| link(before));
    Reply::json(200, &json!({"count": ids.len(), "next": next, "previous": previous, "results": results}))
}

/// Reads a body that must be an object.
pub(crate) fn object(call: &Call) -> Result<Map<String, Value>, Reply> {
    match serde_json::from_slice(&call.body) {
        Ok(Value::Object(given)) => Ok(given),
        Ok(other) => {
            let kind = match other {
                Value::Array(_) => "list",
                Value::String(_) => "str",
                Value::Number(_) => "int",
                Value::Bool(_) => "bool",
                _ => "NoneType",
            };
            let why = format!("Invalid data. Expected a dictionary, but got {kind}.");
            Err(Reply::json(400, &json!({"non_field_errors": [why]})))
        }
        Err(error) => Err(Reply::json(400, &view::one("detail", format!("JSON parse error - {error}")))),
    }
}

pub(crate) fn method_not_allowed(method: &str) -> Reply {
    Reply::json(405, &json!({"detail": format!("Method \"{method}\" not allowed.")}))
}

/// Django's page for an address that leads nowhere.
pub(crate) fn no_route() -> Reply {
    Reply::html(
        404,
        "<!DOCTYPE html>\n<html lang=\"en\"><head><title>Page Not Found | NetBox</title></head></html>".to_owned(),
    )
}

pub(crate) fn crash(exception: &str, error: &str) -> Reply {
    let body = json!({"error": error, "exception": exception, "netbox_version": "4.5.0", "python_version": "3.12.1"});
    Reply::json(500, &body)
}
