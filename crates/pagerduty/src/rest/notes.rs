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
use serde_json::json;

use super::Reference;
use super::object::object;
use crate::call::{Call, Effect, Segment, delete as delete_at, object as object_at};
use crate::ids::{IncidentId, NoteId, UserId};

/// How many notes an incident can hold; one more is refused.
pub const NOTES_MAX: usize = 2000;

object! {
    /// A note.
    Note(NoteId) {
        /// Text.
        content: String,
        /// Who wrote it; a bot has the type `bot_user_reference`.
        user: Option<Reference<UserId>>,
        /// When it was written, ISO 8601.
        created_at: Option<String>,
        /// When it was changed last.
        updated_at: Option<String>,
        /// By which way it came.
        channel: Option<Channel>,
    }
}

object! {
    /// By which way a note came.
    Channel {
        /// In words, e.g. `The PagerDuty website or APIs`.
        summary: Option<String>,
    }
}

/// Adds a note (`POST /incidents/{id}/notes`). Sent twice it is there twice.
pub fn create(incident: &IncidentId, content: &str) -> Call<Note> {
    write(object_at(Method::POST, all(incident), "note"), content)
}

/// Lists all notes of an incident (`GET /incidents/{id}/notes`); there are no pages.
pub fn list(incident: &IncidentId) -> Call<Vec<Note>> {
    object_at(Method::GET, all(incident), "notes")
}

/// Changes a note (`PUT /incidents/{id}/notes/{note}`).
pub fn update(incident: &IncidentId, id: &NoteId, content: &str) -> Call<Note> {
    write(object_at(Method::PUT, one(incident, id), "note"), content).with_effect(Effect::Repeatable)
}

/// Deletes a note (`DELETE /incidents/{id}/notes/{note}`).
pub fn delete(incident: &IncidentId, id: &NoteId) -> Call<()> {
    delete_at(one(incident, id)).sent_by_user()
}

fn write(call: Call<Note>, content: &str) -> Call<Note> {
    call.sent_by_user()
        .json(&json!({ "note": { "content": content } }))
        .refused_if(content.trim().is_empty(), "a note needs a text")
}

fn one<'a>(incident: &'a IncidentId, id: &'a NoteId) -> impl Iterator<Item = Segment<'a>> {
    all(incident).into_iter().chain([Segment::Id(id.as_str())])
}

fn all(incident: &IncidentId) -> [Segment<'_>; 3] {
    [Segment::Fixed("incidents"), Segment::Id(incident.as_str()), Segment::Fixed("notes")]
}
