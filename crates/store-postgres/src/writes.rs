//! What one batch writes, as columns: each statement takes whole arrays.

use crate::row::{Flags, class_number};
use crate::session::Ready;
use pagebridge_core::{Class, Entry, IncidentId, Lane, SystemName};
use pagebridge_ports::Kept;
use std::collections::BTreeMap;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Error, Statement};

/// Everything that a batch writes.
#[derive(Default)]
pub(crate) struct Writes {
    entries: Entries,
    pub(crate) opened: Incidents,
    pub(crate) changed: Incidents,
    /// Of new incidents.
    pub(crate) keys: Keys,
    /// Of incidents that were there before.
    pub(crate) more_keys: Keys,
    pub(crate) new_lanes: Lanes,
    pub(crate) moved_lanes: Lanes,
    pub(crate) gone_lanes: Lanes,
    pub(crate) totals: Totals,
    lane_counts: BTreeMap<(SystemName, Class), i64>,
    /// Values to be kept, and names to be forgotten.
    pub(crate) kept: BTreeMap<String, Option<Kept>>,
    /// Something is to be written even if nothing has changed.
    pub(crate) probe: bool,
}

#[derive(Default)]
struct Entries {
    incidents: Vec<i64>,
    versions: Vec<i32>,
    ats: Vec<i64>,
    entries: Vec<String>,
}

/// Rows of incidents.
#[derive(Default)]
pub(crate) struct Incidents {
    ids: Vec<i64>,
    versions: Vec<i32>,
    snapshot_versions: Vec<i32>,
    snapshots: Vec<Option<String>>,
    open: Vec<bool>,
    dead_letters: Vec<bool>,
    quarantined: Vec<bool>,
}

/// Names under which incidents are found.
#[derive(Default)]
pub(crate) struct Keys {
    hashes: Vec<i64>,
    incidents: Vec<i64>,
}

/// Rows of the outbox.
#[derive(Default)]
pub(crate) struct Lanes {
    incidents: Vec<i64>,
    systems: Vec<String>,
    classes: Vec<i16>,
    dues: Vec<i64>,
}

/// Changes of the counters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    incidents: i64,
    open: i64,
    dead_letters: i64,
    quarantined: i64,
}

impl Totals {
    /// What one incident counts; `None` is one that is not there.
    pub(crate) fn of(flags: Option<Flags>) -> Self {
        flags.map_or_else(Self::default, |f| Self {
            incidents: 1,
            open: i64::from(f.open),
            dead_letters: i64::from(f.dead_letters),
            quarantined: i64::from(f.quarantined),
        })
    }

    pub(crate) fn add(&mut self, other: &Self, times: i64) {
        self.incidents += times * other.incidents;
        self.open += times * other.open;
        self.dead_letters += times * other.dead_letters;
        self.quarantined += times * other.quarantined;
    }
}

impl Incidents {
    pub(crate) fn push(
        &mut self,
        id: IncidentId,
        version: u32,
        snapshot_version: u32,
        snapshot: Option<String>,
        flags: Flags,
    ) {
        self.ids.push(id.0);
        self.versions.push(version.cast_signed());
        self.snapshot_versions.push(snapshot_version.cast_signed());
        self.snapshots.push(snapshot);
        self.open.push(flags.open);
        self.dead_letters.push(flags.dead_letters);
        self.quarantined.push(flags.quarantined);
    }

    async fn send(&self, client: &Client, statement: &Statement) -> Result<(), Error> {
        let params: [&(dyn ToSql + Sync); 7] = [
            &self.ids,
            &self.versions,
            &self.snapshot_versions,
            &self.snapshots,
            &self.open,
            &self.dead_letters,
            &self.quarantined,
        ];
        send(client, statement, self.ids.is_empty(), &params).await
    }
}

impl Entries {
    async fn send(&self, client: &Client, statement: &Statement) -> Result<(), Error> {
        let Self { incidents, versions, ats, entries } = self;
        send(client, statement, incidents.is_empty(), &[incidents, versions, ats, entries]).await
    }
}

impl Keys {
    pub(crate) fn push(&mut self, hash: i64, incident: IncidentId) {
        self.hashes.push(hash);
        self.incidents.push(incident.0);
    }

    async fn send(&self, client: &Client, statement: &Statement) -> Result<(), Error> {
        send(client, statement, self.hashes.is_empty(), &[&self.hashes, &self.incidents]).await
    }
}

impl Lanes {
    pub(crate) fn push(&mut self, lane: &Lane) {
        self.incidents.push(lane.incident.0);
        self.systems.push(lane.system.as_str().to_owned());
        self.classes.push(class_number(lane.class));
        self.dues.push(lane.due.0);
    }

    async fn send_rows(&self, client: &Client, statement: &Statement) -> Result<(), Error> {
        let Self { incidents, systems, classes, dues } = self;
        send(client, statement, incidents.is_empty(), &[incidents, systems, classes, dues]).await
    }

