//! Everything that PagerDuty holds, and how it is found.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;

use super::limits::Limits;
use super::model::{
    Incident, IncidentIx, Policy, PolicyIx, Priority, PriorityIx, Service, ServiceIx, ServiceState, Subscription, User,
    UserIx,
};
use crate::config::{Credentials, PagerDutyConfig};
use crate::outgoing::Parcel;
use crate::random::Random;

/// Everything that PagerDuty holds.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) config: PagerDutyConfig,
    pub(crate) random: Random,
    /// The REST address as webhooks name it.
    pub(crate) api_base: String,
    pub(crate) account_token: String,
    pub(crate) user_token: String,
    pub(crate) automation_user: UserIx,
    pub(crate) webhook_secret: String,
    pub(crate) users: Vec<User>,
    pub(crate) services: Vec<Service>,
    pub(crate) policies: Vec<Policy>,
    pub(crate) priorities: Vec<Priority>,
    pub(crate) incidents: Vec<Incident>,
    pub(crate) open: BTreeSet<IncidentIx>,
    pub(crate) snoozed: BTreeSet<IncidentIx>,
    by_id: HashMap<String, IncidentIx>,
    /// Incident keys and alert keys, resolved ones too.
    by_key: HashMap<String, Vec<IncidentIx>>,
    /// The latest incident of each routing key and dedup key.
    pub(crate) by_alert: HashMap<(String, String), IncidentIx>,
    pub(crate) subscriptions: Vec<Subscription>,
    pub(crate) limits: Limits,
    /// Incidents made per key, resolved ones too.
    pub(crate) creates: BTreeMap<String, u64>,
    /// Events by what became of them.
    pub(crate) events: BTreeMap<&'static str, u64>,
    /// Webhooks made by the present call; taken away under the same lock.
    pub(crate) outbox: Vec<Parcel>,
}

impl State {
    pub(crate) fn new(
        config: PagerDutyConfig,
        given: &Credentials,
        seed: u64,
        api_base: String,
        now: Timestamp,
    ) -> State {
        let mut random = Random::new(seed);
        let from = given.from.clone().unwrap_or_else(|| "pagebridge@example.test".to_owned());
        let users = seed_users(&mut random, &config.automation_user, from);
        let policies = seed_policies(&mut random);
        let services = seed_services(&mut random, given, now);
        let priorities = (1..=5).map(|n| Priority { id: random.short_id(), name: format!("P{n}") }).collect();
        let mut or_token = |given: &Option<String>, prefix| given.clone().unwrap_or_else(|| random.token(prefix));
        let account_token = or_token(&given.account_token, "a+");
        let user_token = or_token(&given.user_token, "u+");
        let webhook_secret = given.pagerduty_webhook_secret.clone().unwrap_or_else(|| random.secret());
        State {
            limits: Limits::new(config.rest_per_minute, config.events_per_minute),
            config,
            random,
            api_base,
            account_token,
            user_token,
            automation_user: UserIx(0),
            webhook_secret,
            users,
            services,
            policies,
            priorities,
            incidents: Vec::new(),
            open: BTreeSet::new(),
            snoozed: BTreeSet::new(),
            by_id: HashMap::new(),
            by_key: HashMap::new(),
            by_alert: HashMap::new(),
            subscriptions: Vec::new(),
            creates: BTreeMap::new(),
            events: BTreeMap::new(),
            outbox: Vec::new(),
        }
    }

    pub(crate) fn user(&self, ix: UserIx) -> &User {
        &self.users[ix.0]
    }

    pub(crate) fn service(&self, ix: ServiceIx) -> &Service {
        &self.services[ix.0]
    }

    pub(crate) fn policy(&self, ix: PolicyIx) -> &Policy {
        &self.policies[ix.0]
    }

    pub(crate) fn incident(&self, ix: IncidentIx) -> &Incident {
        &self.incidents[ix.0]
    }

    pub(crate) fn incident_mut(&mut self, ix: IncidentIx) -> &mut Incident {
        &mut self.incidents[ix.0]
    }

    pub(crate) fn user_by_id(&self, id: &str) -> Option<UserIx> {
        self.users.iter().position(|user| user.id == id).map(UserIx)
    }

