//! The gate in front of a sandbox.

mod gate;
mod trail;
mod world;
