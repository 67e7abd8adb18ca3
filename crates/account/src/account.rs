//! What was read of an account, for the judges.

use jiff::Timestamp;
use pagerduty::rest::escalation_policies::EscalationPolicy;
use pagerduty::rest::incidents::Incident;
use pagerduty::rest::maintenance_windows::MaintenanceWindow;
use pagerduty::rest::oncalls::OnCall;
use pagerduty::rest::schedules::Schedule;
use pagerduty::rest::services::Service;
use pagerduty::rest::users::User;
use pagerduty::rest::webhook_subscriptions::Subscription;
use pagerduty::{RateLimit, Secret};
use serde_json::Value;

/// What was read of an account. A list that could not be read is empty, and told in [`unread`](Self::unread).
#[derive(Clone, Debug, Default)]
pub struct Account {
    /// When it was read.
    pub now: Timestamp,
    /// Services, with their integrations.
    pub services: Vec<Service>,
    /// Escalation policies.
    pub policies: Vec<EscalationPolicy>,
    /// Who is on call now, at every level of every policy.
    pub on_calls: Vec<OnCall>,
    /// Schedules.
    pub schedules: Vec<Schedule>,
    /// Users, with their contact methods and notification rules.
    pub users: Vec<User>,
    /// Maintenance windows that are on.
    pub windows: Vec<MaintenanceWindow>,
    /// Webhook subscriptions.
    pub subscriptions: Vec<Subscription>,
    /// Rules of event orchestrations that are in use.
    pub rules: Vec<RulePath>,
    /// Routing keys of orchestrations.
    pub orchestration_keys: Vec<Secret>,
    /// Incidents of the last day, newest first, up to a limit.
    pub incidents: Vec<Incident>,
    /// What could not be read.
    pub unread: Vec<Unread>,
}

/// A list that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    /// What it holds, such as `schedules`.
    pub what: &'static str,
    /// Why, in words.
    pub reason: String,
}

/// The rules of one path that events take.
#[derive(Clone, Debug)]
pub struct RulePath {
    /// The service's id, for a service's own.
    pub service: Option<String>,
    /// The name of the service or of the orchestration.
    pub name: String,
    /// The id of the service or of the orchestration.
    pub id: String,
    /// The path as the API shows it: `sets` and `catch_all`.
    pub path: Value,
}

/// What the token is and may do.
#[derive(Clone, Debug)]
pub struct Access {
    /// Whether PagerDuty takes it.
    pub token: Token,
    /// What was left of the limit before anything else was read.
    pub rate_limit: RateLimit,
    /// Whose token it is.
    pub identity: Identity,
    /// Whether it may change anything.
    pub writes: Writes,
    /// The user in whose name changes are made.
    pub acts_as: ActsAs,
}

/// Whether PagerDuty takes a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Token {
    /// It does.
    Taken,
    /// It is known, but may not list the account's abilities.
    Narrow,
    /// It does not know it.
    Unknown(String),
    /// The limit is used up.
    Throttled(String),
    /// It could not be asked.
    Unreached(String),
}

/// Whose a token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identity {
    /// The account's, or an app's.
    Account,
    /// A user's.
    User {
        /// Id.
        id: String,
        /// Name.
        name: String,
        /// E-mail address.
        email: String,
        /// Role in the account.
        role: Option<String>,
    },
    /// It could not be found out.
    Unknown(String),
}

/// Whether a token may change anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Writes {
    /// It may.
    Allowed,
    /// It may not.
    Refused(String),
    /// It could not be found out.
    Unknown(String),
}

/// The user in whose name changes are made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ActsAs {
    /// Nobody is named.
    NotGiven,
    /// The user is there.
    Found {
        /// Id.
        id: String,
        /// Name.
        name: String,
    },
    /// No user has the address.
    Missing(String),
    /// It could not be found out.
    Unknown(String),
}

/// What is looked at of an account, and what is expected of it.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// The services that are used, by id; every one when empty.
    pub services: Vec<String>,
    /// A further escalation policy that is used, by id.
    pub policy: Option<String>,
    /// What is expected of webhooks.
    pub webhooks: Webhooks,
    /// Whether something will be changed with this token for sure.
    pub writes: bool,
    /// The routing keys that are used, each with a name to call it by.
    pub keys: Vec<(String, Secret)>,
}

/// What is expected of webhooks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Webhooks {
    /// Nothing: what there is must work.
    #[default]
    Any,
    /// Somebody waits for these event types.
    Expected(Vec<String>),
    /// Somebody else looks after them.
    Ignored,
}

impl Scope {
    /// Whether a service is looked at.
    pub(crate) fn has(&self, service: &str) -> bool {
        self.services.is_empty() || self.services.iter().any(|id| id == service)
    }
}

impl Account {
    /// Whether a list could be read.
    pub(crate) fn has_read(&self, what: &str) -> bool {
        self.unread.iter().all(|unread| unread.what != what)
    }

    /// The services that are looked at.
    pub(crate) fn services_of<'a>(&'a self, scope: &'a Scope) -> impl Iterator<Item = &'a Service> {
        self.services.iter().filter(|service| scope.has(service.id.as_str()))
    }

    /// The policies that decide who is paged for the services that are looked at.
    pub(crate) fn policies_of<'a>(&'a self, scope: &'a Scope) -> impl Iterator<Item = &'a EscalationPolicy> {
        let used = |id: &str| {
            let mut policies = self.services_of(scope).filter_map(|service| service.escalation_policy.as_ref());
            scope.policy.as_deref() == Some(id) || policies.any(|policy| policy.id.as_str() == id)
        };
        self.policies.iter().filter(move |policy| used(policy.id.as_str()))
    }

    /// Who is on call now in a policy.
    pub(crate) fn on_call_in<'a>(&'a self, policy: &'a str) -> impl Iterator<Item = &'a OnCall> {
        let of =
            move |on_call: &&OnCall| on_call.escalation_policy.as_ref().is_some_and(|one| one.id.as_str() == policy);
        self.on_calls.iter().filter(of)
    }

    pub(crate) fn user(&self, id: &str) -> Option<&User> {
        self.users.iter().find(|user| user.id.as_str() == id)
    }
}
