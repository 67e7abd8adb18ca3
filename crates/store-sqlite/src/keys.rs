//! Finding incidents by the hashes of their keys, without touching a random page for each new one.
//!
//! A new hash is appended to `recent_keys` in the commit that makes it, and held here. When there are too many, a run of
//! them, neighbours in the order of the hash, is merged into the table `keys`; the next run starts where this one
//! ended, and after the last one it starts over. Neighbours share pages, so a merge of many touches few.
//!
//! Whatever was there when a round began is merged when it ends, and what was appended before it began is deleted
//! then. How far the round has come is written down with each merge, so that the next start reads back little that was
//! merged already; merging something again changes nothing.

use pagebridge_core::IncidentId;
use rusqlite::{Connection, OptionalExtension, Statement, params};
use std::collections::BTreeSet;

/// Hashes merged at a time.
const RUN: usize = 256;
/// So many runs at most in one commit, more than it can add: what a start reads back is merged little by little.
const RUNS_MAX: usize = 4;

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
    progress: Statement<'c>,
}

impl<'c> KeyStatements<'c> {
    pub(crate) fn new(conn: &'c Connection) -> rusqlite::Result<Self> {
        Ok(Self {
            find: conn.prepare("SELECT incident FROM keys WHERE hash = ?1")?,
            append: conn.prepare("INSERT INTO recent_keys (seq, pairs) VALUES (?1, ?2)")?,
            merge: conn.prepare("INSERT OR IGNORE INTO keys (hash, incident) VALUES (?1, ?2)")?,
            forget: conn.prepare("DELETE FROM recent_keys WHERE seq <= ?1")?,
            progress: conn.prepare("INSERT OR REPLACE INTO meta (name, value) VALUES ('keys', ?1)")?,
        })
    }
}

const START: (i64, i64) = (i64::MIN, i64::MIN);

