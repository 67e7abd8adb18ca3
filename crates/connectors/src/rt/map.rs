//! RT's words to ours and back.

use super::html;
use super::settings::{Closing, Queue, Settings};
use super::wire::{Attachment, NOBODY, RT_SYSTEM, SUBJECT_CHARS_MAX, Ticket, Transaction};
use crate::text::{is_blank, storable};
use ::pagerduty::text::cut;
use pagebridge_core::{
    Actor, Content, Input, Key, KeyKind, Reading, ReadingNote, RecordRef, Status, Timestamp, Urgency, hash_text,
};

/// What begins the subject of a ticket that was made for an incident.
pub(super) const SUBJECT_PREFIX: &str = "PagerDuty Incident: ";

/// Text of a message that is too large to be read.
pub(super) const TOO_LARGE: &str = "(This message is too large to be carried on; see the ticket.)";

/// What a status is to its lifecycle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Group {
    /// Nobody has taken the ticket.
    Initial,
    /// Somebody has.
    Active,
    /// It is over.
    Inactive,
}

impl Group {
    /// A name that is not known counts as active: then a person's move to it is an acknowledgement, and nothing is taken
    /// for over that may not be.
    pub(super) fn of(queue: &Queue, status: &str) -> Self {
        let is_among = |names: &[String]| names.iter().any(|name| name.eq_ignore_ascii_case(status));
        if is_among(&queue.initial) {
            Self::Initial
        } else if is_among(&queue.inactive) {
            Self::Inactive
        } else {
            Self::Active
        }
    }
}

/// Where a ticket stands, and who brought it there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) status: Status,
    pub(super) by: Option<Actor>,
    /// By RT's clock.
    pub(super) at: Option<Timestamp>,
}

impl Standing {
    fn plain(status: Status) -> Self {
        Self { status, by: None, at: None }
    }
}

/// What is needed to understand tickets.
pub(super) struct Words<'a> {
    pub(super) settings: &'a Settings,
    pub(super) rtname: &'a str,
    /// Where people look at RT.
    pub(super) web_url: &'a str,
    /// The name of the user that writes in our name, once it is known.
    pub(super) user: Option<&'a str>,
}

