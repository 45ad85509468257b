CREATE TABLE ledger (
  sequence    INTEGER PRIMARY KEY,
  previous    BLOB    NOT NULL CHECK (length(previous) = 32),
  hash        BLOB    NOT NULL CHECK (length(hash) = 32),
  query_hash  BLOB    NOT NULL CHECK (length(query_hash) = 32),
  round_id    BLOB    NOT NULL UNIQUE CHECK (length(round_id) = 16),
  dataset     TEXT    NOT NULL,
  coordinator TEXT    NOT NULL,
  cost_micro  INTEGER NOT NULL CHECK (cost_micro > 0),
  noise       INTEGER NOT NULL,
  at_ms       INTEGER NOT NULL
) STRICT;
CREATE INDEX ledger_dataset ON ledger (dataset, coordinator, cost_micro);

CREATE TABLE rounds (
  round_id  BLOB    PRIMARY KEY CHECK (length(round_id) = 16),
  query_id  BLOB    NOT NULL CHECK (length(query_id) = 16),
  survivors BLOB    NULL,
  released  INTEGER NOT NULL DEFAULT 0,
  at_ms     INTEGER NOT NULL
) STRICT;
CREATE INDEX rounds_query ON rounds (query_id, released);

CREATE TABLE log_head (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  size INTEGER NOT NULL,
  root BLOB    NOT NULL CHECK (length(root) = 32)
) STRICT;

CREATE TABLE epoch (
  only  INTEGER PRIMARY KEY CHECK (only = 1),
  epoch INTEGER NOT NULL,
  hash  BLOB    NOT NULL CHECK (length(hash) = 32)
) STRICT;
