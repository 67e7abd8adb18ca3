//! Writes PagerDuty's objects as its REST API and its webhooks show them.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::model::{Actor, Alert, Incident, IncidentIx, LogEntry, Note, Policy, Priority, ServiceState, Status, User};
use super::model::{IntegrationIx, LogKind, PolicyIx, Rule, ScheduleIx, ServiceIx, Target, TeamIx, UserIx};
use super::state::State;
use crate::clock::seconds;

/// Where the links of one reply lead.
#[derive(Debug, Clone)]
pub(crate) struct Links {
    /// The REST address as the client wrote it.
    pub(crate) api: String,
    pub(crate) web: String,
}

impl Links {
    fn object(&self, kind: &str, id: &str, summary: &str, path: &str, web_path: &str) -> Value {
        json!({
            "id": id, "type": kind, "summary": summary,
            "self": format!("{}/{path}", self.api), "html_url": format!("{}/{web_path}", self.web),
        })
    }
}

/// Adds fields to an object.
fn with(mut object: Value, more: Value) -> Value {
    if let (Value::Object(object), Value::Object(more)) = (&mut object, more) {
        object.extend(more);
    }
    object
}

impl State {
    pub(crate) fn user_ref(&self, links: &Links, ix: UserIx) -> Value {
        user_object(links, self.user(ix), "user_reference")
    }

    pub(crate) fn service_ref(&self, links: &Links, ix: ServiceIx) -> Value {
        let service = self.service(ix);
        let web_path = format!("service-directory/{}", service.id);
        links.object("service_reference", &service.id, &service.name, &format!("services/{}", service.id), &web_path)
    }

    pub(crate) fn policy_ref(&self, links: &Links, ix: PolicyIx) -> Value {
        policy_object(links, self.policy(ix), "escalation_policy_reference")
    }

    pub(crate) fn team_ref(&self, links: &Links, ix: TeamIx) -> Value {
        let team = &self.teams[ix];
        let path = format!("teams/{}", team.id);
        links.object("team_reference", &team.id, &team.name, &path, &path)
    }

    pub(crate) fn schedule_ref(&self, links: &Links, ix: ScheduleIx) -> Value {
        let schedule = &self.schedules[ix];
        let path = format!("schedules/{}", schedule.id);
        links.object("schedule_reference", &schedule.id, &schedule.name, &path, &path)
    }

    pub(crate) fn incident_ref(&self, links: &Links, ix: IncidentIx) -> Value {
        incident_object(links, ix, self.incident(ix), "incident_reference")
    }

    /// Renders who did something; null for PagerDuty's own timers and rules.
    pub(crate) fn actor_ref(&self, links: &Links, actor: Actor) -> Value {
        match actor {
            Actor::User(ix) => self.user_ref(links, ix),
            Actor::Automation => Value::Null,
            Actor::Integration(ix) => self.integration_ref(links, ix),
        }
    }

    pub(crate) fn integration_ref(&self, links: &Links, ix: IntegrationIx) -> Value {
        let integration = &self.integrations[ix];
        let service = self.service(integration.service);
        let path = format!("services/{}/integrations/{}", service.id, integration.id);
        links.object(&format!("{}_reference", integration.kind), &integration.id, &integration.name, &path, &path)
    }

    /// Renders an incident as the REST API shows it.
    pub(crate) fn incident_json(&self, links: &Links, ix: IncidentIx, include_body: bool) -> Value {
        let incident = self.incident(ix);
        let status_by = match incident.status_by {
            Actor::Automation => self.service_ref(links, incident.service),
            actor => self.actor_ref(links, actor),
        };
        let first = incident.log.first().map(|entry| log_object(links, entry, "_log_entry_reference"));
        let assignment =
            |(at, user): &(Timestamp, UserIx)| json!({"at": seconds(*at), "assignee": self.user_ref(links, *user)});
        let acknowledgement =
            |(at, by): &(Timestamp, Actor)| json!({"at": seconds(*at), "acknowledger": self.actor_ref(links, *by)});
        let open_alerts = incident.alerts.iter().filter(|alert| alert.open).count();
        let all_alerts = incident.alerts.len();
        let mut shown = with(
            incident_object(links, ix, incident, "incident"),
            json!({
                "incident_number": ix.0 + 1,
                "title": incident.title,
                "description": incident.title,
                "created_at": seconds(incident.created_at),
                "updated_at": seconds(incident.updated_at),
                "status": incident.status.text(),
                "incident_key": incident.key,
                "service": self.service_ref(links, incident.service),
                "assignments": incident.assignments.iter().map(assignment).collect::<Vec<_>>(),
                "assigned_via": if incident.direct { "direct_assignment" } else { "escalation_policy" },
                "acknowledgements": incident.acknowledgements.iter().map(acknowledgement).collect::<Vec<_>>(),
                "last_status_change_at": seconds(incident.status_at),
                "last_status_change_by": status_by,
                "resolved_at": incident.resolved_at.map(seconds),
                "first_trigger_log_entry": first,
                "escalation_policy": self.policy_ref(links, incident.policy),
                "teams": self.teams_of(links, incident),
                "priority": self.priority_json(links, incident),
                "urgency": incident.urgency.text(),
                "resolve_reason": self.resolve_reason(links, incident),
                "alert_counts": {"all": all_alerts, "triggered": open_alerts, "resolved": all_alerts - open_alerts},
                "is_mergeable": true,
                "incident_type": {"name": incident.incident_type},
                "pending_actions": self.pending_actions(ix),
                "incidents_responders": [],
                "responder_requests": [],
                "alert_grouping": null,
            }),
        );
        if include_body {
            shown["body"] = json!({"type": "incident_body", "details": incident.details.clone().unwrap_or_default()});
        }
        shown
    }

