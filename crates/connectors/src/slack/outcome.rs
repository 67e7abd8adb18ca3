//! The one table that says what a failed call means.

use super::Slack;
use super::client::Failure;
use crate::chat::client::Failure as Lost;
use crate::outcome::{Doing, SETTING_WAIT_MS, asked_wait_ms, later, rejected, unanswered};
use pagebridge_core::Outcome;

impl Slack {
    pub(super) fn failed(&self, failure: &Failure, doing: Doing) -> Outcome {
        let reason = failure.to_string();
        match failure {
            Failure::Lost(Lost::NotSent(_)) => later(None, reason),
            Failure::Lost(Lost::Unknown(_)) => unanswered(doing, None, reason),
            Failure::Undecodable { status, wait_ms } => {
                let wait_ms = wait_ms.and_then(asked_wait_ms);
                match status {
                    429 | 503 => later(wait_ms, reason),
                    300..=399 | 404 | 407 => {
                        later(Some(SETTING_WAIT_MS), self.setting(&reason, "check api_url and the proxy"))
                    }
                    _ => unanswered(doing, wait_ms, reason),
                }
            }
            Failure::Refused { error, wait_ms, .. } => self.refused(error, *wait_ms, doing, reason),
        }
    }

    fn refused(&self, error: &str, wait_ms: Option<u64>, doing: Doing, reason: String) -> Outcome {
        let wait_ms = wait_ms.and_then(asked_wait_ms);
        let setting = |remedy: &str| later(Some(SETTING_WAIT_MS), self.setting(&reason, remedy));
        match error {
            "ratelimited" | "rate_limited" | "message_limit_exceeded" => later(wait_ms, reason),
            "service_unavailable" => later(wait_ms, reason),
            // They may come after the message was made.
            "fatal_error" | "internal_error" | "request_timeout" => unanswered(doing, wait_ms, reason),
            "channel_not_found" => setting("check channel (its id, not its name), and invite the bot if it is private"),
            "not_in_channel" => setting("invite the bot into the channel"),
            "is_archived" => setting("open the channel again, or set channel to another one"),
            "missing_scope" => setting("give the app the scope and install it again"),
            "not_authed"
            | "invalid_auth"
            | "account_inactive"
            | "token_revoked"
            | "token_expired"
            | "no_permission"
            | "not_allowed_token_type"
            | "org_login_required"
            | "ekm_access_denied"
            | "team_access_not_granted"
            | "access_denied"
            | "restricted_action"
            | "restricted_action_read_only_channel" => {
                setting("check bot_token and what the app may do in this channel")
            }
            _ => rejected(reason, "report this as a bug of Pagebridge, then release"),
        }
    }

    fn setting(&self, reason: &str, remedy: &str) -> String {
        format!("{reason}; {remedy} of system `{}`", self.settings.system)
    }
}

/// Whether somebody has deleted the message that was to be written to: there is nothing left to be told then.
pub(super) fn is_gone(failure: &Failure) -> bool {
    let gone = [
        "message_not_found",
        "thread_not_found",
        "cant_update_message",
        "edit_window_closed",
        "cannot_reply_to_message",
    ];
    matches!(failure, Failure::Refused { error, .. } if gone.contains(&error.as_str()))
}
