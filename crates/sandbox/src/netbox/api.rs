//! The REST API: which routes there are, what may be done there, and the actions behind them.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::auth::{Caller, user_json};
use super::form::object;
use super::hooks::Cause;
use super::model::{Fields, Kind};
use super::objects::{bulk_ids, bulk_status};
use super::refusal::{Refusal, json_reply};
use super::shelves::{Shelf, shelf};
use super::state::State;
use crate::wire::{Call, Reply};

const PLUGIN: [&str; 2] = ["plugins", "business-application"];

/// One route of the API.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Route<'a> {
    Status,
    AuthenticationCheck,
    /// The list of Events or Incidents, or one of them.
    Object(Kind, Option<&'a str>),
    BulkUpdateStatus(Kind),
    BulkDelete(Kind),
    BlastRadius(&'a str),
    Alert,
    Item(&'static Shelf, Option<&'a str>),
    ObjectChanges,
}

impl<'a> Route<'a> {
    pub(crate) fn of(parts: &[&'a str]) -> Option<Route<'a>> {
        let ["api", parts @ ..] = parts else {
            return None;
        };
        if let [one, two, rest @ ..] = parts
            && [*one, *two] == PLUGIN
            && let Some(route) = Route::of_plugin(rest)
        {
            return Some(route);
        }
        match parts {
            ["status"] => Some(Route::Status),
            ["authentication-check"] => Some(Route::AuthenticationCheck),
            ["core", "object-changes"] => Some(Route::ObjectChanges),
            [.., id] if parts.len() > 2 && shelf(&parts.join("/")).is_none() => {
                shelf(&parts[..parts.len() - 1].join("/")).map(|shelf| Route::Item(shelf, Some(id)))
            }
            _ => shelf(&parts.join("/")).map(|shelf| Route::Item(shelf, None)),
        }
    }

    fn of_plugin(parts: &[&'a str]) -> Option<Route<'a>> {
        match parts {
            ["alerts", "generic"] => Some(Route::Alert),
            ["incidents", id, "blast-radius"] => Some(Route::BlastRadius(id)),
            [list, "bulk-update-status"] => Kind::of_path(list).map(Route::BulkUpdateStatus),
            [list, "bulk-delete"] => Kind::of_path(list).map(Route::BulkDelete),
            [list] => Kind::of_path(list).map(|kind| Route::Object(kind, None)),
            [list, id] => Kind::of_path(list).map(|kind| Route::Object(kind, Some(id))),
            _ => None,
        }
    }

    /// Lists the methods, as `Allow` does.
    pub(crate) fn allowed(&self) -> &'static str {
        match self {
            Route::Status | Route::AuthenticationCheck | Route::ObjectChanges | Route::BlastRadius(_) => {
                "GET, HEAD, OPTIONS"
            }
            Route::Object(_, Some(_)) | Route::Item(_, Some(_)) => "GET, PUT, PATCH, DELETE, HEAD, OPTIONS",
            Route::Item(shelf, None) if shelf.core => "GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS",
            Route::Object(_, None) | Route::Item(_, None) => "GET, POST, HEAD, OPTIONS",
            Route::BulkUpdateStatus(_) | Route::BulkDelete(_) | Route::Alert => "POST, OPTIONS",
        }
    }

    fn allows(&self, method: &str) -> bool {
        self.allowed().split(", ").any(|allowed| allowed == method)
    }
}

impl State {
    pub(crate) fn answer(
        &mut self,
        call: &Call,
        route: Route<'_>,
        caller: &Caller,
        cause: &Cause,
        now: Timestamp,
    ) -> Result<Reply, Refusal> {
        let method = call.method.as_str();
        if let Route::Item(shelf, _) = route {
            shelf.check_rights(caller, !matches!(method, "GET" | "HEAD" | "OPTIONS"))?;
        }
        if !route.allows(method) {
            return Err(Refusal::method(method));
        }
        if method == "OPTIONS" {
            return Ok(json_reply(200, &json!({"renders": ["application/json"], "parses": ["application/json"]})));
        }
        match route {
            Route::Status => Ok(json_reply(200, &self.status())),
            Route::AuthenticationCheck => Ok(json_reply(200, &user_json(&caller.user, &call.base))),
            Route::Object(kind, id) => self.answer_object(call, kind, id, cause, now),
            Route::BulkUpdateStatus(kind) => {
                let given = object(call)?;
                let (ids, status) = (bulk_ids(&given)?, bulk_status(kind, &given)?);
                let count = self.bulk_update_status(kind, &ids, &status);
                let message = format!("Successfully updated status for {count} {}", kind.path());
                Ok(json_reply(200, &json!({"success": true, "updated_count": count, "message": message})))
            }
            Route::BulkDelete(kind) => {
                let count = self.bulk_delete(kind, &bulk_ids(&object(call)?)?, now);
                let message = format!("Successfully deleted {count} {}", kind.path());
                Ok(json_reply(200, &json!({"success": true, "deleted_count": count, "message": message})))
            }
            Route::BlastRadius(id) => {
                let incident = id.parse().ok().and_then(|id: u64| self.incidents.get(&id));
                let incident = incident.ok_or_else(|| Refusal::no_object(Kind::Incident.title()))?;
                Ok(json_reply(200, &self.blast_radius(incident)))
            }
            Route::Alert => self.take_alert(&object(call)?, now),
            Route::Item(shelf, id) => self.answer_item(call, shelf, id, now),
            Route::ObjectChanges => {
                let of = call.query("changed_object_type").unwrap_or_default();
                if of.starts_with("business_application.") {
                    return Err(Refusal::not_nested());
                }
                Ok(json_reply(200, &json!({"count": 0, "next": null, "previous": null, "results": []})))
            }
        }
    }

    fn answer_object(
        &mut self,
        call: &Call,
        kind: Kind,
        id: Option<&str>,
        cause: &Cause,
        now: Timestamp,
    ) -> Result<Reply, Refusal> {
        let Some(id) = id else {
            if call.method == "POST" {
                let id = self.create_object(kind, &object(call)?, cause, now)?;
                return Ok(json_reply(201, &self.shown(kind, id, now)));
            }
            return Ok(self.list_objects(call, kind, now));
        };
        let id = id.parse().ok().filter(|id| self.exists(kind, *id));
        let id = id.ok_or_else(|| Refusal::no_object(kind.title()))?;
        match call.method.as_str() {
            "DELETE" => {
                self.delete_object(kind, id, now)?;
                return Ok(Reply::empty(204));
            }
            "PUT" | "PATCH" => {
                self.change_object(kind, id, &object(call)?, call.method == "PATCH", cause, now)?;
            }
            _ => {}
        }
        Ok(json_reply(200, &self.shown(kind, id, now)))
    }

    fn answer_item(
        &mut self,
        call: &Call,
        shelf: &'static Shelf,
        id: Option<&str>,
        now: Timestamp,
    ) -> Result<Reply, Refusal> {
        let method = call.method.as_str();
        let Some(id) = id else {
            return match method {
                "POST" => {
                    let id = self.create_item(shelf, &object(call)?, now)?;
                    let shown = self.item_json(shelf, id, &call.base, true);
                    let reply = json_reply(201, &shown);
                    let url = shown.get("url").and_then(Value::as_str);
                    Ok(url.map_or_else(|| reply.clone(), |url| reply.clone().with("Location", url)))
                }
                "GET" | "HEAD" => {
                    self.check_readable(shelf)?;
                    Ok(self.list_items(call, shelf))
                }
                _ => Err(Refusal::Detail(400, "The sandbox changes objects of this list only one by one.".to_owned())),
            };
        };
        self.check_readable(shelf)?;
        let id = id.parse().ok().filter(|id| self.item(shelf.path, *id).is_some());
        let id = id.ok_or_else(|| shelf.no_object())?;
        match method {
            "DELETE" => {
                self.delete_item(shelf, id)?;
                return Ok(Reply::empty(204));
            }
            "PUT" | "PATCH" => self.change_item(shelf, id, &object(call)?, method == "PATCH", now)?,
            _ => {}
        }
        Ok(json_reply(200, &self.item_json(shelf, id, &call.base, false)))
    }

    fn status(&self) -> Value {
        json!({
            "django-version": "5.2.9",
            "hostname": "netbox",
            "installed_apps": {
                "django_filters": "25.2", "django_prometheus": "2.4.1", "django_rq": "3.2.2", "django_tables2": "2.8.0",
                "drf_spectacular": "0.29.0", "drf_spectacular_sidecar": "2026.1.1", "mptt": "0.17.0",
                "rest_framework": "3.16.1", "social_django": "5.7.0", "taggit": "6.1.0", "timezone_field": "7.2.1",
            },
            "netbox-version": "4.5.0",
            "netbox-full-version": "4.5.0",
            "plugins": {"business_application": "2.1.0"},
            "python-version": "3.12.1",
            "rq-workers-running": i32::from(self.config.webhook_worker),
        })
    }
}

/// Reads fields that a person in the same process gives.
pub(crate) fn fields(given: Value) -> Fields {
    match given {
        Value::Object(fields) => fields,
        _ => Fields::new(),
    }
}
