//! What can be said of the settings. The account itself (token, user, services, who is on call, subscriptions that others made) is
//! looked at by the crate `account`.

use super::PagerDuty;
use pagebridge_ports::{Check, CheckResult};

impl PagerDuty {
    pub(super) fn look_around(&self) -> Vec<Check> {
        // What the upkeep looks after, it also tells.
        if self.settings.webhook_url.is_some() { Vec::new() } else { vec![self.check_secret()] }
    }

    fn check_secret(&self) -> Check {
        const NAME: &str = "webhook secret";
        if self.settings.insecure {
            return self.warning(
                NAME,
                "unsigned webhooks are taken from anybody",
                "switch insecure off outside of tests",
            );
        }
        if self.settings.webhook_secrets.iter().all(|secret| secret.expose().is_empty()) {
            return self.warning(
                NAME,
                "none is set, so every webhook is refused",
                "set the secret that PagerDuty showed when the subscription was made",
            );
        }
        self.ok(NAME, "webhooks must be signed")
    }

    pub(super) fn ok(&self, name: &str, detail: &str) -> Check {
        self.found(name, CheckResult::Ok, detail, "")
    }

    pub(super) fn warning(&self, name: &str, detail: &str, remedy: &str) -> Check {
        self.found(name, CheckResult::Warning, detail, remedy)
    }

    fn found(&self, name: &str, result: CheckResult, detail: &str, remedy: &str) -> Check {
        Check::new(&self.settings.system, name, result, detail, remedy)
    }
}
