//! The store on PostgreSQL (13 or newer), for several equal nodes on one database.
//!
//! Each node has three connections: one task *writes* everything that changes incidents, in batches, one transaction
//! each; one task *leases* lanes; one connection *reads* and listens to the other nodes; a fourth, opened when it is first
//! needed, writes the audit trail. Nodes meet only in the
//! database: row locks order what they do to one incident, advisory locks on key hashes make two nodes that hear of
//! one record open one incident, `SKIP LOCKED` gives each lane to one of them, and a notification after a commit
//! wakes the others. A notification is a hint and may be lost; what is due is what the table says.
//!
//! Locks are taken in one order everywhere, so that nobody waits in a circle: keys, incidents, lanes, counters.
//!
//! Places in the journal are given before the commit. So with several nodes an entry can become visible after one
//! with a higher place; whoever follows the journal by its places should look back a few seconds.
//!
//! Not behind a pooler that shares sessions between transactions: prepared statements, settings and LISTEN belong to
//! the session.

mod auditor;
mod batch;
mod error;
mod job;
mod leaser;
mod migrate;
mod options;
mod read;
mod reader;
mod row;
mod session;
mod statements;
mod store;
mod writer;
mod writes;

pub use error::ConnectError;
pub use options::{Commit, Options};
pub use store::PostgresStore;
