//! `/schedules`: rotations of users, rendered.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::ask::{Ask, Given};
use super::include::Includes;
use crate::pagerduty::model::{Layer, Restriction, Schedule, ScheduleIx, Target, UserIx};
use crate::pagerduty::refusal::Refusal;
use crate::pagerduty::state::State;
use crate::wire::Reply;

/// Half of the two weeks that one of `since` and `until` alone implies.
const SPAN_DEFAULT_HOURS: i64 = 14 * 24;
const WEEK_SECONDS: u32 = 604_800;
const INCLUDES: &Includes = &[];

/// What part of a schedule is rendered.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    pub(super) since: Timestamp,
    pub(super) until: Timestamp,
    /// Whether entries that reach beyond the span are shown whole.
    pub(super) overflow: bool,
}

impl State {
    pub(crate) fn route_schedules(&mut self, ask: &Ask<'_>, parts: &[&str]) -> Result<Reply, Refusal> {
        match (ask.call.method.as_str(), parts) {
            ("GET", []) => self.list_schedules(ask),
            ("POST", []) => {
                let schedule = self.new_schedule(ask)?;
                let ix = self.schedules.add(schedule);
                let shown = self.schedule_json(ask, &self.schedules[ix], span(ask)?);
                Ok(self.one(ask, 201, "schedule", shown, INCLUDES))
            }
            ("POST", ["preview"]) => {
                let schedule = self.new_schedule(ask)?;
                let shown = self.schedule_json(ask, &schedule, span(ask)?);
                Ok(self.one(ask, 200, "schedule", shown, INCLUDES))
            }
            (method, [id, rest @ ..]) => {
                let ix = self.schedules.find(id).ok_or_else(|| Refusal::new(404, 3004, "Schedule Not Found"))?;
                match (method, rest) {
                    ("GET", []) => {
                        let shown = self.schedule_json(ask, &self.schedules[ix], span(ask)?);
                        Ok(self.one(ask, 200, "schedule", shown, INCLUDES))
                    }
                    ("PUT", []) => {
                        let mut schedule = self.schedules[ix].clone();
                        self.change_schedule(&mut schedule, &ask.given("schedule")?)?;
                        self.schedules[ix] = schedule;
                        let shown = self.schedule_json(ask, &self.schedules[ix], span(ask)?);
                        Ok(self.one(ask, 200, "schedule", shown, INCLUDES))
                    }
                    ("DELETE", []) => self.delete_schedule(ix),
                    ("GET", ["users"]) => self.list_scheduled_users(ask, ix),
                    (_, ["overrides", rest @ ..]) => self.route_overrides(ask, ix, rest),
                    _ => Err(Refusal::not_found()),
                }
            }
            _ => Err(Refusal::not_found()),
        }
    }

    fn list_schedules(&self, ask: &Ask<'_>) -> Result<Reply, Refusal> {
        let matches = |(_, schedule): &(ScheduleIx, &Schedule)| {
            ask.finds(&schedule.name, "", &self.ids(&self.teams, &schedule.teams))
        };
        let mut schedules: Vec<ScheduleIx> = self.schedules.iter().filter(matches).map(|(ix, _)| ix).collect();
        ask.sort_by_name(&self.schedules, &mut schedules, |schedule| &schedule.name);
        let span = span(ask)?;
        let wanted = ask.call.query_set("include");
        self.listed(ask, "schedules", &schedules, INCLUDES, |ix| {
            let mut shown = self.schedule_json(ask, &self.schedules[*ix], span);
            for part in ["schedule_layers", "overrides_subschedule", "final_schedule"] {
                if let (false, Some(fields)) = (wanted.contains(&part), shown.as_object_mut()) {
                    fields.remove(part);
                }
            }
            shown
        })
    }

    fn new_schedule(&mut self, ask: &Ask<'_>) -> Result<Schedule, Refusal> {
        let given = ask.given("schedule")?;
        let id = self.random.short_id();
        let mut schedule = Schedule {
            name: given.text("name")?.map_or_else(|| format!("Schedule {id}"), str::to_owned),
            id,
            description: None,
            time_zone: given.needed("time_zone")?.to_owned(),
            layers: Vec::new(),
            overrides: Vec::new(),
            teams: Vec::new(),
        };
        self.change_schedule(&mut schedule, &given)?;
        if schedule.layers.is_empty() {
            return Err(invalid("Schedule layers can't be empty"));
        }
        Ok(schedule)
    }

    fn change_schedule(&mut self, schedule: &mut Schedule, given: &Given) -> Result<(), Refusal> {
        given.change("name", &mut schedule.name)?;
        given.change_or_clear("description", &mut schedule.description)?;
        given.change_zone("time_zone", &mut schedule.time_zone)?;
        if let Some(teams) = given.references("teams", &self.teams)? {
            schedule.teams = teams;
        }
        if let Some(layers) = given.list("schedule_layers")? {
            let layers = layers.iter().enumerate();
            let read = |(place, layer): (usize, &Value)| self.layer(&Given(layer.clone()), place);
            schedule.layers = layers.map(read).collect::<Result<_, _>>()?;
        }
        Ok(())
    }

