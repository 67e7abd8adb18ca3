//! What StackStorm does with an action on the runner `http-request`, and with an alias: defaults, templates, casts, the request, and what
//! counts as success. It knows nothing of who made the pack.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior, Value as Jinja};
use reqwest::Client;
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};

/// Statuses of an answer with which an execution succeeds.
const SUCCESS: std::ops::RangeInclusive<u16> = 200..=206;

/// The runner's own parameters that have a default.
const RUNNER_DEFAULTS: &[(&str, bool)] = &[("allow_redirects", false), ("verify_ssl_cert", true)];

pub(super) struct StackStorm {
    pack: PathBuf,
    config: Value,
    client: Client,
    jinja: Environment<'static>,
}

/// How an execution ended.
#[derive(Debug)]
pub(super) struct Execution {
    pub(super) succeeded: bool,
    pub(super) result: Value,
    /// The body that was sent, as it came out of the template.
    pub(super) sent: String,
}

impl StackStorm {
    pub(super) fn new(pack: &Path, config: Value) -> Self {
        let mut jinja = Environment::new();
        jinja.set_undefined_behavior(UndefinedBehavior::Strict);
        let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build().expect("valid");
        jinja.set_syntax(syntax);
        jinja.add_filter("to_json_string", |value: Jinja| serde_json::to_string(&value).expect("JSON"));
        jinja.add_filter("from_json_string", |text: String| {
            Jinja::from(Serde(serde_json::from_str::<Value>(&text).expect("JSON")))
        });
        jinja.add_filter("json_escape", |text: String| {
            let quoted = Value::from(text).to_string();
            quoted[1..quoted.len() - 1].to_owned()
        });
        let client = Client::builder().no_proxy().build().expect("a client");
        Self { pack: pack.to_owned(), config, client, jinja }
    }

