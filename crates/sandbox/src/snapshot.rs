//! Everything that a sandbox holds, at one moment.

use jiff::Timestamp;
use serde::Serialize;

use crate::chat::{MattermostSnapshot, SlackSnapshot, TeamsSnapshot};
use crate::faults::{Fault, FaultId};
use crate::netbox::NetBoxSnapshot;
use crate::opsgenie::OpsgenieSnapshot;
use crate::pagerduty::PagerDutySnapshot;

/// Everything that a sandbox holds.
#[derive(Debug, Clone, Serialize)]
pub struct Snapshot {
    /// The sandbox's time.
    pub now: Timestamp,
    /// What PagerDuty holds.
    pub pagerduty: PagerDutySnapshot,
    /// What Opsgenie holds.
    pub opsgenie: OpsgenieSnapshot,
    /// What NetBox holds.
    pub netbox: NetBoxSnapshot,
    /// What Slack holds.
    pub slack: SlackSnapshot,
    /// What Mattermost holds.
    pub mattermost: MattermostSnapshot,
    /// What was posted in Teams.
    pub teams: TeamsSnapshot,
    /// The faults in force.
    pub faults: Vec<ActiveFault>,
}

/// A fault in force.
#[derive(Debug, Clone, Serialize)]
pub struct ActiveFault {
    /// Its id.
    pub id: FaultId,
    /// How often it has hit.
    pub hits: u64,
    /// What it does; `count` is what is left.
    #[serde(flatten)]
    pub fault: Fault,
}
