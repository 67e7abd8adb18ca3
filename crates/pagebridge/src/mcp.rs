//! `mcp`: an assistant's program speaks over standard input and output, and is answered by the server's `/mcp`.
//!
//! What comes in line by line is handed on as one request each, so that there is one place that decides and remembers, however an
//! assistant comes in.

use crate::api::Api;
use crate::exit::{CliError, Exit};
use reqwest::Method;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Stdout};
use tokio_util::task::TaskTracker;

/// The field of a request that tells the protocol's version, since there is no handshake.
const VERSION_FIELD: &str = "io.modelcontextprotocol/protocolVersion";

const VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");
const METHOD: HeaderName = HeaderName::from_static("mcp-method");
const NAME: HeaderName = HeaderName::from_static("mcp-name");

/// JSON-RPC's numbers for what goes wrong before the server has a say.
const PARSE_ERROR: i64 = -32700;
const INVALID_REQUEST: i64 = -32600;
const INTERNAL_ERROR: i64 = -32603;

struct Relay {
    api: Api,
    /// What a handshake has agreed on.
    agreed: Mutex<Option<String>>,
    out: tokio::sync::Mutex<Stdout>,
}

/// Hands on until standard input ends, and what has begun has been answered.
pub(crate) async fn run(api: Api) -> Result<(), CliError> {
    let relay = Arc::new(Relay { api, agreed: Mutex::new(None), out: tokio::sync::Mutex::new(tokio::io::stdout()) });
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    let tasks = TaskTracker::new();
    let ended = loop {
        let line = match lines.next_line().await {
            Ok(Some(line)) if line.trim().is_empty() => continue,
            Ok(Some(line)) => line,
            Ok(None) => break Ok(()),
            Err(error) => break Err(CliError::new(Exit::Failed, format!("cannot read standard input: {error}"), "")),
        };
        match serde_json::from_str::<Value>(&line) {
            // The handshake is over before anything else is asked.
            Ok(message) if message["method"] == "initialize" => relay.pass(message).await,
            Ok(message) if message.is_object() => {
                let relay = relay.clone();
                tasks.spawn(async move { relay.pass(message).await });
            }
            Ok(_) => {
                relay.say(&failure(&Value::Null, INVALID_REQUEST, "send one message on a line, not several")).await
            }
            Err(error) => relay.say(&failure(&Value::Null, PARSE_ERROR, &format!("this is not JSON: {error}"))).await,
        }
    };
    tasks.close();
    tasks.wait().await;
    if let Some(relay) = Arc::into_inner(relay) {
        relay.api.close().await;
    }
    ended
}

impl Relay {
    async fn pass(&self, message: Value) {
        let id = message.get("id").cloned();
        let answer = self.ask(&message).await;
        let Some(id) = id else { return };
        let answer = answer.unwrap_or_else(|reason| failure(&id, INTERNAL_ERROR, &reason));
        if let Some(version) =
            answer["result"]["protocolVersion"].as_str().filter(|_| message["method"] == "initialize")
        {
            *self.agreed.lock().expect("nobody panics with it") = Some(version.to_owned());
        }
        self.say(&answer).await;
    }

    async fn ask(&self, message: &Value) -> Result<Value, String> {
        let agreed = self.agreed.lock().expect("nobody panics with it").clone();
        let request = self.api.request(Method::POST, pagebridge_mcp::PATH.trim_start_matches('/'), &[]);
        let sent = request.headers(headers(message, agreed.as_deref())).body(message.to_string()).send().await;
        let response = sent.map_err(|error| format!("the bridge cannot be reached: {}", crate::api::reason(&error)))?;
        let status = response.status().as_u16();
        let body = response.bytes().await.map_err(|error| format!("the bridge's answer broke off: {error}"))?;
        if body.is_empty() {
            return Ok(Value::Null);
        }
        match serde_json::from_slice::<Value>(&body) {
            Ok(answer) if answer.get("jsonrpc").is_some() => Ok(answer),
            Ok(problem) if problem["detail"].is_string() => {
                let text = |key: &str| problem[key].as_str().unwrap_or_default().to_owned();
                Err(format!("the bridge refuses: {}. {}", text("detail"), text("remedy")))
            }
            _ => Err(format!("the bridge answers {status}, and not as the protocol says")),
        }
    }

    async fn say(&self, message: &Value) {
        let mut out = self.out.lock().await;
        // A client that has gone away reads no more; its input ends too.
        let _ = out.write_all(format!("{message}\n").as_bytes()).await;
        let _ = out.flush().await;
    }
}

/// What a request over HTTP tells beside the message, the same as in it.
fn headers(message: &Value, agreed: Option<&str>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(ACCEPT, HeaderValue::from_static("application/json, text/event-stream"));
    let own = message["params"]["_meta"][VERSION_FIELD].as_str();
    let mut put = |name: HeaderName, text: &str| {
        if let Ok(value) = HeaderValue::from_str(&in_header(text)) {
            headers.insert(name, value);
        }
    };
    if let Some(version) = own.or(agreed) {
        put(VERSION, version);
    }
    if own.is_some() {
        put(METHOD, message["method"].as_str().unwrap_or_default());
        if let Some(name) = message["params"]["name"].as_str().or(message["params"]["uri"].as_str()) {
            put(NAME, name);
        }
    }
    headers
}

/// As the protocol writes what is not plain in a header.
fn in_header(text: &str) -> String {
    let plain = text.bytes().all(|b| (b' '..=b'~').contains(&b)) && text.trim() == text && !text.starts_with("=?");
    if plain {
        return text.to_owned();
    }
    use base64::Engine;
    format!("=?base64?{}?=", base64::engine::general_purpose::STANDARD.encode(text))
}

fn failure(id: &Value, code: i64, message: &str) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": message}})
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(message: &Value, agreed: Option<&str>) -> Vec<(String, String)> {
        let all = headers(message, agreed);
        let own = all.iter().filter(|(name, _)| name.as_str().starts_with("mcp-"));
        own.map(|(name, value)| (name.to_string(), value.to_str().expect("visible").to_owned())).collect()
    }

    #[test]
    fn a_request_of_its_own_version_is_told_in_headers_and_one_after_a_handshake_by_what_was_agreed() {
        let modern =
            json!({"method": "tools/call", "params": {"name": "incident_get", "_meta": {VERSION_FIELD: "2026-07-28"}}});
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let version = pair("mcp-protocol-version", "2026-07-28");
        assert_eq!(shown(&modern, None), [version, pair("mcp-method", "tools/call"), pair("mcp-name", "incident_get")]);
        let legacy = json!({"method": "tools/list"});
        assert_eq!(shown(&legacy, Some("2025-11-25")), [pair("mcp-protocol-version", "2025-11-25")]);
        assert_eq!(shown(&legacy, None), []);
    }

    #[test]
    fn what_is_not_plain_is_written_in_base64() {
        assert_eq!(in_header("incident_get"), "incident_get");
        assert_eq!(in_header("größe"), "=?base64?Z3LDtsOfZQ==?=");
        assert_eq!(in_header(" x"), "=?base64?IHg=?=");
    }
}
