//! Tests of the store as a whole.

mod durability;
mod support;