    /// Reads a file of the pack.
    pub(super) fn file(&self, path: &str) -> Value {
        let text = std::fs::read_to_string(self.pack.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
        serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Runs an action; an error is what StackStorm says of the parameters before anything is sent.
    pub(super) async fn run(&self, action: &str, given: &Value) -> Result<Execution, String> {
        let file = self.file(&format!("actions/{action}.yaml"));
        assert_eq!((&file["runner_type"], &file["entry_point"]), (&json!("http-request"), &json!("")), "{action}");
        let schemas = file["parameters"].as_object().expect("a map");
        let given = given.as_object().expect("a map");
        accept(schemas, given)?;
        let params = self.params(schemas, given)?;
        self.send(action, &params).await
    }

    /// Everything that the runner gets: what was given, defaults for the rest, templates rendered in the order that they need, types cast.
    fn params(&self, schemas: &Map<String, Value>, given: &Map<String, Value>) -> Result<Map<String, Value>, String> {
        let action_context = json!({"user": "stanley", "pack": "pagerduty"});
        let mut ready = Map::from_iter([
            ("config_context".to_owned(), self.config.clone()),
            ("action_context".to_owned(), action_context),
        ]);
        let mut templates: Vec<(&str, String, bool)> = Vec::new();
        for (name, schema) in schemas {
            let value = given.get(name).or(schema.get("default")).cloned().unwrap_or(Value::Null);
            let (text, complex) = match &value {
                Value::String(text) => (text.clone(), false),
                Value::Object(_) | Value::Array(_) => (value.to_string(), true),
                _ => (String::new(), false),
            };
            if text.contains("{{") || text.contains("{%") {
                templates.push((name, text, complex));
            } else {
                ready.insert(name.clone(), value);
            }
        }
        for (name, value) in RUNNER_DEFAULTS {
            ready.entry(*name).or_insert(json!(value));
        }
        while !templates.is_empty() {
            let before = templates.len();
            let mut left = Vec::new();
            for (name, text, complex) in templates {
                let template = self.jinja.template_from_str(&text).map_err(|error| format!("{name}: {error:#}"))?;
                if !template.undeclared_variables(false).iter().all(|variable| ready.contains_key(variable)) {
                    left.push((name, text.clone(), complex));
                    continue;
                }
                let rendered =
                    template.render(Jinja::from(Serde(&ready))).map_err(|error| format!("{name}: {error:#}"))?;
                let value =
                    if complex { serde_json::from_str(&rendered).expect("JSON") } else { Value::from(rendered) };
                ready.insert(name.to_owned(), value);
            }
            if left.len() == before {
                return Err(format!(
                    "Dependency unsatisfied in {:?}",
                    left.iter().map(|(name, ..)| name).collect::<Vec<_>>()
                ));
            }
            templates = left;
        }
        for (name, schema) in schemas {
            let value = ready.remove(name).expect("every parameter has a value");
            ready.insert(name.clone(), cast(value, schema["type"].as_str().expect("a type")));
        }
        Ok(ready)
    }

    async fn send(&self, action: &str, params: &Map<String, Value>) -> Result<Execution, String> {
        let text = |name: &str| params.get(name).and_then(Value::as_str).unwrap_or_default();
        let headers = params["headers"].as_object().expect("a map");
        let content_type = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
        let sent = text("body").to_owned();
        // A JSON body is decoded and encoded again.
        assert_eq!(content_type.map(|(_, value)| value), Some(&json!("application/json")));
        let body: Value = serde_json::from_str(&sent).map_err(|error| format!("{sent}: {error}"))?;
        let mut request = self.client.request(text("method").parse().expect("a method"), text("url"));
        for (name, value) in headers {
            request = request.header(name, value.as_str().expect("text"));
        }
        let request = request
            .header("user-agent", "st2/v3.9.0")
            .header("x-stanley-action", action)
            .timeout(std::time::Duration::from_secs(params["timeout"].as_u64().expect("seconds")))
            .body(body.to_string());
        let answer = match request.send().await {
            Ok(answer) => answer,
            Err(error) => return Ok(Execution { succeeded: false, result: json!({"error": error.to_string()}), sent }),
        };
        let status = answer.status().as_u16();
        let kind =
            answer.headers().get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default().to_owned();
        let text = answer.text().await.expect("text");
        let is_json = kind.split(';').next() == Some("application/json");
        let parsed = is_json.then(|| serde_json::from_str::<Value>(&text).ok()).flatten();
        let result = json!({
            "status_code": status,
            "parsed": parsed.is_some(),
            "body": parsed.unwrap_or(Value::String(text)),
            "headers": {"content-type": kind},
        });
        Ok(Execution { succeeded: SUCCESS.contains(&status), result, sent })
    }

    /// What an alias answers to an execution.
    pub(super) fn reply(&self, alias: &Value, execution: &Execution) -> String {
        let status = if execution.succeeded { "succeeded" } else { "failed" };
        let context = json!({"execution": {"status": status, "result": execution.result}});
        let format = alias["result"]["format"].as_str().expect("a format");
        self.jinja.render_str(format, Jinja::from(Serde(&context))).unwrap_or_else(|error| panic!("{error:#}"))
    }
}

/// Reads what a person typed by the first format of an alias; what has a default may be left out.
pub(super) fn typed(alias: &Value, schemas: &Value, command: &str) -> Value {
    let format = alias["formats"][0].as_str().expect("text");
    let (mut rest, mut params) = (command, Map::new());
    let mut parts = format.split("{{");
    rest = rest.strip_prefix(parts.next().expect("words").trim_end()).expect("the words").trim_start();
    for part in parts {
        let (inside, after) = part.split_once("}}").expect("closed");
        let (name, default) = inside.split_once('=').map_or((inside, None), |(name, default)| (name, Some(default)));
        let at = if after.is_empty() { rest.len() } else { rest.find(after).expect("the words") };
        let value = Some(&rest[..at]).filter(|value| !value.is_empty()).or(default).expect("a value");
        rest = rest[at..].strip_prefix(after).expect("found");
        // A list is parted at commas.
        let value = match schemas[name]["type"].as_str() {
            Some("array") => value.split(',').map(|part| Value::from(part.trim())).collect(),
            _ => Value::from(value),
        };
        params.insert(name.to_owned(), value);
    }
    Value::Object(params)
}

/// Whether the parameters fit their schemas.
fn accept(schemas: &Map<String, Value>, given: &Map<String, Value>) -> Result<(), String> {
    for (name, value) in given {
        let schema = schemas.get(name).ok_or_else(|| format!("unexpected parameter {name}"))?;
        let fits = match schema["type"].as_str().expect("a type") {
            "string" => value.is_string(),
            "integer" => value.is_i64(),
            "boolean" => value.is_boolean(),
            "array" => value.is_array(),
            "object" => value.is_object(),
            other => panic!("{other} is not used"),
        };
        let allowed = schema["enum"].as_array().is_none_or(|words| words.contains(value));
        if schema["immutable"] == true || !fits || !allowed {
            return Err(format!("parameter {name} cannot be {value}"));
        }
    }
    let missing = |(name, schema): &(&String, &Value)| {
        schema["required"] == true && schema["default"].is_null() && !given.contains_key(*name)
    };
    schemas.iter().find(missing).map_or(Ok(()), |(name, _)| Err(format!("parameter {name} is required")))
}

/// Text from a template becomes what the type says.
fn cast(value: Value, kind: &str) -> Value {
    match (kind, value) {
        ("integer" | "boolean" | "array" | "object", Value::String(text)) => {
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{text}: {error}"))
        }
        (_, value) => value,
    }
}
