//! The bridge and a real Request Tracker 5: `cargo xtask test --only rt`, or one test of it with
//! `cargo xtask rt -- cargo test -p pagebridge --test rt NAME`.
//!
//! Left out of the ordinary run (`test = false`): `cargo xtask` starts the server, and installs it first if need be.

mod facts;
mod lab;
