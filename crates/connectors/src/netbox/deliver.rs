//! Carries out one delivery at NetBox. Every change is compared before it is written, and read from the answer after it.

use super::notes;
use super::settings::Notes;
use super::wire::{
    EventChange, Incident, IncidentChange, Kind, Name, NewJournalEntry, Object, PLUGIN, Page, TITLE_CHARS_MAX,
};
use super::{NetBox, map};
use crate::outcome::{Doing, holds, no_record, noted, rejected};
use crate::text::is_blank;
use ::pagerduty::text::cut;
use http::Method;
use pagebridge_core::{Content, Delivery, Outcome, Status, Step};
use serde::Serialize;
use serde_json::Value;

impl NetBox {
    pub(super) async fn carry_out(&self, delivery: &Delivery) -> Outcome {
        let record = delivery.record.as_ref().and_then(|record| Name::parse(&record.id.0));
        let ended = match (&delivery.step, record) {
            (Step::SetStatus { from, to }, Some(name)) => self.set_status(name, *from, *to).await,
            (Step::AddNote(_), Some(name)) => self.add_note(name, delivery).await,
            (Step::Update { .. }, Some(name)) => self.update(name, &delivery.content).await,
            (Step::Create | Step::Find | Step::Mark, _) => Ok(rejected(
                "Pagebridge makes no records in NetBox",
                "switch the rule `created` towards NetBox off for this bridge",
            )),
            (Step::SetStatus { .. } | Step::AddNote(_) | Step::Update { .. }, None) => Ok(no_record()),
        };
        ended.unwrap_or_else(|outcome| outcome)
    }

    async fn set_status(&self, name: Name, from: Option<Status>, to: Status) -> Result<Outcome, Outcome> {
        let object = self.object(name).await?;
        let status = self.status_with_its_story(&object).await?;
        if status == to {
            return Ok(holds(None, to));
        }
        if from.is_some_and(|from| from != status) {
            let graph = self.graph().await;
            return Ok(Outcome::Read(self.reading(&object, status, &graph)));
        }
        let Some(word) = self.word(name.kind, status, to) else {
            return Ok(rejected(
                format!("NetBox has no status that means {to} for {name}"),
                "switch the rule for it off for this bridge; Events know no acknowledgement",
            ));
        };
        let answer = match &object {
            Object::Event(_) => self.patch(name, &EventChange { status: word }).await?,
            Object::Incident(incident) => {
                let resolved_at = self.resolved_at(incident, to);
                self.patch(name, &IncidentChange { status: Some(word), resolved_at, ..IncidentChange::default() })
                    .await?
            }
        };
        let now = map::status(&answer, &self.settings);
        if now == to || answer.status() == word {
            return Ok(holds(None, to));
        }
        Ok(Outcome::Unknown { reason: format!("NetBox took the change and shows the status `{}`", answer.status()) })
    }

    /// NetBox's word for a wanted status.
    fn word(&self, kind: Kind, from: Status, to: Status) -> Option<&str> {
        let back = &self.settings.back;
        match (kind, to) {
            (Kind::Event, Status::Triggered) => Some("triggered"),
            (Kind::Event, Status::Acknowledged) => None,
            (Kind::Event, Status::Resolved) => Some(&back.event_resolved),
            (Kind::Incident, Status::Triggered) if from == Status::Resolved => Some(&back.reopened),
            (Kind::Incident, Status::Triggered) => Some(&back.triggered),
            (Kind::Incident, Status::Acknowledged) => back.acknowledged.as_deref(),
            (Kind::Incident, Status::Resolved) => Some(&back.resolved),
        }
    }

    /// NetBox does not fill it by itself.
    fn resolved_at(&self, incident: &Incident, to: Status) -> Option<Option<String>> {
        match (to, &incident.resolved_at) {
            (Status::Resolved, None) => {
                jiff::Timestamp::from_millisecond(self.clock.now().0).ok().map(|now| Some(now.to_string()))
            }
            (Status::Triggered | Status::Acknowledged, Some(_)) => Some(None),
            _ => None,
        }
    }

    async fn update(&self, name: Name, content: &Content) -> Result<Outcome, Outcome> {
        let Object::Incident(incident) = self.object(name).await? else { return Ok(noted(None)) };
        let title = cut(&content.title, TITLE_CHARS_MAX);
        let title = Some(&*title).filter(|title| !is_blank(title) && Some(*title) != incident.title.as_deref());
        let severity = content.priority.as_deref().and_then(severity).filter(|s| *s != incident.severity);
        if title.is_some() || severity.is_some() {
            self.patch(name, &IncidentChange { title, severity, ..IncidentChange::default() }).await?;
        }
        Ok(noted(None))
    }

