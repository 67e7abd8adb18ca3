//! Writes incidents as the REST API shows them, which is not how webhooks carry them.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::ask::Ask;
use super::log_entries::log_object;
use crate::pagerduty::model::{Actor, Incident, IncidentIx, UserIx};
use crate::pagerduty::render::{Links, with};
use crate::pagerduty::state::State;

impl State {
    /// Renders an incident with what the query includes besides references.
    pub(super) fn incident_shown(&self, ask: &Ask<'_>, ix: IncidentIx, alone: bool) -> Value {
        let wanted = ask.call.query_set("include");
        let mut shown = self.incident_json(ask.links, ix, wanted.contains(&"body"));
        if wanted.contains(&"conference_bridge") {
            shown["conference_bridge"] = self.conference_bridge_json(self.incident(ix));
        }
        if alone && wanted.contains(&"custom_fields") {
            shown["custom_fields"] = self.field_values_json(ix).into();
        }
        shown
    }

    pub(crate) fn incident_json(&self, links: &Links, ix: IncidentIx, include_body: bool) -> Value {
        let incident = self.incident(ix);
        let status_by = match incident.status_by {
            Actor::Automation => self.service_ref(links, incident.service),
            actor => self.actor_ref(links, actor),
        };
        let first = incident.log.first().map(|entry| log_object(links, entry, "_reference"));
        let assignment =
            |(at, user): &(Timestamp, UserIx)| json!({"at": links.time(*at), "assignee": self.user_ref(links, *user)});
        let acknowledgement =
            |(at, by): &(Timestamp, Actor)| json!({"at": links.time(*at), "acknowledger": self.actor_ref(links, *by)});
        let open_alerts = incident.alerts.iter().filter(|alert| alert.open).count();
        let all_alerts = incident.alerts.len();
        let mut shown = with(
            self.incident_full(links, ix),
            json!({
                "incident_number": ix.0 + 1,
                "title": incident.title,
                "description": incident.title,
                "created_at": links.time(incident.created_at),
                "updated_at": links.time(incident.updated_at),
                "status": incident.status.text(),
                "incident_key": incident.key,
                "service": self.service_ref(links, incident.service),
                "assignments": incident.assignments.iter().map(assignment).collect::<Vec<_>>(),
                "assigned_via": if incident.direct { "direct_assignment" } else { "escalation_policy" },
                "acknowledgements": incident.acknowledgements.iter().map(acknowledgement).collect::<Vec<_>>(),
                "last_status_change_at": links.time(incident.status_at),
                "last_status_change_by": status_by,
                "resolved_at": incident.resolved_at.map(|at| links.time(at)),
                "first_trigger_log_entry": first,
                "escalation_policy": self.policy_ref(links, incident.policy),
                "teams": self.team_refs(links, self.service_teams(incident.service)),
                "priority": self.priority_json(links, incident),
                "urgency": incident.urgency.text(),
                "resolve_reason": self.resolve_reason(links, incident),
                "alert_counts": {"all": all_alerts, "triggered": open_alerts, "resolved": all_alerts - open_alerts},
                "is_mergeable": incident.is_open(),
                "incident_type": {"name": incident.incident_type},
                "pending_actions": self.pending_actions(links, ix),
                "incidents_responders": self.responders_json(links, ix),
                "responder_requests": self.responder_requests_json(links, ix),
                "alert_grouping": null,
            }),
        );
        if include_body {
            shown["body"] = json!({"type": "incident_body", "details": incident.details.clone().unwrap_or_default()});
        }
        shown
    }

    pub(crate) fn conference_bridge_json(&self, incident: &Incident) -> Value {
        incident
            .conference_bridge
            .as_ref()
            .map_or(Value::Null, |bridge| json!({"conference_number": bridge.number, "conference_url": bridge.url}))
    }

    /// Tells what will happen by itself.
    fn pending_actions(&self, links: &Links, ix: IncidentIx) -> Value {
        let incident = self.incident(ix);
        let timers = &incident.timers;
        let escalates_at = timers.escalate_at.filter(|_| self.has_next_level(ix));
        let actions = [
            ("escalate", escalates_at),
            ("unacknowledge", incident.snoozed_until.or(timers.unacknowledge_at)),
            ("resolve", timers.resolve_at),
            ("urgency_change", timers.urgent_at),
        ];
        let shown = actions.into_iter().filter_map(|(kind, at)| {
            let mut action = json!({"type": kind, "at": links.time(at?)});
            if kind == "urgency_change" {
                action["to"] = "high".into();
            }
            Some(action)
        });
        shown.collect::<Vec<_>>().into()
    }

    pub(crate) fn priority_json(&self, links: &Links, incident: &Incident) -> Value {
        incident.priority.map_or(Value::Null, |priority| self.priority_object(links, priority))
    }

    pub(crate) fn resolve_reason(&self, links: &Links, incident: &Incident) -> Value {
        incident.merged_into.map_or(
            Value::Null,
            |target| json!({"type": "merge_resolve_reason", "incident": self.incident_ref(links, target)}),
        )
    }
}
