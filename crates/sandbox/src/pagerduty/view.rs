//! What PagerDuty holds, as tests, the control API and the page see it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::model::{Actor, ChangeEvent, IncidentIx, Service, ServiceIx};
use super::state::State;
use crate::counters::EndpointCount;
use crate::outgoing::{WebhookCounts, WebhookRecord};

/// Everything that PagerDuty holds.
#[derive(Debug, Clone, Serialize)]
pub struct PagerDutySnapshot {
    /// Every incident, oldest first, resolved ones too.
    pub incidents: Vec<IncidentView>,
    /// Incidents ever made per incident key or dedup key; more than 1 is a page too many unless one was resolved.
    pub creates_per_key: BTreeMap<String, u64>,
    /// Accepted events by what became of them.
    pub events: BTreeMap<String, u64>,
    /// The services.
    pub services: Vec<ServiceView>,
    /// The names of the users.
    pub users: Vec<String>,
    /// The change events, oldest first.
    pub change_events: Vec<ChangeEventView>,
    /// The webhook subscriptions.
    pub subscriptions: Vec<SubscriptionView>,
    /// How many webhooks ended how.
    pub webhooks: WebhookCounts,
    /// The latest attempts to deliver webhooks, oldest first.
    pub webhook_log: Vec<WebhookRecord>,
    /// Calls by endpoint.
    pub calls: BTreeMap<String, EndpointCount>,
}

impl PagerDutySnapshot {
    /// Lists the incidents with this incident key or an alert of this dedup key, oldest first.
    pub fn with_key<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a IncidentView> {
        self.incidents.iter().filter(move |incident| {
            incident.incident_key.as_deref() == Some(key) || incident.alerts.iter().any(|alert| alert.key == key)
        })
    }
}

/// One change event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChangeEventView {
    /// Its id.
    pub id: String,
    /// What changed.
    pub summary: String,
    /// Where it changed.
    pub source: Option<String>,
    /// When it changed.
    pub at: Timestamp,
    /// The id of the service that it was sent to.
    pub service_id: String,
    /// How many links it has.
    pub links: usize,
}

/// One incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IncidentView {
    /// Its id.
    pub id: String,
    /// Its number, from 1.
    pub number: usize,
    /// Its title.
    pub title: String,
    /// The details of its body.
    pub details: Option<String>,
    /// Its key; none when an event made it.
    pub incident_key: Option<String>,
    /// `triggered`, `acknowledged` or `resolved`.
    pub status: &'static str,
    /// `high` or `low`.
    pub urgency: &'static str,
    /// The name of its priority.
    pub priority: Option<String>,
    /// The id of its service.
    pub service_id: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its status last changed.
    pub status_at: Timestamp,
    /// The names of the users it is assigned to.
    pub assignees: Vec<String>,
    /// Who acknowledged it, while it is acknowledged.
    pub acknowledged_by: Vec<String>,
    /// The incident that it was merged into.
    pub merged_into: Option<String>,
    /// Its alerts.
    pub alerts: Vec<IncidentAlertView>,
    /// Its notes, oldest first.
    pub notes: Vec<NoteView>,
    /// What happened to it, oldest first.
    pub log: Vec<IncidentLogLine>,
}

/// One alert of an incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IncidentAlertView {
    /// Its dedup key.
    pub key: String,
    /// Whether it is still open.
    pub open: bool,
    /// Its newest summary.
    pub summary: String,
    /// Its newest severity.
    pub severity: String,
    /// How many trigger events it has had.
    pub triggers: u64,
}

/// One note.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NoteView {
    /// Its id.
    pub id: String,
    /// The name of its author.
    pub user: String,
    /// Its text.
    pub content: String,
    /// When it was written.
    pub created_at: Timestamp,
}

/// One line of an incident's history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IncidentLogLine {
    /// When it happened.
    pub at: Timestamp,
    /// What happened: `trigger`, `acknowledge`, `unacknowledge`, `resolve`, `annotate`, ...
    pub kind: &'static str,
    /// Who did it.
    pub by: String,
}

/// One service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ServiceView {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// `active`, `warning`, `critical`, `maintenance` or `disabled`.
    pub status: &'static str,
}

/// One webhook subscription.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SubscriptionView {
    /// Its id.
    pub id: String,
    /// Where it sends.
    pub url: String,
    /// The event types that it wants; empty for all.
    pub events: Vec<String>,
    /// Whether it is switched on.
    pub active: bool,
    /// Whether it was switched off after too many refusals.
    pub temporarily_disabled: bool,
}

impl State {
    pub(crate) fn change_event_views(&self) -> Vec<ChangeEventView> {
        let view = |change: &ChangeEvent| ChangeEventView {
            id: change.id.clone(),
            summary: change.summary.clone(),
            source: change.source.clone(),
            at: change.at,
            service_id: self.service(self.integrations[change.integration].service).id.clone(),
            links: change.links.len(),
        };
        self.change_events.iter().map(|(_, change)| view(change)).collect()
    }

    pub(crate) fn view(&self, ix: IncidentIx) -> IncidentView {
        let incident = self.incident(ix);
        let note = |note: &super::model::Note| NoteView {
            id: note.id.clone(),
            user: self.user(note.by).name.clone(),
            content: note.content.clone(),
            created_at: note.created_at,
        };
        let alert = |alert: &super::model::Alert| IncidentAlertView {
            key: alert.key.clone(),
            open: alert.open,
            summary: alert.summary.clone(),
            severity: alert.severity.clone(),
            triggers: alert.triggers,
        };
        let line = |entry: &super::model::LogEntry| IncidentLogLine {
            at: entry.at,
            kind: entry.kind.text(),
            by: self.actor_name(entry.by),
        };
        IncidentView {
            id: incident.id.clone(),
            number: ix.0 + 1,
            title: incident.title.clone(),
            details: incident.details.clone(),
            incident_key: incident.key.clone(),
            status: incident.status.text(),
            urgency: incident.urgency.text(),
            priority: incident.priority.map(|ix| self.priorities[ix].name.clone()),
            service_id: self.service(incident.service).id.clone(),
            created_at: incident.created_at,
            status_at: incident.status_at,
            assignees: incident.assignments.iter().map(|(_, user)| self.user(*user).name.clone()).collect(),
            acknowledged_by: incident.acknowledgements.iter().map(|(_, by)| self.actor_name(*by)).collect(),
            merged_into: incident.merged_into.map(|target| self.incident(target).id.clone()),
            alerts: incident.alerts.iter().map(alert).collect(),
            notes: incident.notes.iter().map(note).collect(),
            log: incident.log.iter().map(line).collect(),
        }
    }

    pub(crate) fn service_views(&self) -> Vec<ServiceView> {
        let view = |(ix, service): (ServiceIx, &Service)| ServiceView {
            id: service.id.clone(),
            name: service.name.clone(),
            status: self.service_status(ix),
        };
        self.services.iter().map(view).collect()
    }

    fn actor_name(&self, actor: Actor) -> String {
        match actor {
            Actor::User(ix) => self.user(ix).name.clone(),
            Actor::Integration(ix) => self.integrations[ix].name.clone(),
            Actor::Automation => "PagerDuty".to_owned(),
        }
    }
}
