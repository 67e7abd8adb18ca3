//! Systems of kind rt, and what the bridges that carry them mean for PagerDuty.

mod raw;
mod ties;

pub(crate) use raw::RawRt;
pub(crate) use ties::{WEBHOOK_PAGE, hears_webhook_page, services_of};

use super::raw::RawSystem;
use super::resolve::Resolver;
use super::section::At;
use super::text::Text;
use pagebridge_connectors::rt::{Closing, NotesAs, Priority, Queue, Service, Settings};
use pagebridge_core::{SystemName, Urgency};
use raw::{RawPriority, RawQueue, RawService};
use std::collections::BTreeMap;
use std::ops::Range;

type Place = (String, Range<usize>);

impl Resolver<'_> {
    /// The connection, but for what every system has.
    pub(super) fn rt(&mut self, system: &RawSystem, raw: &RawRt) -> Option<Settings> {
        let section = (format!("systems.{}", system.name.value), system.at.clone());
        let token = self.needed_secret(raw.token.as_ref(), "token", &section);
        let api_url = match &system.api_url {
            // It is looked at where all systems' are.
            Some(_) => Some(()),
            None => self.needed(None, "api_url", &section).map(drop),
        };
        let web_url = self.url_of(raw.web_url.as_ref(), "this is not the address of RT's web interface");
        let rtname = self.optional(raw.rtname.as_ref());
        let [id_field, url_field] = [&raw.id_field, &raw.url_field].map(|text| self.optional(text.as_ref()));
        let queues = self.queues(&raw.queues, &section);
        let services = self.services(&raw.services);
        let priorities: Option<Vec<Priority>> = raw.priorities.iter().map(|priority| self.priority(priority)).collect();
        let notes =
            self.choice(raw.notes.as_ref(), "notes", &[("comment", NotesAs::Comment), ("reply", NotesAs::Correspond)]);
        let closings = [("resolve", Closing::Resolved), ("ignore", Closing::Ignored)];
        let rejected = self.choice(raw.rejected.as_ref(), "rejected", &closings);
        let deleted = self.choice(raw.deleted.as_ref(), "deleted", &closings);
        let flag = |flag: &Option<At<bool>>| flag.as_ref().is_some_and(|flag| flag.value);
        let seconds = |s: &Option<At<i64>>, usual: i64| s.as_ref().map_or(usual, |s| s.value * 1_000);
        api_url?;
        // What every system has is filled in where the connection is made.
        let usual = Settings::new(SystemName::parse(&system.name.value).ok()?, "", token?);
        Some(Settings {
            web_url: web_url.ok()?,
            rtname: rtname.ok()?,
            queues: queues?,
            services: services?,
            id_field: id_field.ok()?.unwrap_or(usual.id_field),
            url_field: url_field.ok()?.unwrap_or(usual.url_field),
            notes: notes.ok()?.unwrap_or(usual.notes),
            auto_open: flag(&raw.auto_open),
            rejected: rejected.ok()?.unwrap_or(usual.rejected),
            deleted: deleted.ok()?.unwrap_or(usual.deleted),
            owner_acknowledges: flag(&raw.owner_acknowledges),
            set_owner: flag(&raw.set_owner),
            priorities: priorities?,
            backlog: flag(&raw.backlog),
            interval_ms: seconds(&raw.interval_s, usual.interval_ms),
            sweep_ms: seconds(&raw.sweep_s, usual.sweep_ms),
            calls_max: raw
                .calls_per_round
                .as_ref()
                .map_or(usual.calls_max, |c| u32::try_from(c.value).unwrap_or(u32::MAX)),
            ..usual
        })
    }

    fn queues(&mut self, raw: &[RawQueue], section: &Place) -> Option<BTreeMap<String, Queue>> {
        if raw.is_empty() {
            let fix = format!("add `[{}.queues.\"NAME\"]` for each queue, or `[{0}.queues.\"*\"]` for all", section.0);
            let message = format!("[{}] has no `queues`, so no ticket is carried on", section.0);
            self.findings.error(section.1.clone(), message, fix);
            return None;
        }
        let mut queues = BTreeMap::new();
        let all: Vec<_> = raw.iter().map(|raw| self.queue(raw)).collect();
        for (raw, queue) in raw.iter().zip(all) {
            let (name, queue) = queue?;
            if queues.insert(name.clone(), queue).is_some() {
                let message = format!("the queue `{name}` is set twice");
                self.findings.error(raw.key.at.clone(), message, "leave one of them");
            }
        }
        Some(queues)
    }

    fn queue(&mut self, raw: &RawQueue) -> Option<(String, Queue)> {
        let usual = Queue::default();
        let name = self.named(&raw.key, raw.name.as_ref(), "name");
        let service = self.optional(raw.service.as_ref());
        let subject_tag = self.optional(raw.subject_tag.as_ref());
        let texts = [&raw.acknowledged, &raw.resolved, &raw.triggered, &raw.reopened];
        let [acknowledged, resolved, triggered, reopened] = texts.map(|text| self.optional(text.as_ref()));
        let words = |written: &Option<Vec<At<String>>>, usual: Vec<String>| {
            written.as_ref().map_or(usual, |all| all.iter().map(|word| word.value.clone()).collect())
        };
        let queue = Queue {
            service: service.ok()?,
            acknowledged: acknowledged.ok()?.unwrap_or(usual.acknowledged),
            resolved: resolved.ok()?.unwrap_or(usual.resolved),
            triggered: triggered.ok()?.unwrap_or(usual.triggered),
            reopened: reopened.ok()?.unwrap_or(usual.reopened),
            initial: words(&raw.initial, usual.initial),
            active: words(&raw.active, usual.active),
            inactive: words(&raw.inactive, usual.inactive),
            subject_tag: subject_tag.ok()?,
        };
        let taken = [&queue.initial, &queue.active].into_iter().flatten().any(|word| *word == queue.acknowledged);
        let ended = queue.inactive.contains(&queue.resolved);
        for (fits, key, word, written, lists) in [
            (taken, "acknowledged", &queue.acknowledged, &raw.acknowledged, "`active`"),
            (ended, "resolved", &queue.resolved, &raw.resolved, "`inactive`"),
        ] {
            if !fits {
                let at = written.as_ref().map_or(raw.key.at.clone(), |text| text.at.clone());
                let message = format!("the queue's status `{word}` for `{key}` is not in {lists}");
                self.findings.error(at, message, format!("list all statuses of the queue's lifecycle in {lists}"));
            }
        }
        Some((name?, queue))
    }

    fn services(&mut self, raw: &[RawService]) -> Option<BTreeMap<String, Service>> {
        let mut services = BTreeMap::new();
        for raw in raw {
            let id = self.named(&raw.key, raw.id.as_ref(), "id");
            let create_queue = self.optional(raw.create_queue.as_ref());
            let name = self.optional(raw.name.as_ref());
            let create_queue = create_queue.ok()?.unwrap_or_else(|| Service::default().create_queue);
            let id = id?;
            if services.insert(id.clone(), Service { create_queue, name: name.ok()? }).is_some() {
                let message = format!("the service `{id}` is set twice");
                self.findings.error(raw.key.at.clone(), message, "leave one of them");
            }
        }
        Some(services)
    }

    /// The name that an entry stands for: its key, unless it says otherwise.
    fn named(&mut self, key: &At<String>, written: Option<&At<Text>>, word: &str) -> Option<String> {
        let name = match written {
            Some(written) => self.text(written)?,
            None => key.value.clone(),
        };
        if name.trim().is_empty() {
            let at = written.map_or(key.at.clone(), |written| written.at.clone());
            self.findings.error(at, format!("`{word}` is empty"), format!("write a {word}, or `*` for all others"));
            return None;
        }
        Some(name)
    }

    fn priority(&mut self, raw: &RawPriority) -> Option<Priority> {
        let name = self.optional(raw.name.as_ref());
        if raw.number.is_none() {
            let fix = "add `number` with the smallest of RT's priorities that means it";
            self.findings.error(raw.at.clone(), "a priority has no `number`", fix);
        }
        let urgency = if raw.urgency? == "low" { Urgency::Low } else { Urgency::High };
        Some(Priority { number: raw.number.as_ref()?.value, name: name.ok()?, urgency })
    }

    /// One of several words, or nothing.
    fn choice<T: Copy>(&mut self, word: Option<&At<String>>, key: &str, known: &[(&str, T)]) -> Result<Option<T>, ()> {
        let Some(word) = word else { return Ok(None) };
        let found = known.iter().find(|(known, _)| *known == word.value);
        if found.is_none() {
            let fix = known.iter().map(|(known, _)| format!("\"{known}\"")).collect::<Vec<_>>().join(" or ");
            self.findings.error(
                word.at.clone(),
                format!("`{key}` cannot be \"{}\"", word.value),
                format!("write {fix}"),
            );
        }
        found.map(|(_, value)| Some(*value)).ok_or(())
    }
}
