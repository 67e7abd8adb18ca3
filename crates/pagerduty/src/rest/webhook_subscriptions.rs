//! Webhook subscriptions: ask PagerDuty to tell us what happens.
//!
//! ```
//! use pagerduty::Client;
//! use pagerduty::rest::webhook_subscriptions::{self, Filter, NewSubscription};
//!
//! let new = NewSubscription {
//!     url: "https://bridge.example.com/pd-webhook".to_owned(),
//!     description: "the bridge".to_owned(),
//!     events: vec!["incident.acknowledged".to_owned(), "incident.annotated".to_owned()],
//!     filter: Filter::Service("PSVC001".into()),
//!     custom_headers: Vec::new(),
//! };
//! let client = Client::builder().token("u+key").build()?;
//! assert_eq!(client.request(&webhook_subscriptions::create(&new))?.url.path(), "/webhook_subscriptions");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::call::{Call, Effect, Segment, nothing, object, page};
use crate::ids::{ServiceId, SubscriptionId, TeamId};
use crate::lenient;
use crate::page::{Page, Paging};
use crate::secret::Secret;

const SUBSCRIPTIONS: Segment<'static> = Segment::Fixed("webhook_subscriptions");

/// A subscription to make. At most 10 fit on a service, on a team, and on the account.
#[derive(Clone, Debug)]
pub struct NewSubscription {
    /// Where to deliver.
    pub url: String,
    /// For people.
    pub description: String,
    /// Event types, at least one, e.g. `incident.triggered`.
    pub events: Vec<String>,
    /// Whose events.
    pub filter: Filter,
    /// Headers to send along; names must differ. The values cannot be read back.
    pub custom_headers: Vec<(String, Secret)>,
}

/// Whose events a subscription gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filter {
    /// The whole account's.
    Account,
    /// One service's.
    Service(ServiceId),
    /// One team's.
    Team(TeamId),
}

impl Filter {
    fn kind(&self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Service(_) => "service",
            Self::Team(_) => "team",
        }
    }

    fn id(&self) -> Option<&str> {
        match self {
            Self::Account => None,
            Self::Service(id) => Some(id.as_str()),
            Self::Team(id) => Some(id.as_str()),
        }
    }
}

/// A subscription.
#[derive(Clone, Debug, Deserialize)]
pub struct Subscription {
    /// Id; comes with each delivery as `X-Webhook-Subscription`.
    pub id: SubscriptionId,
    /// Whether it is switched on.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub active: bool,
    /// For people.
    #[serde(default, deserialize_with = "lenient::option")]
    pub description: Option<String>,
    /// Event types.
    #[serde(default, deserialize_with = "lenient::list")]
    pub events: Vec<String>,
    /// Whose events: type `account_reference`, `service_reference` or `team_reference`.
    #[serde(default, deserialize_with = "lenient::option")]
    pub filter: Option<SubscriptionFilter>,
    /// How it delivers.
    #[serde(default, deserialize_with = "lenient::option")]
    pub delivery_method: Option<DeliveryMethod>,
}

/// Whose events a subscription gets, as read.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct SubscriptionFilter {
    /// `account_reference`, `service_reference` or `team_reference`.
    #[serde(rename = "type", default, deserialize_with = "lenient::text")]
    pub kind: String,
    /// Id of the service or team.
    #[serde(default, deserialize_with = "lenient::option")]
    pub id: Option<String>,
}

/// How a subscription delivers.
#[derive(Clone, Debug, Deserialize)]
pub struct DeliveryMethod {
    /// Where to.
    #[serde(default, deserialize_with = "lenient::text")]
    pub url: String,
    /// The signing secret; only in the answer to [`create`], so keep it.
    #[serde(default, deserialize_with = "lenient::option")]
    pub secret: Option<Secret>,
    /// Whether PagerDuty switched it off for a day after three dropped deliveries; see [`enable`].
    #[serde(default, deserialize_with = "lenient::flag")]
    pub temporarily_disabled: bool,
}

#[derive(Serialize)]
struct HeaderBody<'a> {
    name: &'a str,
    value: &'a str,
}

/// Makes a subscription (`POST /webhook_subscriptions`).
pub fn create(new: &NewSubscription) -> Call<Subscription> {
    let headers: Vec<HeaderBody<'_>> =
        new.custom_headers.iter().map(|(name, value)| HeaderBody { name, value: value.expose() }).collect();
    let mut filter = json!({ "type": format!("{}_reference", new.filter.kind()) });
    if let Some(id) = new.filter.id() {
        filter["id"] = json!(id);
    }
    let call = object(Method::POST, [SUBSCRIPTIONS], "webhook_subscription").json(&json!({
        "webhook_subscription": {
            "type": "webhook_subscription",
            "delivery_method": {
                "type": "http_delivery_method",
                "url": new.url,
                "custom_headers": headers,
            },
            "description": new.description,
            "events": new.events,
            "filter": filter,
        }
    }));
    if new.events.is_empty() { call.refused("a subscription needs an event type") } else { call }
}

/// Lists subscriptions (`GET /webhook_subscriptions`), all of them without a filter.
pub fn list(filter: Option<&Filter>, paging: Paging) -> Call<Page<Subscription>> {
    page([SUBSCRIPTIONS], "webhook_subscriptions")
        .query_opt("filter_type", filter.map(Filter::kind))
        .query_opt("filter_id", filter.and_then(Filter::id))
        .paging(paging)
}

/// Reads one subscription (`GET /webhook_subscriptions/{id}`).
pub fn get(id: &SubscriptionId) -> Call<Subscription> {
    object(Method::GET, one(id), "webhook_subscription")
}

/// What to change of a subscription; empty parts stay. Where it delivers to cannot be changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SubscriptionUpdate {
    /// Whether it is switched on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
    /// For people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Event types, all that are wanted from now on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub events: Option<Vec<String>>,
}

/// Changes a subscription (`PUT /webhook_subscriptions/{id}`).
pub fn update(id: &SubscriptionId, update: &SubscriptionUpdate) -> Call<Subscription> {
    let call = object(Method::PUT, one(id), "webhook_subscription")
        .with_effect(Effect::Repeatable)
        .wrapped("webhook_subscription", update);
    let no_event = update.events.as_ref().is_some_and(Vec::is_empty);
    if no_event { call.refused("a subscription needs an event type") } else { call }
}

/// Removes a subscription (`DELETE /webhook_subscriptions/{id}`); what waits for it is discarded.
pub fn delete(id: &SubscriptionId) -> Call<()> {
    nothing(Method::DELETE, one(id)).with_effect(Effect::Repeatable)
}

/// Has a `pagey.ping` delivered (`POST /webhook_subscriptions/{id}/ping`).
pub fn ping(id: &SubscriptionId) -> Call<()> {
    nothing(Method::POST, path(id, "ping")).with_effect(Effect::Repeatable)
}

/// Ends the day off after dropped deliveries (`POST /webhook_subscriptions/{id}/enable`). What happened meanwhile is lost.
pub fn enable(id: &SubscriptionId) -> Call<Subscription> {
    object(Method::POST, path(id, "enable"), "webhook_subscription").with_effect(Effect::Repeatable)
}

fn one(id: &SubscriptionId) -> [Segment<'_>; 2] {
    [SUBSCRIPTIONS, Segment::Id(id.as_str())]
}

fn path<'a>(id: &'a SubscriptionId, verb: &'static str) -> [Segment<'a>; 3] {
    [SUBSCRIPTIONS, Segment::Id(id.as_str()), Segment::Fixed(verb)]
}
