//! Carries out one delivery.

use super::{Teams, map};
use crate::chat::client::{Answer, Failure};
use crate::outcome::{Doing, SETTING_WAIT_MS, asked_wait_ms, holds, later, noted, rejected, unanswered};
use ::pagerduty::text::cut;
use http::Method;
use pagebridge_core::{Delivery, Outcome, RecordRef, Step};
use serde_json::Value;

/// The most of a refusal's code that is told, in characters.
const CODE_CHARS_MAX: usize = 100;

impl Teams {
    pub(super) async fn carry_out(&self, delivery: &Delivery) -> Outcome {
        match &delivery.step {
            Step::Create => self.create(delivery).await,
            // Nobody can look: what was perhaps posted is taken for posted.
            Step::Find => holds(Some(record(delivery)), delivery.status),
            Step::SetStatus { .. } => self.once(&map::status(delivery), holds(None, delivery.status)).await,
            Step::AddNote(_) => self.once(&map::note(delivery), noted(None)).await,
            // A card for everything that does not change the status would be too many.
            Step::Update { .. } | Step::Mark => holds(None, delivery.status),
        }
    }

    /// Posts the first card; once more when it is not known whether it was.
    async fn create(&self, delivery: &Delivery) -> Outcome {
        let posted = holds(Some(record(delivery)), delivery.status);
        match self.post(&map::status(delivery)).await {
            Ok(()) => posted,
            Err(Outcome::Unknown { .. }) if delivery.uncertain => posted,
            Err(outcome) => outcome,
        }
    }

    /// Posts a card that is not repeated when it is not known whether it was posted.
    async fn once(&self, card: &Value, posted: Outcome) -> Outcome {
        match self.post(card).await {
            Ok(()) | Err(Outcome::Unknown { .. }) => posted,
            Err(outcome) => outcome,
        }
    }

    async fn post(&self, card: &Value) -> Result<(), Outcome> {
        match self.client.send_json(Method::POST, &[], card).await {
            Ok(answer) if (200..300).contains(&answer.status) => Ok(()),
            Ok(answer) => Err(self.refused(&answer)),
            Err(failure @ Failure::NotSent(_)) => Err(later(None, failure.to_string())),
            Err(failure @ Failure::Unknown(_)) => Err(Outcome::Unknown { reason: failure.to_string() }),
        }
    }

    /// The one table that says what a refusal means.
    fn refused(&self, answer: &Answer) -> Outcome {
        let wait_ms = answer.wait_ms().and_then(asked_wait_ms);
        let code = cut(answer.body["error"]["code"].as_str().unwrap_or_default(), CODE_CHARS_MAX);
        let reason =
            format!("the Teams Workflow answered {}{}{code}", answer.status, if code.is_empty() { "" } else { ": " });
        let setting = || {
            let remedy = "check workflow_url, and whether the Workflow is switched on";
            later(Some(SETTING_WAIT_MS), format!("{reason}; {remedy} of system `{}`", self.settings.system))
        };
        match answer.status {
            429 | 503 => later(wait_ms, reason),
            300..=399 | 401 | 403 | 404 | 405 | 407 | 410 => setting(),
            408 | 500.. => unanswered(Doing::Create, wait_ms, reason),
            _ => rejected(reason, "report this as a bug of Pagebridge, then release"),
        }
    }
}

/// A Workflow names no messages, so the record is named by its incident.
fn record(delivery: &Delivery) -> RecordRef {
    RecordRef::id(&format!("{}:{}", delivery.system, delivery.incident))
}
