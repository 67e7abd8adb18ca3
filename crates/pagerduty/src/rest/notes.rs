//! Notes on incidents.
//!
//! ```
//! use pagerduty::{Client, IncidentId, rest::notes};
//!
//! let client = Client::builder().token("u+key").from("bridge@example.com").build()?;
//! let call = notes::create(&IncidentId::new("Q1"), "looking at it");
//! assert_eq!(client.request(&call)?.body.as_deref(), Some(br#"{"note":{"content":"looking at it"}}"#.as_slice()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use http::Method;
use serde::Deserialize;
use serde_json::json;

use super::Reference;
use crate::call::{Call, Segment, object};
use crate::ids::{IncidentId, NoteId, UserId};
use crate::lenient;

/// How many notes an incident can hold; one more is refused.
pub const NOTES_MAX: usize = 2000;

/// A note.
#[derive(Clone, Debug, Deserialize)]
pub struct Note {
    /// Id.
    pub id: NoteId,
    /// Text.
    #[serde(default, deserialize_with = "lenient::text")]
    pub content: String,
    /// Who wrote it; a bot has the type `bot_user_reference`.
    #[serde(default, deserialize_with = "lenient::option")]
    pub user: Option<Reference<UserId>>,
    /// When it was written, ISO 8601.
    #[serde(default, deserialize_with = "lenient::option")]
    pub created_at: Option<String>,
    /// When it was changed last.
    #[serde(default, deserialize_with = "lenient::option")]
    pub updated_at: Option<String>,
    /// By which way it came.
    #[serde(default, deserialize_with = "lenient::option")]
    pub channel: Option<Channel>,
}

/// By which way a note came.
#[derive(Clone, Debug, Deserialize)]
pub struct Channel {
    /// In words, e.g. `The PagerDuty website or APIs`.
    #[serde(default, deserialize_with = "lenient::option")]
    pub summary: Option<String>,
}

/// Adds a note (`POST /incidents/{id}/notes`). Sent twice it is there twice.
pub fn create(incident: &IncidentId, content: &str) -> Call<Note> {
    let call =
        object(Method::POST, path(incident), "note").sent_by_user().json(&json!({ "note": { "content": content } }));
    if content.trim().is_empty() { call.refused("a note needs a text") } else { call }
}

/// Lists all notes of an incident (`GET /incidents/{id}/notes`); there are no pages.
pub fn list(incident: &IncidentId) -> Call<Vec<Note>> {
    object(Method::GET, path(incident), "notes")
}

fn path(incident: &IncidentId) -> [Segment<'_>; 3] {
    [Segment::Fixed("incidents"), Segment::Id(incident.as_str()), Segment::Fixed("notes")]
}
