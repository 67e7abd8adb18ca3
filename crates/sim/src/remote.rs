//! Model remotes: what an outside system holds, and the webhooks it sends when that changes.

use crate::rng::Rng;
use pagebridge_core::{
    Actor, Content, Input, InputId, Key, KeyKind, Mark, News, NoteNews, Opening, Reading, ReadingNote, RecordId,
    RecordRef, Status, SystemName, Timestamp, Urgency, hash_text,
};

/// How a remote treats writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Like PagerDuty: what is resolved stays resolved, unless a person reopens it; webhooks carry times and notes
    /// have ids.
    Forward,
    /// Like a ticket or an alert: the last write wins; webhooks carry no times and notes no ids.
    LastWrite,
    /// Like a ticket that is followed by its feed: the last write wins; webhooks only say that something changed, notes
    /// have ids, and the record says which record elsewhere it belongs to.
    Followed,
    /// Like a channel of a chat: it shows what it is told, takes everything twice, and tells nothing.
    Shown,
}

/// One note of a record.
#[derive(Clone, Debug)]
pub(crate) struct RemoteNote {
    pub author: String,
    pub text: String,
}

/// One record.
#[derive(Clone, Debug)]
pub(crate) struct RemoteRecord {
    pub id: String,
    pub key: String,
    pub urgent: bool,
    pub status: Status,
    pub by_us: bool,
    pub changed_at: Timestamp,
    pub notes: Vec<RemoteNote>,
    /// The record elsewhere that it says it belongs to.
    pub mark: Option<String>,
}

/// A write that is asked for.
#[derive(Clone, Debug)]
pub(crate) enum Write {
    Create {
        key: String,
        mark: Option<String>,
    },
    SetStatus {
        id: String,
        to: Status,
    },
    AddNote {
        id: String,
        text: String,
    },
    Mark {
        id: String,
        mark: String,
    },
    /// A message is written anew, as a whole.
    Show {
        id: String,
        to: Status,
        mark: Option<String>,
    },
}

/// A webhook on its way.
#[derive(Clone, Debug)]
pub(crate) struct Hook {
    pub due: Timestamp,
    pub input: Input,
}

/// One outside system.
pub(crate) struct Remote {
    pub name: SystemName,
    pub kind: Kind,
    /// Records begin here, so that news of an unknown one makes the bridge ask.
    pub origin: bool,
    pub records: Vec<RemoteRecord>,
    /// Its records are listed in full now and then.
    pub listed: bool,
    /// Writes of ours that changed something.
    pub our_writes: u64,
    next_event: u64,
}

impl Remote {
    pub(crate) fn new(name: &str, kind: Kind, origin: bool) -> Self {
        let (name, listed) = (SystemName::new(name), false);
        Self { name, kind, origin, records: Vec::new(), listed, our_writes: 0, next_event: 0 }
    }

    /// The same, with listings.
    pub(crate) fn listed(self) -> Self {
        Self { listed: true, ..self }
    }

    /// A listing of what may be of interest: a record that is over is shown by a feed, and left out by a list of open ones.
    pub(crate) fn list(&self, now: Timestamp) -> Vec<Input> {
        let shown = |r: &&RemoteRecord| self.kind == Kind::Followed || r.status != Status::Resolved;
        let input = |record: &RemoteRecord| {
            let reading = self.read(&record.id).expect("it is one of its records");
            let mut input = Input::read(self.name.clone(), reading, now);
            self.name_record(record, &mut input);
            input
        };
        self.records.iter().filter(shown).map(input).collect()
    }

    fn name_record(&self, record: &RemoteRecord, input: &mut Input) {
        let key = |kind, value: &str| Key { kind, value: value.to_owned() };
        if self.kind == Kind::Followed {
            input.create_key = Some(record.key.clone());
            let mark = record.mark.iter().flat_map(|m| [key(KeyKind::CreateKey, m), key(KeyKind::Linked, m)]);
            input.keys.extend(mark);
        } else {
            input.keys.push(key(KeyKind::CreateKey, &record.key));
        }
    }

