//! Tests of the connectors from outside, one binary so that they link once.

mod chat_posts;
mod core_contract;
mod netbox_check;
mod netbox_deliver;
mod netbox_follow;
mod netbox_receive;
mod netbox_sandbox;
mod netbox_world;
mod operator;
mod opsgenie_deliver;
mod opsgenie_receive;
mod pagerduty_deliver;
mod pagerduty_follow;
mod pagerduty_receive;
mod pagerduty_services;
mod pagerduty_upkeep;
mod rt_deliver;
mod rt_follow;
mod sandbox;
mod support;
