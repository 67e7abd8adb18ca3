//! Connections and their settings.

use crate::store::Options;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use std::path::Path;
use std::time::Duration;

/// Page cache of the writing connection. It holds the pages that are written again and again: the ends of the tables.
const WRITER_CACHE_KIB: i64 = 12 * 1024;
/// Page cache of each reading connection.
const READER_CACHE_KIB: i64 = 2 * 1024;
/// Nobody else should hold a lock for longer than a checkpoint takes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Opens the connection that writes, and makes the file when there is none.
pub(crate) fn writer(path: &Path, options: &Options) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags)?;
    conn.busy_timeout(BUSY_TIMEOUT)?;
    conn.pragma_update(None, "journal_mode", "WAL")?;
    conn.pragma_update(None, "synchronous", options.synchronous())?;
    // The background thread copies the log, so that no commit has to wait for that.
    conn.pragma_update(None, "wal_autocheckpoint", 0)?;
    settle(&conn, WRITER_CACHE_KIB)?;
    Ok(conn)
}

/// Opens the connection of the checkpoint thread.
pub(crate) fn checkpointer(path: &Path, options: &Options) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags)?;
    conn.busy_timeout(Duration::from_millis(200))?;
    conn.pragma_update(None, "synchronous", options.synchronous())?;
    conn.pragma_update(None, "wal_autocheckpoint", 0)?;
    settle(&conn, 64)?;
    Ok(conn)
}

/// Opens a connection that can only read.
pub(crate) fn reader(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags)?;
    conn.busy_timeout(BUSY_TIMEOUT)?;
    settle(&conn, READER_CACHE_KIB)?;
    Ok(conn)
}

fn settle(conn: &Connection, cache_kib: i64) -> rusqlite::Result<()> {
    conn.pragma_update(None, "cache_size", -cache_kib)?;
    conn.pragma_update(None, "temp_store", "MEMORY")?;
    // An I/O error in mapped memory kills the process; one in a read is an error that can be told.
    conn.pragma_update(None, "mmap_size", 0)?;
    // The schema has none: the writer checks before it writes, and a check per row would cost a look-up.
    conn.pragma_update(None, "foreign_keys", false)?;
    // No new plan for each new value: the indexes are made for the plan that there is.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    conn.set_prepared_statement_cache_capacity(48);
    Ok(())
}