    async fn add_note(&self, name: Name, delivery: &Delivery) -> Result<Outcome, Outcome> {
        if self.settings.back.notes == Notes::Journal && !self.follow.has_no_journal(name.kind) {
            match self.write_journal(name, delivery).await? {
                Some(outcome) => return Ok(outcome),
                None => self.follow.learn_no_journal(name.kind),
            }
        }
        let Object::Incident(incident) = self.object(name).await? else {
            return Ok(rejected(
                "an Event holds no notes, and this NetBox takes no journal entry for it",
                "switch the rule for notes off for the bridge of Events",
            ));
        };
        let before = incident.description.unwrap_or_default();
        if !delivery.mark.is_empty() && before.contains(&delivery.mark) {
            return Ok(noted(None));
        }
        let after = notes::appended(&before, &delivery.note, &delivery.mark, self.clock.now());
        let answer =
            self.patch(name, &IncidentChange { description: Some(&after), ..IncidentChange::default() }).await?;
        match answer {
            Object::Incident(Incident { description: Some(text), .. }) if text.contains(&delivery.mark) => {
                Ok(noted(None))
            }
            _ => Ok(Outcome::Unknown { reason: "NetBox took the note and does not show it".to_owned() }),
        }
    }

    /// Writes an entry of NetBox's journal; `None` where the plugin makes NetBox fail over it, in which case nothing was written.
    async fn write_journal(&self, name: Name, delivery: &Delivery) -> Result<Option<Outcome>, Outcome> {
        if delivery.uncertain && self.journal_holds(name, &delivery.mark).await? {
            return Ok(Some(noted(None)));
        }
        let model = format!("business_application.{}", name.kind.as_str());
        let comments = crate::text::marked(&delivery.note, &delivery.mark, notes::NOTE_CHARS_MAX);
        let body = NewJournalEntry {
            assigned_object_type: &model,
            assigned_object_id: name.id,
            kind: "info",
            comments: &comments,
        };
        match self.client.write::<Value>(Method::POST, &["extras", "journal-entries"], &body).await {
            Ok(entry) => Ok(Some(noted(entry.get("id").and_then(Value::as_i64).map(|id| id.to_string())))),
            Err(failure) if failure.is_a_crash() => Ok(None),
            Err(failure) => Err(self.failed(&failure, Doing::Write)),
        }
    }

    /// Whether a journal holds a note. Filters may be ignored, so everything is looked at again.
    async fn journal_holds(&self, name: Name, mark: &str) -> Result<bool, Outcome> {
        let id = name.id.to_string();
        let query = [("assigned_object_id", id.as_str()), ("ordering", "-id"), ("limit", "100")];
        match self.client.get::<Page>(&["extras", "journal-entries"], &query).await {
            Ok(page) => Ok(page.results.iter().any(|entry| {
                entry
                    .get("comments")
                    .and_then(Value::as_str)
                    .is_some_and(|text| !mark.is_empty() && text.contains(mark))
            })),
            Err(failure) if failure.is_a_crash() => Ok(false),
            Err(failure) => Err(self.failed(&failure, Doing::Read)),
        }
    }

    async fn patch(&self, name: Name, change: &impl Serialize) -> Result<Object, Outcome> {
        let id = name.id.to_string();
        let path = [PLUGIN[0], PLUGIN[1], name.kind.list(), &id];
        let json: Value = self
            .client
            .write(Method::PATCH, &path, change)
            .await
            .map_err(|failure| self.failed(&failure, Doing::Write))?;
        let reason = || Outcome::Unknown { reason: "NetBox took the change and does not show the object".to_owned() };
        Object::read(name.kind, &json).ok_or_else(reason)
    }
}

/// NetBox's severity for its own words, and for the priorities that PagerDuty's accounts begin with.
fn severity(priority: &str) -> Option<&'static str> {
    match priority.to_lowercase().as_str() {
        "critical" | "p1" => Some("critical"),
        "high" | "error" | "p2" => Some("high"),
        "medium" | "warning" | "p3" => Some("medium"),
        "low" | "info" | "p4" | "p5" => Some("low"),
        _ => None,
    }
}
