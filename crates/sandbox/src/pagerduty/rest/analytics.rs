//! `/analytics/raw/incidents`: one row of figures per incident, computed from what the sandbox holds.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::ask::{Ask, Given};
use crate::pagerduty::auth::Caller;
use crate::pagerduty::model::{Actor, Incident, IncidentIx, LogEntry, LogKind, Status, UserIx};
use crate::pagerduty::refusal::Refusal;
use crate::pagerduty::render::Links;
use crate::pagerduty::state::State;
use crate::wire::Reply;

const LIMIT_DEFAULT: u32 = 100;
const LIMIT_MAX: u32 = 1_000;

impl State {
    pub(crate) fn route_analytics(&self, ask: &Ask<'_>, parts: &[&str]) -> Result<Reply, Refusal> {
        match (ask.call.method.as_str(), parts) {
            ("POST", ["raw", "incidents"]) => self.list_raw(ask),
            ("GET", ["raw", "incidents", id]) => {
                let ix = self.find(id).ok_or_else(Refusal::not_found)?;
                Ok(Reply::json(200, &self.raw_row(ask.links, ix)))
            }
            ("GET", ["raw", "incidents", id, "responses"]) => {
                let ix = self.find(id).ok_or_else(Refusal::not_found)?;
                Ok(self.list_responses(ask, ix))
            }
            ("POST", ["metrics", "incidents", rest @ ..]) => self.list_metrics(ask, rest),
            _ => Err(Refusal::not_found()),
        }
    }

    fn list_raw(&self, ask: &Ask<'_>) -> Result<Reply, Refusal> {
        let given = ask.body()?;
        let mut found = self.analysed(ask, &given)?;
        let order = given.text("order")?.unwrap_or("desc").to_owned();
        match order.as_str() {
            "asc" => {}
            "desc" => found.reverse(),
            _ => return Err(Refusal::invalid("Order must be one of: asc, desc")),
        }
        let order_by = given.text("order_by")?.unwrap_or("created_at");
        if order_by == "seconds_to_resolve" {
            found.sort_by_key(|ix| seconds_to_resolve(self.incident(*ix)));
        } else if order_by != "created_at" {
            return Err(Refusal::invalid("Order by must be one of: created_at, seconds_to_resolve"));
        }
        let limit = given.whole("limit", 1..=LIMIT_MAX)?.unwrap_or(LIMIT_DEFAULT);
        let begin = match given.text("starting_after")? {
            None => 0,
            Some(id) => {
                let place = found.iter().position(|ix| self.incident(*ix).id == id);
                place.ok_or_else(|| Refusal::invalid("Starting after is not one of these incidents"))? + 1
            }
        };
        let page: Vec<IncidentIx> = found.iter().skip(begin).take(limit as usize).copied().collect();
        let rows: Vec<Value> = page.iter().map(|ix| self.raw_row(ask.links, *ix)).collect();
        let id = |ix: Option<&IncidentIx>| ix.map(|ix| self.incident(*ix).id.clone());
        Ok(Reply::json(
            200,
            &json!({
                "first": id(page.first()), "last": id(page.last()), "limit": limit,
                "more": begin + page.len() < found.len(), "order": order, "order_by": order_by,
                "filters": given.get("filters"), "time_zone": given.text("time_zone")?.unwrap_or("Etc/UTC"),
                "data": rows,
            }),
        ))
    }

    /// Lists the incidents that the body's filters leave, oldest first.
    pub(super) fn analysed(&self, ask: &Ask<'_>, given: &Given) -> Result<Vec<IncidentIx>, Refusal> {
        let filters = Given(given.get("filters").clone());
        let scoped = ["team_ids", "service_ids"].into_iter().any(|name| filters.get(name).is_array());
        if matches!(ask.caller, Caller::User(_)) && !scoped {
            return Err(Refusal::invalid("Filters must name team_ids or service_ids when a user's key is used"));
        }
        let (from, to) = (filters.time("created_at_start")?, filters.time("created_at_end")?);
        let updated = filters.time("updated_after")?;
        let urgency = filters.text("urgency")?;
        let major = filters.flag("major")?;
        let in_list = |name: &str, id: &str| {
            filters.list(name).map(|list| list.is_none_or(|list| list.iter().any(|one| one.as_str() == Some(id))))
        };
        let mut found = Vec::new();
        for ix in (0..self.incidents.len()).map(IncidentIx) {
            let incident = self.incident(ix);
            let priority = incident.priority.map(|priority| &self.priorities[priority]);
            let teams = self.ids(&self.teams, self.service_teams(incident.service));
            let of_team = match filters.list("team_ids")? {
                None => true,
                Some(wanted) => wanted.iter().any(|one| one.as_str().is_some_and(|id| teams.contains(&id))),
            };
            let matches = from.is_none_or(|from| incident.created_at >= from)
                && to.is_none_or(|to| incident.created_at < to)
                && updated.is_none_or(|updated| incident.updated_at > updated)
                && urgency.is_none_or(|urgency| incident.urgency.text() == urgency)
                && major.is_none_or(|major| self.is_major(incident) == major)
                && of_team
                && in_list("service_ids", &self.service(incident.service).id)?
                && in_list("priority_ids", priority.map_or("", |priority| &priority.id))?
                && in_list("priority_names", priority.map_or("", |priority| &priority.name))?;
            if matches {
                found.push(ix);
            }
        }
        Ok(found)
    }