    pub(crate) fn find(&self, id: &str) -> Option<&RemoteRecord> {
        self.records.iter().find(|r| r.id == id)
    }

    /// The record made with a key: an open one if there is one, else the newest.
    pub(crate) fn find_by_key(&self, key: &str) -> Option<&RemoteRecord> {
        let with_key = || self.records.iter().rev().filter(|r| r.key == key);
        with_key().find(|r| r.status != Status::Resolved).or_else(|| with_key().next())
    }

    /// A person, or the monitoring, makes a record.
    pub(crate) fn open(&mut self, id: &str, urgent: bool, now: Timestamp) -> Hook {
        self.records.push(RemoteRecord {
            id: id.to_owned(),
            key: id.to_owned(),
            urgent,
            status: Status::Triggered,
            by_us: false,
            changed_at: now,
            notes: Vec::new(),
            mark: None,
        });
        let news = match self.listed {
            true => News::Exists,
            false => News::Opened(Opening { content: content(id, urgent), status: None }),
        };
        self.hook(id, news, None, now)
    }

    /// A person changes the status; `None` when that is not a change.
    pub(crate) fn person_sets(&mut self, id: &str, status: Status, name: &str, now: Timestamp) -> Option<Hook> {
        let record = self.records.iter_mut().find(|r| r.id == id)?;
        if record.status == status {
            return None;
        }
        record.status = status;
        record.by_us = false;
        record.changed_at = now;
        Some(self.hook(id, News::Status(status), Some(Actor::person(name)), now))
    }

    /// Someone writes a note.
    pub(crate) fn note(&mut self, id: &str, author: &str, text: &str, now: Timestamp) -> Option<Hook> {
        let (kind, name) = (self.kind, self.name.clone());
        let record = self.records.iter_mut().find(|r| r.id == id)?;
        record.notes.push(RemoteNote { author: author.to_owned(), text: text.to_owned() });
        let key = note_key(kind, &name, record, record.notes.len() - 1);
        let news = NoteNews { key, author: author.to_owned(), text: Some(text.to_owned()) };
        Some(self.hook(id, News::Note(news), Some(Actor::person(author)), now))
    }

    /// Applies a write of ours. Gives the record's id, and the webhook when something changed; `Err` when the far side
    /// refuses for good.
    pub(crate) fn apply(&mut self, write: &Write, now: Timestamp) -> Result<(String, Option<Hook>), String> {
        match write {
            Write::Create { key, mark } => {
                // Open or just closed: the far side's own dedup; see the assumptions in `docs/simulation.md`.
                if let Some(record) = self.find_by_key(key).filter(|_| self.kind != Kind::Shown) {
                    return Ok((record.id.clone(), None));
                }
                self.our_writes += 1;
                let id = format!("{}-{}", self.name, self.records.len() + 1);
                self.records.push(RemoteRecord {
                    id: id.clone(),
                    key: key.clone(),
                    urgent: true,
                    status: Status::Triggered,
                    by_us: true,
                    changed_at: now,
                    notes: Vec::new(),
                    mark: mark.clone(),
                });
                let hook = (self.kind != Kind::Shown).then(|| self.hook(&id, News::Exists, Some(us()), now));
                Ok((id, hook))
            }
            Write::SetStatus { id, to } => {
                let forward = self.kind == Kind::Forward;
                let Some(record) = self.records.iter_mut().find(|r| r.id == *id) else {
                    return Err("no such record".into());
                };
                if record.status == *to || (forward && record.status == Status::Resolved) {
                    return Ok((id.clone(), None));
                }
                record.status = *to;
                record.by_us = true;
                record.changed_at = now;
                self.our_writes += 1;
                let hook = self.hook(id, News::Status(*to), Some(us()), now);
                Ok((id.clone(), Some(hook)))
            }
            Write::Mark { id, mark } => {
                let Some(record) = self.records.iter_mut().find(|r| r.id == *id) else {
                    return Err("no such record".into());
                };
                if record.mark.replace(mark.clone()).as_ref() == Some(mark) {
                    return Ok((id.clone(), None));
                }
                self.our_writes += 1;
                let hook = self.hook(id, News::Hint, Some(us()), now);
                Ok((id.clone(), Some(hook)))
            }
            Write::Show { id, to, mark } => {
                let Some(record) = self.records.iter_mut().find(|r| r.id == *id) else {
                    return Err("no such record".into());
                };
                self.our_writes += 1;
                (record.status, record.mark, record.changed_at) = (*to, mark.clone(), now);
                Ok((id.clone(), None))
            }
            Write::AddNote { id, text } => {
                self.our_writes += 1;
                let hook = self.note(id, "pagebridge", text, now);
                if hook.is_some() {
                    Ok((id.clone(), hook.filter(|_| self.kind != Kind::Shown)))
                } else {
                    Err("no such record".into())
                }
            }
        }
    }

