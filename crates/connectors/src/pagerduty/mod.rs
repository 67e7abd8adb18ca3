//! PagerDuty: incidents by the REST API, and webhooks v3.
//!
//! The requests themselves are made and sent by the crate `pagerduty`; here is which of them a delivery needs, and what
//! their answers mean for it. `incident_key` makes the making of an incident safe to repeat, since PagerDuty refuses a
//! second open one; everything else is read before it is written.

mod backfill;
mod check;
mod deliver;
mod follow;
mod map;
mod outcome;
mod poll;
mod receive;
mod subscription;
mod upkeep;
mod wire;

use crate::outcome::with_causes;
use crate::{Secret, SetupError};
use ::pagerduty::rest::users::{self, User};
use ::pagerduty::{Client, Error, ServiceId};
pub use follow::Follower;
use map::Ours;
use pagebridge_core::{BridgeName, Delivery, Outcome, RecordRef, SystemName};
use pagebridge_ports::{BoxFuture, Check, Clock, Connector};
pub use receive::WebHookPage;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
pub use subscription::PEOPLE_EVENTS;
use subscription::Secrets;

/// What a connection to one PagerDuty account needs.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The system's name in the configuration.
    pub system: SystemName,
    /// What people call it.
    pub label: String,
    /// Address of the REST API.
    pub api_url: String,
    /// An account's or a user's API key.
    pub token: Secret,
    /// E-mail address of the user in whose name incidents are changed; needed with an account's key.
    pub from: Option<String>,
    /// The service on which incidents are made that name none.
    pub service_id: Option<String>,
    /// Other services on which incidents are made.
    pub services: BTreeSet<String>,
    /// Services whose new incidents begin something elsewhere.
    pub opens: Opens,
    /// The bridge that shows incidents of every other service in chats, as far as webhooks tell of them.
    pub posts: Option<BridgeName>,
    /// Whether incidents from before the first start begin something too; see [`Follower`].
    pub backlog: bool,
    /// How often open incidents are listed, to find new ones that begin something, in milliseconds.
    pub list_ms: i64,
    /// The escalation policy of new incidents; without it, the service's own.
    pub escalation_policy: Option<String>,
    /// Secrets of webhook subscriptions; more than one while a secret is being replaced.
    pub webhook_secrets: Vec<Secret>,
    /// Secrets of which a webhook that comes to [`WebHookPage`] must carry one.
    pub webhook_tokens: Vec<Secret>,
    /// The public address on which PagerDuty reaches us, when the bridge is to make and look after a webhook subscription
    /// of its own; see [`Upkeep`](pagebridge_ports::Upkeep).
    pub webhook_url: Option<String>,
    /// Takes webhooks without a signature. For local tests only: with it anybody can send them.
    pub insecure: bool,
    /// Name of the automation user, by which our own changes are known until PagerDuty has told its id.
    pub user_name: Option<String>,
    /// How long making a connection may take, in milliseconds.
    pub connect_timeout_ms: u64,
    /// How long one call may take, in milliseconds.
    pub timeout_ms: u64,
    /// Whether the proxy variables of the environment count.
    pub proxy: bool,
}

/// Services whose new incidents begin something elsewhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Opens {
    /// None: incidents are only made from elsewhere.
    #[default]
    None,
    /// These, by id.
    These(BTreeSet<String>),
    /// All services of the account.
    All,
}

impl Opens {
    fn covers(&self, service: Option<&str>) -> bool {
        match self {
            Self::None => false,
            Self::These(ids) => service.is_some_and(|id| ids.contains(id)),
            Self::All => true,
        }
    }
}

impl Settings {
    /// Settings of the US region.
    #[must_use]
    pub fn new(system: SystemName, token: Secret, service_id: &str) -> Self {
        Self {
            system,
            label: "PagerDuty".to_owned(),
            api_url: ::pagerduty::Region::Us.rest_url().to_owned(),
            token,
            from: None,
            service_id: Some(service_id.to_owned()),
            services: BTreeSet::new(),
            opens: Opens::None,
            posts: None,
            backlog: false,
            list_ms: 60_000,
            escalation_policy: None,
            webhook_secrets: Vec::new(),
            webhook_tokens: Vec::new(),
            webhook_url: None,
            insecure: false,
            user_name: None,
            connect_timeout_ms: 5_000,
            timeout_ms: 10_000,
            proxy: true,
        }
    }

    /// The services by id that incidents are made on or come from; empty when that may be any service of the account.
    pub fn services_in_use(&self) -> BTreeSet<String> {
        let named = match &self.opens {
            Opens::All => return BTreeSet::new(),
            Opens::These(ids) => Some(ids),
            Opens::None => None,
        };
        self.service_id.iter().chain(&self.services).chain(named.into_iter().flatten()).cloned().collect()
    }
}

