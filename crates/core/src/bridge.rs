//! Bridges: which change in one system causes what in another.

use crate::{BridgeName, ChangeKind, Role, SystemName};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// What one kind of change in one system causes in another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cell {
    /// The other record takes the same status (for `created`: a record is made; for `noted`: the note is mirrored).
    pub status: bool,
    /// A note that says what happened, and who did it, is written on the other record.
    pub note: bool,
}

impl Cell {
    /// Nothing follows.
    pub const IGNORE: Self = Self { status: false, note: false };
    /// The status follows.
    pub const STATUS: Self = Self { status: true, note: false };
    /// A note follows.
    pub const NOTE: Self = Self { status: false, note: true };
    /// Both follow.
    pub const BOTH: Self = Self { status: true, note: true };
}

/// The cells of one direction of a bridge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Direction {
    /// A record came to be.
    pub created: Cell,
    /// A person took it.
    pub acknowledged: Cell,
    /// Nobody has it any more.
    pub unacknowledged: Cell,
    /// A person wrote a note.
    pub noted: Cell,
    /// It is over.
    pub resolved: Cell,
    /// It is open again.
    pub reopened: Cell,
    /// Its origin tells of it again.
    pub updated: Cell,
}

impl Direction {
    /// Every status follows and notes are mirrored, but no record is made.
    pub const FOLLOW: Self = Self {
        created: Cell::IGNORE,
        acknowledged: Cell::STATUS,
        unacknowledged: Cell::STATUS,
        noted: Cell::NOTE,
        resolved: Cell::STATUS,
        reopened: Cell::STATUS,
        updated: Cell::IGNORE,
    };

    /// Everything that a sender of events says is passed on.
    pub const PASS_ON: Self = Self {
        created: Cell::STATUS,
        acknowledged: Cell::STATUS,
        unacknowledged: Cell::IGNORE,
        noted: Cell::IGNORE,
        resolved: Cell::STATUS,
        reopened: Cell::STATUS,
        updated: Cell::STATUS,
    };

    /// The cell for one kind of change.
    #[must_use]
    pub fn cell(&self, kind: ChangeKind) -> Cell {
        match kind {
            ChangeKind::Created => self.created,
            ChangeKind::Acknowledged => self.acknowledged,
            ChangeKind::Unacknowledged => self.unacknowledged,
            ChangeKind::Noted => self.noted,
            ChangeKind::Resolved => self.resolved,
            ChangeKind::Reopened => self.reopened,
            ChangeKind::Updated => self.updated,
        }
    }
}

/// The rules from one system to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Where the change is seen.
    pub from: SystemName,
    /// Where something follows.
    pub to: SystemName,
    /// What follows.
    pub direction: Direction,
}

/// Systems tied together, and the rules between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bridge {
    /// Its name in the configuration.
    pub name: BridgeName,
    /// The systems it ties, each with the label that notes use (`Opsgenie`, `PagerDuty`).
    pub systems: Vec<(SystemName, String)>,
    /// The rules; a pair without a rule has no effect on each other.
    pub rules: Vec<Rule>,
    /// What records are to their incidents, where it is not the usual [`Role::Record`].
    pub roles: Vec<(SystemName, Role)>,
    /// Systems whose records carry the id of the record that they belong to elsewhere.
    pub marks: Vec<SystemName>,
    /// The system whose incidents are shown by the bridge's [`Role::Post`] records.
    pub posted: Option<SystemName>,
    /// When operators are told; `None` tells them nothing.
    pub watch: Option<Watch>,
}

/// When operators are told of an incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watch {
    /// The system that tells them.
    pub operator: SystemName,
    /// How long a page may take until it is known to exist, in milliseconds; 0 tells only of what cannot be delivered.
    pub within_ms: i64,
    /// How long after telling them they are told again, in milliseconds.
    pub remind_ms: i64,
}

impl Bridge {
    /// The preset `opsgenie-proxy`: what the proxy's users have. Creation goes from Opsgenie to PagerDuty, notes and
    /// acknowledgement go both ways, closing does not.
    #[must_use]
    pub fn opsgenie_proxy(opsgenie: &str, pagerduty: &str) -> Self {
        Self::pair(
            "opsgenie-proxy",
            (opsgenie, "Opsgenie"),
            (pagerduty, "PagerDuty"),
            Direction {
                created: Cell::STATUS,
                acknowledged: Cell::BOTH,
                unacknowledged: Cell::NOTE,
                noted: Cell::NOTE,
                resolved: Cell::NOTE,
                reopened: Cell::IGNORE,
                updated: Cell::IGNORE,
            },
            Direction {
                created: Cell::IGNORE,
                acknowledged: Cell::STATUS,
                unacknowledged: Cell::STATUS,
                noted: Cell::NOTE,
                resolved: Cell::NOTE,
                reopened: Cell::IGNORE,
                updated: Cell::IGNORE,
            },
        )
    }

