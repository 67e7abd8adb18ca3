//! The sandbox over real HTTP, held against the vendors' documented contracts.

#![expect(clippy::disallowed_methods, reason = "tests measure real time, and their receivers end with the runtime")]

mod chat;
mod common;
mod control;
mod faults;
mod netbox;
mod opsgenie_api;
mod opsgenie_webhooks;
mod page;
mod pagerduty_account;
mod pagerduty_changes;
mod pagerduty_conformance;
mod pagerduty_directory;
mod pagerduty_events;
mod pagerduty_events_v1;
mod pagerduty_lifecycle;
mod pagerduty_limits;
mod pagerduty_oauth;
mod pagerduty_objects;
mod pagerduty_rest;
mod pagerduty_subscriptions;
mod pagerduty_webhooks;
mod seed;
mod speed;
mod state;
mod tls;
