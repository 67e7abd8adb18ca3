//! Tests of the crate from outside, one binary so that they link once.

mod errors;
mod events;
mod http;
mod objects;
mod requests;
mod signature;
mod support;
mod webhooks;
