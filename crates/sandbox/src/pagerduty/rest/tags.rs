//! `/tags`: labels on users, teams and escalation policies.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::ask::{Ask, refer};
use crate::pagerduty::model::{Tag, TagIx};
use crate::pagerduty::refusal::Refusal;
use crate::pagerduty::render::Links;
use crate::pagerduty::state::State;
use crate::wire::Reply;

const LABEL_CHARACTERS_MAX: usize = 191;

impl State {
    pub(crate) fn route_tags(&mut self, ask: &Ask<'_>, parts: &[&str]) -> Result<Reply, Refusal> {
        match (ask.call.method.as_str(), parts) {
            ("GET", []) => {
                let found = self.tags.iter().filter(|(_, tag)| ask.finds(&tag.label, "", &[]));
                let found: Vec<TagIx> = found.map(|(ix, _)| ix).collect();
                self.listed(ask, "tags", &found, &[], |ix| self.tag_json(ask.links, *ix))
            }
            ("POST", []) => {
                let label = ask.given("tag")?.needed("label")?.to_owned();
                if self.tags.find_by(|tag| tag.label == label).is_some() {
                    return Err(Refusal::invalid("Label has already been taken"));
                }
                let ix = self.new_tag(&label)?;
                Ok(self.one(ask, 201, "tag", self.tag_json(ask.links, ix), &[]))
            }
            (method, [id, rest @ ..]) => {
                let ix = self.tags.find(id).ok_or_else(Refusal::not_found)?;
                match (method, rest) {
                    ("GET", []) => Ok(self.one(ask, 200, "tag", self.tag_json(ask.links, ix), &[])),
                    ("DELETE", []) => {
                        self.tags.delete(ix);
                        Ok(Reply::empty(204))
                    }
                    ("GET", [kind]) => self.list_tagged(ask, ix, kind),
                    _ => Err(Refusal::not_found()),
                }
            }
            _ => Err(Refusal::not_found()),
        }
    }

    /// `/users/{id}/tags` and `/users/{id}/change_tags`; the same for teams and escalation policies.
    pub(crate) fn route_tags_of(&mut self, ask: &Ask<'_>, kind: &str, id: &str, what: &str) -> Result<Reply, Refusal> {
        if self.tagged_json(ask.links, kind, id).is_none() {
            return Err(Refusal::not_found());
        }
        let object = (kind.to_owned(), id.to_owned());
        match (ask.call.method.as_str(), what) {
            ("GET", "tags") => {
                let found = self.tags.iter().filter(|(_, tag)| tag.on.contains(&object));
                let found: Vec<TagIx> = found.map(|(ix, _)| ix).collect();
                self.listed(ask, "tags", &found, &[], |ix| self.tag_json(ask.links, *ix))
            }
            ("POST", "change_tags") => self.change_tags(ask, &object),
            _ => Err(Refusal::not_found()),
        }
    }

    /// Everything is checked before anything is changed.
    fn change_tags(&mut self, ask: &Ask<'_>, object: &(String, String)) -> Result<Reply, Refusal> {
        let given = ask.body()?;
        let (mut add, mut labels) = (Vec::new(), Vec::new());
        for tag in given.list("add")?.unwrap_or_default() {
            match (tag["type"].as_str(), tag["label"].as_str()) {
                (Some("tag"), Some(label)) => labels.push(checked(label)?.to_owned()),
                _ => add.push(refer(tag, &self.tags, "tag")?),
            }
        }
        let remove = given.references("remove", &self.tags)?.unwrap_or_default();
        for label in &labels {
            add.push(match self.tags.find_by(|tag| tag.label == *label) {
                Some(ix) => ix,
                None => self.new_tag(label)?,
            });
        }
        for ix in add {
            self.tags[ix].on.insert(object.clone());
        }
        for ix in remove {
            self.tags[ix].on.remove(object);
        }
        Ok(Reply::json(200, &json!({})))
    }

    fn list_tagged(&self, ask: &Ask<'_>, ix: TagIx, kind: &str) -> Result<Reply, Refusal> {
        if !matches!(kind, "users" | "teams" | "escalation_policies") {
            return Err(Refusal::not_found());
        }
        let on = self.tags[ix].on.iter().filter(|(of, _)| of == kind);
        let found: Vec<Value> = on.filter_map(|(_, id)| self.tagged_json(ask.links, kind, id)).collect();
        self.listed(ask, kind, &found, &[], Value::clone)
    }

    /// `None` for what is not there, or has no tags.
    fn tagged_json(&self, links: &Links, kind: &str, id: &str) -> Option<Value> {
        Some(match kind {
            "users" => links.reference(&self.users[self.users.find(id)?]),
            "teams" => links.reference(&self.teams[self.teams.find(id)?]),
            "escalation_policies" => links.reference(&self.policies[self.policies.find(id)?]),
            _ => return None,
        })
    }

    fn new_tag(&mut self, label: &str) -> Result<TagIx, Refusal> {
        let label = checked(label)?.to_owned();
        Ok(self.tags.add(Tag { id: self.random.short_id(), label, on: BTreeSet::new() }))
    }

    fn tag_json(&self, links: &Links, ix: TagIx) -> Value {
        let tag = &self.tags[ix];
        let mut shown = links.full(tag, json!({"label": tag.label}));
        shown["html_url"] = Value::Null;
        shown
    }
}

fn checked(label: &str) -> Result<&str, Refusal> {
    if label.trim().is_empty() {
        return Err(Refusal::invalid("Label can't be blank"));
    }
    if label.chars().count() > LABEL_CHARACTERS_MAX {
        return Err(Refusal::invalid("Label is too long (maximum is 191 characters)"));
    }
    Ok(label)
}
