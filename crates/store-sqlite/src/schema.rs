//! Migrations: numbered SQL that is part of the program, each run once, all in one transaction.
//!
//! A migration that was ever released may not be changed, only followed by another; databases remember the hash.

use pagebridge_ports::StoreError;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior};
use sha2::{Digest, Sha256};

/// Marks the file as ours: `PgBr`.
const APPLICATION_ID: i32 = 0x5067_4272;

struct Migration {
    version: i64,
    name: &'static str,
    sql: &'static str,
}

const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, name: "first", sql: include_str!("../migrations/0001_first.sql") },
    Migration { version: 2, name: "kept", sql: include_str!("../migrations/0002_kept.sql") },
    Migration { version: 3, name: "audit", sql: include_str!("../migrations/0003_audit.sql") },
];

impl Migration {
    fn hash(&self) -> String {
        hex::encode(Sha256::digest(self.sql))
    }
}

/// Why the schema could not be brought up to date.
#[derive(Debug)]
pub(crate) enum SchemaError {
    Sql(rusqlite::Error),
    Foreign(String),
}

impl From<rusqlite::Error> for SchemaError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl SchemaError {
    pub(crate) fn into_told(self) -> StoreError {
        match self {
            Self::Sql(error) => crate::error::sql("prepare the store", &error),
            Self::Foreign(words) => StoreError::Unreadable(words),
        }
    }
}

/// Brings the schema up to date.
pub(crate) fn migrate(conn: &mut Connection) -> Result<(), SchemaError> {
    migrate_with(conn, MIGRATIONS)
}

fn migrate_with(conn: &mut Connection, migrations: &[Migration]) -> Result<(), SchemaError> {
    let transaction = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    check_ours(&transaction)?;
    transaction.execute_batch(
        "CREATE TABLE IF NOT EXISTS migrations (
             version INTEGER PRIMARY KEY, name TEXT NOT NULL, sha256 TEXT NOT NULL
         ) STRICT",
    )?;
    check_known(&transaction, migrations)?;
    let known: i64 = transaction.query_row("SELECT coalesce(max(version), 0) FROM migrations", [], |r| r.get(0))?;
    for migration in migrations.iter().filter(|m| m.version > known) {
        transaction.execute_batch(migration.sql)?;
        let row = (migration.version, migration.name, migration.hash());
        transaction.execute("INSERT INTO migrations (version, name, sha256) VALUES (?1, ?2, ?3)", row)?;
    }
    transaction.commit()?;
    Ok(())
}

/// Refuses a file that some other program made.
fn check_ours(conn: &Connection) -> Result<(), SchemaError> {
    let id: i32 = conn.pragma_query_value(None, "application_id", |row| row.get(0))?;
    if id == APPLICATION_ID {
        return Ok(());
    }
    let empty: bool = conn.query_row("SELECT NOT EXISTS (SELECT 1 FROM sqlite_master)", [], |row| row.get(0))?;
    if id != 0 || !empty {
        return Err(SchemaError::Foreign("the file is a database of some other program; name another file".into()));
    }
    Ok(conn.pragma_update(None, "application_id", APPLICATION_ID)?)
}

/// Refuses migrations that this program does not have, or has differently.
fn check_known(conn: &Connection, migrations: &[Migration]) -> Result<(), SchemaError> {
    let mut statement = conn.prepare("SELECT version, name, sha256 FROM migrations ORDER BY version")?;
    let rows =
        statement.query_map([], |r| Ok((r.get::<_, i64>(0)?, r.get::<_, String>(1)?, r.get::<_, String>(2)?)))?;
    for row in rows {
        let (version, name, sha256) = row?;
        let newest = migrations.last().map_or(0, |m| m.version);
        let Some(ours) = migrations.iter().find(|m| m.version == version) else {
            return Err(SchemaError::Foreign(format!(
                "the store was written by a newer program (schema {version} {name}; this program knows {newest}); use \
                 that program, or a backup from before"
            )));
        };
        if ours.hash() != sha256 {
            return Err(SchemaError::Foreign(format!(
                "migration {version} {name} of the store is not the one of this program; use the program that made \
                 the store"
            )));
        }
    }
    Ok(())
}

/// The tag of this installation: the wished one or a random one when the store is new, and then the same for ever.
pub(crate) fn instance(conn: &Connection, wished: &str) -> rusqlite::Result<String> {
    let found = conn.query_row("SELECT value FROM meta WHERE name = 'instance'", [], |row| row.get(0)).optional()?;
    if let Some(found) = found {
        return Ok(found);
    }
    let tag = if wished.is_empty() { random_tag(conn)? } else { wished.to_owned() };
    conn.execute("INSERT INTO meta (name, value) VALUES ('instance', ?1)", [&tag])?;
    Ok(tag)
}

fn random_tag(conn: &Connection) -> rusqlite::Result<String> {
    const SYMBOLS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let bytes: [u8; 5] = conn.query_row("SELECT randomblob(5)", [], |row| row.get(0))?;
    Ok(bytes.iter().map(|b| char::from(SYMBOLS[usize::from(b % 32)])).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(result: Result<(), SchemaError>) -> String {
        result.expect_err("must be refused").into_told().to_string()
    }

    #[test]
    fn a_database_is_migrated_once() {
        let mut conn = Connection::open_in_memory().expect("opens");
        migrate(&mut conn).expect("migrates");
        migrate(&mut conn).expect("has nothing to do");
        let tag = instance(&conn, "").expect("makes a tag");
        assert!(tag.len() == 5 && tag.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()), "{tag}");
        assert_eq!(instance(&conn, "other").expect("reads it"), tag);
    }

    #[test]
    fn a_newer_database_is_refused() {
        let mut conn = Connection::open_in_memory().expect("opens");
        migrate(&mut conn).expect("migrates");
        conn.execute("INSERT INTO migrations VALUES (4, 'later', 'ff')", []).expect("a newer program was here");
        assert!(words(migrate(&mut conn)).contains("newer program (schema 4 later; this program knows 3)"));
    }

    #[test]
    fn a_changed_migration_is_refused() {
        let mut conn = Connection::open_in_memory().expect("opens");
        migrate_with(&mut conn, &[Migration { version: 1, name: "first", sql: "CREATE TABLE meta (x)" }]).expect("ok");
        assert!(words(migrate(&mut conn)).contains("migration 1 first"));
    }

    #[test]
    fn a_database_of_another_program_is_refused() {
        let mut conn = Connection::open_in_memory().expect("opens");
        conn.execute_batch("CREATE TABLE theirs (x)").expect("creates");
        assert!(words(migrate(&mut conn)).contains("some other program"));
    }

    #[test]
    fn a_migration_that_fails_leaves_nothing_behind() {
        let mut conn = Connection::open_in_memory().expect("opens");
        let first = || Migration { version: 1, name: "first", sql: "CREATE TABLE one (x)" };
        let broken = Migration { version: 2, name: "broken", sql: "CREATE TABLE two (x); CREATE nonsense" };
        migrate_with(&mut conn, &[first(), broken]).expect_err("must fail");
        let tables: i64 = conn.query_row("SELECT count(*) FROM sqlite_master", [], |r| r.get(0)).expect("counts");
        assert_eq!(tables, 0);
    }
}
