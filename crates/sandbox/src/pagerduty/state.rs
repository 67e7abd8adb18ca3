//! Everything that PagerDuty holds, and how it is found.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::auth::Key;
use super::limits::Limits;
use super::model::{
    BusinessService, ChangeEvent, CustomField, Extension, ExtensionSchema, Incident, IncidentIx, Integration,
    IntegrationIx, MaintenanceWindow, Notification, Orchestration, Policy, PolicyIx, Priority, PriorityIx, Schedule,
    Service, ServiceIx, ServiceRules, ServiceState, Shelf, Subscription, Tag, Team, Urgency, UrgencyRule, User, UserIx,
    Vendor,
};
use super::oauth::OAuth;
use super::rest::AuditRecord;
use super::seed::Seed;
use crate::config::{Credentials, PagerDutyConfig};
use crate::outgoing::Parcel;
use crate::random::Random;
use crate::state_file::pairs;

/// Everything that PagerDuty holds.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct State {
    #[serde(skip)]
    pub(crate) config: PagerDutyConfig,
    pub(crate) random: Random,
    /// The REST address as webhooks name it.
    #[serde(skip)]
    pub(crate) api_base: String,
    pub(crate) account_token: String,
    pub(crate) user_token: String,
    /// Further tokens, by what they are.
    #[serde(default)]
    pub(crate) keys: BTreeMap<String, Key>,
    pub(crate) automation_user: UserIx,
    pub(crate) webhook_secret: String,
    /// When the present call came; services in maintenance are told by it.
    pub(crate) now: Timestamp,
    pub(crate) users: Shelf<User>,
    pub(crate) teams: Shelf<Team>,
    pub(crate) schedules: Shelf<Schedule>,
    pub(crate) policies: Shelf<Policy>,
    pub(crate) services: Shelf<Service>,
    pub(crate) integrations: Shelf<Integration>,
    pub(crate) windows: Shelf<MaintenanceWindow>,
    pub(crate) business_services: Shelf<BusinessService>,
    pub(crate) priorities: Shelf<Priority>,
    pub(crate) vendors: Shelf<Vendor>,
    pub(crate) extension_schemas: Shelf<ExtensionSchema>,
    pub(crate) extensions: Shelf<Extension>,
    #[serde(default)]
    pub(crate) tags: Shelf<Tag>,
    #[serde(default)]
    pub(crate) orchestrations: Shelf<Orchestration>,
    /// The rules of services, by the service's id.
    #[serde(default)]
    pub(crate) service_rules: BTreeMap<String, ServiceRules>,
    /// Oldest first.
    pub(crate) change_events: Shelf<ChangeEvent>,
    /// How many maintenance windows were ever made.
    pub(crate) windows_made: u64,
    pub(crate) custom_fields: Shelf<CustomField>,
    /// What the REST API changed, oldest first.
    pub(crate) audit: VecDeque<AuditRecord>,
    /// Every attempt to reach a user, oldest first.
    pub(crate) notifications: Vec<Notification>,
    pub(crate) incidents: Vec<Incident>,
    pub(crate) open: BTreeSet<IncidentIx>,
    /// When something next happens to an incident by itself.
    pub(crate) due: BTreeSet<(Timestamp, IncidentIx)>,
    #[serde(with = "pairs")]
    by_id: HashMap<String, IncidentIx>,
    /// Incident keys and alert keys, resolved ones too.
    #[serde(with = "pairs")]
    by_key: HashMap<String, Vec<IncidentIx>>,
    /// The latest incident of each integration and dedup key.
    #[serde(with = "pairs")]
    pub(crate) by_alert: HashMap<(IntegrationIx, String), IncidentIx>,
    pub(crate) subscriptions: Vec<Subscription>,
    #[serde(skip)]
    pub(crate) limits: Limits,
    pub(crate) oauth: OAuth,
    /// Incidents made per key, resolved ones too.
    pub(crate) creates: BTreeMap<String, u64>,
    /// Events by what became of them.
    #[serde(skip)]
    pub(crate) events: BTreeMap<&'static str, u64>,
    /// Webhooks made by the present call; taken away under the same lock.
    #[serde(skip)]
    pub(crate) outbox: Vec<Parcel>,
}

