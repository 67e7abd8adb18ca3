//! From a text to a command. Pure.

use crate::command::{self, Command, Misread, VERBS, Verb, What, nearest};
use crate::times;
use crate::words::{Word, rest, split};

/// How long an incident is snoozed unless said otherwise, in seconds.
const SNOOZE_S: i64 = 900;

/// PagerDuty snoozes for a week at most, in seconds.
const SNOOZE_S_MAX: i64 = 604_800;

/// Incidents that one command may name.
const INCIDENTS_MAX: usize = 50;

/// The statuses that an incident can have.
const STATUSES: [&str; 3] = ["triggered", "acknowledged", "resolved"];

/// What is taken when no status is said.
const OPEN: [&str; 2] = ["triggered", "acknowledged"];

type Read = Result<What, Misread>;

/// Reads a text; `now_ms` is for times that are not absolute.
pub(crate) fn parse(text: &str, now_ms: i64) -> Result<Command, Misread> {
    // Bots are often called with a sign in front.
    let text = text.trim().trim_start_matches(['!', '/']).trim();
    let is_question = text.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("who"));
    let text = if is_question { text.trim_end_matches('?').trim_end() } else { text };
    let words = split(text);
    let Some(first) = words.first() else {
        return Ok(Command { what: What::Help { about: None }, from: None });
    };
    let Some((verb, begins)) = verb(&words) else {
        return Err(Misread::Unknown { word: first.text.clone(), near: nearest(&first.text) });
    };
    let line = Line { text, verb, words: &words[begins..], now_ms };
    if *verb == command::NOTE || *verb == command::CREATE {
        // What follows is text, whatever it says.
        return Ok(Command { what: line.read()?, from: None });
    }
    let (line, from) = line.without_from();
    Ok(Command { what: line.read()?, from })
}

/// The verb that the words begin with, and of how many words it is; the longest that fits.
fn verb(words: &[Word]) -> Option<(&'static Verb, usize)> {
    let mut found: Option<(&'static Verb, usize)> = None;
    for &verb in VERBS {
        for name in verb.names {
            let parts: Vec<&str> = name.split(' ').collect();
            let fits = parts.len() <= words.len() && parts.iter().zip(words).all(|(part, word)| word.is(part));
            if fits && found.is_none_or(|(_, longest)| parts.len() > longest) {
                found = Some((verb, parts.len()));
            }
        }
    }
    found
}

/// What follows a verb.
#[derive(Clone, Copy)]
struct Line<'l> {
    text: &'l str,
    verb: &'static Verb,
    words: &'l [Word],
    now_ms: i64,
}

impl<'l> Line<'l> {
    fn wrong<T>(&self, why: impl Into<String>) -> Result<T, Misread> {
        Err(Misread::Wrong { verb: self.verb, why: why.into() })
    }

    /// Takes `from ADDRESS` off the end.
    fn without_from(self) -> (Self, Option<String>) {
        match self.words {
            [before @ .., from, address] if from.is("from") && address.text.contains('@') => {
                (Self { words: before, ..self }, Some(address.text.clone()))
            }
            _ => (self, None),
        }
    }

    fn read(&self) -> Read {
        match self.verb {
            v if *v == command::HELP => Ok(What::Help { about: verb(self.words).map(|(verb, _)| verb) }),
            v if *v == command::CREATE => self.create(),
            v if *v == command::INCIDENTS => self.incidents(),
            v if *v == command::SHOW => self.one().map(|incident| What::Show { incident }),
            v if *v == command::ACK => self.several(self.words).map(|incidents| What::Acknowledge { incidents }),
            v if *v == command::RESOLVE => self.several(self.words).map(|incidents| What::Resolve { incidents }),
            v if *v == command::NOTE => self.note(),
            v if *v == command::SNOOZE => self.snooze(),
            v if *v == command::REASSIGN => self.reassign(),
            v if *v == command::ESCALATE => self.escalate(),
            v if *v == command::MERGE => self.merge(),
            v if *v == command::ONCALL => Ok(self.on_call()),
            _ => self.overriding(),
        }
    }

    fn create(&self) -> Read {
        let Some(first) = self.words.first() else { return self.wrong("say what is wrong") };
        Ok(What::Create { description: rest(self.text, first.start) })
    }

