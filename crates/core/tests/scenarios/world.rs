//! What the runner keeps: incidents, their entries and their lanes, as the store in memory does.

use crate::render;
use crate::words::{BEGIN, Words, Wrong};
use pagebridge_core::{
    Bridge, Bridges, Cell, ChangeKind, Class, Direction, Disposition, Entry, Incident, IncidentId, Input, InputId, Key,
    KeyKind, Lane, LaneChange, LaneState, LeaseToken, News, Outcome, PollPolicy, RecordRef, Step, SystemName,
    Timestamp, Transition, Watch, What, Work, quarantine, transition,
};
use std::collections::BTreeMap;

/// How long a lease lasts, in milliseconds.
const LEASE_MS: i64 = 30_000;

/// The tag in the marks of notes.
const INSTANCE: &str = "here";

/// Everything that a scenario has made so far.
#[derive(Default)]
pub(crate) struct World {
    bridge: Option<Bridge>,
    bridges: Bridges,
    incidents: BTreeMap<IncidentId, Incident>,
    entries: BTreeMap<IncidentId, Vec<Entry>>,
    lanes: BTreeMap<(IncidentId, SystemName), Lane>,
    under_way: BTreeMap<(SystemName, IncidentId), (Work, Timestamp)>,
    now: Timestamp,
}

/// What followed, line by line.
type Followed = Vec<String>;

impl World {
    /// Plays one line.
    pub(crate) fn play(&mut self, words: &mut Words) -> Result<Followed, Wrong> {
        if words.take("bridge") {
            return self.set_bridge(words).map(|()| Vec::new());
        }
        if words.take("rule") {
            return self.set_rule(words).map(|()| Vec::new());
        }
        let now = words.time()?;
        if now < self.now {
            return Err("the clock would run backwards".into());
        }
        self.now = now;
        match words.next("a verb or a system")?.as_str() {
            "take" => {
                let system = self.system(words)?;
                let verb = words.next("what is taken")?;
                self.lease(&system, &verb).map(|line| vec![line])
            }
            "settle" => {
                let system = self.system(words)?;
                self.settle(&system, words)
            }
            "deliver" => {
                let system = self.system(words)?;
                let verb = words.next("what is delivered")?;
                let mut followed = vec![self.lease(&system, &verb)?];
                if verb == "nothing" {
                    return Ok(followed);
                }
                followed.extend(self.settle(&system, words)?);
                Ok(followed)
            }
            "lost" => self.lose(words),
            "release" => {
                let system = self.system(words)?;
                let id = self.newest()?;
                self.accept(Some(id), &Input::about(system, What::Released))
            }
            "broken" => self.break_on(words),
            "show" => Ok(self.show()),
            system => {
                let input = self.input(system, words)?;
                self.accept(self.find(&input), &input)
            }
        }
    }

    fn set_bridge(&mut self, words: &mut Words) -> Result<(), Wrong> {
        self.bridge = Some(match words.next("the name of a preset")?.as_str() {
            "opsgenie-proxy" => Bridge::opsgenie_proxy("opsgenie", "pagerduty"),
            "events" => {
                let confirm = words.take("confirmed").then_some(("pagerduty", "PagerDuty"));
                Bridge::events("prod", ("events", "Events"), ("prod", "Production"), confirm)
            }
            "rt-extension" => Bridge::rt_extension("rt", "pagerduty"),
            "netbox" => {
                let confirm = words.take("confirmed").then_some(("pagerduty", "PagerDuty"));
                let back = Direction { noted: Cell::IGNORE, ..Direction::FOLLOW };
                Bridge::netbox(("netbox", "NetBox"), ("prod", "Production"), confirm, back)
            }
            "chat" => Bridge::chat("chat", ("pagerduty", "PagerDuty"), &[("slack", "Slack")]),
            other => return Err(format!("`{other}` is no preset")),
        });
        if words.take("shown") {
            let pagerduty = SystemName::new("pagerduty");
            self.bridge = self.bridge.take().map(|bridge| bridge.posting(&pagerduty, &[("slack", "Slack")]));
        }
        if words.take("watched") {
            let operator = SystemName::new("operator");
            let watch = Watch { operator, within_ms: 300_000, remind_ms: 3_600_000 };
            self.bridge = self.bridge.take().map(|bridge| bridge.watched(watch));
        }
        self.set_bridges();
        Ok(())
    }

