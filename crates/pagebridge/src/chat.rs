//! The commands in chats, put together.

use crate::config::Config;
use crate::exit::{CliError, Exit};
use pagebridge_access::Gate;
use pagebridge_chat::{BODY_SIZE_BYTES_MAX, CHAT_PATH, Chat, Doors, TIMEOUT_MS};
use pagebridge_core::SystemName;
use pagebridge_ports::{Clock, Store};
use pagebridge_server::Endpoint;
use std::sync::Arc;

/// The commands; `None` when there is no account that they could be carried out in.
///
/// The path for programs is there without a section `[chat]`, as the actions over HTTP are.
pub(crate) fn chat(
    config: &Config,
    gate: Option<&Gate>,
    store: &Arc<dyn Store>,
    clock: &Arc<dyn Clock>,
) -> Result<Option<Chat>, CliError> {
    let Some(gate) = gate else {
        if config.chat.is_none() {
            return Ok(None);
        }
        let hint = "configure a system of kind pagerduty, and name it as `system` under [actions] if there are several";
        return Err(CliError::new(Exit::Config, "[chat] has no PagerDuty account to act in", hint));
    };
    let settings = config.chat.clone().unwrap_or_default();
    let made = Chat::new(settings, gate.clone(), store.clone(), clock.clone());
    made.map(Some).map_err(|error| CliError::new(Exit::Config, error, "look at the proxy variables of the environment"))
}

/// The paths on which chats post.
pub(crate) fn endpoint(config: &Config, chat: Option<&Chat>) -> Option<Endpoint> {
    let chat = chat.filter(|_| config.chat.is_some())?;
    Some(Endpoint {
        prefix: CHAT_PATH.to_owned(),
        system: SystemName::new("chat"),
        answers: Arc::new(Doors::new(chat.clone())),
        body_size_bytes_max: BODY_SIZE_BYTES_MAX,
        timeout_ms: TIMEOUT_MS,
    })
}

/// The path for programs.
pub(crate) fn router(chat: Option<&Chat>) -> axum::Router {
    chat.map(|chat| pagebridge_chat::router(chat.clone())).unwrap_or_default()
}
