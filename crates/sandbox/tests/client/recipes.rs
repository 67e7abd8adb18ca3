//! What people are told to copy, compiled and run as it is.

#[path = "../../../pagerduty/examples/recipes/alerts.rs"]
pub(crate) mod alerts;
#[path = "../../../pagerduty/examples/recipes/changes.rs"]
pub(crate) mod changes;
#[path = "../../../pagerduty/examples/recipes/debug.rs"]
pub(crate) mod debug;
#[path = "../../../pagerduty/examples/recipes/incidents.rs"]
pub(crate) mod incidents;
#[path = "../../../pagerduty/examples/recipes/on_call.rs"]
pub(crate) mod on_call;
#[path = "../../../pagerduty/examples/recipes/services.rs"]
pub(crate) mod services;
#[path = "../../../pagerduty/examples/recipes/webhooks.rs"]
pub(crate) mod webhooks;