    /// The preset `rt-extension`: what the extension for Request Tracker did. A ticket is taken, acknowledged and resolved
    /// together with its incident, and made for an incident that has none; its fields name the incident.
    #[must_use]
    pub fn rt_extension(rt: &str, pagerduty: &str) -> Self {
        let quiet = Direction { noted: Cell::IGNORE, unacknowledged: Cell::IGNORE, ..Direction::FOLLOW };
        let quiet = Direction { created: Cell::STATUS, reopened: Cell::IGNORE, ..quiet };
        let back = Direction { acknowledged: Cell::BOTH, resolved: Cell::BOTH, ..quiet };
        let (rt, pagerduty) = ((rt, "RT"), (pagerduty, "PagerDuty"));
        let bridge = Self::pair("rt-extension", rt, pagerduty, quiet, back);
        Self { marks: vec![SystemName::new(rt.0)], ..bridge }
    }

    /// The preset `netbox`: objects of NetBox become alerts behind a routing key, as the module sent them. With `confirm`,
    /// that system is asked for the incidents that are made of them, and `back` says what their changes cause in NetBox.
    /// Systems are given with their labels.
    #[must_use]
    pub fn netbox(netbox: (&str, &str), alerts: (&str, &str), confirm: Option<(&str, &str)>, back: Direction) -> Self {
        let events = Self::events("netbox", netbox, alerts, confirm);
        let (from, to) = (SystemName::new(netbox.0), SystemName::new(alerts.0));
        let there = Direction { updated: Cell::IGNORE, unacknowledged: Cell::STATUS, ..Direction::PASS_ON };
        let mut rules = vec![Rule { from: from.clone(), to, direction: there }];
        rules.extend(confirm.map(|(system, _)| Rule {
            from: SystemName::new(system),
            to: from.clone(),
            direction: back,
        }));
        let roles = events.roles.into_iter().filter(|(system, _)| *system != from).collect();
        Self { rules, roles, ..events }
    }

    /// A bridge that passes a sender's events on to the alerts behind one routing key. With `confirm`, that system is
    /// asked for the incidents that the far side makes of them; both are given with their labels.
    #[must_use]
    pub fn events(name: &str, source: (&str, &str), target: (&str, &str), confirm: Option<(&str, &str)>) -> Self {
        let (from, to) = (SystemName::new(source.0), SystemName::new(target.0));
        let mut bridge = Self {
            name: BridgeName::new(name),
            systems: vec![(from.clone(), source.1.to_owned()), (to.clone(), target.1.to_owned())],
            rules: vec![Rule { from: from.clone(), to: to.clone(), direction: Direction::PASS_ON }],
            roles: vec![(from, Role::Source), (to, Role::Events)],
            marks: Vec::new(),
            posted: None,
            watch: None,
        };
        if let Some((system, label)) = confirm {
            bridge.systems.push((SystemName::new(system), label.to_owned()));
            bridge.roles.push((SystemName::new(system), Role::Confirm));
        }
        bridge
    }

    /// The preset `chat`: incidents of PagerDuty that no other bridge carries are shown in chats. Systems are given with
    /// their labels.
    #[must_use]
    pub fn chat(name: &str, pagerduty: (&str, &str), chats: &[(&str, &str)]) -> Self {
        let bridge = Self {
            name: BridgeName::new(name),
            systems: vec![(SystemName::new(pagerduty.0), pagerduty.1.to_owned())],
            rules: Vec::new(),
            roles: Vec::new(),
            marks: Vec::new(),
            posted: None,
            watch: None,
        };
        let mut bridge = bridge.posting(&SystemName::new(pagerduty.0), chats);
        for rule in &mut bridge.rules {
            rule.direction.created = Cell::STATUS;
        }
        bridge
    }

    /// The same, with its incidents shown in chats once they are in the system `posted`: each is one message, which is kept
    /// up to date. Chats are given with their labels.
    #[must_use]
    pub fn posting(mut self, posted: &SystemName, chats: &[(&str, &str)]) -> Self {
        let from: Vec<SystemName> = self.systems.iter().map(|(system, _)| system.clone()).collect();
        for (chat, label) in chats {
            let chat = SystemName::new(chat);
            self.systems.push((chat.clone(), (*label).to_owned()));
            self.roles.push((chat.clone(), Role::Post));
            self.marks.push(chat.clone());
            for system in &from {
                // A sender may tell the same again every minute, which is no news.
                let source = self.roles.contains(&(system.clone(), Role::Source));
                let updated = if source { Cell::IGNORE } else { Cell::STATUS };
                let told = Direction { updated, noted: Cell::NOTE, ..Direction::default() };
                // What happens elsewhere shows as soon as it has come to where it pages.
                let direction = if system == posted { Direction { updated, ..Direction::FOLLOW } } else { told };
                self.rules.push(Rule { from: system.clone(), to: chat.clone(), direction });
            }
        }
        self.posted = Some(posted.clone());
        self
    }

