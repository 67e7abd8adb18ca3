//! The server over real HTTP, with the store in memory and a system that is easy to play.

mod api;
mod endpoint;
mod intake;
mod openapi;
mod stopping;
mod world;
