//! Refusals as RFC 9457 problem documents, with what to do about them.

use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use pagebridge_ports::{Refusal, StoreError};
use serde::Serialize;

/// After how many seconds a sender may repeat what a store could not take.
const RETRY_AFTER_S: u16 = 5;

/// What went wrong, for the one who asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The HTTP status.
    #[serde(serialize_with = "as_number")]
    pub status: StatusCode,
    /// The status in words.
    pub title: &'static str,
    /// One word for programs.
    pub code: &'static str,
    /// What is wrong, in words.
    pub detail: String,
    /// The field of the body that is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// What to do.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub remedy: &'static str,
}

fn as_number<S: serde::Serializer>(status: &StatusCode, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_u16(status.as_u16())
}

impl Problem {
    /// A problem without a remedy.
    #[must_use]
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        let title = status.canonical_reason().unwrap_or("Error");
        Self { status, title, code, detail: detail.into(), field: None, remedy: "" }
    }

    /// Says what to do.
    #[must_use]
    pub fn remedy(self, remedy: &'static str) -> Self {
        Self { remedy, ..self }
    }

    /// Names the field.
    #[must_use]
    pub fn field(self, field: &str) -> Self {
        Self { field: (!field.is_empty()).then(|| field.to_owned()), ..self }
    }

    pub(crate) fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", detail)
    }

    pub(crate) fn bug() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "the request hit a fault of ours; nothing was done")
            .remedy("look for the error in the server's log and report it")
    }

    pub(crate) fn too_large(limit: usize) -> Self {
        let detail = format!("the body is larger than {limit} bytes");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", detail).remedy("send one event in each request")
    }

    pub(crate) fn too_slow() -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, "too_slow", "the body did not arrive in time; nothing was done")
    }

    pub(crate) fn unavailable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "store_unavailable", detail)
            .remedy("repeat the request; it was not accepted")
    }

    /// The problem as a body.
    #[must_use]
    pub fn json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a problem has only plain fields")
    }

    /// Headers besides the content type.
    pub(crate) fn header(&self) -> Option<(http::HeaderName, HeaderValue)> {
        match self.status {
            StatusCode::SERVICE_UNAVAILABLE => Some((RETRY_AFTER, RETRY_AFTER_S.into())),
            StatusCode::UNAUTHORIZED => Some((WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))),
            _ => None,
        }
    }
}

/// The content type of a problem.
pub(crate) const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status, [(CONTENT_TYPE, PROBLEM_JSON)], self.json()).into_response();
        if let Some((name, value)) = self.header() {
            response.headers_mut().insert(name, value);
        }
        response
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Unauthorized(detail) => {
                Self::new(StatusCode::UNAUTHORIZED, "unauthorized", detail).remedy("give both sides the same secret")
            }
            // Answered in the sender's own form; this is what our log and metrics say of it.
            Refusal::Answered { answer, detail } => {
                let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::BAD_REQUEST);
                Self::new(status, "malformed", detail)
            }
            Refusal::Malformed { field, detail } => Self::new(StatusCode::BAD_REQUEST, "malformed", detail)
                .field(&field)
                .remedy("send the body that this path takes; repeating this one does not help"),
            Refusal::Later(detail) => Self::new(StatusCode::SERVICE_UNAVAILABLE, "not_yet", detail)
                .remedy("repeat the request; it was not accepted"),
        }
    }
}

/// What the caller hears of a store's trouble; the whole story is for the log.
impl From<&StoreError> for Problem {
    fn from(error: &StoreError) -> Self {
        match error {
            StoreError::Broken(_) | StoreError::Unkeepable(_) => Self::bug(),
            StoreError::Unavailable { .. } | StoreError::Locked(_) | StoreError::Unreadable(_) => {
                Self::unavailable("the store cannot commit now, so nothing was accepted")
            }
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "the store did not answer");
        Self::from(&error)
    }
}
