//! Rows of the outbox as the file holds them.

use crate::systems::Systems;
use pagebridge_core::{Class, IncidentId, Lane, LaneState, LeaseToken, Timestamp};
use std::fmt::Write;

/// Stage of leased lanes; those of waiting ones are the numbers of their classes.
pub(crate) const LEASED: i64 = 3;

/// Where a lane stands in the queue: its stage, and the time by which its stage is ordered.
pub(crate) fn place(lane: &Lane) -> (i64, Timestamp) {
    match lane.state {
        LaneState::Waiting => (lane.class.as_i64(), lane.due),
        LaneState::Leased { until, .. } => (LEASED, until),
    }
}

/// Writes an incident's lanes down, as its row keeps them.
pub(crate) fn write<'b>(lanes: &[Lane], systems: &Systems, buffer: &'b mut String) -> &'b str {
    buffer.clear();
    buffer.push('[');
    for (n, lane) in lanes.iter().enumerate() {
        let comma = if n == 0 { "" } else { "," };
        let system = systems.number(&lane.system).expect("a lane's system got its number before the lane");
        let (class, due) = (lane.class.as_i64(), lane.due.0);
        let written = match lane.state {
            LaneState::Waiting => write!(buffer, "{comma}[{system},{class},{due}]"),
            LaneState::Leased { token, until, since } => {
                write!(buffer, "{comma}[{system},{class},{due},{},{},{}]", token.0, until.0, since.0)
            }
        };
        written.expect("a string grows");
    }
    buffer.push(']');
    buffer
}

/// Reads them back; `None` when they are not what was written.
pub(crate) fn read(json: &str, incident: IncidentId, systems: &Systems) -> Option<Vec<Lane>> {
    let rows: Vec<Vec<i64>> = serde_json::from_str(json).ok()?;
    let lane = |row: Vec<i64>| {
        let (head, state) = match row[..] {
            [system, class, due] => ((system, class, due), LaneState::Waiting),
            [system, class, due, token, until, since] => ((system, class, due), leased(token, until, since)),
            _ => return None,
        };
        let (system, class, due) = (systems.name(head.0)?.clone(), Class::from_i64(head.1)?, Timestamp(head.2));
        Some(Lane { incident, system, class, due, state })
    };
    rows.into_iter().map(lane).collect()
}

pub(crate) fn leased(token: i64, until: i64, since: i64) -> LaneState {
    LaneState::Leased { token: LeaseToken(token), until: Timestamp(until), since: Timestamp(since) }
}