    async fn send_names(&self, client: &Client, statement: &Statement) -> Result<(), Error> {
        send(client, statement, self.incidents.is_empty(), &[&self.incidents, &self.systems]).await
    }
}

impl Writes {
    pub(crate) fn entry(&mut self, incident: IncidentId, version: u32, entry: &Entry) {
        self.entries.incidents.push(incident.0);
        self.entries.versions.push(version.cast_signed());
        self.entries.ats.push(entry.at.0);
        self.entries.entries.push(serde_json::to_string(entry).expect("an entry is plain data"));
    }

    pub(crate) fn count_lane(&mut self, lane: &Lane, by: i64) {
        *self.lane_counts.entry((lane.system.clone(), lane.class)).or_default() += by;
    }

    /// Whether a lane may have become due sooner than others know.
    pub(crate) fn wakes(&self) -> bool {
        !self.new_lanes.incidents.is_empty() || !self.moved_lanes.incidents.is_empty()
    }

    /// Sends everything and the commit in one round trip. The counters come last: until then nobody who has a lock
    /// that somebody else wants waits for them.
    pub(crate) async fn commit(&self, to: &Ready) -> Result<(), Error> {
        let (client, s) = (to.client(), &to.statements);
        let counts = LaneCounts::of(&self.lane_counts);
        // Requests go out in the order in which their futures are first polled.
        let results = tokio::join!(
            biased;
            self.entries.send(client, &s.add_entries),
            self.opened.send(client, &s.add_incidents),
            self.changed.send(client, &s.set_incidents),
            self.keys.send(client, &s.add_keys),
            self.more_keys.send(client, &s.more_keys),
            self.new_lanes.send_rows(client, &s.add_lanes),
            self.moved_lanes.send_rows(client, &s.set_lanes),
            self.gone_lanes.send_names(client, &s.remove_lanes),
            self.send_kept(client, &s.keep),
            self.send_forgotten(client, &s.forget),
            self.send_totals(client, &s.count, to.slot),
            counts.send(client, &s.count_lanes, to.slot),
            client.batch_execute("COMMIT"),
        );
        // Of a failed transaction the first error is the one that tells; the commit is then a rollback.
        results.0?;
        results.1?;
        results.2?;
        results.3?;
        results.4?;
        results.5?;
        results.6?;
        results.7?;
        results.8?;
        results.9?;
        results.10?;
        results.11?;
        results.12
    }

    /// In order of the names, as every node does it.
    async fn send_kept(&self, client: &Client, statement: &Statement) -> Result<(), Error> {
        let kept = self.kept.iter().filter_map(|(name, value)| Some((name.as_str(), value.as_ref()?.expose())));
        let (names, values): (Vec<&str>, Vec<&str>) = kept.unzip();
        send(client, statement, names.is_empty(), &[&names, &values]).await
    }

    async fn send_forgotten(&self, client: &Client, statement: &Statement) -> Result<(), Error> {
        let gone = self.kept.iter().filter(|(_, value)| value.is_none());
        let names: Vec<&str> = gone.map(|(name, _)| name.as_str()).collect();
        send(client, statement, names.is_empty(), &[&names]).await
    }

    async fn send_totals(&self, client: &Client, statement: &Statement, slot: i32) -> Result<(), Error> {
        let Totals { incidents, open, dead_letters, quarantined } = self.totals;
        let entries = i64::try_from(self.entries.incidents.len()).expect("a batch is small");
        let idle = !self.probe && entries == 0 && self.totals == Totals::default();
        let params: [&(dyn ToSql + Sync); 6] = [&slot, &incidents, &open, &entries, &dead_letters, &quarantined];
        send(client, statement, idle, &params).await
    }
}

/// Changes of the figures per system and class.
pub(crate) struct LaneCounts {
    systems: Vec<String>,
    classes: Vec<i16>,
    by: Vec<i64>,
}

impl LaneCounts {
    pub(crate) fn of(counts: &BTreeMap<(SystemName, Class), i64>) -> Self {
        let moved = || counts.iter().filter(|(_, by)| **by != 0);
        Self {
            systems: moved().map(|((system, _), _)| system.as_str().to_owned()).collect(),
            classes: moved().map(|((_, class), _)| class_number(*class)).collect(),
            by: moved().map(|(_, by)| *by).collect(),
        }
    }

    pub(crate) async fn send(&self, client: &Client, statement: &Statement, slot: i32) -> Result<(), Error> {
        send(client, statement, self.by.is_empty(), &[&slot, &self.systems, &self.classes, &self.by]).await
    }
}

async fn send(client: &Client, statement: &Statement, idle: bool, params: &[&(dyn ToSql + Sync)]) -> Result<(), Error> {
    if idle {
        return Ok(());
    }
    client.execute(statement, params).await.map(|_| ())
}
