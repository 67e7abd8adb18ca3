//! What can be said of a routing key without paging anybody: nothing that only PagerDuty knows.

use super::Alerts;
use pagebridge_ports::{Check, CheckResult};

impl Alerts {
    pub(super) async fn look_around(&self) -> Vec<Check> {
        let ruleset = self.settings.routing_key.expose().starts_with('R');
        let detail = if ruleset {
            "has the shape of the key of a ruleset or orchestration, which takes alerts but no change events"
        } else {
            "has the shape of an integration key; whether PagerDuty knows it shows with the first event"
        };
        vec![Check {
            system: self.settings.system.clone(),
            name: "routing key".to_owned(),
            result: CheckResult::Ok,
            detail: detail.to_owned(),
            remedy: String::new(),
        }]
    }
}
