//! Carries out one delivery at Opsgenie.

use super::Opsgenie;
use super::client::Failure;
use super::map;
use super::wire::{
    Act, Alert, DESCRIPTION_CHARS_MAX, Envelope, MESSAGE_CHARS_MAX, NOTE_CHARS_MAX, NewAlert, NewNote, RequestStatus,
    USER_CHARS_MAX,
};
use crate::outcome::{Doing, holds, no_record, noted, record_later, rejected};
use crate::text::{is_blank, marked};
use ::pagerduty::text::{cut, shorten_key};
use pagebridge_core::{Delivery, Outcome, RecordId, Status, Step};

/// Waits before each question whether a write is done, in milliseconds. Most are done within a second; what takes longer
/// than all of this is left to the next attempt, which reads back.
const FOLLOW_WAITS_MS: [i64; 7] = [60, 150, 300, 600, 1_000, 1_500, 2_000];

/// Questions end after this time even if the answers were slow, in milliseconds: a lease is short.
const FOLLOW_MS_MAX: i64 = 8_000;

/// How an alert is named.
#[derive(Clone, Copy)]
pub(super) enum Name<'a> {
    /// By Opsgenie's id.
    Id(&'a str),
    /// By the alias that we gave it.
    Alias(&'a str),
}

impl<'a> Name<'a> {
    pub(super) fn text(self) -> &'a str {
        match self {
            Self::Id(text) | Self::Alias(text) => text,
        }
    }

    pub(super) fn query(self) -> [(&'static str, &'static str); 1] {
        match self {
            Self::Id(_) => [("identifierType", "id")],
            Self::Alias(_) => [("identifierType", "alias")],
        }
    }
}

/// What became of an accepted write.
enum Followed {
    Done(RequestStatus),
    Refused(String),
    NotKnown(String),
}

impl Opsgenie {
    pub(super) async fn carry_out(&self, delivery: &Delivery) -> Outcome {
        let record = delivery.record.as_ref().map(|r| &r.id);
        let ended = match (&delivery.step, record) {
            (Step::Create, _) => self.create(delivery).await,
            (Step::Find, _) => self.find(&delivery.create_key).await,
            (Step::SetStatus { from, to }, Some(id)) => self.set_status(id, *from, *to, delivery.by.as_deref()).await,
            (Step::AddNote(_), Some(id)) => self.add_note(id, delivery).await,
            (Step::SetStatus { .. } | Step::AddNote(_), None) => Ok(no_record()),
            // No rule wants it: what such a record says is not changed once it is made.
            (Step::Update { .. } | Step::Mark, _) => Ok(holds(None, Status::Triggered)),
        };
        ended.unwrap_or_else(|outcome| outcome)
    }

    /// The alias makes a repeat harmless while the alert is open: it is only counted up.
    async fn create(&self, delivery: &Delivery) -> Result<Outcome, Outcome> {
        let alias = alias(&delivery.create_key);
        if delivery.uncertain
            && let Some(alert) = self.alert_if_any(Name::Alias(&alias)).await?
        {
            return self.made(alert);
        }
        let content = &delivery.content;
        let title = if is_blank(&content.title) { "(no title)" } else { &content.title };
        let body = NewAlert {
            message: &cut(title, MESSAGE_CHARS_MAX),
            alias: &alias,
            description: &cut(&content.body, DESCRIPTION_CHARS_MAX),
            priority: map::priority(content),
            user: &self.user(delivery.by.as_deref()),
            source: &self.settings.source,
        };
        let request = self.client.post(&[], &[], &body).await;
        let request = request.map_err(|failure| self.failed(&failure, Doing::Create))?;
        match self.follow(&request).await {
            Followed::Done(RequestStatus { alert_id: Some(id), .. }) if !id.is_empty() => {
                Ok(holds(Some(self.record(&id)), Status::Triggered))
            }
            Followed::Done(_) => {
                Ok(Outcome::Unknown { reason: "Opsgenie made the alert but does not tell its id".into() })
            }
            Followed::Refused(reason) => Ok(rejected(reason, "change what Opsgenie names, then release")),
            Followed::NotKnown(reason) => Ok(Outcome::Unknown { reason }),
        }
    }

    /// An alert that was made and has moved since is a reading: what a person did there in the meantime must be
    /// carried on, not set back.
    fn made(&self, alert: Alert) -> Result<Outcome, Outcome> {
        match self.status_of(&alert)? {
            Status::Triggered => Ok(holds(Some(self.record(&alert.id)), Status::Triggered)),
            _ => Ok(Outcome::Read(self.reading(alert, None)?)),
        }
    }

    async fn find(&self, create_key: &str) -> Result<Outcome, Outcome> {
        match self.alert_if_any(Name::Alias(&alias(create_key))).await? {
            Some(alert) => Ok(holds(Some(self.record(&alert.id)), self.status_of(&alert)?)),
            None => Ok(Outcome::Missing),
        }
    }

