//! Everything that NetBox holds.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::auth::{NetBoxRights, NewToken, Token, User};
use super::hooks::{Hook, Touch};
use super::model::{Event, Fields, Incident, Times};
use crate::config::{Credentials, NetBoxConfig};
use crate::outgoing::Parcel;
use crate::random::Random;

/// Everything that NetBox holds.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct State {
    #[serde(skip)]
    pub(crate) config: NetBoxConfig,
    pub(crate) random: Random,
    pub(crate) users: Vec<User>,
    pub(crate) tokens: Vec<Token>,
    /// Signs the webhooks of rules that are made without a secret of their own.
    pub(crate) webhook_secret: String,
    pub(crate) events: BTreeMap<u64, Event>,
    pub(crate) incidents: BTreeMap<u64, Incident>,
    /// The Incidents of each Event.
    pub(crate) incidents_of: BTreeMap<u64, BTreeSet<u64>>,
    /// The Incidents of each technical service.
    pub(crate) incidents_at: BTreeMap<u64, BTreeSet<u64>>,
    /// All other objects, by path and id.
    pub(crate) shelves: BTreeMap<String, BTreeMap<u64, Item>>,
    /// The last id of each path; ids are not used again.
    last_ids: BTreeMap<String, u64>,
    pub(crate) hooks: Vec<Hook>,
    /// What the present request has changed so far.
    #[serde(skip)]
    pub(crate) touched: Vec<Touch>,
    /// Webhooks made by the present request; taken away under the same lock.
    #[serde(skip)]
    pub(crate) outbox: Vec<Parcel>,
}

/// An object of which only fields are kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Item {
    pub(crate) id: u64,
    pub(crate) fields: Fields,
    pub(crate) times: Times,
}

impl State {
    pub(crate) fn new(config: NetBoxConfig, given: &Credentials, seed: u64, now: Timestamp) -> State {
        let mut random = Random::new(seed ^ 0x00B0);
        let webhook_secret = given.netbox_webhook_secret.clone().unwrap_or_else(|| random.hex32());
        let mut state = State {
            config,
            random,
            users: Vec::new(),
            tokens: Vec::new(),
            webhook_secret,
            events: BTreeMap::new(),
            incidents: BTreeMap::new(),
            incidents_of: BTreeMap::new(),
            incidents_at: BTreeMap::new(),
            shelves: BTreeMap::new(),
            last_ids: BTreeMap::new(),
            hooks: Vec::new(),
            touched: Vec::new(),
            outbox: Vec::new(),
        };
        state.user("admin", NetBoxRights::All, now);
        let of = |user: &str, rights| NewToken { user: user.to_owned(), rights, ..NewToken::default() };
        let bridge = of("bridge", NetBoxRights::All);
        state.add_token(bridge.clone(), given.netbox_token.clone(), now);
        state.add_token(NewToken { v2: true, ..bridge.clone() }, given.netbox_token_v2.clone(), now);
        state.add_token(NewToken { read_only: true, ..bridge }, given.netbox_readonly_token.clone(), now);
        state.add_token(of("weak", NetBoxRights::None), None, now);
        state
    }

    /// Takes over what was saved; the settings stay those of this start.
    pub(crate) fn restore(&mut self, saved: State) {
        let config = std::mem::take(&mut self.config);
        *self = State { config, ..saved };
    }

    pub(crate) fn next_id(&mut self, path: &str) -> u64 {
        let last = self.last_ids.entry(path.to_owned()).or_default();
        *last += 1;
        *last
    }

    pub(crate) fn item(&self, path: &str, id: u64) -> Option<&Item> {
        self.shelves.get(path)?.get(&id)
    }

    /// Finds an object by its name.
    pub(crate) fn named(&self, path: &str, name: &str) -> Option<&Item> {
        let named = |item: &&Item| item.fields.get("name").and_then(|name| name.as_str()) == Some(name);
        self.shelves.get(path)?.values().find(named)
    }

    pub(crate) fn name_of(&self, path: &str, id: u64) -> Option<&str> {
        self.item(path, id)?.fields.get("name")?.as_str()
    }
}
