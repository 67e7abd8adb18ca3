//! The embedded store: one SQLite file.
//!
//! One thread owns the only connection that writes. It takes whatever is waiting, runs it as one transaction, commits,
//! and then answers everyone, so that one flush to the disk serves many. Readers have connections of their own and
//! never wait for it. A background thread copies the write-ahead log into the database.
//!
//! What is fast here is fast because of what is not done: no index on random values is touched when something is
//! accepted (see the `keys` module), no state is rewritten when an entry will do, no count is counted again.
//!
//! The file must lie on a local disk; SQLite's locks and shared memory do not work over a network.

mod audit;
mod cache;
mod checkpoint;
mod connection;
mod error;
mod keys;
mod lanes;
mod listing;
mod lock;
mod outbox;
mod reader;
mod schema;
mod state;
mod store;
mod systems;
mod totals;
mod transact;
mod writer;

#[cfg(test)]
mod tests;

pub use store::{Options, SqliteStore};
