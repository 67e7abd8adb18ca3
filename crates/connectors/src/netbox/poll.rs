//! Reads one object back.

use super::map;
use super::routes::Graph;
use super::wire::{Event, Incident, Kind, Name, Object, PLUGIN};
use super::{NetBox, routes};
use crate::outcome::{Doing, record_later, rejected};
use ::pagerduty::time;
use pagebridge_core::{Outcome, Reading, RecordId, RecordRef, Scope, Status};
use serde_json::Value;

/// So many Incidents of one Event are looked at, the newest first.
const STORIES_MAX: usize = 10;

/// What an Incident says about the story that it shares with an Event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Story {
    /// It goes on.
    Open,
    /// It ended then, as far as is known, in milliseconds of Unix time.
    Over(Option<i64>),
}

impl Story {
    /// Whether the Incident tells what an Event has to tell that was last seen then: while it is open, and for what was seen
    /// before it ended. What is seen later is news.
    pub(super) fn tells(self, seen_ms: Option<i64>) -> bool {
        match self {
            Self::Open => true,
            Self::Over(ended_ms) => seen_ms.zip(ended_ms).is_none_or(|(seen, ended)| seen <= ended),
        }
    }
}

impl NetBox {
    pub(super) async fn read_back(&self, record: &RecordRef) -> Outcome {
        let Some(name) = Name::parse(&record.id.0) else {
            return rejected("the record is none of NetBox's", "report this as a bug of Pagebridge");
        };
        self.reading_of(name).await.map_or_else(|outcome| outcome, Outcome::Read)
    }

    /// The state of an object. One that is not there any more was deleted, and is over with that.
    pub(super) async fn reading_of(&self, name: Name) -> Result<Reading, Outcome> {
        let object = match self.object(name).await {
            Ok(object) => object,
            Err(Outcome::Missing) => return Ok(self.gone(name)),
            Err(outcome) => return Err(outcome),
        };
        let status = self.status_with_its_story(&object).await?;
        let graph = self.graph().await;
        Ok(self.reading(&object, status, &graph))
    }

    /// Reads an object that must be there; [`Outcome::Missing`] when it is not.
    pub(super) async fn object(&self, name: Name) -> Result<Object, Outcome> {
        let id = name.id.to_string();
        let path = [PLUGIN[0], PLUGIN[1], name.kind.list(), &id];
        let json: Value = self.client.get(&path, &[]).await.map_err(|failure| self.failed(&failure, Doing::Read))?;
        let object = Object::read(name.kind, &json).filter(|object| object.name() == name);
        object.ok_or_else(|| record_later(format!("NetBox answered with something that is not {name}")))
    }

    /// An object that was deleted: it is over, and tells nothing more.
    pub(super) fn gone(&self, name: Name) -> Reading {
        let (record, status) = (self.record(name), Status::Resolved);
        Reading { record, status, by: None, status_at: None, notes: None, content: None }
    }

    /// An object as a reading. It does not tell since when its status holds, nor who set it.
    pub(super) fn reading(&self, object: &Object, status: Status, graph: &Graph) -> Reading {
        let chosen = routes::choose(object, &self.settings.routes, graph);
        Reading {
            record: self.record(object.name()),
            status,
            by: None,
            status_at: None,
            notes: None,
            content: Some(map::content(object, &self.settings, &chosen)),
        }
    }

    /// Where an object stands: an Event whose Incident tells its story has nothing to tell, so that one trouble pages once.
    pub(super) async fn status_with_its_story(&self, object: &Object) -> Result<Status, Outcome> {
        let own = map::status(object, &self.settings);
        let Object::Event(event) = object else { return Ok(own) };
        if own == Status::Resolved {
            // Others with the same key may still hold the alert.
            return Ok(if self.follow.is_held_by_another(event) { Status::Triggered } else { own });
        }
        Ok(if self.is_told_by_an_incident(event).await? { Status::Resolved } else { own })
    }

    async fn is_told_by_an_incident(&self, event: &Event) -> Result<bool, Outcome> {
        if !self.settings.incidents_tell_events() || self.follow.is_ordered(Name { kind: Kind::Event, id: event.id }) {
            return Ok(false);
        }
        for id in newest(&event.incident_ids) {
            match self.object(Name { kind: Kind::Incident, id }).await {
                Ok(Object::Incident(incident)) if self.story(&incident).tells(seen_ms(event)) => return Ok(true),
                // What cannot be read tells nothing: better a page too many.
                Ok(_) | Err(Outcome::Missing | Outcome::NotApplied { scope: Scope::Record, .. }) => {}
                Err(outcome) => return Err(outcome),
            }
        }
        Ok(false)
    }

    /// What an Incident says.
    pub(super) fn story(&self, incident: &Incident) -> Story {
        if self.settings.statuses.of(&incident.status) != Status::Resolved {
            return Story::Open;
        }
        let ended = [&incident.resolved_at, &incident.updated_at];
        Story::Over(ended.into_iter().flatten().filter_map(|at| time::unix_ms(at)).max())
    }

    pub(super) fn record(&self, name: Name) -> RecordRef {
        RecordRef { id: RecordId(name.to_string()), url: Some(self.page_of(name)) }
    }

    pub(super) fn page_of(&self, name: Name) -> String {
        let base = self.settings.base_url.as_deref().filter(|base| !base.trim().is_empty());
        map::page(base.unwrap_or(self.client.web_url()), name)
    }
}

/// When an Event was last seen, in milliseconds of Unix time.
pub(super) fn seen_ms(event: &Event) -> Option<i64> {
    event.last_seen_at.as_deref().and_then(time::unix_ms)
}

/// When an Incident began or an Event was last seen, in milliseconds of Unix time.
pub(super) fn began_ms(object: &Object) -> Option<i64> {
    match object {
        Object::Event(event) => seen_ms(event).or(event.created_at.as_deref().and_then(time::unix_ms)),
        Object::Incident(incident) => incident.created_at.as_deref().and_then(time::unix_ms),
    }
}

/// The newest of an Event's Incidents.
pub(super) fn newest(ids: &[i64]) -> Vec<i64> {
    let mut ids = ids.to_vec();
    ids.sort_unstable_by(|a, b| b.cmp(a));
    ids.truncate(STORIES_MAX);
    ids
}
