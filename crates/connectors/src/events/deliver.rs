//! Passes an event on.

use super::Alerts;
use super::wire::{Kept, Said};
use crate::Secret;
use crate::outcome::{SETTING_WAIT_MS, asked_wait_ms, holds, later, rejected, with_causes};
use ::pagerduty::events::{self, EventError, Image, Severity, change, v1};
use ::pagerduty::{Class, Error, Wait};
use pagebridge_core::{Content, Delivery, Outcome, RecordRef, Status, Step, Urgency};

/// What an alert says whose sender gave no source.
const NO_SOURCE: &str = "unknown";

impl Alerts {
    pub(super) async fn carry_out(&self, delivery: &Delivery) -> Outcome {
        let status = match &delivery.step {
            Step::Create | Step::Update { .. } => Status::Triggered,
            Step::SetStatus { to, .. } => *to,
            Step::Find | Step::Mark | Step::AddNote(_) => {
                return rejected("an alert behind a routing key takes no notes", "report this as a bug of Pagebridge");
            }
        };
        let (key, reference) = self.key_of(delivery);
        let said = kept(&delivery.content);
        if matches!((&said, &delivery.step), (Kept::Change(_), Step::SetStatus { .. })) {
            // A change is told once, and is over with that.
            return holds(None, status);
        }
        let ended = self.send(&key, &said, &delivery.create_key, status).await;
        let record = RecordRef::id(&format!("{reference}/{}", delivery.create_key));
        match ended {
            Ok(()) => Outcome::Delivered {
                record: Some(record),
                // A change is over when it is told.
                status: match (&said, &delivery.step) {
                    (Kept::Change(_), _) => Some(Status::Resolved),
                    (_, Step::Create) => Some(Status::Triggered),
                    _ => None,
                },
                status_at: None,
                note: None,
            },
            Err(outcome) => outcome,
        }
    }

    /// The key that the alert was triggered with, or the present one for a new alert.
    fn key_of(&self, delivery: &Delivery) -> (Secret, String) {
        let present = || (self.settings.routing_key.clone(), self.key.as_str().to_owned());
        if delivery.step == Step::Create {
            return present();
        }
        let reference = delivery.record.as_ref().and_then(|record| record.id.0.split_once('/')).map(|(r, _)| r);
        let former = reference.and_then(|reference| Some((self.keyring.key(reference)?, reference.to_owned())));
        former.unwrap_or_else(present)
    }

    async fn send(&self, key: &Secret, said: &Kept, alert_key: &str, status: Status) -> Result<(), Outcome> {
        let unsendable = |error: EventError| rejected(error.to_string(), "shorten it at its sender, then release");
        let answer = match said {
            Kept::V2(said) => {
                let event = v2_event(key, said, alert_key, status);
                self.client.call(&events::enqueue(&event).map_err(unsendable)?).await.map(drop)
            }
            Kept::V1(said) => {
                let event = v1_event(key, said, alert_key, status);
                self.client.call(&v1::create(&event).map_err(unsendable)?).await.map(drop)
            }
            Kept::Change(said) => {
                let event = change_event(key, said);
                self.client.call(&change::enqueue(&event).map_err(unsendable)?).await.map(drop)
            }
        };
        answer.map_err(|error| self.failed(&error))
    }

    /// The one table that says what a failed call means. Every event may be sent again without harm.
    fn failed(&self, error: &Error) -> Outcome {
        let reason = with_causes(error);
        let now = self.clock.now();
        let asked = |wait: Option<Wait>| wait.and_then(|wait| asked_wait_ms(wait.ms_from(now.0)));
        let setting = |what: &str| {
            later(Some(SETTING_WAIT_MS), format!("{reason}; check {what} of system `{}`", self.settings.system))
        };
        match error.response().map(|response| response.status) {
            // Not ingested, whatever the reason.
            Some(429 | 502 | 503) => match error.class() {
                Class::Retry { wait } | Class::RateLimited { wait } => later(asked(wait), reason),
                _ => later(None, reason),
            },
            // Version 1 says so when there are too many.
            Some(403) => later(None, reason),
            Some(408 | 500..=599) => Outcome::Unknown { reason },
            Some(300..=399 | 401 | 404 | 407) => setting("events_url, and the proxy if there is one,"),
            Some(400) if reason.to_lowercase().contains("routing key") && !self.settings.passed => {
                setting("routing_key")
            }
            Some(400) if reason.to_lowercase().contains("routing key") => {
                rejected(reason, "give the sender the integration key of a service that exists, then release")
            }
            Some(_) => rejected(reason, "change what PagerDuty names at the sender, then release"),
            None => match error.class() {
                Class::ReadBack => Outcome::Unknown { reason },
                Class::Retry { wait } | Class::RateLimited { wait } => match error {
                    Error::Unknown { .. } => Outcome::Unknown { reason },
                    _ => later(asked(wait), reason),
                },
                _ => later(None, reason),
            },
        }
    }
}

