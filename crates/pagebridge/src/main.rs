//! Being written.
#![allow(dead_code)]
mod config;
mod env;
fn main() {}