    async fn set_status(
        &self,
        id: &RecordId,
        from: Option<Status>,
        to: Status,
        by: Option<&str>,
    ) -> Result<Outcome, Outcome> {
        let alert = self.alert(Name::Id(&id.0)).await?;
        let status = self.status_of(&alert)?;
        if status == to {
            return Ok(holds(None, to));
        }
        if from.is_some_and(|from| from != status) {
            return Ok(Outcome::Read(self.reading(alert, None)?));
        }
        let Some(verb) = verb(status, to) else {
            return Ok(rejected(
                "Opsgenie cannot reopen a closed alert",
                "open a new alert at Opsgenie if it is needed, or switch the rule `reopened` off for this bridge",
            ));
        };
        let body = Act { user: &self.user(by), source: &self.settings.source };
        let name = Name::Id(&id.0);
        let request = self.client.post(&[name.text(), verb], &name.query(), &body).await;
        let request = request.map_err(|failure| self.failed(&failure, Doing::Write))?;
        match self.follow(&request).await {
            Followed::Done(_) => Ok(holds(None, to)),
            Followed::NotKnown(reason) => Ok(Outcome::Unknown { reason }),
            Followed::Refused(reason) => self.refused(id, status, to, reason).await,
        }
    }

    /// A refusal may only mean that somebody else was quicker, so what is there now decides.
    async fn refused(&self, id: &RecordId, before: Status, to: Status, reason: String) -> Result<Outcome, Outcome> {
        if is_gone(&reason) {
            return Ok(gone(reason));
        }
        let alert = self.alert(Name::Id(&id.0)).await?;
        let status = self.status_of(&alert)?;
        if status == to {
            Ok(holds(None, to))
        } else if status != before {
            Ok(Outcome::Read(self.reading(alert, None)?))
        } else {
            Ok(rejected(reason, "set the alert's status by hand in Opsgenie, or release to try again"))
        }
    }

    async fn add_note(&self, id: &RecordId, delivery: &Delivery) -> Result<Outcome, Outcome> {
        if delivery.uncertain && self.has_note(id, &delivery.mark).await? {
            return Ok(noted(None));
        }
        let note = marked(&delivery.note, &delivery.mark, NOTE_CHARS_MAX);
        let body = NewNote { note: &note, user: &self.user(None), source: &self.settings.source };
        let name = Name::Id(&id.0);
        let request = self.client.post(&[name.text(), "notes"], &name.query(), &body).await;
        let request = request.map_err(|failure| self.failed(&failure, Doing::Write))?;
        match self.follow(&request).await {
            Followed::Done(_) => Ok(noted(None)),
            Followed::NotKnown(reason) => Ok(Outcome::Unknown { reason }),
            Followed::Refused(reason) if is_gone(&reason) => Ok(gone(reason)),
            Followed::Refused(reason) => {
                Ok(rejected(reason, "write the note by hand in Opsgenie, or release to try again"))
            }
        }
    }

    /// Asks until the result of a write is there, for as long as an attempt can wait.
    async fn follow(&self, request: &str) -> Followed {
        let until = self.clock.now().plus_ms(FOLLOW_MS_MAX);
        let mut last = "it is not processed yet".to_owned();
        for wait_ms in FOLLOW_WAITS_MS {
            self.clock.sleep(wait_ms).await;
            match self.client.get::<Envelope<RequestStatus>>(&["requests", request], &[]).await {
                Ok(Envelope { data, .. }) if data.succeeded() => return Followed::Done(data),
                Ok(Envelope { data, .. }) => {
                    let said = data.status.unwrap_or_else(|| "it says no more".to_owned());
                    return Followed::Refused(format!("Opsgenie took the request and did not carry it out: {said}"));
                }
                Err(Failure::Answer(answer)) if answer.status == 404 => {}
                // Asking more would make it worse.
                Err(Failure::Answer(answer)) if matches!(answer.status, 401 | 402 | 403 | 429) => {
                    last = answer.to_string();
                    break;
                }
                Err(failure) => last = failure.to_string(),
            }
            if self.clock.now() >= until {
                break;
            }
        }
        Followed::NotKnown(format!("Opsgenie took the request; its result is not known in time: {last}"))
    }

    /// Whom the far side is to name.
    fn user(&self, by: Option<&str>) -> String {
        let by = by.filter(|by| !is_blank(by)).unwrap_or(&self.settings.user);
        cut(by, USER_CHARS_MAX).into_owned()
    }

    /// The status of an alert.
    pub(super) fn status_of(&self, alert: &Alert) -> Result<Status, Outcome> {
        map::status(alert).ok_or_else(|| record_later("Opsgenie tells a status that is neither open nor closed"))
    }
}

/// The call that leads from one status to another; `None` if there is none.
fn verb(from: Status, to: Status) -> Option<&'static str> {
    match (from, to) {
        (Status::Resolved, _) => None,
        (_, Status::Triggered) => Some("unacknowledge"),
        (_, Status::Acknowledged) => Some("acknowledge"),
        (_, Status::Resolved) => Some("close"),
    }
}

fn is_gone(reason: &str) -> bool {
    reason.to_lowercase().contains("does not exist")
}

fn gone(reason: String) -> Outcome {
    rejected(reason, "nothing, if the alert was deleted on purpose; otherwise restore it and release")
}

/// The alias for a key. Opsgenie takes 512 characters; a longer key is shortened the same way every time.
fn alias(create_key: &str) -> String {
    shorten_key(create_key).into_owned()
}
