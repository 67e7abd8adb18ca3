//! The tables: one row for each action, one file for each kind of object.

mod account;
mod escalation_policies;
mod events;
mod incident_help;
mod incidents;
mod maintenance_windows;
mod records;
mod schedules;
mod services;
mod teams;
mod users;
mod webhooks;

use std::collections::BTreeMap;

use crate::action::Action;
use crate::param::{Kind, Param, Preset};

/// All actions by name.
#[derive(Clone, Debug)]
pub struct Catalogue {
    actions: BTreeMap<&'static str, &'static Action>,
}

impl Default for Catalogue {
    fn default() -> Self {
        Self::new()
    }
}

impl Catalogue {
    /// Collects them.
    pub fn new() -> Self {
        let groups = [
            incidents::ACTIONS,
            incident_help::ACTIONS,
            events::ACTIONS,
            escalation_policies::ACTIONS,
            services::ACTIONS,
            schedules::ACTIONS,
            records::ACTIONS,
            maintenance_windows::ACTIONS,
            teams::ACTIONS,
            users::ACTIONS,
            webhooks::ACTIONS,
            account::ACTIONS,
        ];
        Self { actions: groups.into_iter().flatten().map(|action| (action.name, action)).collect() }
    }

    /// Gives the action of this name.
    pub fn get(&self, name: &str) -> Option<&'static Action> {
        self.actions.get(name).copied()
    }

    /// Gives all actions, by name.
    pub fn actions(&self) -> impl Iterator<Item = &'static Action> {
        self.actions.values().copied()
    }
}

// Fields that many actions have.

/// How many a listing gives unless told, where the pack has the field; its own actions that have none ask for a whole page.
const PACK: i64 = 25;
const PAGE: i64 = 100;

const INCLUDE: Param = Param::list("include", "include[]", "What to give in full instead of by reference");
const QUERY: Param = Param::query("query", "Part of the name");
const SINCE: Param = Param::query("since", "From when, ISO 8601");
const UNTIL: Param = Param::query("until", "Until when, ISO 8601");
const TIME_ZONE: Param = Param::query("time_zone", "Time zone of the times in the answer");
const UTC: Param = TIME_ZONE.or(Preset::Text("UTC"));
const TEAM_IDS: Param = Param::list("team_ids", "team_ids[]", "Of these teams only");
const USER_IDS: Param = Param::list("user_ids", "user_ids[]", "Of these users only");
const SERVICE_IDS: Param = Param::list("service_ids", "service_ids[]", "Of these services only");
const DESCRIPTION: Param = Param::body("description", "Description");
const IS_OVERVIEW: Param =
    Param::query("is_overview", "The most important entries only").of(Kind::Boolean).or(Preset::Boolean(false));

/// The word that the pack's forms have; there is only one.
const fn kind(words: &'static [&'static str], preset: &'static str) -> Param {
    Param::body("type", "Type of the object").of(Kind::Choice(words)).or(Preset::Text(preset))
}