    /// Tells whether an incident counts as major: of one of the two highest priorities.
    pub(super) fn is_major(&self, incident: &Incident) -> bool {
        incident.priority.is_some_and(|priority| priority.0 < 2)
    }

    fn raw_row(&self, links: &Links, ix: IncidentIx) -> Value {
        let incident = self.incident(ix);
        let service = self.service(incident.service);
        let policy = self.policy(incident.policy);
        let team = self.service_teams(incident.service).first().map(|team| &self.teams[*team]);
        let priority = incident.priority.map(|priority| &self.priorities[priority]);
        let figures = Figures::of(incident);
        let ids = |users: &[UserIx]| users.iter().map(|user| self.user(*user).id.clone()).collect::<Vec<_>>();
        let names = |users: &[UserIx]| users.iter().map(|user| self.user(*user).name.clone()).collect::<Vec<_>>();
        let resolver = figures.resolved_by.map(|user| self.user(user));
        let interruptions = self.interruptions(&[ix]);
        let notified = interruptions.total();
        let mut row = json!({
            "id": incident.id, "incident_number": ix.0 + 1, "description": incident.title,
            "created_at": links.time(incident.created_at), "updated_at": links.time(incident.updated_at),
            "resolved_at": incident.resolved_at.map(|at| links.time(at)),
            "status": incident.status.text(), "urgency": incident.urgency.text(),
            "incident_type": incident.incident_type, "major": self.is_major(incident),
            "service_id": service.id, "service_name": service.name,
            "escalation_policy_id": policy.id, "escalation_policy_name": policy.name,
            "team_id": team.map(|team| &team.id), "team_name": team.map(|team| &team.name),
            "priority_id": priority.map(|one| &one.id), "priority_name": priority.map(|one| &one.name),
            "priority_order": incident.priority.map(|one| self.priorities.len().saturating_sub(one.0)),
            "acknowledged_user_ids": ids(&figures.acknowledgers),
            "acknowledged_user_names": names(&figures.acknowledgers),
            "assigned_user_ids": ids(&figures.assigned), "assigned_user_names": names(&figures.assigned),
            "joined_user_ids": [], "joined_user_names": [],
            "resolved_by_user_id": resolver.map(|user| &user.id),
            "resolved_by_user_name": resolver.map(|user| &user.name),
        });
        let engaged = figures.acknowledgers.len();
        let counted = json!({
            "auto_resolved": figures.auto_resolved,
            "seconds_to_first_ack": figures.seconds_to_first_ack,
            "seconds_to_engage": figures.seconds_to_first_ack, "seconds_to_mobilize": null,
            "seconds_to_resolve": seconds_to_resolve(incident),
            "engaged_seconds": figures.engaged_seconds(incident), "engaged_user_count": engaged,
            "active_user_count": engaged, "acknowledgement_count": figures.acknowledgements,
            "assignment_count": figures.assignments, "reassignment_count": figures.reassignments,
            "escalation_count": figures.manual_escalations + figures.timeout_escalations,
            "manual_escalation_count": figures.manual_escalations,
            "timeout_escalation_count": figures.timeout_escalations, "snoozed_seconds": figures.snoozed_seconds,
            "business_hour_interruptions": interruptions.business, "off_hour_interruptions": interruptions.off,
            "sleep_hour_interruptions": interruptions.sleep,
            "total_interruptions": notified, "total_notifications": notified, "user_defined_effort_seconds": null,
        });
        row = crate::pagerduty::render::with(row, counted);
        row
    }

