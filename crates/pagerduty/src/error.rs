//! What can go wrong with a call, and what to do about it.

use crate::call::Effect;
use crate::rate_limit::{RateLimit, Wait};

/// Why a call did not give its answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The call cannot be made from its arguments; surely not applied.
    #[error("the call cannot be sent: {problem}")]
    Invalid {
        /// What is wrong with it.
        problem: String,
    },
    /// The far side was not reached (no connection, name not found, TLS refused); surely not applied.
    #[error("could not reach PagerDuty, nothing was sent")]
    NotSent {
        /// What the transport says.
        source: reqwest::Error,
    },
    /// The connection was up, but no whole answer came (time-out, reset); may or may not be applied.
    #[error("no answer from PagerDuty, the call may have been applied")]
    Unknown {
        /// What sending it twice does.
        effect: Effect,
        /// What the transport says.
        source: reqwest::Error,
    },
    /// PagerDuty answered with an error.
    #[error(transparent)]
    Response(Box<ResponseError>),
    /// The status says success, but the body is not what it should be: applied, as far as can be told.
    #[error("the answer with status {status} could not be read: {problem}")]
    Undecodable {
        /// HTTP status.
        status: u16,
        /// What is wrong with the body.
        problem: String,
        /// What sending the call twice does.
        effect: Effect,
        /// PagerDuty's name for this request, for its support.
        request_id: Option<String>,
    },
}

/// An answer with an error status.
#[derive(Clone, Debug, thiserror::Error)]
#[error("PagerDuty answered {status}{}{}", self.code_text(), self.detail())]
pub struct ResponseError {
    /// HTTP status.
    pub status: u16,
    /// PagerDuty's own error code, e.g. 2001.
    pub code: Option<u32>,
    /// The main sentence; may be empty.
    pub message: String,
    /// Further sentences; each list and object of the answer is flattened into them.
    pub errors: Vec<String>,
    /// How long the far side asks to wait: `Retry-After`, or on 429 the reset of the rate limit.
    pub retry_after: Option<Wait>,
    /// The rate limit of the credential at that time.
    pub rate_limit: RateLimit,
    /// PagerDuty's name for this request, for its support.
    pub request_id: Option<String>,
    /// What sending the call twice does.
    pub effect: Effect,
    /// Whether the status is the one by which this API says that too much is sent: 429, but 403 for the Events API v1.
    pub throttled: bool,
}

/// What a failure means for the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Not applied, or harmless to repeat as it is: send it again later.
    Retry {
        /// How long the far side asks to wait, if it does.
        wait: Option<Wait>,
    },
    /// Throttled, not applied: send it again later.
    RateLimited {
        /// How long the far side asks to wait, if it says.
        wait: Option<Wait>,
    },
    /// Perhaps applied: look at the far side before sending it again.
    ReadBack,
    /// `POST /incidents` met an open incident with the same key: look it up and adopt it.
    Duplicate,
    /// The incident is resolved already (code 1001).
    AlreadyResolved,
    /// The incident is acknowledged already (code 1002).
    AlreadyAcknowledged,
    /// There is no such object, or the credential may not see it.
    NotFound,
    /// The token or routing key is wrong or missing.
    Unauthorized,
    /// The credential or the account's plan does not allow this.
    Forbidden,
    /// The `From` address is missing or not a user of the account: fix it, or send in another user's name.
    UnknownRequester,
    /// Will never be accepted as it is.
    Permanent,
}

impl Error {
    /// Tells what the failure means.
    ///
    /// A write that was sent without a usable answer is [`Class::ReadBack`] even where a repeat would be harmless
    /// ([`Error::effect`] tells), so that nobody takes it for "not applied".
    pub fn class(&self) -> Class {
        match self {
            Self::Invalid { .. } => Class::Permanent,
            Self::NotSent { .. } => Class::Retry { wait: None },
            Self::Unknown { effect, .. } | Self::Undecodable { effect, .. } => match effect {
                Effect::Read => Class::Retry { wait: None },
                Effect::Repeatable | Effect::Once => Class::ReadBack,
            },
            Self::Response(response) => response.class(),
        }
    }

    /// Tells what sending the call twice does; `None` when it was surely not applied.
    pub fn effect(&self) -> Option<Effect> {
        match self {
            Self::Invalid { .. } | Self::NotSent { .. } => None,
            Self::Unknown { effect, .. } | Self::Undecodable { effect, .. } => Some(*effect),
            Self::Response(response) => Some(response.effect),
        }
    }

    /// Tells whether the call ended because time ran out.
    pub fn is_timeout(&self) -> bool {
        match self {
            Self::NotSent { source } | Self::Unknown { source, .. } => source.is_timeout(),
            _ => false,
        }
    }

    /// Gives the error answer, if that is what came.
    pub fn response(&self) -> Option<&ResponseError> {
        match self {
            Self::Response(response) => Some(response),
            _ => None,
        }
    }
}

impl ResponseError {
    /// Tells what the answer means. PagerDuty's code goes first, since one status has many meanings.
    pub fn class(&self) -> Class {
        match (self.status, self.code) {
            _ if self.throttled => Class::RateLimited { wait: self.retry_after },
            (429, _) | (_, Some(2020)) => Class::RateLimited { wait: self.retry_after },
            (408 | 500.., _) => self.server_trouble(),
            (_, Some(1001)) => Class::AlreadyResolved,
            (_, Some(1002)) => Class::AlreadyAcknowledged,
            (_, Some(1008)) => Class::UnknownRequester,
            (401, _) | (_, Some(2006)) => Class::Unauthorized,
            (402 | 403, _) | (_, Some(1018 | 2010 | 2012 | 2014)) => Class::Forbidden,
            (404, _) | (_, Some(2100 | 5001 | 5002)) => Class::NotFound,
            _ => self.class_by_words(),
        }
    }

    /// A gateway may report trouble for a call that went through behind it, so only what may be repeated is.
    fn server_trouble(&self) -> Class {
        match self.effect {
            Effect::Read | Effect::Repeatable => Class::Retry { wait: self.retry_after },
            Effect::Once => Class::ReadBack,
        }
    }

    /// Three refusals can only be told from others with the same code by what they say.
    fn class_by_words(&self) -> Class {
        if self.says("matching dedup key already exists") {
            Class::Duplicate
        } else if self.says("\"From\" header") {
            Class::UnknownRequester
        } else if self.says("Invalid routing key") || self.says("'routing_key'") {
            Class::Unauthorized
        } else {
            Class::Permanent
        }
    }

    fn says(&self, words: &str) -> bool {
        let words = words.to_lowercase();
        std::iter::once(&self.message).chain(&self.errors).any(|text| text.to_lowercase().contains(&words))
    }

    fn code_text(&self) -> String {
        self.code.map_or_else(String::new, |code| format!(" (code {code})"))
    }

    fn detail(&self) -> String {
        let texts = std::iter::once(self.message.as_str())
            .chain(self.errors.iter().map(String::as_str).filter(|&error| error != self.message))
            .filter(|text| !text.is_empty());
        texts.map(|text| format!(": {text}")).collect()
    }
}
