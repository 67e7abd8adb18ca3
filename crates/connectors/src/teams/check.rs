//! What can be said of a Workflow without posting a card: whether its address can be one.

use super::Teams;
use pagebridge_ports::{Check, CheckResult};

impl Teams {
    pub(super) async fn look_around(&self) -> Vec<Check> {
        let url = self.client.base();
        let is_signed = url.query_pairs().any(|(name, value)| name == "sig" && !value.is_empty());
        let (result, detail, remedy) = match is_signed {
            true => (
                CheckResult::Ok,
                "has the shape of a Workflow's address; whether it works shows with the first card",
                "",
            ),
            false => (
                CheckResult::Warning,
                "carries no `sig`, so it may not be the address of a Workflow",
                "copy it whole from the trigger of the Workflow; the old connectors are retired",
            ),
        };
        vec![Check::new(&self.settings.system, "workflow", result, detail, remedy)]
    }
}