    /// `rule opsgenie pagerduty resolved status`
    fn set_rule(&mut self, words: &mut Words) -> Result<(), Wrong> {
        let (from, to) = (self.system(words)?, self.system(words)?);
        let bridge = self.bridge.as_mut().ok_or("the bridge comes first")?;
        let rule = bridge.rules.iter_mut().find(|r| r.from == from && r.to == to).ok_or("there is no such rule")?;
        let kind = words.next("a kind of change")?;
        let cell = match kind.as_str() {
            "created" => &mut rule.direction.created,
            "acknowledged" => &mut rule.direction.acknowledged,
            "un-acknowledged" => &mut rule.direction.unacknowledged,
            "noted" => &mut rule.direction.noted,
            "resolved" => &mut rule.direction.resolved,
            "reopened" => &mut rule.direction.reopened,
            "updated" => &mut rule.direction.updated,
            other => return Err(format!("`{other}` is no kind of change")),
        };
        *cell = match words.next("what follows")?.as_str() {
            "ignore" => Cell::IGNORE,
            "status" => Cell::STATUS,
            "note" => Cell::NOTE,
            "both" => Cell::BOTH,
            other => return Err(format!("nothing is known of `{other}`")),
        };
        self.set_bridges();
        Ok(())
    }

    fn set_bridges(&mut self) {
        self.bridges = Bridges::new(self.bridge.iter().cloned().collect()).with_instance(INSTANCE);
        self.bridges.polls.insert(SystemName::new("rt"), PollPolicy::ON_DEMAND);
    }

    fn system(&self, words: &mut Words) -> Result<SystemName, Wrong> {
        let name = words.next("a system")?;
        self.named(&name)
    }

    fn named(&self, name: &str) -> Result<SystemName, Wrong> {
        let bridge = self.bridge.as_ref().ok_or("the bridge comes first")?;
        let system = bridge.systems.iter().map(|(system, _)| system).find(|s| s.as_str() == name);
        system.cloned().ok_or_else(|| format!("`{name}` is neither a verb nor a system"))
    }

    fn newest(&self) -> Result<IncidentId, Wrong> {
        self.incidents.keys().next_back().copied().ok_or_else(|| "there is no incident yet".into())
    }

    /// News: `opsgenie a-1 acknowledged by ana at 00:03 id 7`. A record `P1/a-1` is also named by its create key.
    fn input(&self, system: &str, words: &mut Words) -> Result<Input, Wrong> {
        let system = self.named(system)?;
        let record = words.next("a record")?;
        let (id, create_key) = record.split_once('/').unwrap_or((&record, ""));
        let news = match words.take("listed") {
            true => News::Read { reading: words.reading(Some(&RecordRef::id(id)), true)?, since: self.now },
            false => words.news()?,
        };
        if matches!(news, News::Event(_)) && !self.is_listed(&system) {
            // A sender's alert is named by its routing key and its dedup key together.
            let made = Input::news(system, &record, news);
            return Ok(Input { create_key: Some(create_key.to_owned()), ..made });
        }
        let mut input = Input::news(system, id, news);
        if self.is_listed(&input.system) && !create_key.is_empty() {
            input.create_key = Some(create_key.to_owned());
        } else if !create_key.is_empty() {
            input.keys.push(Key { kind: KeyKind::CreateKey, value: create_key.to_owned() });
        }
        input.actor = words.actor()?;
        input.occurred_at = words.at()?;
        input.id = words.after("id")?.map_or_else(InputId::default, |id| InputId::from_parts(&[&id]));
        if let Some(other) = words.after("belongs-to")? {
            input.keys.push(Key { kind: KeyKind::CreateKey, value: other.clone() });
            input.keys.push(Key { kind: KeyKind::Linked, value: other });
        }
        // As the connectors do: a system where records begin is asked about those that are not known.
        input.asks = self.bridge.as_ref().is_some_and(|b| b.opens_from(&input.system));
        Ok(input)
    }

