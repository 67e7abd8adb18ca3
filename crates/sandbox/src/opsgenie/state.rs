//! Everything that Opsgenie holds, and what can happen to an alert.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::hooks::Hook;
use super::model::{Alert, AlertAct, NewAlert, Note, Way, Who};
use super::requests::Requests;
use crate::config::{Credentials, OpsgenieConfig};
use crate::outgoing::Parcel;
use crate::random::Random;
use crate::state_file::pairs;

/// Everything that Opsgenie holds.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct State {
    #[serde(skip)]
    pub(crate) config: OpsgenieConfig,
    pub(crate) random: Random,
    pub(crate) api_key: String,
    pub(crate) integration_id: String,
    pub(crate) alerts: Vec<Alert>,
    #[serde(with = "pairs")]
    by_id: HashMap<String, usize>,
    /// The newest alert of each alias.
    #[serde(with = "pairs")]
    by_alias: HashMap<String, usize>,
    pub(crate) open: BTreeSet<usize>,
    snoozed: BTreeSet<usize>,
    pub(crate) requests: Requests,
    pub(crate) hooks: Vec<Hook>,
    /// Alerts made per alias, closed ones too.
    pub(crate) creates: BTreeMap<String, u64>,
    pub(crate) heartbeats: BTreeMap<String, u64>,
    /// When the present minute began and how many calls it has had.
    pub(crate) window: (i64, u32),
    /// Webhooks made by the present call; taken away under the same lock.
    #[serde(skip)]
    pub(crate) outbox: Vec<Parcel>,
}

/// How a client names an alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum AlertName {
    Id(String),
    Tiny(String),
    Alias(String),
}

/// What came of an act: the text of the result, or of its failure.
pub(crate) type Done = Result<&'static str, &'static str>;

impl State {
    pub(crate) fn new(config: OpsgenieConfig, given: &Credentials, seed: u64) -> State {
        let mut random = Random::new(seed ^ 0x0095);
        let api_key = given.opsgenie_api_key.clone().unwrap_or_else(|| random.uuid());
        let integration_id = given.opsgenie_integration_id.clone().unwrap_or_else(|| random.uuid());
        State {
            config,
            random,
            api_key,
            integration_id,
            alerts: Vec::new(),
            by_id: HashMap::new(),
            by_alias: HashMap::new(),
            open: BTreeSet::new(),
            snoozed: BTreeSet::new(),
            requests: Requests::default(),
            hooks: Vec::new(),
            creates: BTreeMap::new(),
            heartbeats: BTreeMap::new(),
            window: (0, 0),
            outbox: Vec::new(),
        }
    }

    /// Takes over what was saved; the settings stay those of this start.
    pub(crate) fn restore(&mut self, saved: State) {
        let config = std::mem::take(&mut self.config);
        *self = State { config, ..saved };
    }

    /// Finds an alert that was not deleted.
    pub(crate) fn find(&self, name: &AlertName) -> Option<usize> {
        let place = match name {
            AlertName::Id(id) => self.by_id.get(id).copied(),
            AlertName::Alias(alias) => self.by_alias.get(alias).copied(),
            AlertName::Tiny(tiny) => {
                let number: usize = tiny.parse().ok()?;
                number.checked_sub(1).filter(|place| *place < self.alerts.len())
            }
        };
        place.filter(|place| !self.alerts[*place].deleted)
    }

    /// Finds an alert by whatever a person calls it.
    pub(crate) fn find_any(&self, name: &str) -> Option<usize> {
        let names =
            [AlertName::Id(name.to_owned()), AlertName::Alias(name.to_owned()), AlertName::Tiny(name.to_owned())];
        names.iter().find_map(|name| self.find(name))
    }

    /// Creates an alert, or counts one more occurrence of the open one with this alias.
    pub(crate) fn create(&mut self, new: NewAlert, who: &Who, now: Timestamp) -> (usize, &'static str) {
        let same = new.alias.as_ref().and_then(|alias| self.by_alias.get(alias).copied());
        if let Some(place) = same.filter(|place| self.alerts[*place].open && !self.alerts[*place].deleted) {
            let alert = &mut self.alerts[place];
            alert.count += 1;
            alert.last_occurred_at = now;
            return (place, "Deduplicated alert");
        }
        let place = self.alerts.len();
        let id = self.random.uuid();
        let alias = new.alias.unwrap_or_else(|| id.clone());
        self.by_id.insert(id.clone(), place);
        self.by_alias.insert(alias.clone(), place);
        self.open.insert(place);
        *self.creates.entry(alias.clone()).or_default() += 1;
        self.alerts.push(Alert {
            id,
            tiny: place as u64 + 1,
            alias,
            message: new.message,
            description: new.description,
            entity: new.entity,
            source: new.source.unwrap_or_else(|| who.source.clone()),
            priority: new.priority.unwrap_or(3),
            owner: String::new(),
            tags: new.tags,
            details: new.details,
            actions: new.actions,
            responders: new.responders,
            open: true,
            acknowledged: false,
            snoozed_until: None,
            count: 1,
            created_at: now,
            updated_at: now,
            last_occurred_at: now,
            acknowledged_by: None,
            closed_by: None,
            notes: Vec::new(),
            log: vec![(now, who.name.clone(), "Create".to_owned())],
            deleted: false,
        });
        if let Some(note) = new.note.filter(|note| !note.is_empty()) {
            self.alerts[place].notes.push(Note { text: note, owner: who.name.clone(), at: now });
        }
        self.tell_created(place, who);
        (place, "Created alert")
    }

