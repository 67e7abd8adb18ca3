//! What operators were told and is not over, and what they should have been told by now.

use pagebridge_core::{Class, Incident, Role, Status, SystemName, Timestamp};
use pagebridge_ports::{LaneFilter, OPERATOR, Store, StoreError};

/// More are neither listed nor counted: nobody reads on.
const ALARMS_MAX: usize = 1_000;

/// Incidents that must page and are not known to have done so past their deadline, and those with deliveries that cannot
/// be made; up to [`ALARMS_MAX`].
pub(crate) async fn alarms(store: &dyn Store, now: Timestamp) -> Result<Vec<Incident>, StoreError> {
    let filter = LaneFilter { system: Some(SystemName::new(OPERATOR)), limit: ALARMS_MAX, ..LaneFilter::default() };
    let mut alarms = Vec::new();
    for lane in store.lanes(filter).await? {
        // A reminder waits in the normal class; what is still before its deadline is no alarm.
        if lane.due <= now || lane.class == Class::Normal {
            alarms.extend(store.incident(lane.incident).await?.filter(is_alarming));
        }
    }
    Ok(alarms)
}

/// Not one of which operators only have to be told that it is over.
fn is_alarming(incident: &Incident) -> bool {
    let wanted = |l: &pagebridge_core::Link| l.role == Role::Operator && l.want == Some(Status::Triggered);
    incident.links.iter().any(wanted)
}
