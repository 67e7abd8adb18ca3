//! The crate against the sandbox, and the documentation against the crate.

mod docs;
mod reading;
mod world;
