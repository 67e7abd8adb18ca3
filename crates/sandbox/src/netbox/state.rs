//! Everything that NetBox holds, and what can happen to it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::hooks::{Hook, Told};
use super::model::{Event, Incident, Kind, Service, Token};
use super::validate::{self, Fields};
use crate::config::Credentials;
use crate::outgoing::Parcel;
use crate::random::Random;

/// One object in so many is open after [`State::populate`].
const OPEN_ONE_IN: u64 = 100;

/// Everything that NetBox holds.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct State {
    pub(crate) random: Random,
    pub(crate) tokens: Vec<Token>,
    pub(crate) webhook_secret: String,
    pub(crate) events: BTreeMap<u64, Event>,
    pub(crate) incidents: BTreeMap<u64, Incident>,
    pub(crate) services: BTreeMap<u64, Service>,
    pub(crate) sources: BTreeMap<u64, String>,
    pub(crate) sites: BTreeMap<u64, Value>,
    pub(crate) journal: Vec<Value>,
    pub(crate) hooks: Vec<Hook>,
    last_ids: BTreeMap<String, u64>,
    /// What the present request has changed, told when it is over.
    #[serde(skip)]
    pub(crate) told: Vec<Told>,
    /// Webhooks made by the present request; taken away under the same lock.
    #[serde(skip)]
    pub(crate) outbox: Vec<Parcel>,
}

impl State {
    pub(crate) fn new(given: &Credentials, seed: u64) -> State {
        let mut random = Random::new(seed ^ 0x004e_6574);
        let mut hex40 = || format!("{}{}", random.hex32(), &random.hex32()[..8]);
        let keys = [
            given.netbox_token.clone().unwrap_or_else(&mut hex40),
            format!("nbt_{}.{}", &hex40()[..12], hex40()),
            hex40(),
            hex40(),
        ];
        let token = |key: &String, user: &str, write_enabled, permitted| Token {
            key: key.clone(),
            user: user.to_owned(),
            write_enabled,
            permitted,
        };
        let tokens = vec![
            token(&keys[0], "bridge", true, true),
            token(&keys[1], "bridge", true, true),
            token(&keys[2], "bridge", false, true),
            token(&keys[3], "weak", true, false),
        ];
        let webhook_secret = given.netbox_webhook_secret.clone().unwrap_or_else(|| random.hex32());
        State {
            random,
            tokens,
            webhook_secret,
            events: BTreeMap::new(),
            incidents: BTreeMap::new(),
            services: BTreeMap::new(),
            sources: BTreeMap::new(),
            sites: BTreeMap::new(),
            journal: Vec::new(),
            hooks: Vec::new(),
            last_ids: BTreeMap::new(),
            told: Vec::new(),
            outbox: Vec::new(),
        }
    }

    pub(crate) fn next_id(&mut self, of: &str) -> u64 {
        let last = self.last_ids.entry(of.to_owned()).or_default();
        *last += 1;
        *last
    }

    pub(crate) fn has(&self, kind: Kind, id: u64) -> bool {
        match kind {
            Kind::Event => self.events.contains_key(&id),
            Kind::Incident => self.incidents.contains_key(&id),
        }
    }

    /// Makes an object of what a client gives, or says what is wrong with each field.
    pub(crate) fn create(&mut self, kind: Kind, fields: &Map<String, Value>, now: Timestamp) -> Fields<u64> {
        match kind {
            Kind::Event => {
                let mut event = validate::event(self, fields, None)?;
                event.id = self.next_id("event");
                (event.created_at, event.updated_at) = (now, now);
                let id = event.id;
                self.events.insert(id, event);
                self.note_created(Kind::Event, id);
                self.event_saved(id, now);
                Ok(id)
            }
            Kind::Incident => {
                let mut incident = validate::incident(fields, None)?;
                incident.id = self.next_id("incident");
                (incident.created_at, incident.updated_at) = (now, now);
                let id = incident.id;
                self.incidents.insert(id, incident);
                self.note_created(Kind::Incident, id);
                Ok(id)
            }
        }
    }

    /// Changes an object that is there. Only the web pages take a picture of it before.
    pub(crate) fn edit(
        &mut self,
        kind: Kind,
        id: u64,
        fields: &Map<String, Value>,
        in_pages: bool,
        now: Timestamp,
    ) -> Fields<()> {
        let before = in_pages.then(|| self.flat(kind, id)).flatten();
        match kind {
            Kind::Event => {
                let event = validate::event(self, fields, self.events.get(&id))?;
                self.events.insert(id, Event { updated_at: now, ..event });
            }
            Kind::Incident => {
                let incident = validate::incident(fields, self.incidents.get(&id))?;
                self.incidents.insert(id, Incident { updated_at: now, ..incident });
            }
        }
        self.note_updated(kind, id, before);
        if kind == Kind::Event {
            self.event_saved(id, now);
        }
        Ok(())
    }

    pub(crate) fn delete(&mut self, kind: Kind, id: u64, now: Timestamp) -> bool {
        if !self.has(kind, id) {
            return false;
        }
        self.note_deleted(kind, id, now);
        match kind {
            Kind::Event => {
                self.events.remove(&id);
                for incident in self.incidents.values_mut() {
                    incident.events.remove(&id);
                }
            }
            Kind::Incident => {
                self.incidents.remove(&id);
                for event in self.events.values_mut() {
                    event.incidents.remove(&id);
                }
            }
        }
        true
    }

    /// A queryset update: no webhook, no change log, and no time moves. Gives how many there were.
    pub(crate) fn bulk_status(&mut self, kind: Kind, ids: &[u64], status: &str) -> usize {
        let ids: BTreeSet<u64> = ids.iter().copied().collect();
        let status = status.to_owned();
        match kind {
            Kind::Event => {
                let hit = self.events.values_mut().filter(|event| ids.contains(&event.id));
                hit.map(|event| event.status.clone_from(&status)).count()
            }
            Kind::Incident => {
                let hit = self.incidents.values_mut().filter(|incident| ids.contains(&incident.id));
                hit.map(|incident| incident.status.clone_from(&status)).count()
            }
        }
    }

    pub(crate) fn new_service(&mut self, name: &str, now: Timestamp) -> u64 {
        let id = self.next_id("service");
        let service = Service { id, name: name.to_owned(), service_type: "technical".to_owned(), created: now };
        self.services.insert(id, service);
        id
    }

    /// The source with this name, made if there is none.
    pub(crate) fn source(&mut self, name: &str) -> u64 {
        if let Some((id, _)) = self.sources.iter().find(|(_, there)| *there == name) {
            return *id;
        }
        let id = self.next_id("source");
        self.sources.insert(id, name.to_owned());
        id
    }

    pub(crate) fn populate(&mut self, count: u64, now: Timestamp) {
        for number in 0..count {
            let open = number % OPEN_ONE_IN == 0;
            let id = self.next_id("incident");
            let mut incident = validate::blank_incident();
            incident.id = id;
            incident.title = format!("Incident {id}");
            incident.status = if open { "investigating" } else { "closed" }.to_owned();
            incident.severity = "low".to_owned();
            (incident.created_at, incident.updated_at) = (now, now);
            self.incidents.insert(id, incident);
            let id = self.next_id("event");
            let mut event = validate::blank_event();
            event.id = id;
            event.message = format!("Event {id}");
            event.dedup_id = format!("populated-{id}");
            event.status = if open { "triggered" } else { "ok" }.to_owned();
            event.criticallity = "low".to_owned();
            (event.created_at, event.updated_at, event.last_seen_at) = (now, now, now);
            self.events.insert(id, event);
        }
    }
}
