//! The NetBox look-alike, held against the recordings of a real one.

mod alerts;
mod login;
mod objects;
mod people;
mod rest;
mod webhooks;

use serde_json::{Value, json};

use crate::common::{Answer, World};

pub(crate) const INCIDENTS: &str = "/api/plugins/business-application/incidents/";
pub(crate) const EVENTS: &str = "/api/plugins/business-application/events/";
pub(crate) const ALERTS: &str = "/api/plugins/business-application/alerts/generic/";

/// What differs from one moment, host or run to the next.
const VOLATILE: &[&str] = &[
    "created",
    "last_updated",
    "created_at",
    "updated_at",
    "date_joined",
    "timestamp",
    "request_id",
    "url",
    "display_url",
    "next",
    "previous",
    "duration_minutes",
];

/// Reads a recording.
pub(crate) fn fixture(name: &str) -> Value {
    let path = format!("{}/../../fixtures/netbox/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).expect("the recording exists");
    serde_json::from_str(&text).expect("the recording is JSON")
}

/// Sends what was recorded, with this token.
pub(crate) async fn replay_as(world: &World, token: Option<&str>, name: &str) -> Answer {
    let request = &fixture(name)["request"];
    let text = |key: &str| request[key].as_str().expect("a text").to_owned();
    let body = match &request["body"] {
        Value::Null => None,
        Value::String(raw) => Some(raw.clone()),
        other => Some(other.to_string()),
    };
    raw(world, token, &text("method"), &text("path"), body).await
}

/// Sends what was recorded, and checks that the answer is the one that was recorded.
pub(crate) async fn replay(world: &World, name: &str) -> Answer {
    let token = format!("Token {}", world.sandbox.netbox_token);
    let answer = replay_as(world, Some(&token), name).await;
    assert_recorded(&answer, name);
    answer
}

pub(crate) async fn call(world: &World, method: &str, path: &str, body: Option<Value>) -> Answer {
    let token = format!("Token {}", world.sandbox.netbox_token);
    raw(world, Some(&token), method, path, body.map(|body| body.to_string())).await
}

pub(crate) async fn raw(
    world: &World,
    authorization: Option<&str>,
    method: &str,
    path: &str,
    body: Option<String>,
) -> Answer {
    let url = format!("{}{path}", world.sandbox.netbox_url);
    let mut request = world.http.request(method.parse().expect("a method"), url);
    if let Some(authorization) = authorization {
        request = request.header("Authorization", authorization);
    }
    if let Some(body) = body {
        request = request.header("Content-Type", "application/json").body(body);
    }
    Answer::read(request.send().await.expect("an answer")).await
}

/// Checks status, body and the headers that tell clients something.
pub(crate) fn assert_recorded(answer: &Answer, name: &str) {
    let recorded = &fixture(name)["response"];
    assert_eq!(u64::from(answer.status), recorded["status"], "{name}: {}", answer.text);
    for pair in recorded["headers"].as_array().expect("a list") {
        let (header, value) = (pair[0].as_str().expect("a name"), pair[1].as_str().expect("a value"));
        let given = answer.headers.get(&header.to_lowercase()).map(String::as_str);
        match header {
            "Content-Type" | "Allow" | "API-Version" | "Vary" => assert_eq!(given, Some(value), "{name}: {header}"),
            "X-Request-ID" => assert_eq!(given.map(str::len), Some(value.len()), "{name}: {header}"),
            "Location" => {
                assert!(given.is_some_and(|given| given.ends_with("/api/dcim/sites/1/")), "{name}: {given:?}")
            }
            _ => {}
        }
    }
    if !recorded["body"].is_string() {
        assert_like(&answer.body, &recorded["body"], name);
    }
}

/// Checks that two bodies have the same fields with the same values; of what is volatile, with values of the same look.
pub(crate) fn assert_like(given: &Value, recorded: &Value, place: &str) {
    match (given, recorded) {
        (Value::Object(given), Value::Object(recorded)) => {
            let names = |fields: &serde_json::Map<String, Value>| fields.keys().cloned().collect::<Vec<_>>();
            assert_eq!(names(given), names(recorded), "{place}");
            for (name, value) in recorded {
                let place = format!("{place}.{name}");
                if VOLATILE.contains(&name.as_str()) {
                    assert_eq!(look(&given[name]), look(value), "{place}");
                } else {
                    assert_like(&given[name], value, &place);
                }
            }
        }
        (Value::Array(given), Value::Array(recorded)) => {
            assert_eq!(given.len(), recorded.len(), "{place}");
            for (number, (given, recorded)) in given.iter().zip(recorded).enumerate() {
                assert_like(given, recorded, &format!("{place}[{number}]"));
            }
        }
        _ => assert_eq!(given, recorded, "{place}"),
    }
}

/// What a value looks like: texts of one kind have digits in the same places.
fn look(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(_) => "bool".to_owned(),
        Value::Number(_) => "number".to_owned(),
        Value::String(text) if text.contains("T") && text.contains(':') && !text.contains('/') => {
            text.chars().map(|letter| if letter.is_ascii_digit() { '0' } else { letter }).collect()
        }
        Value::String(_) => "text".to_owned(),
        _ => "more".to_owned(),
    }
}

pub(crate) async fn incident(world: &World, title: &str, status: &str) -> u64 {
    let body = json!({"title": title, "status": status, "severity": "low"});
    let answer = call(world, "POST", INCIDENTS, Some(body)).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.body["id"].as_u64().expect("an id")
}

pub(crate) fn ids(answer: &Answer) -> Vec<u64> {
    let results = answer.body["results"].as_array().expect("a page");
    results.iter().map(|object| object["id"].as_u64().expect("an id")).collect()
}