    /// Whether the key to make records with elsewhere is another than the record's id, as it is in listings.
    fn is_listed(&self, system: &SystemName) -> bool {
        ["rt", "netbox"].contains(&system.as_str())
    }

    fn find(&self, input: &Input) -> Option<IncidentId> {
        let hashes = |i: &Incident, key: &Key| i.key_hashes().contains(&key.hash());
        input.keys.iter().find_map(|key| {
            let found = self.incidents.values().filter(|i| hashes(i, key) && i.answers_to(&input.system, key));
            found.max_by_key(|i| (i.is_open(), i.id)).map(|i| i.id)
        })
    }

    fn accept(&mut self, id: Option<IncidentId>, input: &Input) -> Result<Followed, Wrong> {
        let fresh = IncidentId(self.incidents.keys().next_back().map_or(0, |id| id.0) + 1);
        let before = id.and_then(|id| self.incidents.get(&id));
        let lanes = id.map(|id| self.lanes_of(id)).unwrap_or_default();
        let step = transition(before, &lanes, input, &self.bridges, fresh, self.now);
        self.write(id.unwrap_or(fresh), step)
    }

    fn lanes_of(&self, id: IncidentId) -> Vec<Lane> {
        self.lanes.values().filter(|l| l.incident == id).cloned().collect()
    }

    fn write(&mut self, id: IncidentId, step: Transition) -> Result<Followed, Wrong> {
        let mut followed = render::disposition(id, step.disposition, step.written.as_ref().map(|w| &w.entry));
        for change in &step.lanes {
            match change.clone() {
                LaneChange::Put { system, class, due } => {
                    let lane = Lane { incident: id, system: system.clone(), class, due, state: LaneState::Waiting };
                    self.lanes.insert((id, system), lane);
                }
                LaneChange::Remove { system } => {
                    self.lanes.remove(&(id, system));
                }
            }
        }
        followed.extend(render::lanes(&step.lanes));
        if let Some(written) = step.written {
            self.entries.entry(id).or_default().push(written.entry);
            self.incidents.insert(id, written.incident);
        }
        if !matches!(step.disposition, Disposition::Ignored(_)) {
            self.check(id)?;
        }
        Ok(followed)
    }

    /// What must hold after every line, whatever it was.
    fn check(&self, id: IncidentId) -> Result<(), Wrong> {
        let incident = self.incidents.get(&id).ok_or("an input that was taken has no incident")?;
        if Incident::replay(id, &self.entries[&id]) != *incident {
            return Err("the entries fold to another state than the one that was written".into());
        }
        for link in &incident.links {
            let lane = self.lanes.get(&(id, link.system.clone()));
            let polled_at = lane.filter(|l| l.class == Class::Poll).map(|l| l.due);
            let due = incident.due(link, self.bridges.poll_of(&link.system), polled_at, self.now);
            if lane.is_none_or(|l| l.state == LaneState::Waiting) && lane.is_some() != due.is_some() {
                return Err(format!("{} has the lane {lane:?}, and its link says {due:?}", link.system));
            }
        }
        Ok(())
    }

    /// Takes what is due first at a system, and fails when it is not what the line says.
    fn lease(&mut self, system: &SystemName, verb: &str) -> Result<String, Wrong> {
        let waits = |l: &&mut Lane| l.system == *system && l.state == LaneState::Waiting && l.due <= self.now;
        let due = self.lanes.values_mut().filter(waits).min_by_key(|l| (l.class, l.due, l.incident));
        let Some(lane) = due else {
            return if verb == "nothing" { Ok("nothing is due".into()) } else { Err("nothing is due".into()) };
        };
        let incident = &self.incidents[&lane.incident];
        let work = incident.work(system, INSTANCE).ok_or("a lane has no work")?;
        if verb != name_of(&work) {
            return Err(format!("what is due is `{}`, not `{verb}`", name_of(&work)));
        }
        let until = self.now.plus_ms(LEASE_MS);
        lane.state = LaneState::Leased { token: LeaseToken(1), until, since: self.now };
        let line = render::work(&work, lane.class);
        self.under_way.insert((system.clone(), lane.incident), (work, self.now));
        Ok(line)
    }

