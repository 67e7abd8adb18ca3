//! The path for programs: any bot that can post. Who asks has been found out by whoever mounts it.

use crate::desk::Chat;
use crate::doors::BODY_SIZE_BYTES_MAX;
use crate::request::Form;
use axum::extract::{DefaultBodyLimit, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Extension, Json, Router};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use pagebridge_access::{Principal, Role};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// The path for programs.
pub const PLAIN_PATH: &str = "/api/v1/chat";

/// How long a program waits for the end of its command, at most.
const WITHIN: Duration = Duration::from_secs(60);

/// The path for programs, to be put behind a guard that adds the [`Principal`] to each request.
pub fn router(chat: Chat) -> Router {
    Router::new().route(PLAIN_PATH, post(handle)).layer(DefaultBodyLimit::max(BODY_SIZE_BYTES_MAX)).with_state(chat)
}

async fn handle(
    State(chat): State<Chat>,
    Extension(who): Extension<Arc<Principal>>,
    headers: HeaderMap,
    body: String,
) -> Result<Response, Response> {
    let (text, user) = read(&headers, &body).map_err(|why| problem(StatusCode::BAD_REQUEST, "malformed", &why))?;
    let mut principal = Principal::clone(&who);
    // A token without a user is that of a bot, which knows who asks.
    let mut may_say_from = principal.from.is_none();
    if let Some(user) = user {
        let is_own = principal.from.as_ref().is_some_and(|own| own.eq_ignore_ascii_case(&user));
        if !is_own && !may_say_from && principal.role < Role::Admin {
            let why = "this token has a user of its own, so `user` cannot be another";
            return Err(problem(StatusCode::FORBIDDEN, "forbidden", why));
        }
        principal.from = Some(user);
        may_say_from = false;
    }
    let key = key(&principal, &headers).map_err(|why| problem(StatusCode::BAD_REQUEST, "malformed", why))?;
    let answer = chat.inner.take_plain(principal, may_say_from, key, text);
    match tokio::time::timeout(WITHIN, answer).await {
        Ok(reply) => Ok(Json(json!({"ok": reply.is_ok, "text": reply.text(Form::Plain)})).into_response()),
        Err(_) => {
            let why = "the command goes on; ask `show` or `incidents` in a moment for how it ended";
            Err(problem(StatusCode::GATEWAY_TIMEOUT, "too_slow", why))
        }
    }
}

/// The command, and the user that the program says: JSON, or the text alone.
fn read(headers: &HeaderMap, body: &str) -> Result<(String, Option<String>), String> {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if kind.to_ascii_lowercase().starts_with("text/plain") {
        return Ok((body.to_owned(), None));
    }
    let sent: Value = serde_json::from_str(body)
        .map_err(|_| "the body is no JSON; send `{\"text\": \"help\"}`, or the text alone as text/plain".to_owned())?;
    let text = sent["text"].as_str().ok_or("`text` is missing")?.to_owned();
    match &sent["user"] {
        Value::Null => Ok((text, None)),
        Value::String(user) if user.contains('@') => Ok((text, Some(user.trim().to_owned()))),
        _ => Err("`user` is not an e-mail address".to_owned()),
    }
}

fn key(who: &Principal, headers: &HeaderMap) -> Result<Option<String>, &'static str> {
    let Some(key) = headers.get("idempotency-key") else { return Ok(None) };
    match key.to_str().ok().and_then(|key| who.own_key("chat/", key)) {
        Some(key) => Ok(Some(key)),
        None => Err("`Idempotency-Key` may have 1 to 200 visible ASCII characters"),
    }
}

fn problem(status: StatusCode, code: &str, detail: &str) -> Response {
    let title = status.canonical_reason().unwrap_or("Error");
    let body = json!({"status": status.as_u16(), "title": title, "code": code, "detail": detail});
    (status, [(CONTENT_TYPE, "application/problem+json")], body.to_string()).into_response()
}
