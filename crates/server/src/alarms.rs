//! What operators were told and is not over, and what they should have been told by now.

use pagebridge_core::{Class, IncidentId, SystemName, Timestamp};
use pagebridge_ports::{LaneFilter, OPERATOR, Store, StoreError};

/// More are not counted: nobody reads on.
const ALARMS_MAX: usize = 10_000;

/// Incidents that must page and are not known to have done so past their deadline, and those with deliveries that cannot
/// be made; up to [`ALARMS_MAX`].
pub(crate) async fn untold_or_lasting(store: &dyn Store, now: Timestamp) -> Result<Vec<IncidentId>, StoreError> {
    let filter = LaneFilter { system: Some(SystemName::new(OPERATOR)), limit: ALARMS_MAX, ..LaneFilter::default() };
    let lanes = store.lanes(filter).await?;
    // A reminder waits in the normal class; what is still before its deadline is no alarm.
    Ok(lanes.iter().filter(|l| l.due <= now || l.class == Class::Normal).map(|l| l.incident).collect())
}
