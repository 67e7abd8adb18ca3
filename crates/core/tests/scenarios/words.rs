//! The words of one line.

use pagebridge_core::{
    Actor, Content, Event, EventAction, News, NoteNews, Opening, Outcome, Reading, ReadingNote, RecordRef, Scope,
    Status, Timestamp, Urgency, hash_text,
};
use std::collections::VecDeque;

/// Where the clock of every scenario stands at `00:00`.
pub(crate) const BEGIN: Timestamp = Timestamp(1_800_000_000_000);

/// What is wrong with a line.
pub(crate) type Wrong = String;

/// The words of a line that have not been taken yet. A text in double quotes is one word, and keeps its first quote.
pub(crate) struct Words(VecDeque<String>);

impl Words {
    /// Splits a line; a comment has no words.
    pub(crate) fn of(line: &str) -> Self {
        let mut words = VecDeque::new();
        let mut rest = line.trim();
        while !rest.is_empty() && !rest.starts_with('#') {
            let (word, after) = match rest.strip_prefix('"') {
                Some(quoted) => {
                    let end = quoted.find('"').unwrap_or(quoted.len());
                    (&rest[..=end], quoted.get(end + 1..).unwrap_or_default())
                }
                None => rest.split_once(' ').unwrap_or((rest, "")),
            };
            words.push_back(word.to_owned());
            rest = after.trim_start();
        }
        Self(words)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Fails when words are left over.
    pub(crate) fn end(&self) -> Result<(), Wrong> {
        if self.0.is_empty() { Ok(()) } else { Err(format!("`{:?}` is not understood", self.0)) }
    }

    pub(crate) fn next(&mut self, what: &str) -> Result<String, Wrong> {
        self.0.pop_front().ok_or_else(|| format!("{what} is missing"))
    }

    /// Takes the next word if it is this one.
    pub(crate) fn take(&mut self, word: &str) -> bool {
        self.take_if(|w| (w == word).then_some(())).is_some()
    }

    pub(crate) fn expect(&mut self, word: &str) -> Result<(), Wrong> {
        if self.take(word) { Ok(()) } else { Err(format!("`{word}` is missing before `{:?}`", self.0)) }
    }

    fn take_if<T>(&mut self, fits: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let found = fits(self.0.front()?)?;
        self.0.pop_front();
        Some(found)
    }

    /// The word after a name, such as `bob` in `by bob`.
    pub(crate) fn after(&mut self, name: &str) -> Result<Option<String>, Wrong> {
        if self.take(name) { self.next(name).map(Some) } else { Ok(None) }
    }

    pub(crate) fn quoted(&mut self, what: &str) -> Result<String, Wrong> {
        self.take_if(|w| w.strip_prefix('"').map(str::to_owned)).ok_or_else(|| format!("{what} in quotes is missing"))
    }

    pub(crate) fn time(&mut self) -> Result<Timestamp, Wrong> {
        let word = self.next("a time")?;
        time(&word).ok_or_else(|| format!("`{word}` is no time; write minutes:seconds"))
    }

    /// A time of the far side's clock.
    pub(crate) fn at(&mut self) -> Result<Option<Timestamp>, Wrong> {
        if self.take("at") { self.time().map(Some) } else { Ok(None) }
    }

    fn status(&mut self) -> Option<Status> {
        self.take_if(Status::parse)
    }

    pub(crate) fn actor(&mut self) -> Result<Option<Actor>, Wrong> {
        if self.take("by-us") {
            return Ok(Some(Actor { name: "bridge".into(), ours: true }));
        }
        Ok(self.after("by")?.map(|name| Actor::person(&name)))
    }

    fn content(&mut self) -> Result<Content, Wrong> {
        let title = self.quoted("a title")?;
        let urgency = match self.next("an urgency")?.as_str() {
            "high" => Urgency::High,
            "low" => Urgency::Low,
            other => return Err(format!("`{other}` is no urgency")),
        };
        Ok(Content { title, urgency, ..Content::default() })
    }

    /// What a system tells.
    pub(crate) fn news(&mut self) -> Result<News, Wrong> {
        if let Some(status) = self.status() {
            return Ok(News::Status(status));
        }
        Ok(match self.next("what happened")?.as_str() {
            "created" => News::Opened(Opening { content: self.content()?, status: self.status() }),
            "note" => {
                let trimmed = self.take("trimmed");
                let author = self.next("an author")?;
                let note = self.note(author)?;
                News::Note(NoteNews { key: note.key, author: note.author, text: (!trimmed).then_some(note.text) })
            }
            "exists" => News::Exists,
            "hint" => News::Hint,
            "trigger" => News::Event(Event { action: EventAction::Trigger, content: self.content()? }),
            "acknowledge" => News::Event(Event { action: EventAction::Acknowledge, content: unknown() }),
            "resolve" => News::Event(Event { action: EventAction::Resolve, content: unknown() }),
            other => return Err(format!("nothing is known of `{other}`")),
        })
    }

    fn note(&mut self, author: String) -> Result<ReadingNote, Wrong> {
        let text = self.quoted("a note")?;
        let remote_id = self.after("as")?;
        let key = remote_id.as_deref().map_or_else(|| NoteNews::key_of_text("", &text), hash_text);
        Ok(ReadingNote { remote_id, key, author, text })
    }

    /// How an attempt ended. A poll reads the notes, an attempt to deliver does not.
    pub(crate) fn outcome(&mut self, record: Option<&RecordRef>, polls: bool) -> Result<Outcome, Wrong> {
        Ok(match self.next("an outcome")?.as_str() {
            "delivered" => Outcome::Delivered {
                record: self.after("record")?.map(|id| RecordRef::id(&id)),
                status: self.status(),
                note: self.after("note")?,
                status_at: self.at()?,
            },
            "refused" => {
                let reason = self.quoted("a reason")?;
                let scope = if self.take("system-wide") { Scope::System } else { Scope::Record };
                let wait = self.after("wait")?.map(|s| s.parse::<i64>()).transpose().map_err(|e| e.to_string())?;
                Outcome::NotApplied { wait_ms: wait.map(|s| s * 1_000), scope, reason }
            }
            "unanswered" => Outcome::Unknown { reason: "no answer".into() },
            "rejected" => Outcome::Rejected { reason: self.quoted("a reason")?, remedy: self.quoted("a remedy")? },
            "missing" => Outcome::Missing,
            "read" => Outcome::Read(self.reading(record, polls)?),
            other => return Err(format!("`{other}` is no outcome")),
        })
    }

    /// The full state of a record.
    pub(crate) fn reading(&mut self, record: Option<&RecordRef>, polls: bool) -> Result<Reading, Wrong> {
        let given = self.after("record")?.map(|id| RecordRef::id(&id));
        let record = given.or_else(|| record.cloned()).ok_or("`record ID` is missing")?;
        let status = self.status().ok_or("a status is missing")?;
        let (by, status_at) = (self.actor()?, self.at()?);
        let content = if self.take("about") { Some(self.content()?) } else { None };
        let mut notes = Vec::new();
        while self.take("note") {
            let author = self.next("an author")?;
            notes.push(self.note(author)?);
        }
        Ok(Reading { record, status, by, status_at, notes: polls.then_some(notes), content })
    }
}

/// What is known of an alert that was never triggered here.
fn unknown() -> Content {
    Content { title: "an alert triggered elsewhere".into(), urgency: Urgency::Low, ..Content::default() }
}

fn time(word: &str) -> Option<Timestamp> {
    let (minutes, seconds) = word.split_once(':')?;
    let (seconds, ms) = seconds.split_once('.').unwrap_or((seconds, "0"));
    let number = |text: &str| text.parse::<i64>().ok();
    Some(BEGIN.plus_ms(number(minutes)? * 60_000 + number(seconds)? * 1_000 + number(ms)?))
}
