//! The StackStorm pack: made from the catalogue of actions, and checked.
//!
//! [`pack`] gives all files of a pack whose actions post to a bridge's `POST /api/v1/actions/{name}`; no Python is in it. [`check`] finds
//! what StackStorm would refuse in a pack, be it ours or another: it knows the metadata's form and the loader's own rules. Both are pure.
//!
//! Start with `pack/action.rs`, which makes one action, and `check/mod.rs`, which lists the rules.

mod check;
mod pack;
mod yaml;

use std::collections::BTreeMap;

pub use check::{Fault, check};
pub use pack::{Ref, field_name, pack};

/// Files by path within the pack, e.g. `actions/incident.get.yaml`.
pub type Files = BTreeMap<String, Vec<u8>>;
