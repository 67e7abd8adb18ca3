//! Tests of the store as a whole.

mod durability;
mod fixture;
mod model;
mod support;
mod trouble;
