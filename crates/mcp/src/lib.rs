//! The catalogue of operations as tools for assistants, over the Model Context Protocol.
//!
//! [`router`] answers at `/mcp`, behind the server's own check of tokens, in both eras of the protocol: since 2026-07-28 every request
//! stands for itself, before there was a handshake; sessions are kept for nobody. Which tools there are, and what a call does, is decided
//! by the [`Rules`], by who asks ([`Principal`](pagebridge_access::Principal)), and by the [`Gate`], which every call of an action goes through.
//!
//! The protocol is a library's (`rmcp`), which changes often: only `handler` and `answer` know it.

mod answer;
mod handler;
mod own;
mod rules;
mod tools;

pub use rules::Rules;

use handler::Handler;
use pagebridge_access::Gate;
use pagebridge_ports::Store;
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use std::sync::Arc;

/// Where it answers.
pub const PATH: &str = "/mcp";

/// Largest message, in bytes.
pub const MESSAGE_SIZE_BYTES_MAX: usize = 1024 * 1024;

/// Answers at [`PATH`]. Who asks must stand in the request's extensions, as the server's guard puts it.
///
/// Without a gate there are only the tools that look at the bridge's own data.
pub fn router(gate: Option<Gate>, store: Arc<dyn Store>, rules: Rules) -> axum::Router {
    // Who may reach the server by which name is decided by the guard in front; pages of other sites get in only where they are named.
    let config = StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(true)
        .disable_allowed_hosts()
        .with_allowed_origins(rules.allowed_origins.clone())
        .enforce_origin_validation()
        .with_max_request_body_bytes(MESSAGE_SIZE_BYTES_MAX);
    let handler = Handler::new(gate, store, rules);
    let service =
        StreamableHttpService::new(move || Ok(handler.clone()), Arc::new(NeverSessionManager::default()), config);
    axum::Router::new().route_service(PATH, service)
}
