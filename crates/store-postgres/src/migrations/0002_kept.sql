-- Small values that are needed again after a restart; some are secrets.
CREATE TABLE kept (
    name  text COLLATE "C" PRIMARY KEY,
    value text NOT NULL
);
