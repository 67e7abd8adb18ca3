-- Small values that are needed again after a restart; some are secrets. Few, and read only at a start.
CREATE TABLE kept (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
