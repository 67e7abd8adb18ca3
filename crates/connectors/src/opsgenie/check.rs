//! Looks whether everything that deliveries need is set up at Opsgenie.

use super::Opsgenie;
use super::client::Failure;
use super::wire::Envelope;
use crate::outcome::Doing;
use pagebridge_core::Outcome;
use pagebridge_ports::{Check, CheckResult};
use serde::de::IgnoredAny;

/// The vendor's announced last day of the REST API: 5 April 2027.
const END_OF_LIFE_MS: i64 = 1_806_883_200_000;

/// From so long before that day on a person is told, in milliseconds: half a year.
const END_OF_LIFE_NOTICE_MS: i64 = 182 * 24 * 3_600_000;

impl Opsgenie {
    pub(super) async fn look_around(&self) -> Vec<Check> {
        let mut checks = vec![self.check_key().await, self.check_integration(), self.check_secret()];
        checks.extend(self.check_end_of_life());
        checks
    }

    async fn check_key(&self) -> Check {
        match self.client.get::<Envelope<Vec<IgnoredAny>>>(&[], &[("limit", "1")]).await {
            Ok(_) => self.found(
                "API key",
                CheckResult::Ok,
                "alerts can be read; the key of a team's integration reads only that team's",
                "",
            ),
            Err(failure) => {
                let remedy = match &failure {
                    Failure::Answer(answer) if matches!(answer.status, 401 | 403) => {
                        "set api_key to the key of an API integration that may read, create and update alerts, and api_url to its region"
                    }
                    Failure::NotSent(_) => "check api_url, name resolution, the firewall and the proxy",
                    Failure::Answer(answer) if answer.status == 429 => "wait a minute and try again",
                    _ => "check api_url, or try again later",
                };
                let detail = match self.failed(&failure, Doing::Read) {
                    Outcome::NotApplied { reason, .. } => reason,
                    _ => failure.to_string(),
                };
                self.found("API key", CheckResult::Failed, &detail, remedy)
            }
        }
    }

    fn check_integration(&self) -> Check {
        match &self.settings.integration_id {
            Some(id) => self.found("integration", CheckResult::Ok, &format!("only webhooks of `{id}` are taken"), ""),
            None => self.found(
                "integration",
                CheckResult::Warning,
                "webhooks of every integration are taken",
                "set integration_id to the id of the Webhook integration that posts here",
            ),
        }
    }

    fn check_secret(&self) -> Check {
        if self.settings.webhook_secrets.is_empty() {
            return self.found(
                "webhook secret",
                CheckResult::Warning,
                "anybody who reaches this address can send webhooks, since Opsgenie does not sign them",
                "add a custom header with a secret to the Webhook integration, and set it here",
            );
        }
        self.found("webhook secret", CheckResult::Ok, "webhooks must carry a secret", "")
    }

    /// Only the vendor's own hosts come to an end; a successor's address is another.
    fn check_end_of_life(&self) -> Option<Check> {
        self.web_url.as_ref()?;
        let left_ms = END_OF_LIFE_MS - self.clock.now().0;
        if left_ms > END_OF_LIFE_NOTICE_MS {
            return None;
        }
        Some(self.found(
            "end of Opsgenie",
            CheckResult::Warning,
            "the vendor ends the service on 5 April 2027, and 120 days after a migration",
            "plan the move to its successor; api_url can be set to that",
        ))
    }

    fn found(&self, name: &str, result: CheckResult, detail: &str, remedy: &str) -> Check {
        Check::new(&self.settings.system, name, result, detail, remedy)
    }
}