    /// Renders an incident as webhooks carry it, which is not the REST incident.
    pub(crate) fn incident_webhook_json(&self, links: &Links, ix: IncidentIx) -> Value {
        let incident = self.incident(ix);
        let assignees = incident.assignments.iter().map(|(_, user)| self.user_ref(links, *user));
        let bridge = incident.conference_bridge.as_ref();
        let bridge = bridge.map(|bridge| json!({"conference_number": bridge.number, "conference_url": bridge.url}));
        let mut shown = json!({
            "id": incident.id,
            "type": "incident",
            "self": format!("{}/incidents/{}", links.api, incident.id),
            "html_url": format!("{}/incidents/{}", links.web, incident.id),
            "number": ix.0 + 1,
            "status": incident.status.text(),
            "incident_key": incident.key,
            "created_at": seconds(incident.created_at),
            "title": incident.title,
            "service": self.service_ref(links, incident.service),
            "assignees": assignees.collect::<Vec<_>>(),
            "escalation_policy": self.policy_ref(links, incident.policy),
            "teams": self.teams_of(links, incident),
            "priority": self.priority_json(links, incident),
            "urgency": incident.urgency.text(),
            "conference_bridge": bridge,
            "resolve_reason": self.resolve_reason(links, incident),
            "incident_type": {"name": incident.incident_type},
        });
        if let Some(at) = incident.reopened_at {
            shown["reopened_at"] = seconds(at).into();
        }
        shown
    }

    fn teams_of(&self, links: &Links, incident: &Incident) -> Vec<Value> {
        self.policy(incident.policy).teams.iter().map(|team| self.team_ref(links, *team)).collect()
    }

