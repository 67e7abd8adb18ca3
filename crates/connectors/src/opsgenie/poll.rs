//! Reads one alert back.

use super::client::Failure;
use super::deliver::Name;
use super::wire::{Alert, AlertNote, Envelope, Paging};
use super::{Opsgenie, map};
use crate::outcome::Doing;
use pagebridge_core::{Outcome, Reading, ReadingNote, RecordId, RecordRef};
use std::borrow::Cow;

/// Notes per page, as many as Opsgenie gives.
const NOTES_PAGE: &str = "100";

/// Pages of notes that are read of one alert; 5,000 notes on one alert are no conversation any more.
const NOTE_PAGES_MAX: usize = 50;

impl Opsgenie {
    pub(super) async fn read_back(&self, record: &RecordRef) -> Outcome {
        self.read_all(&record.id).await.map_or_else(|outcome| outcome, Outcome::Read)
    }

    async fn read_all(&self, id: &RecordId) -> Result<Reading, Outcome> {
        let alert = self.alert(Name::Id(&id.0)).await?;
        let notes = self.notes_until(id, |_| false).await?;
        self.reading(alert, Some(map::reading_notes(notes)))
    }

    /// The state of an alert. It does not tell since when its status holds; see [`crate::outcome::holds`].
    pub(super) fn reading(&self, alert: Alert, notes: Option<Vec<ReadingNote>>) -> Result<Reading, Outcome> {
        let status = self.status_of(&alert)?;
        Ok(Reading {
            record: self.record(&alert.id),
            status,
            by: map::changed_by(&alert, status, self.ours()),
            status_at: None,
            notes,
            content: Some(map::content_of_alert(&alert)),
        })
    }

    /// Reads an alert that must be there.
    pub(super) async fn alert(&self, name: Name<'_>) -> Result<Alert, Outcome> {
        let alert = self.client.get::<Envelope<Alert>>(&[name.text()], &name.query()).await;
        alert.map(|e| e.data).map_err(|failure| self.failed(&failure, Doing::Read))
    }

    /// Reads an alert that may not be there.
    pub(super) async fn alert_if_any(&self, name: Name<'_>) -> Result<Option<Alert>, Outcome> {
        match self.alert(name).await {
            Ok(alert) => Ok(Some(alert)),
            Err(Outcome::Missing) => Ok(None),
            Err(outcome) => Err(outcome),
        }
    }

    /// Whether the alert has a note with this mark.
    pub(super) async fn has_note(&self, id: &RecordId, mark: &str) -> Result<bool, Outcome> {
        let holds_mark = |note: &AlertNote| !mark.is_empty() && note.note.as_deref().is_some_and(|n| n.contains(mark));
        let notes = self.notes_until(id, holds_mark).await?;
        Ok(notes.iter().any(holds_mark))
    }

    /// Reads notes, newest first, up to the page on which one is the last that is wanted.
    async fn notes_until(&self, id: &RecordId, enough: impl Fn(&AlertNote) -> bool) -> Result<Vec<AlertNote>, Outcome> {
        let mut notes = Vec::new();
        let mut from: Option<Vec<(String, String)>> = None;
        for _ in 0..NOTE_PAGES_MAX {
            let page = self.notes_page(id, from.as_deref()).await;
            let Envelope { data, paging } = page.map_err(|failure| self.failed(&failure, Doing::Read))?;
            let next = paging.and_then(|p| next(&p)).filter(|next| from.as_ref() != Some(next));
            let last = data.is_empty() || data.iter().any(&enough);
            notes.extend(data);
            match next {
                Some(next) if !last => from = Some(next),
                _ => break,
            }
        }
        Ok(notes)
    }

    async fn notes_page(
        &self,
        id: &RecordId,
        from: Option<&[(String, String)]>,
    ) -> Result<Envelope<Vec<AlertNote>>, Failure> {
        let name = Name::Id(&id.0);
        let mut query = name.query().to_vec();
        query.extend([("limit", NOTES_PAGE), ("order", "desc")]);
        query.extend(from.into_iter().flatten().map(|(key, value)| (key.as_str(), value.as_str())));
        self.client.get(&[name.text(), "notes"], &query).await
    }
}

/// Where the list goes on. Of the address that the answer gives only the place in the list is used: our key goes to no
/// other host than the one that is configured.
fn next(paging: &Paging) -> Option<Vec<(String, String)>> {
    let url = reqwest::Url::parse(paging.next.as_deref()?).ok()?;
    let place: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(key, _)| matches!(key.as_ref(), "offset" | "direction"))
        .map(|(key, value)| (Cow::into_owned(key), Cow::into_owned(value)))
        .collect();
    (!place.is_empty()).then_some(place)
}
