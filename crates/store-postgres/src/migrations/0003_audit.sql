-- Who asked for which action, and what became of it, for ever.
CREATE TABLE audit (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at       bigint NOT NULL,
    who      text NOT NULL,
    surface  text NOT NULL,
    action   text NOT NULL,
    input    text NOT NULL,
    key      text,
    dry_run  boolean NOT NULL,
    counts   boolean NOT NULL,
    ended_at bigint,
    ok       boolean,
    outcome  text,
    CHECK ((ended_at IS NULL) = (ok IS NULL) AND (ended_at IS NULL) = (outcome IS NULL))
);
CREATE INDEX audit_at ON audit (at);
CREATE UNIQUE INDEX audit_key ON audit (key) WHERE key IS NOT NULL;
