//! Tests of the crate from outside, one binary so that they link once.

mod answers;
mod errors;
mod events;
mod http;
mod objects;
mod operations;
mod other_events;
mod requests;
mod retry;
mod server;
mod signature;
mod support;
mod walk;
mod webhooks;
