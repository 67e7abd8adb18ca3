//! What the API is, as an OpenAPI 3.1 document: made from the catalogue and from what is said here of each path.

use crate::api::actions::{IDEMPOTENCY_KEY, offered};
use crate::api::openapi_schemas as schemas;
use pagebridge_access::{KEY_SIZE_BYTES_MAX, needed};
use pagebridge_actions::{Action, Catalogue};
use serde_json::{Map, Value, json};

/// One operation that is not an action.
struct Operation {
    method: &'static str,
    path: &'static str,
    id: &'static str,
    title: &'static str,
    role: &'static str,
    /// Name, schema and meaning of each parameter of the query.
    query: &'static [(&'static str, Kind, &'static str)],
    /// The schema of the answer, by name.
    answer: &'static str,
}

#[derive(Clone, Copy)]
enum Kind {
    Text,
    Time,
    Number,
    Limit,
    Flag,
}

use Kind::{Flag, Limit, Number, Text, Time};

const LIMIT: (&str, Kind, &str) = ("limit", Limit, "At most so many");
const INCIDENT: (&str, Kind, &str) = ("incident", Number, "Only of this incident");
const SINCE: (&str, Kind, &str) = ("since", Time, "Only from this time on");
const UNTIL: (&str, Kind, &str) = ("until", Time, "Only before this time");

const fn get(
    path: &'static str,
    id: &'static str,
    title: &'static str,
    query: &'static [(&'static str, Kind, &'static str)],
    answer: &'static str,
) -> Operation {
    Operation { method: "get", path, id, title, role: "viewer", query, answer }
}

const OPERATIONS: &[Operation] = &[
    get(
        "/incidents",
        "listIncidents",
        "List incidents, newest first",
        &[
            ("open", Flag, "Only open, or only closed ones"),
            ("dead_letters", Flag, "Only those with dead letters"),
            ("quarantined", Flag, "Only those set aside"),
            ("not_paged", Flag, "Only those that operators were told of"),
            ("before", Number, "Only those with a lower number: the `next` of the page before"),
            LIMIT,
        ],
        "IncidentPage",
    ),
    get("/incidents/{id}", "getIncident", "Show an incident", &[], "Incident"),
    get(
        "/journal",
        "listJournal",
        "List what happened, oldest first",
        &[
            INCIDENT,
            ("after", Number, "Only what follows this place: the `next` of the page before"),
            SINCE,
            UNTIL,
            LIMIT,
        ],
        "EntryPage",
    ),
    get(
        "/deliveries",
        "listDeliveries",
        "List deliveries that wait or are being tried, soonest first",
        &[("system", Text, "Only to this system"), INCIDENT, ("class", Text, "`urgent`, `normal` or `poll`"), LIMIT],
        "DeliveryPage",
    ),
    get("/dead-letters", "listDeadLetters", "List what waits for an operator", &[LIMIT], "DeadLetterPage"),
    Operation {
        method: "post",
        role: "responder",
        ..get("/dead-letters/{incident}/{system}/release", "releaseDeadLetter", "Try it again now", &[], "Released")
    },
    get("/counts", "getCounts", "Figures of the whole store", &[], "Counts"),
    get("/upkeep", "getUpkeep", "What is looked after at the systems besides deliveries", &[], "Upkeep"),
    Operation {
        role: "admin",
        ..get(
            "/audit",
            "listAudit",
            "List who asked for which action, newest first",
            &[
                ("who", Text, "Only of this one"),
                ("action", Text, "Only of this action, or of all that begin so: `incident.*`"),
                ("failed", Flag, "Only what was not done, or nobody knows"),
                SINCE,
                UNTIL,
                ("before", Number, "Only those with a lower number: the `next` of the page before"),
                LIMIT,
            ],
            "AuditPage",
        )
    },
    get("/actions", "listActions", "List the actions", &[], "ActionList"),
    get("/actions/{name}", "getAction", "Show an action with the schemas of its input and result", &[], "Action"),
    get("/openapi.json", "getOpenApi", "This document", &[], "Document"),
];

/// The document.
#[must_use]
pub fn openapi() -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for operation in OPERATIONS {
        entry(&mut paths, operation.path)[operation.method] = described(operation);
    }
    for action in offered(&Catalogue::new()) {
        entry(&mut paths, &format!("/actions/{}", action.name))["post"] = run(action);
    }
    entry(&mut paths, "/chat")["post"] = command();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Pagebridge",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "docs/api.md says more. The role that an operation needs is in `x-role`.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/api/v1"}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": schemas::all(),
            "parameters": parameters(),
            "responses": responses(),
        },
    })
}

