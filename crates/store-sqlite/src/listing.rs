//! Reading for people and for the engine's timers.

use crate::error::Failure;
use crate::lanes::{self, LEASED};
use crate::state;
use crate::systems::{self, Systems};
use crate::totals::Totals;
use pagebridge_core::{Class, Incident, IncidentId, Lane, LaneState, SystemName, Timestamp};
use pagebridge_ports::{Counts, EntryFilter, IncidentFilter, JournalRow, Kept, LaneCount, LaneFilter};
use rusqlite::{Connection, Row, params};

/// The state of one incident.
pub(crate) fn incident(conn: &Connection, id: IncidentId) -> Result<Option<Incident>, Failure> {
    let Some(row) = state::row(conn, id)? else { return Ok(None) };
    state::replay(conn, id, &row).map(|(incident, _)| Some(incident))
}

/// Incidents, newest first.
pub(crate) fn incidents(conn: &Connection, filter: &IncidentFilter) -> Result<Vec<Incident>, Failure> {
    let mut wheres = vec!["id < ?1"];
    if filter.dead_letters {
        wheres.push("dead_letters = 1");
    }
    if filter.quarantined {
        wheres.push("quarantined = 1");
    }
    // The plus keeps the planner from the larger index when a smaller one is there.
    let rare = filter.dead_letters || filter.quarantined;
    wheres.extend(match (filter.open, rare) {
        (Some(true), false) => Some("open = 1"),
        (Some(true), true) => Some("+open = 1"),
        (Some(false), _) => Some("+open = 0"),
        (None, _) => None,
    });
    let sql =
        format!("SELECT id, version, last FROM incidents WHERE {} ORDER BY id DESC LIMIT ?2", wheres.join(" AND "));
    let before = filter.before.map_or(i64::MAX, |id| id.0);
    let mut statement = conn.prepare_cached(&sql)?;
    let mut rows = statement.query(params![before, limit(filter.limit)])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let id = IncidentId(row.get(0)?);
        let row = state::Row { version: row.get(1)?, last: row.get(2)?, lanes: String::new() };
        found.push(state::replay(conn, id, &row)?.0);
    }
    Ok(found)
}

/// Kept values, in order of their names.
pub(crate) fn kept(conn: &Connection) -> Result<Vec<(String, Kept)>, Failure> {
    let mut statement = conn.prepare_cached("SELECT name, value FROM kept ORDER BY name")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, Kept::read(row.get(1)?))))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Journal entries, oldest first.
pub(crate) fn entries(conn: &Connection, filter: &EntryFilter) -> Result<Vec<JournalRow>, Failure> {
    match filter.incident {
        Some(id) => entries_of(conn, id, filter),
        None => entries_of_all(conn, filter),
    }
}

/// Follows one incident's chain from its last entry backwards.
fn entries_of(conn: &Connection, id: IncidentId, filter: &EntryFilter) -> Result<Vec<JournalRow>, Failure> {
    let mut found = Vec::new();
    let mut seq = state::row(conn, id)?.map_or(0, |row| row.last);
    while seq > filter.after.unwrap_or(0) {
        let (prev, entry) = state::link(conn, id, seq)?;
        let row = JournalRow { seq, incident: id, entry };
        if filter.keeps(&row) {
            found.push(row);
        }
        if filter.after.is_none() && found.len() >= filter.limit {
            break;
        }
        seq = prev;
    }
    found.reverse();
    found.truncate(filter.limit);
    Ok(found)
}

fn entries_of_all(conn: &Connection, filter: &EntryFilter) -> Result<Vec<JournalRow>, Failure> {
    let totals = Totals::load(conn)?;
    let (mut low, mut high) = (filter.after.unwrap_or(0).saturating_add(1), totals.entries);
    if let Some(since) = filter.since {
        low = low.max(first_reaching(conn, since.plus_ms(-totals.lateness_ms), totals.entries)?);
    }
    if let Some(until) = filter.until {
        high = high.min(first_reaching(conn, until.plus_ms(totals.lateness_ms), totals.entries)? - 1);
    }
    let order = if filter.after.is_some() { "" } else { "DESC" };
    let sql = format!(
        "SELECT seq, incident, entry FROM journal WHERE seq BETWEEN ?1 AND ?2 AND (?3 IS NULL OR at >= ?3)
         AND (?4 IS NULL OR at < ?4) ORDER BY seq {order} LIMIT ?5"
    );
    let mut statement = conn.prepare_cached(&sql)?;
    let (since, until) = (filter.since.map(|t| t.0), filter.until.map(|t| t.0));
    let mut rows = statement.query(params![low, high, since, until, limit(filter.limit)])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(journal_row(row)?);
    }
    if filter.after.is_none() {
        found.reverse();
    }
    Ok(found)
}

fn journal_row(row: &Row<'_>) -> Result<JournalRow, Failure> {
    let (seq, incident) = (row.get(0)?, IncidentId(row.get(1)?));
    let json = row.get_ref(2)?.as_str().map_err(|e| Failure::unreadable(incident, e))?;
    let entry = serde_json::from_str(json).map_err(|e| Failure::unreadable(incident, e))?;
    Ok(JournalRow { seq, incident, entry })
}

