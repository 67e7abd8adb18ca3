//! Notifications: what was sent to whom.
//!
//! ```
//! use pagerduty::rest::notifications::{self, NotificationFilter};
//! use pagerduty::Client;
//!
//! let client = Client::builder().token("u+key").build()?;
//! let filter = NotificationFilter::between("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z");
//! assert_eq!(client.request(&notifications::list(&filter))?.url.path(), "/notifications");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use super::object::object;
use super::{Identified, Reference};
use crate::call::{Call, Segment, page};
use crate::ids::UserId;
use crate::open_enum::open_enum;
use crate::page::{Page, Paging};

object! {
    /// A notification.
    Notification {
        /// Id.
        id: Option<String>,
        /// `sms_notification`, `email_notification`, `phone_notification`, `push_notification`.
        #[serde(rename = "type")]
        kind: Option<String>,
        /// When it was sent, ISO 8601.
        started_at: Option<String>,
        /// Number or address it went to.
        address: Option<String>,
        /// Who was told.
        user: Option<Reference<UserId>>,
        /// What became of it.
        status: Option<String>,
    }
}

impl Identified for Notification {
    fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }
}

open_enum! {
    /// One way of telling.
    Kind {
        /// Text messages.
        Sms = "sms_notification",
        /// Mails.
        Email = "email_notification",
        /// Calls.
        Phone = "phone_notification",
        /// Messages of the app.
        Push = "push_notification",
    }
}

/// Which notifications to list. Both times are needed, less than three months apart.
#[derive(Clone, Debug, Default)]
pub struct NotificationFilter {
    /// From when, ISO 8601.
    pub since: String,
    /// Until when.
    pub until: String,
    /// Only of this kind.
    pub kind: Option<Kind>,
    /// Time zone of the times in the answer.
    pub time_zone: Option<String>,
    /// Whether users are shown in full.
    pub include_users: bool,
    /// Part of the list.
    pub paging: Paging,
}

impl NotificationFilter {
    /// Asks for everything between two times.
    pub fn between(since: impl Into<String>, until: impl Into<String>) -> Self {
        Self { since: since.into(), until: until.into(), ..Self::default() }
    }
}

/// Lists notifications (`GET /notifications`).
pub fn list(filter: &NotificationFilter) -> Call<Page<Notification>> {
    page([Segment::Fixed("notifications")], "notifications")
        .query("since", &filter.since)
        .query("until", &filter.until)
        .query_opt("filter", filter.kind.as_ref())
        .query_opt("time_zone", filter.time_zone.as_ref())
        .query_opt("include[]", filter.include_users.then_some("users"))
        .paging(filter.paging)
        .refused_if(
            filter.since.is_empty() || filter.until.is_empty(),
            "a list of notifications needs both `since` and `until`",
        )
}
