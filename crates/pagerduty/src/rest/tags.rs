//! Tags of users, teams and escalation policies.
//!
//! ```
//! use pagerduty::{Client, rest::tags};
//!
//! let client = Client::builder().token("u+key").build()?;
//! let request = client.request(&tags::create("Berlin"))?;
//! assert_eq!(request.body.as_deref(), Some(br#"{"tag":{"label":"Berlin","type":"tag"}}"#.as_slice()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use http::Method;
use serde_json::json;

use super::object::object;
use super::reference::Written;
use crate::call::{Call, Effect, Segment, delete as delete_at, nothing, object as object_at, page};
use crate::ids::TagId;
use crate::open_enum::open_enum;
use crate::page::{Page, Paging};

const TAGS: Segment<'static> = Segment::Fixed("tags");

object! {
    /// A tag.
    Tag(TagId) {
        /// What it says.
        label: String,
    }
}

open_enum! {
    /// What can have tags.
    Tagged {
        /// Users.
        Users = "users",
        /// Teams.
        Teams = "teams",
        /// Escalation policies.
        EscalationPolicies = "escalation_policies",
    }
}

/// Lists tags (`GET /tags`), those whose label begins with `query` if given.
pub fn list(query: Option<&str>, paging: Paging) -> Call<Page<Tag>> {
    page([TAGS], "tags").query_opt("query", query).paging(paging)
}

/// Makes a tag (`POST /tags`).
pub fn create(label: &str) -> Call<Tag> {
    object_at(Method::POST, [TAGS], "tag").json(&json!({ "tag": { "type": "tag", "label": label } }))
}

/// Deletes a tag everywhere (`DELETE /tags/{id}`).
pub fn delete(id: &TagId) -> Call<()> {
    delete_at([TAGS, Segment::Id(id.as_str())])
}

/// Lists the tags of one object (`GET /{kind}/{id}/tags`).
pub fn of(kind: &Tagged, id: &str, paging: Paging) -> Call<Page<Tag>> {
    page([Segment::Id(kind.as_str()), Segment::Id(id), TAGS], "tags").paging(paging)
}

/// Adds tags to an object and takes others away (`POST /{kind}/{id}/change_tags`).
pub fn change(kind: &Tagged, id: &str, add: &[TagId], remove: &[TagId]) -> Call<()> {
    let list = |tags: &[TagId]| serde_json::to_value(tags.iter().map(Written).collect::<Vec<_>>());
    let tags = |tags| list(tags).expect("references have string keys and cannot fail");
    nothing(Method::POST, [Segment::Id(kind.as_str()), Segment::Id(id), Segment::Fixed("change_tags")])
        .json(&json!({ "add": tags(add), "remove": tags(remove) }))
        .with_effect(Effect::Repeatable)
}
