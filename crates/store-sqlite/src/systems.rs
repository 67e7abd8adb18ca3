//! Short numbers for the names of systems.

use pagebridge_core::SystemName;
use rusqlite::{Connection, OptionalExtension};

/// Names by number; the first has number 1. There are as many as a configuration ever named: a handful.
#[derive(Default)]
pub(crate) struct Systems(Vec<SystemName>);

impl Systems {
    pub(crate) fn load(conn: &Connection) -> rusqlite::Result<Self> {
        let mut statement = conn.prepare_cached("SELECT name FROM systems ORDER BY id")?;
        let names = statement.query_map([], |row| row.get::<_, String>(0))?;
        names.map(|name| Ok(SystemName::new(&name?))).collect::<rusqlite::Result<_>>().map(Self)
    }

    pub(crate) fn number(&self, name: &SystemName) -> Option<i64> {
        let place = self.0.iter().position(|n| n == name)?;
        i64::try_from(place).ok().map(|n| n + 1)
    }

    pub(crate) fn name(&self, number: i64) -> Option<&SystemName> {
        self.0.get(usize::try_from(number).ok()?.checked_sub(1)?)
    }

    pub(crate) fn names(&self) -> &[SystemName] {
        &self.0
    }

    /// The number of a name, given to it now when it has none. On a rollback, [`Self::forget_after`] takes it back.
    pub(crate) fn number_or_new(&mut self, conn: &Connection, name: &SystemName) -> rusqlite::Result<i64> {
        if let Some(number) = self.number(name) {
            return Ok(number);
        }
        let number = i64::try_from(self.0.len()).unwrap_or(i64::MAX) + 1;
        conn.execute("INSERT INTO systems (id, name) VALUES (?1, ?2)", (number, name.as_str()))?;
        self.0.push(name.clone());
        Ok(number)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn forget_after(&mut self, len: usize) {
        self.0.truncate(len);
    }
}

/// The number of one name, read from the file.
pub(crate) fn number(conn: &Connection, name: &SystemName) -> rusqlite::Result<Option<i64>> {
    conn.prepare_cached("SELECT id FROM systems WHERE name = ?1")?.query_row([name.as_str()], |r| r.get(0)).optional()
}
