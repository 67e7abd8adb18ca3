//! Carries out one delivery at PagerDuty.

use super::wire::{Among, NOTE_CHARS_MAX};
use super::{PagerDuty, map, wire};
use crate::outcome::{Doing, holds, no_record, noted, record_later, rejected, with_causes};
use crate::text::marked;
use ::pagerduty::rest::incidents::{self, Incident, IncidentUpdate};
use ::pagerduty::rest::notes;
use ::pagerduty::text::{SUMMARY_CHARS_MAX, cut, shorten_key};
use ::pagerduty::{Class, IncidentId};
use pagebridge_core::{Content, Delivery, Outcome, RecordId, Role, Status, Step};

/// How far PagerDuty's clock and ours may be apart, in milliseconds.
const CLOCKS_APART_MS_MAX: i64 = 120_000;

impl PagerDuty {
    pub(super) async fn carry_out(&self, delivery: &Delivery) -> Outcome {
        let record = delivery.record.as_ref().map(|r| &r.id);
        let ended = match (&delivery.step, record) {
            (Step::Create, _) => self.create(delivery).await,
            (Step::Find, _) if delivery.role == Role::Confirm => self.find_confirming(delivery).await,
            (Step::Find, _) => self.find(delivery).await,
            (Step::SetStatus { from, to }, Some(id)) => self.set_status(id, *from, *to).await,
            (Step::AddNote(_), Some(id)) => self.add_note(id, delivery).await,
            (Step::Update { .. }, Some(id)) => self.update(id, &delivery.content).await,
            (Step::SetStatus { .. } | Step::Update { .. } | Step::AddNote(_), None) => Ok(no_record()),
            (Step::Mark, _) => Ok(rejected(
                "PagerDuty's incidents have no field for the record that they belong to",
                "report this as a bug of Pagebridge",
            )),
        };
        ended.unwrap_or_else(|outcome| outcome)
    }

    async fn create(&self, delivery: &Delivery) -> Result<Outcome, Outcome> {
        let key = &delivery.create_key;
        let Some(service) = self.service_of(delivery) else {
            return Ok(rejected(
                "nothing says on which PagerDuty service the incident is to be made",
                "set `service` where it comes from, such as for the queue of its ticket, or `service_id` of this system, then \
                 release",
            ));
        };
        if delivery.uncertain
            && let Some(incident) = self.find_exact(delivery).await?
        {
            return self.made(&incident);
        }
        match self.client.call(&wire::create(&self.settings, service, key, &delivery.content)).await {
            Ok(reply) => self.made(&reply.value),
            Err(error) if error.class() == Class::Duplicate => self.adopt(delivery).await,
            // It is only this record's, so all others may fare better.
            Err(error) if error.class() == Class::NotFound && delivery.content.service.is_some() => Ok(rejected(
                format!("PagerDuty has no service `{service}`: {}", with_causes(&error)),
                "set `service` where it comes from to the id of a service of this account, then release",
            )),
            Err(error) => Err(self.failed(&error, Doing::Create)),
        }
    }

    /// The service that an incident is on, or is to be made on.
    fn service_of<'a>(&'a self, delivery: &'a Delivery) -> Option<&'a str> {
        let own = delivery.content.service.as_deref().filter(|_| delivery.role == Role::Record);
        own.or(self.settings.service_id.as_deref())
    }

    /// An incident that was made and has moved since is a reading: what a person did there in the meantime must be
    /// carried on, not set back.
    fn made(&self, incident: &Incident) -> Result<Outcome, Outcome> {
        match self.status_of(incident)? {
            Status::Triggered => Ok(holds(Some(map::record(incident)), Status::Triggered)),
            _ => Ok(Outcome::Read(self.reading(incident, None)?)),
        }
    }

    /// Takes the open incident that stands in the way of a new one: it is the one that was to be made.
    async fn adopt(&self, delivery: &Delivery) -> Result<Outcome, Outcome> {
        let key = &delivery.create_key;
        let found = self.look_up(delivery, Among::Open).await?;
        let exact = found.iter().find(|incident| has_key(incident, key));
        match exact.or(found.first()) {
            Some(incident) => self.made(incident),
            None => Err(record_later(
                "PagerDuty has an open incident with this key but does not show it; it may just have been resolved",
            )),
        }
    }

    async fn find(&self, delivery: &Delivery) -> Result<Outcome, Outcome> {
        match self.find_exact(delivery).await? {
            Some(incident) => Ok(holds(Some(map::record(&incident)), self.status_of(&incident)?)),
            None => Ok(Outcome::Missing),
        }
    }

    /// Finds the incident that PagerDuty has made of an event with this dedup key, or has added it to.
    ///
    /// An open one counts, whoever opened it: the event is part of it. One that is over counts only when it was made for
    /// this event; the one that the alert had before it began again does not, whatever it holds.
    async fn find_confirming(&self, delivery: &Delivery) -> Result<Outcome, Outcome> {
        let mut found = self.look_up(delivery, Among::All).await?;
        if let Some(left) = &delivery.left {
            found.retain(|incident| incident.id.as_str() != left.0);
        }
        let counts = |incident: &Incident| {
            let status = incident.status.as_ref().and_then(map::status);
            let made_at = incident.created_at.as_deref().and_then(::pagerduty::time::unix_ms);
            let is_new = made_at.is_some_and(|at| at >= delivery.opened_at.0 - CLOCKS_APART_MS_MAX);
            status.is_some_and(|status| status != Status::Resolved || is_new)
        };
        let open = |incident: &&Incident| {
            let status = incident.status.as_ref().and_then(map::status);
            status.is_some_and(|status| status != Status::Resolved)
        };
        found.retain(counts);
        match found.iter().find(open).or(found.first()) {
            Some(incident) => Ok(holds(Some(map::record(incident)), self.status_of(incident)?)),
            None => Ok(Outcome::Missing),
        }
    }

