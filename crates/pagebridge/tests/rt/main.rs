//! The bridge and a real Request Tracker 5: `cargo xtask test --only rt`, or one test of it with
//! `cargo xtask rt -- cargo test -p pagebridge --test rt NAME`.
//!
//! Left out of the ordinary run (`test = false`): `cargo xtask` starts the server, and installs it first if need be.

mod circle;
mod connector;
mod doctor;
mod extension;
mod facts;
mod lab;
mod land;
mod outages;
#[path = "../e2e/program.rs"]
#[allow(dead_code, reason = "the tests between look-alikes use the rest")]
mod program;
mod race;
mod scrip;
#[path = "../e2e/world.rs"]
#[allow(dead_code, reason = "the tests between look-alikes use the rest")]
mod world;
