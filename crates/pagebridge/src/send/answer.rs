//! What became of an event.

use crate::api::reason;
use pagerduty::{Class, Error};

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Taken.
    Delivered,
    /// Will never be taken as it is.
    Refused(String),
    /// May be taken later.
    Later {
        /// What happened.
        why: String,
        /// Whether the receiver only asks for less with this routing key.
        throttled: bool,
    },
}

/// What became of an event in the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Taken.
    Delivered,
    /// Will never be taken as it is.
    Refused(String),
    /// In the spool, with what happened.
    Spooled(String),
    /// Neither taken nor kept.
    Lost(String),
}

impl Answer {
    /// What becomes of an event that is not kept anywhere.
    pub(crate) fn or_lost(self) -> Fate {
        match self {
            Self::Delivered => Fate::Delivered,
            Self::Refused(why) => Fate::Refused(why),
            Self::Later { why, .. } => Fate::Lost(why),
        }
    }
}

/// What a failed call means. Only an answer can refuse; what PagerDuty does not document as "again later" is refused for good.
pub(crate) fn judged(error: &Error, url: &str) -> Answer {
    let later = |why| Answer::Later { why, throttled: false };
    match error {
        Error::Invalid { problem } => Answer::Refused(format!("it cannot be sent: {problem}")),
        Error::NotSent { source } => later(format!("cannot reach {url}: {}", reason(source))),
        Error::Unknown { source, .. } => later(format!("no answer from {url}: {}", reason(source))),
        Error::Undecodable { status, problem, .. } => {
            later(format!("something else answers at {url} (status {status}): {problem}"))
        }
        Error::Response(response) => {
            let words = std::iter::once(response.message.as_str())
                .chain(response.errors.iter().map(String::as_str).filter(|text| *text != response.message))
                .filter(|text| !text.is_empty());
            let words: String = words.map(|text| format!(": {text}")).collect();
            let why = format!("{url} answered {}{words}", response.status);
            match (response.class(), response.status) {
                (Class::RateLimited { .. }, _) => Answer::Later { why, throttled: true },
                (_, 408 | 500..) => later(why),
                _ => Answer::Refused(why),
            }
        }
    }
}
