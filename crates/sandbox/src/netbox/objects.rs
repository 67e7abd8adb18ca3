//! Events and Incidents: made, changed and deleted, one by one or many at once.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::form::{Form, Text};
use super::hooks::{Cause, Change};
use super::model::{Event, Fields, Incident, Kind, SEVERITIES};
use super::refusal::Refusal;
use super::shelves::{EVENT_SOURCES, content_type};
use super::state::State;

impl State {
    pub(crate) fn exists(&self, kind: Kind, id: u64) -> bool {
        match kind {
            Kind::Event => self.events.contains_key(&id),
            Kind::Incident => self.incidents.contains_key(&id),
        }
    }

    pub(crate) fn create_object(
        &mut self,
        kind: Kind,
        given: &Fields,
        cause: &Cause,
        now: Timestamp,
    ) -> Result<u64, Refusal> {
        let mut form = Form::new(given, false);
        let id = match kind {
            Kind::Event => {
                let mut event = Event::new(0, now);
                self.fill_event(&mut event, &mut form);
                form.done()?;
                event.id = self.next_id(kind.path());
                let id = event.id;
                self.events.insert(id, event);
                id
            }
            Kind::Incident => {
                let mut incident = Incident::new(0, now);
                fill_incident(&mut incident, &mut form);
                form.done()?;
                incident.id = self.next_id(kind.path());
                let id = incident.id;
                self.incidents.insert(id, incident);
                if cause.web {
                    self.relate(id, given);
                }
                id
            }
        };
        self.touch_object(kind, id, Change::Created, Value::Null, now);
        if kind == Kind::Event {
            self.after_event(id, now);
        }
        Ok(id)
    }

    pub(crate) fn change_object(
        &mut self,
        kind: Kind,
        id: u64,
        given: &Fields,
        partial: bool,
        cause: &Cause,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let absent = || Refusal::no_object(kind.title());
        let before = if cause.web { before(self.snapshot_of(kind, id)) } else { Value::Null };
        let mut form = Form::new(given, partial);
        match kind {
            Kind::Event => {
                let mut event = self.events.get(&id).cloned().ok_or_else(absent)?;
                self.fill_event(&mut event, &mut form);
                form.done()?;
                event.times.touch(now);
                self.events.insert(id, event);
            }
            Kind::Incident => {
                let mut incident = self.incidents.get(&id).cloned().ok_or_else(absent)?;
                fill_incident(&mut incident, &mut form);
                form.done()?;
                incident.times.touch(now);
                self.incidents.insert(id, incident);
                if cause.web {
                    self.relate(id, given);
                }
            }
        }
        self.touch_object(kind, id, Change::Updated, before, now);
        if kind == Kind::Event {
            self.after_event(id, now);
        }
        Ok(())
    }

    pub(crate) fn delete_object(&mut self, kind: Kind, id: u64, now: Timestamp) -> Result<(), Refusal> {
        if !self.exists(kind, id) {
            return Err(Refusal::no_object(kind.title()));
        }
        let was = before(self.snapshot_of(kind, id));
        self.touch_object(kind, id, Change::Deleted, was, now);
        match kind {
            Kind::Event => {
                self.events.remove(&id);
                for incident in self.incidents_of.remove(&id).into_iter().flatten() {
                    if let Some(incident) = self.incidents.get_mut(&incident) {
                        incident.events.retain(|event| *event != id);
                    }
                }
            }
            Kind::Incident => {
                self.incidents.remove(&id);
                for map in [&mut self.incidents_of, &mut self.incidents_at] {
                    map.retain(|_, incidents| !incidents.remove(&id) || !incidents.is_empty());
                }
            }
        }
        Ok(())
    }

    /// Writes many statuses past everything that otherwise happens: no webhook, no time, no side effect.
    pub(crate) fn bulk_update_status(&mut self, kind: Kind, ids: &[u64], status: &str) -> usize {
        let mut done = 0;
        for id in ids.iter().collect::<BTreeSet<_>>() {
            let held = match kind {
                Kind::Event => self.events.get_mut(id).map(|event| &mut event.status),
                Kind::Incident => self.incidents.get_mut(id).map(|incident| &mut incident.status),
            };
            if let Some(held) = held {
                status.clone_into(held);
                done += 1;
            }
        }
        done
    }

    pub(crate) fn bulk_delete(&mut self, kind: Kind, ids: &[u64], now: Timestamp) -> usize {
        ids.iter().filter(|id| self.delete_object(kind, **id, now).is_ok()).count()
    }

