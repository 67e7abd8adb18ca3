//! `GET /incidents`: filters, windows and sorting.

use jiff::{SignedDuration, Timestamp};

use super::ask::Ask;
use super::include::Includes;
use crate::pagerduty::model::{Incident, IncidentIx, Status, Urgency};
use crate::pagerduty::refusal::Refusal;
use crate::pagerduty::state::State;
use crate::wire::Reply;

const WINDOW_DEFAULT_HOURS: i64 = 31 * 24;
const WINDOW_MAX_HOURS: i64 = 186 * 24;
const SORT_FIELDS_MAX: usize = 2;

pub(super) const INCLUDES: &Includes = &[
    ("acknowledgers", "acknowledgements[].acknowledger"),
    ("agents", "last_status_change_by"),
    ("assignees", "assignments[].assignee"),
    ("escalation_policies", "escalation_policy"),
    ("first_trigger_log_entries", "first_trigger_log_entry"),
    ("services", "service"),
    ("teams", "teams[]"),
    ("users", "assignments[].assignee"),
    ("users", "acknowledgements[].acknowledger"),
];

impl State {
    pub(crate) fn list_incidents(&self, ask: &Ask<'_>) -> Result<Reply, Refusal> {
        let wanted = Wanted::of(ask)?;
        let mut found: Vec<IncidentIx> = self.candidates(&wanted);
        found.retain(|ix| wanted.matches(self, ask, self.incident(*ix)));
        self.sort(&mut found, ask.call.query("sort_by").unwrap_or("incident_number"))?;
        self.listed(ask, "incidents", &found, INCLUDES, |ix| self.incident_shown(ask, *ix, false))
    }

    /// Picks the smallest set that holds every match, in order of number.
    fn candidates(&self, wanted: &Wanted<'_>) -> Vec<IncidentIx> {
        if let Some(key) = wanted.key {
            return self.with_key(key).to_vec();
        }
        if !wanted.statuses.is_empty() && !wanted.statuses.contains(&Status::Resolved) {
            return self.open.iter().copied().collect();
        }
        (0..self.incidents.len()).map(IncidentIx).collect()
    }

    fn sort(&self, found: &mut [IncidentIx], sort_by: &str) -> Result<(), Refusal> {
        let fields: Vec<&str> = sort_by.split(',').filter(|field| !field.is_empty()).collect();
        if fields.len() > SORT_FIELDS_MAX {
            return Err(Refusal::invalid("Sort by takes at most two fields"));
        }
        // The least significant field first: the sort is stable.
        for field in fields.into_iter().rev() {
            let (field, direction) = field.split_once(':').unwrap_or((field, "asc"));
            if !matches!(field, "incident_number" | "created_at" | "resolved_at" | "urgency") {
                return Err(Refusal::invalid("Sort by must name incident_number, created_at, resolved_at or urgency"));
            }
            let by = |ix: &IncidentIx| {
                let incident = self.incident(*ix);
                match field {
                    "created_at" => incident.created_at.as_millisecond(),
                    "resolved_at" => incident.resolved_at.map_or(i64::MAX, Timestamp::as_millisecond),
                    "urgency" => i64::from(incident.urgency == Urgency::High),
                    _ => ix.0 as i64,
                }
            };
            match direction {
                "asc" => found.sort_by_key(by),
                "desc" => found.sort_by_key(|ix| std::cmp::Reverse(by(ix))),
                _ => return Err(Refusal::invalid("Sort direction must be one of: asc, desc")),
            }
        }
        Ok(())
    }
}

/// What a list of incidents is filtered by.
struct Wanted<'a> {
    key: Option<&'a str>,
    statuses: Vec<Status>,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
}

impl<'a> Wanted<'a> {
    fn of(ask: &Ask<'a>) -> Result<Wanted<'a>, Refusal> {
        let status = |text: &&str| Status::parse(text).ok_or_else(|| Refusal::invalid("Invalid Status Provided"));
        let statuses = ask.call.query_set("statuses").iter().map(status).collect::<Result<_, _>>()?;
        let (since, until) = window(ask)?;
        // An empty key filters nothing: a trap that clients must not walk into.
        let key = ask.call.query("incident_key").filter(|key| !key.is_empty());
        Ok(Wanted { key, statuses, since, until })
    }

    fn matches(&self, state: &State, ask: &Ask<'_>, incident: &Incident) -> bool {
        let users = ask.call.query_set("user_ids");
        let assigned = |id: &&str| incident.assignments.iter().any(|(_, user)| state.user(*user).id == *id);
        let priority = incident.priority.map_or("", |priority| &state.priorities[priority].id);
        let teams = state.ids(&state.teams, state.service_teams(incident.service));
        (self.statuses.is_empty() || self.statuses.contains(&incident.status))
            && ask.wants("urgencies", incident.urgency.text())
            && ask.wants("service_ids", &state.service(incident.service).id)
            && ask.wants("priority_ids", priority)
            && ask.finds("", "", &teams)
            && (users.is_empty() || users.iter().any(assigned))
            && self.since.is_none_or(|since| incident.created_at >= since)
            && self.until.is_none_or(|until| incident.created_at < until)
    }
}

/// Reads the time window; without one it is the last month, at most six months.
fn window(ask: &Ask<'_>) -> Result<(Option<Timestamp>, Option<Timestamp>), Refusal> {
    if ask.call.query("date_range") == Some("all") {
        return Ok((None, None));
    }
    let (since, until) = (ask.time("since")?, ask.time("until")?);
    let end = until.unwrap_or(ask.now);
    let month_before = || end.checked_sub(SignedDuration::from_hours(WINDOW_DEFAULT_HOURS)).unwrap_or(Timestamp::MIN);
    let since = since.unwrap_or_else(month_before);
    if since > end || end.duration_since(since) > SignedDuration::from_hours(WINDOW_MAX_HOURS) {
        return Err(Refusal::new(400, 2005, "Invalid Query Date Range"));
    }
    // Without `until` nothing is cut off at the end, or the newest incident of this millisecond would be missing.
    Ok((Some(since), until))
}
