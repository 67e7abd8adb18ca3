//! The statements of the writing connections. None of them works row by row.

use futures_util::future::try_join_all;
use tokio_postgres::{Client, Error, Statement};

macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident: $sql:expr;)*) => {
        /// All of them, prepared.
        pub(crate) struct Statements {
            $($(#[$doc])* pub(crate) $name: Statement,)*
        }

        impl Statements {
            /// Prepares them in one round trip.
            pub(crate) async fn prepare(client: &Client) -> Result<Self, Error> {
                let all = [$($sql),*];
                let mut prepared = try_join_all(all.iter().map(|sql| client.prepare(sql))).await?.into_iter();
                $(let $name = prepared.next().expect("one was prepared for each");)*
                Ok(Self { $($name),* })
            }
        }
    };
}

/// The state of incidents: the snapshot and the journal after it. What follows names the incidents, `i`.
pub(crate) const STATES: &str = "SELECT i.id, i.version, i.snapshot_version, i.snapshot, i.open, i.dead_letters, \
    i.quarantined, (SELECT array_agg(j.entry ORDER BY j.version) FROM journal j \
    WHERE j.incident = i.id AND j.version > i.snapshot_version) FROM incident i";

/// The columns of a lane.
pub(crate) const LANE: &str = "incident, system, class, due, token, since, until";

statements! {
    node: "SELECT pg_backend_pid(), (nextval('node') % $1::int8)::int4";
    /// Makes everybody else who looks for one of these keys wait. Sorted, so that two batches cannot deadlock.
    lock_keys: "SELECT pg_advisory_xact_lock(h) FROM unnest($1::int8[]) AS h";
    find: "SELECT hash, incident FROM key WHERE hash = ANY($1::int8[])";
    numbers: "SELECT nextval('incident_number') FROM generate_series(1, $1::int8)";
    hold: "SELECT 1 FROM incident WHERE id = ANY($1::int8[]) ORDER BY id FOR UPDATE";
    /// Runs after `hold`, in a statement of its own, so that it sees what the one we waited for has committed.
    states: &format!("{STATES} WHERE i.id = ANY($1::int8[])");
    lanes: &format!("SELECT {LANE} FROM lane WHERE incident = ANY($1::int8[]) ORDER BY incident, system FOR UPDATE");

    add_entries: "INSERT INTO journal (incident, version, at, entry) \
        SELECT * FROM unnest($1::int8[], $2::int4[], $3::int8[], $4::text[])";
    add_incidents: "INSERT INTO incident (id, version, snapshot_version, snapshot, open, dead_letters, quarantined) \
        SELECT * FROM unnest($1::int8[], $2::int4[], $3::int4[], $4::text[], $5::bool[], $6::bool[], $7::bool[])";
    set_incidents: "UPDATE incident AS i SET version = n.version, snapshot_version = n.snapshot_version, \
        snapshot = coalesce(n.snapshot, i.snapshot), open = n.open, dead_letters = n.dead_letters, \
        quarantined = n.quarantined \
        FROM unnest($1::int8[], $2::int4[], $3::int4[], $4::text[], $5::bool[], $6::bool[], $7::bool[]) \
        AS n (id, version, snapshot_version, snapshot, open, dead_letters, quarantined) WHERE i.id = n.id";
    /// Of new incidents, so nothing of it can be there yet: looking for conflicts doubles the cost of a row.
    add_keys: "INSERT INTO key (hash, incident) SELECT * FROM unnest($1::int8[], $2::int8[])";
    /// Of known incidents, which may have had a key before.
    more_keys: "INSERT INTO key (hash, incident) SELECT * FROM unnest($1::int8[], $2::int8[]) ON CONFLICT DO NOTHING";
    add_lanes: "INSERT INTO lane (incident, system, class, due) \
        SELECT * FROM unnest($1::int8[], $2::text[], $3::int2[], $4::int8[])";
    set_lanes: "UPDATE lane SET class = n.class, due = n.due, token = NULL, since = NULL, until = NULL \
        FROM unnest($1::int8[], $2::text[], $3::int2[], $4::int8[]) AS n (incident, system, class, due) \
        WHERE lane.incident = n.incident AND lane.system = n.system";
    remove_lanes: "DELETE FROM lane USING unnest($1::int8[], $2::text[]) AS gone (incident, system) \
        WHERE lane.incident = gone.incident AND lane.system = gone.system";
    count: "INSERT INTO counter AS c (slot, incidents, open, entries, dead_letters, quarantined) \
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (slot) DO UPDATE SET \
        incidents = c.incidents + excluded.incidents, open = c.open + excluded.open, \
        entries = c.entries + excluded.entries, dead_letters = c.dead_letters + excluded.dead_letters, \
        quarantined = c.quarantined + excluded.quarantined";
    count_lanes: "INSERT INTO lane_counter AS c (slot, system, class, lanes) \
        SELECT $1::int4, * FROM unnest($2::text[], $3::int2[], $4::int8[]) \
        ON CONFLICT (slot, system, class) DO UPDATE SET lanes = c.lanes + excluded.lanes";
    keep: "INSERT INTO kept (name, value) SELECT * FROM unnest($1::text[], $2::text[]) \
        ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    forget: "DELETE FROM kept WHERE name = ANY($1::text[])";
    audit_lock: "SELECT pg_advisory_xact_lock($1)";
    audit_key: &format!("SELECT {} FROM audit WHERE key = $1", crate::auditor::COLUMNS);
    audit_cap: "SELECT at FROM audit WHERE at > $1 AND counts AND ($2::text IS NULL OR who = $2) \
        AND ($3::text IS NULL OR surface = $3) AND (action = $4 OR ($5::bool AND starts_with(action, $4))) \
        ORDER BY at DESC LIMIT 1 OFFSET $6";
    audit_add: "INSERT INTO audit (at, who, surface, action, input, key, dry_run, counts, ended_at, ok, outcome) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING id";
    audit_end: "UPDATE audit SET ended_at = $2, ok = $3, outcome = $4, counts = $5 WHERE id = $1 AND ended_at IS NULL";
    notify: "SELECT pg_notify($1, '')";

    expired: "SELECT incident, token FROM lane WHERE system = $1 AND token IS NOT NULL AND until <= $2 \
        ORDER BY until LIMIT $3";
    /// Each class has its own walk along the index: one walk over all would pass everything that is not due.
    choose: "WITH urgent AS MATERIALIZED (SELECT incident FROM lane \
            WHERE system = $1 AND class = 0 AND due <= $2 AND token IS NULL \
            ORDER BY due, incident LIMIT $3::int8 FOR UPDATE SKIP LOCKED), \
        normal AS MATERIALIZED (SELECT incident FROM lane \
            WHERE system = $1 AND class = 1 AND due <= $2 AND token IS NULL ORDER BY due, incident \
            LIMIT $3::int8 - (SELECT count(*) FROM urgent) FOR UPDATE SKIP LOCKED), \
        poll AS MATERIALIZED (SELECT incident FROM lane \
            WHERE system = $1 AND class = 2 AND due <= $2 AND token IS NULL ORDER BY due, incident \
            LIMIT $3::int8 - (SELECT count(*) FROM urgent) - (SELECT count(*) FROM normal) FOR UPDATE SKIP LOCKED) \
        SELECT * FROM urgent UNION ALL SELECT * FROM normal UNION ALL SELECT * FROM poll";
    /// A statement of its own, which sees the rows as they were locked: joined to the choice, a row that another node
    /// has just changed would make PostgreSQL evaluate the choice again. Incident by incident, by the primary key:
    /// with the list as a condition a table without statistics is walked whole.
    lease: "UPDATE lane SET token = nextval('lease_token'), since = $3, until = $4 \
        FROM unnest($2::int8[]) AS chosen (incident) WHERE lane.incident = chosen.incident AND lane.system = $1 \
        RETURNING lane.incident, class, due, token";
    /// For lanes whose incident cannot be read: they wait, in view, and do not keep others from going.
    postpone: "UPDATE lane SET token = NULL, since = NULL, until = NULL, due = $3 \
        FROM unnest($2::int8[]) AS bad (incident) WHERE lane.incident = bad.incident AND lane.system = $1";
    extend: "UPDATE lane SET until = $3 \
        FROM unnest($2::int8[]) AS bad (incident) WHERE lane.incident = bad.incident AND lane.system = $1 \
        AND lane.token IS NOT NULL";
    next_due: "SELECT least( \
        (SELECT min(due) FROM lane WHERE system = $1 AND class = 0 AND token IS NULL), \
        (SELECT min(due) FROM lane WHERE system = $1 AND class = 1 AND token IS NULL), \
        (SELECT min(due) FROM lane WHERE system = $1 AND class = 2 AND token IS NULL), \
        (SELECT min(until) FROM lane WHERE system = $1 AND token IS NOT NULL))";
}