    fn layer(&mut self, given: &Given, place: usize) -> Result<Layer, Refusal> {
        let user = |one: &Value| {
            let id = one["user"]["id"].as_str().or(one["id"].as_str());
            id.and_then(|id| self.users.find(id)).ok_or_else(|| invalid("User of a schedule layer not found"))
        };
        let users: Vec<UserIx> = given.list("users")?.unwrap_or_default().iter().map(user).collect::<Result<_, _>>()?;
        if users.is_empty() {
            return Err(invalid("Users of a schedule layer can't be empty"));
        }
        let start = given.needed_time("start")?;
        let end = given.time("end")?;
        if end.is_some_and(|end| end <= start) {
            return Err(invalid("End of a schedule layer must be after its start"));
        }
        let turn = given.whole("rotation_turn_length_seconds", 1..=u32::MAX)?;
        let restrictions = given.list("restrictions")?.unwrap_or_default();
        Ok(Layer {
            id: given.text("id")?.map_or_else(|| self.random.short_id(), str::to_owned),
            name: given.text("name")?.map_or_else(|| format!("Layer {}", place + 1), str::to_owned),
            start,
            end,
            virtual_start: given.time("rotation_virtual_start")?.unwrap_or(start),
            turn_seconds: turn.ok_or_else(|| invalid("Rotation turn length seconds can't be blank"))?,
            users,
            restrictions: restrictions.iter().map(restriction).collect::<Result<_, _>>()?,
        })
    }

    fn delete_schedule(&mut self, ix: ScheduleIx) -> Result<Reply, Refusal> {
        let mut rules = self.policies.iter().flat_map(|(_, policy)| &policy.rules);
        if rules.any(|rule| rule.targets.contains(&Target::Schedule(ix))) {
            return Err(Refusal::invalid("Schedule can't be deleted if it's being used by escalation policies"));
        }
        self.schedules.delete(ix);
        Ok(Reply::empty(204))
    }

    /// Lists, in full, everybody whom the schedule puts on call in the window.
    fn list_scheduled_users(&self, ask: &Ask<'_>, ix: ScheduleIx) -> Result<Reply, Refusal> {
        let since = ask.time("since")?.unwrap_or(ask.now);
        let until = ask.time("until")?.unwrap_or(since).max(later(since, SignedDuration::from_millis(1)));
        let mut users: Vec<UserIx> = Vec::new();
        for duty in self.schedules[ix].final_duties(since, until) {
            if !users.contains(&duty.user) {
                users.push(duty.user);
            }
        }
        Ok(self.all_of(ask, "users", users, &[], |user| self.user_json(ask.links, user)))
    }
}

fn restriction(given: &Value) -> Result<Restriction, Refusal> {
    let given = Given(given.clone());
    let weekly = match given.text("type")? {
        Some("daily_restriction") => false,
        Some("weekly_restriction") => true,
        _ => return Err(invalid("Restriction type must be daily_restriction or weekly_restriction")),
    };
    let weekday = given.whole("start_day_of_week", 1..=7)?;
    if weekly && weekday.is_none() {
        return Err(invalid("Start day of week of a weekly restriction can't be blank"));
    }
    let start = given.needed("start_time_of_day")?.parse();
    let duration = given.whole("duration_seconds", 1..=WEEK_SECONDS)?;
    Ok(Restriction {
        weekday: weekday.filter(|_| weekly).map(|day| day as i8),
        start: start.map_err(|_| invalid("Start time of day must be written HH:mm:ss"))?,
        duration_seconds: duration.ok_or_else(|| invalid("Duration seconds can't be blank"))?,
    })
}

fn invalid(error: &str) -> Refusal {
    Refusal::new(400, 3001, "Invalid Schedule").because(error)
}

fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}

/// Reads what part is to be rendered; none without `since` and `until`, two weeks with only one of them.
fn span(ask: &Ask<'_>) -> Result<Option<Span>, Refusal> {
    let two_weeks = SignedDuration::from_hours(SPAN_DEFAULT_HOURS);
    let (since, until) = match (ask.time("since")?, ask.time("until")?) {
        (None, None) => return Ok(None),
        (Some(since), Some(until)) => (since, until),
        (Some(since), None) => (since, later(since, two_weeks)),
        (None, Some(until)) => (until.checked_sub(two_weeks).unwrap_or(Timestamp::MIN), until),
    };
    if since > until {
        return Err(Refusal::new(400, 2005, "Invalid Query Date Range"));
    }
    Ok(Some(Span { since, until, overflow: ask.call.query_true("overflow") }))
}