/// What every action takes besides its input.
fn parameters() -> Value {
    let key = json!({"type": "string", "minLength": 1, "maxLength": KEY_SIZE_BYTES_MAX});
    json!({
        "dry_run": {"name": "dry_run", "in": "query", "description": "Show the requests instead of sending them",
            "schema": {"type": "boolean"}},
        "key": {"name": IDEMPOTENCY_KEY.as_str(), "in": "header", "description": "Tells a repeat from a second request",
            "schema": key},
    })
}

fn responses() -> Value {
    let outcome = || json!({"schema": {"$ref": "#/components/schemas/Outcome"}});
    let problem = || json!({"schema": {"$ref": "#/components/schemas/Problem"}});
    json!({
        "Problem": {"description": "Not done, and why", "content": {"application/problem+json": problem()}},
        "Done": {"description": "All of it was done, or was so already", "content": {"application/json": outcome()}},
        "Failed": {
            "description": "Not done, or not all of it: see `error`; docs/api.md has the statuses",
            "content": {"application/json": outcome(), "application/problem+json": problem()},
        },
    })
}

/// The paths of the document that are no action's own.
#[cfg(test)]
fn paths() -> Vec<&'static str> {
    OPERATIONS.iter().map(|operation| operation.path).collect()
}

fn entry<'m>(paths: &'m mut Map<String, Value>, path: &str) -> &'m mut Value {
    paths.entry(path.to_owned()).or_insert_with(|| json!({}))
}

fn described(operation: &Operation) -> Value {
    let in_path = operation.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let mut parameters: Vec<Value> = in_path
        .map(|name| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}}))
        .collect();
    parameters.extend(operation.query.iter().map(
        |(name, kind, about)| json!({"name": name, "in": "query", "description": about, "schema": of_kind(*kind)}),
    ));
    json!({
        "operationId": operation.id, "summary": operation.title, "x-role": operation.role, "parameters": parameters,
        "responses": {
            "200": answer("Done", json!({"$ref": format!("#/components/schemas/{}", operation.answer)})),
            "default": {"$ref": "#/components/responses/Problem"},
        },
    })
}

fn of_kind(kind: Kind) -> Value {
    match kind {
        Text => json!({"type": "string"}),
        Time => json!({"type": "string", "format": "date-time"}),
        Number => json!({"type": "integer"}),
        Limit => json!({"type": "integer", "minimum": 1, "maximum": 500, "default": 50}),
        Flag => json!({"type": "boolean"}),
    }
}

fn answer(description: &str, schema: Value) -> Value {
    json!({"description": description, "content": {"application/json": {"schema": schema}}})
}

/// One action: its own path, with its input as the catalogue has it.
fn run(action: &Action) -> Value {
    let mut input = action.input();
    if let Some(fields) = input.as_object_mut() {
        fields.remove("$schema");
    }
    let needs_input = input["required"].as_array().is_some_and(|required| !required.is_empty());
    json!({
        "operationId": action.name, "summary": action.title, "description": action.description,
        "x-role": needed(action).as_str(), "x-result": action.output(),
        "parameters": [{"$ref": "#/components/parameters/dry_run"}, {"$ref": "#/components/parameters/key"}],
        "requestBody": {"required": needs_input, "content": {"application/json": {"schema": input}}},
        "responses": {
            "200": {"$ref": "#/components/responses/Done"},
            "4XX": {"$ref": "#/components/responses/Failed"},
            "5XX": {"$ref": "#/components/responses/Failed"},
        },
    })
}

/// A command as it is typed in chats: there when `[chat]` is configured, and answered by whoever was put behind our guard.
fn command() -> Value {
    let input = json!({
        "type": "object", "required": ["text"], "additionalProperties": false,
        "properties": {
            "text": {"type": "string", "minLength": 1, "description": "The command, as docs/chat.md has them"},
            "user": {"type": "string", "description": "E-mail address of the PagerDuty user who asks"},
        },
    });
    let reply = json!({
        "type": "object", "required": ["ok", "text"],
        "properties": {"ok": {"type": "boolean"}, "text": {"type": "string", "description": "The reply"}},
    });
    json!({
        "operationId": "runCommand", "summary": "Carry out a command as it is typed in chats", "x-role": "viewer",
        "description": "What the command does needs the role of its action.",
        "parameters": [{"$ref": "#/components/parameters/key"}],
        "requestBody": {"required": true, "content": {
            "application/json": {"schema": input}, "text/plain": {"schema": {"type": "string"}},
        }},
        "responses": {"200": answer("How it ended", reply), "default": {"$ref": "#/components/responses/Problem"}},
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    #[test]
    fn the_document_and_the_router_have_the_same_paths() {
        let routes: BTreeSet<&str> = crate::api::routes().into_iter().map(|(path, _)| path).collect();
        assert_eq!(routes, super::paths().into_iter().collect());
    }
}
