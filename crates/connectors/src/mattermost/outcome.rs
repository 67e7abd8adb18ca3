//! The one table that says what a failed call means.

use super::Mattermost;
use super::client::Failure;
use crate::chat::client::Failure as Lost;
use crate::outcome::{Doing, SETTING_WAIT_MS, asked_wait_ms, later, rejected, unanswered};
use pagebridge_core::Outcome;

impl Mattermost {
    pub(super) fn failed(&self, failure: &Failure, doing: Doing) -> Outcome {
        let reason = failure.to_string();
        match failure {
            Failure::Lost(Lost::NotSent(_)) => later(None, reason),
            Failure::Lost(Lost::Unknown(_)) | Failure::Undecodable(_) => unanswered(doing, None, reason),
            Failure::Refused { status, id, wait_ms, .. } => self.refused(*status, id, *wait_ms, doing, reason),
        }
    }

    fn refused(&self, status: u16, id: &str, wait_ms: Option<u64>, doing: Doing, reason: String) -> Outcome {
        let wait_ms = wait_ms.and_then(asked_wait_ms);
        let system = &self.settings.system;
        let setting = |remedy: &str| later(Some(SETTING_WAIT_MS), format!("{reason}; {remedy} of system `{system}`"));
        match status {
            429 | 503 => later(wait_ms, reason),
            401 => setting("check bot_token"),
            403 => setting("take the bot into the channel and let it post there: check channel_id"),
            300..=399 | 407 => setting("check api_url and the proxy"),
            404 if id.is_empty() => setting("this is not Mattermost's API: check api_url"),
            404 => setting("check channel_id"),
            408 | 500.. => unanswered(doing, wait_ms, reason),
            _ => rejected(reason, "report this as a bug of Pagebridge, then release"),
        }
    }
}

/// Whether somebody has deleted the post that was to be written to: there is nothing left to be told then.
pub(super) fn is_gone(failure: &Failure) -> bool {
    match failure {
        Failure::Refused { status: 404, id, .. } => id.starts_with("app.post.") || id.starts_with("store.sql_post."),
        Failure::Refused { status: 400, id, .. } => id.contains("root_id"),
        _ => false,
    }
}
