//! What every run ends with.

use pagerduty::{Class, Error};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a run ended with: always this form.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Outcome {
    /// Whether all of it was done, or was so already.
    pub ok: bool,
    /// What came of it. Where several ids were given, a list: of each its `id`, `ok`, and `result` or `error`. In a dry run,
    /// `{"dry_run": true, "requests": [..]}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<Value>,
    /// Why not all of it was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ActionError>,
    /// Whether nothing had to be changed.
    #[serde(default, skip_serializing_if = "is_false")]
    pub already: bool,
    /// Whether a listing was cut at `maximum`, and there is more.
    #[serde(default, skip_serializing_if = "is_false")]
    pub more: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
fn is_false(flag: &bool) -> bool {
    !flag
}

/// Why something was not done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActionError {
    /// What kind of trouble it is.
    pub kind: ErrorKind,
    /// PagerDuty's own code, e.g. 2001; null if it has not said one.
    pub code: Option<u32>,
    /// What is wrong, and what to do about it.
    pub message: String,
    /// What else is wrong, a sentence each.
    pub errors: Vec<String>,
    /// The HTTP status of PagerDuty's answer; null if there is none.
    pub http_status: Option<u16>,
    /// After how many seconds it makes sense to ask again, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_s: Option<u64>,
}

/// What kind of trouble it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// There is no action of this name.
    UnknownAction,
    /// The input is not what the action's schema says. Nothing was sent.
    InvalidInput,
    /// A key fits no incident, or more than one.
    NotOneIncident,
    /// Some of several were not done; each says for itself.
    Partial,
    /// PagerDuty was not reached. Nothing was done.
    Unreachable,
    /// No usable answer: it may or may not have been done. Look before repeating.
    Unknown,
    /// Too much is sent. Not done.
    RateLimited,
    /// PagerDuty is in trouble. Try again later.
    Unavailable,
    /// There is no such object, or the credential may not see it.
    NotFound,
    /// The credential is wrong or missing.
    Unauthorized,
    /// The credential or the account's plan does not allow it.
    Forbidden,
    /// There is no valid user in whose name it would be done.
    UnknownRequester,
    /// PagerDuty will never accept it as it is.
    Refused,
    /// Whoever asks may not do this here. Nothing was sent.
    NotAllowed,
    /// Whoever asks has done this as often as is allowed for now. Nothing was sent.
    CapReached,
    /// The same was asked for before, and has not ended, or nobody knows how. Nothing was sent this time.
    InProgress,
}

impl Outcome {
    /// Ends a run of which nothing was done.
    pub fn failed(error: ActionError) -> Self {
        Self { ok: false, result: None, error: Some(error), already: false, more: false }
    }
}

impl ActionError {
    /// An error that PagerDuty has said nothing about.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, code: None, message: message.into(), errors: Vec::new(), http_status: None, retry_after_s: None }
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidInput, message)
    }
}

impl From<Error> for ActionError {
    fn from(error: Error) -> Self {
        let kind = kind(&error);
        match error {
            Error::Response(response) => Self {
                kind,
                code: response.code,
                message: message(kind, &response.message, response.status),
                errors: response.errors,
                http_status: Some(response.status),
                retry_after_s: None,
            },
            Error::Undecodable { status, .. } => {
                Self { http_status: Some(status), ..Self::new(kind, error.to_string()) }
            }
            other => Self::new(kind, other.to_string()),
        }
    }
}

fn kind(error: &Error) -> ErrorKind {
    match (error.class(), error) {
        (_, Error::Invalid { .. }) => ErrorKind::InvalidInput,
        (_, Error::NotSent { .. }) => ErrorKind::Unreachable,
        (_, Error::Unknown { .. } | Error::Undecodable { .. }) | (Class::ReadBack, _) => ErrorKind::Unknown,
        (Class::Retry { .. }, _) => ErrorKind::Unavailable,
        (Class::RateLimited { .. }, _) => ErrorKind::RateLimited,
        (Class::NotFound, _) => ErrorKind::NotFound,
        (Class::Unauthorized, _) => ErrorKind::Unauthorized,
        (Class::Forbidden, _) => ErrorKind::Forbidden,
        (Class::UnknownRequester, _) => ErrorKind::UnknownRequester,
        (Class::Duplicate | Class::AlreadyResolved | Class::AlreadyAcknowledged | Class::Permanent, _) => {
            ErrorKind::Refused
        }
    }
}

/// Adds what to do, where that is known.
fn message(kind: ErrorKind, said: &str, status: u16) -> String {
    let said = if said.is_empty() { format!("PagerDuty answered {status}") } else { said.to_owned() };
    match kind {
        ErrorKind::Unauthorized => format!("{said}; check the API token or routing key"),
        ErrorKind::UnknownRequester => {
            format!("{said}; give the e-mail address of a user of the account as `from_email`")
        }
        ErrorKind::NotFound => format!("{said}: there is no such object, or the token may not see it"),
        ErrorKind::Unknown => format!("{said}; it may have been done all the same, look before repeating it"),
        _ => said,
    }
}
