//! What people do in PagerDuty's web and mobile apps, as tests and demos stage it.

use jiff::Timestamp;

use super::lifecycle::{INCIDENT_TYPE, Opening};
use super::model::{Actor, IncidentIx, Status, Urgency, UserIx};
use super::seed;
use super::state::State;
use crate::clock::after;

/// Something that a person does to an incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IncidentAct {
    /// Takes it.
    Acknowledge,
    /// Gives it back: it pages again.
    Unacknowledge,
    /// Ends it, with or without a resolution note.
    Resolve {
        /// The resolution note.
        resolution: Option<String>,
    },
    /// Takes a resolved one up again.
    Reopen,
    /// Writes a note.
    Note(String),
    /// Merges it into another incident, named by id, number or key.
    MergeInto(String),
    /// Gives it to a named user.
    ReassignTo(String),
    /// Gives it to the next level of its escalation policy.
    Escalate,
    /// Keeps an acknowledged one quiet for so many seconds.
    Snooze(u64),
    /// Sets its priority by name, `P1` to `P5`.
    Priority(String),
}

/// An incident that a person opens by hand.
#[derive(Debug, Clone, Default)]
pub struct NewIncident {
    /// Its title.
    pub title: String,
    /// Its key; drawn when absent.
    pub incident_key: Option<String>,
    /// The service's id; the first service when absent.
    pub service_id: Option<String>,
    /// Whether it is of low urgency.
    pub low_urgency: bool,
}

/// A trigger event for a service.
#[derive(Debug, Clone, Default)]
pub struct NewEvent {
    /// The service's id.
    pub service_id: String,
    /// What is wrong; at most 1024 characters.
    pub summary: String,
    /// `critical`, `error`, `warning` or `info`.
    pub severity: String,
    /// The key that later events match; drawn when absent.
    pub dedup_key: Option<String>,
}

/// Says why a person's act cannot be done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ActError {
    /// There is no such incident.
    #[error("no incident has the id, number or key `{0}`")]
    NoIncident(String),
    /// There is no such service.
    #[error("no service has the id `{0}`")]
    NoService(String),
    /// There is no such subscription.
    #[error("no webhook subscription has the id `{0}`")]
    NoSubscription(String),
    /// There is no such contact method.
    #[error("no contact method has the id `{0}`")]
    NoContactMethod(String),
    /// There is no such priority.
    #[error("no priority is called `{0}`; there are P1 to P5")]
    NoPriority(String),
    /// There is nobody to give it to.
    #[error("nobody is on call there; add somebody to the escalation policy")]
    NobodyOnCall,
    /// The incident's status does not allow it.
    #[error("incident {incident} is {status}; that cannot be done to it")]
    WrongStatus {
        /// The incident's id.
        incident: String,
        /// Its status.
        status: &'static str,
    },
}

impl State {
    /// Finds an incident by id, number or key; of several with the key, an open one, else the newest.
    pub(crate) fn find_any(&self, name: &str) -> Result<IncidentIx, ActError> {
        let with_key = || {
            let all = self.with_key(name);
            all.iter().find(|ix| self.incident(**ix).is_open()).or(all.last()).copied()
        };
        with_key().or_else(|| self.find(name)).ok_or_else(|| ActError::NoIncident(name.to_owned()))
    }

    /// Finds a person by id, e-mail or name, and hires them if there is none.
    pub(crate) fn person(&mut self, name: &str) -> UserIx {
        let by_name = || self.users.find_by(|user| user.name == name);
        let found = self.user_by_id(name).or_else(|| self.user_by_email(name)).or_else(by_name);
        found.unwrap_or_else(|| {
            let email = if name.contains('@') {
                name.to_owned()
            } else {
                format!("{}@example.test", name.to_lowercase().replace(' ', "."))
            };
            let user = seed::user(&mut self.random, name, email);
            self.users.add(user)
        })
    }

    pub(crate) fn person_opens(
        &mut self,
        new: NewIncident,
        who: UserIx,
        now: Timestamp,
    ) -> Result<IncidentIx, ActError> {
        let service = match &new.service_id {
            None => self.first_service().ok_or_else(|| ActError::NoService(String::new()))?,
            Some(id) => self.service_by_id(id).ok_or_else(|| ActError::NoService(id.clone()))?,
        };
        if !self.is_staffed(self.service(service).policy, now) {
            return Err(ActError::NobodyOnCall);
        }
        let opening = Opening {
            title: new.title,
            details: None,
            key: Some(new.incident_key.unwrap_or_else(|| self.random.hex32())),
            service,
            policy: self.service(service).policy,
            urgency: if new.low_urgency { Urgency::Low } else { Urgency::High },
            priority: None,
            assignee: None,
            client: None,
            incident_type: INCIDENT_TYPE.to_owned(),
            conference_bridge: None,
            alert: None,
        };
        Ok(self.open_incident(opening, Actor::User(who), now))
    }

    pub(crate) fn person_acts(
        &mut self,
        ix: IncidentIx,
        act: IncidentAct,
        who: UserIx,
        now: Timestamp,
    ) -> Result<(), ActError> {
        let by = Actor::User(who);
        match (act, self.incident(ix).status) {
            (IncidentAct::Note(content), _) => {
                self.annotate(ix, who, content, now);
            }
            (IncidentAct::Acknowledge, Status::Triggered | Status::Acknowledged) => self.acknowledge(ix, by, now),
            (IncidentAct::Unacknowledge, Status::Acknowledged) => self.unacknowledge(ix, by, now),
            (IncidentAct::Resolve { resolution }, Status::Triggered | Status::Acknowledged) => {
                self.resolve(ix, by, resolution.as_deref(), now);
            }
            (IncidentAct::Reopen, Status::Resolved) => self.reopen(ix, None, by, now),
            (IncidentAct::MergeInto(target), Status::Triggered | Status::Acknowledged) => {
                let target = self.find_any(&target)?;
                if target == ix || !self.incident(target).is_open() {
                    return Err(self.wrong_status(target));
                }
                self.merge(target, &[ix], by, now);
            }
            (IncidentAct::ReassignTo(name), Status::Triggered | Status::Acknowledged) => {
                let user = self.person(&name);
                self.reassign(ix, &[user], by, now);
            }
            (IncidentAct::Escalate, Status::Triggered | Status::Acknowledged) => {
                let incident = self.incident(ix);
                let next = incident.level + 1;
                if self.on_call_from(&incident.path.rules, next, now).is_none() {
                    return Err(ActError::NobodyOnCall);
                }
                self.escalate(ix, next, by, now);
            }
            (IncidentAct::Snooze(seconds), Status::Acknowledged) => {
                self.snooze(ix, after(now, seconds.saturating_mul(1_000)), by, now);
            }
            (IncidentAct::Priority(name), Status::Triggered | Status::Acknowledged) => {
                let priority = self.priority_by(&name).ok_or(ActError::NoPriority(name))?;
                self.set_priority(ix, priority, by, now);
            }
            _ => return Err(self.wrong_status(ix)),
        }
        Ok(())
    }

    fn wrong_status(&self, ix: IncidentIx) -> ActError {
        let incident = self.incident(ix);
        ActError::WrongStatus { incident: incident.id.clone(), status: incident.status.text() }
    }
}
