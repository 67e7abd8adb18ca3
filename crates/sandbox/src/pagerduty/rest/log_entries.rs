//! `/log_entries`: what happened to incidents, of all of them or of one.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::ask::Ask;
use super::include::Includes;
use crate::pagerduty::model::{IncidentIx, LogEntry, LogKind};
use crate::pagerduty::refusal::Refusal;
use crate::pagerduty::render::{Links, with};
use crate::pagerduty::state::State;
use crate::wire::Reply;

const INCLUDES: &Includes =
    &[("incidents", "incident"), ("services", "service"), ("teams", "teams[]"), ("users", "user")];

impl State {
    pub(crate) fn route_log_entries(&mut self, ask: &Ask<'_>, parts: &[&str]) -> Result<Reply, Refusal> {
        match (ask.call.method.as_str(), parts) {
            ("GET", []) => self.list_log_entries(ask, None),
            (method, [id, rest @ ..]) => {
                let found = self.log_entry_by_id(id);
                let (ix, place) = found.ok_or_else(|| Refusal::new(404, 5001, "Log Entry Not Found"))?;
                match (method, rest) {
                    ("GET", []) => {
                        let shown = self.log_json(ask.links, ix, &self.incident(ix).log[place], channels(ask));
                        Ok(self.one(ask, 200, "log_entry", shown, INCLUDES))
                    }
                    ("PUT", ["channel"]) => {
                        self.requester(ask.call, ask.caller)?;
                        let given = ask.given("channel")?;
                        let kind = self.incident(ix).log[place].channel.kind;
                        if given.needed("type")? != kind.text() {
                            return Err(Refusal::invalid("Type of a channel cannot be changed"));
                        }
                        self.incident_mut(ix).log[place].channel.details = given.0.clone();
                        Ok(Reply::json(202, &json!({"channel": given.0})))
                    }
                    _ => Err(Refusal::not_found()),
                }
            }
            _ => Err(Refusal::not_found()),
        }
    }

    /// Lists log entries, newest first; of one incident, if named.
    pub(crate) fn list_log_entries(&self, ask: &Ask<'_>, of: Option<IncidentIx>) -> Result<Reply, Refusal> {
        let (since, until) = (ask.time("since")?, ask.time("until")?);
        let overview = ask.call.query_true("is_overview");
        let matches = |entry: &LogEntry| {
            since.is_none_or(|since| entry.at >= since)
                && until.is_none_or(|until| entry.at < until)
                && (!overview || is_important(entry.kind))
        };
        let incidents: Vec<IncidentIx> = match of {
            Some(ix) => vec![ix],
            None => (0..self.incidents.len()).map(IncidentIx).filter(|ix| self.of_wanted_team(ask, *ix)).collect(),
        };
        let mut found: Vec<(IncidentIx, &LogEntry)> = Vec::new();
        for ix in incidents {
            found.extend(self.incident(ix).log.iter().filter(|entry| matches(entry)).map(|entry| (ix, entry)));
        }
        // Stable, so that entries of one moment stay in the order they were made.
        found.sort_by_key(|(_, entry)| entry.at);
        found.reverse();
        let channels = channels(ask);
        self.listed(ask, "log_entries", &found, INCLUDES, |(ix, entry)| self.log_json(ask.links, *ix, entry, channels))
    }

    fn of_wanted_team(&self, ask: &Ask<'_>, ix: IncidentIx) -> bool {
        ask.finds("", "", &self.ids(&self.teams, self.service_teams(self.incident(ix).service)))
    }

