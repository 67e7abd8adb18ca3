//! HTTP: the paths on which other systems tell us things, the read API, metrics and health.
//!
//! A webhook takes a short way of its own (`intake`): the body is read up to a limit, handed to the system's
//! [`Receive`](pagebridge_ports::Receive), and what it tells goes to the [`Intake`], which answers after the commit
//! and not before. Everything else (`api`, `health`, `metrics`) is an ordinary router.
//!
//! There is deliberately no knowledge of any outside system here. Nothing waits for one but an `endpoint`, which answers paths of
//! another program's API from live data ([`pagebridge_ports::Endpoint`]).

mod alarms;
mod api;
mod app;
mod endpoint;
mod health;
mod intake;
mod listener;
mod metrics;
mod problem;

pub use api::access::{API, Access, LOCAL, TokenHash};
pub use api::audit::{AuditPage, AuditView};
pub use api::openapi::openapi;
pub use api::view;
pub use api::words;
pub use app::{App, BODY_SIZE_BYTES_DEFAULT, Endpoint, Figures, Intake, Route, Server, StoreIntake};
pub use listener::{CONNECTIONS_MAX, Stop};
pub use problem::Problem;
