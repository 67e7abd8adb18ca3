//! Running actions at PagerDuty, for those who may.

use crate::api::query::Params;
use crate::api::{App, fresh};
use crate::intake::BODY_TIMEOUT;
use crate::problem::Problem;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use http::header::{CACHE_CONTROL, HeaderMap, HeaderValue, RETRY_AFTER};
use http::{HeaderName, StatusCode};
use pagebridge_access::{Asked, KEY_SIZE_BYTES_MAX, Principal, needed};
use pagebridge_actions::{Action, Catalogue, Effect, ErrorKind, Identity, Outcome, Surface};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// Largest input of an action, in bytes.
pub(crate) const INPUT_SIZE_BYTES_MAX: usize = 1024 * 1024;

/// The header by which a repeat is known.
pub(crate) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// After how many seconds to come again, where nobody has said.
const RETRY_AFTER_S: u64 = 30;

/// How an action is run.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Query {
    dry_run: bool,
}

/// All actions, in short.
pub(crate) async fn list(Extension(who): Extension<Arc<Principal>>) -> Response {
    let catalogue = Catalogue::new();
    let actions: Vec<Value> = offered(&catalogue).map(|action| brief(action, &who)).collect();
    fresh(json!({ "actions": actions }))
}

/// One action, with the schemas of its input and result.
pub(crate) async fn show(
    Extension(who): Extension<Arc<Principal>>,
    Path(name): Path<String>,
) -> Result<Response, Problem> {
    let catalogue = Catalogue::new();
    let action = offered(&catalogue).find(|action| action.name == name).ok_or_else(|| {
        let detail = format!("there is no action `{}`", name.escape_debug());
        Problem::not_found(detail).remedy("GET /api/v1/actions lists them")
    })?;
    let mut shown = brief(action, &who);
    shown["call"] = json!(action.call());
    shown["input"] = action.input();
    shown["output"] = action.output();
    Ok(fresh(shown))
}

/// The actions that are offered here.
pub(crate) fn offered(catalogue: &Catalogue) -> impl Iterator<Item = &'static Action> {
    catalogue.actions().filter(|action| action.surfaces.contains(&Surface::Http))
}

fn brief(action: &Action, who: &Principal) -> Value {
    let effect = match action.effect {
        Effect::ReadOnly => "read_only",
        Effect::Writes => "writes",
        Effect::Destructive => "destructive",
    };
    let from = match action.identity {
        Identity::Unneeded => "unneeded",
        Identity::Accepted => "accepted",
        Identity::Needed => "needed",
    };
    json!({
        "name": action.name, "title": action.title, "description": action.description, "effect": effect, "from": from,
        "role": needed(action).as_str(), "allowed": who.may(action),
    })
}

/// Runs one.
pub(crate) async fn run(
    State(app): App,
    Extension(who): Extension<Arc<Principal>>,
    Path(name): Path<String>,
    Params(query): Params<Query>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let gate = app.gate.as_ref().ok_or_else(no_account)?;
    let key = key(&who, &headers)?;
    let input = input(body).await?;
    let asked = Asked { key, dry_run: query.dry_run, ..Asked::new(Surface::Http, name, input) };
    Ok(answer(&gate.run(&who, asked).await))
}

fn no_account() -> Problem {
    let detail = "this server has no PagerDuty account to run actions in";
    Problem::new(StatusCode::NOT_FOUND, "no_account", detail)
        .remedy("configure a system of kind pagerduty, and name it as `system` under [actions] if there are several")
}

fn key(who: &Principal, headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(key) = headers.get(IDEMPOTENCY_KEY) else { return Ok(None) };
    match key.to_str().ok().and_then(|key| who.own_key("", key)) {
        Some(key) => Ok(Some(key)),
        None => {
            let detail = format!("`Idempotency-Key` may have 1 to {KEY_SIZE_BYTES_MAX} visible ASCII characters");
            Err(malformed(detail))
        }
    }
}

async fn input(body: Body) -> Result<Value, Problem> {
    let read = tokio::time::timeout(BODY_TIMEOUT, to_bytes(body, INPUT_SIZE_BYTES_MAX));
    let body = match read.await {
        Ok(Ok(body)) => body,
        Ok(Err(error)) if is_too_large(&error) => return Err(Problem::too_large(INPUT_SIZE_BYTES_MAX)),
        Ok(Err(_)) => return Err(malformed("the body ended too soon or is not well framed")),
        Err(_) => return Err(Problem::too_slow()),
    };
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(json!({}));
    }
    // What is said of the place does not repeat the text, which may hold a secret.
    serde_json::from_slice(&body).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        malformed(format!("the body is not JSON: look at line {line}, column {column}"))
    })
}

fn is_too_large(error: &axum::Error) -> bool {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = cause {
        if error.is::<http_body_util::LengthLimitError>() {
            return true;
        }
        cause = error.source();
    }
    false
}

fn malformed(detail: impl Into<String>) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "malformed", detail)
        .remedy("send the action's input as one JSON object; GET /api/v1/actions/NAME has its schema")
}

/// What a run ended with, as an answer. Only what was done in full is a 2xx.
pub(crate) fn answer(outcome: &Outcome) -> Response {
    let kind = outcome.error.as_ref().map(|error| error.kind);
    let status = kind.map_or(StatusCode::OK, status);
    let mut response = (status, [(CACHE_CONTROL, HeaderValue::from_static("no-store"))], Json(outcome)).into_response();
    let asks_to_wait = matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
    if let Some(error) = outcome.error.as_ref().filter(|_| asks_to_wait) {
        response.headers_mut().insert(RETRY_AFTER, error.retry_after_s.unwrap_or(RETRY_AFTER_S).into());
    }
    response
}

/// The status of a run that failed.
pub(crate) fn status(kind: ErrorKind) -> StatusCode {
    match kind {
        ErrorKind::UnknownAction | ErrorKind::NotFound | ErrorKind::NotOneIncident => StatusCode::NOT_FOUND,
        ErrorKind::InvalidInput | ErrorKind::UnknownRequester | ErrorKind::Refused => StatusCode::UNPROCESSABLE_ENTITY,
        ErrorKind::NotAllowed => StatusCode::FORBIDDEN,
        ErrorKind::CapReached => StatusCode::TOO_MANY_REQUESTS,
        ErrorKind::InProgress => StatusCode::CONFLICT,
        // Nobody repeats it by himself, as is done with a 5xx: most of it may have been done.
        ErrorKind::Partial => StatusCode::FAILED_DEPENDENCY,
        // It is our credential that PagerDuty does not like.
        ErrorKind::Unreachable | ErrorKind::Unauthorized | ErrorKind::Forbidden => StatusCode::BAD_GATEWAY,
        ErrorKind::RateLimited | ErrorKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        ErrorKind::Unknown => StatusCode::GATEWAY_TIMEOUT,
    }
}