impl Words<'_> {
    /// What is set for a ticket's queue. A linked ticket that was moved elsewhere is read by RT's own words.
    pub(super) fn queue(&self, ticket: &Ticket) -> Queue {
        self.settings.queue(&ticket.queue.name).cloned().unwrap_or_default()
    }

    pub(super) fn group(&self, ticket: &Ticket) -> Group {
        Group::of(&self.queue(ticket), &ticket.status)
    }

    /// Whether where the ticket stands depends on who brought it there.
    pub(super) fn needs_act(&self, ticket: &Ticket) -> bool {
        match self.group(ticket) {
            Group::Initial => false,
            Group::Active => true,
            Group::Inactive => self.closing(&ticket.status) == Closing::Ignored,
        }
    }

    /// Says where a ticket stands. `act` is the last transaction that says so; see [`Transaction::is_act`].
    ///
    /// An active ticket is acknowledged when a person made it so. RT itself opens a ticket when somebody replies, and a
    /// ticket that is opened again has not been taken by anybody yet; both leave it triggered until somebody acts.
    pub(super) fn standing(&self, ticket: &Ticket, act: Option<&Transaction>) -> Standing {
        let queue = self.queue(ticket);
        match Group::of(&queue, &ticket.status) {
            Group::Initial => self.owned(ticket).unwrap_or_else(|| self.by(Status::Triggered, act)),
            Group::Inactive if self.closing(&ticket.status) == Closing::Ignored => {
                let before = act.map_or(Group::Initial, |act| Group::of(&queue, &act.old_value));
                Standing::plain(match before {
                    Group::Initial => Status::Triggered,
                    Group::Active => Status::Acknowledged,
                    Group::Inactive => Status::Resolved,
                })
            }
            Group::Inactive => self.by(Status::Resolved, act),
            Group::Active => match act {
                None => self.owned(ticket).unwrap_or_else(|| Standing::plain(Status::Triggered)),
                Some(act) if self.is_taken(&queue, act) => self.by(Status::Acknowledged, Some(act)),
                Some(act) => self.owned(ticket).unwrap_or_else(|| self.by(Status::Triggered, Some(act))),
            },
        }
    }

    fn is_taken(&self, queue: &Queue, act: &Transaction) -> bool {
        let by_rt = act.creator.id == RT_SYSTEM;
        let reopens = act.kind == "Status" && Group::of(queue, &act.old_value) == Group::Inactive;
        !reopens && (!by_rt || self.settings.auto_open)
    }

    fn by(&self, status: Status, act: Option<&Transaction>) -> Standing {
        let by = act.and_then(|act| self.actor(&act.creator.id, act.author()));
        Standing { status, by, at: act.and_then(Transaction::at) }
    }

    /// A person by user name; `None` for RT itself.
    fn actor(&self, user: &str, shown: &str) -> Option<Actor> {
        let ours = self.user.is_some_and(|ours| ours == user);
        let named = !is_blank(shown) && user != RT_SYSTEM;
        named.then(|| Actor { name: storable(shown.trim().to_owned()), ours })
    }

    /// A ticket that a person owns has been taken, where the settings say so.
    fn owned(&self, ticket: &Ticket) -> Option<Standing> {
        let owner = &ticket.owner.id;
        let person = !matches!(owner.as_str(), "" | NOBODY | RT_SYSTEM) && self.user != Some(owner);
        let shown = if is_blank(&ticket.owner.real_name) { owner } else { &ticket.owner.real_name };
        (self.settings.owner_acknowledges && person).then(|| Standing {
            status: Status::Acknowledged,
            by: self.actor(owner, shown),
            at: None,
        })
    }

    /// What it means that a ticket was closed with this status.
    pub(super) fn closing(&self, status: &str) -> Closing {
        match status.to_ascii_lowercase().as_str() {
            "rejected" => self.settings.rejected,
            "deleted" => self.settings.deleted,
            _ => Closing::Resolved,
        }
    }

    /// `[rt.example.com #7]`, by which people and mails name a ticket. It is the key of its incident.
    pub(super) fn tag(&self, ticket: &Ticket) -> String {
        let set = self.settings.queue(&ticket.queue.name).and_then(|queue| queue.subject_tag.as_deref());
        let own = Some(ticket.queue.subject_tag.as_str());
        let name = set.or(own).filter(|tag| !is_blank(tag)).unwrap_or(self.rtname);
        format!("[{name} #{}]", ticket.id)
    }

    pub(super) fn record(&self, id: i64) -> RecordRef {
        let url = format!("{}/Ticket/Display.html?id={id}", self.web_url);
        RecordRef { url: Some(url), ..RecordRef::id(&id.to_string()) }
    }

    /// What a ticket is about.
    pub(super) fn content(&self, ticket: &Ticket, body: String) -> Content {
        let subject = if is_blank(&ticket.subject) { "(no subject)" } else { ticket.subject.trim() };
        let priority = ticket.priority.and_then(|number| self.priority(number));
        Content {
            title: storable(format!("{} {subject}", self.tag(ticket))),
            body: storable(body),
            urgency: priority.map_or(Urgency::High, |row| row.urgency),
            priority: priority.and_then(|row| row.name.clone()),
            service: self.settings.queue(&ticket.queue.name).and_then(|queue| queue.service.clone()),
            ..Content::default()
        }
    }

    /// The row of the table that a number falls into: the one with the highest number that is not above it.
    fn priority(&self, number: i64) -> Option<&super::Priority> {
        self.settings.priorities.iter().filter(|row| row.number <= number).max_by_key(|row| row.number)
    }

    /// RT's number for the priority of an incident: by name, or else by how loud it pages.
    pub(super) fn priority_number(&self, content: &Content) -> Option<i64> {
        let rows = &self.settings.priorities;
        let named = rows.iter().find(|row| row.name.is_some() && row.name == content.priority);
        let row = named.or_else(|| rows.iter().find(|row| row.urgency == content.urgency));
        row.map(|row| row.number)
    }

    /// The subject of a ticket for an incident, as RT would keep it.
    pub(super) fn subject(&self, content: &Content) -> String {
        let service = self.settings.service(content.service.as_deref()).and_then(|service| service.name.as_deref());
        let service = service.map(|name| format!("{name} - ")).unwrap_or_default();
        let title = if is_blank(&content.title) { "(no title)" } else { &content.title };
        let words: Vec<&str> = title.split_whitespace().collect();
        cut(&format!("{SUBJECT_PREFIX}{service}{}", words.join(" ")), SUBJECT_CHARS_MAX).into_owned()
    }

    /// Full state of a ticket.
    pub(super) fn reading(&self, ticket: &Ticket, standing: Standing) -> Reading {
        Reading {
            record: self.record(ticket.id),
            status: standing.status,
            by: standing.by,
            status_at: standing.at,
            notes: None,
            content: None,
        }
    }

    /// What a listing tells of a ticket.
    pub(super) fn input(&self, ticket: &Ticket, reading: Reading, since: Timestamp) -> Input {
        let mut input = Input::read(self.settings.system.clone(), reading, since);
        if let Some(incident) = ticket.field(&self.settings.id_field) {
            let key = |kind| Key { kind, value: storable(incident.to_owned()) };
            input.keys.extend([key(KeyKind::CreateKey), key(KeyKind::Linked)]);
        }
        input.create_key = Some(self.tag(ticket));
        input.asks = self.settings.queue(&ticket.queue.name).is_some();
        input
    }

    /// A person's note; `None` without a text.
    pub(super) fn note(&self, transaction: &Transaction, text: Option<String>) -> Option<ReadingNote> {
        let text = text.filter(|text| !is_blank(text))?;
        let id = transaction.id.to_string();
        Some(ReadingNote {
            key: hash_text(&id),
            author: storable(transaction.author().to_owned()),
            text: storable(text),
            remote_id: Some(id),
        })
    }
}

/// The text of a message: its plain part, or else what its HTML says. Files that are attached are none.
pub(super) fn text_of<'a>(parts: impl Iterator<Item = &'a Attachment> + Clone) -> Option<String> {
    let inline = |kind: &'static str| {
        let mut parts = parts.clone();
        parts.find(move |part| {
            is_blank(&part.filename)
                && part.content_type.trim().to_ascii_lowercase().starts_with(kind)
                && !is_blank(&part.content)
        })
    };
    let plain = inline("text/plain").map(|part| part.content.trim().to_owned());
    plain.or_else(|| inline("text/html").map(|part| html::to_text(&part.content))).filter(|text| !is_blank(text))
}

/// Who is meant by the name that we give to people of other systems: `Ann (PagerDuty)`.
pub(super) fn bare_name(by: &str) -> &str {
    match by.rsplit_once(" (") {
        Some((name, label)) if label.ends_with(')') => name.trim(),
        _ => by.trim(),
    }
}

#[cfg(test)]
mod tests;
