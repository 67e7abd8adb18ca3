//! An input for every action, by the tables of the catalogue. `$name` is found or made before (`World::id`).

mod configuration;
mod incidents;
mod people;

use serde_json::Value;

pub(crate) use self::configuration::{account, escalation_policies, maintenance_windows, records, services, webhooks};
pub(crate) use self::incidents::{events, incident_help, incidents};
pub(crate) use self::people::{schedules, teams, users};

/// Name and input.
pub(crate) type Case = (&'static str, Value);