impl State {
    pub(crate) fn new(config: PagerDutyConfig, given: &Credentials, seed: u64, url: String, now: Timestamp) -> State {
        let oauth = OAuth::new(given.oauth_client_id.clone(), given.oauth_client_secret.clone(), seed);
        let mut random = Random::new(seed);
        let from = given.from.clone().unwrap_or_else(|| "pagebridge@example.test".to_owned());
        let seed = Seed::draw(&mut random, &config.automation_user, from, given, now);
        let mut or_token = |given: &Option<String>, prefix| given.clone().unwrap_or_else(|| random.token(prefix));
        let account_token = or_token(&given.account_token, "a+");
        let user_token = or_token(&given.user_token, "u+");
        let webhook_secret = given.pagerduty_webhook_secret.clone().unwrap_or_else(|| random.secret());
        State {
            limits: Limits::default(),
            oauth,
            api_base: config.public_url.clone().unwrap_or(url),
            config,
            random,
            account_token,
            user_token,
            keys: BTreeMap::new(),
            automation_user: UserIx(0),
            webhook_secret,
            now,
            users: seed.users,
            teams: Shelf::default(),
            schedules: Shelf::default(),
            policies: seed.policies,
            services: seed.services,
            integrations: seed.integrations,
            windows: Shelf::default(),
            business_services: Shelf::default(),
            priorities: seed.priorities,
            vendors: seed.vendors,
            extension_schemas: seed.extension_schemas,
            extensions: Shelf::default(),
            tags: Shelf::default(),
            orchestrations: Shelf::default(),
            service_rules: BTreeMap::new(),
            change_events: Shelf::default(),
            windows_made: 0,
            custom_fields: Shelf::default(),
            audit: VecDeque::new(),
            notifications: Vec::new(),
            incidents: Vec::new(),
            open: BTreeSet::new(),
            due: BTreeSet::new(),
            by_id: HashMap::new(),
            by_key: HashMap::new(),
            by_alert: HashMap::new(),
            subscriptions: Vec::new(),
            creates: BTreeMap::new(),
            events: BTreeMap::new(),
            outbox: Vec::new(),
        }
    }

    /// Takes over what was saved; settings and addresses stay those of this start.
    pub(crate) fn restore(&mut self, saved: State) {
        let config = std::mem::take(&mut self.config);
        let limits = std::mem::take(&mut self.limits);
        let api_base = std::mem::take(&mut self.api_base);
        *self = State { config, limits, api_base, ..saved };
    }

    pub(crate) fn user(&self, ix: UserIx) -> &User {
        &self.users[ix]
    }

    pub(crate) fn service(&self, ix: ServiceIx) -> &Service {
        &self.services[ix]
    }

    pub(crate) fn policy(&self, ix: PolicyIx) -> &Policy {
        &self.policies[ix]
    }

    pub(crate) fn incident(&self, ix: IncidentIx) -> &Incident {
        &self.incidents[ix.0]
    }

    pub(crate) fn incident_mut(&mut self, ix: IncidentIx) -> &mut Incident {
        &mut self.incidents[ix.0]
    }

    pub(crate) fn user_by_id(&self, id: &str) -> Option<UserIx> {
        self.users.find(id)
    }

    pub(crate) fn user_by_email(&self, email: &str) -> Option<UserIx> {
        self.users.find_by(|user| user.email.eq_ignore_ascii_case(email))
    }

    pub(crate) fn service_by_id(&self, id: &str) -> Option<ServiceIx> {
        self.services.find(id)
    }

    /// Returns the oldest service: the one that people mean who name none.
    pub(crate) fn first_service(&self) -> Option<ServiceIx> {
        self.services.iter().next().map(|(ix, _)| ix)
    }

    /// Finds the integration that a routing key or service key belongs to.
    pub(crate) fn integration_by_key(&self, key: &str) -> Option<IntegrationIx> {
        let found = self.integrations.find_by(|one| one.key.as_deref() == Some(key))?;
        self.services.holds(self.integrations[found].service).then_some(found)
    }

    /// Returns a service's Events API v2 key: that of its first integration of this kind.
    pub(crate) fn routing_key_of(&self, service: ServiceIx) -> Option<&str> {
        let mut own =
            self.integrations.iter().filter(|(_, one)| one.service == service && one.kind == Integration::EVENTS_V2);
        own.next().and_then(|(_, one)| one.key.as_deref())
    }

    /// Returns the account's own routing key.
    pub(crate) fn global_routing_key(&self) -> Option<&str> {
        let found = self.integrations.iter().find(|(_, one)| one.kind == Integration::GLOBAL);
        found.and_then(|(_, one)| one.key.as_deref())
    }

    /// Lists a service's integrations, oldest first.
    pub(crate) fn integrations_of(&self, service: ServiceIx) -> impl Iterator<Item = IntegrationIx> {
        let own = move |one: &Integration| one.service == service && one.kind != Integration::GLOBAL;
        self.integrations.iter().filter(move |(_, one)| own(one)).map(|(ix, _)| ix)
    }

    /// Tells whether a service takes new incidents now, by its own state and its maintenance windows.
    pub(crate) fn service_state(&self, ix: ServiceIx) -> ServiceState {
        let mut windows = self.windows.iter();
        match self.service(ix).state {
            ServiceState::Active if windows.any(|(_, one)| one.is_on(self.now) && one.services.contains(&ix)) => {
                ServiceState::Maintenance
            }
            state => state,
        }
    }

    /// Decides the urgency of a new incident by its service's rule.
    pub(crate) fn urgency_at(&self, service: ServiceIx, severity: Option<&str>, now: Timestamp) -> Urgency {
        let service = self.service(service);
        let choice = match service.urgency_rule {
            UrgencyRule::Constant(choice) => choice,
            UrgencyRule::SupportHours { during, outside } => {
                let on = service.support_hours.as_ref().is_none_or(|hours| hours.cover(now));
                if on { during } else { outside }
            }
        };
        choice.of(severity)
    }

    pub(crate) fn policy_by_id(&self, id: &str) -> Option<PolicyIx> {
        self.policies.find(id)
    }

    pub(crate) fn priority_by(&self, id_or_name: &str) -> Option<PriorityIx> {
        self.priorities.find_by(|one| one.id == id_or_name || one.name == id_or_name)
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
