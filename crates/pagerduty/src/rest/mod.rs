//! The REST API: one module per kind of object, one function per operation, each giving a [`Call`](crate::Call).
//!
//! ```no_run
//! use pagerduty::rest::incidents::{self, NewIncident};
//! use pagerduty::{Class, Client};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::builder().token("u+key").from("bridge@example.com").build()?;
//! let new = NewIncident::new("disk full", "PSVC001").with_incident_key("db-1/disk");
//! match client.call(&incidents::create(&new)).await {
//!     Ok(reply) => println!("opened {}", reply.value.id),
//!     Err(error) if error.class() == Class::Duplicate => println!("is open already"),
//!     Err(error) => return Err(error.into()),
//! }
//! # Ok(())
//! # }
//! ```

pub mod abilities;
pub mod escalation_policies;
pub mod incidents;
pub mod notes;
pub mod services;
pub mod users;
pub mod webhook_subscriptions;

mod reference;

pub use reference::{Reference, ResolveReason};
