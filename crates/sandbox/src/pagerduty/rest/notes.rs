//! `/incidents/{id}/notes`.

use serde_json::{Value, json};

use super::ask::Ask;
use crate::pagerduty::model::{IncidentIx, Note};
use crate::pagerduty::refusal::Refusal;
use crate::pagerduty::render::Links;
use crate::pagerduty::state::State;
use crate::wire::Reply;

const NOTES_MAX: usize = 2_000;

impl State {
    pub(crate) fn route_notes(&mut self, ask: &Ask<'_>, ix: IncidentIx, parts: &[&str]) -> Result<Reply, Refusal> {
        match (ask.call.method.as_str(), parts) {
            ("GET", []) => {
                let notes = self.incident(ix).notes.iter().map(|note| self.note_json(ask.links, note));
                Ok(Reply::json(200, &json!({"notes": notes.collect::<Vec<_>>()})))
            }
            ("POST", []) => self.create_note(ask, ix),
            (method @ ("PUT" | "DELETE"), [id]) => {
                self.requester(ask.call, ask.caller)?;
                let place = self.incident(ix).notes.iter().position(|note| note.id == *id);
                let place = place.ok_or_else(Refusal::not_found)?;
                if method == "DELETE" {
                    self.incident_mut(ix).notes.remove(place);
                    return Ok(Reply::empty(204));
                }
                let given = ask.given("note")?;
                let note = &mut self.incident_mut(ix).notes[place];
                given.change("content", &mut note.content)?;
                note.updated_at = ask.now;
                Ok(Reply::json(200, &json!({"note": self.note_json(ask.links, &self.incident(ix).notes[place])})))
            }
            _ => Err(Refusal::not_found()),
        }
    }

    fn create_note(&mut self, ask: &Ask<'_>, ix: IncidentIx) -> Result<Reply, Refusal> {
        let requester = self.requester(ask.call, ask.caller)?;
        let given = ask.given("note")?;
        let content = given.text("content")?.filter(|content| !content.trim().is_empty());
        let content = content.ok_or_else(|| Refusal::invalid("Content cannot be empty"))?;
        if self.incident(ix).notes.len() >= NOTES_MAX {
            return Err(Refusal::invalid(format!("An incident can have at most {NOTES_MAX} notes")));
        }
        let note = self.annotate(ix, requester, content.to_owned(), ask.now);
        // 200, not 201: one of the documented exceptions.
        Ok(Reply::json(200, &json!({"note": self.note_json(ask.links, &note)})))
    }

    fn note_json(&self, links: &Links, note: &Note) -> Value {
        json!({
            "id": note.id,
            "user": self.user_ref(links, note.by),
            "content": note.content,
            "created_at": links.time(note.created_at),
            "updated_at": links.time(note.updated_at),
            "channel": {"summary": "The PagerDuty website or APIs"},
        })
    }
}
