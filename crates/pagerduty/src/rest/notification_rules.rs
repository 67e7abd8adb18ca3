//! Notification rules: by which contact method, and how soon, a user is told.
//!
//! ```
//! use pagerduty::rest::notification_rules::{self, ContactMethodRef, NewNotificationRule};
//! use pagerduty::{Client, rest::incidents::Urgency};
//!
//! let client = Client::builder().token("u+key").build()?;
//! let by = ContactMethodRef { id: "PCM0001".into(), kind: "sms_contact_method".to_owned() };
//! let call = notification_rules::create(&"PUSR001".into(), &NewNotificationRule::new(5, by, Urgency::High));
//! assert_eq!(client.request(&call)?.url.path(), "/users/PUSR001/notification_rules");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use http::Method;
use serde::Serialize;

use super::Reference;
use super::incidents::Urgency;
use super::object::{Unset, body, object};
use crate::call::{Call, Effect, Segment, delete as delete_at, object as object_at};
use crate::ids::{ContactMethodId, NotificationRuleId, UserId};

object! {
    /// A notification rule.
    NotificationRule(NotificationRuleId) {
        /// Minutes after the assignment.
        start_delay_in_minutes: Option<u64>,
        /// By which way.
        contact_method: Option<Reference<ContactMethodId>>,
        /// For incidents of this urgency.
        urgency: Option<Urgency>,
        /// When it was made, ISO 8601.
        created_at: Option<String>,
    }
}

body! {
    /// A notification rule to make or change.
    NewNotificationRule as "assignment_notification_rule" {
        /// Minutes after the assignment.
        start_delay_in_minutes: u32,
        /// By which way.
        contact_method: ContactMethodRef,
        /// For incidents of this urgency.
        urgency: Urgency,
    }
}

/// A contact method in a rule; the API wants its type too.
#[derive(Clone, Debug, Serialize)]
pub struct ContactMethodRef {
    /// Id.
    pub id: ContactMethodId,
    /// Type, e.g. `sms_contact_method`.
    #[serde(rename = "type")]
    pub kind: String,
}

impl Unset for ContactMethodRef {}
impl Unset for Urgency {}

impl NewNotificationRule {
    /// Makes a rule; see the fields.
    pub fn new(start_delay_in_minutes: u32, contact_method: ContactMethodRef, urgency: Urgency) -> Self {
        Self { start_delay_in_minutes, contact_method, urgency }
    }
}

/// Which rules of a user to list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Of {
    /// Those for every urgency.
    #[default]
    All,
    /// Those for high urgency, which is what the API lists when it is not asked.
    High,
    /// Those for low urgency.
    Low,
}

/// Lists the notification rules of a user (`GET /users/{id}/notification_rules`), with contact methods in full if
/// `with_contact_methods`; there are no pages.
pub fn list(user: &UserId, of: Of, with_contact_methods: bool) -> Call<Vec<NotificationRule>> {
    let urgency = match of {
        Of::All => "all",
        Of::High => "high",
        Of::Low => "low",
    };
    object_at(Method::GET, all(user), "notification_rules")
        .query("urgency", urgency)
        .query_opt("include[]", with_contact_methods.then_some("contact_methods"))
}

/// Reads one notification rule (`GET /users/{id}/notification_rules/{rule}`).
pub fn get(user: &UserId, id: &NotificationRuleId, with_contact_methods: bool) -> Call<NotificationRule> {
    object_at(Method::GET, one(user, id), "notification_rule")
        .query_opt("include[]", with_contact_methods.then_some("contact_methods"))
}

/// Makes a notification rule (`POST /users/{id}/notification_rules`).
pub fn create(user: &UserId, new: &NewNotificationRule) -> Call<NotificationRule> {
    object_at(Method::POST, all(user), "notification_rule").wrapped("notification_rule", new)
}

/// Changes a notification rule (`PUT /users/{id}/notification_rules/{rule}`).
pub fn update(user: &UserId, id: &NotificationRuleId, change: &NewNotificationRule) -> Call<NotificationRule> {
    object_at(Method::PUT, one(user, id), "notification_rule")
        .wrapped("notification_rule", change)
        .with_effect(Effect::Repeatable)
}

/// Deletes a notification rule (`DELETE /users/{id}/notification_rules/{rule}`).
pub fn delete(user: &UserId, id: &NotificationRuleId) -> Call<()> {
    delete_at(one(user, id))
}

fn all(user: &UserId) -> [Segment<'_>; 3] {
    [Segment::Fixed("users"), Segment::Id(user.as_str()), Segment::Fixed("notification_rules")]
}

fn one<'a>(user: &'a UserId, id: &'a NotificationRuleId) -> impl Iterator<Item = Segment<'a>> {
    all(user).into_iter().chain([Segment::Id(id.as_str())])
}