    fn fill_event(&self, event: &mut Event, form: &mut Form<'_>) {
        set(&mut event.message, form.text("message", Text::required(255)));
        set(&mut event.dedup_id, form.text("dedup_id", Text::required(128)));
        set(&mut event.status, form.choice("status", Kind::Event.statuses()));
        set(&mut event.criticallity, form.choice("criticallity", SEVERITIES));
        set(&mut event.last_seen_at, form.time("last_seen_at", true).flatten());
        match form.value("raw", true) {
            Some(Value::Null) => form.wrong("raw", "This field may not be null."),
            Some(raw) => event.raw = raw.clone(),
            None => {}
        }
        if let Some(source) = form.number_or_null("event_source") {
            match source {
                Some(id) if self.item(EVENT_SOURCES, id).is_none() => {
                    form.wrong("event_source", &format!("Invalid pk \"{id}\" - object does not exist."));
                }
                _ => event.event_source = source,
            }
        }
        if let Some(kind) = form.number_or_null("content_type") {
            match kind {
                Some(id) if content_type(id).is_none() => {
                    form.wrong("content_type", &format!("Invalid pk \"{id}\" - object does not exist."));
                }
                _ => event.content_type = kind,
            }
        }
        set(&mut event.object_id, form.number_or_null("object_id"));
        set(&mut event.is_valid, form.flag("is_valid"));
    }

    /// Sets what only the web pages can: what an Incident is about.
    fn relate(&mut self, id: u64, given: &Fields) {
        let ids = |name: &str| {
            let list = given.get(name)?.as_array()?;
            Some(list.iter().filter_map(Value::as_u64).collect::<Vec<u64>>())
        };
        let Some(incident) = self.incidents.get_mut(&id) else {
            return;
        };
        set(&mut incident.affected_devices, ids("affected_devices"));
        if let Some(services) = ids("affected_services") {
            for service in &incident.affected_services {
                self.incidents_at.entry(*service).or_default().remove(&id);
            }
            for service in &services {
                self.incidents_at.entry(*service).or_default().insert(id);
            }
            incident.affected_services = services;
        }
        if let Some(events) = ids("events") {
            for event in &incident.events {
                self.incidents_of.entry(*event).or_default().remove(&id);
            }
            for event in &events {
                self.incidents_of.entry(*event).or_default().insert(id);
            }
            incident.events = events;
        }
    }
}

fn fill_incident(incident: &mut Incident, form: &mut Form<'_>) {
    set(&mut incident.title, form.text("title", Text::required(255)));
    set(&mut incident.description, form.text("description", Text::optional(usize::MAX)));
    set(&mut incident.status, form.choice("status", Kind::Incident.statuses()));
    set(&mut incident.severity, form.choice("severity", SEVERITIES));
    set(&mut incident.detected_at, form.time("detected_at", false));
    set(&mut incident.resolved_at, form.time("resolved_at", false));
    set(&mut incident.reporter, form.text("reporter", Text::optional(120)));
    set(&mut incident.commander, form.text("commander", Text::optional(120)));
    set(&mut incident.pagerduty_dedup_key, form.text_or_null("pagerduty_dedup_key", Text::optional(255)));
}

fn set<T>(held: &mut T, given: Option<T>) {
    if let Some(given) = given {
        *held = given;
    }
}

/// What was before has no time of its last change.
fn before(mut snapshot: Value) -> Value {
    if let Some(fields) = snapshot.as_object_mut() {
        fields.remove("last_updated");
    }
    snapshot
}

/// Reads `ids` and, for statuses, `status` of a bulk action.
pub(crate) fn bulk_ids(given: &Fields) -> Result<Vec<u64>, Refusal> {
    let ids = given.get("ids").and_then(Value::as_array).filter(|ids| !ids.is_empty());
    let ids = ids.ok_or_else(|| Refusal::Action(400, "No IDs provided".to_owned(), String::new()))?;
    Ok(ids.iter().filter_map(Value::as_u64).collect())
}

pub(crate) fn bulk_status(kind: Kind, given: &Fields) -> Result<String, Refusal> {
    let status = given.get("status").and_then(Value::as_str).unwrap_or_default();
    if kind.statuses().contains(&status) {
        return Ok(status.to_owned());
    }
    let valid = json!(kind.statuses());
    Err(Refusal::Action(400, format!("Invalid status. Must be one of: {valid}"), String::new()))
}
