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
use serde::Deserialize;

use super::Reference;
use crate::call::{Call, Segment, object, page};
use crate::ids::{TeamId, UserId};
use crate::lenient;
use crate::page::{Page, Paging};

/// A user.
#[derive(Clone, Debug, Deserialize)]
pub struct User {
    /// Id.
    pub id: UserId,
    /// Name.
    #[serde(default, deserialize_with = "lenient::text")]
    pub name: String,
    /// E-mail address, which is what `From` wants.
    #[serde(default, deserialize_with = "lenient::text")]
    pub email: String,
    /// Role in the account, e.g. `limited_user`.
    #[serde(default, deserialize_with = "lenient::option")]
    pub role: Option<String>,
    /// Time zone.
    #[serde(default, deserialize_with = "lenient::option")]
    pub time_zone: Option<String>,
    /// Job title.
    #[serde(default, deserialize_with = "lenient::option")]
    pub job_title: Option<String>,
    /// Address for people.
    #[serde(default, deserialize_with = "lenient::option")]
    pub html_url: Option<String>,
    /// Teams.
    #[serde(default, deserialize_with = "lenient::list")]
    pub teams: Vec<Reference<TeamId>>,
}

/// Which users to list.
#[derive(Clone, Debug, Default)]
pub struct UserFilter {
    /// Part of a name or e-mail address. More than the wanted user may match: compare [`User::email`].
    pub query: Option<String>,
    /// Of these teams.
    pub team_ids: Vec<TeamId>,
    /// Part of the list.
    pub paging: Paging,
}

/// Reads one user (`GET /users/{id}`).
pub fn get(id: &UserId) -> Call<User> {
    object(Method::GET, [Segment::Fixed("users"), Segment::Id(id.as_str())], "user")
}

/// Reads the user whose token is used (`GET /users/me`); an account's key is refused with 400.
pub fn me() -> Call<User> {
    object(Method::GET, [Segment::Fixed("users"), Segment::Fixed("me")], "user")
}

/// Lists users (`GET /users`).
pub fn list(filter: &UserFilter) -> Call<Page<User>> {
    page([Segment::Fixed("users")], "users")
        .query_opt("query", filter.query.as_ref())
        .query_set("team_ids[]", &filter.team_ids)
        .paging(filter.paging)
}
