//! The schemas of the API's answers.

use serde_json::{Map, Value, json};

/// An object; names that end in `?` may be missing.
fn object(fields: &[(&str, Value)]) -> Value {
    let properties: Map<String, Value> =
        fields.iter().map(|(name, schema)| (name.trim_end_matches('?').to_owned(), schema.clone())).collect();
    let required: Vec<&str> = fields.iter().map(|(name, _)| *name).filter(|name| !name.ends_with('?')).collect();
    json!({"type": "object", "properties": properties, "required": required})
}

fn named(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

fn list(of: Value) -> Value {
    json!({"type": "array", "items": of})
}

fn text() -> Value {
    json!({"type": "string"})
}

fn number() -> Value {
    json!({"type": "integer"})
}

fn flag() -> Value {
    json!({"type": "boolean"})
}

fn time() -> Value {
    json!({"type": "string", "format": "date-time"})
}

fn next() -> Value {
    json!({"type": ["integer", "null"]})
}

/// All of them, by name.
pub(crate) fn all() -> Value {
    let mut schemas = incidents();
    schemas.extend(waiting());
    schemas.extend(runs());
    Value::Object(schemas)
}

fn by_name<const N: usize>(schemas: [(&str, Value); N]) -> Map<String, Value> {
    schemas.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect()
}

fn incidents() -> Map<String, Value> {
    let link = [
        ("system", text()),
        ("record?", text()),
        ("url?", text()),
        ("holds?", text()),
        ("wants?", text()),
        ("next?", text()),
        ("attempts", number()),
        ("notes_due", number()),
        ("stopped?", object(&[("reason", text()), ("remedy", text())])),
    ];
    let note = object(&[("id", number()), ("from", text()), ("text", text())]);
    let incident = [
        ("id", number()),
        ("title", text()),
        ("status", json!({"enum": ["triggered", "acknowledged", "resolved"]})),
        ("open", flag()),
        ("urgency", json!({"enum": ["high", "low"]})),
        ("priority?", text()),
        ("bridge", text()),
        ("created_at", time()),
        ("changed_at", time()),
        ("dead_letters", number()),
        ("alarm?", text()),
        ("quarantined?", text()),
        ("discarded?", text()),
        ("links", list(named("Link"))),
        ("body?", text()),
        ("notes?", list(note)),
    ];
    let entry = object(&[
        ("seq", number()),
        ("incident", number()),
        ("at", time()),
        ("system?", text()),
        ("actor?", text()),
        ("summary", list(text())),
        ("changes", list(json!({}))),
    ]);
    let schemas = [
        ("Link", object(&link)),
        ("Incident", object(&incident)),
        ("IncidentPage", object(&[("incidents", list(named("Incident"))), ("next", next())])),
        ("EntryPage", object(&[("entries", list(entry)), ("next", next())])),
        ("Document", json!({"type": "object"})),
    ];
    by_name(schemas)
}

fn waiting() -> Map<String, Value> {
    let delivery = object(&[
        ("name", text()),
        ("incident", number()),
        ("title", text()),
        ("system", text()),
        ("class", json!({"enum": ["urgent", "normal", "poll"]})),
        ("what", text()),
        ("state", json!({"enum": ["waiting", "in progress"]})),
        ("attempts", number()),
        ("due", time()),
    ]);
    let letter =
        object(&[("incident", number()), ("system", text()), ("what", text()), ("reason", text()), ("remedy", text())]);
    let aside = object(&[
        ("incident", number()),
        ("title", text()),
        ("system", text()),
        ("reason", text()),
        ("held", number()),
    ]);
    let lane = object(&[
        ("system", text()),
        ("class", text()),
        ("count", number()),
        ("oldest_due", json!({"type": ["string", "null"]})),
    ]);
    let counts = [
        ("incidents", number()),
        ("open", number()),
        ("entries", number()),
        ("with_dead_letters", number()),
        ("quarantined", number()),
        ("lanes", list(lane)),
    ];
    let released = [("status", json!({"enum": ["released", "unchanged"]})), ("incident", number()), ("system", text())];
    let problem = [
        ("status", number()),
        ("title", text()),
        ("code", text()),
        ("detail", text()),
        ("field?", text()),
        ("remedy?", text()),
    ];
    let schemas = [
        ("DeliveryPage", object(&[("deliveries", list(delivery))])),
        ("DeadLetterPage", object(&[("dead_letters", list(letter)), ("quarantined", list(aside))])),
        ("Released", object(&released)),
        ("Counts", object(&counts)),
        ("Upkeep", object(&[("upkeep", list(json!({"type": "object"})))])),
        ("Problem", object(&problem)),
    ];
    by_name(schemas)
}

fn runs() -> Map<String, Value> {
    let error = [
        ("kind", text()),
        ("code", json!({"type": ["integer", "null"]})),
        ("message", text()),
        ("errors", list(text())),
        ("http_status", json!({"type": ["integer", "null"]})),
        ("retry_after_s?", json!({"type": "integer"})),
    ];
    let outcome =
        [("ok", flag()), ("result?", json!({})), ("error?", named("Error")), ("already?", flag()), ("more?", flag())];
    let brief = [
        ("name", text()),
        ("title", text()),
        ("description", text()),
        ("effect", json!({"enum": ["read_only", "writes", "destructive"]})),
        ("from", json!({"enum": ["unneeded", "accepted", "needed"]})),
        ("role", json!({"enum": ["viewer", "responder", "admin"]})),
        ("allowed", flag()),
    ];
    let whole = [("call", text()), ("input", json!({"type": "object"})), ("output", json!({"type": "object"}))];
    let run = object(&[
        ("id", json!({"type": "integer"})),
        ("at", text()),
        ("ended_at?", text()),
        ("who", text()),
        ("surface", text()),
        ("action", text()),
        ("input", json!({"type": "object"})),
        ("key?", text()),
        ("dry_run", flag()),
        ("ended", json!({"enum": ["done", "already", "failed", "refused", "unknown"]})),
        ("error?", named("Error")),
        ("ids", list(text())),
    ]);
    let schemas = [
        ("Error", object(&error)),
        ("Outcome", object(&outcome)),
        ("ActionList", object(&[("actions", list(object(&brief)))])),
        ("Action", object(&[&brief[..], &whole].concat())),
        ("AuditPage", object(&[("runs", list(run)), ("next", json!({"type": ["integer", "null"]}))])),
    ];
    by_name(schemas)
}
