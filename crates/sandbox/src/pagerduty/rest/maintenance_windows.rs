//! `/maintenance_windows`: times in which services take no new incidents.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::ask::{Ask, Given};
use super::include::Includes;
use crate::pagerduty::model::{MaintenanceWindow, TeamIx, WindowIx};
use crate::pagerduty::refusal::Refusal;
use crate::pagerduty::render::Links;
use crate::pagerduty::state::State;
use crate::wire::Reply;

const INCLUDES: &Includes = &[("services", "services[]"), ("teams", "teams[]"), ("users", "created_by")];

impl State {
    pub(crate) fn route_windows(&mut self, ask: &Ask<'_>, parts: &[&str]) -> Result<Reply, Refusal> {
        match (ask.call.method.as_str(), parts) {
            ("GET", []) => self.list_windows(ask),
            ("POST", []) => self.create_window(ask),
            (method, [id]) => {
                let found = self.windows.find(id);
                let ix = found.ok_or_else(|| Refusal::new(404, 5001, "Maintenance Window Not Found"))?;
                match method {
                    "GET" => Ok(self.one(ask, 200, "maintenance_window", self.window_json(ask.links, ix), INCLUDES)),
                    "PUT" => {
                        let mut window = self.windows[ix].clone();
                        self.change_window(ask, &mut window, &ask.given("maintenance_window")?)?;
                        self.windows[ix] = window;
                        Ok(self.one(ask, 200, "maintenance_window", self.window_json(ask.links, ix), INCLUDES))
                    }
                    "DELETE" => self.delete_window(ask.now, ix),
                    _ => Err(Refusal::not_found()),
                }
            }
            _ => Err(Refusal::not_found()),
        }
    }

    fn list_windows(&self, ask: &Ask<'_>) -> Result<Reply, Refusal> {
        let now = ask.now;
        let filter = ask.call.query("filter").unwrap_or("all");
        if !matches!(filter, "past" | "future" | "ongoing" | "open" | "all") {
            return Err(Refusal::invalid("Filter must be one of: past, future, ongoing, open, all"));
        }
        let in_time = |window: &MaintenanceWindow| match filter {
            "past" => window.end <= now,
            "future" => window.start > now,
            "ongoing" => window.is_on(now),
            "open" => window.end > now,
            _ => true,
        };
        let matches = |(_, window): &(WindowIx, &MaintenanceWindow)| {
            let services = self.ids(&self.services, &window.services);
            let teams = self.window_teams(window);
            in_time(window)
                && ask.finds(window.description.as_deref().unwrap_or_default(), "", &self.ids(&self.teams, &teams))
                && (ask.call.query_set("service_ids").is_empty()
                    || services.iter().any(|id| ask.wants("service_ids", id)))
        };
        let windows: Vec<WindowIx> = self.windows.iter().filter(matches).map(|(ix, _)| ix).collect();
        self.listed(ask, "maintenance_windows", &windows, INCLUDES, |ix| self.window_json(ask.links, *ix))
    }

    fn create_window(&mut self, ask: &Ask<'_>) -> Result<Reply, Refusal> {
        let created_by = self.requester(ask.call, ask.caller)?;
        let given = ask.given("maintenance_window")?;
        let mut window = MaintenanceWindow {
            id: self.random.short_id(),
            number: self.windows_made + 1,
            // A start in the past is moved to now.
            start: given.needed_time("start_time")?.max(ask.now),
            end: given.needed_time("end_time")?,
            description: None,
            services: Vec::new(),
            created_by,
        };
        self.change_window(ask, &mut window, &given)?;
        self.windows_made += 1;
        let ix = self.windows.add(window);
        Ok(self.one(ask, 201, "maintenance_window", self.window_json(ask.links, ix), INCLUDES))
    }

    fn change_window(&self, ask: &Ask<'_>, window: &mut MaintenanceWindow, given: &Given) -> Result<(), Refusal> {
        if let Some(start) = given.time("start_time")?.filter(|start| *start != window.start) {
            window.start = start.max(ask.now);
        }
        window.end = given.time("end_time")?.unwrap_or(window.end);
        if window.end <= window.start {
            return Err(Refusal::invalid("End time must be after the start time, and in the future"));
        }
        given.change_or_clear("description", &mut window.description)?;
        if let Some(services) = given.references("services", &self.services)? {
            window.services = services;
        }
        if window.services.is_empty() {
            return Err(Refusal::invalid("Services can't be empty"));
        }
        Ok(())
    }

    /// Takes back a window that is to come, ends one that is on, and refuses to touch one that is over.
    fn delete_window(&mut self, now: Timestamp, ix: WindowIx) -> Result<Reply, Refusal> {
        let window = &mut self.windows[ix];
        if window.end <= now {
            return Err(Refusal::new(405, 5003, "Cannot cancel a maintenance window from the past"));
        }
        if window.is_on(now) {
            window.end = now;
        } else {
            self.windows.delete(ix);
        }
        Ok(Reply::empty(204))
    }

    fn window_teams(&self, window: &MaintenanceWindow) -> Vec<TeamIx> {
        let mut teams: Vec<TeamIx> =
            window.services.iter().flat_map(|service| self.service_teams(*service)).copied().collect();
        teams.sort_unstable();
        teams.dedup();
        teams
    }

    fn window_json(&self, links: &Links, ix: WindowIx) -> Value {
        let window = &self.windows[ix];
        let services: Vec<Value> = window.services.iter().map(|service| self.service_ref(links, *service)).collect();
        links.full(
            window,
            json!({
                "sequence_number": window.number,
                "start_time": links.time(window.start),
                "end_time": links.time(window.end),
                "description": window.description,
                "services": services,
                "teams": self.team_refs(links, &self.window_teams(window)),
                "created_by": self.user_ref(links, window.created_by),
            }),
        )
    }
}