impl RecentKeys {
    /// Reads the hashes back that may not have been merged.
    pub(crate) fn load(conn: &Connection, max: usize) -> rusqlite::Result<Self> {
        let merged_any = conn.query_row("SELECT EXISTS (SELECT 1 FROM keys)", [], |row| row.get(0))?;
        let (cursor, round) = load_progress(conn)?;
        let mut pairs = Vec::new();
        let mut statement = conn.prepare("SELECT seq, pairs FROM recent_keys ORDER BY seq")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let seq: i64 = row.get(0)?;
            // What was there when the round began, and what it has passed, is merged.
            unpack(row.get_ref(1)?.as_blob()?, &mut pairs, |pair| seq > round || pair >= cursor);
        }
        let set = pairs.into_iter().collect();
        Ok(Self { set, max, cursor, round, merged_any, fresh: Vec::new() })
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
        while left > self.max && merged.runs.len() < RUNS_MAX {
            left -= self.merge_run(sql, &mut merged, last)?;
        }
        if let Some((hash, incident)) = merged.cursor {
            let progress = [hash, incident, merged.round.unwrap_or(self.round)];
            sql.progress.execute([serde_json::to_string(&progress).expect("numbers are plain data")])?;
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

fn unpack(bytes: &[u8], pairs: &mut Vec<(i64, i64)>, keep: impl Fn((i64, i64)) -> bool) {
    let (numbers, _) = bytes.as_chunks::<8>();
    let (both, _) = numbers.as_chunks::<2>();
    let all = both.iter().map(|[hash, id]| (i64::from_le_bytes(*hash), i64::from_le_bytes(*id)));
    pairs.extend(all.filter(|pair| keep(*pair)));
}

/// Where the next run starts, and where in the journal the round began.
fn load_progress(conn: &Connection) -> rusqlite::Result<((i64, i64), i64)> {
    let json: Option<String> =
        conn.query_row("SELECT value FROM meta WHERE name = 'keys'", [], |row| row.get(0)).optional()?;
    // Without it, or if it cannot be read, the round begins anew, which costs time and loses nothing.
    let [hash, incident, round] = json.and_then(|j| serde_json::from_str(&j).ok()).unwrap_or([START.0, START.1, 0]);
    Ok(((hash, incident), round))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    const MAX: usize = 300;

    fn database() -> Connection {
        let conn = Connection::open_in_memory().expect("opens");
        conn.execute_batch(include_str!("../migrations/0001_first.sql")).expect("makes the tables");
        conn
    }

    #[derive(Clone, Debug)]
    enum Turn {
        /// So many new keys, and whether the commit succeeds.
        Commit(u8, bool),
        Reopen,
    }

    fn turns() -> impl Strategy<Value = Vec<Turn>> {
        let commit = (1..=120_u8, prop::bool::weighted(0.85)).prop_map(|(n, ok)| Turn::Commit(n, ok));
        prop::collection::vec(prop_oneof![9 => commit, 1 => Just(Turn::Reopen)], 1..40)
    }

    fn mix(n: i64) -> i64 {
        n.wrapping_mul(0x5851_f42d_4c95_7f2d).rotate_left(23).wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// Appends `count` keys in one transaction; every eleventh incident shares its hash with the one before.
    fn commit(
        conn: &Connection,
        keys: &mut RecentKeys,
        model: &mut BTreeMap<i64, Vec<i64>>,
        (first, count, works): (i64, i64, bool),
    ) {
        let mut sql = KeyStatements::new(conn).expect("prepares");
        conn.execute_batch("BEGIN").expect("begins");
        let pairs = (first..first + count).map(|id| (mix(id - i64::from(id % 11 == 0)), id));
        pairs.clone().for_each(|(hash, id)| keys.add(hash, IncidentId(id)));
        let merged = keys.write(&mut sql, first + count).expect("writes");
        if works {
            conn.execute_batch("COMMIT").expect("commits");
            keys.committed(merged);
            pairs.for_each(|(hash, id)| model.entry(hash).or_default().push(id));
        } else {
            conn.execute_batch("ROLLBACK").expect("rolls back");
            keys.rolled_back();
        }
    }

    fn check(conn: &Connection, keys: &RecentKeys, model: &BTreeMap<i64, Vec<i64>>, next: i64) {
        let mut sql = KeyStatements::new(conn).expect("prepares");
        let mut find = |hash| {
            let mut found = Vec::new();
            keys.find(&mut sql, hash, &mut found).expect("finds");
            found.sort_unstable();
            found.iter().map(|id| id.0).collect::<Vec<_>>()
        };
        for (hash, ids) in model {
            assert_eq!(&find(*hash), ids);
        }
        assert!(find(mix(next + 12)).is_empty());
        let bytes: i64 =
            conn.query_row("SELECT coalesce(sum(length(pairs)), 0) FROM recent_keys", [], |r| r.get(0)).expect("sums");
        // What is read at a start is what two rounds can hold.
        assert!(usize::try_from(bytes / 16).expect("small") <= 4 * MAX + 2 * RUN, "{bytes} bytes to read back");
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn every_key_is_found_whatever_happened_to_it(turns in turns()) {
            let conn = database();
            let mut keys = RecentKeys::load(&conn, MAX).expect("loads");
            let mut model = BTreeMap::new();
            let mut next = 1;
            for turn in turns {
                match turn {
                    Turn::Commit(count, works) => {
                        commit(&conn, &mut keys, &mut model, (next, i64::from(count), works));
                        prop_assert!(!works || keys.set.len() <= MAX);
                        // As in the journal, places are given again after a rollback.
                        next += if works { i64::from(count) } else { 0 };
                    }
                    Turn::Reopen => keys = RecentKeys::load(&conn, MAX).expect("loads"),
                }
            }
            check(&conn, &keys, &model, next);
        }
    }

    #[test]
    fn what_a_merge_touches_are_neighbours() {
        let conn = database();
        let mut keys = RecentKeys::load(&conn, MAX).expect("loads");
        let mut model = BTreeMap::new();
        commit(&conn, &mut keys, &mut model, (1, 300, true));
        assert!(!keys.merged_any);
        commit(&conn, &mut keys, &mut model, (301, 1, true));
        let hashes: Vec<i64> = model.keys().copied().collect();
        let mut statement = conn.prepare("SELECT DISTINCT hash FROM keys ORDER BY hash").expect("prepares");
        let merged: Vec<i64> =
            statement.query_map([], |r| r.get(0)).expect("lists").collect::<Result<_, _>>().expect("numbers");
        assert!(merged.len() > 200);
        assert_eq!(merged, hashes[..merged.len()]);
    }
}
