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
pub mod alerts;
pub mod analytics;
pub mod audit;
pub mod business_services;
pub mod change_events;
pub mod contact_methods;
pub mod custom_fields;
pub mod escalation_policies;
pub mod extensions;
pub mod incidents;
pub mod integrations;
pub mod log_entries;
pub mod maintenance_windows;
pub mod notes;
pub mod notification_rules;
pub mod notifications;
pub mod oncalls;
pub mod overrides;
pub mod priorities;
pub mod raw;
pub mod related;
pub mod responder_requests;
pub mod schedules;
pub mod services;
pub mod status_updates;
pub mod tags;
pub mod teams;
pub mod urgency_rule;
pub mod users;
pub mod vendors;
pub mod webhook_subscriptions;

pub(crate) mod object;
mod reference;
mod schedule_body;

pub use reference::{Identified, Reference, ResolveReason};