    /// The same, with operators told of pages that are not known to exist in time and of what cannot be delivered.
    #[must_use]
    pub fn watched(mut self, watch: Watch) -> Self {
        self.systems.push((watch.operator.clone(), "Operator".to_owned()));
        self.roles.push((watch.operator.clone(), Role::Operator));
        self.watch = Some(watch);
        self
    }

    /// A bridge of two systems with one direction each way; systems are given with their labels.
    #[must_use]
    pub fn pair(name: &str, a: (&str, &str), b: (&str, &str), there: Direction, back: Direction) -> Self {
        let (first, second) = (SystemName::new(a.0), SystemName::new(b.0));
        Self {
            name: BridgeName::new(name),
            systems: vec![(first.clone(), a.1.to_owned()), (second.clone(), b.1.to_owned())],
            rules: vec![
                Rule { from: first.clone(), to: second.clone(), direction: there },
                Rule { from: second, to: first, direction: back },
            ],
            roles: Vec::new(),
            marks: Vec::new(),
            posted: None,
            watch: None,
        }
    }

    /// What `kind` in `from` causes in `to`.
    #[must_use]
    pub fn cell(&self, from: &SystemName, to: &SystemName, kind: ChangeKind) -> Cell {
        let rule = self.rules.iter().find(|r| r.from == *from && r.to == *to);
        rule.map_or(Cell::IGNORE, |r| r.direction.cell(kind))
    }

    /// The label that notes use for a system.
    #[must_use]
    pub fn label<'a>(&'a self, system: &'a SystemName) -> &'a str {
        let found = self.systems.iter().find(|(name, _)| name == system);
        found.map_or(system.as_str(), |(_, label)| label)
    }

    /// Whether a new record in `system` makes an incident: some other system has a rule for it.
    #[must_use]
    pub fn opens_from(&self, system: &SystemName) -> bool {
        self.rules.iter().any(|r| r.from == *system && r.direction.created.status)
    }
}

/// All bridges of one process, with the tables that decide on waits.
#[derive(Clone, Debug, Default)]
pub struct Bridges {
    bridges: Vec<Bridge>,
    /// Bridges that were learned of while the process runs, in order; the free places come last.
    learned: Vec<OnceLock<Bridge>>,
    /// Waits between attempts.
    pub backoff: crate::Backoff,
    /// Waits between polls.
    pub poll: crate::PollPolicy,
    /// Waits between polls of systems that have their own.
    pub polls: BTreeMap<SystemName, crate::PollPolicy>,
    /// Tag of this installation, part of the mark in mirrored notes.
    pub instance: String,
    /// Called before each decision. Tests make it panic, to see that a broken rule stops one incident only.
    pub tripwire: Option<fn(&crate::Input)>,
}

impl Bridges {
    /// Takes the bridges with the default waits.
    #[must_use]
    pub fn new(bridges: Vec<Bridge>) -> Self {
        Self { bridges, ..Self::default() }
    }

    /// The same with the tag of this installation.
    #[must_use]
    pub fn with_instance(self, instance: &str) -> Self {
        Self { instance: instance.to_owned(), ..self }
    }

    /// The same with room for so many bridges that are [learned](Self::learn) later.
    #[must_use]
    pub fn with_room(self, bridges_max: usize) -> Self {
        Self { learned: (0..bridges_max).map(|_| OnceLock::new()).collect(), ..self }
    }

    /// Adds a bridge while others use the rules; one with the same name stays as it is. False when there is no room.
    pub fn learn(&self, bridge: Bridge) -> bool {
        let mut bridge = bridge;
        for place in &self.learned {
            match place.set(bridge) {
                Ok(()) => return true,
                Err(refused) => bridge = refused,
            }
            if place.get().is_some_and(|there| there.name == bridge.name) {
                return true;
            }
        }
        self.bridges.iter().any(|there| there.name == bridge.name)
    }

    /// The bridge with this name.
    #[must_use]
    pub fn get(&self, name: &BridgeName) -> Option<&Bridge> {
        let learned = self.learned.iter().map_while(OnceLock::get);
        self.bridges.iter().chain(learned).find(|b| b.name == *name)
    }

    /// Waits between polls of one system.
    #[must_use]
    pub fn poll_of(&self, system: &SystemName) -> &crate::PollPolicy {
        self.polls.get(system).unwrap_or(&self.poll)
    }

    /// All of them.
    #[must_use]
    pub fn all(&self) -> &[Bridge] {
        &self.bridges
    }

    /// The bridge that a new record in `system` opens an incident on: the wished one, else the first with a rule. What a
    /// person orders needs no rule.
    #[must_use]
    pub fn opening(&self, system: &SystemName, wished: Option<&BridgeName>, ordered: bool) -> Option<&Bridge> {
        let fits = |b: &&Bridge| b.opens_from(system) || ordered && b.rules.iter().any(|r| r.from == *system);
        match wished {
            Some(name) => self.get(name).filter(fits),
            None => self.bridges.iter().find(fits),
        }
    }
}