    fn incidents(&self) -> Read {
        let said: Vec<&str> = self.words.iter().map(|word| word.text.as_str()).collect();
        let said = said.join(",").to_lowercase();
        let said = said.strip_prefix("statuses=").unwrap_or(&said);
        let mut statuses = Vec::new();
        for word in said.split(|c: char| "[], ".contains(c)).filter(|word| !word.is_empty()) {
            match STATUSES.iter().find(|status| **status == word) {
                Some(status) if statuses.contains(status) => {}
                Some(status) => statuses.push(*status),
                None => return self.wrong(format!("`{word}` is no status; there are {}", STATUSES.join(", "))),
            }
        }
        if statuses.is_empty() {
            statuses = OPEN.to_vec();
        }
        let is_alias = self.text.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("get"));
        Ok(What::Incidents { statuses, is_alias })
    }

    fn one(&self) -> Result<String, Misread> {
        match self.several(self.words)?.as_slice() {
            [one] => Ok(one.clone()),
            _ => self.wrong("name one incident"),
        }
    }

    fn note(&self) -> Read {
        // `note incident 42 text` is read as well.
        let words = skip_fillers(self.words);
        let [incident, text, ..] = words else { return self.wrong("name the incident, and what to write") };
        let mut names = Vec::new();
        names_in(incident, &mut names);
        match names.as_slice() {
            [name] => Ok(What::Note { incident: name.clone(), text: rest(self.text, text.start) }),
            _ => self.wrong("name one incident"),
        }
    }

    fn snooze(&self) -> Read {
        let (before, time) = match self.parted(&["for"]) {
            Some((before, after)) => (before, joined(after)),
            None => self.ending_in_time(),
        };
        let seconds = match time.as_str() {
            "" => SNOOZE_S,
            time => match times::seconds(time) {
                Some(seconds) if (1..=SNOOZE_S_MAX).contains(&seconds) => seconds,
                Some(_) => return self.wrong("an incident is snoozed for a second at least and a week at most"),
                None => return self.wrong(format!("`{time}` is no time; write one like 30m, 2h or 1d")),
            },
        };
        Ok(What::Snooze { incidents: self.several(before)?, seconds })
    }

    /// The words without the time at their end: `42 2h` or `42 2 hours`.
    fn ending_in_time(&self) -> (&'l [Word], String) {
        for taken in [2, 1] {
            if let Some(before) = self.words.len().checked_sub(taken).filter(|before| *before > 0) {
                let time = joined(&self.words[before..]);
                if times::seconds(&time).is_some() {
                    return (&self.words[..before], time);
                }
            }
        }
        (self.words, String::new())
    }

    fn reassign(&self) -> Read {
        let Some((before, after)) = self.parted(&["to"]) else { return self.wrong("say to whom: `to PERSON`") };
        // A name may have blanks, several are parted by commas.
        let said = after.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ");
        let to: Vec<String> = said.split(',').map(str::trim).filter(|one| !one.is_empty()).map(str::to_owned).collect();
        if to.is_empty() {
            return self.wrong("say to whom: `to PERSON`");
        }
        Ok(What::Reassign { incidents: self.several(before)?, to })
    }

    fn escalate(&self) -> Read {
        let (before, level) = match self.parted(&["to", "level"]) {
            None => (self.words, None),
            Some((before, after)) => {
                let level = after.iter().find(|word| !word.is("level")).map(|word| word.text.parse::<i64>());
                let Some(Ok(level)) = level.filter(|l| l.as_ref().is_ok_and(|l| (1..=100).contains(l))) else {
                    return self.wrong("a level is a number from 1");
                };
                (before, Some(level))
            }
        };
        let incident = Self { words: before, ..*self }.one()?;
        Ok(What::Escalate { incident, level })
    }

    fn merge(&self) -> Read {
        let Some((before, after)) = self.parted(&["into"]) else {
            return self.wrong("say into which: `into INCIDENT`");
        };
        let target = Self { words: after, ..*self }.one()?;
        Ok(What::Merge { sources: self.several(before)?, target })
    }

    fn on_call(&self) -> What {
        let words = match self.words {
            [first, rest @ ..] if first.is_one_of(&["for", "in", "on"]) => rest,
            [first, second, rest @ ..] if first.is("now") && second.is("for") => rest,
            all => all,
        };
        let about = words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ");
        What::OnCall { about: (!about.is_empty()).then(|| about.to_owned()) }
    }

    fn overriding(&self) -> Read {
        let Some((schedule, after)) = self.parted(&["by", "for", "with"]).filter(|(s, _)| !s.is_empty()) else {
            return self.wrong("say the schedule and who takes it: `SCHEDULE by PERSON`");
        };
        let end = after.iter().position(|word| word.is_one_of(&["from", "for", "until", "till", "to"]));
        let Some(end) = end.filter(|end| *end > 0) else {
            return self.wrong("say for how long: `for 8h`, or `from TIME until TIME`");
        };
        let (user, span) = after.split_at(end);
        let (from_ms, until_ms) = self.span(span)?;
        if until_ms <= from_ms || until_ms <= self.now_ms {
            return self.wrong("it would end before it begins");
        }
        let text = |words: &[Word]| words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ");
        Ok(What::Override { schedule: text(schedule), user: text(user), from_ms, until_ms })
    }

    /// `for 8h`, `until 18:00`, `from 10:00 for 8h`, `from 10:00 until 18:00`, `from 10:00..18:00`.
    fn span(&self, words: &[Word]) -> Result<(i64, i64), Misread> {
        let (mut from, mut until, mut lasts) = (None, None, None);
        let mut at = 0;
        while at < words.len() {
            let next = |word: &Word| word.is_one_of(&["from", "for", "until", "till", "to"]);
            let end = words[at + 1..].iter().position(next).map_or(words.len(), |found| at + 1 + found);
            let said = words[at + 1..end].iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ");
            let slot = match words[at].text.to_ascii_lowercase().as_str() {
                "from" => match said.split_once("..") {
                    Some((begin, end)) => {
                        until = Some(end.to_owned());
                        from = Some(begin.to_owned());
                        at += 2;
                        continue;
                    }
                    None => &mut from,
                },
                "for" => &mut lasts,
                _ => &mut until,
            };
            *slot = Some(said);
            at = end;
        }
        let time = |said: &str, after| match times::instant(said, self.now_ms, after) {
            Some(time) => Ok(time),
            None => self.wrong(format!("`{said}` is no time; write one like 18:00 or 2026-03-01T18:00Z (UTC)")),
        };
        let from_ms = from.map_or(Ok(self.now_ms), |said| time(&said, self.now_ms))?;
        let until_ms = match (until, lasts) {
            (Some(said), None) => time(&said, from_ms)?,
            (None, Some(said)) => match times::seconds(&said) {
                Some(seconds) => from_ms.saturating_add(seconds.saturating_mul(1_000)),
                None => return self.wrong(format!("`{said}` is no duration; write one like 30m, 8h or 2d")),
            },
            _ => return self.wrong("say how long: either `for 8h` or `until TIME`"),
        };
        Ok((from_ms, until_ms))
    }

    /// What stands before and after the first of these words.
    fn parted(&self, at: &[&str]) -> Option<(&'l [Word], &'l [Word])> {
        let found = self.words.iter().position(|word| word.is_one_of(at))?;
        Some((&self.words[..found], &self.words[found + 1..]))
    }

    /// The incidents that words name; each once.
    fn several(&self, words: &[Word]) -> Result<Vec<String>, Misread> {
        let mut names = Vec::new();
        for word in skip_fillers(words).iter().filter(|word| !word.is_one_of(&["and", ","])) {
            names_in(word, &mut names);
        }
        let mut unique: Vec<String> = Vec::new();
        for name in names {
            if !unique.contains(&name) {
                unique.push(name);
            }
        }
        match unique.len() {
            0 => self.wrong("name an incident by its number, id or key"),
            1..=INCIDENTS_MAX => Ok(unique),
            _ => self.wrong(format!("name {INCIDENTS_MAX} incidents at most")),
        }
    }
}

fn joined(words: &[Word]) -> String {
    words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ")
}

/// `incident id 42` says the same as `42`.
fn skip_fillers(mut words: &[Word]) -> &[Word] {
    while let [first, rest @ ..] = words
        && first.is_one_of(&["incident", "incidents", "id", "ids", "number", "numbers"])
    {
        words = rest;
    }
    words
}

/// `[42,43]` and `42,43` are two names, and what is quoted is one.
fn names_in(word: &Word, names: &mut Vec<String>) {
    if word.is_quoted {
        return names.push(word.text.trim().to_owned());
    }
    // A key may have anything in it.
    if word.text.starts_with("key:") {
        return names.push(word.text.clone());
    }
    let text = word.text.trim_start_matches('[').trim_end_matches(']');
    names.extend(text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned));
}

#[cfg(test)]
mod tests;
