//! The catalogue against the sandbox: what is sent, what comes of it, and the page of the documentation that is made from it.

mod cases;
mod contract;
mod docs;
mod requests;
mod schemas;
mod world;
