//! `/incidents`: list, create, read, update, snooze, merge, and what hangs below one incident.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::auth::Caller;
use super::lifecycle::{INCIDENT_TYPE, Opening};
use super::model::{Actor, Incident, IncidentIx, PolicyIx, PriorityIx, ServiceState, Status, Urgency, UserIx};
use super::paging::Page;
use super::patch::Patch;
use super::refusal::{Refusal, object};
use super::render::Links;
use super::state::State;
use crate::clock::{after, parse_time};
use crate::wire::{Call, Reply};

const KEY_CHARACTERS_MAX: usize = 255;
const BULK_MAX: usize = 250;
const SNOOZE_SECONDS_MAX: u64 = 604_800;
const DUPLICATE_KEY: &str = "Open incident with matching dedup key already exists on this service";
const WINDOW_DEFAULT_HOURS: i64 = 31 * 24;
const WINDOW_MAX_HOURS: i64 = 186 * 24;

impl State {
    pub(crate) fn list_incidents(&self, call: &Call, links: &Links, now: Timestamp) -> Result<Reply, Refusal> {
        let page = Page::of(call)?;
        let wanted = Wanted::of(call, now)?;
        let mut found: Vec<IncidentIx> = self.candidates(&wanted);
        found.retain(|ix| wanted.matches(self, self.incident(*ix)));
        self.sort(&mut found, call.query("sort_by").unwrap_or("incident_number"));
        let body = call.query_set("include").contains(&"body");
        Ok(page.reply("incidents", &found, |ix| self.incident_json(links, *ix, body)))
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

    fn sort(&self, found: &mut [IncidentIx], sort_by: &str) {
        // The least significant field first: the sort is stable.
        for field in sort_by.split(',').rev() {
            let (field, direction) = field.split_once(':').unwrap_or((field, "asc"));
            let by = |ix: &IncidentIx| {
                let incident = self.incident(*ix);
                match field {
                    "created_at" => incident.created_at.as_millisecond(),
                    "resolved_at" => incident.resolved_at.map_or(i64::MAX, Timestamp::as_millisecond),
                    "urgency" => i64::from(incident.urgency == Urgency::High),
                    _ => ix.0 as i64,
                }
            };
            if direction == "desc" {
                found.sort_by_key(|ix| std::cmp::Reverse(by(ix)));
            } else {
                found.sort_by_key(by);
            }
        }
    }

    pub(crate) fn create_incident(
        &mut self,
        call: &Call,
        caller: Caller,
        links: &Links,
        now: Timestamp,
    ) -> Result<Reply, Refusal> {
        let requester = self.requester(call, caller)?;
        let body = object(call.header("content-type"), &call.body)?;
        let opening = self.opening(&body["incident"])?;
        let ix = self.open_incident(opening, Actor::User(requester), now);
        Ok(Reply::json(201, &json!({"incident": self.incident_json(links, ix, true)})))
    }

    fn opening(&mut self, given: &Value) -> Result<Opening, Refusal> {
        if !given.is_object() {
            return Err(Refusal::invalid("Incident cannot be empty"));
        }
        let title = given["title"].as_str().filter(|title| !title.trim().is_empty());
        let title = title.ok_or_else(|| Refusal::invalid("Title cannot be empty"))?.to_owned();
        let service = given["service"]["id"].as_str().and_then(|id| self.service_by_id(id));
        let service = service.ok_or_else(|| Refusal::invalid("Service not found"))?;
        if self.service_state(service) != ServiceState::Active {
            return Err(Refusal::invalid("Service is disabled or in maintenance"));
        }
        let key = match &given["incident_key"] {
            Value::Null => self.random.hex32(),
            Value::String(key) if key.chars().count() <= KEY_CHARACTERS_MAX => key.clone(),
            Value::String(_) => return Err(Refusal::invalid("Incident key is too long (maximum is 255 characters)")),
            _ => return Err(Refusal::invalid("Incident key must be a string")),
        };
        if self.open_with_key(service, &key).is_some() {
            return Err(Refusal::arguments(DUPLICATE_KEY));
        }
        let policy = match &given["escalation_policy"] {
            Value::Null => self.service(service).policy,
            reference => self.policy_of(reference)?,
        };
        let assignee = self.assignees_of(&given["assignments"])?.and_then(|users| users.first().copied());
        if assignee.is_none() && !self.is_staffed(policy, self.now) {
            return Err(Refusal::new(400, 1015, "Escalation Policy Has No User On Call"));
        }
        Ok(Opening {
            title,
            details: details(&given["body"])?,
            key: Some(key),
            service,
            policy,
            urgency: urgency(&given["urgency"])?.unwrap_or(Urgency::High),
            priority: self.priority_of(&given["priority"])?,
            assignee,
            client: None,
            incident_type: INCIDENT_TYPE.to_owned(),
            conference_bridge: None,
            alert: None,
        })
    }

    pub(crate) fn get_incident(&self, call: &Call, links: &Links, ix: IncidentIx) -> Reply {
        let body = call.query_set("include").contains(&"body");
        Reply::json(200, &json!({"incident": self.incident_json(links, ix, body)}))
    }

    pub(crate) fn update_incident(
        &mut self,
        call: &Call,
        caller: Caller,
        links: &Links,
        ix: IncidentIx,
        now: Timestamp,
    ) -> Result<Reply, Refusal> {
        let requester = self.requester(call, caller)?;
        let body = object(call.header("content-type"), &call.body)?;
        let patch = Patch::parse(self, ix, &body["incident"])?;
        patch.check(self)?;
        patch.apply(self, Actor::User(requester), now);
        Ok(Reply::json(200, &json!({"incident": self.incident_json(links, ix, false)})))
    }

    /// Updates several incidents, all or none.
    pub(crate) fn update_incidents(
        &mut self,
        call: &Call,
        caller: Caller,
        links: &Links,
        now: Timestamp,
    ) -> Result<Reply, Refusal> {
        let requester = self.requester(call, caller)?;
        let body = object(call.header("content-type"), &call.body)?;
        let given = body["incidents"].as_array().ok_or_else(|| Refusal::invalid("Incidents must be an array"))?;
        if given.len() > BULK_MAX {
            return Err(Refusal::new(413, 2001, "Invalid Input Provided").because("at most 250 incidents at once"));
        }
        let parse = |one: &Value| {
            let ix = one["id"].as_str().and_then(|id| self.find(id));
            Patch::parse(self, ix.ok_or_else(|| Refusal::new(404, 5001, "Incident Not Found"))?, one)
        };
        let patches = given.iter().map(parse).collect::<Result<Vec<Patch>, Refusal>>()?;
        patches.iter().try_for_each(|patch| patch.check(self))?;
        for patch in &patches {
            patch.apply(self, Actor::User(requester), now);
        }
        let shown = patches.iter().map(|patch| self.incident_json(links, patch.ix, false));
        let echo = json!({
            "incidents": shown.collect::<Vec<_>>(), "limit": BULK_MAX, "offset": 0, "more": false, "total": null,
        });
        Ok(Reply::json(200, &echo))
    }

    pub(crate) fn snooze_incident(
        &mut self,
        call: &Call,
        caller: Caller,
        links: &Links,
        ix: IncidentIx,
        now: Timestamp,
    ) -> Result<Reply, Refusal> {
        let requester = self.requester(call, caller)?;
        let body = object(call.header("content-type"), &call.body)?;
        let duration = body["duration"].as_u64().filter(|seconds| (1..=SNOOZE_SECONDS_MAX).contains(seconds));
        let duration = duration.ok_or_else(|| Refusal::new(400, 1013, "Snooze Duration is Invalid"))?;
        match self.incident(ix).status {
            Status::Acknowledged => {}
            Status::Triggered if !self.config.snooze_needs_acknowledgement => {
                self.acknowledge(ix, Actor::User(requester), now);
            }
            Status::Triggered => return Err(Refusal::new(400, 1012, "Incident is not Acknowledged")),
            Status::Resolved => return Err(Refusal::new(400, 1001, "Incident Already Resolved")),
        }
        self.snooze(ix, after(now, duration * 1_000), Actor::User(requester), now);
        Ok(Reply::json(201, &json!({"incident": self.incident_json(links, ix, false)})))
    }

    pub(crate) fn merge_incidents(
        &mut self,
        call: &Call,
        caller: Caller,
        links: &Links,
        target: IncidentIx,
        now: Timestamp,
    ) -> Result<Reply, Refusal> {
        let requester = self.requester(call, caller)?;
        let body = object(call.header("content-type"), &call.body)?;
        let given = body["source_incidents"].as_array();
        let given = given.ok_or_else(|| Refusal::invalid("Source incidents must be an array"))?;
        let source = |one: &Value| {
            let found = one["id"].as_str().and_then(|id| self.find(id)).filter(|ix| *ix != target);
            found.ok_or_else(|| Refusal::new(404, 5001, "Incident Not Found"))
        };
        let sources = given.iter().map(source).collect::<Result<Vec<_>, _>>()?;
        if !self.incident(target).is_open() {
            return Err(Refusal::new(400, 1001, "Incident Already Resolved"));
        }
        if sources.iter().any(|ix| self.incident(*ix).merged_into.is_some()) {
            return Err(Refusal::new(400, 1019, "Incident Already Merged"));
        }
        if !self.can_merge(target, &sources) {
            return Err(Refusal::arguments("An incident can have at most 1000 alerts"));
        }
        self.merge(target, &sources, Actor::User(requester), now);
        Ok(Reply::json(200, &json!({"incident": self.incident_ref(links, target)})))
    }

    pub(crate) fn list_alerts(&self, call: &Call, links: &Links, ix: IncidentIx) -> Result<Reply, Refusal> {
        let page = Page::of(call)?;
        let statuses = call.query_set("statuses");
        let key = call.query("alert_key");
        let mut alerts: Vec<_> = self.incident(ix).alerts.iter().collect();
        alerts.retain(|alert| {
            let status = if alert.open { "triggered" } else { "resolved" };
            (statuses.is_empty() || statuses.contains(&status)) && key.is_none_or(|key| alert.key == key)
        });
        Ok(page.reply("alerts", &alerts, |alert| self.alert_json(links, ix, alert)))
    }

    pub(crate) fn list_log_entries(&self, call: &Call, links: &Links, ix: IncidentIx) -> Result<Reply, Refusal> {
        let page = Page::of(call)?;
        let newest_first: Vec<_> = self.incident(ix).log.iter().rev().collect();
        Ok(page.reply("log_entries", &newest_first, |entry| self.log_json(links, ix, entry)))
    }

    pub(crate) fn policy_of(&self, reference: &Value) -> Result<PolicyIx, Refusal> {
        let found = reference["id"].as_str().and_then(|id| self.policy_by_id(id));
        found.ok_or_else(|| Refusal::new(400, 1014, "Escalation Policy Not Found"))
    }

    /// Reads a priority, given as an object or by name.
    pub(crate) fn priority_of(&self, given: &Value) -> Result<Option<PriorityIx>, Refusal> {
        let name = match given {
            Value::Null => return Ok(None),
            Value::String(name) => Some(name.as_str()),
            object => object["id"].as_str().or(object["name"].as_str()),
        };
        let found = name.and_then(|name| self.priority_by(name));
        found.map(Some).ok_or_else(|| Refusal::new(400, 1020, "Invalid Priority"))
    }

    pub(crate) fn assignees_of(&self, given: &Value) -> Result<Option<Vec<UserIx>>, Refusal> {
        let Some(given) = given.as_array() else {
            return Ok(None);
        };
        let user = |one: &Value| {
            let found = one["assignee"]["id"].as_str().and_then(|id| self.user_by_id(id));
            found.ok_or_else(|| Refusal::new(400, 1007, "Assigned To User Not Found"))
        };
        given.iter().map(user).collect::<Result<Vec<_>, _>>().map(Some)
    }
}

/// Reads the details of an incident's body, which are a plain string.
fn details(body: &Value) -> Result<Option<String>, Refusal> {
    match (&body["details"], body) {
        (Value::String(details), _) => Ok(Some(details.clone())),
        (Value::Null, Value::Null | Value::Object(_)) => Ok(None),
        _ => Err(Refusal::invalid("Body details must be a string")),
    }
}

pub(crate) fn urgency(given: &Value) -> Result<Option<Urgency>, Refusal> {
    match given {
        Value::Null => Ok(None),
        Value::String(text) => {
            let urgency = Urgency::parse(text);
            urgency.map(Some).ok_or_else(|| Refusal::invalid("Urgency must be one of: high, low"))
        }
        _ => Err(Refusal::invalid("Urgency must be one of: high, low")),
    }
}

/// What a list of incidents is filtered by.
struct Wanted<'a> {
    key: Option<&'a str>,
    statuses: Vec<Status>,
    urgencies: Vec<&'a str>,
    services: Vec<&'a str>,
    users: Vec<&'a str>,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
}

