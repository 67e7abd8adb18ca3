//! Migrations: numbered, embedded, applied once, never changed.
//!
//! A new one only adds (tables, columns with defaults, indexes), so that nodes of the version before go on working
//! beside it; what is not used any more goes in a later version.

use crate::error::{failed, unavailable};
use crate::options::Address;
use pagebridge_core::hash_text;
use pagebridge_ports::StoreError;
use sha2::{Digest, Sha256};
use tokio_postgres::Client;

/// One step of the schema.
pub(crate) struct Migration {
    pub(crate) name: &'static str,
    pub(crate) sql: &'static str,
}

/// All of them; the place in the list is the number, from 1.
pub(crate) const MIGRATIONS: &[Migration] = &[
    Migration { name: "start", sql: include_str!("migrations/0001_start.sql") },
    Migration { name: "kept", sql: include_str!("migrations/0002_kept.sql") },
    Migration { name: "audit", sql: include_str!("migrations/0003_audit.sql") },
];

const OPERATION: &str = "bring the database's tables up to date";

impl Migration {
    fn hash(&self) -> String {
        hex::encode(Sha256::digest(self.sql.as_bytes()))
    }
}

/// Brings the schema up to date, while no other node does, and returns the tag of this installation.
///
/// `wished` is the tag that a new installation takes; when it is empty one is made up.
pub(crate) async fn migrate(
    client: &Client,
    address: &Address,
    migrations: &[Migration],
    wished: &str,
) -> Result<String, StoreError> {
    check_server(client).await?;
    let lock = address.lock_of(hash_text("migrations"));
    // Another node may be at it, and may take its time.
    client
        .batch_execute("SET lock_timeout = '60s'; SET statement_timeout = '10min'")
        .await
        .map_err(failed(OPERATION))?;
    client.execute("SELECT pg_advisory_lock($1)", &[&lock]).await.map_err(failed(OPERATION))?;
    // The lock ends with this connection if anything fails.
    let schema = &address.schema;
    let start = format!(
        "CREATE SCHEMA IF NOT EXISTS \"{schema}\"; CREATE TABLE IF NOT EXISTS \"{schema}\".migration \
         (number integer PRIMARY KEY, name text NOT NULL, sha256 text NOT NULL, \
         applied_at timestamptz NOT NULL DEFAULT now())"
    );
    client.batch_execute(&start).await.map_err(failed(OPERATION))?;
    apply(client, migrations).await?;
    let instance = instance(client, wished).await.map_err(failed(OPERATION))?;
    client.execute("SELECT pg_advisory_unlock($1)", &[&lock]).await.map_err(failed(OPERATION))?;
    Ok(instance)
}

async fn check_server(client: &Client) -> Result<(), StoreError> {
    let sql = "SELECT current_setting('server_version_num')::int4, current_setting('server_encoding'), \
               pg_is_in_recovery()";
    let row = client.query_one(sql, &[]).await.map_err(failed(OPERATION))?;
    let (version, encoding, standby): (i32, String, bool) = (row.get(0), row.get(1), row.get(2));
    if version < 130_000 {
        let words = format!("the database server has version {}, and 13 or newer is needed", version / 10_000);
        return Err(StoreError::Unreadable(words));
    }
    if encoding != "UTF8" {
        let words = format!("the database has the encoding {encoding}; make it with ENCODING 'UTF8'");
        return Err(StoreError::Unreadable(words));
    }
    if standby {
        return Err(unavailable(OPERATION, "the server is a standby; connect to the primary"));
    }
    Ok(())
}

async fn apply(client: &Client, migrations: &[Migration]) -> Result<(), StoreError> {
    let sql = "SELECT number, name, sha256 FROM migration ORDER BY number";
    let rows = client.query(sql, &[]).await.map_err(failed(OPERATION))?;
    for (place, row) in rows.iter().enumerate() {
        let (number, name, hash): (i32, String, String) = (row.get(0), row.get(1), row.get(2));
        let Some(known) = migrations.get(place) else {
            return Err(StoreError::Unreadable(format!(
                "the database was brought to version {number} ({name}) by a newer program, and this one knows \
                 {} versions; start the newer program",
                migrations.len()
            )));
        };
        let expected = i32::try_from(place + 1).expect("a list of ours");
        if number != expected || hash != known.hash() {
            return Err(StoreError::Unreadable(format!(
                "migration {number} ({name}) in the database is not migration {expected} ({}) of this program; \
                 the database belongs to a different build",
                known.name
            )));
        }
    }
    for (place, migration) in migrations.iter().enumerate().skip(rows.len()) {
        let number = place + 1;
        // One transaction: the tables and the row that says so. Names and hashes are ours and need no quoting.
        let sql = format!(
            "BEGIN; {} INSERT INTO migration (number, name, sha256) VALUES ({number}, '{}', '{}'); COMMIT",
            migration.sql,
            migration.name,
            migration.hash()
        );
        if let Err(error) = client.batch_execute(&sql).await {
            // The connection is dropped by the caller, and with it the transaction.
            return Err(failed(OPERATION)(error));
        }
        tracing::info!(number, name = migration.name, "migrated the database");
    }
    Ok(())
}

/// Reads the tag of this installation; the first node gives it.
async fn instance(client: &Client, wished: &str) -> Result<String, tokio_postgres::Error> {
    let sql = "INSERT INTO meta (name, value) VALUES ('instance', \
               coalesce(nullif($1, ''), left(replace(gen_random_uuid()::text, '-', ''), 8))) ON CONFLICT DO NOTHING";
    client.execute(sql, &[&wished]).await?;
    let row = client.query_one("SELECT value FROM meta WHERE name = 'instance'", &[]).await?;
    Ok(row.get(0))
}
