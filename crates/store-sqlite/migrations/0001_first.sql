-- Everything is written by one thread that checks before it writes, so there are no foreign keys to check again.

-- Single values: the tag of this installation, the running totals, how far keys are
-- merged, the probe.
CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value ANY NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO meta (name, value) VALUES ('probe', 0);

-- Short numbers for the names of systems.
CREATE TABLE systems (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;

-- What happened, for ever. The entries of one incident are a chain from its last one backwards: following it costs what
-- an index would, and appending costs nothing. There is no index on the time either: `at` grows with `seq`, but for
-- the lateness that the totals know, so it is found by halving.
CREATE TABLE journal (
    seq INTEGER PRIMARY KEY,
    incident INTEGER NOT NULL,
    -- The incident's entry before this one, 0 for the first.
    prev INTEGER NOT NULL,
    at INTEGER NOT NULL,
    -- JSON.
    entry TEXT NOT NULL
) STRICT;

-- One small row per incident. Its state is the last snapshot, if there is one, and the entries after that.
CREATE TABLE incidents (
    id INTEGER PRIMARY KEY,
    version INTEGER NOT NULL,
    -- Its last entry in the journal.
    last INTEGER NOT NULL,
    open INTEGER NOT NULL,
    dead_letters INTEGER NOT NULL,
    quarantined INTEGER NOT NULL,
    -- Its rows of the outbox, as a JSON array of [system, class, due] or [system, class, due, token, until, since].
    lanes TEXT NOT NULL
) STRICT;

CREATE INDEX incidents_open ON incidents (open) WHERE open = 1;
CREATE INDEX incidents_dead_letters ON incidents (dead_letters) WHERE dead_letters = 1;
CREATE INDEX incidents_quarantined ON incidents (quarantined) WHERE quarantined = 1;

-- States written down now and then, so that a long history need not be replayed from its beginning. The journal is
-- what counts: a snapshot is only read by the version of the program that wrote it.
CREATE TABLE snapshots (
    incident INTEGER PRIMARY KEY,
    program TEXT NOT NULL,
    version INTEGER NOT NULL,
    -- JSON.
    state TEXT NOT NULL
) STRICT;

-- The outbox in the order of work. `stage` is the class of a waiting lane (0 urgent, 1 normal, 2 poll), or 3 for a
-- leased one; `at` is when it is due, or when the lease runs out. The rest is filled in for leased ones only.
CREATE TABLE queue (
    system INTEGER NOT NULL,
    stage INTEGER NOT NULL,
    at INTEGER NOT NULL,
    incident INTEGER NOT NULL,
    class INTEGER,
    due INTEGER,
    token INTEGER,
    since INTEGER,
    PRIMARY KEY (system, stage, at, incident)
) STRICT, WITHOUT ROWID;

-- Hashes of the keys by which incidents are found. A new hash is random, so putting each where it belongs would write
-- a page per hash. New ones are therefore appended here, one row per commit with pairs of hash and incident (eight
-- little-endian bytes each), held in memory, and later merged into `keys` in the order of the hash.
CREATE TABLE recent_keys (
    seq INTEGER PRIMARY KEY,
    pairs BLOB NOT NULL
) STRICT;

CREATE TABLE keys (
    hash INTEGER NOT NULL,
    incident INTEGER NOT NULL,
    PRIMARY KEY (hash, incident)
) STRICT, WITHOUT ROWID;
