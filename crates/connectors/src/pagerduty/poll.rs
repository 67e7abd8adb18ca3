//! Reads one incident back.

use super::{PagerDuty, map};
use crate::outcome::{Doing, record_later};
use ::pagerduty::IncidentId;
use ::pagerduty::rest::incidents::{self, Incident, Include};
use ::pagerduty::rest::notes::{self, Note};
use pagebridge_core::{Outcome, Reading, ReadingNote, RecordId, RecordRef, Status};

impl PagerDuty {
    pub(super) async fn read_back(&self, record: &RecordRef) -> Outcome {
        self.read_all(&record.id).await.map_or_else(|outcome| outcome, Outcome::Read)
    }

    async fn read_all(&self, id: &RecordId) -> Result<Reading, Outcome> {
        self.learn_user_id().await;
        let incident = self.incident(id).await?;
        let notes = self.notes(id).await?;
        self.reading(&incident, Some(map::reading_notes(notes)))
    }

    /// The state of an incident. The time of its status is left out; see [`crate::outcome::holds`].
    pub(super) fn reading(&self, incident: &Incident, notes: Option<Vec<ReadingNote>>) -> Result<Reading, Outcome> {
        Ok(Reading {
            record: map::record(incident),
            status: self.status_of(incident)?,
            by: map::changed_by(incident, self.ours()),
            status_at: None,
            notes,
            content: Some(map::content(incident)),
        })
    }

    /// Reads an incident that must be there.
    pub(super) async fn incident(&self, id: &RecordId) -> Result<Incident, Outcome> {
        let call = incidents::get(&IncidentId::new(id.0.as_str()), &[Include::Body]);
        let reply = self.client.call(&call).await;
        reply.map(|reply| reply.value).map_err(|error| self.failed(&error, Doing::Read))
    }

    /// Reads all notes of an incident; there are no pages.
    pub(super) async fn notes(&self, id: &RecordId) -> Result<Vec<Note>, Outcome> {
        let reply = self.client.call(&notes::list(&IncidentId::new(id.0.as_str()))).await;
        reply.map(|reply| reply.value).map_err(|error| self.failed(&error, Doing::Read))
    }

    /// The status of an incident.
    pub(super) fn status_of(&self, incident: &Incident) -> Result<Status, Outcome> {
        let status = incident.status.as_ref().and_then(map::status);
        status.ok_or_else(|| record_later("PagerDuty tells no status of the incident, or one that is not known"))
    }
}
