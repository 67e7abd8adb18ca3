//! Figures from the bridge's own journal, entry by entry.

use super::{Figures, Hours, Mean, Unit};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;
use std::collections::BTreeMap;

/// What makes a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupBy {
    /// All together.
    All,
    /// The system in which an incident began.
    System,
    /// The PagerDuty service that an incident belongs to, where it names one.
    Service,
    /// The bridge that carries it.
    Bridge,
}

/// Counts incidents from entries as the server's `/api/v1/journal` shows them, oldest first.
///
/// It keeps some ten numbers for each incident that began in the window, and nothing of the entries.
#[derive(Debug)]
pub struct Journal {
    since: Timestamp,
    until: Timestamp,
    by: GroupBy,
    unit: Option<Unit>,
    zone: TimeZone,
    /// Incidents by number, as they stand.
    lives: BTreeMap<i64, Life>,
    /// What was over before an incident of the same number began again.
    past: Vec<Life>,
    groups: Vec<String>,
}

/// One incident from its beginning to its end.
#[derive(Clone, Copy, Debug)]
struct Life {
    group: usize,
    /// Milliseconds of Unix time; `None` for one that was heard of and not opened.
    opened: Option<i64>,
    acknowledged: Option<i64>,
    resolved: Option<i64>,
    is_high: bool,
}

impl Journal {
    /// Starts for incidents that began in `[since, until)`. Feed all entries from `since` on: the end of an incident may come later.
    pub fn new(since: Timestamp, until: Timestamp, by: GroupBy, unit: Option<Unit>, zone: TimeZone) -> Self {
        Self { since, until, by, unit, zone, lives: BTreeMap::new(), past: Vec::new(), groups: Vec::new() }
    }

    /// Takes one entry. One that is not understood is left out.
    pub fn add(&mut self, entry: &Value) {
        let (Some(incident), Some(at)) = (entry["incident"].as_i64(), entry["at"].as_str()) else { return };
        let Ok(at) = at.parse::<Timestamp>() else { return };
        let system = entry["system"].as_str().unwrap_or("-");
        for change in entry["changes"].as_array().into_iter().flatten() {
            self.change(incident, at, system, change);
        }
    }

    fn change(&mut self, incident: i64, at: Timestamp, system: &str, change: &Value) {
        let ms = at.as_millisecond();
        if let Some(heard) = change.get("heard") {
            let group = match self.by {
                GroupBy::All => "",
                GroupBy::System => heard["origin"].as_str().unwrap_or("-"),
                GroupBy::Bridge => heard["bridge"].as_str().unwrap_or("-"),
                // Told when it opens.
                GroupBy::Service => "-",
            };
            let group = self.group(group);
            self.lives
                .insert(incident, Life { group, opened: None, acknowledged: None, resolved: None, is_high: false });
        } else if let Some(opened) = change.get("opened") {
            self.open(incident, at, system, &opened["content"]);
        } else if let Some(again) = change.get("recurred") {
            self.open(incident, at, system, &again["content"]);
        } else if let Some(status) = change.pointer("/status/status").and_then(Value::as_str)
            && let Some(life) = self.lives.get_mut(&incident)
        {
            // What is open again is not over: the last end counts, and the first acknowledgement.
            life.resolved = (status == "resolved").then_some(ms);
            if status == "acknowledged" {
                life.acknowledged = life.acknowledged.or(Some(ms));
            }
        }
    }

    fn open(&mut self, incident: i64, at: Timestamp, system: &str, content: &Value) {
        let before = self.lives.get(&incident).copied();
        let group = match (self.by, before) {
            (GroupBy::Service, _) => self.group(content["service"].as_str().unwrap_or("-")),
            (_, Some(before)) => before.group,
            // It was heard of before the window.
            (GroupBy::All, None) => self.group(""),
            (GroupBy::System, None) => self.group(system),
            (GroupBy::Bridge, None) => self.group("-"),
        };
        self.past.extend(before.filter(|before| before.opened.is_some()));
        let opened = (self.since <= at && at < self.until).then(|| at.as_millisecond());
        let is_high = content["urgency"] != "low";
        self.lives.insert(incident, Life { group, opened, acknowledged: None, resolved: None, is_high });
    }

    fn group(&mut self, name: &str) -> usize {
        self.groups.iter().position(|known| known == name).unwrap_or_else(|| {
            self.groups.push(name.to_owned());
            self.groups.len() - 1
        })
    }

    /// Gives the rows: by time, then by group.
    pub fn rows(&self) -> Vec<Figures> {
        let mut sums: BTreeMap<(Option<jiff::civil::Date>, usize), Sum> = BTreeMap::new();
        for life in self.lives.values().chain(&self.past) {
            let Some(opened) = life.opened else { continue };
            let Ok(at) = Timestamp::from_millisecond(opened) else { continue };
            let from = self.unit.map(|unit| unit.start(at, &self.zone));
            let hours = life.is_high.then(|| Hours::of(&at.to_zoned(self.zone.clone())));
            sums.entry((from, life.group)).or_default().add(life, opened, hours);
        }
        let mut rows: Vec<Figures> = sums
            .into_iter()
            .map(|((from, group), sum)| Figures {
                from: from.map(|date| date.to_string()),
                group: Some(self.groups[group].clone()).filter(|_| self.by != GroupBy::All),
                ..sum.figures()
            })
            .collect();
        rows.sort_by(|a, b| (&a.from, &a.group).cmp(&(&b.from, &b.group)));
        rows
    }
}

#[derive(Default)]
struct Sum {
    incidents: u64,
    to_ack: Mean,
    to_resolve: Mean,
    business: u64,
    off: u64,
    sleep: u64,
}

impl Sum {
    fn add(&mut self, life: &Life, opened: i64, hours: Option<Hours>) {
        self.incidents += 1;
        let seconds = |at: i64| (at - opened).max(0) as f64 / 1000.0;
        life.acknowledged.map(seconds).into_iter().for_each(|value| self.to_ack.add(value));
        life.resolved.map(seconds).into_iter().for_each(|value| self.to_resolve.add(value));
        match hours {
            Some(Hours::Business) => self.business += 1,
            Some(Hours::Off) => self.off += 1,
            Some(Hours::Sleep) => self.sleep += 1,
            None => {}
        }
    }

    fn figures(self) -> Figures {
        Figures {
            from: None,
            group: None,
            incidents: self.incidents,
            acknowledged: Some(self.to_ack.count),
            resolved: Some(self.to_resolve.count),
            mean_seconds_to_first_ack: self.to_ack.get(),
            mean_seconds_to_resolve: self.to_resolve.get(),
            business_hour_interruptions: self.business,
            off_hour_interruptions: self.off,
            sleep_hour_interruptions: self.sleep,
        }
    }
}
