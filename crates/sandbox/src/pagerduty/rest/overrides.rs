//! `/schedules/{id}/overrides`: somebody else for a while.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::ask::{Ask, Given};
use crate::pagerduty::model::{Override, ScheduleIx};
use crate::pagerduty::refusal::Refusal;
use crate::pagerduty::render::Links;
use crate::pagerduty::state::State;
use crate::wire::Reply;

impl State {
    pub(crate) fn route_overrides(
        &mut self,
        ask: &Ask<'_>,
        schedule: ScheduleIx,
        parts: &[&str],
    ) -> Result<Reply, Refusal> {
        match (ask.call.method.as_str(), parts) {
            ("GET", []) => self.list_overrides(ask, schedule),
            ("POST", []) => self.create_overrides(ask, schedule),
            ("DELETE", [id]) => self.delete_override(ask, schedule, id),
            _ => Err(Refusal::not_found()),
        }
    }

    fn list_overrides(&self, ask: &Ask<'_>, schedule: ScheduleIx) -> Result<Reply, Refusal> {
        let needed = |name| ask.time(name)?.ok_or_else(|| Refusal::invalid(format!("{name} can't be blank")));
        let (since, until) = (needed("since")?, needed("until")?);
        let (editable, overflow) = (ask.call.query_true("editable"), ask.call.query_true("overflow"));
        let overrides = self.schedules[schedule].overrides.iter();
        let overrides =
            overrides.filter(|one| one.start < until && one.end > since && (!editable || one.end > ask.now));
        let shown = |one: &Override| {
            let mut one = one.clone();
            if !overflow {
                (one.start, one.end) = (one.start.max(since), one.end.min(until));
            }
            self.override_json(ask.links, &one)
        };
        let shown: Vec<Value> = overrides.map(shown).collect();
        // 201, not 200: as documented.
        Ok(Reply::json(201, &json!({"overrides": shown})))
    }

    /// Makes each override that can be made; answers for each in the order given.
    fn create_overrides(&mut self, ask: &Ask<'_>, schedule: ScheduleIx) -> Result<Reply, Refusal> {
        let body = ask.body()?;
        if body.has("override") {
            let made = self.new_override(ask, schedule, &ask.given("override")?);
            let made = made.map_err(|error| Refusal::new(400, 4004, "Invalid Override").because(error))?;
            return Ok(self.one(ask, 201, "override", self.override_json(ask.links, &made), &[]));
        }
        let wanted = body.list("overrides")?.ok_or_else(|| Refusal::invalid("Overrides can't be blank"))?;
        let mut results = Vec::with_capacity(wanted.len());
        for given in wanted {
            results.push(match self.new_override(ask, schedule, &Given(given.clone())) {
                Ok(made) => json!({"status": 201, "override": self.override_json(ask.links, &made)}),
                Err(error) => json!({"status": 400, "errors": [error], "override": given}),
            });
        }
        Ok(Reply::json(201, &results.into()))
    }

    fn new_override(&mut self, ask: &Ask<'_>, schedule: ScheduleIx, given: &Given) -> Result<Override, String> {
        let why = |refusal: Refusal| refusal.errors.unwrap_or_default().join(", ");
        let start = given.needed_time("start").map_err(why)?.max(ask.now);
        let end = given.needed_time("end").map_err(why)?;
        if end <= start {
            return Err("Override must end after its start".to_owned());
        }
        let user = given.reference("user", &self.users).map_err(why)?.ok_or("User can't be blank")?;
        let made = Override { id: self.random.long_id("Q"), start, end, user };
        self.schedules[schedule].overrides.push(made.clone());
        Ok(made)
    }

    /// Takes back an override that is to come, and ends one that is on.
    fn delete_override(&mut self, ask: &Ask<'_>, schedule: ScheduleIx, id: &str) -> Result<Reply, Refusal> {
        let overrides = &mut self.schedules[schedule].overrides;
        let place = overrides.iter().position(|one| one.id == id);
        let place = place.ok_or_else(|| Refusal::new(404, 4004, "Override Not Found"))?;
        let one = &mut overrides[place];
        if one.end <= ask.now {
            return Err(Refusal::new(400, 4004, "Invalid Override").because("Override is in the past"));
        }
        if one.start > ask.now {
            overrides.remove(place);
            return Ok(Reply::empty(204));
        }
        one.end = whole_second(ask.now);
        let one = one.clone();
        Ok(self.one(ask, 200, "override", self.override_json(ask.links, &one), &[]))
    }

    fn override_json(&self, links: &Links, one: &Override) -> Value {
        json!({
            "id": one.id,
            "start": links.time(one.start),
            "end": links.time(one.end),
            "user": self.user_ref(links, one.user),
        })
    }
}

fn whole_second(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}
