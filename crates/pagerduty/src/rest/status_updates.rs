//! Status updates: what those who wait for an incident's end are told, and who they are.
//!
//! ```
//! use pagerduty::rest::status_updates::{self, NewStatusUpdate};
//! use pagerduty::Client;
//!
//! let client = Client::builder().token("u+key").from("ann@example.com").build()?;
//! let call = status_updates::create(&"Q1".into(), &NewStatusUpdate::new("we know the cause"));
//! assert_eq!(client.request(&call)?.body.as_deref(), Some(br#"{"message":"we know the cause"}"#.as_slice()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use http::Method;
use serde::Serialize;

use super::Reference;
use super::object::{body, object};
use crate::call::{Call, Effect, Segment, object as object_at, page, whole};
use crate::ids::{IncidentId, TeamId, UserId};
use crate::page::Page;

object! {
    /// A status update.
    StatusUpdate {
        /// Id.
        id: Option<String>,
        /// What was said.
        message: Option<String>,
        /// When, ISO 8601.
        created_at: Option<String>,
        /// Who said it.
        sender: Option<Reference<UserId>>,
    }
}

body! {
    /// A status update to send.
    NewStatusUpdate {
        /// What to say.
        message: String,
        /// Subject of the mail; together with `html_message`.
        subject: Option<String>,
        /// What the mail says.
        html_message: Option<String>,
    }
}

impl NewStatusUpdate {
    /// Starts an update in plain text.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), subject: None, html_message: None }
    }
}

/// Who gets status updates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subscriber {
    /// A user.
    User(UserId),
    /// Everybody in a team.
    Team(TeamId),
}

impl Serialize for Subscriber {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Body<'a> {
            subscriber_id: &'a str,
            subscriber_type: &'static str,
        }
        let (subscriber_id, subscriber_type) = match self {
            Self::User(id) => (id.as_str(), "user"),
            Self::Team(id) => (id.as_str(), "team"),
        };
        Body { subscriber_id, subscriber_type }.serialize(serializer)
    }
}

object! {
    /// A subscriber as read, or what became of one that was added.
    Subscription {
        /// Id of the user or team.
        subscriber_id: Option<String>,
        /// `user` or `team`.
        subscriber_type: Option<String>,
        /// `success`, `duplicate` or `unauthorized`, where one was added.
        result: Option<String>,
        /// Whether the subscription is to a service or a business service instead of this incident.
        has_indirect_subscription: bool,
    }
}

object! {
    /// What became of subscribers that were taken away.
    Unsubscribed {
        /// How many are no longer subscribers.
        deleted_count: Option<u64>,
        /// How many the caller may not take away.
        unauthorized_count: Option<u64>,
        /// How many were none.
        non_existent_count: Option<u64>,
    }
}

/// Sends a status update (`POST /incidents/{id}/status_updates`). Sent twice, people are told twice.
pub fn create(incident: &IncidentId, new: &NewStatusUpdate) -> Call<StatusUpdate> {
    object_at(Method::POST, updates(incident), "status_update")
        .sent_by_user()
        .json(new)
        .refused_if(new.message.trim().is_empty(), "a status update needs a message")
}

/// Lists who gets status updates (`GET /incidents/{id}/status_updates/subscribers`).
pub fn subscribers(incident: &IncidentId) -> Call<Page<Subscription>> {
    page(below(incident, "subscribers"), "subscribers")
}

/// Adds who gets status updates (`POST /incidents/{id}/status_updates/subscribers`). Look at each result.
pub fn subscribe(incident: &IncidentId, who: &[Subscriber]) -> Call<Vec<Subscription>> {
    object_at(Method::POST, below(incident, "subscribers"), "subscriptions")
        .sent_by_user()
        .wrapped("subscribers", &who)
        .with_effect(Effect::Repeatable)
        .refused_if(who.is_empty(), "there is no subscriber to add")
}

/// Takes away who gets status updates (`POST /incidents/{id}/status_updates/unsubscribe`).
pub fn unsubscribe(incident: &IncidentId, who: &[Subscriber]) -> Call<Unsubscribed> {
    whole(Method::POST, below(incident, "unsubscribe"))
        .sent_by_user()
        .wrapped("subscribers", &who)
        .with_effect(Effect::Repeatable)
        .refused_if(who.is_empty(), "there is no subscriber to take away")
}

fn updates(incident: &IncidentId) -> [Segment<'_>; 3] {
    [Segment::Fixed("incidents"), Segment::Id(incident.as_str()), Segment::Fixed("status_updates")]
}

fn below<'a>(incident: &'a IncidentId, what: &'static str) -> impl Iterator<Item = Segment<'a>> {
    updates(incident).into_iter().chain([Segment::Fixed(what)])
}
