//! What vanishes from the lists: moved, ended, deleted, or changed in bulk. Only reading it tells.

use super::follow::{Round, Trouble, far};
use super::wire::{Kind, Name};
use super::{NetBox, map, routes};
use pagebridge_core::{Event, EventAction, Incident, IncidentId, Input, InputId, News, Outcome, Status};
use pagebridge_ports::IncidentFilter;
use std::collections::BTreeMap;

/// How often open incidents of the store are compared with the lists, in milliseconds.
const COMPARE_MS: i64 = 60 * 60_000;

/// Open incidents that are looked through at a time.
const STORED_MAX: usize = 500;

impl NetBox {
    /// Has read what is in no list any more.
    pub(super) async fn part_with_vanished(&self, round: &mut Round<'_>) -> Result<(), Trouble> {
        let mut vanished = std::mem::take(&mut round.vanished);
        let ending: BTreeMap<Name, String> = {
            let mut state = self.follow.state();
            // What is in another list has only moved.
            vanished.retain(|name| !state.is_listed(*name));
            state.let_go(&vanished);
            state.ending.clone()
        };
        for name in vanished {
            self.ask(round, name).await?;
        }
        for (name, key) in ending {
            self.end_of_backlog(round, name, key).await?;
            self.follow.state().ending.remove(&name);
        }
        Ok(())
    }

    /// Has a record read that is known; nothing happens to others.
    async fn ask(&self, round: &Round<'_>, name: Name) -> Result<(), Trouble> {
        let hint = Input::news(self.settings.system.clone(), &name.to_string(), News::Hint);
        round.store.accept(hint, self.clock.now()).await?;
        Ok(())
    }

    /// Tells the end of an object that the old module may have made an alert of. When there is none, PagerDuty drops it.
    async fn end_of_backlog(&self, round: &Round<'_>, name: Name, key: String) -> Result<(), Trouble> {
        let (reading, chosen) = match self.object(name).await {
            Ok(object) => {
                let status = map::status(&object, &self.settings);
                let graph = self.graph().await;
                let route = routes::choose(&object, &self.settings.routes, &graph).route.clone();
                (self.reading(&object, status, &graph), route)
            }
            Err(Outcome::Missing) => (self.gone(name), self.settings.routes.default.clone()),
            Err(outcome) => return far(&outcome),
        };
        if reading.status != Status::Resolved {
            return Ok(());
        }
        let system = self.settings.system.clone();
        let content = reading.content.clone().unwrap_or_default();
        let event = Event { action: EventAction::Resolve, content };
        let end = Input {
            id: InputId::from_parts(&[system.as_str(), &name.to_string(), "over"]),
            create_key: Some(key),
            bridge: Some(if name.kind == Kind::Event { chosen.events } else { chosen.incidents }),
            url: reading.record.url.clone(),
            ..Input::news(system.clone(), &name.to_string(), News::Event(event))
        };
        round.store.accept(end, self.clock.now()).await?;
        round.store.accept(Input::read(system, reading, round.since), self.clock.now()).await?;
        Ok(())
    }

    /// Has read what is open in the store and in no list, once all lists were looked through. What vanished while nobody
    /// looked shows in no other way.
    pub(super) async fn compare(&self, round: &mut Round<'_>) -> Result<(), Trouble> {
        {
            let state = self.follow.state();
            let rests = state.compared.is_some_and(|at| round.since.ms_since(at) < COMPARE_MS);
            if rests {
                return Ok(());
            }
        }
        let mut before: Option<IncidentId> = None;
        loop {
            let filter = IncidentFilter { open: Some(true), before, limit: STORED_MAX, ..IncidentFilter::default() };
            let incidents = round.store.incidents(filter).await?;
            let names: Vec<Name> = incidents.iter().filter_map(|incident| self.open_record(incident)).collect();
            let state = self.follow.state();
            round.vanished.extend(names.into_iter().filter(|name| !state.is_listed(*name)));
            drop(state);
            match incidents.last() {
                Some(last) if incidents.len() == STORED_MAX => before = Some(last.id),
                _ => break,
            }
        }
        self.follow.state().compared = Some(round.since);
        Ok(())
    }

    /// The record of an incident here, unless it is known to be over.
    fn open_record(&self, incident: &Incident) -> Option<Name> {
        let link = incident.link(self.settings.system.as_str())?;
        let is_open = link.known != Some(Status::Resolved);
        link.record_id().filter(|_| is_open).and_then(|id| Name::parse(&id.0))
    }
}
