//! Commands that judge: on-call schedules and policies, events, and how fast people are.

pub(crate) mod analytics;
pub(crate) mod audit;
pub(crate) mod lint;
