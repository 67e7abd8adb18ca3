-- Facts about the whole store: the tag of this installation.
CREATE TABLE meta (
    name  text COLLATE "C" PRIMARY KEY,
    value text NOT NULL
);

-- Every node takes a slot at random, so that nodes seldom wait for each other's counters.
CREATE SEQUENCE node;
CREATE SEQUENCE incident_number;
CREATE SEQUENCE lease_token;

-- Never changed, never removed. The unique index also makes sure that no two nodes go on from the same state.
CREATE TABLE journal (
    seq      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    incident bigint NOT NULL,
    version  integer NOT NULL,
    at       bigint NOT NULL,
    entry    text NOT NULL,
    UNIQUE (incident, version)
);
CREATE INDEX journal_at ON journal USING brin (at) WITH (pages_per_range = 32);

-- The state is the snapshot, when there is one, and the journal after it. The flags are for lists.
CREATE TABLE incident (
    id               bigint PRIMARY KEY,
    version          integer NOT NULL,
    snapshot_version integer NOT NULL,
    snapshot         text,
    open             boolean NOT NULL,
    dead_letters     boolean NOT NULL,
    quarantined      boolean NOT NULL
) WITH (fillfactor = 80);
CREATE INDEX incident_open ON incident (id) WHERE open;
CREATE INDEX incident_dead_letters ON incident (id) WHERE dead_letters;
CREATE INDEX incident_quarantined ON incident (id) WHERE quarantined;

-- Hashes of the names under which an incident is found.
CREATE TABLE key (
    hash     bigint NOT NULL,
    incident bigint NOT NULL,
    PRIMARY KEY (hash, incident)
);

-- The outbox. A lane without a token waits; one with a token is being tried.
CREATE TABLE lane (
    incident bigint NOT NULL,
    system   text COLLATE "C" NOT NULL,
    class    smallint NOT NULL,
    due      bigint NOT NULL,
    token    bigint,
    since    bigint,
    until    bigint,
    PRIMARY KEY (incident, system),
    CHECK ((token IS NULL) = (since IS NULL) AND (token IS NULL) = (until IS NULL))
) WITH (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.1);
CREATE INDEX lane_waiting ON lane (system, class, due, incident) WHERE token IS NULL;
CREATE INDEX lane_leased ON lane (system, until) WHERE token IS NOT NULL;

-- Figures; the sum over all slots counts.
CREATE TABLE counter (
    slot         integer PRIMARY KEY,
    incidents    bigint NOT NULL,
    open         bigint NOT NULL,
    entries      bigint NOT NULL,
    dead_letters bigint NOT NULL,
    quarantined  bigint NOT NULL
) WITH (fillfactor = 20);
CREATE TABLE lane_counter (
    slot   integer NOT NULL,
    system text COLLATE "C" NOT NULL,
    class  smallint NOT NULL,
    lanes  bigint NOT NULL,
    PRIMARY KEY (slot, system, class)
) WITH (fillfactor = 20);
