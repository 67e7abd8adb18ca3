//! The sandbox over real HTTP, held against the vendors' documented contracts.

mod common;
mod pagerduty_rest;
