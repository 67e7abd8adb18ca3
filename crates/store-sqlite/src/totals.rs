//! Running totals, written in the same commit as what they count: nothing is ever counted at a million rows.

use pagebridge_core::{Class, Timestamp};
use rusqlite::{Connection, OptionalExtension};
use serde::{Deserialize, Serialize};

/// Stored as JSON: fields may be added with a default, never renamed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Totals {
    /// Number of the last incident. None is ever removed, so this is also how many there are.
    pub(crate) incidents: i64,
    /// Place of the last entry, and how many there are.
    pub(crate) entries: i64,
    pub(crate) open: i64,
    pub(crate) dead_letters: i64,
    pub(crate) quarantined: i64,
    /// The last lease token. Kept for ever, so that no lease of an earlier process can settle.
    pub(crate) last_token: i64,
    /// The latest time of any entry.
    pub(crate) newest_at: i64,
    /// How far the time of an entry has ever been behind that of one before it.
    pub(crate) lateness_ms: i64,
    /// Rows of the outbox: system, class, how many.
    pub(crate) lanes: Vec<(i64, i64, i64)>,
}

impl Totals {
    pub(crate) fn load(conn: &Connection) -> rusqlite::Result<Self> {
        let json: Option<String> = conn
            .prepare_cached("SELECT value FROM meta WHERE name = 'totals'")?
            .query_row([], |row| row.get(0))
            .optional()?;
        let parse = |json: String| {
            serde_json::from_str(&json)
                .map_err(|e| rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, Box::new(e)))
        };
        json.map_or_else(|| Ok(Self::default()), parse)
    }

    /// Counts one entry.
    pub(crate) fn appended(&mut self, at: Timestamp) -> i64 {
        self.entries += 1;
        self.newest_at = if self.entries == 1 { at.0 } else { self.newest_at.max(at.0) };
        self.lateness_ms = self.lateness_ms.max(self.newest_at.saturating_sub(at.0));
        self.entries
    }

    /// Counts rows of the outbox that come (1) or go (-1).
    pub(crate) fn moved(&mut self, system: i64, class: Class, by: i64) {
        let class = class.as_i64();
        match self.lanes.iter_mut().find(|(s, c, _)| (*s, *c) == (system, class)) {
            Some((_, _, count)) => *count += by,
            None => self.lanes.push((system, class, by)),
        }
    }

    /// Counts what a change of one incident's flags does.
    pub(crate) fn flagged(&mut self, before: Flags, after: Flags) {
        let by = |before: bool, after: bool| i64::from(after) - i64::from(before);
        self.open += by(before.open, after.open);
        self.dead_letters += by(before.dead_letters, after.dead_letters);
        self.quarantined += by(before.quarantined, after.quarantined);
    }
}

/// What incidents are listed by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Flags {
    pub(crate) open: bool,
    pub(crate) dead_letters: bool,
    pub(crate) quarantined: bool,
}

impl Flags {
    pub(crate) fn of(incident: &pagebridge_core::Incident) -> Self {
        Self {
            open: incident.is_open(),
            dead_letters: incident.links.iter().any(pagebridge_core::Link::has_dead_letters),
            quarantined: incident.quarantined.is_some(),
        }
    }
}
