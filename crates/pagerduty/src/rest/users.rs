//! Users.
//!
//! ```
//! use pagerduty::{Client, rest::users::{self, UserFilter}};
//!
//! let client = Client::builder().token("u+key").build()?;
//! let ann = UserFilter { query: Some("ann@example.com".to_owned()), ..UserFilter::default() };
//! let request = client.request(&users::list(&ann))?;
//! assert_eq!(request.url.query(), Some("query=ann%40example.com"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use http::Method;

use super::Reference;
use super::contact_methods::ContactMethod;
use super::notification_rules::NotificationRule;
use super::object::{body, object};
use crate::call::{Call, Effect, Segment, delete as delete_at, object as object_at, page};
use crate::ids::{TeamId, UserId};
use crate::open_enum::open_enum;
use crate::page::{Page, Paging};

const USERS: Segment<'static> = Segment::Fixed("users");

object! {
    /// A user.
    User(UserId) {
        /// Name.
        name: String,
        /// E-mail address, which is what `From` wants.
        email: String,
        /// Role in the account, e.g. `limited_user`.
        role: Option<String>,
        /// Time zone.
        time_zone: Option<String>,
        /// Colour in schedules.
        color: Option<String>,
        /// Job title.
        job_title: Option<String>,
        /// Description.
        description: Option<String>,
        /// Address of the picture.
        avatar_url: Option<String>,
        /// Whether the user has been invited but not come yet.
        invitation_sent: bool,
        /// Teams.
        teams: Vec<Reference<TeamId>>,
        /// How the user can be reached; in full with [`Include::ContactMethods`].
        contact_methods: Vec<ContactMethod>,
        /// How the user wants to be told; in full with [`Include::NotificationRules`].
        notification_rules: Vec<NotificationRule>,
    }
}

body! {
    /// A user to make; for a change, set only what is to change.
    #[derive(Default)]
    NewUser as "user" {
        /// Name.
        name: Option<String>,
        /// E-mail address; no other user may have it.
        email: Option<String>,
        /// Time zone, e.g. `Europe/Berlin`.
        time_zone: Option<String>,
        /// Colour in schedules, e.g. `green`.
        color: Option<String>,
        /// `admin`, `limited_user`, `observer`, `owner`, `read_only_user`, `restricted_access`, `user`, ...
        role: Option<String>,
        /// Job title.
        job_title: Option<String>,
        /// Description.
        description: Option<String>,
    }
}

impl NewUser {
    /// Starts a user, who will be invited by mail.
    pub fn new(name: impl Into<String>, email: impl Into<String>) -> Self {
        Self { name: Some(name.into()), email: Some(email.into()), ..Self::default() }
    }
}

open_enum! {
    /// What to show in full instead of as a reference.
    Include {
        /// Contact methods.
        ContactMethods = "contact_methods",
        /// Notification rules.
        NotificationRules = "notification_rules",
        /// Teams.
        Teams = "teams",
        /// Subdomains of the accounts the user is in.
        Subdomains = "subdomains",
    }
}

/// Which users to list.
#[derive(Clone, Debug, Default)]
pub struct UserFilter {
    /// Part of a name or e-mail address. More than the wanted user may match: compare [`User::email`].
    pub query: Option<String>,
    /// Of these teams.
    pub team_ids: Vec<TeamId>,
    /// What to show in full.
    pub include: Vec<Include>,
    /// Part of the list.
    pub paging: Paging,
}

/// Reads one user (`GET /users/{id}`).
pub fn get(id: &UserId) -> Call<User> {
    get_with(id, &[])
}

/// Reads one user with what belongs to it (`GET /users/{id}`).
pub fn get_with(id: &UserId, include: &[Include]) -> Call<User> {
    object_at(Method::GET, one(id), "user").query_set("include[]", include)
}

/// Reads the user whose token is used (`GET /users/me`); an account's key is refused with 400.
pub fn me() -> Call<User> {
    object_at(Method::GET, [USERS, Segment::Fixed("me")], "user")
}

/// Lists users (`GET /users`).
pub fn list(filter: &UserFilter) -> Call<Page<User>> {
    page([USERS], "users")
        .query_opt("query", filter.query.as_ref())
        .query_set("team_ids[]", &filter.team_ids)
        .query_set("include[]", &filter.include)
        .paging(filter.paging)
}

/// Makes a user (`POST /users`).
pub fn create(new: &NewUser) -> Call<User> {
    let lacks = new.name.is_none() || new.email.is_none();
    object_at(Method::POST, [USERS], "user")
        .sent_by_user()
        .wrapped("user", new)
        .refused_if(lacks, "a user needs a name and an e-mail address")
}

/// Changes a user (`PUT /users/{id}`).
pub fn update(id: &UserId, change: &NewUser) -> Call<User> {
    object_at(Method::PUT, one(id), "user").wrapped("user", change).with_effect(Effect::Repeatable)
}

/// Removes a user (`DELETE /users/{id}`); refused while incidents are assigned to the user.
pub fn delete(id: &UserId) -> Call<()> {
    delete_at(one(id))
}

fn one(id: &UserId) -> [Segment<'_>; 2] {
    [USERS, Segment::Id(id.as_str())]
}
