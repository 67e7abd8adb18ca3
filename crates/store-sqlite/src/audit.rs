//! The audit trail.

use crate::error::Failure;
use pagebridge_core::Timestamp;
use pagebridge_ports::{AuditEnd, AuditFilter, AuditRow, Begun, CAP_WINDOW_MS, Cap, NewAudit, StoreError};
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::Value;

const COLUMNS: &str = "id, at, who, surface, action, input, key, dry_run, counts, ended_at, ok, outcome";

/// Writes down that a run is asked for, unless it is a repeat or there is no room.
pub(crate) fn begin(conn: &Connection, new: &NewAudit) -> Result<Begun, Failure> {
    if let Some(row) = new.key.as_deref().map(|key| with_key(conn, key)).transpose()?.flatten() {
        return Ok(Begun::Repeated(Box::new(row)));
    }
    for (place, cap) in new.caps.iter().enumerate() {
        if let Some(until) = cap.until(in_the_way(conn, cap, new.at)?, new.at) {
            return Ok(Begun::Full { cap: place, until });
        }
    }
    let end = new.end.as_ref();
    conn.prepare_cached(
        "INSERT INTO audit (at, who, surface, action, input, key, dry_run, counts, ended_at, ok, outcome)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    )?
    .execute(params![
        new.at.0,
        new.who,
        new.surface,
        new.action,
        new.input.to_string(),
        new.key,
        new.dry_run,
        new.counts,
        end.map(|end| end.at.0),
        end.map(|end| end.ok),
        end.map(|end| end.outcome.to_string()),
    ])?;
    Ok(Begun::New(conn.last_insert_rowid()))
}

/// Writes down how a run ended, unless that has been done.
pub(crate) fn end(conn: &Connection, id: i64, end: &AuditEnd) -> Result<(), Failure> {
    let sql = "UPDATE audit SET ended_at = ?2, ok = ?3, outcome = ?4, counts = ?5 WHERE id = ?1 AND ended_at IS NULL";
    let values = params![id, end.at.0, end.ok, end.outcome.to_string(), end.counts];
    conn.prepare_cached(sql)?.execute(values)?;
    Ok(())
}

/// Lists the trail, newest first.
pub(crate) fn rows(conn: &Connection, filter: &AuditFilter) -> Result<Vec<AuditRow>, Failure> {
    let sql = format!(
        "SELECT {COLUMNS} FROM audit
         WHERE id < ?1 AND (?2 IS NULL OR who = ?2)
           AND (?3 IS NULL OR (CASE ?4 WHEN 1 THEN substr(action, 1, length(?3)) ELSE action END) = ?3)
           AND (?5 = 0 OR ok IS NOT 1) AND at >= ?6 AND at < ?7
         ORDER BY id DESC LIMIT ?8"
    );
    let (action, beginning) = filter.action().unzip();
    let values = params![
        filter.before.unwrap_or(i64::MAX),
        filter.who,
        action,
        beginning.unwrap_or_default(),
        filter.failed,
        filter.since.map_or(i64::MIN, |at| at.0),
        filter.until.map_or(i64::MAX, |at| at.0),
        i64::try_from(filter.limit).unwrap_or(i64::MAX),
    ];
    let mut statement = conn.prepare_cached(&sql)?;
    let mut rows = statement.query(values)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read(row)?);
    }
    Ok(found)
}

fn with_key(conn: &Connection, key: &str) -> Result<Option<AuditRow>, Failure> {
    let mut statement = conn.prepare_cached(&format!("SELECT {COLUMNS} FROM audit WHERE key = ?1"))?;
    let mut rows = statement.query([key])?;
    rows.next()?.map(read).transpose()
}

/// When the run was that has to be an hour ago before there is room.
fn in_the_way(conn: &Connection, cap: &Cap, now: Timestamp) -> Result<Option<Timestamp>, Failure> {
    let Some(before) = i64::from(cap.most).checked_sub(1).filter(|before| *before >= 0) else { return Ok(None) };
    let sql = "SELECT at FROM audit
               WHERE at > ?1 AND counts = 1 AND (?2 IS NULL OR who = ?2) AND (?3 IS NULL OR surface = ?3)
                 AND (CASE ?5 WHEN 1 THEN substr(action, 1, length(?4)) ELSE action END) = ?4
               ORDER BY at DESC LIMIT 1 OFFSET ?6";
    let values = params![now.0 - CAP_WINDOW_MS, cap.who, cap.surface, cap.action, cap.beginning, before];
    let at = conn.prepare_cached(sql)?.query_row(values, |row| row.get(0)).optional()?;
    Ok(at.map(Timestamp))
}

fn read(row: &Row<'_>) -> Result<AuditRow, Failure> {
    let id: i64 = row.get(0)?;
    let json = |text: String| -> Result<Value, Failure> {
        serde_json::from_str(&text).map_err(|error| {
            let words = format!("cannot read row {id} of the audit trail: {error}; the file is damaged");
            Failure::Refused(StoreError::Unreadable(words))
        })
    };
    let counts = row.get(8)?;
    let end = match row.get::<_, Option<i64>>(9)? {
        None => None,
        Some(at) => Some(AuditEnd { at: Timestamp(at), ok: row.get(10)?, outcome: json(row.get(11)?)?, counts }),
    };
    Ok(AuditRow {
        id,
        at: Timestamp(row.get(1)?),
        who: row.get(2)?,
        surface: row.get(3)?,
        action: row.get(4)?,
        input: json(row.get(5)?)?,
        key: row.get(6)?,
        dry_run: row.get(7)?,
        counts,
        end,
    })
}