    /// Finds the incident that was made with this key: an open one, or else the newest that is over.
    async fn find_exact(&self, delivery: &Delivery) -> Result<Option<Incident>, Outcome> {
        let key = &delivery.create_key;
        let mut found = self.look_up(delivery, Among::All).await?;
        // The filter also matches alerts inside incidents that others made.
        found.retain(|incident| has_key(incident, key));
        let open = |incident: &Incident| {
            let status = incident.status.as_ref().and_then(map::status);
            status.is_some_and(|status| status != Status::Resolved)
        };
        let place = found.iter().position(open).unwrap_or(0);
        Ok(found.into_iter().nth(place))
    }

    async fn look_up(&self, delivery: &Delivery, among: Among) -> Result<Vec<Incident>, Outcome> {
        let call = wire::find(self.service_of(delivery), &delivery.create_key, among);
        let reply = self.client.call(&call).await;
        reply.map(|reply| reply.value.items).map_err(|error| self.failed(&error, Doing::Read))
    }

    async fn set_status(&self, id: &RecordId, from: Option<Status>, to: Status) -> Result<Outcome, Outcome> {
        let incident = self.incident(id).await?;
        let status = self.status_of(&incident)?;
        if status == to {
            return Ok(holds(None, to));
        }
        if from.is_some_and(|from| from != status) {
            return self.moved(&incident).await;
        }
        let theirs = incident.escalation_policy.as_ref().map(|policy| policy.id.as_str());
        let policy = self.settings.escalation_policy.as_deref().or(theirs);
        let Some(update) = wire::change(status, to, policy) else {
            return Ok(rejected(
                "the incident names no escalation policy to give it back to",
                "set escalation_policy in the settings, or reassign the incident by hand, then release",
            ));
        };
        match self.client.call(&incidents::update(&incident.id, &update)).await {
            Ok(reply) => self.written(&reply.value, status, to).await,
            Err(error) if matches!(error.class(), Class::AlreadyResolved | Class::AlreadyAcknowledged) => {
                let incident = self.incident(id).await?;
                self.written(&incident, status, to).await
            }
            Err(error) => Err(self.failed(&error, Doing::Write)),
        }
    }

    /// Says what a write has led to. One that was answered well and changed nothing must not be repeated at once.
    async fn written(&self, incident: &Incident, before: Status, to: Status) -> Result<Outcome, Outcome> {
        let status = self.status_of(incident)?;
        if status == to {
            Ok(holds(None, to))
        } else if status == before {
            Err(record_later(format!("PagerDuty took the change, and the incident is still {before}")))
        } else {
            self.moved(incident).await
        }
    }

    /// Brings title and urgency up to date. One that is over stays as it is.
    async fn update(&self, id: &RecordId, content: &Content) -> Result<Outcome, Outcome> {
        let incident = self.incident(id).await?;
        let status = self.status_of(&incident)?;
        let (title, urgency) = (cut(&content.title, SUMMARY_CHARS_MAX), wire::urgency(content.urgency));
        let same = incident.title == title && incident.urgency.as_ref() == Some(&urgency);
        if same || title.trim().is_empty() || status == Status::Resolved {
            return Ok(holds(None, status));
        }
        let update =
            IncidentUpdate { title: Some(title.into_owned()), urgency: Some(urgency), ..IncidentUpdate::default() };
        match self.client.call(&incidents::update(&incident.id, &update)).await {
            Ok(_) => Ok(holds(None, status)),
            Err(error) if error.class() == Class::AlreadyResolved => Ok(holds(None, Status::Resolved)),
            Err(error) => Err(self.failed(&error, Doing::Write)),
        }
    }

    async fn moved(&self, incident: &Incident) -> Result<Outcome, Outcome> {
        self.learn_user_id().await;
        Ok(Outcome::Read(self.reading(incident, None)?))
    }

    async fn add_note(&self, id: &RecordId, delivery: &Delivery) -> Result<Outcome, Outcome> {
        if delivery.uncertain
            && let Some(note) = self.find_note(id, &delivery.mark).await?
        {
            return Ok(noted(Some(note)));
        }
        let text = marked(&delivery.note, &delivery.mark, NOTE_CHARS_MAX);
        match self.client.call(&notes::create(&IncidentId::new(id.0.as_str()), &text)).await {
            Ok(reply) => Ok(noted(Some(reply.value.id.to_string()))),
            Err(error) => Err(self.failed(&error, Doing::Write)),
        }
    }

    async fn find_note(&self, id: &RecordId, mark: &str) -> Result<Option<String>, Outcome> {
        let notes = self.notes(id).await?;
        let note = notes.iter().find(|note| !mark.is_empty() && note.content.contains(mark));
        Ok(note.map(|note| note.id.to_string()))
    }
}

/// Whether an incident was made with this key, which is shortened on its way there if it is very long.
fn has_key(incident: &Incident, key: &str) -> bool {
    incident.incident_key.as_deref() == Some(shorten_key(key).as_ref())
}
