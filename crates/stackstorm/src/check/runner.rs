//! StackStorm's runners, and which parameters are theirs.

use serde_json::{Value, json};

/// Names that mean something to the HTTP runner: its own parameters, and those of an action that it reads.
pub(crate) const HTTP_NAMES: &[&str] = &[
    "url",
    "headers",
    "cookies",
    "allow_redirects",
    "http_proxy",
    "https_proxy",
    "username",
    "password",
    "verify_ssl_cert",
    "url_hosts_blacklist",
    "url_hosts_whitelist",
    "method",
    "body",
    "params",
    "timeout",
    "auth",
    "file_name",
    "file_content",
    "file_content_type",
];

/// What of a runner's parameter an action may change.
pub(super) const OVERRIDABLE: &[&str] = &["default", "description", "enum", "immutable", "required"];

/// Runners whose parameters are not known here.
const OTHERS: &[&str] = &[
    "action-chain",
    "announcement",
    "inquirer",
    "noop",
    "orquesta",
    "python-script",
    "remote-shell-cmd",
    "remote-shell-script",
    "winrm-cmd",
    "winrm-ps-cmd",
    "winrm-ps-script",
];

/// Gives a runner's parameters, without their descriptions; none if there is no such runner.
pub(super) fn parameters(runner: &str) -> Option<Value> {
    match runner {
        "http-request" => Some(http()),
        "local-shell-cmd" => Some(with(shell(), json!({"cmd": {"type": "string"}}))),
        "local-shell-script" => Some(with(
            shell(),
            json!({
                "debug": {"type": "boolean", "required": false, "default": false},
                "content_version": {"type": "string", "required": false},
            }),
        )),
        other => OTHERS.contains(&other).then(|| json!({})),
    }
}

/// Whether its actions name a file that it runs.
pub(super) fn runs_file(runner: &str) -> bool {
    ["local-shell-script", "remote-shell-script", "python-script", "orquesta", "action-chain", "winrm-ps-script"]
        .contains(&runner)
}

fn http() -> Value {
    json!({
        "url": {"type": "string", "required": true},
        "headers": {"type": "object"},
        "cookies": {"type": "object"},
        "allow_redirects": {"type": "boolean", "default": false},
        "http_proxy": {"type": "string"},
        "https_proxy": {"type": "string"},
        "username": {"type": "string"},
        "password": {"type": "string", "secret": true},
        "verify_ssl_cert": {"type": "boolean", "default": true},
        "url_hosts_blacklist": {"type": "array", "items": {"type": "string"}, "required": false},
        "url_hosts_whitelist": {"type": "array", "items": {"type": "string"}, "required": false},
    })
}

fn shell() -> Value {
    json!({
        "cwd": {"type": "string"},
        "env": {"type": "object"},
        "kwarg_op": {"type": "string", "default": "--"},
        "sudo": {"type": "boolean", "default": false},
        "sudo_password": {"type": "string", "default": null, "secret": true, "required": false},
        "timeout": {"type": "integer", "default": 60},
    })
}

fn with(mut all: Value, more: Value) -> Value {
    if let (Value::Object(all), Value::Object(more)) = (&mut all, more) {
        all.extend(more);
    }
    all
}