    fn settle(&mut self, system: &SystemName, words: &mut Words) -> Result<Followed, Wrong> {
        words.expect("->")?;
        let key = self.under_way.keys().find(|(s, _)| s == system).cloned().ok_or("nothing is under way")?;
        let (work, started_at) = self.under_way.remove(&key).ok_or("nothing is under way")?;
        let (step, outcome) = ended(&work, words)?;
        let lane = self.lanes.get(&(key.1, system.clone()));
        if !lane.is_some_and(Lane::is_touched) {
            return Ok(vec!["stale: the lease is over".into()]);
        }
        let what = What::Settled { number: work.number(), step, started_at, outcome };
        self.accept(Some(key.1), &Input::about(system.clone(), what))
    }

    fn lose(&mut self, words: &mut Words) -> Result<Followed, Wrong> {
        let system = self.system(words)?;
        let lost =
            |l: &&Lane| l.system == system && matches!(l.state, LaneState::Leased { until, .. } if until <= self.now);
        let id = self.lanes.values().find(lost).map(|l| l.incident).ok_or("no lease is over")?;
        self.accept(Some(id), &Input::about(system, What::LeaseLost))
    }

    /// `broken "a rule" opsgenie a-1 resolved`: what a store does when deciding panics.
    fn break_on(&mut self, words: &mut Words) -> Result<Followed, Wrong> {
        let reason = words.quoted("a reason")?;
        let system = words.next("a system")?;
        let input = self.input(&system, words)?;
        let id = self.find(&input).ok_or("no incident has this record")?;
        let step = quarantine(&self.incidents[&id], &self.lanes_of(id), Some(&input), &reason, self.now);
        self.write(id, step)
    }

    fn show(&self) -> Followed {
        self.incidents.values().flat_map(|i| render::state(i, &self.lanes_of(i.id))).collect()
    }
}

fn name_of(work: &Work) -> &'static str {
    match work {
        Work::Poll { .. } => "read",
        Work::Deliver(delivery) => match delivery.step {
            Step::Create => "create",
            Step::Find => "find",
            Step::SetStatus { .. } => "status",
            Step::Update { .. } => "update",
            Step::AddNote(_) => "note",
            Step::Mark => "mark",
        },
    }
}

fn ended(work: &Work, words: &mut Words) -> Result<(Option<Step>, Outcome), Wrong> {
    Ok(match work {
        Work::Poll { record, .. } => (None, words.outcome(Some(record), true)?),
        Work::Deliver(d) => (Some(d.step.clone()), words.outcome(d.record.as_ref(), false)?),
    })
}

/// The kind of change is part of the rules' table; it is spelt as people read it.
#[test]
fn the_words_for_rules_are_those_of_the_core() {
    let mut world = World::default();
    world.play(&mut Words::of("bridge opsgenie-proxy")).expect("the preset is known");
    for kind in ["created", "acknowledged", "un-acknowledged", "noted", "resolved", "reopened", "updated"] {
        let line = format!("rule pagerduty opsgenie {kind} both");
        world.play(&mut Words::of(&line)).expect("the kind is known");
    }
    let bridge = world.bridge.expect("it was set");
    let (from, to) = (SystemName::new("pagerduty"), SystemName::new("opsgenie"));
    for kind in [ChangeKind::Created, ChangeKind::Unacknowledged, ChangeKind::Noted, ChangeKind::Reopened] {
        assert_eq!(bridge.cell(&from, &to, kind), Cell::BOTH, "{}", kind.as_str());
    }
    assert_eq!(BEGIN.ms_since(BEGIN), 0);
}
