//! The REST API: one file for each kind of object, and what they have in common.
//!
//! `ask` reads a call, `include` renders lists and objects with what was asked to be included; the rest are handlers, one
//! `route_...` function for each kind, which takes what is left of the path.

mod alerts;
mod analytics;
mod analytics_metrics;
mod ask;
mod audit;
mod business_services;
mod catalogue;
mod change_events;
mod contact_methods;
mod custom_fields;
mod escalation_policies;
mod extensions;
mod incident_list;
mod incident_view;
mod incidents;
mod include;
mod log_entries;
mod maintenance_windows;
mod notes;
mod notification_rules;
mod notifications;
mod oncalls;
mod orchestrations;
mod overrides;
mod patch;
mod related;
mod responders;
mod schedule_view;
mod schedules;
mod service_view;
mod services;
mod status_updates;
mod tags;
mod teams;
mod users;

use super::refusal::Refusal;
use super::state::State;
use crate::outgoing::Outgoing;
use crate::wire::Reply;

pub(crate) use self::ask::Ask;
pub(crate) use self::audit::AuditRecord;

impl State {
    /// Answers a REST call, and records what it changed.
    pub(crate) fn answer(&mut self, ask: &Ask<'_>, parts: &[&str], outgoing: &Outgoing) -> Result<Reply, Refusal> {
        let reply = self.route(ask, parts, outgoing)?;
        self.record(ask, parts, &reply);
        Ok(reply)
    }

    fn route(&mut self, ask: &Ask<'_>, parts: &[&str], outgoing: &Outgoing) -> Result<Reply, Refusal> {
        let Some((kind, rest)) = parts.split_first() else {
            return Err(Refusal::not_found());
        };
        match (*kind, rest) {
            ("audit", ["records"]) => self.list_audit(ask, None),
            ("users" | "teams" | "schedules" | "escalation_policies" | "services", [id, "audit", "records"]) => {
                self.list_audit(ask, Some((kind, id)))
            }
            ("users" | "teams" | "escalation_policies", [id, what @ ("tags" | "change_tags")]) => {
                self.route_tags_of(ask, kind, id, what)
            }
            ("abilities", rest) => catalogue::route_abilities(ask, rest),
            ("analytics", rest) => self.route_analytics(ask, rest),
            ("business_services", rest) => self.route_business_services(ask, rest),
            ("change_events", rest) => self.route_change_events(ask, rest),
            ("escalation_policies", rest) => self.route_policies(ask, rest),
            ("event_orchestrations", rest) => self.route_orchestrations(ask, rest),
            ("extension_schemas", rest) => self.route_extension_schemas(ask, rest),
            ("extensions", rest) => self.route_extensions(ask, rest),
            ("incidents", rest) => self.route_incidents(ask, rest),
            ("log_entries", rest) => self.route_log_entries(ask, rest),
            ("maintenance_windows", rest) => self.route_windows(ask, rest),
            ("notifications", rest) => self.route_notifications(ask, rest),
            ("oncalls", rest) => self.route_oncalls(ask, rest),
            ("priorities", rest) => self.route_priorities(ask, rest),
            ("schedules", rest) => self.route_schedules(ask, rest),
            ("services", rest) => self.route_services(ask, rest),
            ("tags", rest) => self.route_tags(ask, rest),
            ("teams", rest) => self.route_teams(ask, rest),
            ("users", rest) => self.route_users(ask, rest),
            ("vendors", rest) => self.route_vendors(ask, rest),
            ("webhook_subscriptions", rest) => self.route_subscriptions(ask, rest, outgoing),
            _ => Err(Refusal::not_found()),
        }
    }

    fn route_subscriptions(&mut self, ask: &Ask<'_>, parts: &[&str], outgoing: &Outgoing) -> Result<Reply, Refusal> {
        let Ask { call, links, .. } = *ask;
        match (call.method.as_str(), parts) {
            ("GET", []) => self.list_subscriptions(call, links, outgoing),
            ("POST", []) => self.create_subscription(call, links, outgoing),
            ("GET", [id]) => self.get_subscription(links, id, outgoing),
            ("PUT", [id]) => self.update_subscription(call, links, id, outgoing),
            ("DELETE", [id]) => self.delete_subscription(id, outgoing),
            ("POST", [id, "enable"]) => self.enable_subscription(links, id, outgoing),
            ("POST", [id, "ping"]) => self.ping_subscription(ask.caller, id, ask.now),
            _ => Err(Refusal::not_found()),
        }
    }
}