    /// Lists who was given an incident, and how each of them answered.
    fn list_responses(&self, ask: &Ask<'_>, ix: IncidentIx) -> Reply {
        let incident = self.incident(ix);
        let given = incident.log.iter().filter(|entry| !entry.assignees.is_empty() || entry.kind == LogKind::Trigger);
        let mut rows = Vec::new();
        for entry in given {
            let users: Vec<UserIx> = if entry.assignees.is_empty() {
                incident.assignments.iter().map(|(_, user)| *user).collect()
            } else {
                entry.assignees.clone()
            };
            for user in users {
                let answer = incident.log.iter().find(|later| {
                    later.at >= entry.at && later.by == Actor::User(user) && later.kind == LogKind::Acknowledge
                });
                rows.push(json!({
                    "responder_id": self.user(user).id,
                    "responder_name": self.user(user).name,
                    "requested_at": ask.links.time(entry.at),
                    "responded_at": answer.map(|answer| ask.links.time(answer.at)),
                    "response_status": if answer.is_some() { "accepted" } else { "pending" },
                    "responder_type": "assigned",
                    "time_to_respond_seconds": answer.map(|answer| seconds_between(entry.at, answer.at)),
                }));
            }
        }
        let shown = json!({
            "incident_id": incident.id, "limit": LIMIT_DEFAULT, "order": "asc", "order_by": "requested_at",
            "time_zone": "Etc/UTC", "responses": rows,
        });
        Reply::json(200, &shown)
    }
}

/// What an incident's history adds up to.
#[derive(Debug, Default)]
pub(super) struct Figures {
    acknowledgers: Vec<UserIx>,
    assigned: Vec<UserIx>,
    pub(super) acknowledgements: u64,
    assignments: u64,
    pub(super) reassignments: u64,
    pub(super) manual_escalations: u64,
    pub(super) timeout_escalations: u64,
    pub(super) seconds_to_first_ack: Option<i64>,
    snoozed_seconds: i64,
    resolved_by: Option<UserIx>,
    auto_resolved: bool,
}

impl Figures {
    pub(super) fn of(incident: &Incident) -> Figures {
        let mut figures = Figures::default();
        for entry in &incident.log {
            figures.count(incident, entry);
        }
        for (_, user) in &incident.assignments {
            note(&mut figures.assigned, *user);
        }
        figures.assignments = figures.assigned.len().max(1) as u64;
        figures
    }

    fn count(&mut self, incident: &Incident, entry: &LogEntry) {
        entry.assignees.iter().for_each(|user| note(&mut self.assigned, *user));
        match (entry.kind, entry.by) {
            (LogKind::Acknowledge, by) => {
                self.acknowledgements += 1;
                self.seconds_to_first_ack.get_or_insert(seconds_between(incident.created_at, entry.at));
                if let Actor::User(user) = by {
                    note(&mut self.acknowledgers, user);
                }
            }
            (LogKind::Assign | LogKind::Delegate, _) => self.reassignments += 1,
            (LogKind::Escalate, Actor::User(_)) => self.manual_escalations += 1,
            (LogKind::Escalate, _) => self.timeout_escalations += 1,
            (LogKind::Snooze, _) => {
                self.snoozed_seconds += entry.until.map_or(0, |until| seconds_between(entry.at, until));
            }
            (LogKind::Resolve, by) if incident.status == Status::Resolved => {
                self.auto_resolved = by == Actor::Automation;
                self.resolved_by = if let Actor::User(user) = by { Some(user) } else { None };
            }
            _ => {}
        }
    }

    /// Tells for how long somebody was at it: from the first acknowledgement to the end.
    fn engaged_seconds(&self, incident: &Incident) -> i64 {
        let resolved = seconds_to_resolve(incident);
        self.seconds_to_first_ack.zip(resolved).map_or(0, |(begun, ended)| (ended - begun).max(0))
    }
}

pub(super) fn seconds_to_resolve(incident: &Incident) -> Option<i64> {
    incident.resolved_at.map(|at| seconds_between(incident.created_at, at))
}

fn seconds_between(from: Timestamp, to: Timestamp) -> i64 {
    to.duration_since(from).as_secs()
}

fn note(users: &mut Vec<UserIx>, user: UserIx) {
    if !users.contains(&user) {
        users.push(user);
    }
}
