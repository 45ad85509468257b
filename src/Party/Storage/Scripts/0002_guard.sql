-- Entries before this have form 1: their hash does not cover the study and the overlap, which they did not have.
ALTER TABLE ledger ADD COLUMN form    INTEGER NOT NULL DEFAULT 1 CHECK (form IN (1, 2));
ALTER TABLE ledger ADD COLUMN study   TEXT    NOT NULL DEFAULT '';
ALTER TABLE ledger ADD COLUMN overlap INTEGER NOT NULL DEFAULT 1 CHECK (overlap > 0);
CREATE INDEX ledger_study ON ledger (dataset, study, cost_micro);
CREATE INDEX ledger_asked ON ledger (coordinator, at_ms, query_hash);

-- Survivor sets that this outpost has agreed to, with what was asked of them. `total` is set once the total was seen and checked.
CREATE TABLE releases (
  round_id  BLOB    PRIMARY KEY CHECK (length(round_id) = 16),
  question  BLOB    NOT NULL CHECK (length(question) = 32),
  dataset   TEXT    NOT NULL,
  filter    BLOB    NOT NULL CHECK (length(filter) = 32),
  noise     INTEGER NOT NULL,
  version   TEXT    NOT NULL,
  size      INTEGER NOT NULL,
  survivors BLOB    NOT NULL CHECK (length(survivors) % 4 = 0),
  total     BLOB    NULL CHECK (length(total) = 32),
  at_ms     INTEGER NOT NULL
) STRICT;
CREATE INDEX releases_question ON releases (question, at_ms);
CREATE INDEX releases_filter ON releases (dataset, filter);

-- Questions that wait, or have waited, for a person, as they were signed.
CREATE TABLE approvals (
  query_hash   BLOB    PRIMARY KEY CHECK (length(query_hash) = 32),
  body         BLOB    NOT NULL,
  signature    BLOB    NOT NULL,
  coordinator  TEXT    NOT NULL,
  cost_micro   INTEGER NOT NULL,
  needed       INTEGER NOT NULL CHECK (needed > 0),
  not_after_ms INTEGER NOT NULL,
  at_ms        INTEGER NOT NULL
) STRICT;

CREATE TABLE approval_votes (
  query_hash BLOB    NOT NULL REFERENCES approvals (query_hash) ON DELETE CASCADE,
  approver   TEXT    NOT NULL COLLATE NOCASE,
  account    TEXT    NOT NULL,
  accepted   INTEGER NOT NULL,
  reason     TEXT    NOT NULL,
  at_ms      INTEGER NOT NULL,
  PRIMARY KEY (query_hash, approver)
) STRICT;
