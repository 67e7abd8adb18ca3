//! Finding incidents by the hashes of their keys, without touching a random page for each new one.
//!
//! A new hash is appended to `recent_keys` in the commit that makes it, and held here. When there are too many, a run of
//! them, neighbours in the order of the hash, is merged into the table `keys`; the next run starts where this one
//! ended, and after the last one it starts over. Neighbours share pages, so a merge of many touches few.
//!
//! Whatever was there when a round began is merged when it ends. What was appended before that moment need not be
//! read back at the next start, and is deleted then. What is read back may have been merged already; merging it again
//! changes nothing.

use pagebridge_core::IncidentId;
use rusqlite::{Connection, Statement, params};
use std::collections::BTreeSet;

/// Hashes merged at a time.
const RUN: usize = 256;

/// Hashes that are not yet, or perhaps not yet, in the table.
pub(crate) struct RecentKeys {
    set: BTreeSet<(i64, i64)>,
    /// More than so many are not held: about 8 MB.
    max: usize,
    /// The next run starts here.
    cursor: (i64, i64),
    /// Place in the journal where the current round began.
    round: i64,
    /// Whether there is anything in the table at all.
    merged_any: bool,
    /// New ones of the transaction that is under way.
    fresh: Vec<(i64, i64)>,
}

/// What a transaction has merged; takes effect in memory once it is committed.
#[derive(Default)]
pub(crate) struct Merged {
    runs: Vec<Vec<(i64, i64)>>,
    cursor: Option<(i64, i64)>,
    round: Option<i64>,
}

/// The statements needed.
pub(crate) struct KeyStatements<'c> {
    find: Statement<'c>,
    append: Statement<'c>,
    merge: Statement<'c>,
    forget: Statement<'c>,
}

impl<'c> KeyStatements<'c> {
    pub(crate) fn new(conn: &'c Connection) -> rusqlite::Result<Self> {
        Ok(Self {
            find: conn.prepare("SELECT incident FROM keys WHERE hash = ?1")?,
            append: conn.prepare("INSERT INTO recent_keys (seq, pairs) VALUES (?1, ?2)")?,
            merge: conn.prepare("INSERT OR IGNORE INTO keys (hash, incident) VALUES (?1, ?2)")?,
            forget: conn.prepare("DELETE FROM recent_keys WHERE seq <= ?1")?,
        })
    }
}

const START: (i64, i64) = (i64::MIN, i64::MIN);

impl RecentKeys {
    /// Reads the hashes back that may not have been merged. `last` is the place of the last journal entry.
    pub(crate) fn load(conn: &Connection, max: usize, last: i64) -> rusqlite::Result<Self> {
        let merged_any = conn.query_row("SELECT EXISTS (SELECT 1 FROM keys)", [], |row| row.get(0))?;
        let mut pairs = Vec::new();
        let mut statement = conn.prepare("SELECT pairs FROM recent_keys ORDER BY seq")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            unpack(row.get_ref(0)?.as_blob()?, &mut pairs);
        }
        let set = pairs.into_iter().collect();
        Ok(Self { set, max, cursor: START, round: last, merged_any, fresh: Vec::new() })
    }

    /// Adds the incidents under a hash to `found`.
    pub(crate) fn find(
        &self,
        sql: &mut KeyStatements<'_>,
        hash: i64,
        found: &mut Vec<IncidentId>,
    ) -> rusqlite::Result<()> {
        for (_, id) in self.set.range((hash, i64::MIN)..=(hash, i64::MAX)) {
            add(found, *id);
        }
        if self.merged_any {
            let mut rows = sql.find.query([hash])?;
            while let Some(row) = rows.next()? {
                add(found, row.get(0)?);
            }
        }
        Ok(())
    }

    /// Notes a new hash of an incident.
    pub(crate) fn add(&mut self, hash: i64, incident: IncidentId) {
        if self.set.insert((hash, incident.0)) {
            self.fresh.push((hash, incident.0));
        }
    }

    /// Writes what the transaction is to hold. `last` is the place of its last journal entry.
    pub(crate) fn write(&mut self, sql: &mut KeyStatements<'_>, last: i64) -> rusqlite::Result<Merged> {
        let mut merged = Merged::default();
        if self.fresh.is_empty() {
            return Ok(merged);
        }
        sql.append.execute(params![last, pack(&self.fresh)])?;
        let mut left = self.set.len();
        while left > self.max {
            left -= self.merge_run(sql, &mut merged, last)?;
        }
        Ok(merged)
    }

    fn merge_run(&self, sql: &mut KeyStatements<'_>, merged: &mut Merged, last: i64) -> rusqlite::Result<usize> {
        let from = merged.cursor.unwrap_or(self.cursor);
        let run: Vec<(i64, i64)> = self.set.range(from..).take(RUN).copied().collect();
        for (hash, incident) in &run {
            sql.merge.execute([hash, incident])?;
        }
        merged.cursor = match run.last() {
            Some(&(hash, incident)) if run.len() == RUN => Some((hash, incident.saturating_add(1))),
            _ => {
                sql.forget.execute([merged.round.unwrap_or(self.round)])?;
                merged.round = Some(last);
                Some(START)
            }
        };
        let count = run.len();
        merged.runs.push(run);
        Ok(count)
    }

    /// The transaction is durable.
    pub(crate) fn committed(&mut self, merged: Merged) {
        self.fresh.clear();
        self.merged_any |= !merged.runs.is_empty();
        for pair in merged.runs.iter().flatten() {
            self.set.remove(pair);
        }
        self.cursor = merged.cursor.unwrap_or(self.cursor);
        self.round = merged.round.unwrap_or(self.round);
    }

    /// The transaction did not happen.
    pub(crate) fn rolled_back(&mut self) {
        for pair in self.fresh.drain(..) {
            self.set.remove(&pair);
        }
    }
}

fn add(found: &mut Vec<IncidentId>, id: i64) {
    if !found.contains(&IncidentId(id)) {
        found.push(IncidentId(id));
    }
}

fn pack(pairs: &[(i64, i64)]) -> Vec<u8> {
    pairs.iter().flat_map(|(hash, id)| hash.to_le_bytes().into_iter().chain(id.to_le_bytes())).collect()
}

fn unpack(bytes: &[u8], pairs: &mut Vec<(i64, i64)>) {
    let (numbers, _) = bytes.as_chunks::<8>();
    let (both, _) = numbers.as_chunks::<2>();
    pairs.extend(both.iter().map(|[hash, id]| (i64::from_le_bytes(*hash), i64::from_le_bytes(*id))));
}