    /// Does something to an alert and tells the hooks, or says why it cannot be done.
    pub(crate) fn act(&mut self, place: usize, act: &AlertAct, who: &Who, now: Timestamp) -> Done {
        let alert = &mut self.alerts[place];
        let old_priority = alert.priority;
        if let Some(done) = without_effect(alert, act, who) {
            return done;
        }
        change(alert, act, who, now);
        alert.updated_at = now;
        alert.log.push((now, who.name.clone(), act.name().to_owned()));
        let (open, snoozed) = (alert.open && !alert.deleted, alert.snoozed_until.is_some());
        if !open {
            self.open.remove(&place);
        }
        if open && snoozed {
            self.snoozed.insert(place);
        } else {
            self.snoozed.remove(&place);
        }
        self.tell(place, act, old_priority, who);
        Ok("Processed")
    }

    /// Adds the note that came with another action; it sends no webhook of its own.
    pub(crate) fn attach_note(&mut self, place: usize, text: &str, who: &Who, now: Timestamp) {
        self.alerts[place].notes.push(Note { text: text.to_owned(), owner: who.name.clone(), at: now });
    }

    /// Ends the snoozes whose time has come.
    pub(crate) fn wake_snoozed(&mut self, now: Timestamp) {
        let over = |place: &usize| self.alerts[*place].snoozed_until.is_some_and(|until| until <= now);
        let due: Vec<usize> = self.snoozed.iter().copied().filter(over).collect();
        for place in due {
            self.snoozed.remove(&place);
            let alert = &mut self.alerts[place];
            alert.snoozed_until = None;
            alert.updated_at = now;
            alert.log.push((now, "System".to_owned(), "SnoozeEnded".to_owned()));
            self.tell_snooze_ended(place);
        }
    }

    /// Tells when the processor next has something to do.
    pub(crate) fn next_timer(&self) -> Option<Timestamp> {
        self.requests.next_due().into_iter().chain(self.next_wake()).min()
    }

    fn next_wake(&self) -> Option<Timestamp> {
        self.snoozed.iter().filter_map(|place| self.alerts[*place].snoozed_until).min()
    }

    /// Makes the person behind a name; the same name always has the same user id.
    pub(crate) fn person(&self, name: &str) -> Who {
        let seed = name.bytes().fold(7u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)));
        Who { name: name.to_owned(), user_id: Random::new(seed).uuid(), way: Way::Web, source: name.to_owned() }
    }
}

/// Tells the end of an act that changes nothing: it fails, or it is already so.
fn without_effect(alert: &Alert, act: &AlertAct, who: &Who) -> Option<Done> {
    match act {
        AlertAct::AddNote(_) | AlertAct::Delete | AlertAct::Custom(_) => None,
        AlertAct::Close if !alert.open => Some(Err("Alert is already closed")),
        _ if !alert.open => Some(Err("Alert is closed")),
        AlertAct::Acknowledge if alert.acknowledged && alert.owner == who.name => Some(Ok("Already acknowledged")),
        AlertAct::Unacknowledge if !alert.acknowledged => Some(Err("Alert is not acknowledged")),
        _ => None,
    }
}

fn change(alert: &mut Alert, act: &AlertAct, who: &Who, now: Timestamp) {
    match act {
        AlertAct::Acknowledge => {
            alert.acknowledged = true;
            alert.acknowledged_by = Some((now, who.name.clone()));
            alert.owner.clone_from(&who.name);
        }
        AlertAct::Unacknowledge => {
            alert.acknowledged = false;
            alert.acknowledged_by = None;
            alert.owner.clear();
        }
        AlertAct::Close => {
            alert.open = false;
            alert.snoozed_until = None;
            alert.closed_by = Some((now, who.name.clone()));
        }
        AlertAct::AddNote(text) => {
            alert.notes.push(Note { text: text.clone(), owner: who.name.clone(), at: now });
        }
        AlertAct::Assign(owner) => alert.owner.clone_from(owner),
        AlertAct::Snooze(until) => alert.snoozed_until = Some(*until),
        AlertAct::AddTags(tags) => {
            let new = tags.iter().filter(|tag| !alert.tags.contains(tag)).cloned();
            alert.tags.extend(new.collect::<Vec<_>>());
        }
        AlertAct::RemoveTags(tags) => alert.tags.retain(|tag| !tags.contains(tag)),
        AlertAct::Priority(priority) => alert.priority = *priority,
        AlertAct::Message(message) => alert.message.clone_from(message),
        AlertAct::Description(description) => alert.description.clone_from(description),
        AlertAct::AddDetails(details) => alert.details.extend(details.clone()),
        AlertAct::RemoveDetails(keys) => alert.details.retain(|key, _| !keys.contains(key)),
        AlertAct::AddResponder(name) => {
            alert.responders.push(serde_json::json!({"type": "user", "name": name}));
        }
        AlertAct::AddTeam(name) => alert.responders.push(serde_json::json!({"type": "team", "name": name})),
        AlertAct::Delete => alert.deleted = true,
        AlertAct::Escalate(_) | AlertAct::Custom(_) => {}
    }
}