    /// Reads a record in full.
    pub(crate) fn read(&self, id: &str) -> Option<Reading> {
        let record = self.find(id)?;
        let notes = (0..record.notes.len()).map(|n| ReadingNote {
            remote_id: (self.kind != Kind::LastWrite).then(|| format!("{id}-n{n}")),
            key: note_key(self.kind, &self.name, record, n),
            author: record.notes[n].author.clone(),
            text: record.notes[n].text.clone(),
        });
        Some(Reading {
            record: RecordRef { id: RecordId(id.to_owned()), url: None },
            status: record.status,
            by: Some(if record.by_us { us() } else { Actor::person("someone") }),
            status_at: (self.kind == Kind::Forward).then_some(record.changed_at),
            notes: Some(notes.collect()),
            content: Some(content(&record.key, record.urgent)),
        })
    }

    fn hook(&mut self, id: &str, news: News, actor: Option<Actor>, now: Timestamp) -> Hook {
        self.next_event += 1;
        let news = if self.kind == Kind::Followed { News::Hint } else { news };
        let mut input = Input::news(self.name.clone(), id, news);
        input.id = InputId::from_parts(&[self.name.as_str(), &self.next_event.to_string()]);
        if let Some(record) = self.find(id).filter(|_| self.kind != Kind::Followed) {
            self.name_record(record, &mut input);
        }
        input.actor = actor;
        // A record that says itself which other it belongs to is opened by a listing, which shows that.
        input.asks = (self.origin || self.listed) && self.kind != Kind::Followed;
        input.occurred_at = (self.kind == Kind::Forward).then_some(now);
        Hook { due: now, input }
    }
}

fn content(id: &str, urgent: bool) -> Content {
    let urgency = if urgent { Urgency::High } else { Urgency::Low };
    Content { title: format!("alert {id}"), urgency, ..Content::default() }
}

fn us() -> Actor {
    Actor { name: "pagebridge".into(), ours: true }
}

fn note_key(kind: Kind, system: &SystemName, record: &RemoteRecord, n: usize) -> i64 {
    match kind {
        Kind::Forward | Kind::Followed | Kind::Shown => hash_text(&format!("{system} {} note {n}", record.id)),
        Kind::LastWrite => NoteNews::key_of_text(&record.notes[n].author, &record.notes[n].text),
    }
}

/// Notes of a record that our mark is on, by note number.
pub(crate) fn marked(record: &RemoteRecord) -> Vec<u32> {
    record.notes.iter().filter_map(|n| Mark::find(&n.text)).map(|m| m.note.0).collect()
}

/// A person's name.
pub(crate) fn person(rng: &mut Rng) -> &'static str {
    rng.pick(&["ana", "bo", "cleo"]).copied().unwrap_or("ana")
}