/// What is to be passed on; an incident that did not begin with an event is told in the words it has.
fn kept(content: &Content) -> Kept {
    let kept = content.event.as_deref().and_then(|json| serde_json::from_str(json).ok());
    kept.unwrap_or_else(|| {
        let severity = match content.urgency {
            Urgency::High => "critical",
            Urgency::Low => "warning",
        };
        Kept::V2(Said { summary: content.title.clone(), severity: Some(severity.to_owned()), ..Said::default() })
    })
}

fn v2_event(key: &Secret, said: &Said, alert_key: &str, status: Status) -> events::Event {
    let mut event = match status {
        Status::Acknowledged => return events::Event::acknowledge(key.clone(), alert_key),
        Status::Resolved => return events::Event::resolve(key.clone(), alert_key),
        Status::Triggered => {
            let severity = said.severity.as_deref().map_or(Severity::Critical, severity);
            let source = said.source.as_deref().unwrap_or(NO_SOURCE);
            events::Event::trigger(key.clone(), said.summary.as_str(), source, severity).with_dedup_key(alert_key)
        }
    };
    if let Some(timestamp) = &said.timestamp {
        event = event.with_timestamp(timestamp.as_str());
    }
    if let Some(component) = &said.component {
        event = event.with_component(component.as_str());
    }
    if let Some(group) = &said.group {
        event = event.with_group(group.as_str());
    }
    if let Some(class) = &said.class {
        event = event.with_class(class.as_str());
    }
    if let Some(details) = &said.details {
        event = event.with_custom_details(details.clone());
    }
    if said.client.is_some() || said.client_url.is_some() {
        event = event.with_client(said.client.clone().unwrap_or_default(), said.client_url.clone());
    }
    for link in &said.links {
        event = event.with_link(link.href.as_str(), link.text.clone());
    }
    said.images.iter().fold(event, |event, image| event.with_image(picture(image)))
}

fn v1_event(key: &Secret, said: &Said, alert_key: &str, status: Status) -> v1::Event {
    let mut event = match status {
        Status::Acknowledged => v1::Event::acknowledge(key.clone(), alert_key),
        Status::Resolved => v1::Event::resolve(key.clone(), alert_key),
        Status::Triggered => v1::Event::trigger(key.clone(), said.summary.as_str()).with_incident_key(alert_key),
    };
    if let Some(details) = &said.details {
        event = event.with_details(details.clone());
    }
    if status != Status::Triggered {
        return event;
    }
    if said.client.is_some() || said.client_url.is_some() {
        event = event.with_client(said.client.clone().unwrap_or_default(), said.client_url.clone());
    }
    for link in &said.links {
        event = event.with_link(link.href.as_str(), link.text.clone());
    }
    said.images.iter().fold(event, |event, image| event.with_image(picture(image)))
}

fn change_event(key: &Secret, said: &Said) -> change::ChangeEvent {
    let mut event = change::ChangeEvent::new(key.clone(), said.summary.as_str());
    if let Some(source) = &said.source {
        event = event.with_source(source.as_str());
    }
    if let Some(timestamp) = &said.timestamp {
        event = event.with_timestamp(timestamp.as_str());
    }
    if let Some(details) = &said.details {
        event = event.with_custom_details(details.clone());
    }
    said.links.iter().fold(event, |event, link| event.with_link(link.href.as_str(), link.text.clone()))
}

fn picture(image: &super::wire::Image) -> Image {
    Image { src: image.src.clone(), href: image.href.clone(), alt: image.alt.clone() }
}

fn severity(word: &str) -> Severity {
    match word {
        "error" => Severity::Error,
        "warning" => Severity::Warning,
        "info" => Severity::Info,
        _ => Severity::Critical,
    }
}
