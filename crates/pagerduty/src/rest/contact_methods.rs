//! Contact methods: the ways in which a user can be reached.
//!
//! ```
//! use pagerduty::rest::contact_methods::{self, NewContactMethod};
//! use pagerduty::Client;
//!
//! let client = Client::builder().token("u+key").build()?;
//! let new = NewContactMethod { country_code: Some(49), ..NewContactMethod::new("sms_contact_method", "Mobile", "1701234567") };
//! let request = client.request(&contact_methods::create(&"PUSR001".into(), &new))?;
//! assert_eq!(request.url.path(), "/users/PUSR001/contact_methods");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use http::Method;

use super::object::{body, object};
use crate::call::{Call, Effect, Segment, delete as delete_at, object as object_at};
use crate::ids::{ContactMethodId, UserId};

object! {
    /// A contact method; [`kind`](Self::kind) is e.g. `sms_contact_method`.
    ContactMethod(ContactMethodId) {
        /// Name, e.g. `Work`.
        label: String,
        /// Number or address.
        address: String,
        /// Country of a phone number.
        country_code: Option<u64>,
        /// Of a phone number, whether it was verified; other kinds do not say.
        enabled: Option<bool>,
        /// Whether the number may not be called any more.
        blacklisted: bool,
        /// Whether mails are cut short.
        send_short_email: bool,
        /// Kind of device of a push notification, e.g. `android`.
        device_type: Option<String>,
    }
}

body! {
    /// A contact method to make or change.
    NewContactMethod {
        /// `email_contact_method`, `phone_contact_method`, `sms_contact_method`, `push_notification_contact_method` or
        /// `whatsapp_contact_method`.
        #[serde(rename = "type")]
        kind: String,
        /// Name, e.g. `Work`.
        label: String,
        /// Number or address.
        address: String,
        /// Country of a phone number, e.g. 49.
        country_code: Option<u32>,
        /// Whether mails are cut short.
        send_short_email: Option<bool>,
    }
}

impl NewContactMethod {
    /// Starts a contact method; see the fields.
    pub fn new(kind: impl Into<String>, label: impl Into<String>, address: impl Into<String>) -> Self {
        Self {
            kind: kind.into(),
            label: label.into(),
            address: address.into(),
            country_code: None,
            send_short_email: None,
        }
    }
}

/// Lists all contact methods of a user (`GET /users/{id}/contact_methods`); there are no pages.
pub fn list(user: &UserId) -> Call<Vec<ContactMethod>> {
    object_at(Method::GET, all(user), "contact_methods")
}

/// Reads one contact method (`GET /users/{id}/contact_methods/{method}`).
pub fn get(user: &UserId, id: &ContactMethodId) -> Call<ContactMethod> {
    object_at(Method::GET, one(user, id), "contact_method")
}

/// Makes a contact method (`POST /users/{id}/contact_methods`).
pub fn create(user: &UserId, new: &NewContactMethod) -> Call<ContactMethod> {
    object_at(Method::POST, all(user), "contact_method").wrapped("contact_method", new)
}

/// Changes a contact method (`PUT /users/{id}/contact_methods/{method}`).
pub fn update(user: &UserId, id: &ContactMethodId, change: &NewContactMethod) -> Call<ContactMethod> {
    object_at(Method::PUT, one(user, id), "contact_method")
        .wrapped("contact_method", change)
        .with_effect(Effect::Repeatable)
}

/// Deletes a contact method (`DELETE /users/{id}/contact_methods/{method}`).
pub fn delete(user: &UserId, id: &ContactMethodId) -> Call<()> {
    delete_at(one(user, id))
}

fn all(user: &UserId) -> [Segment<'_>; 3] {
    [Segment::Fixed("users"), Segment::Id(user.as_str()), Segment::Fixed("contact_methods")]
}

fn one<'a>(user: &'a UserId, id: &'a ContactMethodId) -> impl Iterator<Item = Segment<'a>> {
    all(user).into_iter().chain([Segment::Id(id.as_str())])
}