/// Wait after an attempt to learn our user's id before the next, in milliseconds.
const LEARN_WAIT_MS: i64 = 10 * 60_000;

/// The connector to one PagerDuty account.
pub struct PagerDuty {
    settings: Settings,
    client: Client,
    clock: Arc<dyn Clock>,
    /// The id of the user that writes in our name, once it is known.
    user_id: OnceLock<String>,
    /// No attempt to learn it before this time.
    learn_after: AtomicI64,
    /// Those of `webhook_secrets`, and of the subscriptions that we made.
    secrets: Secrets,
    upkeep: upkeep::Memory,
}

impl PagerDuty {
    /// Makes the connector; nothing is sent.
    ///
    /// # Errors
    /// [`SetupError`] naming the setting that is wrong.
    pub fn new(settings: Settings, clock: Arc<dyn Clock>) -> Result<Self, SetupError> {
        let problem = |problem: &str| SetupError { system: settings.system.clone(), problem: problem.to_owned() };
        if settings.service_id.as_deref().is_some_and(|id| id.trim().is_empty()) {
            return Err(problem("service_id is empty; set it to the id of the service that incidents are made on"));
        }
        if settings.service_id.is_none() && settings.services.is_empty() && settings.opens == Opens::None {
            return Err(problem(
                "service_id is missing and no bridge names a service; set it to the id of the service that incidents are \
                 made on",
            ));
        }
        let mut builder = Client::builder()
            .rest_url(settings.api_url.as_str())
            .token(settings.token.clone())
            .user_agent(concat!("pagebridge/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(Duration::from_millis(settings.connect_timeout_ms))
            .timeout(Duration::from_millis(settings.timeout_ms));
        if let Some(from) = settings.from.as_deref().filter(|from| !from.trim().is_empty()) {
            builder = builder.from(from.trim());
        }
        if !settings.proxy {
            builder = builder.no_proxy();
        }
        let client = builder.build().map_err(|error| problem(&with_causes(&error)))?;
        Ok(Self {
            secrets: Secrets::new(settings.webhook_secrets.clone()),
            settings,
            client,
            clock,
            user_id: OnceLock::new(),
            learn_after: AtomicI64::new(i64::MIN),
            upkeep: upkeep::Memory::default(),
        })
    }

    /// Tells the id of the user that writes in our name, if it is known from elsewhere. The first one counts.
    pub fn set_user_id(&self, id: &str) {
        // Err means that it is known already.
        let _ = self.user_id.set(id.to_owned());
    }

    /// The id of the user that writes in our name, once it is known.
    #[must_use]
    pub fn user_id(&self) -> Option<&str> {
        self.user_id.get().map(String::as_str)
    }

    /// Asks PagerDuty who writes in our name, unless that is known or was tried a short time ago. Nothing waits for the
    /// answer: without it our own changes are known by name, and when in doubt they count as a person's.
    pub async fn learn_user_id(&self) {
        let now = self.clock.now();
        if self.user_id.get().is_some() || now.0 < self.learn_after.load(Ordering::Relaxed) {
            return;
        }
        self.learn_after.store(now.plus_ms(LEARN_WAIT_MS).0, Ordering::Relaxed);
        // A failure shows elsewhere: every other call would meet the same.
        if let Ok(Some(user)) = self.find_user().await {
            self.set_user_id(user.id.as_str());
        }
    }

    /// Finds the user that writes in our name: the one with the `from` address, else the one that the token is of.
    async fn find_user(&self) -> Result<Option<User>, Error> {
        let Some(from) = self.settings.from.as_deref().filter(|from| !from.trim().is_empty()) else {
            return self.client.call(&users::me()).await.map(|reply| Some(reply.value));
        };
        let page = self.client.call(&wire::users_like(from.trim())).await?.value;
        Ok(page.items.into_iter().find(|user| user.email.eq_ignore_ascii_case(from.trim())))
    }

    fn services(&self) -> Vec<ServiceId> {
        self.settings.services_in_use().into_iter().map(ServiceId::new).collect()
    }

    fn ours(&self) -> Ours<'_> {
        Ours { user_id: self.user_id(), user_name: self.settings.user_name.as_deref() }
    }
}

impl std::fmt::Debug for PagerDuty {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PagerDuty").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Connector for PagerDuty {
    fn system(&self) -> &SystemName {
        &self.settings.system
    }

    fn deliver<'a>(&'a self, delivery: &'a Delivery) -> BoxFuture<'a, Outcome> {
        Box::pin(self.carry_out(delivery))
    }

    fn read<'a>(&'a self, record: &'a RecordRef) -> BoxFuture<'a, Outcome> {
        Box::pin(self.read_back(record))
    }

    fn check(&self) -> BoxFuture<'_, Vec<Check>> {
        Box::pin(std::future::ready(self.look_around()))
    }
}
