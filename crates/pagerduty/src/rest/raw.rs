//! Objects in the caller's own words: for fields this crate does not know, and for programs that are handed JSON.
//!
//! ```
//! use pagerduty::rest::raw::{self, Collection};
//! use pagerduty::Client;
//! use serde_json::json;
//!
//! let client = Client::builder().token("u+key").build()?;
//! let team = json!({"type": "team", "name": "Ops", "a_new_field": 1});
//! let call = raw::create(&Collection::Teams, team.as_object().expect("an object"));
//! let request = client.request(&call)?;
//! assert_eq!(
//!     request.body.as_deref(),
//!     Some(br#"{"team":{"a_new_field":1,"name":"Ops","type":"team"}}"#.as_slice())
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use http::Method;
use serde_json::{Map, Value, json};

use crate::call::{Call, Effect, Segment, object, page as page_at, whole};
use crate::ids::{ScheduleId, ServiceId, UserId};
use crate::page::Page;

/// Where objects of one kind are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Collection {
    /// Incidents.
    Incidents,
    /// Escalation policies.
    EscalationPolicies,
    /// Services.
    Services,
    /// Integrations of a service.
    Integrations(ServiceId),
    /// Schedules.
    Schedules,
    /// Overrides of a schedule, by the old form of the call: one at a time.
    Overrides(ScheduleId),
    /// Maintenance windows.
    MaintenanceWindows,
    /// Teams.
    Teams,
    /// Users.
    Users,
    /// Contact methods of a user.
    ContactMethods(UserId),
    /// Notification rules of a user.
    NotificationRules(UserId),
    /// Webhook subscriptions.
    WebhookSubscriptions,
    /// Extensions.
    Extensions,
    /// Business services.
    BusinessServices,
    /// Tags.
    Tags,
}

impl Collection {
    fn path(&self) -> Vec<Segment<'_>> {
        match self {
            Self::Integrations(service) => below("services", service.as_str(), "integrations"),
            Self::Overrides(schedule) => below("schedules", schedule.as_str(), "overrides"),
            Self::ContactMethods(user) => below("users", user.as_str(), "contact_methods"),
            Self::NotificationRules(user) => below("users", user.as_str(), "notification_rules"),
            other => vec![Segment::Fixed(other.names().0)],
        }
    }

    /// Plural and singular.
    fn names(&self) -> (&'static str, &'static str) {
        match self {
            Self::Incidents => ("incidents", "incident"),
            Self::EscalationPolicies => ("escalation_policies", "escalation_policy"),
            Self::Services => ("services", "service"),
            Self::Integrations(_) => ("integrations", "integration"),
            Self::Schedules => ("schedules", "schedule"),
            Self::Overrides(_) => ("overrides", "override"),
            Self::MaintenanceWindows => ("maintenance_windows", "maintenance_window"),
            Self::Teams => ("teams", "team"),
            Self::Users => ("users", "user"),
            Self::ContactMethods(_) => ("contact_methods", "contact_method"),
            Self::NotificationRules(_) => ("notification_rules", "notification_rule"),
            Self::WebhookSubscriptions => ("webhook_subscriptions", "webhook_subscription"),
            Self::Extensions => ("extensions", "extension"),
            Self::BusinessServices => ("business_services", "business_service"),
            Self::Tags => ("tags", "tag"),
        }
    }

    fn wants_from(&self) -> bool {
        matches!(self, Self::Incidents | Self::EscalationPolicies | Self::MaintenanceWindows | Self::Users)
    }
}

fn below<'a>(parents: &'static str, parent: &'a str, children: &'static str) -> Vec<Segment<'a>> {
    vec![Segment::Fixed(parents), Segment::Id(parent), Segment::Fixed(children)]
}

/// Makes an object (`POST`) from its JSON without the wrapper, and gives the new one's, also without it.
///
/// Sent as it is, but for two faults that are often made: an assignment without its `assignee` around it, and a notification rule
/// without its `type`.
pub fn create(collection: &Collection, object: &Map<String, Value>) -> Call<Value> {
    write(Method::POST, collection, None, object)
}

/// Changes an object (`PUT`) to what its JSON without the wrapper says.
pub fn update(collection: &Collection, id: &str, change: &Map<String, Value>) -> Call<Value> {
    let call = write(Method::PUT, collection, Some(id), change);
    if *collection == Collection::Incidents { call } else { call.with_effect(Effect::Repeatable) }
}

fn write(method: Method, collection: &Collection, id: Option<&str>, value: &Map<String, Value>) -> Call<Value> {
    let mut value = value.clone();
    match collection {
        Collection::Incidents => wrap_assignees(&mut value),
        Collection::NotificationRules(_) => {
            value.entry("type").or_insert_with(|| json!("assignment_notification_rule"));
        }
        _ => {}
    }
    let name = collection.names().1;
    let path = collection.path().into_iter().chain(id.map(Segment::Id));
    let call = object::<Value>(method, path, name).wrapped(name, &value);
    if collection.wants_from() { call.sent_by_user() } else { call }
}

/// Makes `[{"id", "type"}]` the `[{"assignee": {"id", "type"}}]` that the API takes.
fn wrap_assignees(incident: &mut Map<String, Value>) {
    let Some(Value::Array(assignments)) = incident.get_mut("assignments") else { return };
    for assignment in assignments {
        if assignment.get("assignee").is_none() && assignment.get("id").is_some() {
            *assignment = json!({ "assignee": assignment.take() });
        }
    }
}

/// Makes any REST call, and gives the body of the answer as it came. `path` begins with `/` and has no query.
///
/// Carries `From` if the client has one. An [`Effect::Once`] unless it is a `GET`.
pub fn request(method: Method, path: &str, query: &[(String, String)], body: Option<&Value>) -> Call<Value> {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    request_at(method, &parts, query, body)
}

/// [`request`] to a path given by its parts, of which each is sent as one part whatever characters it has: for ids from outside.
pub fn request_at(method: Method, path: &[&str], query: &[(String, String)], body: Option<&Value>) -> Call<Value> {
    let segments = path.iter().map(|part| Segment::Id(part));
    let call = with_query(whole::<Value>(method, segments).sent_by_user().untyped(), query);
    match body {
        Some(body) => call.json(body),
        None => call,
    }
}

/// Asks for one page of any list (`GET`), and gives its objects as they came. `key` is the list's name in the answer; the part of the
/// list goes into `query` as `limit` and `offset`.
pub fn page(path: &[&str], key: &'static str, query: &[(String, String)]) -> Call<Page<Value>> {
    with_query(page_at(path.iter().map(|part| Segment::Id(part)), key), query)
}

fn with_query<T>(call: Call<T>, query: &[(String, String)]) -> Call<T> {
    query.iter().fold(call, |call, (name, value)| call.query(name.clone(), value))
}