    /// Renders a log entry; its channel in full only where channels are included.
    pub(crate) fn log_json(&self, links: &Links, ix: IncidentIx, entry: &LogEntry, channels: bool) -> Value {
        let incident = self.incident(ix);
        let mut shown = with(
            log_object(links, entry, ""),
            json!({
                "created_at": links.time(entry.at),
                "agent": self.actor_ref(links, entry.by),
                "channel": {"type": entry.channel.kind.text()},
                "service": self.service_ref(links, incident.service),
                "incident": self.incident_ref(links, ix),
                "teams": self.team_refs(links, self.service_teams(incident.service)),
                "contexts": [],
                "event_details": {"description": incident.title},
            }),
        );
        if let Some(note) = &entry.note {
            shown["note"] = note.clone().into();
        }
        if channels {
            shown["channel"] = with(shown["channel"].take(), self.channel_details(links, ix, entry));
        }
        let users = entry.assignees.iter().map(|user| self.user_ref(links, *user)).collect::<Vec<_>>();
        match entry.kind {
            LogKind::Assign | LogKind::Escalate | LogKind::Delegate => shown["assignees"] = users.into(),
            LogKind::Notify => shown["user"] = entry.user.map(|user| self.user_ref(links, user)).into(),
            LogKind::Acknowledge => shown["acknowledgement_timeout"] = seconds_until(entry).into(),
            LogKind::Snooze => {
                let until = entry.until.map(|until| links.time(until));
                shown["changed_actions"] = json!([{"type": "unacknowledge", "at": until}]);
            }
            _ => {}
        }
        if let Some(change) = &entry.change {
            shown["changeset"] = json!({"name": change.field, "value": change.value});
        }
        shown
    }

    fn channel_details(&self, links: &Links, ix: IncidentIx, entry: &LogEntry) -> Value {
        let incident = self.incident(ix);
        let mut details = json!({"summary": incident.title});
        if let Some(note) = &entry.note {
            details["content"] = note.clone().into();
        }
        if let (LogKind::Trigger, Some(alert)) = (entry.kind, incident.alerts.first()) {
            details["subject"] = alert.summary.clone().into();
            details["details"] = alert.details["custom_details"].clone();
            details["cef_details"] = alert.details.clone();
            details["service_key"] = self.integrations[alert.integration].key.clone().into();
            details["incident_key"] = alert.key.clone().into();
            details["body_content_type"] = Value::Null;
            details["self"] = format!("{}/log_entries/{}/channel", links.api, entry.id).into();
        } else if entry.kind == LogKind::Trigger {
            details["details"] = incident.details.clone().into();
        }
        if let Some(client) = incident.client.as_ref().filter(|_| entry.kind == LogKind::Trigger) {
            details["client"] = client.name.clone().into();
            details["client_url"] = client.url.clone().into();
        }
        with(details, entry.channel.details.clone())
    }
}

pub(crate) fn log_object(links: &Links, entry: &LogEntry, suffix: &str) -> Value {
    let path = format!("log_entries/{}", entry.id);
    let kind = format!("{}_log_entry{suffix}", entry.kind.text());
    links.object(&kind, &entry.id, log_summary(entry), &path, &path)
}

fn channels(ask: &Ask<'_>) -> bool {
    ask.call.query_set("include").contains(&"channels")
}

/// Tells whether an overview shows entries of this kind.
fn is_important(kind: LogKind) -> bool {
    !matches!(kind, LogKind::Notify | LogKind::UrgencyChange)
}

fn seconds_until(entry: &LogEntry) -> Option<i64> {
    entry.until.map(|until: Timestamp| until.duration_since(entry.at).as_secs())
}

fn log_summary(entry: &LogEntry) -> &'static str {
    match entry.kind {
        LogKind::Trigger => "Triggered through the API.",
        LogKind::Acknowledge => "Acknowledged.",
        LogKind::Unacknowledge => "Unacknowledged.",
        LogKind::Resolve => "Resolved.",
        LogKind::Annotate => "Note added.",
        LogKind::Assign => "Assigned.",
        LogKind::Escalate => "Escalated.",
        LogKind::Delegate => "Moved to another escalation policy.",
        LogKind::Notify => "Notified.",
        LogKind::Snooze => "Snoozed.",
        LogKind::UrgencyChange => "Urgency changed.",
        LogKind::ExhaustEscalationPath => "Nobody is left to escalate to.",
        LogKind::RepeatEscalationPath => "Escalation begins again.",
        LogKind::ReachAckLimit | LogKind::ReachTriggerLimit => "A limit was reached.",
        LogKind::FieldValueChange | LogKind::CustomFieldValueChange => "Changed.",
    }
}