impl<'a> Wanted<'a> {
    fn of(call: &'a Call, now: Timestamp) -> Result<Wanted<'a>, Refusal> {
        let status = |text: &&str| Status::parse(text).ok_or_else(|| Refusal::invalid("Invalid Status Provided"));
        let statuses = call.query_set("statuses").iter().map(status).collect::<Result<_, _>>()?;
        let (since, until) = window(call, now)?;
        Ok(Wanted {
            // An empty key filters nothing: a trap that clients must not walk into.
            key: call.query("incident_key").filter(|key| !key.is_empty()),
            statuses,
            urgencies: call.query_set("urgencies"),
            services: call.query_set("service_ids"),
            users: call.query_set("user_ids"),
            since,
            until,
        })
    }

    fn matches(&self, state: &State, incident: &Incident) -> bool {
        let assigned = |id: &&str| incident.assignments.iter().any(|(_, user)| state.user(*user).id == *id);
        (self.statuses.is_empty() || self.statuses.contains(&incident.status))
            && (self.urgencies.is_empty() || self.urgencies.contains(&incident.urgency.text()))
            && (self.services.is_empty() || self.services.contains(&state.service(incident.service).id.as_str()))
            && (self.users.is_empty() || self.users.iter().any(assigned))
            && self.since.is_none_or(|since| incident.created_at >= since)
            && self.until.is_none_or(|until| incident.created_at < until)
    }
}

/// Reads the time window; without one it is the last month, at most six months.
fn window(call: &Call, now: Timestamp) -> Result<(Option<Timestamp>, Option<Timestamp>), Refusal> {
    if call.query("date_range") == Some("all") {
        return Ok((None, None));
    }
    let time = |name| match call.query(name).filter(|text| !text.is_empty()) {
        None => Ok(None),
        Some(text) => {
            let unreadable = || Refusal::new(400, 2004, "Invalid Date").because(format!("{name} is not a valid time"));
            parse_time(text).map(Some).ok_or_else(unreadable)
        }
    };
    let (since, until) = (time("since")?, time("until")?);
    let end = until.unwrap_or(now);
    let month_before = || end.checked_sub(SignedDuration::from_hours(WINDOW_DEFAULT_HOURS)).unwrap_or(Timestamp::MIN);
    let since = since.unwrap_or_else(month_before);
    if since > end || end.duration_since(since) > SignedDuration::from_hours(WINDOW_MAX_HOURS) {
        return Err(Refusal::new(400, 2005, "Invalid Query Date Range"));
    }
    // Without `until` nothing is cut off at the end, or the newest incident of this millisecond would be missing.
    Ok((Some(since), until))
}
