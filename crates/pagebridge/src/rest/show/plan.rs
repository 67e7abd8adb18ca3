//! The requests of a dry run.

use crate::output::{self, bold};
use serde_json::Value;

pub(super) fn show(result: &Value) {
    let requests = result["requests"].as_array().map(Vec::as_slice).unwrap_or_default();
    for request in requests {
        let text = |key: &str| request[key].as_str().unwrap_or_default();
        output::say(&format!("{} {}", bold(text("method")), text("url")));
        if let Some(from) = request["from"].as_str() {
            output::say(&format!("From: {from}"));
        }
        if let Some(body) = request.get("body") {
            output::say(&serde_json::to_string_pretty(body).unwrap_or_default());
        }
    }
    output::complain(if requests.is_empty() { "nothing would be sent" } else { "nothing was sent" });
}