    pub(crate) fn user_by_email(&self, email: &str) -> Option<UserIx> {
        self.users.iter().position(|user| user.email.eq_ignore_ascii_case(email)).map(UserIx)
    }

    pub(crate) fn service_by_id(&self, id: &str) -> Option<ServiceIx> {
        self.services.iter().position(|service| service.id == id).map(ServiceIx)
    }

    pub(crate) fn service_by_routing_key(&self, key: &str) -> Option<ServiceIx> {
        self.services.iter().position(|service| service.routing_key == key).map(ServiceIx)
    }

    pub(crate) fn policy_by_id(&self, id: &str) -> Option<PolicyIx> {
        self.policies.iter().position(|policy| policy.id == id).map(PolicyIx)
    }

    pub(crate) fn priority_by(&self, id_or_name: &str) -> Option<PriorityIx> {
        let found = self.priorities.iter().position(|one| one.id == id_or_name || one.name == id_or_name);
        found.map(PriorityIx)
    }

    /// Finds an incident by its id or its number.
    pub(crate) fn find(&self, id_or_number: &str) -> Option<IncidentIx> {
        if let Some(ix) = self.by_id.get(id_or_number) {
            return Some(*ix);
        }
        let number: usize = id_or_number.parse().ok()?;
        (1..=self.incidents.len()).contains(&number).then(|| IncidentIx(number - 1))
    }

    /// Lists the incidents that have this incident key or an alert with it, oldest first.
    pub(crate) fn with_key(&self, key: &str) -> &[IncidentIx] {
        self.by_key.get(key).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn open_with_key(&self, service: ServiceIx, key: &str) -> Option<IncidentIx> {
        let matches = |ix: &&IncidentIx| {
            let incident = self.incident(**ix);
            incident.is_open() && incident.service == service
        };
        self.with_key(key).iter().find(matches).copied()
    }

    /// Files a new incident under its id and keys.
    pub(crate) fn file(&mut self, incident: Incident) -> IncidentIx {
        let ix = IncidentIx(self.incidents.len());
        self.by_id.insert(incident.id.clone(), ix);
        let keys = incident.key.iter().chain(incident.alerts.iter().map(|alert| &alert.key));
        for key in keys {
            self.by_key.entry(key.clone()).or_default().push(ix);
            *self.creates.entry(key.clone()).or_default() += 1;
        }
        self.open.insert(ix);
        self.incidents.push(incident);
        ix
    }

    /// Adds an alert's key to an incident that it was moved to.
    pub(crate) fn file_key(&mut self, key: &str, ix: IncidentIx) {
        let filed = self.by_key.entry(key.to_owned()).or_default();
        if !filed.contains(&ix) {
            filed.push(ix);
        }
    }
}

fn seed_users(random: &mut Random, automation: &str, from: String) -> Vec<User> {
    let mut user = |name: &str, email: String| User { id: random.short_id(), name: name.to_owned(), email };
    vec![
        user(automation, from),
        user("Ann Berg", "ann.berg@example.test".to_owned()),
        user("Ben Okafor", "ben.okafor@example.test".to_owned()),
    ]
}

fn seed_policies(random: &mut Random) -> Vec<Policy> {
    let mut policy = |name: &str, levels: Vec<Vec<UserIx>>| Policy {
        id: random.short_id(),
        name: name.to_owned(),
        levels,
        delay_minutes: 30,
    };
    vec![policy("Default", vec![vec![UserIx(1)], vec![UserIx(2)]]), policy("Second Line", vec![vec![UserIx(2)]])]
}

fn seed_services(random: &mut Random, given: &Credentials, now: Timestamp) -> Vec<Service> {
    let mut service = |name: &str, policy, id: Option<String>, key: Option<String>| Service {
        id: id.unwrap_or_else(|| random.short_id()),
        name: name.to_owned(),
        state: ServiceState::Active,
        policy: PolicyIx(policy),
        integration_id: random.short_id(),
        routing_key: key.unwrap_or_else(|| random.hex32()),
        created_at: now,
        last_incident_at: None,
    };
    vec![
        service("Production", 0, given.service_id.clone(), given.routing_key.clone()),
        service("Office", 1, None, None),
    ]
}
