//! `GET` and `POST /incidents/{id}/notes`.

use jiff::Timestamp;
use serde_json::json;

use super::auth::Caller;
use super::model::IncidentIx;
use super::refusal::{Refusal, object};
use super::render::Links;
use super::state::State;
use crate::wire::{Call, Reply};

const NOTES_MAX: usize = 2_000;

impl State {
    pub(crate) fn list_notes(&self, links: &Links, ix: IncidentIx) -> Reply {
        let notes = self.incident(ix).notes.iter().map(|note| self.note_json(links, note));
        Reply::json(200, &json!({"notes": notes.collect::<Vec<_>>()}))
    }

    pub(crate) fn create_note(
        &mut self,
        call: &Call,
        caller: Caller,
        links: &Links,
        ix: IncidentIx,
        now: Timestamp,
    ) -> Result<Reply, Refusal> {
        let requester = self.requester(call, caller)?;
        let body = object(call.header("content-type"), &call.body)?;
        let content = body["note"]["content"].as_str().filter(|content| !content.trim().is_empty());
        let content = content.ok_or_else(|| Refusal::invalid("Content cannot be empty"))?;
        if self.incident(ix).notes.len() >= NOTES_MAX {
            return Err(Refusal::invalid(format!("An incident can have at most {NOTES_MAX} notes")));
        }
        let note = self.annotate(ix, requester, content.to_owned(), now);
        // 200, not 201: one of the documented exceptions.
        Ok(Reply::json(200, &json!({"note": self.note_json(links, &note)})))
    }
}
