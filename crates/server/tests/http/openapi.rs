//! The description of the API: it is what is written down, it is sound, and answers are as it says.

use crate::world::World;
use pagebridge_server::openapi;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;

#[test]
fn the_committed_document_is_up_to_date() {
    let text = serde_json::to_string_pretty(&openapi()).expect("plain data") + "\n";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &text).expect("writable");
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == text, "docs/openapi.json is not what the code says; UPDATE_DOCS=1 writes it anew");
}

fn each<'v>(value: &'v Value, seen: &mut dyn FnMut(&'v Value)) {
    seen(value);
    match value {
        Value::Object(fields) => fields.values().for_each(|value| each(value, seen)),
        Value::Array(values) => values.iter().for_each(|value| each(value, seen)),
        _ => {}
    }
}

#[test]
fn the_document_is_sound() {
    let document = openapi();
    assert_eq!(document["openapi"], "3.1.0");
    each(&document, &mut |value| {
        if let Some(to) = value.get("$ref").and_then(Value::as_str) {
            assert!(document.pointer(to.trim_start_matches('#')).is_some(), "{to} leads nowhere");
        }
        if let Some(schema) = value.get("schema") {
            jsonschema::meta::validate(schema).unwrap_or_else(|error| panic!("{error}: {schema}"));
        }
    });
    let mut ids = BTreeSet::new();
    let paths = document["paths"].as_object().expect("paths");
    for (path, methods) in paths {
        assert!(path.starts_with('/'), "{path}");
        for (method, operation) in methods.as_object().expect("methods") {
            assert!(matches!(method.as_str(), "get" | "post"), "{path} {method}");
            let id = operation["operationId"].as_str().expect("an id");
            assert!(ids.insert(id), "{id} is there twice");
            assert!(operation["responses"].as_object().is_some_and(|all| !all.is_empty()));
            let given = operation["parameters"].as_array().expect("a list");
            let in_path: Vec<_> = given.iter().filter(|given| given["in"] == "path").collect();
            assert_eq!(in_path.len(), path.matches('{').count(), "{path}");
            assert!(in_path.iter().all(|given| given["required"] == true));
        }
    }
    assert!(paths.contains_key("/actions/incident.acknowledge"));
}

/// The schema of what a path answers with 200, with all that it refers to.
fn schema(path: &str, method: &str) -> Value {
    let document = openapi();
    let place = format!("/paths/{}/{method}/responses/200/content/application~1json/schema", path.replace('/', "~1"));
    let mut schema = document.pointer(&place).unwrap_or_else(|| panic!("{place}")).clone();
    schema["components"] = document["components"].clone();
    schema
}

#[tokio::test]
async fn answers_are_as_the_document_says() {
    let world = World::start().await;
    let created = world.post("/ops-webhook", json!({"id": "a-1", "title": "Disk full"}).to_string()).await;
    assert_eq!(created.status, 202);
    crate::api::reject(&world).await;
    for n in 2..=3 {
        let alert = json!({"id": format!("a-{n}"), "title": "Disk fuller"});
        assert_eq!(world.post("/ops-webhook", alert.to_string()).await.status, 202);
    }
    for (path, asked) in [
        ("/incidents", "/incidents?limit=2"),
        ("/incidents/{id}", "/incidents/1"),
        ("/journal", "/journal"),
        ("/deliveries", "/deliveries"),
        ("/dead-letters", "/dead-letters"),
        ("/counts", "/counts"),
        ("/upkeep", "/upkeep"),
        ("/audit", "/audit"),
        ("/actions", "/actions"),
        ("/actions/{name}", "/actions/incident.acknowledge"),
        ("/openapi.json", "/openapi.json"),
    ] {
        let got = world.get(&format!("/api/v1{asked}")).await;
        assert_eq!(got.status, 200, "{asked}");
        let validator = jsonschema::validator_for(&schema(path, "get")).expect("a schema");
        let body = got.json();
        let errors: Vec<String> = validator.iter_errors(&body).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{asked}: {errors:?}\n{body}");
    }
    let released = world.post("/api/v1/dead-letters/1/pagerduty/release", "").await.json();
    assert!(
        jsonschema::is_valid(&schema("/dead-letters/{incident}/{system}/release", "post"), &released),
        "{released}"
    );
}
