-- Who asked for which action, and what became of it, for ever.
CREATE TABLE audit (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    who TEXT NOT NULL,
    surface TEXT NOT NULL,
    action TEXT NOT NULL,
    -- JSON, without secrets.
    input TEXT NOT NULL,
    -- By which a repeat is known.
    key TEXT,
    dry_run INTEGER NOT NULL,
    -- Whether it counts for the limits of an hour.
    counts INTEGER NOT NULL,
    -- How it ended; null while it runs, and for ever when the program was ended meanwhile.
    ended_at INTEGER,
    ok INTEGER,
    -- JSON.
    outcome TEXT
) STRICT;

CREATE INDEX audit_at ON audit (at);
CREATE UNIQUE INDEX audit_key ON audit (key) WHERE key IS NOT NULL;
