//! The account that actions are run in.

use pagebridge_actions::Caller;
use pagerduty::{Retrying, Secret};

/// The account that actions are run in, and what is taken where an input leaves it out.
#[derive(Clone, Debug)]
pub struct Account {
    /// Who sends.
    pub sender: Retrying,
    /// The e-mail address of the user in whose name actions are done that nobody else's name is known for.
    pub from: Option<String>,
    /// The routing key of events.
    pub routing_key: Option<Secret>,
    /// The routing key of change events; the one of events if there is none.
    pub change_routing_key: Option<Secret>,
    /// The key of events of version 1; the one of events if there is none.
    pub service_key: Option<Secret>,
}

impl Account {
    /// Makes what one run needs.
    pub(crate) fn caller(&self, from: Option<&str>, now_unix_ms: i64, dry_run: bool) -> Caller {
        Caller {
            from: from.map(str::to_owned).or_else(|| self.from.clone()),
            routing_key: self.routing_key.clone(),
            change_routing_key: self.change_routing_key.clone(),
            service_key: self.service_key.clone(),
            dry_run,
            ..Caller::new(self.sender.clone(), now_unix_ms)
        }
    }
}
