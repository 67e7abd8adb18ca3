//! Bridges: which change in one system causes what in another.

use crate::{BridgeName, ChangeKind, SystemName};
use serde::{Deserialize, Serialize};

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
            },
            Direction {
                created: Cell::IGNORE,
                acknowledged: Cell::STATUS,
                unacknowledged: Cell::STATUS,
                noted: Cell::NOTE,
                resolved: Cell::NOTE,
                reopened: Cell::IGNORE,
            },
        )
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
    /// Waits between attempts.
    pub backoff: crate::Backoff,
    /// Waits between polls.
    pub poll: crate::PollPolicy,
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

    /// The bridge with this name.
    #[must_use]
    pub fn get(&self, name: &BridgeName) -> Option<&Bridge> {
        self.bridges.iter().find(|b| b.name == *name)
    }

    /// All of them.
    #[must_use]
    pub fn all(&self) -> &[Bridge] {
        &self.bridges
    }

    /// The bridge that a new record in `system` opens an incident on: the wished one, else the first with a rule.
    #[must_use]
    pub fn opening(&self, system: &SystemName, wished: Option<&BridgeName>) -> Option<&Bridge> {
        let fits = |b: &&Bridge| b.opens_from(system) && wished.is_none_or(|w| b.name == *w);
        self.bridges.iter().find(fits)
    }
}