/// Halves the journal to find a place whose entry is at or after a time while the one before it is not.
///
/// Times in the journal go back by at most the lateness. So all entries before that place are before `at` plus the
/// lateness, and all from there on are not before `at` less the lateness.
fn first_reaching(conn: &Connection, at: Timestamp, last: i64) -> rusqlite::Result<i64> {
    let mut statement = conn.prepare_cached("SELECT at FROM journal WHERE seq = ?1")?;
    let (mut low, mut high) = (1, last + 1);
    while low < high {
        let middle = low + (high - low) / 2;
        let there: i64 = statement.query_row([middle], |row| row.get(0))?;
        if there >= at.0 {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    Ok(low)
}

/// Rows of the outbox, soonest first.
pub(crate) fn lanes(conn: &Connection, filter: &LaneFilter) -> Result<Vec<Lane>, Failure> {
    let systems = Systems::load(conn)?;
    let mut found = Vec::new();
    if let Some(id) = filter.incident {
        if let Some(row) = state::row(conn, id)? {
            found = state::lanes_of(&row, id, &systems)?;
        }
    } else {
        for name in systems.names().iter().filter(|name| filter.system.as_ref().is_none_or(|s| s == *name)) {
            for class in Class::ALL {
                found.extend(queued(conn, &systems, name, class, filter.limit)?);
            }
        }
    }
    found.retain(|lane| filter.keeps(lane));
    found.sort_by(|a, b| (a.due, a.incident, &a.system).cmp(&(b.due, b.incident, &b.system)));
    found.truncate(filter.limit);
    Ok(found)
}

/// The first lanes of one system and class, waiting and leased.
fn queued(
    conn: &Connection,
    systems: &Systems,
    system: &SystemName,
    class: Class,
    most: usize,
) -> Result<Vec<Lane>, Failure> {
    let number = systems.number(system);
    let lane = |incident, due, state| Lane {
        incident: IncidentId(incident),
        system: system.clone(),
        class,
        due: Timestamp(due),
        state,
    };
    let waiting = "SELECT incident, at FROM queue WHERE system = ?1 AND stage = ?2 ORDER BY at, incident LIMIT ?3";
    let mut waiting = conn.prepare_cached(waiting)?;
    let waiting = waiting.query_map(params![number, class.as_i64(), limit(most)], |row| {
        Ok(lane(row.get(0)?, row.get(1)?, LaneState::Waiting))
    })?;
    let mut found = waiting.collect::<rusqlite::Result<Vec<Lane>>>()?;
    let leased = "SELECT incident, due, token, at, since FROM queue WHERE system = ?1 AND stage = ?2 AND class = ?3
                  ORDER BY due, incident LIMIT ?4";
    let mut leased = conn.prepare_cached(leased)?;
    let leased = leased.query_map(params![number, LEASED, class.as_i64(), limit(most)], |row| {
        let state = lanes::leased(row.get(2)?, row.get(3)?, row.get(4)?);
        Ok(lane(row.get(0)?, row.get(1)?, state))
    })?;
    for lane in leased {
        found.push(lane?);
    }
    Ok(found)
}

/// When the next lane of a system is due or its lease runs out.
pub(crate) fn next_due(conn: &Connection, system: &SystemName) -> Result<Option<Timestamp>, Failure> {
    let Some(number) = systems::number(conn, system)? else { return Ok(None) };
    let mut statement = conn.prepare_cached("SELECT min(at) FROM queue WHERE system = ?1 AND stage = ?2")?;
    let mut next: Option<Timestamp> = None;
    for stage in Class::ALL.map(Class::as_i64).into_iter().chain([LEASED]) {
        let first: Option<i64> = statement.query_row([number, stage], |row| row.get(0))?;
        next = next.into_iter().chain(first.map(Timestamp)).min();
    }
    Ok(next)
}

/// Figures of the whole store: the totals, and the first of each queue.
pub(crate) fn counts(conn: &Connection) -> Result<Counts, Failure> {
    let (totals, systems) = (Totals::load(conn)?, Systems::load(conn)?);
    let mut lanes = Vec::new();
    for &(number, class, count) in totals.lanes.iter().filter(|(_, _, count)| *count > 0) {
        let (Some(system), Some(class)) = (systems.name(number), Class::from_i64(class)) else { continue };
        let first = queued(conn, &systems, system, class, 1)?;
        let oldest_due = first.iter().map(|l| l.due).min();
        lanes.push(LaneCount { system: system.clone(), class, count: count.unsigned_abs(), oldest_due });
    }
    lanes.sort_by(|a, b| (&a.system, a.class).cmp(&(&b.system, b.class)));
    Ok(Counts {
        incidents: totals.incidents.unsigned_abs(),
        open: totals.open.unsigned_abs(),
        entries: totals.entries.unsigned_abs(),
        with_dead_letters: totals.dead_letters.unsigned_abs(),
        quarantined: totals.quarantined.unsigned_abs(),
        lanes,
    })
}

fn limit(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