    /// Tells what will happen by itself.
    fn pending_actions(&self, ix: IncidentIx) -> Value {
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
            let mut action = json!({"type": kind, "at": seconds(at?)});
            if kind == "urgency_change" {
                action["to"] = "high".into();
            }
            Some(action)
        });
        shown.collect::<Vec<_>>().into()
    }

    fn priority_json(&self, links: &Links, incident: &Incident) -> Value {
        let priority = incident.priority.map(|ix| &self.priorities[ix]);
        priority.map_or(Value::Null, |priority| priority_object(links, priority))
    }

    fn resolve_reason(&self, links: &Links, incident: &Incident) -> Value {
        incident.merged_into.map_or(
            Value::Null,
            |target| json!({"type": "merge_resolve_reason", "incident": self.incident_ref(links, target)}),
        )
    }

    pub(crate) fn note_json(&self, links: &Links, note: &Note) -> Value {
        json!({
            "id": note.id,
            "user": self.user_ref(links, note.by),
            "content": note.content,
            "created_at": seconds(note.created_at),
            "updated_at": seconds(note.updated_at),
            "channel": {"summary": "The PagerDuty website or APIs"},
        })
    }

    pub(crate) fn alert_json(&self, links: &Links, ix: IncidentIx, alert: &Alert) -> Value {
        let incident = self.incident(ix);
        let path = format!("incidents/{}/alerts/{}", incident.id, alert.id);
        with(
            links.object("alert", &alert.id, &alert.summary, &path, &format!("alerts/{}", alert.id)),
            json!({
                "created_at": seconds(alert.created_at),
                "status": if alert.open { "triggered" } else { "resolved" },
                "alert_key": alert.key,
                "service": self.service_ref(links, incident.service),
                "incident": self.incident_ref(links, ix),
                "integration": self.integration_ref(links, alert.integration),
                "severity": alert.severity,
                "suppressed": alert.suppressed,
                "body": {"type": "alert_body", "contexts": alert.contexts, "details": alert.details},
            }),
        )
    }

    pub(crate) fn log_json(&self, links: &Links, ix: IncidentIx, entry: &LogEntry) -> Value {
        let incident = self.incident(ix);
        let mut shown = with(
            log_object(links, entry, "_log_entry"),
            json!({
                "created_at": seconds(entry.at),
                "agent": self.actor_ref(links, entry.by),
                "channel": {"type": entry.channel.kind.text()},
                "service": self.service_ref(links, incident.service),
                "incident": self.incident_ref(links, ix),
                "teams": [],
                "contexts": [],
                "event_details": {"description": incident.title},
            }),
        );
        if let Some(note) = &entry.note {
            shown["channel"]["content"] = note.clone().into();
            shown["note"] = note.clone().into();
        }
        shown
    }

    pub(crate) fn service_json(&self, links: &Links, ix: ServiceIx) -> Value {
        let service = self.service(ix);
        let integrations: Vec<Value> = self.integrations_of(ix).map(|one| self.integration_ref(links, one)).collect();
        with(
            self.service_ref(links, ix),
            json!({
                "type": "service",
                "name": service.name,
                "description": null,
                "status": self.service_status(ix),
                "created_at": seconds(service.created_at),
                "last_incident_timestamp": service.last_incident_at.map(seconds),
                "auto_resolve_timeout": null,
                "acknowledgement_timeout": null,
                "escalation_policy": self.policy_ref(links, service.policy),
                "teams": [],
                "integrations": integrations,
                "incident_urgency_rule": {"type": "constant", "urgency": "severity_based"},
                "support_hours": null,
                "scheduled_actions": [],
                "addons": [],
                "alert_creation": "create_alerts_and_incidents",
                "alert_grouping_parameters": null,
                "auto_pause_notifications_parameters": null,
            }),
        )
    }

    pub(crate) fn service_status(&self, ix: ServiceIx) -> &'static str {
        let mut open = self.open.iter().map(|ix| self.incident(*ix)).filter(|incident| incident.service == ix);
        match self.service_state(ix) {
            ServiceState::Disabled => "disabled",
            ServiceState::Maintenance => "maintenance",
            ServiceState::Active if open.clone().any(|incident| incident.status == Status::Triggered) => "critical",
            ServiceState::Active if open.next().is_some() => "warning",
            ServiceState::Active => "active",
        }
    }

    pub(crate) fn user_json(&self, links: &Links, ix: UserIx) -> Value {
        let user = self.user(ix);
        with(
            user_object(links, user, "user"),
            json!({
                "name": user.name, "email": user.email, "time_zone": "Etc/UTC", "color": "purple", "role": "user",
                "avatar_url": null, "description": null, "invitation_sent": false, "job_title": null,
                "teams": [], "contact_methods": [], "notification_rules": [],
            }),
        )
    }

    pub(crate) fn policy_json(&self, links: &Links, ix: PolicyIx) -> Value {
        let policy = self.policy(ix);
        let target = |target: &Target| match target {
            Target::User(user) => self.user_ref(links, *user),
            Target::Schedule(schedule) => self.schedule_ref(links, *schedule),
        };
        let rule = |rule: &Rule| {
            json!({
                "id": rule.id,
                "escalation_delay_in_minutes": rule.delay_minutes,
                "targets": rule.targets.iter().map(target).collect::<Vec<_>>(),
            })
        };
        let services = self.services.iter().filter(|(_, service)| service.policy == ix);
        let services: Vec<Value> = services.map(|(service, _)| self.service_ref(links, service)).collect();
        with(
            policy_object(links, policy, "escalation_policy"),
            json!({
                "name": policy.name, "description": null, "num_loops": 0,
                "on_call_handoff_notifications": "if_has_services",
                "escalation_rules": policy.rules.iter().map(rule).collect::<Vec<_>>(),
                "services": services, "teams": [],
            }),
        )
    }
}

pub(crate) fn priority_object(links: &Links, priority: &Priority) -> Value {
    let path = format!("priorities/{}", priority.id);
    with(
        links.object("priority", &priority.id, &priority.name, &path, "account/incident_priorities"),
        json!({"name": priority.name, "description": ""}),
    )
}

fn user_object(links: &Links, user: &User, kind: &str) -> Value {
    let path = format!("users/{}", user.id);
    links.object(kind, &user.id, &user.name, &path, &path)
}

fn policy_object(links: &Links, policy: &Policy, kind: &str) -> Value {
    let path = format!("escalation_policies/{}", policy.id);
    links.object(kind, &policy.id, &policy.name, &path, &path)
}

fn incident_object(links: &Links, ix: IncidentIx, incident: &Incident, kind: &str) -> Value {
    let path = format!("incidents/{}", incident.id);
    let summary = format!("[#{}] {}", ix.0 + 1, incident.title);
    links.object(kind, &incident.id, &summary, &path, &path)
}

fn log_object(links: &Links, entry: &LogEntry, suffix: &str) -> Value {
    let path = format!("log_entries/{}", entry.id);
    links.object(&format!("{}{suffix}", entry.kind.text()), &entry.id, log_summary(entry), &path, &path)
}

fn log_summary(entry: &LogEntry) -> &'static str {
    match entry.kind {
        LogKind::Trigger => "Triggered through the API.",
        LogKind::Acknowledge => "Acknowledged.",
        LogKind::Unacknowledge => "Unacknowledged.",
        LogKind::Resolve => "Resolved.",
        LogKind::Annotate => "Note added.",
        _ => "Changed.",
    }
}
