//! What tests and people do to NetBox over HTTP.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{ControlError, no_endpoint, read, shown};
use crate::netbox::{NetBox, NewToken};
use crate::wire::{Call, Reply};

/// Who acts when a call does not say.
const PERSON: &str = "admin";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HookBody {
    url: String,
    secret: Option<String>,
    #[serde(default)]
    object_types: Vec<String>,
    #[serde(default)]
    event_types: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ObjectBody {
    #[serde(default)]
    fields: Map<String, Value>,
    user: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BulkBody {
    ids: Vec<u64>,
    status: String,
    user: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FillBody {
    objects: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WorkerBody {
    runs: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenBody {
    token: String,
}

pub(super) fn answer(netbox: &NetBox, call: &Call, parts: &[&str]) -> Result<Reply, ControlError> {
    match (call.method.as_str(), parts) {
        ("POST", ["webhooks"]) => {
            let body: HookBody = read(call)?;
            let types: Vec<&str> = body.object_types.iter().map(String::as_str).collect();
            let events: Vec<&str> = body.event_types.iter().map(String::as_str).collect();
            let id = netbox.subscribe(&body.url, body.secret.as_deref(), &types, &events);
            let secret = body.secret.unwrap_or_else(|| netbox.credentials().1);
            Ok(Reply::json(201, &json!({"id": id, "secret": secret})))
        }
        ("DELETE", ["webhooks", id]) => {
            netbox.unsubscribe(id)?;
            Ok(Reply::empty(204))
        }
        ("POST", ["tokens"]) => Ok(Reply::json(201, &json!({"token": netbox.add_token(read::<NewToken>(call)?)}))),
        ("DELETE", ["tokens"]) => {
            netbox.remove_token(&read::<TokenBody>(call)?.token)?;
            Ok(Reply::empty(204))
        }
        ("POST", ["worker"]) => {
            netbox.set_worker(read::<WorkerBody>(call)?.runs);
            Ok(Reply::empty(204))
        }
        ("POST", ["fill"]) => {
            netbox.fill(read::<FillBody>(call)?.objects);
            Ok(Reply::empty(204))
        }
        ("POST", [list, "bulk-update-status"]) => {
            let body: BulkBody = read(call)?;
            let who = body.user.as_deref().unwrap_or(PERSON);
            let count = netbox.bulk_update_status(list, &body.ids, &body.status, who)?;
            Ok(Reply::json(200, &json!({"updated_count": count})))
        }
        ("POST", [list]) => {
            let body: ObjectBody = read(call)?;
            let who = body.user.as_deref().unwrap_or(PERSON);
            Ok(Reply::json(201, &netbox.create(list, body.fields.into(), who)?))
        }
        (method, [list, id]) => answer_object(netbox, call, method, list, id),
        _ => Err(no_endpoint(call)),
    }
}

fn answer_object(netbox: &NetBox, call: &Call, method: &str, list: &str, id: &str) -> Result<Reply, ControlError> {
    let id: u64 = id.parse().map_err(|_| no_endpoint(call))?;
    match method {
        "GET" => Ok(shown(&netbox.object(list, id)?)),
        "PATCH" => {
            let body: ObjectBody = read(call)?;
            let who = body.user.as_deref().unwrap_or(PERSON);
            Ok(shown(&netbox.edit(list, id, body.fields.into(), who)?))
        }
        "DELETE" => {
            let body: ObjectBody = read(call)?;
            netbox.delete(list, id, body.user.as_deref().unwrap_or(PERSON))?;
            Ok(Reply::empty(204))
        }
        _ => Err(no_endpoint(call)),
    }
}
